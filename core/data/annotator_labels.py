"""Labels of several annotators: one canonical JSON text a row, codes by annotator, and the majority vote.

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
from .label_sets import label_text, read_cells
from .written_lists import loaded

_JSON = json.JSONEncoder(ensure_ascii=False, sort_keys=True)


@dataclass(frozen=True)
class AnnotatorLabels:
    """Who gave which label.

    Parameters
    ----------
    annotators
        Their names, sorted.
    codes
        int32, shape (n, annotators): positions in the classes, -1 where somebody said nothing.
    """

    annotators: tuple[str, ...]
    codes: np.ndarray

    @classmethod
    def read(cls, column: pa.ChunkedArray, classes: Sequence[str]) -> AnnotatorLabels:
        """Read canonical texts.

        Raises
        ------
        InputError
            For labels that are not among the classes.
        """
        rows = [json.loads(text) if text else {} for text in column.to_pylist()]
        annotators = tuple(sorted({name for row in rows for name in row}))
        unknown = sorted({label for row in rows for label in row.values()} - set(classes))
        if unknown:
            raise InputError("Some annotators' labels are not among the classes", ids=unknown, hint="Name every class")
        column_of = {name: position for position, name in enumerate(annotators)}
        code_of = {label: code for code, label in enumerate(classes)}
        codes = np.full((len(rows), len(annotators)), -1, dtype=np.int32)
        for number, row in enumerate(rows):
            for name, label in row.items():
                codes[number, column_of[name]] = code_of[label]
        return cls(annotators, codes)

    @property
    def counts(self) -> np.ndarray:
        """How many annotators labeled each sample: int64, shape (n,)."""
        return (self.codes >= 0).sum(axis=1)

    def majority_vote(self, classes: int) -> np.ndarray:
        """Return the label that most annotators gave each sample: int32, shape (n,), -1 where nobody gave one.

        A tie goes to the label that is more frequent overall, then to the first in the order of the classes, so that
        it does not depend on the order of rows or annotators.
        """
        votes = np.zeros((len(self.codes), classes), dtype=np.float64)
        rows, annotators = np.nonzero(self.codes >= 0)
        np.add.at(votes, (rows, self.codes[rows, annotators]), 1)
        overall = votes.sum(axis=0)
        winners = (votes + 0.5 * overall / max(overall.sum(), 1)).argmax(axis=1).astype(np.int32)
        return np.where(votes.any(axis=1), winners, np.int32(-1))


def canonical(labels: Mapping[str, object]) -> str | None:
    """Write annotator → label; who said nothing is left out.

    >>> canonical({"ben": "spam", "anna": None, "carl": 1})
    '{"ben": "spam", "carl": "1"}'
    """
    given = {
        str(name): label_text(label) for name, label in labels.items() if label is not None and str(label).strip() != ""
    }
    return _JSON.encode(given) if given else None


def from_column(column: pa.ChunkedArray, *, name: str) -> pa.ChunkedArray:
    """Return the canonical texts of a column of structs, maps, or JSON objects.

    Raises
    ------
    InputError
        For what is no object of annotators and labels: with the rows.
    """
    texts, bad = read_cells(column, _canonical_cell)
    if bad:
        raise InputError(
            f"The annotations column {name} holds no labels by annotator in rows",
            ids=list(bad),
            hint='Write an object a row, such as {"anna": "spam", "ben": "ham"}, or name a column each: annotators=[…]',
        )
    return texts


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
    texts = pc.unique(column.drop_null()).to_pylist()
    return tuple(sorted({label for text in texts for label in json.loads(text).values()}))


def consensus(column: pa.ChunkedArray) -> pa.ChunkedArray:
    """Return the label that most annotators gave each row, null where nobody gave one."""
    classes = labels_in(column)
    codes = AnnotatorLabels.read(column, classes).majority_vote(max(len(classes), 1))
    names = pa.array(classes or [""], pa.string())
    return pa.chunked_array([names.take(pa.array(codes, mask=codes < 0))])


def _canonical_cell(value: Any) -> str | None:  # noqa: ANN401 - whatever stands in the column
    if value is None or (isinstance(value, str) and not value.strip()):
        return None
    labels = loaded(value) if isinstance(value, str) else value
    if isinstance(labels, list):  # how Arrow gives a map back
        labels = dict(labels)
    if not isinstance(labels, dict):
        raise TypeError
    return canonical(labels)
