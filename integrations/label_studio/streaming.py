"""Reading a long JSON list object by object, so that it never stands in memory whole."""

from __future__ import annotations

import codecs
import json
from collections.abc import Iterable, Iterator
from typing import Any

_SPACE = " \t\r\n"


def objects_in(chunks: Iterable[bytes]) -> Iterator[dict[str, Any]]:
    r"""Yield the objects of a JSON list whose bytes come in chunks.

    Raises
    ------
    ValueError
        If it is no list of objects, or ends before its end.

    Examples
    --------
    >>> list(objects_in([b'[{"a": "caf\xc3', b'\xa9"}, {"a"', b": 2}]"]))
    [{'a': 'café'}, {'a': 2}]
    """
    decode = codecs.getincrementaldecoder("utf-8")().decode
    read = json.JSONDecoder().raw_decode
    rest, began, ended = "", False, False
    for chunk in chunks:
        rest += decode(chunk)
        at = 0
        while not ended:
            at = _past(rest, at, began=began)
            if at >= len(rest):
                break
            if not began:
                if rest[at] != "[":
                    raise ValueError("not a list")
                began, at = True, at + 1
                continue
            if rest[at] == "]":
                ended = True
                break
            try:
                found, at = read(rest, at)
            except json.JSONDecodeError:
                break  # the rest of it has not come yet
            if not isinstance(found, dict):
                raise ValueError("not an object")
            yield found
        rest = rest[at:]
    if not ended:
        raise ValueError("the list ends before its end")


def _past(text: str, at: int, *, began: bool) -> int:
    """Return the place of the next character that is neither space nor, within the list, a comma."""
    passed = _SPACE + "," if began else _SPACE
    while at < len(text) and text[at] in passed:
        at += 1
    return at
