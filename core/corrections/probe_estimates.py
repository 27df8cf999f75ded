"""Estimates from rounds with probes: error rate, precision and recall of the flags, sway of the suggestions.

Two strata were judged: the flagged samples that people were asked about, and the rest, of which the probes are a
simple random sample. In each the errors among the samples that nobody judged are unknown; with Jeffreys' prior
Beta(1/2, 1/2) they have a beta-binomial distribution (Brown, Cai & DasGupta 2001 on the prior; the finite
population makes the interval shrink to a point where all are judged). Error rate, precision and recall are
functions of the two totals, and the 2.5 % and 97.5 % quantiles of their draws are the interval.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pyarrow.compute as pc

from ..data.adjudication import BOTH_FIT, REPEAT, SECOND_LOOK, UNDECIDED, resolve, vote_of
from ..errors import InputError, StoreError
from ..review.assignment import ASSIGNED, Assignment
from ..review.rounds import ROUND, Plan
from ..store.base import DEFAULT, LATEST
from ..store.hash_chain import Record
from ..store.store import Store
from .record import as_table, decisions

DRAWS = 20_000
LEAST = 10  # judged samples of a stratum, below which nothing is said
_PRIOR = 0.5
FROM_ONE_ROUND = "compared within one round, whose samples were assigned at random"
WRONG = ("relabel", "remove", "edit", "respan")


@dataclass(frozen=True)
class Stratum:
    """A part of the data set, of which people judged a random sample.

    Parameters
    ----------
    size
        Samples.
    judged
        How many people judged.
    errors
        How many of these they found to be wrong.
    """

    size: int
    judged: int
    errors: int

    def __post_init__(self) -> None:
        if not 0 <= self.errors <= self.judged <= self.size:
            raise InputError(f"{self.errors} errors among {self.judged} judged of {self.size} samples cannot be")


@dataclass(frozen=True)
class Estimate:
    """A rate with its 95 % interval."""

    value: float
    low: float
    high: float


def estimates(flagged: Stratum, rest: Stratum, *, seed: int = 0, draws: int = DRAWS) -> dict[str, Estimate]:
    """Return ``error_rate`` of the whole, ``precision`` and ``recall`` of the flags; empty where too few are judged.

    Where no error was found there is no recall.

    Raises
    ------
    InputError
        If a stratum's counts cannot be.
    """
    if min(flagged.judged, rest.judged) < min(LEAST, flagged.size, rest.size) or not (flagged.judged and rest.judged):
        return {}
    rng = np.random.default_rng(seed)
    found, missed = _totals(flagged, rng, draws), _totals(rest, rng, draws)
    expected, beyond = _expected(flagged), _expected(rest)
    size = flagged.size + rest.size
    figures = {
        "error_rate": ((expected + beyond) / size, (found + missed) / size),
        "precision": (expected / flagged.size, found / flagged.size),
        "recall": (expected / max(expected + beyond, 1e-9), found / np.maximum(found + missed, 1e-9)),
    }
    if not flagged.errors + rest.errors:
        del figures["recall"]  # of no error, no share was found
    return {name: _estimate(value, drawn) for name, (value, drawn) in figures.items()}


def rate(count: int, of: int) -> Estimate:
    """Return a plain rate with its interval (Jeffreys)."""
    return _estimate(count / of, np.random.default_rng(0).beta(count + _PRIOR, of - count + _PRIOR, DRAWS))


def difference(count: int, of: int, other: int, of_other: int) -> Estimate:
    """Return how much larger the first rate is than the other, with its interval."""
    rng = np.random.default_rng(0)
    drawn = rng.beta(count + _PRIOR, of - count + _PRIOR, DRAWS)
    drawn -= rng.beta(other + _PRIOR, of_other - other + _PRIOR, DRAWS)
    return _estimate(count / of - other / of_other, drawn)


def _totals(stratum: Stratum, rng: np.random.Generator, draws: int) -> np.ndarray:
    return stratum.errors + unjudged_errors(stratum, rng, draws)


def unjudged_errors(stratum: Stratum, rng: np.random.Generator, draws: int) -> np.ndarray:
    """Draw how many of a stratum's samples that nobody judged are wrong: int64, shape (draws,)."""
    rates = rng.beta(stratum.errors + _PRIOR, stratum.judged - stratum.errors + _PRIOR, draws)
    return rng.binomial(stratum.size - stratum.judged, rates)


def _expected(stratum: Stratum) -> float:
    return stratum.errors / stratum.judged * stratum.size


def _estimate(value: float, drawn: np.ndarray) -> Estimate:
    low, high = np.quantile(drawn, [0.025, 0.975])
    return Estimate(float(value), float(min(low, value)), float(max(high, value)))


