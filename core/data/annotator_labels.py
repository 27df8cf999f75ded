"""What several annotators said of each sample: every form that it comes in becomes one canonical JSON text.

The ``annotations`` role of samples holds a JSON object a row, annotator → label, with sorted names; null where nobody
said anything.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from ..errors import InputError
from .label_sets import label_text

_JSON = json.JSONEncoder(ensure_ascii=False, sort_keys=True)


@dataclass(frozen=True)
class Opinions:
    """Who said what.

    Parameters
    ----------
    annotators
        Their names, sorted.
    codes
        int32, shape (n, annotators): positions in the classes, -1 where somebody said nothing.
    """

    annotators: tuple[str, ...]
    codes: np.ndarray

    @property
    def counts(self) -> np.ndarray:
        """How many said something of each sample: int64, shape (n,)."""
        return (self.codes >= 0).sum(axis=1)


def canonical(said: Mapping[str, object]) -> str | None:
    """Write what annotators said; who said nothing is left out.

    >>> canonical({"ben": "spam", "anna": None, "carl": 1})
    '{"ben": "spam", "carl": "1"}'
    """
    kept = {
        str(name): label_text(value) for name, value in said.items() if value is not None and str(value).strip() != ""
    }
    return _JSON.encode(kept) if kept else None


def from_column(column: pa.ChunkedArray, *, name: str) -> pa.ChunkedArray:
    """Return the canonical texts of a column of structs, maps, or JSON objects.

    Raises
    ------
    InputError
        For what is no object of annotators and labels: with the rows.
    """
    pieces, bad, at = [], [], 0
    for chunk in column.chunks:
        texts: list[str | None] = []
        for row, value in enumerate(chunk.to_pylist(), start=at + 1):
            try:
                texts.append(_read(value))
            except (ValueError, TypeError):
                bad.append(row)
                texts.append(None)
        at += len(chunk)
        pieces.append(pa.array(texts, pa.string()))
    if bad:
        raise InputError(
            f"The annotations column {name} holds no labels by annotator in rows",
            ids=bad,
            cure='Write an object a row, such as {"anna": "spam", "ben": "ham"}, or name a column each: annotators=[…]',
        )
    return pa.chunked_array(pieces, pa.string())


def from_columns(table: pa.Table, names: Sequence[str]) -> pa.ChunkedArray:
    """Return the canonical texts of one column of labels each annotator.

    Parameters
    ----------
    table
        These columns are strings; null or blank where somebody said nothing.
    """
    columns = [table[name].to_pylist() for name in names]
    texts = [canonical(dict(zip(names, row, strict=True))) for row in zip(*columns, strict=True)]
    return pa.chunked_array([pa.array(texts, pa.string())])


def labels_in(column: pa.ChunkedArray) -> tuple[str, ...]:
    """Return the labels that annotators gave, sorted."""
    return tuple(
        sorted({label for text in pc.unique(column.drop_null()).to_pylist() for label in json.loads(text).values()})
    )


def opinions(column: pa.ChunkedArray, classes: Sequence[str]) -> Opinions:
    """Read canonical texts.

    Raises
    ------
    InputError
        For labels that are not among the classes.
    """
    rows = [json.loads(text) if text else {} for text in column.to_pylist()]
    names = tuple(sorted({name for row in rows for name in row}))
    place, of_class = ({one: at for at, one in enumerate(several)} for several in (names, classes))
    unknown = sorted({label for row in rows for label in row.values()} - set(of_class))
    if unknown:
        raise InputError("Some annotators' labels are not among the classes", ids=unknown, cure="Name every class")
    codes = np.full((len(rows), len(names)), -1, dtype=np.int32)
    for at, row in enumerate(rows):
        for name, label in row.items():
            codes[at, place[name]] = of_class[label]
    return Opinions(names, codes)


def majority(said: Opinions, classes: int) -> np.ndarray:
    """Return the label that most annotators gave each sample: int32, shape (n,), -1 where nobody gave one.

    A tie goes to the label that is more frequent overall, then to the first in the order of the classes, so that
    it does not depend on the order of rows or annotators.
    """
    votes = np.zeros((len(said.codes), classes), dtype=np.float64)
    rows, people = np.nonzero(said.codes >= 0)
    np.add.at(votes, (rows, said.codes[rows, people]), 1)
    overall = votes.sum(axis=0)
    found = (votes + 0.5 * overall / max(overall.sum(), 1)).argmax(axis=1).astype(np.int32)
    return np.where(votes.any(axis=1), found, np.int32(-1))


def consensus(column: pa.ChunkedArray) -> pa.ChunkedArray:
    """Return the label that most annotators gave each row, null where nobody gave one."""
    classes = labels_in(column)
    codes = majority(opinions(column, classes), max(len(classes), 1))
    names = pa.array(classes or [""], pa.string())
    return pa.chunked_array([names.take(pa.array(codes, mask=codes < 0))])


def _read(value: Any) -> str | None:  # noqa: ANN401 - whatever stands in the column
    if value is None or (isinstance(value, str) and not value.strip()):
        return None
    found = json.loads(value) if isinstance(value, str) else value
    if isinstance(found, list):  # how Arrow gives a map back
        found = dict(found)
    if not isinstance(found, dict):
        raise TypeError
    return canonical(found)
