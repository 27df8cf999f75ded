"""Rows of csv and jsonl files as they stand, with their quotes and line ends, and the change of a single cell in one.

What is not changed is not written anew, so that two corrected labels are two lines of a diff.
"""

from __future__ import annotations

import json
import re

_LINE = re.compile(r"[^\r\n]*(?:\r\n|\r|\n)|[^\r\n]+$")
_BLANK = re.compile(r"[ \t\n\r]*")


def rows_as_written(content: str, *, quotes: bool) -> list[str]:
    r"""Part a text into its rows; line ends in quotes part none, and blank lines belong to the row before.

    >>> rows_as_written('a,"b\nc"\r\n\n"d"', quotes=True)
    ['a,"b\nc"\r\n\n', '"d"']
    """
    rows: list[list[str]] = []
    inside = False
    for line in _LINE.findall(content):
        if rows and (inside or not line.strip("\r\n")):
            rows[-1].append(line)
        else:
            rows.append([line])
        inside ^= quotes and line.count('"') % 2 == 1
    return ["".join(lines) for lines in rows]


def with_cell(row: str, place: int, value: str, *, delimiter: str, quotes: bool) -> str:
    r"""Replace one cell of a delimited row; it is quoted where it was, or has to be.

    >>> [with_cell('1,"a",c\n', place, "x", delimiter=",", quotes=True) for place in (1, 2)]
    ['1,"x",c\n', '1,"a",x\n']
    """
    one = rf'"(?:[^"]|"")*"|[^{re.escape(delimiter)}\r\n]*' if quotes else rf"[^{re.escape(delimiter)}\r\n]*"
    start = 0
    cell = re.compile(one).match(row)
    for _ in range(place):
        start = (cell.end() if cell else start) + 1
        cell = re.compile(one).match(row, start)
    end = cell.end() if cell else start
    return row[:start] + quoted(value, delimiter, quotes=quotes, always=row[start:end].startswith('"')) + row[end:]


def quoted(value: str, delimiter: str, *, quotes: bool = True, always: bool = False) -> str:
    """Quote a cell where it would be read as something else without."""
    odd = re.search(f'[{re.escape(delimiter)}"\r\n]|^ | $|^\ufeff', value)
    return '"' + value.replace('"', '""') + '"' if quotes and (always or odd) else value


def with_value(line: str, key: str, value: object) -> str | None:
    """Replace the value of a key in a line of jsonl; None where the line does not have the key once.

    >>> with_value('{"a": 1,  "b":"x"}', "b", "y"), with_value('{"a": 1}', "b", "y")
    ('{"a": 1,  "b":"y"}', None)
    """
    decoder, places = json.JSONDecoder(), []
    end = _skip(line, line.index("{") + 1)
    while line[end] == '"':
        name, end = decoder.raw_decode(line, end)
        start = _skip(line, _skip(line, end) + 1)
        _, end = decoder.raw_decode(line, start)
        if name == key:
            places.append((start, end))
        end = _skip(line, _skip(line, end) + (line[_skip(line, end)] == ","))
    if len(places) != 1:
        return None
    (start, end) = places[0]
    return line[:start] + json.dumps(value, ensure_ascii=line.isascii()) + line[end:]


def _skip(line: str, place: int) -> int:
    match = _BLANK.match(line, place)
    return match.end() if match else place