@dataclass(frozen=True)
class Probed:
    """The figures of one run.

    Parameters
    ----------
    run
        Which one.
    flagged, rest
        What was judged of both strata; see :class:`Stratum`.
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


def probed(run: str = LATEST, *, store: str | Path = DEFAULT) -> Probed:
    """Estimate from people's blind decisions how many labels are wrong, and how good the flags are.

    A sample counts as wrong where people changed, removed or edited it (the majority of them), as right where
    they kept the label; skipped and disputed ones, and those of which people said that both labels fit, count as not
    judged.

    Raises
    ------
    StoreError
        If there is no such run, or no round with probes or a blind share was pushed of it.
    """
    kept = Store(store)
    name = kept.find(run)
    records = kept.ledger.records()
    plans = [Plan.of(record) for record in records if record.get("kind") == ROUND and record["run"] == name]
    drawn = [Assignment.of(record) for record in records if record.get("kind") == ASSIGNED and record["run"] == name]
    if not plans and not drawn:
        raise StoreError(
            f"No round with probes or a blind share was pushed of {name}",
            hint="Push one: labelsift push PLATFORM PROJECT --mode blind --probe 10%",
        )
    made = _judging(decisions(records, run=name))
    plan = plans[-1] if plans else Plan((), (), 0, {})
    blind = [record for record in made if record["id"] in plan.scores]
    flagged, rest = _strata(plan, blind)
    pairs = _pairs(blind, plan.repeats)
    suggested = _suggested(kept, name)
    first = [record for record in made if record.get("asked") not in (REPEAT, SECOND_LOOK)]
    within = _accepted_within(drawn[-1], first, suggested) if drawn else {}
    asked_blind = {id for plan_ in plans for id in plan_.scores}
    shown = [record for record in first if record.get("asked") != "blind" and record["id"] not in asked_blind]
    unseen = [record for record in first if record.get("asked") == "blind" or record["id"] in plan.scores]
    rates = estimates(flagged, rest)
    return Probed(
        run=name,
        flagged=flagged,
        rest=rest,
        estimates=rates,
        accepted=within or _accepted(shown, unseen, suggested),
        repeated=len(pairs),
        agreement=rate(sum(pairs), len(pairs)) if len(pairs) >= LEAST else None,
        notes=(
            *(_notes(plans, flagged, rest, pairs, enough=bool(rates)) if plans else ()),
            *([f"What people choose with and without the suggestion is {FROM_ONE_ROUND}"] if within else ()),
        ),
    )


def probe_rates(records: Sequence[Record], run: str) -> dict[str, Estimate]:
    """Return what :func:`estimates` says after a run's last round with probes; empty without one."""
    plans = [Plan.of(record) for record in records if record.get("kind") == ROUND and record["run"] == run]
    if not plans:
        return {}
    made = [record for record in _judging(decisions(records, run=run)) if record["id"] in plans[-1].scores]
    return estimates(*_strata(plans[-1], made))


def judged_probes(records: Sequence[Record], run: str) -> Stratum | None:
    """Return what people said of the random labels in a run's last round with probes; None without such a round."""
    plans = [Plan.of(record) for record in records if record.get("kind") == ROUND and record["run"] == run]
    if not plans:
        return None
    probes = set(plans[-1].probes)
    made = [record for record in _judging(decisions(records, run=run)) if record["id"] in probes]
    return _stratum(plans[-1].probes, resolve(as_table(made)).decided if made else {}, size=plans[-1].rest)


def _judging(made: Sequence[Record]) -> list[Record]:
    """Return the decisions that call a label right or wrong: none of who skipped a sample, or now says "both fit"."""
    given = [record for record in made if record["verdict"] not in UNDECIDED and record["action"] != "redact"]
    newest = {(record["person"], record["id"]): record for record in sorted(given, key=lambda record: record["time"])}
    return [record for record in given if newest[record["person"], record["id"]]["verdict"] != BOTH_FIT]


def _notes(plans: Sequence[Plan], flagged: Stratum, rest: Stratum, pairs: Sequence[bool], *, enough: bool) -> list[str]:
    """Say what a reader must know of the last round with probes."""
    plan = plans[-1]
    notes = [f"{len(plans):,} rounds with probes; the figures are of the last one"] if len(plans) > 1 else []
    if not enough:
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
    shown = [record for record in made if record["id"] in drawn.shown and record.get("asked") == "choose"]
    unseen = [record for record in made if record["id"] in drawn.blind and record.get("asked") == "blind"]
    return _accepted(shown, unseen, suggested)


def _pairs(made: Sequence[Record], repeats: Collection[str]) -> list[bool]:
    """Return for each person and sample that they decided on twice whether they said the same again."""
    both_times: dict[tuple[str, str], dict[bool, Record]] = {}
    for record in sorted(made, key=lambda record: record["time"]):
        if record["id"] in repeats:
            both_times.setdefault((record["person"], record["id"]), {})[record.get("asked") == REPEAT] = record
    return [vote_of(both[False]) == vote_of(both[True]) for both in both_times.values() if len(both) == 2]


def _strata(plan: Plan, made: Sequence[Record]) -> tuple[Stratum, Stratum]:
    """Return what was judged of a round's flagged samples, and of its probes for all others."""
    verdicts = resolve(as_table(made)).decided if made else {}
    return (
        _stratum(plan.flagged, verdicts, size=len(plan.flagged)),
        _stratum(plan.probes, verdicts, size=plan.rest),
    )


def _stratum(ids: Sequence[str], verdicts: Mapping[str, tuple[str, str]], *, size: int) -> Stratum:
    judged = [verdicts[id][0] for id in ids if id in verdicts]
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
        about = [record for record in made if suggested.get(record["id"]) is not None]
        chosen = sum(json.loads(record["value"] or "null") == suggested[record["id"]] for record in about)
        counts.append((chosen, len(about)))
    if min(of for _, of in counts) < LEAST:
        return {}
    return {"shown": rate(*counts[0]), "blind": rate(*counts[1]), "sway": difference(*counts[0], *counts[1])}
