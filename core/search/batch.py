"""Labeling batches of similar samples, from the run or from a pool.

A batch is kept as a small run of its own, so that decisions on it find their texts and labels again. It is never
the latest run, and it belongs to the data set that its samples are of.
"""

from __future__ import annotations

import hashlib
from dataclasses import replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from ..data.samples import ROLES, Samples
from ..data.schemas import Finding, findings_table
from ..errors import InputError
from ..store.run_reader import read_run
from ..store.run_writer import save_run
from .named_slices import SETTING as SLICES
from .pools import pools_of

if TYPE_CHECKING:
    from ..store.base import BaseStore
    from ..store.run import Run

SIMILAR = "similar"  # the issue that the samples of a batch have


def batch_of(report: Run, found: pa.Table, *, pool: str | None = None) -> Run:
    """Return similar samples as something to push: one finding each, most similar first.

    The same samples make the same batch, so that pushing it twice changes nothing.

    Parameters
    ----------
    found
        What :meth:`labelsift.report.Report.similar` returned: ``id`` and ``similarity``.
    pool
        The pool that was searched; the run itself by default.

    Raises
    ------
    InputError
        If nothing was found, or the report is kept in no store.
    """
    if not found.num_rows:
        raise InputError("There is no similar sample to push", hint="Search without --where, or in another pool")
    if report.store is None:
        raise InputError("A batch needs a run store, which knows its samples when the decisions come", hint="Name one")
    ids = found["id"].to_pylist()
    samples = _samples(report, ids, pool)
    similarity = np.asarray(found["similarity"], dtype=np.float32)
    score = np.clip(1 - similarity, 0, 1)
    reasons = [f"{value:.2f} similar to what was searched for." for value in similarity]
    items = [
        Finding(id, SIMILAR, float(value), reason)
        for id, value, reason in zip(ids, score.tolist(), reasons, strict=True)
    ]
    name = f"{report.run}-similar-{hashlib.sha256(repr((pool, sorted(ids))).encode()).hexdigest()[:8]}"
    batch = replace(
        report,
        run=name,
        created=datetime.now(UTC),
        samples=samples,
        scores=pa.table({"id": ids, "similar_score": score, "is_similar_issue": np.ones(len(ids), dtype=bool)}),
        findings=findings_table(items),
        settings=settings_of_batch(report),
        facts={"rows": len(ids)},
        notes=(),
        embeddings=None,
        pred_probs=None,
        sample_links={},
    )
    return kept_batch(batch, report.store)


def settings_of_batch(report: Run) -> dict[str, Any]:
    """Return the settings of a batch of a run; without its named slices, which mention samples that it lacks."""
    settings = {name: value for name, value in report.settings.items() if name != SLICES}
    return settings | {"batch": True, "parent": report.run}


def kept_batch(batch: Run, store: BaseStore) -> Run:
    """Keep a batch, and return it; the one that is kept already where there is one."""
    if not store.has(batch.run):
        save_run(batch, store)
    kept = read_run(store.place_of(batch.run), store=store)
    return replace(kept, samples=batch.samples) if kept.samples.textless else kept  # for the push that follows


def _samples(report: Run, ids: list[str], pool: str | None) -> Samples:
    if pool is None:
        return report.samples.take(report.samples.positions(ids))
    rows = pools_of(report.store).open(pool).table() if report.store is not None else pa.table({})
    rows = rows.take(pc.index_in(pa.array(ids, pa.string()), value_set=rows["id"].combine_chunks()))
    roles = [name for name in rows.column_names if name in ROLES]
    return Samples(rows.select(roles), rows.drop_columns(roles), pool)
