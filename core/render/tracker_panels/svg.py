"""Figures for trackers as SVG: label quality, given against suggested labels, and slices with their intervals.

A page shows SVG as an image, where no script can run, and it needs no plotting package.
"""

from __future__ import annotations

from collections.abc import Iterable
from html import escape
from typing import Any

from ...data.formatting import percent, shortened
from .figures import Histogram, Matrix, Table
from .slices import DECLARED

_FONT = "font-family='system-ui,sans-serif'"
_INK, _MUTED, _BAD, _GOOD = "#1f2328", "#656d76", "#c0392b", "#4a78b5"
_CELL = 34
_NAME = 28
_SHARES = "Share of the judged labels that is flagged, with its 95 % interval"
_WORSE = "; red: worse than the rest by more than chance"
_SHOWN, _NAMED = 40, 46  # slices in a figure, characters of their names


def histogram_svg(quality: Histogram, *, title: str) -> str:
    """Draw the histogram of label quality, the flagged labels in red."""
    width, height, left, top = 760, 340, 60, 70
    most = max([*quality.counts, 1])
    step = (width - left - 20) / len(quality.counts)
    plot = height - top - 60
    parts = [_text(left, 28, title, size=17, weight=600)]
    parts.append(_text(left, 50, "Label quality score: 0 = certainly wrong, 1 = certainly right", color=_MUTED))
    for bar, (count, flagged) in enumerate(zip(quality.counts, quality.flagged, strict=True)):
        x, base = left + bar * step, top + plot
        for part, color, below in ((flagged, _BAD, 0), (count - flagged, _GOOD, flagged)):
            tall, y = plot * part / most, base - plot * (part + below) / most
            parts.append(
                f"<rect x='{x + 1:.1f}' y='{y:.1f}' width='{step - 2:.1f}' height='{tall:.1f}' fill='{color}'/>"
            )
        if count:
            y = base - plot * count / most - 4
            parts.append(_text(x + step / 2, y, f"{count:,}", size=10, anchor="middle", color=_MUTED))
    for edge in range(0, len(quality.edges), 4):
        parts.append(
            _text(left + edge * step, top + plot + 18, f"{quality.edges[edge]:.1f}", anchor="middle", color=_MUTED)
        )
    parts.append(f"<line x1='{left}' x2='{width - 20}' y1='{top + plot}' y2='{top + plot}' stroke='{_MUTED}'/>")
    judged = f"{sum(quality.counts):,} judged labels; red: the {sum(quality.flagged):,} that are flagged"
    parts.append(_text(left, height - 14, judged, color=_MUTED))
    return _svg(width, height, parts)


def matrix_svg(confusion: Matrix, *, title: str) -> str:
    """Draw given against suggested labels of the flagged samples; dark cells are the usual mix-ups."""
    names = [shortened(label, _NAME) for label in confusion.labels]
    side = len(names) * _CELL
    left, top = 40 + 7 * max([*map(len, names), 10]), 100 + 6 * max([*map(len, names), 10])
    most = max([count for row in confusion.counts for count in row] + [1])
    parts = [_text(20, 28, title, size=17, weight=600)]
    parts.append(_text(20, 50, "Rows: the label given. Columns: the label that the text looks like.", color=_MUTED))
    for at, name in enumerate(names):
        middle = at * _CELL + _CELL / 2
        parts.append(_text(left - 8, top + middle + 4, name, anchor="end"))
        x, y = left + middle + 4, top - 8
        turn = f"transform='rotate(-45 {x:.0f} {y:.0f})'"
        parts.append(f"<text x='{x:.0f}' y='{y:.0f}' {turn} font-size='12' {_FONT} fill='{_INK}'>{escape(name)}</text>")
    for row, counts in enumerate(confusion.counts):
        for column, count in enumerate(counts):
            parts += _cell(left + column * _CELL, top + row * _CELL, count, most)
    extent = max(left + side + 140, 620)
    if not names:
        parts.append(_text(20, 90, "No label is flagged.", color=_MUTED))
    return _svg(extent, top + side + 30, parts)


def rates_svg(slices: Table, *, title: str) -> str:
    """Draw the share of flagged labels a slice or class with its 95 % interval, the first forty of the table.

    Red are those that the table calls worse than the rest, as chance does not explain it.
    """
    places = {name: slices.columns.index(f"label_issue_rate{name}") for name in ("", "_low", "_high")}
    size = slices.columns.index("judged")
    worse = slices.columns.index("worse_in") if "worse_in" in slices.columns else None
    rows = [row for row in slices.rows if row[places[""]] is not None][:_SHOWN]
    left, wide, top = 330, 420, 84
    scale = wide / max([row[places["_high"]] for row in rows] + [0.01])
    parts = [_text(20, 28, title, size=17, weight=600)]
    parts.append(_text(20, 50, _SHARES + (_WORSE if worse is not None else ""), color=_MUTED))
    for number, row in enumerate(rows):
        y = top + number * 20
        value, low, high = (row[places[end]] for end in ("", "_low", "_high"))
        parts.append(_text(left - 8, y + 4, shortened(_name(slices, row), _NAMED), anchor="end"))
        color = _BAD if worse is not None and "label_issue_rate" in row[worse] else _GOOD
        parts.append(f"<rect x='{left}' y='{y - 7}' width='{value * scale:.1f}' height='14' fill='{color}'/>")
        ends = f"x1='{left + low * scale:.1f}' x2='{left + high * scale:.1f}' y1='{y}' y2='{y}'"
        parts.append(f"<line {ends} stroke='{_INK}' stroke-width='2'/>")
        parts.append(_text(left + high * scale + 8, y + 4, f"{percent(value)} of {row[size]:,}", color=_MUTED))
    if not rows:
        parts.append(_text(20, 80, "Nothing here has ten judged labels.", color=_MUTED))
    return _svg(left + wide + 130, top + max(len(rows), 1) * 20 + 10, parts)


def _name(slices: Table, row: list[Any]) -> str:
    """Return what a slice is called: a declared one by its own name, so that it is no second one of its column."""
    cells = dict(zip(slices.columns, row, strict=True))
    own = cells["slug"] if cells.get("kind") == DECLARED else ""
    return str(own or cells.get("predicate") or cells["label"])


def _cell(x: float, y: float, count: int, most: int) -> Iterable[str]:
    shade = 0.12 + 0.88 * count / most if count else 0
    size = _CELL - 2
    yield (
        f"<rect x='{x + 1}' y='{y + 1}' width='{size}' height='{size}' rx='3' fill='{_BAD}' fill-opacity='{shade:.2f}' "
        f"stroke='#d8dee4'/>"
    )
    if count:
        color = "#ffffff" if shade > 0.55 else _INK
        yield _text(x + _CELL / 2, y + _CELL / 2 + 4, f"{count:,}", anchor="middle", color=color)


def _text(
    x: float, y: float, text: str, *, size: int = 12, anchor: str = "start", color: str = _INK, weight: int = 400
) -> str:
    return (
        f"<text x='{x:.0f}' y='{y:.0f}' font-size='{size}' font-weight='{weight}' text-anchor='{anchor}' "
        f"{_FONT} fill='{color}'>{escape(text)}</text>"
    )


def _svg(width: float, height: float, parts: Iterable[str]) -> str:
    return (
        f"<svg xmlns='http://www.w3.org/2000/svg' width='{width:.0f}' height='{height:.0f}' "
        f"viewBox='0 0 {width:.0f} {height:.0f}'><rect width='100%' height='100%' fill='#ffffff'/>"
        f"{''.join(parts)}</svg>\n"
    )
