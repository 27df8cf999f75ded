"""What the decisions of rounds with probes say: ``labelsift probes``."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import pyarrow.compute as pc

from .chain import Record
from .corrections import resolve
from .errors import StoreError
from .probes import LEAST, Estimate, Stratum, difference, estimates, rate
from .probing import ROUND, Plan
from .recording import as_table, decisions
from .store import DEFAULT, LATEST, Store

WRONG = ("relabel", "remove", "edit", "respan", "redact")


@dataclass(frozen=True)
class Probed:
    """The figures of one run.

    Parameters
    ----------
    run
        Which one.
    flagged, rest
        What was judged of both strata; see :class:`labelsift.probes.Stratum`.
    estimates
        ``error_rate``, ``precision``, ``recall``; empty where too few were judged.
    accepted
        ``shown``, ``blind`` and ``sway``, their difference: how often people chose the suggested label of a
        flagged sample when they saw it, and when they did not.
    notes
        What a reader must know.
    """

    run: str
    flagged: Stratum
    rest: Stratum
    estimates: dict[str, Estimate] = field(default_factory=dict)
    accepted: dict[str, Estimate] = field(default_factory=dict)
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
        If there is no such run, or no round with probes was pushed of it.
    """
    kept = Store(store)
    name = kept.find(run)
    records = kept.ledger.records()
    plans = [Plan.of(one) for one in records if one.get("kind") == ROUND and one["run"] == name]
    if not plans:
        raise StoreError(
            f"No round with probes was pushed of {name}",
            cure="Push one: labelsift push PLATFORM PROJECT --mode blind --probe 10%",
        )
    made = decisions(records, run=name)
    plan = plans[-1]
    blind = [one for one in made if one["id"] in plan.scores and one["verdict"] != "skipped"]
    verdicts = resolve(as_table(blind)).decided if blind else {}
    flagged = _stratum(plan.flagged, verdicts, size=len(plan.flagged))
    rest = _stratum(plan.probes, verdicts, size=plan.rest)
    asked_blind = {id for one in plans for id in one.scores}
    shown = [one for one in made if one["id"] not in asked_blind and one["verdict"] != "skipped"]
    suggested = _suggested(kept, name)
    notes = [f"{len(plans):,} rounds with probes; the figures are of the last one"] if len(plans) > 1 else []
    found = estimates(flagged, rest)
    if not found:
        notes.append(
            f"{flagged.judged:,} flagged samples and {rest.judged:,} probes are judged: too few to say anything"
            f" ({LEAST} of each are needed)"
        )
    undecided = len(plan.scores) - flagged.judged - rest.judged
    if undecided:
        notes.append(
            f"{undecided:,} of {len(plan.scores):,} are not judged; if they are unlike the others, the figures are off"
        )
    accepted = _accepted(shown, [one for one in blind if one["id"] in set(plan.flagged)], suggested)
    return Probed(name, flagged, rest, found, accepted, tuple(notes))


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
