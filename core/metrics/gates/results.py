"""Gates: what became of conditions on a run's metrics, condition by condition and slice by slice, with the reasons."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from ..slice_metrics import FEWEST
from .decisions import ALPHA, Family, decide, is_wrong

Status = Literal["passed", "failed", "within chance", "too few", "not measurable"]
STATUSES: tuple[Status, ...] = ("failed", "not measurable", "within chance", "passed", "too few")  # as they are shown
SCHEMA = pa.schema(
    [
        *((name, pa.string()) for name in ("condition", "metric", "label", "operator", "slug", "slice")),
        ("n", pa.int64()),
        *((name, pa.float64()) for name in ("value", "low", "high")),
        ("baseline_run", pa.string()),
        ("baseline_n", pa.int64()),
        *((name, pa.float64()) for name in ("baseline", "difference", "difference_low", "difference_high")),
        *((name, pa.float64()) for name in ("threshold", "p_value")),
        *((name, pa.string()) for name in ("status", "words", "source")),
    ]
)


@dataclass(frozen=True)
class ConditionResult:
    """What became of one condition: ``status``, and how many of its slices have which.

    ``confidence`` is that of the intervals of its rows: 95 % for all of them together (Bonferroni).
    """

    condition: str
    status: Status
    counts: dict[str, int]
    source: str
    rows: str
    baseline: str | None
    confidence: float
    words: str


@dataclass(frozen=True)
class GateResult:
    """What became of a gate.

    Parameters
    ----------
    run, dataset
        Of which run and data set.
    rows
        A condition and slice a row, in :data:`SCHEMA`, what failed first: ``value`` with its interval; ``baseline``,
        and the ``difference`` from it with its interval, where a run is compared with; ``threshold``, what the value is
        held against; ``p_value`` after Holm, of the test that decides; ``status``; ``words``, why; ``source``.
    conditions
        A result a condition.
    notes
        Sentences that a reader must know to judge the figures.
    """

    run: str
    dataset: str
    rows: pa.Table
    conditions: tuple[ConditionResult, ...]
    notes: tuple[str, ...] = ()

    @property
    def status(self) -> Status:
        """``failed`` where any condition failed, else ``not measurable`` where any is, else ``passed``."""
        statuses = {result.status for result in self.conditions}
        if "failed" in statuses:
            return "failed"
        return "not measurable" if "not measurable" in statuses else "passed"

    @property
    def passed(self) -> bool:
        """Whether every condition was judged and none failed."""
        return self.status == "passed" and bool(self.conditions)

    def as_dict(self) -> dict[str, Any]:
        """Return everything as plain values, for ``--json``."""
        return {
            "run": self.run,
            "dataset": self.dataset,
            "status": self.status,
            "passed": self.passed,
            "conditions": [vars(result) for result in self.conditions],
            "rows": self.rows.to_pylist(),
            "notes": list(self.notes),
        }


def without_few(result: GateResult) -> GateResult:
    """Return a gate as it may leave the machine: without the rows of fewer than ten samples, in either run.

    Such a row can be about one person. The conditions' counts still count it, and a note says how many are left out.
    """
    smallest = pc.min_element_wise(result.rows["n"], result.rows["baseline_n"])  # passes over what is missing
    few = pc.less(smallest, FEWEST)
    left_out = len(pc.unique(result.rows["slug"].filter(few)))
    slices = f"1 slice of fewer than {FEWEST} counted samples is"
    if left_out != 1:
        slices = f"{left_out:,} slices of fewer than {FEWEST} counted samples are"
    notes = (f"{slices} left out of what is sent",) if left_out else ()
    return replace(result, rows=result.rows.filter(pc.invert(few)), notes=(*result.notes, *notes))


def gate_result(run: str, dataset: str, families: Sequence[Family], notes: Sequence[str] = ()) -> GateResult:
    """Judge the families of a gate and put their rows in order, what failed first."""
    judged = [judge(family) for family in families]
    rows = [row for result in judged for row in result[1]]
    rows.sort(key=lambda row: (STATUSES.index(row["status"]), 1.0 if row["p_value"] is None else row["p_value"]))
    table = pa.Table.from_pylist(rows, schema=SCHEMA)
    return GateResult(run, dataset, table, tuple(result[0] for result in judged), tuple(notes))


def judge(family: Family) -> tuple[ConditionResult, list[dict[str, Any]]]:
    """Judge the slices of one condition; rows in their order."""
    condition, enough = family.condition, family.enough
    if family.problem:
        enough = np.zeros(len(enough), dtype=bool)
    p_values, broken = decide(family, enough)
    confidence = 1 - ALPHA / max(int(enough.sum()), 1)
    figures = _figures(family, enough, confidence) | {"p_value": np.where(enough, p_values, np.nan)}
    statuses = _statuses(family, enough, p_values, broken)
    fixed = {
        "condition": str(condition),
        "metric": condition.metric,
        "label": condition.label,
        "operator": condition.operator,
        "baseline_run": family.baseline,
        "source": family.source,
    }
    columns = {name: pa.array(values, from_pandas=True).to_pylist() for name, values in figures.items()}
    rows = []
    for slice_ in range(len(statuses)):
        row = fixed | {name: values[slice_] for name, values in columns.items()}
        row |= {"slug": family.slugs[slice_], "slice": family.slices[slice_], "status": statuses[slice_]}
        rows.append(row | {"words": _words(family, row)})
    status = _whole(statuses)
    words = family.problem or ("" if status != "not measurable" else _all_too_few(family))
    counts = Counter(statuses)
    result = ConditionResult(
        condition=str(condition),
        status=status,
        counts={name: counts[name] for name in STATUSES if counts[name]},
        source=family.source,
        rows=family.rows,
        baseline=family.baseline,
        confidence=confidence,
        words=words,
    )
    return result, rows


def _statuses(family: Family, enough: np.ndarray, p_values: np.ndarray, broken: np.ndarray) -> list[Status]:
    wrong = is_wrong(family.condition, family.compared.value) & enough
    none: Status = "not measurable" if family.problem else "too few"
    names = np.select([~enough, broken, wrong], [none, "failed", "within chance"], "passed")
    return names.tolist()


def _whole(statuses: Sequence[Status]) -> Status:
    if "failed" in statuses:
        return "failed"
    return "passed" if {"passed", "within chance"} & set(statuses) else "not measurable"


def _figures(family: Family, enough: np.ndarray, confidence: float) -> dict[str, np.ndarray]:
    """Return the columns of numbers, NaN where nothing is shown."""
    low, high = family.estimates.interval(confidence)
    shown = {"value": family.estimates.value, "low": low, "high": high}
    threshold = np.full(len(enough), family.condition.threshold)
    figures: dict[str, np.ndarray] = {"n": family.counted}
    if family.paired is not None:
        ends = family.paired.interval(confidence)
        shown |= {"baseline": family.paired.old.value, "difference": family.paired.value}
        shown |= dict(zip(("difference_low", "difference_high"), ends, strict=True))
        threshold = threshold + family.paired.old.value
        figures["baseline_n"] = family.counted if family.counted_before is None else family.counted_before
    figures |= {name: np.where(enough, values, np.nan) for name, values in shown.items()}
    return figures | {"threshold": threshold}


def _words(family: Family, row: dict[str, Any]) -> str:
    """Say in a sentence why a row has its status."""
    status, condition = row["status"], family.condition
    if status == "not measurable":
        return family.problem
    if status == "too few":
        return _too_few(family, row)
    if status == "passed":
        return ""
    value, threshold = told_apart(row["value"], row["threshold"])
    side = "below" if condition.at_least else "above"
    if value == threshold:
        side = "not above" if condition.at_least else "not below"
    stands = f"{value} is {side} {threshold}"
    if condition.proof == "proven":
        return f"{value} does not prove {condition.operator} {threshold} ({p_words(row['p_value'])})"
    if status == "failed" and condition.proof != "strict":
        return f"{stands}, more than chance explains ({p_words(row['p_value'])})"
    return stands if status == "failed" else f"{stands}, which chance may explain ({p_words(row['p_value'])})"


def _too_few(family: Family, row: dict[str, Any]) -> str:
    if row["n"] < family.least:
        return f"{row['n']:,} counted samples, fewer than {family.least:,}"
    if row.get("baseline_n") is not None and row["baseline_n"] < family.least:
        return f"{row['baseline_n']:,} counted samples in {family.baseline}, fewer than {family.least:,}"
    return "Nothing could be counted"


def _all_too_few(family: Family) -> str:
    if len(family.slugs) == 1:
        return _too_few(family, {"n": int(family.counted[0]), "baseline_n": _first(family.counted_before)})
    return f"No slice has {family.least:,} counted samples" if len(family.slugs) else "There is no slice"


def _first(counts: np.ndarray | None) -> int | None:
    return None if counts is None else int(counts[0])


def told_apart(value: float, threshold: float) -> tuple[str, str]:
    """Write two numbers with three decimals, or as many more as tell them apart.

    >>> told_apart(0.8996, 0.9), told_apart(0.85, 0.9), told_apart(0.9, 0.9)
    (('0.8996', '0.9000'), ('0.850', '0.900'), ('0.900', '0.900'))
    """
    for places in range(3, 9):
        first, second = f"{value:.{places}f}", f"{threshold:.{places}f}"
        if first != second:
            return first, second
    return f"{value:.3f}", f"{threshold:.3f}"


def p_words(p_value: float | None) -> str:
    """Write a p-value.

    >>> p_words(0.0213), p_words(1e-9), p_words(0.7)
    ('p = 0.021', 'p < 0.001', 'p = 0.70')
    """
    if p_value is None:
        return ""
    if p_value < 0.001:
        return "p < 0.001"
    return f"p = {p_value:.3f}" if p_value < 0.1 else f"p = {p_value:.2f}"
