"""Slices on a terminal: tables of their metric, and weak slices as sentences with what to paste."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from typing import Any

import click
from rich.console import Console
from rich.padding import Padding
from rich.text import Text

from ..data.formatting import visible
from ..metrics.metric_names import METRICS
from ..metrics.slice_metrics import FEWEST
from .terminal import BAD, GOOD, QUIET, clean, new_table

SHOWN = 40
_TOLD_BY_SLUG = re.compile(r":q\d(__|$)|-[0-9a-f]{8}$")  # quarters and hashes: the slug does not say what holds
Row = Mapping[str, Any]


def print_slices(rows: Sequence[Row], about: Row) -> None:
    """Print slices, worst first, below whose predictions are judged and on which rows."""
    console = Console(highlight=False)
    console.print(Text(visible(whose(about))))
    if not rows:
        console.print(Text("There is no slice: scan with --meta, or name some in labelsift.toml."))
        return
    table = new_table()
    table.add_column("slice", overflow="fold")
    for title in ("counted", METRICS[about["metric"]].title.lower(), "against all others"):
        table.add_column(title, justify="right", no_wrap=True)
    good = METRICS[about["metric"]].high_is_good
    for row in rows[:SHOWN]:
        table.add_row(_slice(row), f"{row['counted']:,}", _value(row, about), _difference(row, about, good=good))
    console.print(table)
    if len(rows) > SHOWN:
        console.print(Text(f"and {len(rows) - SHOWN:,} more (--json shows all)", style=QUIET))
    compared = sum(row["difference_low"] is not None for row in rows)
    words = f"The intervals of all {compared:,} differences hold together (95 %). ▲ higher, ▼ lower beyond chance."
    console.print(Text(words, style=QUIET))


def print_weak(rows: Sequence[Row], about: Row) -> None:
    """Print weak slices, worst first, each with a line for ``labelsift.toml``."""
    console = Console(highlight=False)
    console.print(Text(visible(whose(about))))
    if not rows:
        console.print(Text("No slice was found that is weak beyond chance."))
        return
    console.print(Text("Found in one half of the rows, measured in the other:", style=QUIET))
    good = METRICS[about["metric"]].high_is_good
    for number, row in enumerate(rows, start=1):
        console.print(Text(f"{number}. ").append(clean(row["predicate"], 400), style="bold").append(_more(row)))
        figures = f"{_value(row, about)} of {row['measured']:,} measured; all others {_number(row['rest'], about)}; "
        difference = _difference(row, about, good=good).plain.strip()
        console.print(Padding(Text(f"{figures}difference {difference}"), (0, 0, 0, 3)))
        for name in ("follows", "same_rows"):
            if row[name]:
                words = row[name] if name == "follows" else f"nearly the same rows: {row[name]}"
                console.print(Padding(Text(clean(words, 400), style=QUIET), (0, 0, 0, 3)))
    click.echo("\n# To keep an eye on them, in labelsift.toml:\n[slices]")
    for row in rows:
        click.echo(visible(row["toml"]))


def whose(about: Row) -> str:
    """Say which metric of whose predictions is shown, on which rows, and what it is of all of them."""
    metric = METRICS[about["metric"]].title + (f" of the class {about['class']}" if about["class"] else "")
    owner = {
        "predicted column": " of your model (predicted column)",
        "user's probabilities": " of your model (its probabilities)",
        "proxy model": " of the built-in model, a proxy for yours",
    }.get(about["metric_of"], "")
    overall = about["overall"]
    if overall["value"] is None:
        return f"{metric}{owner}, {about['counted']}."
    return f"{metric}{owner}, {about['counted']}: {_value(overall, about)} overall."


def _more(row: Row) -> str:
    return f"  {row['n']:,} {'sample' if row['n'] == 1 else 'samples'}"


def _slice(row: Row) -> Text:
    slug, predicate = str(row["slug"]), str(row["predicate"])
    text = Text(clean(slug, 200))
    named = slug.startswith("slice:")
    if named or _TOLD_BY_SLUG.search(slug):
        text.append(f"\n{clean(predicate, 200)}", style=QUIET)
    if row["note"] == "follows from the label":
        text.append(f"\n{row['note']}", style=QUIET)
    return text


def _value(row: Row, about: Row) -> str:
    if row["value"] is None:
        return f"too few (under {FEWEST})" if row.get("note") == "too few" else "–"
    value = _number(row["value"], about)
    return value if row["low"] is None else f"{value} ({_bare(row['low'], about)} to {_bare(row['high'], about)})"


def _difference(row: Row, about: Row, *, good: bool) -> Text:
    low, high = row["difference_low"], row["difference_high"]
    if row["difference"] is None or low is None:
        return Text("–" if row["value"] is not None else "")
    words = f"{_signed(row['difference'], about)} ({_signed(low, about)} to {_signed(high, about)})"
    if low <= 0 <= high:
        return Text(f"{words}  ")
    return Text(f"{words} {'▲' if low > 0 else '▼'}", style=GOOD if (low > 0) == good else BAD)


def _percent(about: Row) -> bool:
    return about["metric"] not in ("f1", "micro_f1", "weighted_f1", "precision", "recall", "calibration_gap")


def _number(value: float | None, about: Row) -> str:
    if value is None or math.isnan(value):
        return "–"
    return f"{100 * value:.1f} %" if _percent(about) else f"{value:.3f}"


def _bare(value: float, about: Row) -> str:
    return f"{100 * value:.1f}" if _percent(about) else f"{value:.3f}"


def _signed(value: float, about: Row) -> str:
    return f"{100 * value:+.1f}" if _percent(about) else f"{value:+.3f}"
