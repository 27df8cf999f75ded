"""``read``: files, URLs, data frames, exports and projects of labeling platforms become Samples.

Only the columns that were named are read, and Arrow's buffers are kept as they are, so that a large
file never stands in memory twice.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from ..data.samples import Samples
from ..errors import LabelsiftError
from ..texts.redaction import safe_id
from . import project_url, tables
from .column_roles import ColumnRoles
from .dialect import Form
from .formats import argilla, conll, label_studio
from .safe_ids import with_safe_ids
from .source import Source

# Each module recognizes one kind of source, and reads it; they are asked in this order.
READERS = (project_url, conll, label_studio, argilla, tables)


def read(
    data: str | os.PathLike[str] | Any,  # noqa: ANN401 - any container
    *,
    text: str | None = "text",
    label: str | None = None,
    labels: str | Sequence[str] | None = None,
    labels_separator: str | None = None,
    annotations: str | None = None,
    annotators: Sequence[str] = (),
    annotator: str | None = None,
    spans: str | None = None,
    tokens: str | None = None,
    id: str | None = None,
    split: str | None = None,
    predicted: str | None = None,
    metadata: Sequence[str] = (),
    source: str | None = None,
    missing: Sequence[str] | None = None,
    encoding: str = "utf-8",
    format: str | None = None,
    delimiter: str | None = None,
    quotes: bool | None = None,
    columns: Sequence[str] = (),
    name: str | None = None,
    keep_ids: bool = False,
) -> Samples:
    """Read samples from a file, a URL, a data frame or a data set.

    Parameters
    ----------
    data
        A path or URL of a csv, tsv, txt, json, jsonl, parquet, Arrow, xlsx or conll file, plain, compressed or alone in
        a zip archive; a folder that ``datasets.save_to_disk`` wrote; a pandas, polars, Arrow or Hugging Face object,
        or anything that speaks Arrow's C stream interface.
        ``label-studio://PROJECT``, and so for every installed platform that can be read: the project says itself
        where text and labels stand. An export of Label Studio or Argilla says it nearly as well; see
        :mod:`labelsift.io.formats.label_studio` and :mod:`labelsift.io.formats.argilla`.
    text, label, id, split, predicted
        The columns that hold each role; ``data.text`` is the field ``text`` of objects in a column ``data``, and a data
        frame's index goes by its name, or ``index``. Without ``id`` the id is a hash of the text.
        ``predicted`` is in the form of the labels: where these are sets or spans, so is it (of ``tokens`` their tags).
        A missing label (null or blank) means unlabeled. ``text=None`` is for images, sounds and whatever else is
        known by its id alone; a scan then needs embeddings or probabilities.
    labels
        Instead of ``label``, where a sample may have several: a column of lists, of JSON lists or of texts that
        ``labels_separator`` parts; or several columns of 0 and 1, each named after its label.
    labels_separator
        What parts the labels within a text, for example ``"|"``.
    annotations, annotators
        What several annotators said: a column of objects (annotator → label: structs, maps or JSON), or one column
        of labels each annotator. Without ``label``, the label is what most of them say.
    annotator
        Where a row is one annotation: the column of who gave its ``label``. Rows of one id (or of one text, without
        ids) are one sample, whose label is what most say.
    spans
        The column of what is marked in each text, instead of ``label``: character spans, tags of ``tokens``, or the
        column of an export; see :mod:`labelsift.io.span_formats`. Missing means unlabeled, an empty list that there is
        nothing to mark. A Label Studio or Argilla JSON export is read as it is: ``spans="annotations"``, or
        the name of the question.
    tokens
        The column of the tokens that ``spans`` holds the tags of. Where the data has no ``text`` column, the text is
        the tokens, joined by one space.
    metadata
        Further columns to keep, for slices and for the people who review.
    source
        The column that says where each sample comes from (a person, a vendor, a model …): metadata, too. A scan tells
        how often each issue is found in what comes from where.
    missing
        The labels that mean that there is none, ``[]`` for no such label. By default what pandas and databases write
        (``nan``, ``NULL`` …), with a note.
    encoding
        Of csv, tsv, txt and conll files.
    format
        ``csv``, ``jsonl`` …, where the file's name does not tell.
    delimiter, quotes, columns
        Of csv, tsv and txt files: the character between the columns, whether ``"`` quotes values, and the columns'
        names where the file has no header. Without them the first lines tell; a value that swallows rows is refused.
    name
        What to call the data set; the file's stem by default.
    keep_ids
        Leave ids as they are that hold an e-mail address, a key or the like. By default a pseudonym takes their place,
        with a note; see :mod:`labelsift.io.safe_ids`.

    Raises
    ------
    InputError
        Missing columns, an empty file, undecodable bytes, ids that are missing or repeated, spans out of their
        text: with the rows concerned and the hint.

    Examples
    --------
    >>> import pyarrow as pa
    >>> samples = read(pa.table({"text": ["a", "b"], "intent": ["x", None]}), label="intent")
    >>> len(samples), samples.classes
    (2, ('x',))
    """
    roles = ColumnRoles(
        text=_column(text),
        label=_column(label),
        labels=_column(labels) if labels is None or isinstance(labels, (str, int)) else _several(labels),
        labels_separator=labels_separator,
        annotations=_column(annotations),
        annotators=_several(annotators),
        annotator=_column(annotator),
        spans=_column(spans),
        tokens=_column(tokens),
        id=_column(id),
        split=_column(split),
        predicted=_column(predicted),
        metadata=list(dict.fromkeys([*_several(metadata), *_several(() if source is None else source)])),
        missing=None if missing is None else _several(missing),
    )
    form = Form(format, encoding, delimiter, quotes, tuple(_several(columns)))
    origin = Source(data, form=form, name=name)
    reader = next(reader for reader in READERS if reader.recognizes(origin, roles))
    try:
        samples = replace(reader.read(origin, roles), source=_column(source))
        return samples if keep_ids else with_safe_ids(samples)
    except LabelsiftError as error:
        if not keep_ids:
            error.ids = tuple(map(safe_id, error.ids))
        raise


def _column(name: Any) -> str | None:  # noqa: ANN401 - data frames have numbers for names, too
    return None if name is None else str(name)


def _several(names: Any) -> list[str]:  # noqa: ANN401 - a list, an array or an index of names
    """Return the names without repeats; one name alone is one, not its letters."""
    return [str(names)] if isinstance(names, (str, int)) else list(dict.fromkeys(map(str, names)))
