"""Settings of the checks: a table of plain values a check, turned into its dataclass and validated by its types.

Every threshold that a user may move is a field of such a class, with a default; docs/checks.md says where it comes
from. In a settings file the tables are called ``[checks.NAME]``.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import fields
from difflib import get_close_matches
from pathlib import Path
from typing import Any, get_args, get_origin, get_type_hints

from ..data.formatting import listed
from ..errors import InputError
from .registry import checks

Tables = Mapping[str, Mapping[str, Any]]
_WORDS = {bool: "true or false", int: "a whole number", float: "a number", str: "a text"}


def settings_of(tables: Tables | None) -> dict[type[Any], Any]:
    """Return class → settings for the tables that were given, by the names of their checks.

    Raises
    ------
    InputError
        For a check or a key that there is not (names the nearest), and for a value of another type or out of range.

    >>> settings_of({"near_duplicat": {}})
    Traceback (most recent call last):
    labelsift.errors.InputError: There is no check near_duplicat. The nearest is near_duplicate.
    """
    kinds = {check.name: check.settings for check in checks()}
    chosen: dict[type[Any], Any] = {}
    for name, table in (tables or {}).items():
        name = name.replace("-", "_")
        _require_known(name, list(kinds), "no check")
        kind = kinds[name]
        if kind is None:
            raise InputError(f"The check {name} has no settings", hint=f"Take out the table checks.{name}")
        if not isinstance(table, Mapping):
            raise InputError(f"checks.{name} is {table!r}", hint=f"Write a table: [checks.{name}]")
        chosen[kind] = _filled(kind, table, name)
    return chosen


def located(tables: Tables, folder: Path) -> dict[str, dict[str, Any]]:
    """Return tables whose paths start from a folder: those of the fields with ``metadata={"path": True}``.

    Such a field holds a path, or a dictionary of paths; what is no table or no field stays, to be refused by name.
    """
    kinds = {check.name: check.settings for check in checks()}

    def placed(value: Any) -> Any:  # noqa: ANN401 - of any type
        if isinstance(value, Mapping):
            return {key: placed(item) for key, item in value.items()}
        return str(folder / value) if isinstance(value, str) else value

    result = {}
    for name, table in tables.items():
        kind = kinds.get(name.replace("-", "_"))
        paths = {item.name for item in fields(kind) if item.metadata.get("path")} if kind else set()
        result[name] = {key: placed(value) if key in paths else value for key, value in table.items()}
    return result


def _filled(kind: type[Any], table: Mapping[str, Any], check: str) -> Any:  # noqa: ANN401 - of any check's class
    types = get_type_hints(kind)
    values = {}
    for key, value in table.items():
        key = key.replace("-", "_")
        _require_known(key, [item.name for item in fields(kind)], f"no setting of the check {check} called")
        values[key] = _typed(value, types[key], f"{key} of the check {check}")
    try:
        return kind(**values)
    except ValueError as error:  # of its own __post_init__
        raise InputError(f"The settings of the check {check} do not fit: {error}", hint="See docs/checks.md") from None


def _require_known(name: str, known: Sequence[str], what: str) -> None:
    if name not in known:
        near = get_close_matches(name, known, n=1)
        raise InputError(
            f"There is {what} {name}", hint=f"The nearest is {near[0]}" if near else f"There are {listed(known)}"
        )


def _typed(value: Any, wanted: Any, where: str) -> Any:  # noqa: ANN401 - of any type
    """Return a value as its type wants it: a whole number is a number, too, and a list of texts a tuple."""
    optional = [part for part in get_args(wanted) if part is not type(None)] if type(None) in get_args(wanted) else []
    if optional:
        return None if value is None else _typed(value, optional[0], where)
    if get_origin(wanted) is tuple:
        part = get_args(wanted)[0]
        if not isinstance(value, (list, tuple)):
            raise InputError(f"{where} is {value!r}", hint=f"Write a list: each {_WORDS.get(part, 'a value')}")
        return tuple(_typed(item, part, where) for item in value)
    if get_origin(wanted) in (dict, Mapping):
        if not isinstance(value, Mapping):
            raise InputError(f"{where} is {value!r}", hint="Write a table: { name = value }")
        return dict(value)
    if wanted is float and type(value) is int:
        return float(value)
    if type(value) is not wanted:
        raise InputError(f"{where} is {value!r}", hint=f"Write {_WORDS.get(wanted, 'a value of another type')}")
    return value
