"""Cells, tables and styles of the terminal output; hostile text stays plain text."""

from __future__ import annotations

from rich import box
from rich.table import Table
from rich.text import Text

from ..data.formatting import percent, shortened, visible

BAD, GOOD, QUIET = "red", "green", "dim"


def clean(text: str, length: int) -> str:
    """Shorten first, so that a text of megabytes costs nothing, then show what could act on a terminal."""
    return shortened(visible(text[: length + 1]), length)


def plain(value: object, length: int = 200) -> Text:
    """Show a value as what it is: no markup, no control characters; nothing for None.

    Parameters
    ----------
    length
        Characters; the rest is cut off.
    """
    return Text(clean(str("" if value is None else value), length))


def percentage(part: float, whole: float = 1.0) -> str:
    """Return a percentage with a plain space, which every terminal has."""
    return percent(part, whole).replace("\u00a0", " ")


def new_table(title: str = "", *, caption: str = "") -> Table:
    """Return an empty table without a frame."""
    return Table(
        title=Text(title, style="bold underline") if title else None,
        title_justify="left",
        caption=Text(caption, style=QUIET) if caption else None,
        caption_justify="left",
        box=box.SIMPLE_HEAD,
        show_edge=False,
        pad_edge=False,
        header_style=QUIET,
    )


def add_figures(table: Table, *titles: str) -> None:
    """Add columns of figures to a table, which stand on the right."""
    for title in titles:
        table.add_column(title, justify="right", no_wrap=True)
