"""Guard of a run against erasures: which of its samples were erased since they were read, and the run without them.

Whoever writes samples, or sends them somewhere, holds the store's lock (:meth:`labelsift.store.base.BaseStore.writing`)
and looks for erasures that came before it got the lock. In a bucket, which has no lock, it looks again afterwards: an
erasure writes its record first and reads what there is then, a writer the other way round, so that one sees the other.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from typing import TypeVar

import numpy as np
import pyarrow as pa

from ..data.hashing import id_hash
from ..errors import StoreError
from .arrow_files import projection_of
from .base import FORGET, FORGOTTEN
from .hash_chain import Record
from .run import Run
from .run_eraser import findings_without, without_mentions

SomeRun = TypeVar("SomeRun", bound=Run)


def erased_ids(ids: Iterable[str], erasures: Sequence[Record]) -> set[str]:
    """Return those of the ids that erasures name."""
    hashes = {hash for record in erasures for hash in record["ids"]}
    return {id for id in ids if id_hash(id) in hashes} if hashes else set()


def come_back(records: Sequence[Record], ids: Iterable[str]) -> tuple[str, ...]:
    """Say which of these samples were erased on request before; nothing where none was."""
    named = [*ids]
    gone = erased_ids(named, [record for record in records if record.get("kind") == FORGET])
    back = [id for id in named if id in gone]
    if not back:
        return ()
    names = ", ".join(back[:5]) + (f" and {len(back) - 5:,} more" if len(back) > 5 else "")
    return (
        f"Erased on request before, and back: {names}. Take them out of your file, and call labelsift forget again.",
    )


def erased_since(run: Run) -> set[str]:
    """Return the samples of a run that were erased since they were read."""
    if run.store is None or run.log_length is None:
        return set()
    return erased_ids(run.samples.ids.to_pylist(), run.store.erasures(since=run.log_length))


def unfinished(records: Sequence[Record]) -> list[Record]:
    """Return the erasures that were begun and not ended, nor by a later one of the same samples."""
    ended = {record["forget"] for record in records if record.get("kind") == FORGOTTEN}
    asked = [record for record in records if record.get("kind") == FORGET]
    done = [set(record["ids"]) for record in asked if record["number"] in ended]
    return [
        record
        for record in asked
        if record["number"] not in ended and not any(set(record["ids"]) <= ids for ids in done)
    ]


@contextlib.contextmanager
def unerased(run: SomeRun) -> Iterator[SomeRun]:
    """Hold off erasures while a run is sent somewhere; gives the run without what was erased since it was read.

    Raises
    ------
    StoreError
        If something was erased meanwhile, as can happen in a bucket only.
    """
    with run.store.writing() if run.store is not None else contextlib.nullcontext():
        gone = erased_since(run)
        yield without(run, gone) if gone else run
        if late := erased_since(run) - gone:
            raise StoreError(
                "These samples were erased while they were sent", ids=sorted(late), hint="Call labelsift forget again"
            )


def without(run: SomeRun, ids: set[str]) -> SomeRun:
    """Return a run without some of its samples, and without any mention of them."""
    gone = np.array([id in ids for id in run.samples.ids.to_pylist()], dtype=bool)
    samples, mask = run.samples.take(np.flatnonzero(~gone)), pa.array(~gone)
    projection, theirs = run.projection, run.samples.take(np.flatnonzero(gone))
    return replace(
        run,
        samples=samples,
        scores=run.scores.filter(mask),
        findings=findings_without(run.findings, ids, theirs),
        settings=without_mentions(run.settings, ids, theirs),
        embeddings=run.embeddings[~gone] if run.embeddings is not None else None,
        pred_probs=run.pred_probs[~gone] if run.pred_probs is not None else None,
        projection=projection_of(projection, samples.texts.to_pylist()) if projection is not None else None,
        sample_links={id: link for id, link in run.sample_links.items() if id not in ids},
    )
