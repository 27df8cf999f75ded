"""Sentences about a comparison of two runs: the verdict, and a few that explain it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pyarrow.compute as pc

from ..data.formatting import percent, shortened, visible
from ..metrics.refit_noise import across_methods
from ..metrics.slice_table import RATES
from .overview import Overview

if TYPE_CHECKING:
    from ..metrics.compare import Comparison

SHOWN = 3
IN_SLICES = (*RATES, "f1")  # what is shown of a slice; weighted F1 says little beside accuracy
CHANCE = "within chance"
# Why a flag came or went that is neither fixed nor has appeared: columns of a comparison's issues, with their titles.
CAUSES = {
    "recalibrated": "recalibrated by decisions",
    "other_method": "another version of the method",
    "wavered": "fitted anew",
}


@dataclass(frozen=True)
class Measure:
    """How a metric is shown: its name, whether it is a share of samples, and whether more of it is better."""

    name: str
    share: bool
    more_is_better: bool = True

    def value(self, value: float | None) -> str:
        """Write a value.

        >>> [MEASURES["accuracy"].value(0.5).replace(chr(160), " "), *map(MEASURES["f1"].value, (0.5, None))]
        ['50 %', '0.500', '–']
        """
        if value is None:
            return "–"
        return percent(value) if self.share else f"{value:.3f}"

    def moved(self, difference: float | None) -> str:
        """Write a difference; that of two shares in percentage points.

        >>> MEASURES["accuracy"].moved(-0.0312), MEASURES["f1"].moved(0.0312)
        ('−3.1 points', '+0.031')
        """
        if difference is None:
            return "–"
        figure = f"{100 * difference:+.1f} points" if self.share else f"{difference:+.3f}"
        return figure.replace("-", "−")

    def better(self, difference: float) -> bool:
        """Tell whether a difference is for the better."""
        return (difference > 0) == self.more_is_better


MEASURES = {
    "label_issue_rate": Measure("suspicious labels", share=True, more_is_better=False),
    "accuracy": Measure("predictions that match", share=True),
    "f1": Measure("macro F1", share=False),
    "weighted_f1": Measure("weighted F1", share=False),
}


def direction(row: Mapping[str, Any]) -> str:
    """Say where a row of ``metrics`` or ``slices`` moved: better, worse, within chance; nothing if it is unknown."""
    if row["low"] is None:
        return ""
    if not row["significant"]:
        return "no change" if row["difference"] == row["low"] == row["high"] == 0 else CHANCE
    return "better" if MEASURES[row["metric"]].better(row["difference"]) else "worse"


def least_change(row: Mapping[str, Any]) -> float:
    """Return how far a slice's metric moved at least: the end of its interval that is nearer to 0; 0 within chance."""
    return max(row["low"], -row["high"], 0.0)


def verdict(comparison: Comparison) -> str:
    """Return the outcome: by the labels that are probably wrong, else by the predictions, else by the rows.

    Where the runs were made by two versions of the method, a sentence says so.
    """
    rows = {row["metric"]: row for row in comparison.metrics.to_pylist() if row["difference"] is not None}
    flagged, right = rows.get("label_issue_rate"), rows.get("accuracy")
    touched = comparison.relabeled.num_rows or comparison.edited or comparison.added or comparison.removed
    if not touched and not any(row and row["difference"] for row in (flagged, right)):
        return "Nothing changed between these two runs."
    if flagged is not None:
        sentence = _verdict_of(flagged, *_labels_of(comparison, flagged), _causes(comparison))
    elif right is not None:
        sentence = _verdict_of(right, "predictions agree with the label", *_shares(right), _causes(comparison))
    else:
        return "The data changed; neither run can say whether for the better."
    return " ".join(filter(None, (sentence, across_methods(comparison.methods))))


def details(comparison: Comparison) -> str:
    """Return the sentences below the verdict: what was changed, what the predictions say, which slices moved."""
    parts = [f"{changes(comparison)}.", _predictions(comparison), *_slices(comparison.slices.to_pylist())]
    return " ".join(filter(None, parts))


def changes(comparison: Comparison) -> str:
    """Count what was changed in one sentence, without its full stop."""
    counts = [
        _many(comparison.relabeled.num_rows, "label was changed", "labels were changed"),
        _many(len(comparison.edited), "text was edited", "texts were edited"),
        _many(len(comparison.added), "row was added", "rows were added"),
        _many(len(comparison.removed), "row was removed", "rows were removed"),
    ]
    sentence = ", ".join(filter(None, counts)) or "The rows, texts and labels are the same"
    return sentence[:1].upper() + sentence[1:]


