"""Alert of a gate that changed, for trackers: what changed, and which conditions did not pass."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from ..data.formatting import shortened, visible
from .gate_words import TITLES, figures
from .tracker_panels.figures import Table

NAMED = 5  # conditions, and slices of each, that an alert names
MOST = 1_000  # rows of the table
_JUDGED = ("failed", "within chance", "passed")


def change(before: str | None, status: str) -> str:
    """Say how a gate's status changed since it was last noted; empty where nobody needs to know.

    >>> change("passed", "failed"), change(None, "failed"), change("failed", "failed"), change(None, "passed")
    ('passed before, failed now', 'failed the first time', '', '')
    """
    if before is None:
        return "failed the first time" if status == "failed" else ""
    return f"{before} before, {status} now" if before != status else ""


def alert_text(result: Mapping[str, Any], *, headline: str, changed: str) -> str:
    """Write the text of an alert: what changed, and the conditions that did not pass, with their worst slices.

    It holds names of slices and no text of a sample.
    """
    lines = [f"{headline} ({changed})"]
    unmet = [condition for condition in result["conditions"] if condition["status"] != "passed"]
    for condition in unmet[:NAMED]:
        lines.append(f"- {harmless(condition['condition'], 200)}: {condition['status']}")
        rows = [row for row in result["rows"] if row["condition"] == condition["condition"]]
        failed = [row for row in rows if row["status"] == "failed"]
        for row in failed[:NAMED]:
            shown = figures(row)
            lines.append(
                f"  - {harmless(shown.slice)}: {shown.value} (interval {shown.interval}), n {shown.n}, "
                f"required {shown.required}"
            )
        if len(failed) > NAMED:
            lines.append(f"  - and {len(failed) - NAMED:,} more slices")
        if condition["status"] == "not measurable" and condition["words"]:
            lines.append(f"  - {harmless(condition['words'], 200)}")
    if len(unmet) > NAMED:
        lines.append(f"- and {len(unmet) - NAMED:,} more conditions")
    return "\n".join([*lines, f"Run {result['run']} of {harmless(result['dataset'])}"])


def judged_table(result: Mapping[str, Any]) -> Table:
    """Return what was judged: a condition and slice a row, what failed first."""
    rows = []
    for row in result["rows"]:
        if row["status"] in _JUDGED:
            shown = figures(row)
            numbers = (row["n"], row["value"], shown.interval, shown.required, shown.p_value)
            rows.append([row["condition"], row["status"], row["slice"], *numbers])
    return Table(("condition", "status", *TITLES), rows[:MOST])


def harmless(name: str, length: int = 80) -> str:
    """Show a name out of the data so that it is no link, mention or markup where an alert is read."""
    return re.sub(r"<(?=[!@#/a-zA-Z])|[`\[\]|]", " ", shortened(visible(name), length))
