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

from . import files
from .columns import plain, require_utf8
from .containers import from_memory
from .errors import InputError
from .jsonlines import EXACT
from .samples import ROLES, Samples, repeats, text_ids
from .spanexports import exported, has_column
from .spanforms import canonical_column, tagged_column

if TYPE_CHECKING:
    Source = str | os.PathLike[str] | Any


def read(
    source: Source,
    *,
    text: str = "text",
    label: str | None = None,
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
    text, label, id, split, predicted
        The columns that hold each role. Without ``id`` the id is a hash of the text.
        A missing label (null or blank) means unlabeled.
    spans
        The column of what is marked in each text, instead of ``label``: character spans, tags of ``tokens``, or the
        column of an export; see :mod:`labelsift.spanforms`. Missing means unlabeled, an empty list that there is
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
    _require_one_kind(label=label, spans=spans, tokens=tokens)
    roles = {"id": id, "text": text, "label": label, "split": split, "predicted": predicted}
    metadata = [metadata] if isinstance(metadata, str) else list(dict.fromkeys(metadata))
    if isinstance(source, (str, os.PathLike)):
        name = name or files.stem(os.fspath(source))
        if spans:
            source = exported(os.fspath(source), text=text, spans=spans) or source
    wanted = list(dict.fromkeys([*(column for column in roles.values() if column), *metadata]))
    whole = tuple(column for column in (spans, tokens) if column)
    table = _table(source, wanted, whole, optional=text if tokens else None, roles=roles, encoding=encoding, name=name)
    if not table.num_rows:
        raise InputError(f"{name or 'The data'} holds no rows", cure="Give a file with a header and rows")
    table = plain(table)
    if spans:
        table = _with_spans(table, text, spans, tokens, ids=id)
    return _samples(table, roles, metadata, spans=bool(spans), name=name or "samples")


SPANS = "\0spans"  # where the canonical spans stand in the table that becomes samples; no file has such a column


def _require_one_kind(*, label: str | None, spans: str | None, tokens: str | None) -> None:
    if label and spans:
        raise InputError("A data set has labels or spans, not both", cure="Name one of the columns label=… and spans=…")
    if tokens and not spans:
        raise InputError("Tokens without tags say nothing", cure="Name the column of the tags: spans=…")


def _table(
    source: Source,
    wanted: list[str],
    whole: tuple[str, ...],
    *,
    optional: str | None,
    roles: dict[str, str | None],
    encoding: str,
    name: str | None,
) -> pa.Table:
    """Read the wanted columns, and those that are taken whole, whatever stands in them; one may be absent."""
    if optional is not None and not has_column(source, optional):
        wanted = [one for one in wanted if one != optional]
    wanted = list(dict.fromkeys([*wanted, *whole]))
    if isinstance(source, (str, os.PathLike)):
        as_text = _text_columns(roles) - set(whole)
        return files.read_columns(
            os.fspath(source), wanted, as_text=as_text, encoding=encoding, as_json=frozenset(whole)
        )
    table = from_memory(source, wanted)
    require_utf8(table, name or "The data")
    return table


def _with_spans(table: pa.Table, text: str, spans: str, tokens: str | None, *, ids: str | None) -> pa.Table:
    """Add the canonical spans, and the texts where the tokens make them."""
    names = table[ids].to_pylist() if ids else range(1, len(table) + 1)
    named = [str(one) if ids else f"row {one}" for one in names]
    texts = None
    if text in table.column_names:
        texts = pc.fill_null(_strings(table[text], role="text", column_name=text), "").to_pylist()
    if tokens is None:
        return table.append_column(SPANS, canonical_column(table[spans], texts or [], named, column_name=spans))
    made, found = tagged_column(table[spans], table[tokens], texts, named, column_name=spans)
    if texts is None:
        table = table.append_column(text, pa.array(made, pa.string()))
    return table.append_column(SPANS, found)


def _text_columns(roles: dict[str, str | None]) -> frozenset[str]:
    return frozenset(column for column in roles.values() if column)


def _samples(
    table: pa.Table, roles: dict[str, str | None], metadata: Sequence[str], *, spans: bool, name: str
) -> Samples:
    columns: dict[str, pa.ChunkedArray] = {}
    for role, column in roles.items():
        if column:
            columns[role] = _strings(table[column], role=role, column_name=column)
    columns["text"] = pc.fill_null(columns["text"], "")
    if "label" in columns:
        columns["label"] = _unlabeled_as_null(columns["label"])
    if "id" in columns:
        _require_unique(columns["id"], column_name=str(roles["id"]))
    else:
        columns["id"] = text_ids(columns["text"])
    if spans:
        columns["spans"] = table[SPANS]
    ordered = {role: columns[role] for role in ROLES if role in columns}
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