def shown_causes(comparison: Comparison) -> dict[str, str]:
    """Return the columns of issues that stand beside fixed and appeared, with their titles: those with a flag."""
    return {cause: title for cause, title in CAUSES.items() if pc.sum(comparison.issues[cause]).as_py()}


def decision_lines(decided: Iterable[Mapping[str, Any]], *, notes: bool = True) -> list[str]:
    """Return a line for each person: who, on which day, and why.

    >>> decision_lines([
    ...     {"person": "ann", "time": "2026-11-24T10:00:00+00:00", "why": "took the suggestion", "note": "twice"}])
    ['ann, 2026-11-24: took the suggestion; “twice”']
    """
    lines = []
    for decision in decided:
        why = [decision["why"], f"“{decision['note']}”" if notes and decision["note"] else ""]
        reasons = "; ".join(part for part in why if part)
        who = f"{decision['person'] or 'somebody'}, {decision['time'][:10]}"
        lines.append(f"{who}: {reasons}" if reasons else who)
    return lines


def _verdict_of(row: Mapping[str, Any], what: str, before: str, after: str, causes: str) -> str:
    """Write the verdict on one metric, from what both runs say of it and what else than chance may have moved it."""
    if not row["significant"]:
        because = f"the difference may come from {causes} or chance" if causes else "the difference is within chance"
        return f"About as many {what} as before: {after}, and {before} before; {because}."
    word = "More" if row["difference"] > 0 else "Fewer"
    return f"{word} {what} than before: {after} instead of {before.rstrip(',')}."


def _labels_of(comparison: Comparison, row: Mapping[str, Any]) -> tuple[str, str, str]:
    """Return what wrong labels are called, and how many each run tells, in the words of the runs' own verdicts.

    Where a run tells no number with a range, or flags another number than that, flags are all that can be compared.
    """
    sides = [Overview(run) for run in comparison.sides]
    told = [side.wrong_labels for side in sides]
    estimated = all(number and number.number == side.flagged_labels for number, side in zip(told, sides, strict=True))
    shares = sides[0].judged != sides[1].judged and all(side.tells_shares for side in sides)
    before, after = (
        f"{side.flagged_labels:,}{number.range if number and estimated else ''} of {side.judged:,}"
        + (f", {share}," if shares else "")
        for number, side, share in zip(told, sides, _shares(row), strict=True)
    )
    return "labels are probably wrong" if estimated else "labels are flagged", before, after.rstrip(",")


def _shares(row: Mapping[str, Any]) -> tuple[str, str]:
    measure = MEASURES[row["metric"]]
    return measure.value(row["old"]), measure.value(row["new"])


def _causes(comparison: Comparison) -> str:
    """Name what else than chance may have moved figures of samples that nobody changed; "" where there is nothing."""
    decisions = pc.sum(comparison.issues["recalibrated"]).as_py()
    causes = ["decisions that recalibrated probabilities"] if decisions else []
    causes += [CAUSES["other_method"]] if len(set(comparison.methods)) > 1 else []
    return ", ".join(causes)


def _predictions(comparison: Comparison) -> str:
    row = next((row for row in comparison.metrics.to_pylist() if row["metric"] == "accuracy"), None)
    if row is None or row["difference"] is None:
        return ""
    before, after = (percent(row[name]) for name in ("old", "new"))
    sure = "" if row["significant"] else "; that difference is within chance"
    return f"Predictions agree with {after} of the labels; before, with {before}{sure}."


def _slices(rows: Sequence[Mapping[str, Any]]) -> list[str]:
    sentences = []
    for where in ("worse", "better"):
        moved = [row for row in rows if row["metric"] in RATES and direction(row) == where]
        moved.sort(key=least_change, reverse=True)
        names = list(dict.fromkeys(row["predicate"] for row in moved))
        if names:
            first = "; ".join(visible(shortened(name, 60)) for name in names[:SHOWN])
            more = f" and {len(names) - SHOWN:,} more" if len(names) > SHOWN else ""
            sentences.append(f"Moved for the {where} beyond chance: {first}{more}.")
    return sentences


def _many(count: int, singular: str, plural: str) -> str:
    return f"{count:,} {singular if count == 1 else plural}" if count else ""
