"""Metrics of two runs side by side, overall and per slice, as tables of the comparison page."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from ...data.issues import issue_named
from ..comparison_words import CHANCE, IN_SLICES, MEASURES, direction, surely
from .anchors import anchor
from .markup import Safe, el, joined, name, table

if TYPE_CHECKING:
    from ...metrics.compare import Comparison
    from ...metrics.trend import Trend

SHOWN_SLICES = 100


def metrics_section(comparison: Comparison) -> Safe | None:
    """Return the metrics of the whole data set."""
    rows = [row for row in comparison.metrics.to_pylist() if row["difference"] is not None]
    if not rows:
        return None
    head = ("All samples", "Before", "After", "Change", "95 % range", "")
    body = [(MEASURES[row["metric"]].name, *_figures(row)) for row in rows]
    hint = "F1 says how well the classes are predicted, from 0 to 1; macro counts all classes alike, weighted by size."
    return el(
        "section",
        el("h2", "Figures"),
        el("p", hint, class_="hint"),
        table("Figures of all samples", head, body, numbers=(1, 2, 3, 4)),
        id="figures",
    )


def slices_section(comparison: Comparison) -> Safe | None:
    """Return the slices that moved beyond chance; where slices were asked for, the others below them."""
    known = [row for row in comparison.slices.to_pylist() if row["low"] is not None and row["metric"] in IN_SLICES]
    asked = bool(comparison.by)
    if not known:
        return None
    order = {metric: at for at, metric in enumerate(IN_SLICES)}
    most: dict[str, float] = {}
    for row in known:
        most[row["predicate"]] = max(most.get(row["predicate"], 0.0), surely(row))
    known.sort(key=lambda row: (-most[row["predicate"]], row["predicate"], order[row["metric"]]))
    moved = [row for row in known if row["significant"]]
    others = [row for row in known if asked and not row["significant"]]
    hint = f"The surest first. {len(known):,} figures were looked at: about one in twenty moves this far by chance."
    return el(
        "section",
        el("h2", "Slices"),
        el("p", hint, class_="hint"),
        _table("Slices that moved beyond chance", moved, anchored=True) or el("p", "No slice moved beyond chance."),
        el(
            "details",
            el("summary", f"{len(others):,} within chance"),
            _table("Slices that moved within chance", others),
        )
        if others
        else None,
        _alone(comparison.old, comparison.only_old),
        _alone(comparison.new, comparison.only_new),
        id="slices",
    )


def trend_section(trend: Trend) -> Safe:
    """Return metrics, slices and issues run by run; of the slices those that moved, or that were asked for."""
    wanted = {
        (row["predicate"], row["metric"])
        for row in trend.change.slices.to_pylist()
        if row["metric"] in IN_SLICES and row["low"] is not None and (trend.change.by or row["significant"])
    }
    slices = [row for row in trend.slices.to_pylist() if (row["predicate"], row["metric"]) in wanted]
    figures = [(MEASURES[row["metric"]].name, *_values(row)) for row in trend.metrics.to_pylist() if _any(row)]
    issues = [(issue_named(row["issue"]).title, *map(_count, row["counts"])) for row in trend.issues.to_pylist()]
    first = [at == 0 or row["slug"] != slices[at - 1]["slug"] for at, row in enumerate(slices)]
    cut = [
        (name(row["predicate"]) if new else "", MEASURES[row["metric"]].name, *_values(row))
        for row, new in zip(slices[:SHOWN_SLICES], first, strict=False)
    ]
    more = len(slices) - SHOWN_SLICES
    hint = "What follows below compares the first of these runs with the last."
    return el(
        "section",
        el("h2", "Run by run"),
        el("p", hint, class_="hint"),
        _by_run("All samples", ("All samples",), trend, figures),
        _by_run("Problems found", ("Problem",), trend, issues),
        el(
            "details",
            el("summary", "Slices run by run"),
            _by_run("Slices run by run", ("Slice", ""), trend, cut),
            el("p", f"{more:,} more: labelsift compare … --json", class_="hint") if more > 0 else None,
        )
        if cut
        else None,
        id="trend",
    )


def _by_run(caption: str, head: Sequence[str], trend: Trend, rows: Sequence[Sequence[Safe | str]]) -> Safe:
    numbers = range(len(head), len(head) + len(trend.runs))
    runs = [
        joined([created[:10], el("div", run, class_="mono quiet")])
        for run, created in zip(trend.runs, trend.created, strict=True)
    ]
    return table(caption, (*head, *runs), rows, numbers=numbers)


def _any(row: Mapping[str, Any]) -> bool:
    return any(value is not None for value in row["values"])


def _values(row: Mapping[str, Any]) -> list[str]:
    return [MEASURES[row["metric"]].value(value) for value in row["values"]]


def _count(value: int | None) -> str:
    return "–" if value is None else f"{value:,}"


def _table(caption: str, rows: Sequence[Mapping[str, Any]], *, anchored: bool = False) -> Safe | None:
    if not rows:
        return None
    head = ("Slice", "Samples", "", "Before", "After", "Change", "95 % range", "")
    left = len(rows) - SHOWN_SLICES
    more = el("p", f"{left:,} more that moved less: labelsift compare … --json", class_="hint") if left > 0 else None
    body = _slices(rows[:SHOWN_SLICES], anchored=anchored)
    return joined([table(caption, head, body, numbers=(1, 3, 4, 5, 6)), more])


def _slices(rows: Sequence[Mapping[str, Any]], *, anchored: bool) -> list[tuple[Safe | str, ...]]:
    body, last = [], None
    for row in rows:
        first, last = row["slug"] != last, row["slug"]
        ident = anchor("slice", row["slug"]) if anchored else None
        what = el("span", name(row["predicate"]), id=ident) if first else ""
        samples = f"{row['n_new']:,}" if row["n_new"] == row["n_old"] else f"{row['n_old']:,} → {row['n_new']:,}"
        body.append((what, samples if first else "", MEASURES[row["metric"]].name, *_figures(row)))
    return body


def _figures(row: Mapping[str, Any]) -> tuple[Safe | str, ...]:
    measure, where = MEASURES[row["metric"]], direction(row)
    span = "" if row["low"] is None else f"{measure.moved(row['low']).split()[0]} … {measure.moved(row['high'])}"
    moved = measure.moved(row["difference"])
    kind = {"better": "moved better", "worse": "moved worse"}.get(where, "moved chance")
    mark = where if where in ("better", "worse", CHANCE, "no change") else ""
    return measure.value(row["old"]), measure.value(row["new"]), moved, span, el("span", mark, class_=kind)


def _alone(run: str, slices: Sequence[str]) -> Safe | None:
    if not slices:
        return None
    shown = [el("li", name(one)) for one in slices[:SHOWN_SLICES]]
    return el("details", el("summary", f"{len(slices):,} slices only in {run}"), el("ul", shown))
