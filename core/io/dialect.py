"""Dialects of delimited text: separator, quotes and header, named by the user or told from the file."""

from __future__ import annotations

import codecs
import csv
import io
import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import islice
from typing import Any

import pyarrow as pa

from ..errors import InputError

DELIMITERS = {",": "comma", ";": "semicolon", "\t": "tab", "|": "pipe"}
_NAMED = {"tab": "\t", "\\t": "\t", **{name: sign for sign, name in DELIMITERS.items()}}
_SEP_LINE = re.compile(r'"?sep=(.)"?')  # what Excel writes before the header
_LEAST = 4  # lines that must look like rows before a value that is quoted well is taken for them
_TRIED = 20  # lines that tell the separator


@dataclass(frozen=True)
class Form:
    """How a file is written, as named to :func:`labelsift.io.read.read`; what is None or empty is told from the file.

    Raises
    ------
    InputError
        For an encoding that there is not, and a separator of more than one character.
    """

    format: str | None = None
    encoding: str = "utf-8"
    delimiter: str | None = None
    quotes: bool | None = None
    header: tuple[str, ...] = ()

    @property
    def options(self) -> dict[str, Any]:
        """The options of :func:`labelsift.io.read.read` that say the same."""
        more = {"delimiter": self.delimiter, "quotes": self.quotes, "columns": self.header}
        return {"format": self.format, "encoding": self.encoding, **more}

    def __post_init__(self) -> None:
        """Check encoding and separator before a file is opened."""
        try:  # as Arrow decodes: not every codec takes a part of a text after the other
            decoder = codecs.getincrementaldecoder(self.encoding)()
            content: Any = pa.py_buffer("a,\n".encode(self.encoding))
            known = codecs.lookup(self.encoding)._is_text_encoding and decoder.decode(content)
        except (LookupError, UnicodeError, ValueError, TypeError, AttributeError):
            known = False
        if known != "a,\n":
            raise InputError(
                f"There is no encoding of texts called {self.encoding!r}", hint="Name one such as utf-8 or cp1252"
            )
        if self.delimiter is not None:
            object.__setattr__(self, "delimiter", _NAMED.get(self.delimiter, self.delimiter))
            if len(str(self.delimiter)) != 1 or str(self.delimiter) in '"\r\n':
                raise InputError(
                    f"The delimiter {self.delimiter!r} is not one character", hint="Name one, such as ';' or tab"
                )


@dataclass(frozen=True)
class Dialect:
    """What parts the columns, whether ``"`` quotes values, the columns' names without a header, lines to skip."""

    delimiter: str
    quotes: bool = True
    header: tuple[str, ...] = ()
    skipped: int = 0


def dialect_of(opened: Callable[[], pa.NativeFile], form: Form, default: str, wanted: Sequence[str]) -> Dialect:
    """Tell how a file is written.

    A header parted by the ``default`` that has columns which are ``wanted`` is taken so; else by the separator by which
    it has the most of them; else, if it has one column only, by the one that parts the first lines evenly. Files parted
    by tabs are not quoted where each line is a row and a value that begins with ``"`` is not: tools for corpora
    do not quote.
    """
    first = [line for line in _some(_lines(opened, form.encoding)) if line.strip()]
    sep = _SEP_LINE.fullmatch(first[0].strip("\ufeff\r\n")) if first else None
    delimiter = form.delimiter or (sep[1] if sep else _separator(first, default, wanted, len(form.header)))
    dialect = Dialect(delimiter, form.quotes is not False, form.header, int(bool(sep)))
    if form.quotes is None and delimiter == "\t" and _looks_unquoted(opened, form.encoding, dialect):
        return replace(dialect, quotes=False)
    return dialect


def _looks_unquoted(opened: Callable[[], pa.NativeFile], encoding: str, dialect: Dialect) -> bool:
    """Tell whether every line is a row as it stands, and some value that begins with a quotation mark is not quoted."""
    counts = {
        line.count(dialect.delimiter)
        for line in islice(_lines(opened, encoding), dialect.skipped, None)
        if line.strip()
    }
    return len(counts) == 1 and swallowed(opened, encoding, dialect, strict=True) is not None


def _separator(lines: Sequence[str], default: str, wanted: Sequence[str], columns: int) -> str:
    order = [default, *(sign for sign in DELIMITERS if sign != default)]
    names = {sign: [_cells(line, sign) for line in lines] for sign in order}
    if not lines:
        return default
    fits = {sign: len(set(wanted) & set(names[sign][0])) for sign in order}
    if columns:
        fits = {sign: sum(len(row) == columns for row in rows) for sign, rows in names.items()}
    elif not any(fits.values()) and len(names[default][0]) == 1:
        fits = {sign: len(rows[0]) * (len({len(row) for row in rows}) == 1) for sign, rows in names.items()}
    return max(order, key=lambda sign: fits[sign])  # the first of equal ones


def _cells(line: str, delimiter: str) -> list[str]:
    return next(csv.reader([line.strip("\ufeff\r\n")], delimiter=delimiter), [])


def _lines(opened: Callable[[], pa.NativeFile], encoding: str) -> Iterator[str]:
    with (
        opened() as stream,
        io.TextIOWrapper(io.BufferedReader(stream), encoding, errors="replace", newline="") as text,
    ):  # type: ignore[arg-type]
        yield from text


def _some(lines: Iterable[str]) -> list[str]:
    return [line for line in islice(lines, _TRIED)]


def swallowed(
    opened: Callable[[], pa.NativeFile], encoding: str, dialect: Dialect, *, strict: bool = False
) -> tuple[int, int] | None:
    """Return (line, number of line ends) of the first quoted value that swallows rows; None where none does.

    Such a value is not closed as the form wants it, or each of its lines has as many columns as the header.

    Parameters
    ----------
    strict
        Return also values on one line that are not quoted as the form wants it: (line, 0); two lines are rows already.
    """
    raw: list[str] = []

    def kept() -> Iterator[str]:
        for line in _lines(opened, encoding):
            raw.append(line)
            yield line

    reader, width, start = csv.reader(kept(), delimiter=dialect.delimiter, strict=True), 0, 1
    least = 2 if strict else _LEAST
    limit = csv.field_size_limit(2**31 - 1)
    try:
        while True:
            raw.clear()
            try:
                row, broken = next(reader, None), False
            except csv.Error:
                row, broken = [], True
            if row is None:
                return None
            width = width or len(row)
            alike = len(raw) >= least and all(line.count(dialect.delimiter) == width - 1 for line in raw)
            if (broken and (strict or len(raw) > 1)) or (len(raw) > 1 and alike):
                return start, len(raw) - 1
            start += len(raw)
    finally:
        csv.field_size_limit(limit)


def looks_like_data(names: Sequence[str]) -> bool:
    """Tell whether a header holds what no column is called: numbers, sentences, blanks.

    >>> looks_like_data(["the parcel is late again", "0"]), looks_like_data(["text", "label"])
    (True, False)
    """
    return any(
        not name.strip() or len(name) > 40 or name.count(" ") > 3 or re.fullmatch(r"[-+]?\d+([.,]\d+)?", name.strip())
        for name in names
    )
