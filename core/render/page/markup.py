"""HTML out of plain values: an element's text and attributes are always escaped, as in ``dom.js``."""

from __future__ import annotations

import html
from collections.abc import Iterable, Sequence

from ...data.formatting import visible


class Safe(str):
    """Markup that :func:`el` made; any other text is escaped."""

    __slots__ = ()


Content = str | None | Iterable["Content"]


def el(tag: str, *children: Content, **attributes: str | None) -> Safe:
    """Return an element.

    Parameters
    ----------
    children
        Elements, texts, None, or lists of these.
    attributes
        By their names, a ``_`` behind what Python reserves; those that are None are left out.

    >>> el("p", "a < b", el("b", '"c"'), class_="x")
    '<p class="x">a &lt; b<b>&quot;c&quot;</b></p>'
    """
    given = "".join(
        f' {name.rstrip("_").replace("_", "-")}="{html.escape(visible(value))}"'
        for name, value in attributes.items()
        if value is not None
    )
    return Safe(f"<{tag}{given}>{joined(children)}</{tag}>")


def joined(children: Iterable[Content]) -> Safe:
    """Return elements and escaped texts one behind the other."""
    return Safe("".join(map(_markup, children)))


def name(text: str | None, *, blank: str = "unlabeled", class_: str | None = None) -> Safe:
    """Return a label, id or value in its own writing direction; ``blank`` where there is none."""
    return el("span", blank, class_="quiet") if text is None else el("bdi", text, class_=class_)


def table(caption: str, head: Sequence[str], rows: Iterable[Sequence[Content]], *, numbers: Sequence[int] = ()) -> Safe:
    """Return a table that scrolls within the page; ``numbers`` are the columns that stand on the right."""
    sides = ["num" if at in numbers else None for at in range(len(head))]
    titles = el("tr", (el("th", title, scope="col", class_=side) for title, side in zip(head, sides, strict=True)))
    body = (el("tr", (el("td", cell, class_=side) for cell, side in zip(row, sides, strict=True))) for row in rows)
    made = el("table", el("caption", caption, class_="unseen"), el("thead", titles), el("tbody", body))
    return el("div", made, class_="scroll", tabindex="0", role="region", aria_label=caption)


def _markup(child: Content) -> str:
    if child is None:
        return ""
    if isinstance(child, Safe):
        return child
    return html.escape(visible(child)) if isinstance(child, str) else joined(child)
