"""The command ``labelsift checks``: every check with its group, what it flags, and its settings with their defaults."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import MISSING, fields
from typing import Any

import click
from rich.console import Console
from rich.text import Text

from ..checks import checks as registered
from ..data.issues import issue_named
from .options import json_option
from .output import write_json
from .terminal import QUIET, new_table


@click.command()
@json_option
def checks(as_json: bool) -> None:
    """Name the checks that a scan can run, their groups and settings (a table [checks.NAME] in labelsift.toml)."""
    rows = list(_rows())
    if as_json:
        write_json(rows)
        return
    table = new_table()
    for title in ("check", "group", "flags", "settings"):
        table.add_column(title, overflow="fold")
    for row in rows:
        settings = "\n".join(f"{name} = {value}" for name, value in row["settings"].items())
        table.add_row(row["check"], row["group"], row["meaning"], Text(settings, QUIET))
    Console(highlight=False).print(table)


def _rows() -> Iterator[dict[str, Any]]:
    """Yield a row for each issue that a check makes, in the order in which issues are shown."""
    leading = {check.issue: check for check in reversed(registered()) if check.name == check.issue}
    for issue in sorted(leading, key=lambda name: (issue_named(name).rank, name)):
        check = leading[issue]
        yield {
            "check": issue,
            "group": check.group,
            "meaning": issue_named(issue).meaning,
            "tasks": sorted(check.tasks),
            "settings": {item.name: _default(item) for item in fields(check.settings)} if check.settings else {},
        }


def _default(item: Any) -> Any:  # noqa: ANN401 - a dataclass' field, and a value of any type
    value = item.default_factory() if item.default_factory is not MISSING else item.default
    return list(value) if isinstance(value, tuple) else value
