"""Reading a long JSON list object by object, so that it never stands in memory whole."""

from __future__ import annotations

import codecs
import itertools
import json
from collections.abc import Iterable, Iterator
from typing import Any

_SPACE = " \t\r\n"
_READ = json.JSONDecoder().raw_decode


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
    rest, began, wanted = "", False, 0
    for chunk in itertools.chain(chunks, [None]):  # None: nothing more comes
        rest += decode(chunk or b"", chunk is None)
        if chunk is not None and len(rest) < wanted:
            continue  # an object of many chunks is not tried again at each of them
        at = _past(rest, 0, passed=_SPACE)
        if not began and at < len(rest):
            if rest[at] != "[":
                raise ValueError("not a list")
            began, at = True, at + 1
        while began and (at := _past(rest, at, passed=_SPACE + ",")) < len(rest):
            if rest[at] == "]":
                return
            try:
                found, at = _READ(rest, at)
            except json.JSONDecodeError:
                break  # the rest of it has not come yet
            if not isinstance(found, dict):
                raise ValueError("not an object")
            yield found
        rest = rest[at:]
        wanted = 2 * len(rest)
    raise ValueError("the list ends before its end")


def _past(text: str, at: int, *, passed: str) -> int:
    """Return the place of the next character that is not passed over."""
    while at < len(text) and text[at] in passed:
        at += 1
    return at
