"""One door for every container: files, URLs, data frames and data sets become Samples.

Only the columns that were named are read, and Arrow's buffers are kept as they are, so that a large
file never stands in memory twice.
"""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from ..data.hashing import repeats, text_ids
from ..data.samples import ROLES, Samples
from ..errors import InputError
from . import files
from .cells import as_strings, blank_as_null, is_space
from .columns import plain, require_utf8
from .dataframes import from_memory
from .formats.label_studio import read_export
from .formats.spanexports import exported, has_column
from .label_columns import Given
from .project_url import project_of, read_project

if TYPE_CHECKING:
    Source = str | os.PathLike[str] | Any


def read(
    source: Source,
    *,
    text: str | None = "text",
    label: str | None = None,
    labels: str | Sequence[str] | None = None,
    labels_separator: str | None = None,
    annotations: str | None = None,
    annotators: Sequence[str] = (),
    spans: str | None = None,
    tokens: str | None = None,
    id: str | None = None,
    split: str | None = None,
    predicted: str | None = None,
    metadata: Sequence[str] = (),
    encoding: str = "utf-8",
    name: str | None = None,
) -> Samples:
    """Read samples from a file, a URL, a data frame or a data set.

    Parameters
    ----------
    source
        A path or URL of a csv, tsv, jsonl or parquet file (plain or compressed), or a pandas,
        polars, Arrow or Hugging Face object; anything that speaks Arrow's C stream interface.
        ``label-studio://PROJECT``, and so for every installed platform that can be read: the project says itself
        where text and labels stand. An export of Label Studio says it nearly as well; see
        :mod:`labelsift.io.formats.label_studio`.
    text, label, id, split, predicted
        The columns that hold each role. Without ``id`` the id is a hash of the text.
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
    encoding
        Of csv and tsv files.
    name
        What to call the data set; the file's stem by default.

    Raises
    ------
    InputError
        Missing columns, an empty file, undecodable bytes, ids that are missing or repeated, spans out of their
        text: with the rows concerned and the cure.

    Examples
    --------
    >>> import pyarrow as pa
    >>> samples = read(pa.table({"text": ["a", "b"], "intent": ["x", None]}), label="intent")
    >>> len(samples), samples.classes
    (2, ('x',))
    """
    given = Given(labels, labels_separator, annotations, _several(annotators), spans, tokens)
    given.require(label=label, text=text, id=id)
    roles = {"id": id, "text": text, "label": label, "split": split, "predicted": predicted}
    metadata = _several(metadata)
    project = project_of(source)
    if project is not None:
        more = {"id": id, "split": split, "predicted": predicted, "metadata": metadata, "name": name}
        return read_project(*project, given=[*([label] if label else []), *given.columns], **more)
    if isinstance(source, (str, os.PathLike)):
        export = read_export(
            os.fspath(source),
            text=text,
            controls={"label": label, "labels": labels, "spans": spans},
            others=bool(annotations or annotators or tokens),
            fields={"id": id, "split": split, "predicted": predicted},
            metadata=metadata,
            name=name,
        )
        if export is not None:
            return export
    if isinstance(source, (str, os.PathLike)):
        name = name or files.stem(os.fspath(source))
        if spans and text:
            source = exported(os.fspath(source), text=text, spans=spans) or source
    wanted = [column for column in roles.values() if column]
    if tokens and not has_column(source, str(text)):  # the tokens make the texts
        wanted.remove(str(text))
    wanted = list(dict.fromkeys([*wanted, *given.columns, *metadata]))
    table = _table(source, wanted, roles, given, encoding=encoding, name=name or "The data")
    if not table.num_rows:
        raise InputError(f"{name or 'The data'} holds no rows", cure="Give a file with a header and rows")
    return _samples(plain(table), roles, given, metadata, name=name or "samples")


def _several(names: Sequence[str]) -> list[str]:
    """Return the names without repeats; one name alone is one, not its letters."""
    return [names] if isinstance(names, str) else list(dict.fromkeys(names))


def _table(
    source: Source, wanted: list[str], roles: dict[str, str | None], given: Given, *, encoding: str, name: str
) -> pa.Table:
    if isinstance(source, (str, os.PathLike)):
        as_text = frozenset(column for column in roles.values() if column) | given.as_text
        return files.read_columns(
            os.fspath(source), wanted, as_text=as_text - given.as_json, encoding=encoding, as_json=given.as_json
        )
    table = from_memory(source, wanted)
    require_utf8(table, name)
    return table


def _samples(
    table: pa.Table, roles: dict[str, str | None], given: Given, metadata: Sequence[str], *, name: str
) -> Samples:
    columns = {
        role: as_strings(table[column], role=role, column_name=column)
        for role, column in roles.items()
        if column and column in table.column_names  # all are there but a text that tokens make
    }
    if "text" in columns:
        columns["text"] = pc.fill_null(columns["text"], "")
    if "label" in columns:
        columns["label"] = blank_as_null(columns["label"])
    if "id" in columns:
        _require_unique(columns["id"], column_name=str(roles["id"]))
    columns |= given.roles(table, columns)
    if "id" not in columns:
        columns["id"] = text_ids(columns["text"])
    ordered = {role: columns[role] for role in ROLES if role in columns}
    return Samples(pa.table(ordered), table.select(list(metadata)), name)


def _require_unique(ids: pa.ChunkedArray, *, column_name: str) -> None:
    blank = pc.fill_null(is_space(ids), True)
    if pc.any(blank).as_py():
        rows = (pc.indices_nonzero(blank).to_numpy() + 1).tolist()
        raise InputError(
            f"The id column {column_name} is empty in rows", ids=rows, cure="Fill the ids, or read without an id column"
        )
    repeated = _repeated(ids)
    if not repeated:
        return
    places = pc.indices_nonzero(pc.equal(ids, repeated[0])).to_pylist()
    rows = ", ".join(str(at + 1) for at in places[:5])
    raise InputError(
        f"The id column {column_name} holds duplicates ({repeated[0]} stands in rows {rows})",
        ids=repeated,
        cure="Make the ids unique, or read without an id column: then the text identifies a sample",
    )


def _repeated(ids: pa.ChunkedArray) -> list[str]:
    """Return the ids that stand more than once; a column of hashes takes a tenth of a table of strings."""
    hashes = np.empty(len(ids), dtype=np.int64)
    at = 0
    for batch in pa.table({"id": ids}).to_batches(max_chunksize=65_536):
        hashes[at : at + len(batch)] = [hash(one) for one in batch["id"].to_pylist()]
        at += len(batch)
    rows = repeats(hashes)
    if not len(rows):
        return []
    counts = Counter(ids.take(pa.array(rows)).to_pylist())
    return [one for one, count in counts.items() if count > 1]
