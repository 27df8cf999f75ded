"""Atomic writer of a run, in a folder or a bucket.

In a folder a run is written under a hidden name, ``.<run>.<process>``, and renamed. In a bucket nothing can be
renamed: the tables are put below ``<run>/tables-<writer>-<token>/``, and run.json, which names them, comes last, on
the condition that there is none. Before it there is no run, whatever else stands below its name.
"""

from __future__ import annotations

import contextlib
import json
import os
import secrets
import shutil
from collections.abc import Collection
from dataclasses import replace
from typing import Any

import numpy as np
import pyarrow as pa

from ..data.formatting import error_text
from ..data.textless import as_kept, without_quotes
from ..errors import StoreError
from .arrow_files import write_ids, write_projection
from .base import BaseStore
from .cache import installed_version
from .erasures import erased_ids, without
from .location import Folder, Location
from .run import Run
from .run_eraser import erase_from_run, tombstone_in
from .run_info import FACTS, WRITTEN
from .sweep import this_machine

_PACKAGES = ("labelsift", "numpy", "pyarrow", "pylance", "faiss-cpu", "wordllama")


def save_run(run: Run, store: BaseStore) -> None:
    """Keep a run; one that was interrupted while it was saved leaves nothing behind that is read.

    What was erased from the store since the samples were read is left out.

    Raises
    ------
    StoreError
        If the store cannot be written, the disk is full, or the store has another format.
    """
    runs = store.prepare()
    since, ids = run.log_length, run.samples.ids.to_pylist()
    if since is None or run.store is not store:
        since = len(store.ledger.examine()[0])
    try:
        with store.writing():
            gone = erased_ids(ids, store.erasures(since))
            number = max((info.number for info in store.runs()), default=0) + 1
            write_run(run, runs, gone=gone, number=number)
            if late := erased_ids(ids, store.erasures(since)) - gone:  # in a bucket
                erase_from_run(runs / run.run, late)
    except (OSError, ValueError, pa.ArrowException) as error:
        raise StoreError(
            f"The run could not be kept in {store.place} ({error_text(error)})",
            hint="Free some space, name another --store, or keep nothing: --no-store",
        ) from error


def write_run(report: Run, runs: Location, *, gone: Collection[str] = (), number: int = 0) -> None:
    """Write a report as the run of this number, without texts where its settings say so, and without what is gone.

    Raises
    ------
    OSError, ValueError
        If it could not be written, or there is a run of this name; nothing of it is left then.
    """
    kept = as_kept(report.samples, report.settings)
    projection = None if kept.textless else report.projection  # of short n-grams, words could be guessed
    findings = without_quotes(report.findings, report.settings)
    report = replace(report, samples=kept, findings=findings, projection=projection)
    facts = _facts(report) | {"number": number}
    if gone:
        there = set(gone)
        theirs = kept.take(kept.positions(sorted(there)))
        report = without(report, there)
        facts |= {name: _facts(report)[name] for name in ("rows", "label_issues", "settings")} | tombstone_in(
            facts, theirs
        )
    if isinstance(runs, Folder):
        half = runs / f".{report.run}.{os.getpid()}"
        try:
            half.path.mkdir(mode=0o700)
            _write_tables(report, half)
            half.replace(FACTS, _written(facts))
            half.path.rename(runs.path / report.run)
        finally:
            shutil.rmtree(half.path, ignore_errors=True)
        return
    run, tables = runs / report.run, f"{WRITTEN}{this_machine()}-{os.getpid()}-{secrets.token_hex(6)}"
    try:
        _write_tables(report, run / tables)
        if not run.swap(FACTS, None, _written(facts | {"tables": tables})):
            raise FileExistsError(17, f"there is a run {report.run} already")
    except BaseException:
        with contextlib.suppress(OSError):
            run.delete(tables)
        raise


def _write_tables(report: Run, place: Location) -> None:
    import lance

    for name, table in _tables(report).items():
        lance.write_dataset(table, place.lance(f"{name}.lance"), mode="create")
    write_ids(report.samples.ids, place)
    if report.projection is not None:
        write_projection(report.projection, place)


def _tables(report: Run) -> dict[str, pa.Table]:
    tables = {"samples": report.samples.table, "scores": report.scores, "findings": report.findings}
    metadata = report.samples.metadata
    if metadata.num_columns:
        tables["metadata"] = metadata.rename_columns([str(number) for number in range(metadata.num_columns)])
    for name, values in (("embeddings", report.embeddings), ("pred_probs", report.pred_probs)):
        if values is not None and values.size:
            flat = pa.array(np.ascontiguousarray(values, dtype=np.float32).ravel())
            vectors = pa.FixedSizeListArray.from_arrays(flat, values.shape[1])
            tables[name] = pa.table({"id": report.samples.ids, "values": vectors})
    return tables


def _written(facts: dict[str, Any]) -> bytes:
    return json.dumps(facts, ensure_ascii=False, indent=1).encode()


def _facts(report: Run) -> dict[str, Any]:
    flags = report.scores["is_label_issue"] if "is_label_issue" in report.scores.column_names else None
    facts: dict[str, Any] = {
        "run": report.run,
        "dataset": report.samples.name,
        "created": report.created.isoformat(),
        "rows": len(report.samples),
        "label_issues": int(np.count_nonzero(flags.to_numpy())) if flags is not None else 0,
        "fingerprint": report.samples.fingerprint,
        "metadata": report.samples.metadata.column_names,
        "classes": list(report.classes),
        "settings": report.settings,
        "facts": report.facts,
        "notes": list(report.notes),
        "versions": {name: installed_version(name) for name in _PACKAGES},
    }
    if report.samples.textless:
        facts["kept_digest"] = f"{report.samples.kept_digest:032x}"
    return facts
