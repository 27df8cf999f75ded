"""Samples of a run as the parquet file that Embedding Atlas opens.

id, text, label, suggested, confidence     the text and metadata masked, unless they are wanted whole
issues                                     the titles of all that a sample is flagged for, "" for none
<issue>, <issue> score                     a flag and a number each, of the checks that flagged anything
language, split, predicted, <metadata>     what the run knows
x, y, neighbors                            the place on the map; the nearest samples by their row numbers in the file
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from labelsift.data.issues import issue_named
from labelsift.data.schemas import issues_in
from labelsift.errors import InputError, MissingExtraError
from labelsift.metrics.slice_metrics import score_column
from labelsift.models.neighbors import cached_graph, neighbor_count
from labelsift.models.projection import NEIGHBORS, PACKAGE, installed
from labelsift.render.masking import shown_beginnings
from labelsift.render.sample_columns import run_cache, sample_columns
from labelsift.render.samples_map import can_be_mapped, issue_flags, whole_map
from labelsift.store.cache import sample_keys

if TYPE_CHECKING:
    from labelsift.store.run import Run

FILE = "samples.parquet"
TEXT, X, Y, NEAR = "text", "x", "y", "neighbors"
TEXT_LENGTH = 2_000  # characters of a masked text
_NAMES = {
    "label": "label",
    "suggestion": "suggested",
    "language": "language",
    "split": "split",
    "predicted": "predicted",
}


def write(run: Run, folder: Path, *, with_text: bool) -> Path:
    """Write the samples that have a place on the map, and return the file.

    Raises
    ------
    InputError
        If the run has vectors of too few samples.
    MissingExtraError
        If openTSNE is not installed.
    """
    if not can_be_mapped(run):
        raise InputError(f"{run.run} has vectors of too few samples for a map", hint="Scan a file with more texts")
    if not installed():
        raise MissingExtraError(PACKAGE, "map", purpose="A map of the samples")
    places = whole_map(run)
    assert places is not None  # noqa: S101 - both conditions are met
    rows = np.flatnonzero(np.isfinite(places[:, 0]))
    names = _Names()
    columns: dict[str, pa.Array | pa.ChunkedArray] = {names.free("id"): run.samples.ids.take(rows)}
    if run.samples.has_texts and not run.samples.textless:
        columns[names.free(TEXT)] = _texts(run, rows, with_text=with_text)
    for name in (X, Y, NEAR):
        names.free(name)
    columns |= _values(run, rows, names, with_text=with_text)
    columns |= _issues(run, rows, names)
    columns |= {X: pa.array(places[rows, 0]), Y: pa.array(places[rows, 1]), NEAR: _neighbors(run, rows)}
    path = folder / FILE
    os.close(os.open(path, os.O_CREAT | os.O_WRONLY | os.O_EXCL, 0o600))
    pq.write_table(pa.table(columns), path)
    return path


class _Names:
    """Names of columns, each once; without the signs that the program's SQL would stumble over."""

    def __init__(self) -> None:
        self._taken: set[str] = set()

    def free(self, wanted: str) -> str:
        plain = re.sub(r"[^\w ()-]", "_", wanted) or "_"
        name, number = plain, 1
        while name.lower() in self._taken:
            number += 1
            name = f"{plain} ({number})"
        self._taken.add(name.lower())
        return name


def _texts(run: Run, rows: np.ndarray, *, with_text: bool) -> pa.Array | pa.ChunkedArray:
    texts = run.samples.texts.take(pa.array(rows))
    return texts if with_text else _masked(run, texts.to_pylist(), TEXT_LENGTH)


def _masked(run: Run, values: Iterable[str | None], length: int) -> pa.Array:
    values = list(values)
    shown = shown_beginnings(run, [value or "" for value in values], length)
    return pa.array([None if value is None else text for value, text in zip(values, shown, strict=True)], pa.string())


def _values(run: Run, rows: np.ndarray, names: _Names, *, with_text: bool) -> dict[str, pa.Array | pa.ChunkedArray]:
    """Return label, suggestion, language, split, predicted and metadata."""
    columns: dict[str, pa.Array | pa.ChunkedArray] = {}
    for column in sample_columns(run):
        values = column.values.take(pa.array(rows))
        if column.kind == "metadata":
            plain = run.samples.metadata[column.name]
            if not with_text:
                unique = values.dictionary_encode().combine_chunks()
                shown = _masked(run, unique.dictionary.to_pylist(), TEXT_LENGTH)
                values = shown.take(unique.indices)
            if pa.types.is_integer(plain.type) or pa.types.is_floating(plain.type):
                values = plain.take(pa.array(rows))  # a chart of numbers
        columns[names.free(_NAMES.get(column.kind) or column.name)] = values
    confidence = score_column(run, "confidence")
    if confidence is not None:
        columns[names.free("confidence")] = confidence.take(pa.array(rows))
    return columns


def _issues(run: Run, rows: np.ndarray, names: _Names) -> dict[str, pa.Array | pa.ChunkedArray]:
    """Return the flags and scores of the checks that flagged something, and all titles of each sample in one column."""
    flags = issue_flags(run)
    titles: list[list[str]] = [[] for _ in rows]
    columns: dict[str, pa.Array | pa.ChunkedArray] = {}
    for issue, flagged in flags:
        title = issue_named(issue).title
        for place in np.flatnonzero(flagged[rows]).tolist():
            titles[place].append(title)
    columns[names.free("issues")] = pa.array([", ".join(own) or "none" for own in titles], pa.string())
    for issue, flagged in flags:
        columns[names.free(issue_named(issue).title)] = pa.array(flagged[rows])
        score = score_column(run, f"{issue}_score") if issue in issues_in(run.scores) else None
        if score is not None:
            columns[names.free(f"{issue_named(issue).title} score")] = score.take(pa.array(rows))
    return columns


def _neighbors(run: Run, rows: np.ndarray) -> pa.StructArray:
    """Return the nearest samples by their row numbers in the file, with their distances (1 - cosine)."""
    assert run.embeddings is not None  # noqa: S101 - a run without has no map
    n = len(run.embeddings)
    judged = "label" in issues_in(run.scores)
    seed = int(run.settings.get("seed", 0))
    graph = cached_graph(
        run_cache(run), run.embeddings, neighbor_count(n, votes=judged), seed=seed, keys=sample_keys(run.samples)
    )
    number = np.full(n + 1, -1, dtype=np.int64)  # the last one stands for no neighbour
    number[rows] = np.arange(len(rows))
    ids = number[graph.rows[rows, :NEIGHBORS]]
    distances = np.maximum(1 - graph.similarities[rows, :NEIGHBORS], 0)
    there = ids >= 0
    offsets = pa.array(np.concatenate([[0], np.cumsum(there.sum(axis=1))]).astype(np.int32))
    lists = [pa.ListArray.from_arrays(offsets, pa.array(values[there])) for values in (ids, distances)]
    return pa.StructArray.from_arrays(lists, names=["ids", "distances"])
