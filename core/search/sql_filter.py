"""SQL filter of rows: ``label = 'card_lost' AND is_label_issue AND state IN ('CA', 'NY')``.

The condition is read by the engine of the run store (Lance, DataFusion's SQL). Only the columns that it
names are handed to the engine, in memory, so that a condition over a million rows costs milliseconds, and so
that data which are not in any store can be asked in the same words.
"""

from __future__ import annotations

import re
import uuid
from collections import OrderedDict
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import pyarrow as pa

from ..errors import InputError

Column = pa.ChunkedArray | Callable[[], pa.ChunkedArray]
_PARTS = re.compile(r"""'(?:[^']|'')*'|"(?:[^"]|"")*"|`[^`]*`|[^\W\d]\w*(?=\s*\()""")  # the last: a function's name
_CALLS = frozenset(  # what may stand before a bracket: none of these makes much of little, or reads anything
    "and or not in like ilike between is case when then else abs ceil floor round length char_length lower upper trim "
    "ltrim rtrim btrim substr substring left right strpos starts_with ends_with contains regexp_like regexp_match "
    "coalesce nullif concat cast array_has array_contains array_length cardinality".split()
)
_WHOLE = 1_000_000  # characters of a condition
_LONGEST = 1_000  # characters outside quotes: the engine overflows its stack in expressions of a thousand terms
_KEPT = 8
_SHOWN = 30
_LAYOUT = "2.0"  # packs less than newer ones, which pays on a disk; in memory a condition takes half the time
_ROWS_AT_ONCE = 131_072  # the engine's own 8,192 take twice as long over a million rows
_ROW = "_labelsift_row"  # a table needs a column even when the condition names none


class Selection:
    """Columns of n rows that SQL can be asked about.

    Parameters
    ----------
    rows
        How many rows every column has.
    columns
        Name → the column, or a function that reads it; read when a condition names it.
    """

    def __init__(self, rows: int, columns: Mapping[str, Column]) -> None:
        self._rows = rows
        self._columns = dict(columns)
        self._tables: OrderedDict[tuple[str, ...], Any] = OrderedDict()
        self._answers: OrderedDict[str, np.ndarray] = OrderedDict()

    @property
    def names(self) -> tuple[str, ...]:
        """The columns that a condition can name."""
        return tuple(self._columns)

    def matching(self, where: str) -> np.ndarray:
        """Tell which rows fulfil a condition: bool, shape (rows,). A condition over nothing (null) is not fulfilled.

        Raises
        ------
        InputError
            If the condition is no SQL, or names what is no column; with the columns there are.
        """
        if where not in self._answers:
            self._require_harmless(where)
            asked = _PARTS.sub(_engine_quotes, where)
            named = tuple(name for name in self._columns if _names(asked, name))
            _keep(self._answers, where, self._asked(self._table(named), asked))
        return self._answers[where]

    def _require_harmless(self, where: str) -> None:
        if len(where) > _WHOLE:
            raise InputError(f"The condition is too long ({len(where):,} characters)", hint="Name fewer values")
        bare = _PARTS.sub(lambda part: "" if part[0].startswith("'") else part[0], where)
        if not bare.strip():
            raise self._refused(where, "it is empty" if not where.strip() else "it is no comparison")
        if ";" in bare:  # the engine would read the part before it and ignore the rest
            raise self._refused(where, "it holds a semicolon")
        names = [part[0] for part in _PARTS.finditer(where)]
        calls = [name for name in names if name[0] not in "'\"`" and name.lower() not in _CALLS]
        if calls:  # some make a text of a gigabyte out of ten letters, and take the process with them
            raise self._refused(where, f"{calls[0]} is no function that a condition can call")
        if len(bare) > _LONGEST:
            raise InputError(
                f"The condition is too long ({len(bare):,} characters outside quotes; {_LONGEST:,} can be read)",
                hint="Name values in one list: id IN ('a', 'b')",
            )

    def _table(self, named: tuple[str, ...]) -> Any:  # noqa: ANN401 - lance loads in the function that needs it
        import lance

        if named not in self._tables:
            columns = {_ROW: pa.chunked_array([pa.nulls(self._rows, pa.int8())])}
            for name in named:
                column = self._columns[name]
                columns[name] = column() if callable(column) else column
            try:
                table = lance.write_dataset(
                    pa.table(columns),
                    f"memory://{uuid.uuid4()}",
                    max_rows_per_file=max(self._rows, 1),
                    data_storage_version=_LAYOUT,
                )
            except Exception as error:
                raise InputError(
                    f"The column {' or '.join(named)} cannot be asked about ({_first_line(error)})",
                    hint="Rename it to letters, digits and underscores, or turn it into text or numbers",
                ) from None
            _keep(self._tables, named, table)
        return self._tables[named]

    def _asked(self, table: Any, where: str) -> np.ndarray:  # noqa: ANN401
        matching = np.zeros(self._rows, dtype=bool)
        try:
            rows = table.to_table(columns=[], filter=where, with_row_id=True, batch_size=_ROWS_AT_ONCE)["_rowid"]
        except (KeyboardInterrupt, SystemExit):
            raise
        except BaseException as error:  # a panic of the engine is no Exception
            raise self._refused(where, _first_line(error)) from None
        matching[rows.to_numpy()] = True
        return matching

    def _refused(self, where: str, why: str) -> InputError:
        more = len(self._columns) - _SHOWN
        names = ", ".join(list(self._columns)[:_SHOWN]) + (f" and {more} more" if more > 0 else "")
        return InputError(
            f"The condition {where[:200]!r} cannot be understood ({why})",
            hint=f"Write SQL, like label = 'a', over the columns {names}; set a name with spaces in \"quotes\"",
        )


def _engine_quotes(part: re.Match[str]) -> str:
    """Write a name in standard quotes as the engine wants it, which takes them for those of a text."""
    return f"`{part[0][1:-1].replace(chr(34) * 2, chr(34))}`" if part[0].startswith('"') else part[0]


def _names(where: str, column: str) -> bool:
    if not re.fullmatch(r"\w+", column):
        return f"`{column}`".lower() in where.lower()
    return re.search(rf"(?<!\w){re.escape(column)}(?!\w)", where, re.IGNORECASE) is not None


def _first_line(error: BaseException) -> str:
    """Return what the engine says, without its own columns and the places in its source."""
    line = str(error).partition("\n")[0].removeprefix("Invalid user input: ")
    for end in (" Valid fields are", ", /", ". Valid", " (SELECT 1"):
        line = line.partition(end)[0]
    return re.sub(r"SELECT 1 FROM t WHERE ", "", line)[:300].rstrip(". ")


def _keep(cache: OrderedDict[Any, Any], key: object, value: object) -> None:
    cache[key] = value
    if len(cache) > _KEPT:
        cache.popitem(last=False)
