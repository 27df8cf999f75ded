"""Words of a gate: headline, one line a condition, and a row's figures, the same in every output."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from ..metrics.gates.results import STATUSES, ConditionResult, GateResult, p_words, told_apart
from ..metrics.slice_metrics import PROXY

PROXY_WORDS = "Where proxy model stands, the figures are those of labelsift's built-in model and say nothing of yours."
TITLES: tuple[str, ...] = ("slice", "n", "value", "95 % interval", "required", "p")


@dataclass(frozen=True)
class Figures:
    """What is shown of a row, as text; dashes where nothing is known."""

    slice: str
    n: str
    value: str
    interval: str
    required: str
    p_value: str


def headline(result: GateResult) -> str:
    """Say in one line whether a gate passed, and what it could not judge."""
    every = len(result.conditions)
    by_status = {
        status: sum(condition.status == status for condition in result.conditions)
        for status in ("failed", "not measurable")
    }
    verdict = {"failed": "failed", "not measurable": "cannot be measured"}
    parts = [f"{count:,} of {_conditions(every)} {verdict[status]}" for status, count in by_status.items() if count]
    if not parts:
        parts = [f"{_conditions(every)} held"]
    slices = [f"{count:,} {status}" for status in ("within chance", "too few") if (count := _rows(result, status))]
    judged = sum(_rows(result, status) for status in ("passed", "within chance", "failed"))
    looked = f"{judged:,} slice{'s' if judged != 1 else ''} judged"
    title = {"failed": "Gate failed", "passed": "Gate passed"}.get(result.status, "Gate not measurable")
    return f"{title}: {', '.join(parts)}; {', '.join([looked, *slices])}"


def warnings(result: GateResult) -> tuple[str, ...]:
    """Return the sentences that belong beside every figure of a gate."""
    proxy = (PROXY_WORDS,) if any(condition.source == PROXY for condition in result.conditions) else ()
    return (*proxy, *result.notes)


def of_condition(condition: ConditionResult, rows: Sequence[dict[str, Any]] = ()) -> str:
    """Say what became of a condition, its figures if it has one row, and what was judged.

    >>> of_condition(ConditionResult("accuracy >= 0.9 by state", "failed", {"failed": 1, "too few": 3}, "proxy model",
    ...     "on 400 rows", None, 0.95, ""))
    'failed: 1 slice failed, 3 too few; proxy model, on 400 rows'
    """
    total = sum(condition.counts.values())
    counts = [f"{condition.counts[status]:,} {status}" for status in STATUSES if condition.counts.get(status)]
    slices = ""
    if total > 1 and counts:
        first, _, rest = counts[0].partition(" ")
        counts[0] = f"{first} slice{'s' if first != '1' else ''} {rest}"
        slices = ", ".join(counts)
    elif "within chance" in condition.counts:
        slices = "within chance"
    figures_ = in_a_line(rows[0]) if len(rows) == total == 1 else ""
    judged = ", ".join(filter(None, [condition.source, condition.rows]))
    against = f"against {condition.baseline}" if condition.baseline else ""
    verdict = f"{condition.status}: {slices}" if slices else condition.status
    return "; ".join(filter(None, [verdict, figures_, condition.words, judged, against]))


def figures(row: dict[str, Any]) -> Figures:
    """Write the figures of a row; where a run is compared with, value and difference, and the interval of this."""
    compared = row["baseline_run"] is not None
    value, threshold = _number(row["value"]), _number(row["threshold"])
    if row["status"] in ("failed", "within chance"):
        value, threshold = told_apart(row["value"], row["threshold"])
    change = row["difference"]
    if compared and change is not None:
        value += f" ({change:+.3f})"
    ends = ("difference_low", "difference_high") if compared else ("low", "high")
    sign = "+" if compared else ""
    return Figures(
        slice=row["slice"],
        n=f"{row['n']:,}",
        value=value,
        interval=" … ".join(f"{row[end]:{sign}.3f}" for end in ends) if row[ends[0]] is not None else "–",
        required=f"{row['operator']} {threshold}",
        p_value=p_words(row["p_value"]).removeprefix("p ").removeprefix("= ") or "–",
    )


def in_a_line(row: dict[str, Any]) -> str:
    """Write the figures of a condition's only row."""
    shown = figures(row)
    return f"{shown.value}, interval {shown.interval}, {shown.n} samples" if row["value"] is not None else ""


def worst_slices(rows: Sequence[dict[str, Any]]) -> list[str]:
    """Return the slugs of the slices that failed, the clearest first, without the one of all samples."""
    return list(dict.fromkeys(row["slug"] for row in rows if row["status"] == "failed" and row["slug"] != "all"))


def _rows(result: GateResult, status: str) -> int:
    return sum(condition.counts.get(status, 0) for condition in result.conditions)


def _conditions(count: int) -> str:
    return f"{count:,} condition{'s' if count != 1 else ''}"


def _number(value: float | None) -> str:
    return "–" if value is None else f"{value:.3f}"
