"""What came of the changes between two runs, in the words of a person: one sentence, and a few that explain it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ..data.formatting import percent, shortened, visible
from ..metrics.slice_table import RATES

if TYPE_CHECKING:
    from ..metrics.compare import Comparison

SHOWN = 3
IN_SLICES = (*RATES, "f1")  # what is shown of a slice; weighted F1 says little beside accuracy
CHANCE = "within chance"


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
    "label_issue_rate": Measure("labels that look wrong", share=True, more_is_better=False),
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


def surely(row: Mapping[str, Any]) -> float:
    """Return how far a slice's metric moved at least: the end of its interval that is nearer to 0; 0 within chance."""
    return max(row["low"], -row["high"], 0.0)


def verdict(comparison: Comparison) -> str:
    """Return the outcome in one sentence: by the labels that look wrong, else by the predictions, else by the rows."""
    rows = {row["metric"]: row for row in comparison.metrics.to_pylist() if row["difference"] is not None}
    flagged, right = rows.get("label_issue_rate"), rows.get("accuracy")
    if _untouched(comparison) and not any(one and one["difference"] for one in (flagged, right)):
        return "Nothing changed between these two runs."
    if flagged is not None:
        return _told(flagged, "labels look wrong")
    if right is not None:
        return _told(right, "predictions agree with the label")
    return "The data changed; neither run can say whether for the better."


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
    told = ", ".join(filter(None, counts)) or "The rows, texts and labels are the same"
    return told[:1].upper() + told[1:]


def said(decided: Iterable[Mapping[str, Any]], *, notes: bool = True) -> list[str]:
    """Return a line for each person: who, on which day, and why.

    >>> said([{"person": "ann", "time": "2026-11-24T10:00:00+00:00", "why": "took the suggestion", "note": "twice"}])
    ['ann, 2026-11-24: took the suggestion; “twice”']
    """
    lines = []
    for one in decided:
        why = [one["why"], f"“{one['note']}”" if notes and one["note"] else ""]
        because = "; ".join(part for part in why if part)
        lines.append(f"{one['person'] or 'somebody'}, {one['time'][:10]}" + (f": {because}" if because else ""))
    return lines


def _untouched(comparison: Comparison) -> bool:
    return not (comparison.relabeled.num_rows or comparison.edited or comparison.added or comparison.removed)


def _told(row: Mapping[str, Any], what: str) -> str:
    measure = MEASURES[row["metric"]]
    before, after = measure.value(row["old"]), measure.value(row["new"])
    if not row["significant"]:
        return f"About as many {what} as before: {after}, and {before} before; the difference is within chance."
    word = "More" if row["difference"] > 0 else "Fewer"
    return f"{word} {what} than before: {after} instead of {before}."


def _predictions(comparison: Comparison) -> str:
    row = next((one for one in comparison.metrics.to_pylist() if one["metric"] == "accuracy"), None)
    if row is None or row["difference"] is None:
        return ""
    before, after = (percent(row[name]) for name in ("old", "new"))
    sure = "" if row["significant"] else "; that difference is within chance"
    return f"Predictions agree with {after} of the labels; before, with {before}{sure}."


def _slices(rows: Sequence[Mapping[str, Any]]) -> list[str]:
    told = []
    for where in ("worse", "better"):
        found = [row for row in rows if row["metric"] in RATES and direction(row) == where]
        found.sort(key=surely, reverse=True)
        names = list(dict.fromkeys(row["predicate"] for row in found))
        if names:
            shown = "; ".join(visible(shortened(one, 60)) for one in names[:SHOWN])
            more = f" and {len(names) - SHOWN:,} more" if len(names) > SHOWN else ""
            told.append(f"Moved for the {where} beyond chance: {shown}{more}.")
    return told


def _many(count: int, one: str, many: str) -> str:
    return f"{count:,} {one if count == 1 else many}" if count else ""
