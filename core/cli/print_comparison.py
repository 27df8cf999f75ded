"""Comparison of runs on a terminal: changes, trends, relabels that hurt a slice, the value of new labels."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from statistics import mean
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
from rich import box
from rich.console import Console
from rich.table import Table
from rich.text import Text

from ..data.formatting import thousands, visible
from ..data.issues import issue_named
from ..metrics.compare import Comparison
from ..metrics.label_value import LabelValue
from ..metrics.trend import Trend
from ..render.comparison_words import CAUSES, IN_SLICES, decision_lines, least_change, shown_causes, verdict
from .terminal import clean, plain

FIGURES = ("old", "new", "change", "samples", "fixed", "appeared", "gain")  # columns of numbers
MOVEMENTS, SLICES, IDS, BLAMED = 8, 12, 5, 10
ASKED = 60  # slices that were asked for are shown whether they moved or not
NAMES = {
    "label_issue_rate": "suspicious labels",
    "accuracy": "accuracy",
    "f1": "macro F1",
    "weighted_f1": "weighted F1",
}


def print_comparison(comparison: Comparison, *, console: Console | None = None) -> None:
    """Print what changed: rows, labels, metrics, slices that moved, issues."""
    console = console or Console(highlight=False)
    console.print(Text(f"{comparison.old} → {comparison.new}", style="dim"))
    console.print(Text(verdict(comparison), style="bold"), soft_wrap=True)
    for line in _rows(comparison):
        console.print(Text(line))
    sides = ((comparison.old, comparison.only_old), (comparison.new, comparison.only_new))
    alone = [f"{len(slices):,} slices only in {run}: {_named(slices)}" for run, slices in sides if slices]
    for line in (*_taxonomy(comparison), *alone, *comparison.notes):
        console.print(Text(line), soft_wrap=True)
    for part in (
        _movements(comparison),
        _decided(comparison),
        _metrics(comparison),
        _slices(comparison),
        _issues(comparison),
    ):
        if part is not None:
            console.print()
            console.print(part)


def print_trend(trend: Trend, *, console: Console | None = None) -> None:
    """Print metrics, issues and slices run by run, then what changed from the first run to the last."""
    console = console or Console(highlight=False)
    moved = {row["predicate"] for row in trend.change.slices.to_pylist() if row["significant"] or trend.change.by}
    rows = [row for row in trend.slices.to_pylist() if row["predicate"] in moved and row["metric"] in IN_SLICES]
    issues = trend.issues.to_pylist()
    parts: Sequence[tuple[str, Sequence[tuple[str, Iterable[str]]]]] = (
        ("Run by run", _lines(trend.metrics.to_pylist())),
        ("Issues run by run", [(issue_named(row["issue"]).title, map(thousands, row["counts"])) for row in issues]),
        ("Slices run by run", _lines(rows[:ASKED])),
    )
    for note in trend.notes:
        console.print(Text(note), soft_wrap=True)
    for title, lines in parts:
        if lines:
            table = _table(title, "")
            for run in trend.runs:
                table.add_column(Text(run), justify="right", overflow="fold")
            for name, cells in lines:
                table.add_row(plain(name, 60), *cells)
            console.print(table)
    print_comparison(trend.change, console=console)


def _lines(rows: Iterable[Mapping[str, Any]]) -> list[tuple[str, Iterable[str]]]:
    """Return name and values of each row that has any."""
    return [
        (
            f"{row['predicate']}: {NAMES[row['metric']]}" if "predicate" in row else NAMES[row["metric"]],
            ["–" if value is None else f"{value:.3f}" for value in row["values"]],
        )
        for row in rows
        if any(value is not None for value in row["values"])
    ]


def print_influences(ranked: pa.Table, slug: str, *, console: Console | None = None) -> None:
    """Print the relabels that push a slice down most."""
    console = console or Console(highlight=False)
    table = _table(f"Relabels that push {visible(slug)} down", "sample", "from", "to", "effect on its log loss")
    harmful = ranked.filter(pc.greater(ranked["effect"], 0))
    for row in harmful.slice(0, BLAMED).to_pylist():
        cells = (plain(row["id"], 40), _label(row["old"]), _label(row["new"]))
        table.add_row(*cells, f"{row['effect']:+.2e}")
    note = f"{harmful.num_rows:,} of {ranked.num_rows:,} relabels push it down"
    table.caption = Text(f"{note}; judged by its samples whose label did not change", style="dim")
    console.print()
    console.print(table)


def print_label_value(value: LabelValue, *, console: Console | None = None) -> None:
    """Print what new labels are worth: accuracy two by two, the gain, slices."""
    console = console or Console(highlight=False)
    sure = "more than chance" if value.low > 0 or value.high < 0 else "within chance"
    gain = f"{value.gain:+.3f} accuracy by the new labels (95 % interval {value.low:+.3f} … {value.high:+.3f}: {sure})"
    console.print(Text(f"Training on the new labels: {gain}", style="bold"))
    console.print(Text(f"{value.rows:,} samples; {value.changed_training:,} training labels differ."))
    table = _table("Accuracy, mean over the seeds", "trained on", "judged by old", "judged by new")
    for trained in ("old", "new"):
        cells = (f"{mean(value.accuracy[trained, judged]):.3f}" for judged in ("old", "new"))
        table.add_row(f"{trained} labels", *cells)
    console.print(table)
    if value.slices.num_rows:
        console.print(_label_value_slices(value.slices))
    for note in value.notes:
        console.print(Text(f"• {note}", style="dim"))


def _label_value_slices(slices: pa.Table) -> Table:
    """Show each slice's two by two, and its gain with the interval; the one that lost most first."""
    by_old, by_new = ("old → old", "new → old"), ("old → new", "new → new")
    table = _table("Slices: trained on → judged by", "slice", "samples", *by_old, *by_new, "gain", "95 % interval")
    for row in sorted(slices.to_pylist(), key=lambda row: row["gain"]):
        figures = [f"{row[name]:.3f}" for name in ("old_old", "new_old", "old_new", "new_new")]
        sure = row["low"] is not None and (row["low"] > 0 or row["high"] < 0)
        interval = "too few rows" if row["low"] is None else f"{row['low']:+.3f} … {row['high']:+.3f}{' *' * sure}"
        name = plain(row["slug"], 50)
        table.add_row(name, f"{row['n']:,}", *figures, f"{row['gain']:+.3f}", interval)
    return table


