"""What the decisions of rounds with probes say: ``labelsift probes``."""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import pyarrow.compute as pc

from ..data.adjudication import REPEAT, SECOND_LOOK, SKIPPED, resolve, vote_of
from ..errors import StoreError
from ..review.assignment import ASSIGNED, Assignment
from ..review.rounds import ROUND, Plan
from ..store.base import DEFAULT, LATEST
from ..store.hash_chain import Record
from ..store.store import Store
from .probes import LEAST, Estimate, Stratum, difference, estimates, rate
from .record import as_table, decisions

FROM_ONE_ROUND = "compared within one round, whose samples were assigned at random"
WRONG = ("relabel", "remove", "edit", "respan", "redact")


@dataclass(frozen=True)
class Probed:
    """The figures of one run.

    Parameters
    ----------
    run
        Which one.
    flagged, rest
        What was judged of both strata; see :class:`labelsift.corrections.probes.Stratum`.
    estimates
        ``error_rate``, ``precision``, ``recall``; empty where too few were judged.
    accepted
        ``shown``, ``blind`` and ``sway``, their difference: how often people chose the suggested label of a
        flagged sample when they saw it, and when they did not.
    repeated, agreement
        How many samples the same person decided on twice in the round, and how often they said the same again.
    notes
        What a reader must know.
    """

    run: str
    flagged: Stratum
    rest: Stratum
    estimates: dict[str, Estimate] = field(default_factory=dict)
    accepted: dict[str, Estimate] = field(default_factory=dict)
    repeated: int = 0
    agreement: Estimate | None = None
    notes: tuple[str, ...] = ()

    def as_dict(self) -> dict[str, Any]:
        """Return everything as plain values, for ``--json``."""
        return asdict(self)


def probed(run: str = LATEST, *, store: str | Path = DEFAULT) -> Probed:
    """Estimate from people's blind decisions how many labels are wrong, and how good the flags are.

    A sample counts as wrong where people changed, removed or edited it (the majority of them), as right where
    they kept the label; skipped and disputed ones count as not judged.

    Raises
    ------
    StoreError
        If there is no such run, or no round with probes or a blind share was pushed of it.
    """
    kept = Store(store)
    name = kept.find(run)
    records = kept.ledger.records()
    plans = [Plan.of(one) for one in records if one.get("kind") == ROUND and one["run"] == name]
    drawn = [Assignment.of(one) for one in records if one.get("kind") == ASSIGNED and one["run"] == name]
    if not plans and not drawn:
        raise StoreError(
            f"No round with probes or a blind share was pushed of {name}",
            cure="Push one: labelsift push PLATFORM PROJECT --mode blind --probe 10%",
        )
    made = [one for one in decisions(records, run=name) if one["verdict"] != SKIPPED]
    plan = plans[-1] if plans else Plan((), (), 0, {})
    blind = [one for one in made if one["id"] in plan.scores]
    verdicts = resolve(as_table(blind)).decided if blind else {}
    flagged = _stratum(plan.flagged, verdicts, size=len(plan.flagged))
    rest = _stratum(plan.probes, verdicts, size=plan.rest)
    pairs = _pairs(blind, plan.repeats)
    suggested = _suggested(kept, name)
    first = [one for one in made if one.get("asked") not in (REPEAT, SECOND_LOOK)]
    within = _accepted_within(drawn[-1], first, suggested) if drawn else {}
    asked_blind = {id for one in plans for id in one.scores}
    shown = [one for one in first if one.get("asked") != "blind" and one["id"] not in asked_blind]
    unseen = [one for one in first if one.get("asked") == "blind" or one["id"] in plan.scores]
    found = estimates(flagged, rest)
    return Probed(
        run=name,
        flagged=flagged,
        rest=rest,
        estimates=found,
        accepted=within or _accepted(shown, unseen, suggested),
        repeated=len(pairs),
        agreement=rate(sum(pairs), len(pairs)) if len(pairs) >= LEAST else None,
        notes=(
            *(_notes(plans, flagged, rest, pairs, said=bool(found)) if plans else ()),
            *([f"What people choose with and without the suggestion is {FROM_ONE_ROUND}"] if within else ()),
        ),
    )


def _notes(plans: Sequence[Plan], flagged: Stratum, rest: Stratum, pairs: Sequence[bool], *, said: bool) -> list[str]:
    """Say what a reader must know of the last round with probes."""
    plan = plans[-1]
    notes = [f"{len(plans):,} rounds with probes; the figures are of the last one"] if len(plans) > 1 else []
    if not said:
        notes.append(
            f"{flagged.judged:,} flagged samples and {rest.judged:,} probes are judged: too few to say anything"
            f" ({LEAST} of each are needed)"
        )
    undecided = len(plan.scores) - flagged.judged - rest.judged
    if undecided:
        notes.append(
            f"{undecided:,} of {len(plan.scores):,} are not judged; if they are unlike the others, the figures are off"
        )
    if plan.repeats and len(pairs) < LEAST:
        notes.append(
            f"{len(pairs):,} samples were decided twice by the same person: {LEAST} are needed to say anything"
        )
    return notes


def _accepted_within(drawn: Assignment, made: Sequence[Record], suggested: Mapping[str, str]) -> dict[str, Estimate]:
    """Compare within one round, where chance alone decided who saw the suggestion."""
    shown = [one for one in made if one["id"] in drawn.shown and one.get("asked") == "choose"]
    unseen = [one for one in made if one["id"] in drawn.blind and one.get("asked") == "blind"]
    return _accepted(shown, unseen, suggested)


def _pairs(made: Sequence[Record], repeats: Collection[str]) -> list[bool]:
    """Return for each person and sample that they decided on twice whether they said the same again."""
    said: dict[tuple[str, str], dict[bool, Record]] = {}
    for one in sorted(made, key=lambda one: one["time"]):
        if one["id"] in repeats:
            said.setdefault((one["person"], one["id"]), {})[one.get("asked") == REPEAT] = one
    return [vote_of(both[False]) == vote_of(both[True]) for both in said.values() if len(both) == 2]


def _stratum(ids: Sequence[str], verdicts: Mapping[str, tuple[str, str]], *, size: int) -> Stratum:
    judged = [verdicts[one][0] for one in ids if one in verdicts]
    return Stratum(size, len(judged), sum(action in WRONG for action in judged))


def _suggested(kept: Store, run: str) -> dict[str, str]:
    scores = kept.load(run).scores
    if "suggested_label" not in scores.column_names:
        return {}
    flagged = scores.filter(pc.fill_null(scores["is_label_issue"], False))
    return dict(zip(flagged["id"].to_pylist(), flagged["suggested_label"].to_pylist(), strict=True))


def _accepted(shown: Sequence[Record], blind: Sequence[Record], suggested: Mapping[str, str]) -> dict[str, Estimate]:
    """Compare how often the suggested label was chosen; only where both were decided often enough."""
    counts = []
    for made in (shown, blind):
        about = [one for one in made if suggested.get(one["id"]) is not None]
        chosen = sum(json.loads(one["value"] or "null") == suggested[one["id"]] for one in about)
        counts.append((chosen, len(about)))
    if min(of for _, of in counts) < LEAST:
        return {}
    return {"shown": rate(*counts[0]), "blind": rate(*counts[1]), "sway": difference(*counts[0], *counts[1])}
