"""Verified samples: those that people decided on, and whose text and label did not change since."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from ..data.adjudication import Vote, resolve
from ..data.hashing import text_hash
from ..data.label_sets import cell_of
from ..data.remap import given_names, translated
from ..data.samples import TEXT_HASH, Samples
from ..data.taxonomy import Taxonomy
from .actions import concerned

_VOTE = ("id", "action", "verdict", "value", "person", "time", "asked", "run")


JUDGED = "label"  # the issue that every decision settles but one to mask the text


def verified(
    samples: Samples, records: Iterable[Mapping[str, Any]], *, but: str | None = None
) -> dict[str, frozenset[str]]:
    """Return the samples that people decided on, and whose text and label did not change since.

    The label may be the one that was judged or the one that was decided: a decision also counts before it is
    applied. Where people disagree nothing is verified, and skipping is no decision. A sample whose text or
    label changed in any other way is not verified any more. A new label does not settle what is wrong with the text,
    nor a masked text which label fits: the other question comes in a later round.

    Parameters
    ----------
    samples
        Decisions under older names of their taxonomy count under the present ones. Those for a class that was
        split or retired do not: its samples come back.
    records
        Of a ledger; see :func:`labelsift.corrections.record.record`.
    but
        Decisions on this run do not count.

    Returns
    -------
    dict
        Sample id → the issues that it had when it was judged. A new one is a reason to ask again.
    """
    decided = decided_samples(samples, records, but=but)
    given: dict[str, set[str | None]] = defaultdict(set)
    issues: dict[str, set[str]] = defaultdict(set)
    for decision in decided.decisions:
        action = decision["action"]
        settled = concerned(action, decision["issues"]) if action != "edit" else decision["issues"]
        issues[decision["id"]].update(settled if action == "redact" else {JUDGED, *settled})
        given[decision["id"]] |= given_names(decision["given"], decided.taxonomy)
    same = [id for id, vote in decided.votes.items() if decided.now[id][1] in given[id] | chosen(vote)]
    return {id: frozenset(issues[id]) for id in same}


@dataclass(frozen=True)
class Decided:
    """What people said of samples whose text is still the one that they judged, or that they made of it.

    Parameters
    ----------
    decisions
        Under the present names of classes.
    votes
        Sample id → what they decided together.
    now
        Sample id → the hash of its text, and its label.
    taxonomy
        The present one.
    """

    decisions: Sequence[Mapping[str, Any]]
    votes: Mapping[str, Vote]
    now: Mapping[str, tuple[str, str | None]]
    taxonomy: Taxonomy


def decided_samples(samples: Samples, records: Iterable[Mapping[str, Any]], *, but: str | None = None) -> Decided:
    """Return the decisions on samples whose text did not change since; see :func:`verified`."""
    decisions = [
        record
        for record in records
        if record.get("kind") == "decision"
        and record["text_hash"]
        and record["run"] != but
        and "value" not in record.get("erased", ())
    ]
    taxonomy = samples.taxonomy or Taxonomy(())
    decisions = translated(decisions, taxonomy)
    ids = pa.array(sorted({decision["id"] for decision in decisions}), pa.string())
    rows = pc.indices_nonzero(pc.is_in(samples.ids, value_set=ids))
    here = samples.table.take(rows).to_pylist()
    now = {
        row["id"]: (
            row.get(TEXT_HASH) or text_hash(row.get("text", "")),
            row.get("label", row.get("labels", row.get("spans"))),
        )
        for row in here
    }
    still = [
        decision for decision in decisions if decision["id"] in now and now[decision["id"]][0] in _hashes(decision)
    ]
    votes = pa.Table.from_pylist([{name: decision.get(name) for name in _VOTE} for decision in still], _SCHEMA)
    return Decided(still, resolve(votes).decided, now, taxonomy)


_SCHEMA = pa.schema([(name, pa.string()) for name in _VOTE])  # times are in one form, so they sort as texts


def _hashes(decision: Mapping[str, Any]) -> set[str]:
    """Return the hashes of the text that was judged, and of what an edit made of it."""
    return {decision["text_hash"]} | (
        {text_hash(json.loads(decision["value"]))} if decision["action"] == "edit" else set()
    )


def chosen(vote: Vote) -> set[str | None]:
    """Return the label that a vote gives, as a set: empty where it gives none."""
    action, value = vote
    if action == "respan":
        return {value}
    return {cell_of(json.loads(value))} if action == "relabel" else set()