def _rows(comparison: Comparison) -> list[str]:
    counts = {
        "added": comparison.added,
        "removed": comparison.removed,
        "edited": comparison.edited,
        "relabeled": tuple(comparison.relabeled["id"].to_pylist()),
        "given another id": tuple(new for _, new in comparison.renamed),
    }
    lines = [
        f"{len(ids):,} {'row' if len(ids) == 1 else 'rows'} {what}: {_named(ids)}"
        for what, ids in counts.items()
        if ids
    ]
    return lines or ["The same rows with the same texts and labels."]


def _named(ids: tuple[str, ...]) -> str:
    more = len(ids) - IDS
    shown = ", ".join(clean(id, 40) for id in ids[:IDS])
    return shown + (f" and {more:,} more" if more > 0 else "")


def _taxonomy(comparison: Comparison) -> list[str]:
    lines = []
    for row in comparison.taxonomy.to_pylist()[:MOVEMENTS]:
        new = f" → {row['new']}" if row["new"] else ""
        decided = "" if row["decided"] is None else f", {row['decided']:,} of them decided"
        lines.append(f"Class {row['kind']}: {visible(row['old'] + new)} ({row['samples']:,} samples{decided})")
    more = comparison.taxonomy.num_rows - MOVEMENTS
    return [*lines, f"and {more:,} more classes changed"] if more > 0 else lines


def _movements(comparison: Comparison) -> Table | None:
    if not comparison.movements:
        return None
    table = _table("Labels that changed", "from", "to", "samples")
    for old, new, count in comparison.movements[:MOVEMENTS]:
        table.add_row(_label(old), _label(new), f"{count:,}")
    return table


def _decided(comparison: Comparison) -> Table | None:
    """Show changed labels with the people who decided them, where the store knows any."""
    decided = [row for row in comparison.relabeled.to_pylist() if row["decided"]]
    if not decided:
        return None
    table = _table("Who decided them", "sample", "from", "to", "who, when and why")
    for row in decided[:BLAMED]:
        cells = (plain(row["id"], 40), _label(row["old"]), _label(row["new"]))
        table.add_row(*cells, Text("\n".join(clean(line, 120) for line in decision_lines(row["decided"]))))
    if len(decided) > BLAMED:
        table.caption = Text(f"{len(decided) - BLAMED:,} more: --html FILE or --json", style="dim")
    return table


def _metrics(comparison: Comparison) -> Table:
    table = _table("Overall", "metric", "old", "new", "change", "95 % interval")
    for row in comparison.metrics.to_pylist():
        if row["old"] is not None and row["new"] is not None:
            table.add_row(NAMES[row["metric"]], *_figures(row))
    return table


def _slices(comparison: Comparison) -> Table | None:
    """Show the slices whose rates moved beyond chance, most first; those that were asked for in any case."""
    shown_metric = pc.is_in(comparison.slices["metric"], value_set=pa.array(IN_SLICES))
    with_interval = comparison.slices.filter(pc.and_(pc.is_valid(comparison.slices["low"]), shown_metric))
    asked = bool(comparison.by)
    shown = (with_interval if asked else with_interval.filter(with_interval["significant"])).to_pylist()
    if not shown:
        return None
    table = _table(
        "Slices" if asked else "Slices that moved", "slice", "metric", "old", "new", "change", "95 % interval"
    )
    looked, most = with_interval.num_rows, ASKED if asked else SLICES
    note = f"{looked:,} were looked at: about one in twenty moves this far by chance"
    if len(shown) > most:
        note += f"; {len(shown) - most:,} more that moved less: --json"
    table.caption = Text(note, style="dim")
    for row in sorted(shown, key=lambda row: (-least_change(row), -abs(row["difference"])))[:most]:
        table.add_row(plain(row["predicate"], 50), NAMES[row["metric"]], *_figures(row))
    return table


def _issues(comparison: Comparison) -> Table:
    causes = shown_causes(comparison)
    table = _table("Issues", "issue", "old", "new", "fixed", "appeared", *causes.values())
    for row in comparison.issues.to_pylist():
        cells = (thousands(row[name]) for name in ("old", "new", "fixed", "appeared", *causes))
        table.add_row(issue_named(row["issue"]).title, *cells)
    return table


def _figures(row: Mapping[str, Any]) -> tuple[str, ...]:
    mark = " *" if row["significant"] else ""
    interval = "" if row["low"] is None else f"{row['low']:+.3f} … {row['high']:+.3f}{mark}"
    return f"{row['old']:.3f}", f"{row['new']:.3f}", f"{row['difference']:+.3f}", interval


def _label(label: str | None) -> Text:
    return Text("unlabeled", style="dim") if label is None else plain(label, 40)


def _table(title: str, *columns: str) -> Table:
    table = Table(
        title=Text(title, style="bold underline"),
        title_justify="left",
        caption_justify="left",
        box=box.SIMPLE_HEAD,
        header_style="dim",
    )
    for name in columns:
        right = name in (*FIGURES, *CAUSES.values()) or "→" in name
        table.add_column(name, justify="right" if right else "left")
    return table
