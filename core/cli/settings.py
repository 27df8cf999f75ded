"""Settings file ``labelsift.toml``: the defaults of every command, from the nearest folder upwards that has one.

A field of :class:`Settings` is a key of the file, and the default of the option of its name in every command that has
one; a field whose type is a dataclass is a table. Tables of platforms hold what their ``settings`` name, tables
``[checks.NAME]`` what :mod:`labelsift.checks.settings` knows, and ``[slices]`` is of
:mod:`labelsift.search.named_slices`.
"""

from __future__ import annotations

import csv
import io
import os
import re
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, fields, is_dataclass
from difflib import get_close_matches
from pathlib import Path
from typing import Any, get_args, get_type_hints
from urllib.parse import urlsplit

import click
from rich.console import Console

from .. import platforms
from ..data.formatting import listed
from ..errors import InputError
from ..io.project_url import project_of
from ..io.secret_variables import variable_of
from .options import ReadOptions, RunRef, json_option
from .output import write_json
from .terminal import new_table, plain

NAME, PROJECT_FILE = "labelsift.toml", "pyproject.toml"
LISTS = ("labels", "annotators", "columns", "missing", "meta")  # names parted by commas, or a list of names
LINES = ("gates",)  # lists of lines, which stay as they are
CHECKS = "checks"  # the table whose tables are settings of checks
SLICES = "slices"  # the table of named slices
PATHS = ("store", "file")  # start from the folder of the settings file
# What the command line names of one kind replaces all that the file says of it.
FORMS = ("label", "labels", "spans", "annotations", "annotators", "annotator", "tokens")
KINDS = (FORMS, ("text", "no_text"))
POOL = (*FORMS, "split", "meta")  # a pool of unlabeled samples mostly lacks these
NO_SECRETS = "Take it out: keys and passwords come from the platform's own variables, or from a file (…_FILE)"
OTHERWISE = "or pass over it: labelsift --no-settings …"
_SECRET = re.compile(r"key|token|passw|secret|credential", re.IGNORECASE)
_TYPES = {
    bool: "true or false",
    int: "a whole number",
    str: "a text",
    list: "a text or a list of texts",
    dict: "a table",
}


@dataclass(frozen=True)
class Settings(ReadOptions):
    """What a settings file can say to all commands."""

    store: str = RunRef.store
    embedder: str | None = None  # of the command: a scan's is wordllama, a pool's that of the latest run
    device: str | None = None
    gates: Sequence[str] = ()  # the conditions of ``labelsift gate``


@dataclass(frozen=True)
class SettingsFile:
    """What a settings file says by the fields of :class:`Settings`, as on the command line, and in its tables."""

    path: Path | None = None
    values: Mapping[str, Any] = field(default_factory=dict)
    tables: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    checks: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)  # as they stand: a scan validates them
    slices: Mapping[str, Any] | None = None  # None where there is no such table

    def set_variables(self) -> None:
        """Set the variables that the tables of platforms stand for; those of the environment stay as they are."""
        for name, table in self.tables.items():
            for key, variable in platforms.get(name).settings.items():
                if key in table and variable and not variable_of(variable):
                    os.environ[variable] = table[key]

    def default(self, key: str, context: click.Context) -> Any:  # noqa: ANN401 - of any option
        """Return the default of a command's option; None where the file says nothing, or the command line otherwise."""
        said = context.params
        if key in ("project", "target"):
            name = next(filter(None, map(said.get, ("platform", "tracker", "push"))), "")
            table, settings = self.tables.get(name, {}), platforms.get(name).settings if name in self.tables else {}
            if context.info_name == "doctor" and table and "examine" not in platforms.get(name).capabilities:
                return None
            return next((table[key] for key in table if not settings[key]), None)
        in_project = key in FORMS and project_of(said.get("file"))  # which says itself where labels stand
        if in_project or (context.info_name == "index" and key in POOL):
            return None
        given = click.core.ParameterSource.COMMANDLINE  # named options are parsed before the others
        others = (name for kind in KINDS if key in kind for name in kind)
        return None if any(context.get_parameter_source(name) == given for name in others) else self.values.get(key)


