"""Gates on a terminal: the headline, what failed first, and what to do next."""

from __future__ import annotations

import shlex
from collections.abc import Sequence
from typing import Any

from rich.console import Console
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from ..data.formatting import visible
from ..metrics.gates.results import ConditionResult, GateResult
from ..render.gate_words import TITLES, figures, headline, of_condition, warnings, worst_slices
from .terminal import BAD, GOOD, QUIET, add_figures, new_table, plain

ROWS, ROWS_WITHIN_CHANCE = 12, 5
WIDE = 100  # columns that a comparison needs for its p-values
STYLES = {"failed": BAD, "not measurable": BAD, "passed": GOOD}
_ORDER = ("failed", "not measurable", "passed")


def print_gate(result: GateResult, *, console: Console | None = None) -> None:
    """Print what became of a gate: conditions that failed with their slices, then the others in a line each."""
    console = console or Console(highlight=False)
    console.print(Text(headline(result), style=f"bold {STYLES[result.status]}"), soft_wrap=True)
    console.print(Text(visible(f"Run {result.run} of {result.dataset}"), style=QUIET), soft_wrap=True)
    for note in warnings(result):
        console.print(Text(visible(note), style="yellow"), soft_wrap=True)
    rows = result.rows.to_pylist()
    for condition in sorted(result.conditions, key=lambda condition: _ORDER.index(condition.status)):
        _print_condition(condition, [row for row in rows if row["condition"] == condition.condition], console)
    if slugs := worst_slices(rows):
        console.print()
        push = f"labelsift push PLATFORM PROJECT --slice {shlex.quote(slugs[0])}"
        console.print(Text(visible(f"Next: have people look at the worst: {push}")), soft_wrap=True)


def _print_condition(condition: ConditionResult, rows: Sequence[dict[str, Any]], console: Console) -> None:
    console.print()
    console.print(plain(condition.condition, 300), style="bold", soft_wrap=True)
    alone = rows if condition.status == "passed" else ()
    console.print(Text(visible(f"  {of_condition(condition, alone)}"), style=STYLES[condition.status]), soft_wrap=True)
    failed = [row for row in rows if row["status"] == "failed"]
    chance = [row for row in rows if row["status"] == "within chance"]
    shown = failed[:ROWS] + chance[:ROWS_WITHIN_CHANCE]
    if shown and not (alone and condition.status == "passed" and len(alone) == 1):
        wide = console.width >= WIDE or not condition.baseline
        console.print(Padding(_table(condition, shown, wide=wide), (0, 0, 0, 2)))
    more = [
        f"{len(part) - most:,} more {name}"
        for part, most, name in ((failed, ROWS, "failed"), (chance, ROWS_WITHIN_CHANCE, "within chance"))
        if len(part) > most
    ]
    if more:
        console.print(Text(f"  and {' and '.join(more)}: --json", style=QUIET))


def _table(condition: ConditionResult, rows: Sequence[dict[str, Any]], *, wide: bool) -> Table:
    judged = sum(count for status, count in condition.counts.items() if status not in ("too few", "not measurable"))
    together = f"Intervals hold for all {judged:,} slices together; p after Holm" if judged > 1 else ""
    table = new_table(caption=together)
    table.add_column(TITLES[0], overflow="fold", ratio=1)
    titles = list(TITLES[1:])
    if condition.baseline:
        titles[1:3] = ["value (change)", "95 % of change"]
    add_figures(table, *titles[: None if wide else -1])
    table.add_column("")
    for row in rows:
        cells = figures(row)
        numbers = (cells.n, cells.value, cells.interval, cells.required, *([cells.p_value] if wide else []))
        failed = row["status"] == "failed"
        mark = Text("failed" if failed else "chance", style=BAD if failed else QUIET)
        table.add_row(plain(cells.slice, 120), *numbers, mark)
    return table
