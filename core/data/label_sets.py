"""Sets of labels (multilabel): every form that they come in becomes one canonical JSON text.

The ``labels`` role of samples holds the labels of a row as a sorted JSON list without repeats. A null says that
nobody labeled the row, and ``[]`` that somebody did and found that no label fits.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Sequence
from itertools import islice
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from ..errors import InputError
from .written_lists import CURE, loaded

SEPARATORS = ("|", ";", ",")  # guessed in the hint to who named none
_YES, _NO = {"1", "1.0", "true"}, {"0", "0.0", "false"}
_JSON = json.JSONEncoder(ensure_ascii=False)
_SHOWN_ROWS = 20


def canonical(labels: Iterable[str]) -> str:
    """Write a set of labels.

    >>> canonical(["toxic", "insult", "toxic"]), canonical([])
    ('["insult", "toxic"]', '[]')
    """
    return _JSON.encode(sorted(set(labels)))


def parsed(text: str | None) -> list[str] | None:
    """Read the labels of a canonical text; None where the row is unlabeled."""
    return None if text is None else json.loads(text)


def cell_of(value: object) -> str | None:
    """Return what a decision's value puts into the column of labels: a label as it is, a list as a canonical text.

    >>> cell_of("toxic"), cell_of(["toxic", "insult"]), cell_of(7)
    ('toxic', '["insult", "toxic"]', None)
    """
    if isinstance(value, list) and all(isinstance(label, str) and label.strip() for label in value):
        return canonical(value)
    return value if isinstance(value, str) else None


def format_labels(value: object) -> str:
    """Write what was given or suggested for people: a list of labels by its names.

    >>> format_labels(["insult", "toxic"]), format_labels([]), format_labels("toxic")
    ('insult, toxic', '(none)', 'toxic')
    """
    if isinstance(value, list) and all(isinstance(label, str) for label in value):
        return ", ".join(value) or "(none)"
    return value if isinstance(value, str) else _JSON.encode(value)


def format_difference(given: Sequence[str], suggested: Sequence[str]) -> str:
    """Write only what differs between two sets.

    >>> format_difference(["insult", "toxic"], ["threat", "toxic"])
    '−insult +threat'
    """
    removed = [f"−{label}" for label in given if label not in suggested]
    return " ".join([*removed, *(f"+{label}" for label in suggested if label not in given)])


def from_column(column: pa.ChunkedArray, *, name: str, separator: str | None = None) -> pa.ChunkedArray:
    """Return the canonical texts of a column of sets.

    Parameters
    ----------
    column
        Lists of strings or whole numbers; or texts, each a JSON list or, with a ``separator``, labels parted by it.
        A null, or a blank text, means unlabeled.
    name
        Of the column, for messages.
    separator
        What parts the labels of a text; spaces around each label are dropped.

    Raises
    ------
    InputError
        For a text that is no JSON list when no separator is named, and for labels that are blank, missing or no
        texts: with the rows.
    """
    if separator is not None and not separator:
        raise InputError("The separator of labels is empty", hint="Name one, such as labels_separator='|'")
    if pa.types.is_dictionary(column.type):
        column = column.cast(column.type.value_type)
    types, kind = pa.types, column.type
    if types.is_string(kind) or types.is_large_string(kind) or types.is_string_view(kind) or types.is_null(kind):
        read = _of_text(separator)
    elif types.is_list(kind) or types.is_large_list(kind) or types.is_fixed_size_list(kind):
        read = _of_list
    else:
        raise InputError(
            f"The labels column {name} holds {column.type}, not lists",
            hint="Name a column of lists, or several columns of 0 and 1: labels=['toxic', 'insult']",
        )
    return _each(column, read, name=name, separator=separator)


def from_columns(table: pa.Table, names: Sequence[str]) -> pa.ChunkedArray:
    """Return the canonical texts of several columns of 0 and 1, each named after its label.

    Raises
    ------
    InputError
        For other values, and for rows where some of the columns are empty and some are not.
    """
    columns = [_marks(table[name], name) for name in names]
    marks = np.stack(columns, axis=1)  # int8: 1, 0, and -1 for missing
    missing = (marks < 0).sum(axis=1)
    partly = np.flatnonzero((missing > 0) & (missing < len(names)))
    if len(partly):
        raise InputError(
            "Some of the label columns are empty and some are not, in rows",
            ids=(partly[:_SHOWN_ROWS] + 1).tolist(),
            hint="Write 0 where a label does not fit; a row where all are empty counts as unlabeled",
        )
    patterns, pattern_of = np.unique(marks, axis=0, return_inverse=True)
    sets = [
        None if row[0] < 0 else canonical(name for name, mark in zip(names, row, strict=True) if mark)
        for row in patterns.tolist()
    ]
    return pa.chunked_array([pa.array(sets, pa.string()).take(pa.array(pattern_of.ravel()))])


def labels_in(column: pa.ChunkedArray) -> tuple[str, ...]:
    """Return the labels that occur in canonical texts, sorted."""
    return tuple(sorted({label for text in pc.unique(column.drop_null()).to_pylist() for label in json.loads(text)}))


def encoded(column: pa.ChunkedArray, *, with_null: bool = False) -> pa.DictionaryArray:
    """Return a column of strings as one dictionary array; ``with_null`` makes a missing value one of its values."""
    coded = pc.dictionary_encode(column, null_encoding="encode" if with_null else "mask").combine_chunks()
    if isinstance(coded, pa.ChunkedArray):
        coded = coded.chunk(0) if coded.num_chunks else pa.array([], pa.string()).dictionary_encode()
    return coded


def members(column: pa.ChunkedArray, classes: Sequence[str]) -> np.ndarray:
    """Tell which of the classes each row has: int8, shape (n, classes), 1, 0, or -1 in rows that are unlabeled.

    Raises
    ------
    InputError
        For labels that are not among the classes.
    """
    coded = encoded(column)
    code_of = {label: code for code, label in enumerate(classes)}
    rows = np.zeros((len(coded.dictionary) + 1, len(classes)), dtype=np.int8)
    rows[-1] = -1  # the last one stands for null
    unknown: set[str] = set()
    for row, text in enumerate(coded.dictionary.to_pylist()):
        labels = json.loads(text)
        unknown.update(label for label in labels if label not in code_of)
        rows[row, [code_of[label] for label in labels if label in code_of]] = 1
    if unknown:
        raise InputError("Some labels are not among the classes", ids=sorted(unknown), hint="Name every class")
    return rows[np.asarray(pc.fill_null(coded.indices, -1))]


def read_cells(column: pa.ChunkedArray, read: Callable[[Any], str | None]) -> tuple[pa.ChunkedArray, dict[int, object]]:
    """Read every cell as text; return the texts, and what stands in the rows (from 1) that cannot be read."""
    pieces: list[pa.Array] = []
    bad: dict[int, object] = {}
    start = 1
    for chunk in column.chunks:
        texts: list[str | None] = []
        for row, value in enumerate(chunk.to_pylist(), start=start):
            try:
                texts.append(read(value))
            except (ValueError, TypeError):
                bad[row] = value
                texts.append(None)
        start += len(chunk)
        pieces.append(pa.array(texts, pa.string()))
    return pa.chunked_array(pieces, pa.string()), bad


def _each(
    column: pa.ChunkedArray, read: Callable[[Any], list[Any] | None], *, name: str, separator: str | None
) -> pa.ChunkedArray:
    """Read every row, the same value once only, and name the rows that cannot be read."""
    seen: dict[Any, str | None] = {}

    width = _places(column)
    if width:
        raise InputError(
            f"The labels column {name} holds lists of {width} zeros and ones, a place for each label, and not names",
            hint="Make one column of 0 and 1 a label, labels=['toxic', 'insult'], or write lists of names",
        )

    def read_once(value: Any) -> str | None:  # noqa: ANN401 - whatever stands in the column
        key = tuple(value) if isinstance(value, list) else value
        if key not in seen:
            labels = read(value)
            seen[key] = None if labels is None else canonical(map(label_text, labels))
        return seen[key]

    texts, bad = read_cells(column, read_once)
    if bad:
        examples = [str(value)[:60] for value in islice(bad.values(), _SHOWN_ROWS)]
        example = next((text for text in examples if any(part in text for part in SEPARATORS)), examples[0])
        raise InputError(
            f"The labels column {name} holds no set of labels (“{example}”, for example) in rows",
            ids=list(bad),
            hint=_cure(example, separator),
        )
    return texts


def _places(column: pa.ChunkedArray) -> int:
    """Return the length of lists that are all as long and hold only 0 and 1 (multi-hot); 0 for others."""
    width = 0
    for value in pc.unique(column.cast(pa.string())).to_pylist() if pa.types.is_string(column.type) else column:
        try:
            row = loaded(value) if isinstance(value, str) else value if value is None else value.as_py()
        except ValueError:
            return 0
        if row is None:
            continue
        if not isinstance(row, list) or len(row) < 2 or len(row) != (width or len(row)):
            return 0
        if not all(isinstance(place, (int, float)) and place in (0, 1) for place in row):
            return 0
        width = len(row)
    return width


def _cure(example: str, separator: str | None) -> str:
    likely = next((part for part in SEPARATORS if part in example), None) if separator is None else None
    if example.lstrip().startswith("["):
        return f"Give lists of names, each name a text that is not blank. {CURE}"
    if likely is None:
        return "Give lists of names, each name a text that is not blank"
    return f"Name what parts them: labels_separator={likely!r}, --labels-separator '{likely}'"


def _of_list(value: list[Any] | None) -> list[Any] | None:
    return value


def _of_text(separator: str | None) -> Callable[[str | None], list[Any] | None]:
    def read(text: str | None) -> list[Any] | None:
        if text is None or not text.strip():
            return None
        if text.lstrip().startswith(("[", "(", "{'", '{"')):
            try:
                labels = loaded(text)
            except ValueError:
                if separator is None:
                    raise
            else:
                return labels if isinstance(labels, list) else [labels]
        if separator is None:
            raise ValueError
        return [part.strip() for part in text.split(separator) if part.strip()]

    return read


def label_text(value: object) -> str:
    """Return a label as text: names and whole numbers; the rest is refused."""
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    if isinstance(value, bool) or not isinstance(value, (str, int)):
        raise TypeError
    text = str(value)
    if not text.strip():
        raise ValueError
    return text


def _marks(column: pa.ChunkedArray, name: str) -> np.ndarray:
    """Return a column of 0 and 1 as int8, shape (n,); -1 where it is missing or blank."""
    coded = encoded(column.cast(pa.string()))
    marks = np.full(len(coded.dictionary) + 1, -1, dtype=np.int8)
    odd = []
    for code, text in enumerate(coded.dictionary.to_pylist()):
        plain = text.strip().lower()
        if plain in _YES or plain in _NO:
            marks[code] = plain in _YES
        elif plain not in ("", "nan"):
            odd.append(text)
    if odd:
        raise InputError(
            f"The label column {name} holds other values than 0 and 1",
            ids=odd[:_SHOWN_ROWS],
            hint="Write 1 where the label fits, 0 where it does not, and nothing where nobody looked",
        )
    return marks[np.asarray(pc.fill_null(coded.indices, -1))]
