"""Span formats: character offsets, BIO tags of tokens, exports of Label Studio and Argilla.

One cell a text is turned into the canonical form of :mod:`labelsift.data.spans`. Known forms, also as the JSON text of
them:

- ``[[start, end, "type"], …]`` and ``[{"start": …, "end": …, "label": …}, …]`` (``label``, ``type``, ``tag``,
  ``entity``, ``entity_type`` or ``labels``), the end exclusive: also Argilla's flattened suggestions and responses;
- Label Studio's ``annotations`` (the first that was not cancelled counts) or one ``result``;
- Argilla's responses of a record, ``[{"value": [{"label", "start", "end"}, …], …}]`` (the first submitted counts) and
  its suggestion, ``{"value": …}``;
- doccano's ``{"label", "start_offset", "end_offset"}`` and ``[start, end, "type"]``, spaCy's ``{"entities": […]}`` and
  ``{"ents": […]}``, what pipelines of transformers return (``entity_group``, or ``entity`` a token);
- tags, one a token, when the tokens are named too.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import pyarrow as pa

from ..data.spans import Span, canonical, fault, from_bio, placed
from ..data.written_lists import CURE, WrittenByNumpyError, loaded
from ..errors import InputError

TYPE_KEYS = ("label", "type", "tag", "entity", "entity_group", "entity_type", "labels")
FORMS = '[[start, end, "type"], …], [{"start": …, "end": …, "label": …}, …], tags with tokens=…, or an export'
UNSUBMITTED = ("draft", "discarded")


class _Unknown(ValueError):
    """A cell in no known form."""


class _Displaced(ValueError):
    """A region whose words stand somewhere else in the text."""


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
            spans = spans_of(value, text)
        except _Unknown:
            odd.append(name)
            continue
        except _Displaced as error:
            broken[name] = str(error)
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


def spans_of(value: object, text: str | None = None) -> list[Span] | None:
    """Return the spans of one cell in any of the forms but tags; None = unlabeled.

    Regions of Label Studio are held against the words that they marked in the ``text``.
    """
    if isinstance(value, str):
        value = _loaded(value)
    if value is None:
        return None
    if isinstance(value, Mapping):
        return _of_mapping(value, text)
    if not isinstance(value, list):
        raise _Unknown(type(value).__name__)
    if value and isinstance(value[0], Mapping) and ("result" in value[0] or "value" in value[0]):
        return _exported(value, text)
    if value and isinstance(value[0], list) and all(_is_answer(item) for item in value):
        return next((spans_of(item, text) for item in value if item is not None), None)  # Argilla: one list a person
    if value and all(isinstance(item, Mapping) and {"entity", "word", "start", "end"} <= item.keys() for item in value):
        return _of_pipeline(value)
    return [_span(item) for item in value]


def _of_pipeline(tokens: Sequence[Mapping[str, Any]]) -> list[Span]:
    """Read what a token classification pipeline of transformers says when it does not aggregate: tagged tokens."""
    places = [(_whole(token["start"]), _whole(token["end"])) for token in tokens]
    try:
        return from_bio([str(token["entity"]) for token in tokens], places)
    except ValueError:
        return [_span(token) for token in tokens]


def _is_answer(item: object) -> bool:
    return item is None or (isinstance(item, list) and all(isinstance(part, Mapping) for part in item))


def _loaded(text: str) -> Any:  # noqa: ANN401 - any JSON
    if not text.strip():
        return None
    try:
        return loaded(text)
    except ValueError:
        raise _Unknown(text) from None


def _of_mapping(value: Mapping[str, Any], text: str | None) -> list[Span] | None:
    # one annotation of Label Studio, one suggestion of Argilla, training data and documents of spaCy
    for key in ("result", "value", "entities", "ents", "spans"):
        if key in value:
            return spans_of(value[key], text)
    if {"start", "end", "label"} <= value.keys() and isinstance(value["start"], list):  # a list of structs, transposed
        return [_span(list(parts)) for parts in zip(value["start"], value["end"], value["label"], strict=True)]
    raise _Unknown("mapping")


def _exported(value: Sequence[Mapping[str, Any]], text: str | None) -> list[Span] | None:
    """Read Label Studio's annotations or one result of it, or Argilla's responses."""
    if "result" in value[0]:
        kept = [annotation for annotation in value if not annotation.get("was_cancelled")]
        return spans_of(kept[0]["result"], text) if kept else None
    if isinstance(value[0]["value"], Mapping):
        return [span for region in value for span in _region(region, text)]
    kept = [response for response in value if response.get("status") not in UNSUBMITTED]
    return spans_of(kept[0]["value"]) if kept else None


def _region(region: Mapping[str, Any], text: str | None) -> list[Span]:
    """Read one region of Label Studio's; what is no marked text (a choice, a relation) holds no span."""
    value = region.get("value")
    if region.get("type", "labels") != "labels" or not isinstance(value, Mapping):
        return []
    spans = [_span([value.get("start"), value.get("end"), name]) for name in value.get("labels") or ()]
    if not spans or text is None:
        return spans
    place = placed(*spans[0][:2], value.get("text"), text)
    if place is None:
        raise _Displaced(f"the words marked at {spans[0][0]} do not stand there, nor at one other place only")
    return [(*place, name) for _, _, name in spans]


def _span(span: object) -> Span:
    if isinstance(span, Mapping):
        name = next((span[key] for key in TYPE_KEYS if span.get(key) is not None), None)
        start, end = (span.get(key, span.get(f"{key}_offset")) for key in ("start", "end"))
        span = [start, end, name[0] if isinstance(name, list) and len(name) == 1 else name]
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
        try:
            words, tags_of_row = _strings(token) or [], _strings(tag)
        except WrittenByNumpyError as error:
            raise InputError(f"The lists cannot be read ({error})", ids=[names[row]], hint=CURE) from None
        text = " ".join(words) if texts is None else texts[row]
        token_texts.append(text)
        cells.append(_tagged(tags_of_row, words, text, wrong, names[row]))
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
            items = loaded(stripped) if stripped.startswith(("[", "(")) else None
        except ValueError as error:
            if stripped.endswith(("]", ")")) and isinstance(error, WrittenByNumpyError):
                raise
            items = None
        value = items if isinstance(items, list) else stripped.split()
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
