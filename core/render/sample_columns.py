"""Columns that samples are told apart by on a map: label, suggestion, language, split and metadata, as strings."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from ..data.label_sets import format_labels
from ..data.language_names import language_name
from ..data.long_texts import cut_for_judging
from ..metrics.slice_metrics import score_column
from ..models.languages import SURE_FROM, Languages, detect, encode_languages, maker
from ..store.cache import Cache, text_hashes

if TYPE_CHECKING:
    from ..data.samples import Samples
    from ..store.run import Run


@dataclass(frozen=True)
class SampleColumn:
    """One value a sample.

    Parameters
    ----------
    name
        As people read it; of metadata the user's own.
    kind
        ``label``, ``suggestion``, ``language``, ``split``, ``predicted`` or ``metadata``.
    values
        Strings, shape (n,), null where there is none.
    """

    name: str
    kind: str
    values: pa.ChunkedArray


def sample_columns(run: Run, *, share: bool = False) -> list[SampleColumn]:
    """Return the columns that a run has something in; with ``share`` those about labels alone."""
    samples = run.samples
    columns = {"label": _written(samples, samples.given), "suggestion": _suggestions(run)}
    if not share:
        columns |= {"language": languages_of(run)}
        columns |= {"split": samples.column("split"), "predicted": _written(samples, samples.column("predicted"))}
    named = [(kind.capitalize(), kind, values) for kind, values in columns.items()]
    if not share:
        named += [(name, "metadata", samples.metadata[name]) for name in samples.metadata.column_names]
    return [
        SampleColumn(name, kind, values.cast(pa.string()))
        for name, kind, values in named
        if values is not None and values.null_count < len(values) and _is_plain(values.type)
    ]


def prediction_of(samples: Samples, row: int | None) -> str | None:
    """Return what was predicted of one row, for people: of sets the names, of spans the types, each with its place."""
    column = samples.column("predicted")
    cell = None if column is None or row is None else column[row].as_py()
    if cell is None or samples.task == "classification":
        return cell
    if samples.task == "multilabel":
        return format_labels(json.loads(cell))
    return ", ".join(f"{name} {start}–{end}" for start, end, name in json.loads(cell)) or "(none)"


def languages_of(run: Run) -> pa.ChunkedArray | None:
    """Return the likeliest language of each text, null where the detector is not sure; from the scan's cache.

    None where the scan looked for no languages, or the run has no texts.
    """
    if not run.facts.get("languages") or not run.samples.has_texts or run.samples.textless:
        return None
    samples = cut_for_judging(run.samples)[0]

    def detected(rows: np.ndarray) -> pa.ListArray:
        return encode_languages(detect(samples.texts.take(pa.array(rows)).to_pylist()))

    languages = Languages.of(run_cache(run).rows("languages", maker(), text_hashes(samples.texts), detected))
    top, probability = languages.likeliest()
    sure = (top >= 0) & (probability >= SURE_FROM)
    names = pa.array([language_name(code) for code in languages.names], pa.string())
    return pa.chunked_array([names.take(pa.array(top, mask=~sure))])


def run_cache(run: Run) -> Cache:
    """Return the cache of the scans of a run's data set; one that keeps nothing where the run is in no store."""
    return Cache() if run.store is None else run.store.cache(run.samples.name)


def _written(samples: Samples, column: pa.ChunkedArray | None) -> pa.ChunkedArray | None:
    """Return labels as people read them: sets by their names, and no spans."""
    if samples.task == "spans" or column is None:
        return None
    if samples.task == "classification":
        return column
    cells = column.to_pylist()
    return pa.chunked_array([pa.array([None if cell is None else format_labels(json.loads(cell)) for cell in cells])])


def _suggestions(run: Run) -> pa.ChunkedArray | None:
    """Return the suggested label of those whose label is flagged."""
    suggested, flags = score_column(run, "suggested_label"), score_column(run, "is_label_issue")
    if suggested is None or flags is None or run.samples.task != "classification":
        return None
    return pc.if_else(pc.fill_null(flags, False), suggested, pa.scalar(None, suggested.type))


def _is_plain(kind: pa.DataType) -> bool:
    return not (pa.types.is_nested(kind) or pa.types.is_binary(kind) or pa.types.is_large_binary(kind))
