"""Markdown of a gate for a pull request: a headline, what failed, what chance may explain, and the rest folded.

Names out of the data stand in ``<code>`` with their punctuation as character references: so they are no table, link,
mention or HTML, whatever they hold, in every dialect.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ..data.formatting import shortened, visible
from ..metrics.gates.results import GateResult
from .gate_words import TITLES, figures, headline, of_condition, warnings

LONGEST = 80  # characters of a name
# Rows that are shown by status: a comment on GitHub takes 65,536 characters.
MOST = {"failed": 30, "not measurable": 10, "within chance": 15, "passed": 25, "too few": 10}
_TITLES = {"failed": "Failed", "not measurable": "Not measurable", "within chance": "Within chance"}
_FOLDED = {"passed": "passed", "too few": "with too few samples"}
_PLAIN, _PLAIN_IN_PROSE = " ,=-", " ,=-;()+"


def gate_markdown(result: GateResult) -> str:
    """Write a gate as Markdown; it holds no text of samples."""
    lines = [f"### {headline(result)}", ""]
    for note in warnings(result):
        lines += [f"> **Note:** {_escaped(note)}", ""]
    rows = result.rows.to_pylist()
    by_status = {status: [row for row in rows if row["status"] == status] for status in MOST}
    for status, title in _TITLES.items():
        if by_status[status]:
            lines += [f"**{title}**", "", *_table(by_status[status], MOST[status]), ""]
    lines += ["**Conditions**", ""]
    of = {
        condition.condition: [row for row in rows if row["condition"] == condition.condition]
        for condition in result.conditions
    }
    lines += [
        f"- {code(condition.condition, 200)}: {_escaped(of_condition(condition, of[condition.condition]))}"
        for condition in result.conditions
    ]
    lines.append("")
    for status, title in _FOLDED.items():
        if shown := by_status[status]:
            count = f"{len(shown):,} slice{'s' if len(shown) != 1 else ''}"
            lines += ["<details>", f"<summary>{count} {title}</summary>", "", *_table(shown, MOST[status])]
            lines += ["", "</details>", ""]
    lines += [f"Run {code(result.run)} of {code(result.dataset)}. {_INTERVALS}", ""]
    return "\n".join(lines)


_INTERVALS = "The intervals of a condition hold for all of its slices together; p after Holm."


def _table(rows: Sequence[dict[str, Any]], most: int) -> list[str]:
    lines = [f"| condition | {' | '.join(TITLES)} |", "|---|---|---:|---:|---:|---:|---:|"]
    for row in rows[:most]:
        shown = figures(row)
        numbers = (shown.n, shown.value, shown.interval, shown.required, shown.p_value)
        cells = [code(row["condition"], 200), code(shown.slice), *map(_escaped, numbers)]
        lines.append(f"| {' | '.join(cells)} |")
    if len(rows) > most:
        lines += ["", f"and {len(rows) - most:,} more: `labelsift gate --json`"]
    return lines


def code(text: str, length: int = LONGEST) -> str:
    """Write a name so that nothing in it acts.

    >>> code("a|b"), code("x.")
    ('<code>a&#124;b</code>', '<code>x&#46;</code>')
    """
    return f"<code>{_escaped(shortened(text, length), plain=_PLAIN)}</code>"


def _escaped(text: str, *, plain: str = _PLAIN_IN_PROSE) -> str:
    """Write punctuation as character references, but where it is harmless, as within numbers."""
    shown = visible(text)
    signs = (
        sign
        if sign.isalnum() or ord(sign) > 127 or sign in plain or (sign == "." and _in_number(shown, place))
        else f"&#{ord(sign)};"
        for place, sign in enumerate(shown)
    )
    return "".join(signs)


def _in_number(text: str, place: int) -> bool:
    return text[max(place - 1, 0) : place].isdigit() and text[place + 1 : place + 2].isdigit()
