"""Columns of a run in which weak slices are sought: metadata, labels, length of the text, quality flags, clusters."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from ...checks.registry import checks
from ...data.factorize import GLANCE, HIDDEN, MAX_MEAN_LENGTH, ONE_VALUE
from ...data.hidden_texts import COLUMNS, hidden_columns
from ...data.issues import issue_named
from ...data.schemas import issues_in
from ...data.textless import comparable_texts
from ...texts.redaction import matches
from ..slice_metrics import score_column
from .embedding_clusters import embedding_clusters
from .regions import Feature
from .wording import Kind, SliceColumn, column_sql

if TYPE_CHECKING:
    from ...store.run import Run

LENGTH, CLUSTER = "text_length", "cluster"
MOST_VALUES = 5_000
EXACT = 2**53  # whole numbers from here on are no exact floats
_DAYS = (-719_161, 2_932_895)  # since 1970, of the second day of the year 1 and the last but one of 9999
_UNITS = {"s": 1, "ms": 10**3, "us": 10**6, "ns": 10**9}  # in a second
_NO_SLICES = frozenset(("label", "span", "taxonomy"))  # say of a label that it is wrong: what is looked for


def slice_columns(run: Run, columns: Collection[str] | None = None) -> tuple[list[SliceColumn], dict[str, str]]:
    """Return the columns that slices can be sought in, and why others cannot: name → reason.

    Parameters
    ----------
    columns
        Only these; columns with personal data are among them only where they are named.
    """
    fitting: list[SliceColumn] = []
    skipped: dict[str, str] = {}
    hidden = hidden_columns(run.facts) - set(columns or ())
    table, metadata = run.samples.table, run.samples.metadata
    taken = {*table.column_names, *run.scores.column_names}
    for name in metadata.column_names:
        if columns is not None and name not in columns:
            continue
        column = f"{name} means another column in a condition" if name in taken else HIDDEN if name in hidden else None
        column = column or _metadata(run, name, metadata[name])
        if isinstance(column, SliceColumn):
            fitting.append(column)
        else:
            skipped[name] = column
    fitting += [column for column in _others(run) if columns is None or column.name in columns]
    return fitting, skipped


def _others(run: Run) -> Iterator[SliceColumn]:
    """Yield what is known of samples beside their metadata."""
    samples = run.samples
    for role, title in (("label", "label"), ("predicted", "predicted label"), ("split", "split")):
        column = samples.column(role)
        if column is not None:
            yield _categories(role, role, column, title=title)
    if samples.has_texts and not samples.textless:
        lengths = pc.utf8_length(samples.texts).to_numpy().astype(np.float64)
        yield SliceColumn(Feature(LENGTH, lengths), "length(text)", "whole", title="text length")
    labels = {check.issue for check in checks() if check.group in ("labels", "training")} | _NO_SLICES
    for issue in issues_in(run.scores):
        flags = score_column(run, f"is_{issue}_issue")
        if issue not in labels and flags is not None:
            yield _flags(issue, flags)
    if run.embeddings is not None and CLUSTER not in samples.metadata.column_names:
        clusters = embedding_clusters(run)
        values = [str(cluster) for cluster in range(-1, int(clusters.max(initial=-1)) + 1)]
        yield SliceColumn(Feature(CLUSTER, clusters + 1), CLUSTER, "bare", values, {"-1": "samples without a vector"})


def _flags(issue: str, flags: pa.ChunkedArray) -> SliceColumn:
    codes = pc.fill_null(flags.cast(pa.int8()), -1).to_numpy().astype(np.int64)
    name, noun = f"is_{issue}_issue", issue_named(issue).one
    words = {"true": f"flagged: {noun}", "false": f"not flagged: {noun}"}
    return SliceColumn(Feature(name, codes), name, "bare", ("false", "true"), words)


def _metadata(run: Run, name: str, column: pa.ChunkedArray) -> SliceColumn | str:
    """Return a metadata column, or the reason why no slices are sought in it."""
    sql = column_sql(name)
    if sql is None:
        return "its name cannot stand in a condition"
    if pa.types.is_dictionary(column.type):
        column = column.cast(column.type.value_type)
    kind = column.type
    if pa.types.is_null(kind):
        return ONE_VALUE
    if pa.types.is_boolean(kind):
        return _booleans(name, sql, column)
    if pa.types.is_integer(kind) or pa.types.is_floating(kind) or pa.types.is_decimal(kind):
        return _numbers(name, sql, column)
    if pa.types.is_date(kind) or pa.types.is_timestamp(kind):
        return _times(name, sql, column)
    if pa.types.is_string(kind) or pa.types.is_large_string(kind):
        return _unfit(column, run) or _categories(name, sql, column)
    return "its values are not plain values"


def _booleans(name: str, sql: str, column: pa.ChunkedArray) -> SliceColumn:
    codes = pc.fill_null(column.cast(pa.int8()), -1).to_numpy().astype(np.int64)
    return SliceColumn(Feature(name, codes), sql, "bare", ("false", "true"))


def _numbers(name: str, sql: str, column: pa.ChunkedArray) -> SliceColumn | str:
    kind: Kind = "float"
    has_nan = False
    if pa.types.is_floating(column.type):
        kind = "float" if pa.types.is_float64(column.type) else "float32"
        has_nan = bool(pc.any(pc.is_nan(column)).as_py())
        sql, kind = (f"cast({sql} as float)", "float32") if pa.types.is_float16(column.type) else (sql, kind)
    elif pa.types.is_integer(column.type):
        kind = "whole"
        limits = pc.min_max(column).as_py()
        if max(abs(limit or 0) for limit in limits.values()) >= EXACT:
            return "its numbers are too large to be compared exactly"
    else:
        sql, kind = f"cast({sql} as double)", "decimal"
    numbers = pc.fill_null(column.cast(pa.float64(), safe=False), float("nan")).to_numpy()
    return SliceColumn(Feature(name, numbers), sql, kind, has_nan=has_nan)


def _times(name: str, sql: str, column: pa.ChunkedArray) -> SliceColumn | str:
    if pa.types.is_timestamp(column.type) and column.type.tz not in (None, "UTC", "+00:00"):
        return "its times are not in UTC"
    is_date = pa.types.is_date(column.type)
    counts = pc.cast(column.cast(pa.date32()), pa.int32()) if is_date else pc.cast(column, pa.int64())
    known = counts.is_valid().to_numpy()
    numbers = pc.fill_null(counts, 0).to_numpy() // (1 if is_date else _UNITS[column.type.unit])
    limits = np.array(_DAYS) * (1 if is_date else 86_400)
    if len(numbers) and (numbers.min() < limits[0] or numbers.max() > limits[1]):
        return "its times are out of range"
    return SliceColumn(Feature(name, np.where(known, numbers, np.nan)), sql, "date" if is_date else "time")


def _categories(name: str, sql: str, column: pa.ChunkedArray, *, title: str = "") -> SliceColumn:
    column = column.cast(pa.string())
    values = sorted(value for value in pc.unique(column).to_pylist() if value is not None)
    codes = pc.fill_null(pc.index_in(column, value_set=pa.array(values, pa.string())), -1)
    codes = np.where(column.is_null().to_numpy(), -1, codes.to_numpy()).astype(np.int64)
    return SliceColumn(Feature(name, codes), sql, "category", values, title=title)


def _unfit(column: pa.ChunkedArray, run: Run) -> str:
    """Return why texts are no categories, or ""."""
    if pc.count_distinct(column.slice(0, GLANCE)).as_py() > MOST_VALUES:
        return f"it has more than {MOST_VALUES:,} values"
    values = pc.unique(column.drop_null())
    if not len(values):
        return ONE_VALUE
    if len(values) > MOST_VALUES:
        return f"it has more than {MOST_VALUES:,} values"
    if len(values) * 2 > len(column):
        return "its values are nearly unique"
    if (pc.mean(pc.utf8_length(column)).as_py() or 0) > MAX_MEAN_LENGTH:
        return "it holds free text"
    texts = comparable_texts(run.samples)[0].cast(column.type)
    if (pc.sum(pc.equal(column, texts)).as_py() or 0) * 2 > len(column):
        return "it repeats the samples' texts"
    if COLUMNS not in run.facts and any(matches(value) for value in values.to_pylist()):  # no check looked for it
        return HIDDEN
    return ""
