"""Span formats: character offsets, BIO tags of tokens, exports of Label Studio and Argilla.

One cell a text is turned into the canonical form of :mod:`labelsift.data.spans`. Known forms, also as the JSON text of
them:

- ``[[start, end, "type"], …]`` and ``[{"start": …, "end": …, "label": …}, …]`` (``label``, ``type``, ``tag``,
  ``entity``, ``entity_type`` or ``labels``), the end exclusive: also Argilla's flattened suggestions and responses;
- Label Studio's ``annotations`` (the first that was not cancelled counts) or one ``result``;
- Argilla's responses of a record, ``[{"value": [{"label", "start", "end"}, …], …}]`` (the first submitted counts) and
  its suggestion, ``{"value": …}``;
- tags, one a token, when the tokens are named too.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

import pyarrow as pa

from ..data.spans import Span, canonical, fault, from_bio
from ..errors import InputError

TYPE_KEYS = ("label", "type", "tag", "entity", "entity_type", "labels")
FORMS = '[[start, end, "type"], …], [{"start": …, "end": …, "label": …}, …], tags with tokens=…, or an export'
UNSUBMITTED = ("draft", "discarded")


class _Unknown(ValueError):
    """A cell in no known form."""


def canonical_column(
    column: pa.ChunkedArray, texts: Sequence[str], names: Sequence[str], *, column_name: str
) -> pa.ChunkedArray:
    """Turn a column of spans into canonical JSON texts, null = unlabeled.

    Parameters
    ----------
    texts, names
        The text and the id (or the row's number) of each row, to check the spans and to name those that are wrong.

    Raises
    ------
    InputError
        For a cell in no known form, spans out of the text, or a start that is not before its end.
    """
    cells: list[str | None] = []
    odd: list[str] = []
    broken: dict[str, str] = {}
    for value, text, name in zip(column.to_pylist(), texts, names, strict=True):
        try:
            spans = spans_of(value)
        except _Unknown:
            odd.append(name)
            continue
        wrong = fault(spans, text) if spans else None
        if wrong:
            broken[name] = wrong
        cells.append(None if spans is None else canonical(spans))
    _refuse(odd, broken, column_name)
    return pa.chunked_array([pa.array(cells, pa.string())])


def _refuse(odd: Sequence[str], broken: Mapping[str, str], column_name: str) -> None:
    if odd:
        raise InputError(f"The column {column_name} holds spans in no known form", ids=odd, hint=f"Give {FORMS}")
    if broken:
        first = next(iter(broken.values()))
        raise InputError(
            f"Spans in the column {column_name} do not fit their texts ({first})",
            ids=list(broken),
            hint="Count characters from 0, the end exclusive, in the very text that is read",
        )


def spans_of(value: object) -> list[Span] | None:
    """Return the spans of one cell in any of the forms but tags; None = unlabeled."""
    if isinstance(value, str):
        value = _loaded(value)
    if value is None:
        return None
    if isinstance(value, Mapping):
        return _of_mapping(value)
    if not isinstance(value, list):
        raise _Unknown(type(value).__name__)
    if value and isinstance(value[0], Mapping) and ("result" in value[0] or "value" in value[0]):
        return _exported(value)
    if value and isinstance(value[0], list) and all(_is_answer(item) for item in value):
        return next((spans_of(item) for item in value if item is not None), None)  # Argilla: one list a person
    return [_span(item) for item in value]


def _is_answer(item: object) -> bool:
    return item is None or (isinstance(item, list) and all(isinstance(part, Mapping) for part in item))


def _loaded(text: str) -> Any:  # noqa: ANN401 - any JSON
    if not text.strip():
        return None
    try:
        return json.loads(text)
    except ValueError:
        raise _Unknown(text) from None


def _of_mapping(value: Mapping[str, Any]) -> list[Span] | None:
    for key in ("result", "value"):  # one annotation of Label Studio, one suggestion of Argilla
        if key in value:
            return spans_of(value[key])
    if {"start", "end", "label"} <= value.keys() and isinstance(value["start"], list):  # a list of structs, transposed
        return [_span(list(parts)) for parts in zip(value["start"], value["end"], value["label"], strict=True)]
    raise _Unknown("mapping")


def _exported(value: Sequence[Mapping[str, Any]]) -> list[Span] | None:
    """Read Label Studio's annotations or one result of it, or Argilla's responses."""
    if "result" in value[0]:
        kept = [annotation for annotation in value if not annotation.get("was_cancelled")]
        return spans_of(kept[0]["result"]) if kept else None
    if isinstance(value[0]["value"], Mapping):
        return [span for region in value for span in _region(region)]
    kept = [response for response in value if response.get("status") not in UNSUBMITTED]
    return spans_of(kept[0]["value"]) if kept else None


def _region(region: Mapping[str, Any]) -> list[Span]:
    """Read one region of Label Studio's; what is no marked text (a choice, a relation) holds no span."""
    value = region.get("value")
    if region.get("type", "labels") != "labels" or not isinstance(value, Mapping):
        return []
    return [_span([value.get("start"), value.get("end"), name]) for name in value.get("labels") or ()]


def _span(span: object) -> Span:
    if isinstance(span, Mapping):
        name = next((span[key] for key in TYPE_KEYS if span.get(key) is not None), None)
        span = [span.get("start"), span.get("end"), name[0] if isinstance(name, list) and len(name) == 1 else name]
    if not isinstance(span, (list, tuple)) or len(span) != 3:
        raise _Unknown(str(span))
    start, end, name = span
    offsets = _whole(start), _whole(end)
    if not isinstance(name, str):
        raise _Unknown(str(span))
    return *offsets, name


def _whole(number: object) -> int:
    if isinstance(number, bool) or not isinstance(number, (int, float, str)):
        raise _Unknown(str(number))
    try:
        if isinstance(number, float) and not number.is_integer():
            raise _Unknown(str(number))
        return int(number)
    except ValueError:
        raise _Unknown(str(number)) from None


def tagged_column(
    tags: pa.ChunkedArray,
    tokens: pa.ChunkedArray,
    texts: Sequence[str] | None,
    names: Sequence[str],
    *,
    column_name: str,
) -> tuple[list[str], pa.ChunkedArray]:
    """Turn tagged tokens into (texts, canonical spans).

    Parameters
    ----------
    tags, tokens
        Lists of strings, their JSON texts, or strings parted by white space; null tags = unlabeled.
    texts
        Where the tokens stand, in their order. None: the text is the tokens, joined by one space.
    names
        The id or number of each row.

    Raises
    ------
    InputError
        For rows without as many tags as tokens, tags in no known form, and tokens that the text does not hold.
    """
    cells: list[str | None] = []
    token_texts: list[str] = []
    wrong: dict[str, list[str]] = {"count": [], "tag": [], "text": []}
    for row, (tag, token) in enumerate(zip(tags.to_pylist(), tokens.to_pylist(), strict=True)):
        words = _strings(token) or []
        text = " ".join(words) if texts is None else texts[row]
        token_texts.append(text)
        cells.append(_tagged(_strings(tag), words, text, wrong, names[row]))
    for fault_kind, what, hint in (
        ("text", "The tokens of these rows do not stand in their text",
         "Leave out the text column: the text is then the tokens, joined by one space"),
        ("count", f"These rows have not as many tags in {column_name} as tokens", "Give one a token"),
        ("tag", f"The column {column_name} holds tags in no known form",
         "Give names such as O, B-person, I-person (BIO, IOB2, BILOU or BIOES), not numbers"),
    ):  # fmt: skip
        if wrong[fault_kind]:
            raise InputError(what, ids=wrong[fault_kind], hint=hint)
    return token_texts, pa.chunked_array([pa.array(cells, pa.string())])


def _tagged(
    tags: list[str] | None, words: list[str], text: str, wrong: Mapping[str, list[str]], name: str
) -> str | None:
    offsets = _offsets(words, text)
    if offsets is None:
        wrong["text"].append(name)
    elif tags is not None and len(tags) != len(words):
        wrong["count"].append(name)
    elif tags is not None:
        try:
            return canonical(from_bio(tags, offsets))
        except ValueError:
            wrong["tag"].append(name)
    return None


def _strings(value: object) -> list[str] | None:
    if isinstance(value, str):
        stripped = value.strip()
        if not stripped:
            return None
        try:
            loaded = json.loads(stripped) if stripped.startswith("[") else None
        except ValueError:
            loaded = None
        value = loaded if isinstance(loaded, list) else stripped.split()
    return [str(item) for item in value] if isinstance(value, list) else None


def _offsets(words: Sequence[str], text: str) -> list[tuple[int, int]] | None:
    offsets, start = [], 0
    for word in words:
        start = text.find(word, start)
        if start < 0:
            return None
        offsets.append((start, start + len(word)))
        start += len(word)
    return offsets
