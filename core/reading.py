"""One door for every container: files, URLs, data frames and data sets become Samples.

Only the columns that were named are read, and Arrow's buffers are kept as they are, so that a large
file never stands in memory twice.
"""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from . import files, opinions
from .columns import plain, require_utf8
from .containers import from_memory
from .errors import InputError
from .jsonlines import EXACT
from .labelsets import from_column, from_columns
from .samples import Samples, repeats, text_ids

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
    metadata
        Further columns to keep, for slices and for the people who review.
    encoding
        Of csv and tsv files.
    name
        What to call the data set; the file's stem by default.

    Raises
    ------
    InputError
        Missing columns, an empty file, undecodable bytes, ids that are missing or repeated:
        with the rows concerned and the cure.

    Examples
    --------
    >>> import pyarrow as pa
    >>> samples = read(pa.table({"text": ["a", "b"], "intent": ["x", None]}), label="intent")
    >>> len(samples), samples.classes
    (2, ('x',))
    """
    roles = {"id": id, "text": text, "label": label, "split": split, "predicted": predicted}
    sets = [labels] if isinstance(labels, str) else list(labels or ())
    annotators = [annotators] if isinstance(annotators, str) else list(annotators)
    sets += [annotations] if annotations else []
    _require_roles(roles, labels)
    _require_annotators(labels, annotations, annotators)
    metadata = [metadata] if isinstance(metadata, str) else list(dict.fromkeys(metadata))
    wanted = list(dict.fromkeys([*(column for column in roles.values() if column), *sets, *annotators, *metadata]))
    if isinstance(source, (str, os.PathLike)):
        table = files.read_columns(
            os.fspath(source),
            wanted,
            as_text=_text_columns(roles) | frozenset(annotators),
            nested=frozenset(sets),
            encoding=encoding,
        )
        name = name or files.stem(os.fspath(source))
    else:
        table = from_memory(source, wanted)
        require_utf8(table, name or "The data")
    if not table.num_rows:
        raise InputError(f"{name or 'The data'} holds no rows", cure="Give a file with a header and rows")
    table = plain(table)
    found = _samples(table, roles, metadata, name=name or "samples")
    if annotations or annotators:
        return _annotated(found, table, annotations, annotators)
    if labels is None:
        return found
    column = (
        from_column(table[labels], name=labels, separator=labels_separator)
        if isinstance(labels, str)
        else from_columns(table, sets)
    )
    return replace(found, table=found.table.append_column("labels", column))


def _annotated(found: Samples, table: pa.Table, column: str | None, annotators: Sequence[str]) -> Samples:
    """Add what annotators said, and where no label column is named, the label of most of them."""
    if column is not None:
        said = opinions.from_column(table[column], name=column)
    else:
        texts = {name: _strings(table[name], role="annotator", column_name=name) for name in annotators}
        said = opinions.from_columns(
            pa.table({name: _unlabeled_as_null(one) for name, one in texts.items()}), annotators
        )
    own = found.table
    if "label" not in own.column_names:
        own = own.append_column("label", opinions.consensus(said))
    return replace(found, table=own.append_column("annotations", said))


def _require_annotators(labels: str | Sequence[str] | None, annotations: str | None, annotators: Sequence[str]) -> None:
    if (annotations or annotators) and labels is not None:
        raise InputError(
            "Several annotators are weighed for single labels only", cure="Name label, or leave the annotators out"
        )
    if annotations and annotators:
        raise InputError("Both annotations and annotators are named", cure="Name one column of objects, or one each")


def _require_roles(roles: dict[str, str | None], labels: str | Sequence[str] | None) -> None:
    if labels is not None and not len(labels):
        raise InputError("No column of labels is named", cure="Name one of lists, or several of 0 and 1")
    if labels is not None and roles["label"]:
        raise InputError("Both label and labels are named", cure="Name label for one a sample, labels for several")
    if not roles["text"] and not roles["id"]:
        raise InputError(
            "Samples without texts need ids of their own", cure="Name the column that tells them apart: id='file'"
        )


def _text_columns(roles: dict[str, str | None]) -> frozenset[str]:
    return frozenset(column for column in roles.values() if column)


def _samples(table: pa.Table, roles: dict[str, str | None], metadata: Sequence[str], *, name: str) -> Samples:
    columns: dict[str, pa.ChunkedArray] = {}
    for role, column in roles.items():
        if column:
            columns[role] = _strings(table[column], role=role, column_name=column)
    if "text" in columns:
        columns["text"] = pc.fill_null(columns["text"], "")
    if "label" in columns:
        columns["label"] = _unlabeled_as_null(columns["label"])
    if "id" in columns:
        _require_unique(columns["id"], column_name=str(roles["id"]))
    else:
        columns["id"] = text_ids(columns["text"])
    ordered = {role: columns[role] for role in roles if role in columns}
    return Samples(pa.table(ordered), table.select(list(metadata)), name)


def _strings(column: pa.ChunkedArray, *, role: str, column_name: str) -> pa.ChunkedArray:
    """Return the column as strings: integers and booleans are written out, the rest is refused."""
    kind = column.type
    if pa.types.is_dictionary(kind):
        column = pc.cast(column, kind.value_type)
        kind = column.type
    if pa.types.is_string(kind):
        return column
    if pa.types.is_null(kind) or pa.types.is_integer(kind) or pa.types.is_boolean(kind):
        return pc.cast(column, pa.string())
    if pa.types.is_floating(kind):
        return _whole_numbers(column, role=role, column_name=column_name)
    raise InputError(
        f"The {role} column {column_name} holds {kind}, not text", cure="Turn it into strings before reading"
    )


def _whole_numbers(column: pa.ChunkedArray, *, role: str, column_name: str) -> pa.ChunkedArray:
    """Write 3.0 as 3: pandas turns integers with gaps into floats. NaN means missing."""
    column = pc.if_else(pc.is_nan(column), None, pc.cast(column, pa.float64()))
    rounded = pc.round(column)
    if pc.any(pc.not_equal(rounded, column)).as_py():
        raise InputError(
            f"The {role} column {column_name} holds fractions",
            cure="labelsift judges classes: name a column of class names, ids or texts",
        )
    large = pc.fill_null(pc.greater_equal(pc.abs(rounded), EXACT), False)
    if pc.any(large).as_py():
        raise InputError(
            f"The {role} column {column_name} holds floats that are too large to be exact, in rows",
            ids=(pc.indices_nonzero(large).to_numpy() + 1).tolist(),
            cure="Write them as strings or as integers",
        )
    return pc.cast(pc.cast(rounded, pa.int64()), pa.string())


def _unlabeled_as_null(labels: pa.ChunkedArray) -> pa.ChunkedArray:
    blank = _is_space(labels)
    return pc.if_else(blank, pa.scalar(None, pa.string()), labels) if pc.any(blank).as_py() else labels


def _is_space(column: pa.ChunkedArray) -> pa.ChunkedArray:
    """Tell which values are empty or white space, chunk by chunk: trimming a whole column would copy it."""
    return pa.chunked_array([pc.equal(pc.utf8_trim_whitespace(chunk), "") for chunk in column.chunks], pa.bool_())


def _require_unique(ids: pa.ChunkedArray, *, column_name: str) -> None:
    blank = pc.fill_null(_is_space(ids), True)
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
