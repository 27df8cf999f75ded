"""Character spans with a type, named entities for example: canonical JSON, checks, and the BIO codec.

The canonical form of one text's spans is a JSON text, ``[[start, end, "type"], …]``: characters (code points) from 0
on, the end exclusive, sorted, without repeats. An empty list says that nothing is to be marked; null says that nobody
has marked the text yet. How other forms become this one: :mod:`labelsift.io.span_formats`.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Sequence

import pyarrow as pa
import pyarrow.compute as pc

from ..errors import InputError

Span = tuple[int, int, str]

_JSON = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"))


def canonical(spans: Iterable[Span]) -> str:
    """Write spans in their canonical form.

    >>> canonical([(9, 14, "city"), (0, 3, "person")])
    '[[0,3,"person"],[9,14,"city"]]'
    """
    return _JSON.encode([list(span) for span in sorted(set(spans))])


def parsed(cell: str | None) -> list[Span] | None:
    """Return the spans of a canonical cell; None for an unlabeled text.

    >>> parsed('[[0,3,"person"]]'), parsed("[]"), parsed(None)
    ([(0, 3, 'person')], [], None)
    """
    return None if cell is None else [(start, end, name) for start, end, name in json.loads(cell)]


def types_in(column: pa.ChunkedArray) -> tuple[str, ...]:
    """Return the types that occur in a canonical column, sorted."""
    cells = pc.unique(column.drop_null()).to_pylist()
    return tuple(sorted({span[2] for cell in cells for span in json.loads(cell)}))


def fault(spans: Iterable[Span], text: str) -> str | None:
    """Say what is wrong with the spans of a text, or None.

    >>> fault([(2, 2, "x")], "abc"), fault([(0, 9, "x")], "abc"), fault([(0, 3, "x")], "abc")
    ('start 2 is not before end 2', 'end 9 is past the 3 characters of the text', None)
    """
    for start, end, name in spans:
        if start < 0:
            return f"start {start} is below 0"
        if start >= end:
            return f"start {start} is not before end {end}"
        if end > len(text):
            return f"end {end} is past the {len(text)} characters of the text"
        if not name.strip():
            return f"the span {start}–{end} has no type"
    return None


def placed(start: int, end: int, marked: object, text: str) -> tuple[int, int] | None:
    """Return where the words that a span marks stand; None if neither there nor at one other place only.

    Offsets that count UTF-16 units, as browsers do, are tried before the words are looked for. Without ``marked``, the
    words as a text, the span is taken as it is.

    >>> placed(0, 3, "Ann", "Ann left"), placed(2, 5, "Ann", "😀Ann"), placed(1, 4, "Ann", "Ann, Ann")
    ((0, 3), (1, 4), None)
    """
    if not isinstance(marked, str) or not marked.strip() or text[start:end].split() == marked.split():
        return start, end
    units = text.encode("utf-16-le", "surrogatepass")
    before, inside = (units[2 * a : 2 * b].decode("utf-16-le", "ignore") for a, b in ((0, start), (start, end)))
    if inside == marked and start >= 0:
        return len(before), len(before) + len(inside)
    first = text.find(marked)
    if first < 0 or text.find(marked, first + 1) >= 0:
        return None
    return first, first + len(marked)


def from_value(value: str | None, text: str, *, sample: str) -> str:
    """Return the canonical form of a correction's value, the JSON list of a sample's spans.

    Raises
    ------
    InputError
        If the value is no such list, or does not fit the text.
    """
    try:
        spans = [(int(start), int(end), str(name)) for start, end, name in json.loads(value or "null")]
    except (ValueError, TypeError):
        raise InputError(
            "A correction has no readable spans", ids=[sample], hint='Its value must be [[start, end, "type"], …]'
        ) from None
    wrong = fault(spans, text)
    if wrong:
        raise InputError(f"A correction's spans do not fit the text ({wrong})", ids=[sample], hint="Correct them")
    return canonical(spans)


_WORD = re.compile(r"[^\s]+")


def spaced(text: str) -> list[tuple[int, int]]:
    """Return where the words between white space stand.

    >>> spaced("Ann left")
    [(0, 3), (4, 8)]
    """
    return [match.span() for match in _WORD.finditer(text)]


def from_bio(tags: Sequence[str], places: Sequence[tuple[int, int]]) -> list[Span]:
    """Return the spans of tagged words. Knows BIO, IOB2, IOB1 (I- may start a span), BILOU and BIOES.

    >>> from_bio(["B-person", "L-person", "O", "U-city"], [(0, 3), (4, 7), (8, 10), (11, 15)])
    [(0, 7, 'person'), (11, 15, 'city')]

    Raises
    ------
    ValueError
        For a tag in none of these forms.
    """
    spans: list[Span] = []
    open_type: str | None = None
    for tag, (start, end) in zip(tags, places, strict=True):
        letter, name = _split(tag)
        if letter == "O":
            open_type = None
            continue
        if letter in "BUS" or open_type != name:
            spans.append((start, end, name))
        else:
            spans[-1] = (spans[-1][0], end, name)
        open_type = None if letter in "LEUS" else name
    return spans


def _split(tag: str) -> tuple[str, str]:
    if tag == "O":
        return "O", ""
    letter, dash, name = tag.partition("-")
    if letter not in ("B", "I", "L", "O", "U", "E", "S") or letter == "O" or not dash or not name.strip():
        raise ValueError(tag)
    return letter, name
