"""Shell completion of platforms, runs and columns; commands and options are click's own."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from pathlib import Path

import click

from .. import platforms
from ..errors import LabelsiftError
from ..io.dialect import Form
from ..io.files import head
from ..store.base import LATEST
from ..store.run_notes import annotated
from ..store.store import Store
from .options import parted
from .settings import FORMS, Settings, nearest

COLUMNS = ("text", *FORMS, "id", "split", "predicted", "meta", "source")


def complete(command: click.Command) -> click.Command:
    """Let the options and arguments of a command complete what their names stand for."""
    for option in command.params:
        if (values := _VALUES.get(option.name or "")) and type(option.type) is not click.Choice:
            option._custom_shell_complete = _completed(values)
    return command


def _completed(
    values: Callable[[click.Context], Iterable[str]],
) -> Callable[[click.Context, click.Parameter, str], list[str]]:
    def shell_complete(context: click.Context, option: click.Parameter, incomplete: str) -> list[str]:
        named, comma, last = incomplete.rpartition(",") if option.name in COLUMNS else ("", "", incomplete)
        try:
            return [f"{named}{comma}{value}" for value in values(context) if value.startswith(last)]
        except (LabelsiftError, OSError):  # a shell is no place for a message
            return []

    return shell_complete


def _runs(context: click.Context) -> list[str]:
    chosen, usual = context.params.get("store"), nearest(Path.cwd()).values.get("store", Settings.store)
    kept = Store(usual if chosen in (None, Settings.store) else chosen)
    tags = {f"tag:{tag}" for notes in annotated(kept.ledger.records()).values() for tag in notes.tags}
    return [LATEST, *(info.run for info in kept.runs()), *sorted(tags)]


def _columns(context: click.Context) -> list[str]:
    said = context.params
    # Before an option whose value is missing, click leaves the arguments where they are.
    file = said.get("file") or said.get("pool") or next(iter(context.args), None)
    columns = tuple(parted(said.get("columns")))
    form = Form(said.get("format"), said.get("encoding") or "utf-8", said.get("delimiter"), said.get("quotes"), columns)
    return head(file, form, 1).column_names if file else []


_VALUES: dict[str, Callable[[click.Context], Iterable[str]]] = {
    **dict.fromkeys(("platform", "tracker", "push"), lambda _: platforms.names()),
    **dict.fromkeys(("run", "runs", "old", "new", "parent"), _runs),
    **dict.fromkeys(COLUMNS, _columns),
}