class Defaults(dict[str, Any]):
    """The ``default_map`` of click: what the settings file of the call says where an option is not given."""

    def __contains__(self, key: object) -> bool:
        return self.get(str(key)) is not None

    def __getitem__(self, key: str) -> Any:  # noqa: ANN401 - of any option
        return self.get(key)

    def get(self, key: str, default: Any = None) -> Any:  # noqa: ANN401 - of any option
        """Return the default of an option of the command that is being parsed."""
        context = click.get_current_context(silent=True)
        file = context.find_root().obj if context else None
        value = file.default(key, context) if file and context else None
        return default if value is None else value


def nearest(folder: Path) -> SettingsFile:
    """Read the settings of a folder, or of the nearest one above that has some.

    Raises
    ------
    InputError
        For a file that is no TOML or somebody else's, keys that there are not, values of another type, and secrets.
    """
    for path in (place / name for place in (folder, *folder.parents) for name in (NAME, PROJECT_FILE)):
        if not path.is_file():
            continue
        try:
            content = path.read_text(encoding="utf-8")
            table = tomllib.loads(content) if path.name == NAME or "labelsift" in content else {}
        except (OSError, ValueError) as error:
            raise InputError(f"{path} cannot be read ({error})", hint=f"Mend it, {OTHERWISE}") from None
        if path.name == PROJECT_FILE:
            table = table.get("tool", {}).get("labelsift")
        if table is not None:
            return _read(path, table, folder)
    return SettingsFile()


def _read(path: Path, table: dict[str, Any], folder: Path) -> SettingsFile:
    if path.parent != folder and path.stat().st_uid not in (os.getuid(), 0):  # an address says where keys are sent
        raise InputError(f"{path} is somebody else's", hint=f"Copy it here, {OTHERWISE}")
    installed = [name for name in platforms.names() if name in table]
    own = {key.replace("-", "_"): value for key, value in table.items() if key not in (*installed, CHECKS, SLICES)}
    _check_table(own, Settings, str(path), also=[*platforms.names(), CHECKS, SLICES])
    of_checks = table.get(CHECKS, {})
    _check(of_checks, dict, f"{CHECKS} in {path}")
    for name, values in of_checks.items():
        _check(values, dict, f"{CHECKS}.{name} in {path}")
    for name in installed:
        _check(table[name], dict, f"{name} in {path}")
        for key, value in table[name].items():
            _require_known(key, list(platforms.get(name).settings), f"[{name}] in {path}")
            _check(value, str, f"{key} of [{name}] in {path}")
            if has_password(value):
                raise InputError(f"{key} of [{name}] in {path} holds a password", hint=NO_SECRETS)

    def written(table: Mapping[str, Any]) -> dict[str, Any]:
        return {key: _as_option(key, value, path, folder) for key, value in table.items()}

    of_platforms = {name: written(table[name]) for name in installed}
    return SettingsFile(path, written(own), of_platforms, of_checks, _slices(table, path))


def _slices(table: Mapping[str, Any], path: Path) -> Mapping[str, Any] | None:
    """Return the definitions of named slices, which are validated: a command must not fail over them in the end."""
    if SLICES not in table:
        return None
    from ..search.named_slices import named_slices  # loads the search: only where there are some

    _check(table[SLICES], dict, f"{SLICES} in {path}")
    try:
        return {name: named.plain for name, named in named_slices(table[SLICES]).items()}
    except InputError as error:
        hint = f"{error.hint}, {OTHERWISE}"
        raise InputError(f"[{SLICES}] in {path}: {error.what}", ids=error.ids, hint=hint) from None


