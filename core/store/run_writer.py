"""Writing a run whole or not at all, and clearing away what killed writers left.

In a folder a run is written under a hidden name, ``.<run>.<process>``, and renamed. In a bucket nothing can be
renamed: the tables are put below ``<run>/tables-<writer>-<token>/``, and run.json, which names them, comes last, on
the condition that there is none. Before it there is no run, whatever else stands below its name.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import platform
import secrets
import shutil
import time
import uuid
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from ..data.textless import as_kept, without_quotes
from ..errors import StoreError
from ..report import Report
from .location import Bucket, Folder, Place
from .row_ids import write_ids
from .run_reader import FACTS, REWRITTEN, WRITTEN, read_facts

FORGOTTEN = 86_400  # seconds after which what is half-written belongs to nobody any more
_PACKAGES = ("labelsift", "numpy", "pyarrow", "pylance", "faiss-cpu", "wordllama")


def write_run(report: Report, runs: Place) -> None:
    """Write a report as a run, without the texts where its settings say so.

    Raises
    ------
    OSError, ValueError
        If it could not be written, or there is a run of this name; nothing of it is left then.
    """
    kept = as_kept(report.samples, report.settings)
    report = replace(report, samples=kept, findings=without_quotes(report.findings, report.settings))
    if isinstance(runs, Folder):
        half = runs / f".{report.run}.{os.getpid()}"
        try:
            half.path.mkdir(mode=0o700)
            _write_tables(report, half)
            half.replace(FACTS, _facts(report))
            half.path.rename(runs.path / report.run)
        finally:
            shutil.rmtree(half.path, ignore_errors=True)
        return
    run, tables = runs / report.run, f"{WRITTEN}{_this_machine()}-{os.getpid()}-{secrets.token_hex(6)}"
    try:
        _write_tables(report, run / tables)
        if not run.swap(FACTS, None, _facts(report, tables=tables)):
            raise FileExistsError(17, f"there is a run {report.run} already")
    except BaseException:
        with contextlib.suppress(OSError):
            run.delete(tables)
        raise


def remove_run(runs: Place, run: str) -> None:
    """Remove a run: out of sight first, so that a cut removal leaves no half of it to be read."""
    if isinstance(runs, Folder):
        gone = runs.path / f".removed.{run}.{os.getpid()}"
        (runs.path / run).rename(gone)
        shutil.rmtree(gone)
        return
    runs.delete(f"{run}/{FACTS}")
    runs.delete(run)


def sweep_old(runs: Place) -> None:
    """Delete what killed writers left a day ago or earlier."""
    if isinstance(runs, Folder):
        for half in runs.path.glob(".*"):
            if time.time() - half.stat().st_mtime > FORGOTTEN:
                shutil.rmtree(half, ignore_errors=True)
    elif isinstance(runs, Bucket):
        for half, written in _halves(runs, FACTS).items():
            if time.time() - written > FORGOTTEN:
                runs.delete(half)


def sweep_dead(runs: Place, *, last: str = FACTS) -> list[str]:
    """Delete what writers left that do not run any more; return what may still be written to, on another machine.

    Parameters
    ----------
    last
        The file that makes a whole of what lies below a name, and is written last.
    """
    if isinstance(runs, Folder):
        for half in runs.path.glob(".*"):
            if not _writing(half):
                shutil.rmtree(half, ignore_errors=True)
        return []
    kept = []
    for half, written in _halves(runs, last).items() if isinstance(runs, Bucket) else ():
        machine, process = [*half.rpartition("/")[2].removeprefix(WRITTEN).split("-"), ""][:2]
        here = machine == _this_machine()
        if time.time() - written > FORGOTTEN or (here and not _runs(process)):
            runs.delete(half)
        else:
            kept.append(half)
    return kept


def _halves(runs: Bucket, last: str) -> dict[str, float]:
    """Return what stands below the runs and is named by no run.json, with the time at which it was last written to.

    A whole run's own tables are no half; the others below its name are: of a writer who came second, or from before
    an erasure.
    """
    found: dict[str, dict[str, float]] = {}
    for name, at in runs.written().items():
        run, part = name.split("/")[:2] if "/" in name else (name, "")
        parts = found.setdefault(run, {})
        parts[part] = max(at, parts.get(part, 0.0))
    halves: dict[str, float] = {}
    for run, parts in found.items():
        spare = [part for part in parts if part.startswith(WRITTEN)]
        if last not in parts:
            spare = list(parts)
        elif len(spare) > 1 or any(part.startswith(REWRITTEN) for part in parts):
            try:
                named = read_facts(runs / run).get("tables")
            except StoreError:  # removed meanwhile, or broken: nothing is known to be spare
                continue
            spare = [part for part in spare if part != named]
        else:
            spare = []
        halves |= {f"{run}/{part}": parts[part] for part in spare}
    return halves


def _writing(half: Path) -> bool:
    """Tell whether the process that writes a hidden folder, ``.<run>.<process>``, is alive."""
    return not half.name.startswith(".removed.") and _runs(half.name.rpartition(".")[2])


def _runs(process: str) -> bool:
    if not process.isdigit():
        return False
    try:
        os.kill(int(process), 0)
    except PermissionError:  # somebody else's, and alive
        return True
    except OSError:
        return False
    return True


@cache
def _this_machine() -> str:
    """Return what no other machine or container is called among which a process is known by its number."""
    told = [platform.node(), str(uuid.getnode())]
    with contextlib.suppress(OSError):  # Linux
        told = [Path("/proc/sys/kernel/random/boot_id").read_text(), os.readlink("/proc/self/ns/pid")]
    return hashlib.sha256(" ".join(told).encode()).hexdigest()[:12]


def _write_tables(report: Report, place: Place) -> None:
    import lance

    for name, table in _tables(report).items():
        lance.write_dataset(table, place.lance(f"{name}.lance"), mode="create")
    write_ids(report.samples.ids, place)


def _tables(report: Report) -> dict[str, pa.Table]:
    tables = {"samples": report.samples.table, "scores": report.scores, "findings": report.findings}
    metadata = report.samples.metadata
    if metadata.num_columns:
        tables["metadata"] = metadata.rename_columns([str(at) for at in range(metadata.num_columns)])
    for name, values in (("embeddings", report.embeddings), ("pred_probs", report.pred_probs)):
        if values is not None and values.size:
            flat = pa.array(np.ascontiguousarray(values, dtype=np.float32).ravel())
            vectors = pa.FixedSizeListArray.from_arrays(flat, values.shape[1])
            tables[name] = pa.table({"id": report.samples.ids, "values": vectors})
    return tables


def _facts(report: Report, *, tables: str = "") -> bytes:
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
        "versions": {name: _version(name) for name in _PACKAGES},
    }
    if report.samples.textless:
        facts["kept_digest"] = f"{report.samples.kept_digest:032x}"
    return json.dumps(facts | ({"tables": tables} if tables else {}), ensure_ascii=False, indent=1).encode()


def _version(package: str) -> str | None:
    from importlib.metadata import PackageNotFoundError, version

    try:
        return version(package)
    except PackageNotFoundError:
        return None
