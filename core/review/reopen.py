"""Reopening of verified labels that a later scan contradicts more strongly than the one people saw.

A verified label is asked about again only when the evidence changed *materially*. That is, all of it:

- the scan flags the label now, and suggests one that was not on the table when people judged: neither the label
  that stood there, nor the one that was suggested then, nor the one they chose;
- the label's score is lower than it was then by at least :data:`MARGIN`.

Where people took the suggestion, what their label had then is the suggestion's confidence: like the score of a given
label it is the probability that the label is right. Where people chose a third label the scan said nothing of it, so
nothing can have changed; neither has it where a decision was not applied yet, where the run of the decision is not
known, or where the record of an accepted suggestion is from before its confidence was kept.
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from ..data.adjudication import UNDECIDED
from ..data.label_sets import cell_of
from ..data.remap import given_names
from ..data.samples import Samples
from ..data.schemas import to_json
from .verified import Decided, chosen, decided_samples

# Of a score from 0 to 1. Scans of the same 8,000 rows of noisyag with two seeds differ by less than 0.083 on 99 % of
# what is flagged, so that chance alone seldom reaches it.
MARGIN = 0.1


def reopened(
    samples: Samples, scores: pa.Table, records: Iterable[Mapping[str, Any]], *, but: str | None = None
) -> frozenset[str]:
    """Return the samples that people decided on, and against whose label the evidence changed materially since.

    Parameters
    ----------
    samples, scores
        Of the new run.
    records
        Of a ledger. Decisions that were recorded without their evidence bring nothing back.
    but
        Decisions on this run do not count.
    """
    if not {"label_score", "is_label_issue", "suggested_label"} <= set(scores.column_names):
        return frozenset()
    decided = decided_samples(samples, records, but=but)
    of_sample: dict[str, list[Mapping[str, Any]]] = defaultdict(list)
    for decision in decided.decisions:
        if decision["verdict"] not in UNDECIDED and decision["id"] in decided.votes:
            of_sample[decision["id"]].append(decision)
    asked = pc.and_(
        pc.fill_null(scores["is_label_issue"], False),
        pc.is_in(scores["id"], value_set=pa.array(sorted(of_sample), pa.string())),
    )
    flagged = scores.filter(asked).select(["id", "label_score", "suggested_label"]).to_pylist()
    return frozenset(row["id"] for row in flagged if _changed(row, of_sample[row["id"]], decided))


def _changed(now: Mapping[str, Any], decisions: Sequence[Mapping[str, Any]], decided: Decided) -> bool:
    text, label = decided.now[now["id"]]
    labels = chosen(decided.votes[now["id"]])
    if now["suggested_label"] is None or (labels and label not in labels):
        return False  # what was decided is not applied yet
    weighed: set[str | None] = set()
    scores = []  # of the present label, each time that somebody confirmed or chose it
    for decision in decisions:
        evidence = decision.get("evidence")
        given = given_names(decision["given"], decided.taxonomy)
        picked = {cell_of(json.loads(decision["value"]))} if decision["action"] == "relabel" else set()
        weighed |= given | picked
        if evidence is None or decision["text_hash"] != text:
            continue
        suggested = given_names(to_json(evidence["suggested"]), decided.taxonomy)
        weighed |= suggested
        if decision["action"] == "keep" and label in given:
            scores.append(evidence["score"])
        elif label in picked & suggested and evidence.get("confidence") is not None:
            scores.append(evidence["confidence"])
    return now["suggested_label"] not in weighed and bool(scores) and now["label_score"] <= min(scores) - MARGIN