def _check_table(table: Mapping[str, Any], kind: type[Any], where: str, *, also: Sequence[str] = ()) -> None:
    """Refuse keys that are no fields of a dataclass, and values of another type."""
    types = get_type_hints(kind, localns={"Sequence": Sequence})
    for key, value in table.items():
        _require_known(key, [*(item.name for item in fields(kind)), *also], where)
        wanted = next((part for part in get_args(types[key]) if part in _TYPES), types[key])
        if isinstance(wanted, type) and is_dataclass(wanted):
            _check(value, dict, f"{key} in {where}")
            _check_table(value, wanted, f"[{key}] in {where}")
        elif not (key in LISTS and isinstance(value, str)):
            _check(value, list if key in (*LISTS, *LINES) else wanted, f"{key} in {where}")


def _check(value: Any, wanted: type[Any], where: str) -> None:  # noqa: ANN401 - of any type
    if type(value) is not wanted or (wanted is list and not all(isinstance(name, str) for name in value)):
        raise InputError(f"{where} is {value!r}", hint=f"Write {_TYPES[wanted]}")


def _require_known(key: str, known: Sequence[str], where: str) -> None:
    if key not in known and _SECRET.search(key):
        raise InputError(f"{where} holds {key}, and a settings file holds no secrets", hint=NO_SECRETS)
    if key not in known:
        near = get_close_matches(key, known, n=1)
        hint = f"The nearest is {near[0]}" if near else f"There are {listed(known)}"
        raise InputError(f"{where} holds {key}, which labelsift does not know", hint=hint)


def _as_option(key: str, value: Any, path: Path, folder: Path) -> Any:  # noqa: ANN401 - of any option
    """Return a value as it would stand on the command line."""
    if key in PATHS and "://" not in value and not os.path.isabs(value):
        return os.path.relpath(path.parent / value, folder)
    if isinstance(value, list) and key not in LINES:
        line = io.StringIO()
        csv.writer(line, lineterminator="").writerow(value)
        value = line.getvalue()
    return [value] if key == "meta" else value  # an option that is repeated


def has_password(address: str) -> bool:
    """Tell whether an address holds a user name, a password or a key.

    >>> has_password("https://me:secret@tracker.example"), has_password("http://localhost:5000")
    (True, False)
    """
    parts = urlsplit(address)
    return "@" in parts.netloc or bool(_SECRET.search(parts.query))


def _of_checks(file: SettingsFile) -> list[tuple[str, Any, str]]:
    tables = file.checks.items()
    return [(f"{CHECKS}.{name}.{key}", value, str(file.path)) for name, table in tables for key, value in table.items()]


def declared_slices() -> Mapping[str, Any] | None:
    """Return the named slices that the settings file of the command being called declares; None where it has none."""
    context = click.get_current_context(silent=True)
    file = context.find_root().obj if context else None
    return file.slices if isinstance(file, SettingsFile) else None


def _shown(value: Any) -> str:  # noqa: ANN401 - of any type
    return ", ".join(map(str, value)) if isinstance(value, list) else str(value)


@click.command()
@json_option
@click.pass_context
def config(context: click.Context, as_json: bool) -> None:
    """Show the settings that hold, and where each comes from."""
    file: SettingsFile = context.find_root().obj
    rows = []
    for item in fields(Settings):
        value = file.values.get(item.name, item.default)
        if value not in (None, (), False) or item.name in file.values:
            rows.append((item.name, value, str(file.path) if item.name in file.values else "default"))
    for name in platforms.names():
        for key, variable in platforms.get(name).settings.items():
            value, origin = file.tables.get(name, {}).get(key), str(file.path)
            if variable and os.environ.get(variable) != value and (chosen := variable_of(variable)):
                value, origin = os.environ[chosen], f"${chosen}"
            if value is not None:
                rows.append((f"{name}.{key}", "(holds a password)" if has_password(value) else value, origin))
    rows += _of_checks(file)
    rows += [(f"{SLICES}.{name}", value, str(file.path)) for name, value in (file.slices or {}).items()]
    if as_json:
        write_json({key: {"value": value, "from": origin} for key, value, origin in rows})
        return
    table = new_table()
    for title in ("setting", "value", "from"):
        table.add_column(title, overflow="fold")
    for key, value, origin in rows:
        table.add_row(plain(key), plain(_shown(value)), plain(origin))
    Console(highlight=False).print(table)
