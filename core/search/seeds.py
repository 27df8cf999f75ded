"""Seeds of a similarity search (ids, a text, vectors, a class), and a run as something to search."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from ..data.known_ids import known_as
from ..data.samples import ROW_HASH, TEXT_HASH
from ..data.schemas import issues_in
from ..data.textless import require_texts
from ..errors import InputError
from ..models.vector_index import VectorIndex, cached_index
from ..store.erasures import erased_since
from ..store.location import Folder
from .computed_columns import computed_columns
from .pool import Pool
from .query import Searchable, picked
from .sql_filter import Column, Selection

if TYPE_CHECKING:
    from ..store.run import Run

_WORST = 20  # samples that stand for a class of which none is flagged
_NO = np.empty(0, dtype=np.int64)
FIRST = ("id", "label", "labels", "text")  # the columns of every answer


def seeds(report: Run, seed: str | Sequence[str] | np.ndarray, *, pool: Pool | None) -> tuple[Any, np.ndarray]:
    """Return (rows of the report that the seed names: int64; vectors: float32, shape (n, d))."""
    nowhere = np.empty(0, dtype=np.int64)
    if isinstance(seed, np.ndarray):
        if seed.dtype.kind not in "fiu" or seed.ndim not in (1, 2) or not seed.size:
            raise InputError(
                f"An array of shape {seed.shape} and type {seed.dtype} is no seed",
                hint="Give numbers, one vector or one a row",
            )
        return nowhere, np.atleast_2d(seed)
    if isinstance(seed, str):
        row = pc.index(report.samples.ids, known_as([seed], report.samples.ids)[0]).as_py()
        if row >= 0:
            return np.array([row]), required_embeddings(report)[row : row + 1]
        inside = pool.vector_of(known_as([seed], pool.column("id"))[0]) if pool is not None else None
        return nowhere, (inside if inside is not None else _embedded(report, seed))[None, :]
    if not len(seed):
        raise InputError("An empty list of ids is no seed", hint="Name at least one sample")
    rows = np.unique(report.samples.positions(list(seed)))
    return rows, required_embeddings(report)[rows]


def class_ids(report: Run, name: str) -> list[str]:
    """Return what is weak in a class: its samples flagged for their label, worst first, else the 20 worst scored.

    Raises
    ------
    InputError
        If there is no such class, or labels were not judged.
    """
    if "label_score" not in report.scores.column_names:
        raise InputError("This run did not judge labels", hint="Scan with the check label, or start from --like")
    rows = _labeled(report, name)
    if not len(rows):
        classes = ", ".join(report.samples.classes[:5])
        raise InputError(
            f"No sample is labeled {name}", hint=f"Its labels are {classes} …" if classes else "Add labels"
        )
    scores = report.scores["label_score"].to_numpy()[rows]
    flagged = report.scores["is_label_issue"].to_numpy()[rows].astype(bool)  # null is none
    order = np.argsort(scores, kind="stable")  # those that were not judged come last
    chosen = order[flagged[order]] if flagged.any() else order[: min(_WORST, int(np.isfinite(scores).sum()))]
    if not len(chosen):
        raise InputError(f"No label of the class {name} could be judged", hint="Start from --like or --ids")
    return report.samples.ids.take(rows[chosen]).to_pylist()


def _labeled(report: Run, name: str) -> np.ndarray:
    """Return the rows that have a label, be it among others: int64."""
    if report.samples.task == "multilabel":
        classes = report.samples.classes
        return np.flatnonzero(report.samples.members(classes)[:, classes.index(name)] == 1) if name in classes else _NO
    labels = report.samples.labels
    return pc.indices_nonzero(pc.equal(labels, name)).to_numpy() if labels is not None else _NO


def required_embeddings(report: Run) -> np.ndarray:
    """Return the embeddings, or say how to get some."""
    if report.embeddings is None:
        raise InputError("This run has no embeddings", hint="Scan again with a check that needs them (label, outlier)")
    return report.embeddings


def open_index(run: Run) -> VectorIndex:
    """Open the index of a run's embeddings, or build it.

    It is kept beside the run where that took long, but not in a bucket: faiss maps it from a folder into memory.
    """
    vectors = required_embeddings(run)
    if run.store is None or not isinstance(run.store.place, Folder):
        return VectorIndex.build(vectors)
    with run.store.writing():
        if erased_since(run):  # the folder holds other rows by now
            return VectorIndex.build(vectors)
        return cached_index(run.store.folder / "runs" / run.run / "index.faiss", vectors)


def selection(report: Run) -> Selection:
    """Return the columns of a report that a condition can name: of samples, scores and metadata, then computed ones."""
    columns: dict[str, Column] = {}
    for table in (report.samples.table, report.scores, report.samples.metadata):
        for name in table.column_names:
            columns.setdefault(name, table[name])
    if report.samples.textless:  # whose texts stand there empty
        columns["text"] = partial(require_texts, report.samples, "A condition on texts", run=report.run)
    taken = {name.casefold() for name in columns}  # the engine does not tell upper from lower case
    computed = {name: column for name, column in computed_columns(report).items() if name not in taken}
    return Selection(len(report.samples), columns | computed)


def searchable(report: Run, *, index: VectorIndex, selection: Selection, details: bool) -> Searchable:
    """Return the samples of a report as something to search."""
    table = report.samples.table
    first = [name for name in FIRST if name in table.column_names]
    answer = table.select(first)
    others = [name for name in table.column_names if name not in (*first, ROW_HASH, TEXT_HASH)]

    def take(rows: np.ndarray) -> pa.Table:
        if not details:
            return picked(answer, rows)
        answers = picked(table.select([*first, *others]), rows)
        answers = answers.append_column("issues", _issues(picked(report.scores, rows)))
        metadata = picked(report.samples.metadata, rows)
        return (
            answers.append_column("metadata", metadata.combine_chunks().to_struct_array())
            if metadata.num_columns
            else answers
        )

    return Searchable(index, selection, take)


def _issues(scores: pa.Table) -> pa.Array:
    flags = {name: scores[f"is_{name}_issue"].to_pylist() for name in issues_in(scores)}
    lists = [[name for name in flags if flags[name][row]] for row in range(scores.num_rows)]
    return pa.array(lists, pa.list_(pa.string()))


def _embedded(report: Run, text: str) -> np.ndarray:
    from ..models.embedding import embed
    from .run_embedder import run_embedder  # loads models: only a text needs one

    model = run_embedder(report.settings, report.projection)
    if model is None:
        raise InputError(
            "A text cannot be compared with embeddings that the user brought", hint="Give the id of a sample instead"
        )
    return embed(pa.chunked_array([[text]]), model)[0]
