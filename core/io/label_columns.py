"""What is given to each row where it is more than one label: sets, what several annotators said, spans.

Their columns become the roles ``labels``, ``annotations`` and ``spans`` of samples, canonical texts each.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import pyarrow as pa

from ..data import annotator_labels
from ..data import label_sets as labelsets
from ..errors import InputError
from .cells import as_strings, blank_as_null
from .span_formats import canonical_column, tagged_column


@dataclass(frozen=True)
class Given:
    """The columns that :func:`labelsift.io.read.read` was told of, beside that of one label a sample.

    Parameters
    ----------
    labels, separator
        One column of sets, or several of 0 and 1; what parts the labels within a text.
    annotations, annotators
        One column of objects, or one of labels each annotator.
    spans, tokens
        One column of spans, or of the tags of tokens.
    """

    labels: str | Sequence[str] | None
    separator: str | None
    annotations: str | None
    annotators: Sequence[str]
    spans: str | None
    tokens: str | None

    def require(self, *, label: str | None, text: str | None, id: str | None) -> None:
        """Refuse kinds of labels that do not go together, and names that are missing.

        Raises
        ------
        InputError
            With what is named too much or too little.
        """
        several, sets = bool(self.annotations or self.annotators), self.labels is not None
        for wrong, what, cure in (
            (self.labels is not None and not len(self.labels), "No column of labels is named",
             "Name one of lists, or several of 0 and 1"),
            (sets and label, "Both label and labels are named", "Name label for one a sample, labels for several"),
            (self.spans and (label or sets or several), "A data set has labels or spans, not both",
             "Name one of the columns label=… and spans=…"),
            (self.tokens and not self.spans, "Tokens without tags say nothing", "Name the column of the tags: spans=…"),
            (self.spans and not text, "Spans stand in texts, and the data is said to have none",
             "Name the column of the texts; where tokens make them, leave it at its default"),
            (several and sets, "Several annotators are weighed for single labels only",
             "Name label, or leave the annotators out"),
            (self.annotations and self.annotators, "Both annotations and annotators are named",
             "Name one column of objects, or one each"),
            (not text and not id, "Samples without texts need ids of their own",
             "Name the column that tells them apart: id='file'"),
        ):  # fmt: skip
            if wrong:
                raise InputError(what, cure=cure)

    @property
    def columns(self) -> tuple[str, ...]:
        """All columns, in the order in which they were named."""
        sets = [self.labels] if isinstance(self.labels, str) else self.labels or ()
        named = (*sets, self.annotations, *self.annotators, self.spans, self.tokens)
        return tuple(one for one in named if one)

    @property
    def as_json(self) -> frozenset[str]:
        """Those that may hold lists and objects."""
        sets = self.labels if isinstance(self.labels, str) else None
        return frozenset(one for one in (sets, self.annotations, self.spans, self.tokens) if one)

    @property
    def as_text(self) -> frozenset[str]:
        """Those that hold one label, or a 0 or 1, a row."""
        return frozenset(self.columns) - self.as_json

    def roles(self, table: pa.Table, known: Mapping[str, pa.ChunkedArray]) -> dict[str, pa.ChunkedArray]:
        """Return the columns of further roles.

        Parameters
        ----------
        table
            The columns as they were read.
        known
            The roles that are strings already: ``text`` and, where the data has them, ``id`` and ``label``.

        Raises
        ------
        InputError
            For what is no set, no annotators' labels or no spans: with the rows.
        """
        if self.annotations or self.annotators:
            return self._annotator_labels(table, known)
        if self.spans:
            return self._spans(table, known)
        if self.labels is None:
            return {}
        if isinstance(self.labels, str):
            column = labelsets.from_column(table[self.labels], name=self.labels, separator=self.separator)
        else:
            column = labelsets.from_columns(table, self.columns)
        return {"labels": column}

    def _annotator_labels(self, table: pa.Table, known: Mapping[str, pa.ChunkedArray]) -> dict[str, pa.ChunkedArray]:
        """Return what annotators said, and where no label column is named, the label of most of them."""
        if self.annotations:
            said = annotator_labels.from_column(table[self.annotations], name=self.annotations)
        else:
            texts = {name: as_strings(table[name], role="annotator", column_name=name) for name in self.annotators}
            columns = pa.table({name: blank_as_null(one) for name, one in texts.items()})
            said = annotator_labels.from_columns(columns, self.annotators)
        return {"annotations": said} | ({} if "label" in known else {"label": annotator_labels.consensus(said)})

    def _spans(self, table: pa.Table, known: Mapping[str, pa.ChunkedArray]) -> dict[str, pa.ChunkedArray]:
        """Return the canonical spans, and the texts where the tokens make them."""
        name = str(self.spans)
        rows = known["id"].to_pylist() if "id" in known else [f"row {at}" for at in range(1, len(table) + 1)]
        texts = known["text"].to_pylist() if "text" in known else None
        if self.tokens is None:
            return {"spans": canonical_column(table[name], texts or [], rows, column_name=name)}
        made, found = tagged_column(table[name], table[self.tokens], texts, rows, column_name=name)
        further = {} if texts is not None else {"text": pa.chunked_array([pa.array(made, pa.string())])}
        return {"spans": found} | further
