"""Roles of columns: which column holds texts, ids, labels, label sets, annotators' labels or spans.

Where a row may have more than one label, its columns become the roles ``labels``, ``annotations`` and ``spans`` of
samples, canonical texts each.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import pyarrow as pa
import pyarrow.compute as pc

from ..data import annotator_labels, label_sets
from ..errors import InputError
from .columns import as_strings, blank_as_null, require, root_of
from .span_formats import canonical_column, tagged_column


@dataclass(frozen=True)
class ColumnRoles:
    """The column of each role, as named to :func:`labelsift.io.read.read`, whose parameters these are."""

    text: str | None = "text"
    label: str | None = None
    labels: str | Sequence[str] | None = None
    labels_separator: str | None = None
    annotations: str | None = None
    annotators: Sequence[str] = ()
    annotator: str | None = None
    spans: str | None = None
    tokens: str | None = None
    id: str | None = None
    split: str | None = None
    predicted: str | None = None
    metadata: Sequence[str] = ()
    missing: Sequence[str] | None = None

    def __post_init__(self) -> None:
        """Refuse kinds of labels that do not go together, and names that are missing.

        Raises
        ------
        InputError
            With what is named too much or too little.
        """
        several, sets = bool(self.annotations or self.annotators), self.labels is not None
        for wrong, what, hint in (
            (self.labels is not None and not len(self.labels), "No column of labels is named",
             "Name one of lists, or several of 0 and 1"),
            (sets and self.label, "Both label and labels are named", "Name label for one a sample, labels for several"),
            (self.spans and (self.label or sets or several), "A data set has labels or spans, not both",
             "Name one of the columns label=… and spans=…"),
            (self.tokens and not self.spans, "Tokens without tags say nothing", "Name the column of the tags: spans=…"),
            (self.spans and not self.text, "Spans stand in texts, and the data is said to have none",
             "Name the column of the texts; where tokens make them, leave it at its default"),
            (several and sets, "Several annotators are weighed for single labels only",
             "Name label, or leave the annotators out"),
            (self.annotations and self.annotators, "Both annotations and annotators are named",
             "Name one column of objects, or one each"),
            (self.annotator and (not self.label or sets or several or self.spans),
             "The annotator of each row is named, and not the column of what they said alone",
             "Name both: label=… and annotator=…"),
            (not self.text and not self.id, "Samples without texts need ids of their own",
             "Name the column that tells them apart: id='file'"),
        ):  # fmt: skip
            if wrong:
                raise InputError(what, hint=hint)

    @property
    def single(self) -> dict[str, str]:
        """Role → column, of the roles that one column of single values fills."""
        roles = ("id", "text", "label", "split", *(() if self.predicts_several else ("predicted",)))
        return {role: column for role in roles if (column := getattr(self, role))}

    @property
    def predicts_several(self) -> bool:
        """Whether predictions are sets or spans, as the labels are."""
        return bool(self.predicted and (self.labels is not None or self.spans))

    @property
    def several(self) -> tuple[str, ...]:
        """The columns that hold more than one label a row, in the order in which they were named."""
        sets = [self.labels] if isinstance(self.labels, str) else self.labels or ()
        columns = (*sets, self.annotations, *self.annotators, self.spans, self.tokens)
        return tuple(column for column in columns if column)

    @property
    def _beside(self) -> list[str]:
        """The columns that go with labels, and are read in a way of their own."""
        return [column for column in (self.annotator, self.predicted if self.predicts_several else None) if column]

    @property
    def names(self) -> list[str]:
        """Every column to read, once each."""
        return list(dict.fromkeys([*self.single.values(), *self.several, *self._beside, *self.metadata]))

    def present(self, names: Sequence[str]) -> list[str]:
        """Return the columns to read out of those of a table, which may lack texts where tokens make them.

        Raises
        ------
        InputError
            If one is missing, or stands twice.
        """
        wanted = self._wanted(names)
        roots = list(dict.fromkeys(root_of(column, names) for column in wanted))
        require(names, roots)
        return roots

    def require(self, names: Sequence[str]) -> None:
        """Refuse a table, read with its dotted paths, that lacks one of the columns."""
        require(names, self._wanted(names))

    def _wanted(self, names: Sequence[str]) -> list[str]:
        return [column for column in self.names if column in names or not (self.tokens and column == self.text)]

    @property
    def as_json(self) -> frozenset[str]:
        """Those that may hold lists and objects."""
        sets = self.labels if isinstance(self.labels, str) else None
        predicted = self.predicted if self.predicts_several else None
        return frozenset(column for column in (sets, self.annotations, self.spans, self.tokens, predicted) if column)

    @property
    def as_text(self) -> frozenset[str]:
        """Those that hold one value a row, taken as it stands: a text, an id, one label, a 0 or 1."""
        return frozenset([*self.single.values(), *self.several, *self._beside]) - self.as_json

    @property
    def labeled(self) -> bool:
        """Whether any column of labels is named."""
        return bool(self.label or self.labels is not None or self.annotations or self.annotators or self.spans)

    def label_roles(self, table: pa.Table, strings: Mapping[str, pa.ChunkedArray]) -> dict[str, pa.ChunkedArray]:
        """Return the columns of ``labels``, ``annotations`` and ``spans``, whichever are named, with predictions.

        Parameters
        ----------
        table
            The columns as they were read.
        strings
            Those that are strings already: ``text`` and, where the data has them, ``id`` and ``label``.

        Raises
        ------
        InputError
            For what is no set, no annotators' labels or no spans: with the rows.
        """
        if self.annotations or self.annotators:
            return self._annotator_labels(table, strings)
        if self.spans:
            return self._spans(table, strings)
        if self.labels is None:
            return {}
        if isinstance(self.labels, str):
            column = label_sets.from_column(table[self.labels], name=self.labels, separator=self.labels_separator)
        else:
            column = label_sets.from_columns(table, self.several)
        return {"labels": column} | self._predicted_sets(table)

    def _predicted_sets(self, table: pa.Table) -> dict[str, pa.ChunkedArray]:
        """Return predictions in the form of the labels: of several columns of 0 and 1, too, as lists of names."""
        if not self.predicted:
            return {}
        column = table[self.predicted]
        return {"predicted": label_sets.from_column(column, name=self.predicted, separator=self.labels_separator)}

    def _annotator_labels(self, table: pa.Table, strings: Mapping[str, pa.ChunkedArray]) -> dict[str, pa.ChunkedArray]:
        """Return what annotators said, and where no label column is named, the label of most of them."""
        if self.annotations:
            labels = annotator_labels.from_column(table[self.annotations], name=self.annotations)
        else:
            texts = {name: as_strings(table[name], role="annotator", column_name=name) for name in self.annotators}
            columns = pa.table({name: blank_as_null(column) for name, column in texts.items()})
            self._require_labels(columns, strings)
            labels = annotator_labels.from_columns(columns, self.annotators)
        return {"annotations": labels} | ({} if "label" in strings else {"label": annotator_labels.consensus(labels)})

    def _require_labels(self, table: pa.Table, strings: Mapping[str, pa.ChunkedArray]) -> None:
        """Refuse columns of annotators' names, where a row is one annotation."""
        if "label" not in strings:
            return
        labels = pc.unique(strings["label"].drop_null())
        for name in table.column_names:
            said = pc.unique(table[name].drop_null())
            if len(said) and len(labels) and not pc.any(pc.is_in(said, value_set=labels)).as_py():
                raise InputError(
                    f"No value of the annotator column {name} is a label of {self.label}",
                    ids=said.to_pylist(),
                    hint=f"Is a row one annotation, and {name} names who said it? Then say so: annotator={name!r}, "
                    f"--annotator {name}, with the id of what was labeled",
                )

    def _spans(self, table: pa.Table, strings: Mapping[str, pa.ChunkedArray]) -> dict[str, pa.ChunkedArray]:
        """Return the canonical spans, and the texts where the tokens make them."""
        name = str(self.spans)
        rows = (
            strings["id"].to_pylist() if "id" in strings else [f"row {number}" for number in range(1, len(table) + 1)]
        )
        texts = strings["text"].to_pylist() if "text" in strings else None
        named = {"spans": name} | ({"predicted": self.predicted} if self.predicted else {})
        if self.tokens is None:
            return {
                role: canonical_column(table[column], texts or [], rows, column_name=column)
                for role, column in named.items()
            }
        columns: dict[str, pa.ChunkedArray] = {}
        for role, column in named.items():
            tags, tokens = table[column], table[self.tokens]
            token_texts, columns[role] = tagged_column(tags, tokens, texts, rows, column_name=column)
            if texts is None:
                columns["text"] = pa.chunked_array([pa.array(token_texts, pa.string())])
        return columns
