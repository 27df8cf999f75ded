"""Charts of label quality and confusion as SVG.

MLflow's page shows SVG as an image, where no script can run, and it needs no plotting package.
"""

from __future__ import annotations

from collections.abc import Iterable
from html import escape

from labelsift.data.formatting import shortened
from labelsift.render.tracker_panels.figures import Histogram, Matrix

_FONT = "font-family='system-ui,sans-serif'"
_INK, _MUTED, _BAD, _GOOD = "#1f2328", "#656d76", "#c0392b", "#4a78b5"
_CELL = 34
_NAME = 28


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
