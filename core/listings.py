"""Short tables on a terminal: similar samples, kept runs, the receipt of a push."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from rich import box
from rich.console import Console
from rich.table import Table
from rich.text import Text

from .platforms import Receipt
from .store import RunInfo
from .wording import shortened, visible

SHOWN = 200  # characters of a text
FAILED = 5  # failed samples that are named


def print_similar(rows: Iterable[Mapping[str, Any]], *, console: Console | None = None) -> None:
    """Print similar samples, most similar first."""
    table = _table("similarity", "id", "label", "text")
    for row in rows:
        table.add_row(f"{row['similarity']:.3f}", _text(row["id"]), _text(row.get("label")), _text(row["text"]))
    (console or Console(highlight=False)).print(table)


def print_runs(runs: Sequence[RunInfo], *, console: Console | None = None) -> None:
    """Print the runs of a store, newest first."""
    table = _table("run", "data set", "when (UTC)", "rows", "label issues", "fingerprint")
    for one in runs:
        when = f"{one.created:%Y-%m-%d %H:%M}"
        figures = (f"{one.rows:,}", f"{one.label_issues:,}", one.fingerprint[:12])
        table.add_row(one.run, _text(one.dataset), when, *figures)
    (console or Console(highlight=False)).print(table)


def print_receipt(receipt: Receipt, *, console: Console | None = None) -> None:
    """Print what a push or a log did, and what to open."""
    console = console or Console(highlight=False)
    counts = f"{receipt.created:,} created, {receipt.updated:,} updated, {receipt.unchanged:,} unchanged"
    plan = "Plan, nothing was sent: " if receipt.dry_run else ""
    console.print(Text(f"{plan}{receipt.platform} {visible(receipt.target)}: {counts}"), soft_wrap=True)
    for name, value in receipt.details.items():
        console.print(Text(f"  {name.replace('_', ' ')}: {visible(str(value))}", style="dim"), soft_wrap=True)
    for name, address in receipt.links.items():
        console.print(Text(f"  {name}: {address}", style="cyan"), soft_wrap=True)
    for sample, reason in list(receipt.failed.items())[:FAILED]:
        console.print(Text(f"  failed: {visible(sample)}: {visible(reason)}", style="red"))
    if len(receipt.failed) > FAILED:
        console.print(Text(f"  and {len(receipt.failed) - FAILED:,} more failed", style="red"))


def _table(*columns: str) -> Table:
    table = Table(box=box.SIMPLE_HEAD, show_edge=False, pad_edge=False, header_style="dim")
    for column in columns:
        right = column in ("rows", "label issues", "similarity")
        table.add_column(column, justify="right" if right else "left", no_wrap=column == "run")
    return table


def _text(value: object) -> Text:
    """Show hostile text as what it is: no markup, no control characters."""
    return Text(shortened(visible(str("" if value is None else value)[: SHOWN + 1]), SHOWN))
