"""Removal of runs and of what killed writers left."""

from __future__ import annotations

import contextlib
import hashlib
import os
import platform
import shutil
import time
import uuid
from functools import cache
from pathlib import Path

from ..errors import StoreError
from .location import Bucket, Folder, Location
from .run_info import FACTS, REWRITTEN, WRITTEN, read_facts

FORGOTTEN = 86_400  # seconds after which what is half-written belongs to nobody any more


def remove_run(runs: Location, run: str) -> None:
    """Remove a run: out of sight first, so that a cut removal leaves no half of it to be read."""
    if isinstance(runs, Folder):
        gone = runs.path / f".removed.{run}.{os.getpid()}"
        (runs.path / run).rename(gone)
        shutil.rmtree(gone)
        return
    runs.delete(f"{run}/{FACTS}")
    runs.delete(run)


def sweep_old(runs: Location) -> None:
    """Delete what killed writers left a day ago or earlier."""
    if isinstance(runs, Folder):
        for half in runs.path.glob(".*"):
            if time.time() - half.stat().st_mtime > FORGOTTEN:
                shutil.rmtree(half, ignore_errors=True)
    elif isinstance(runs, Bucket):
        for half, written in _halves(runs, FACTS).items():
            if time.time() - written > FORGOTTEN:
                runs.delete(half)


def sweep_dead(runs: Location, *, last: str = FACTS) -> list[str]:
    """Delete what writers left that do not run any more; return what may still be written to, on another machine.

    In a folder that is all that is half-written: who calls this holds off the writers (see
    :meth:`labelsift.store.base.BaseStore.erasing`), and the number of a process may be another's by now.

    Parameters
    ----------
    last
        The file that makes a whole of what lies below a name, and is written last.
    """
    if isinstance(runs, Folder):
        runs.sweep()
        return []
    kept = []
    for half, written in _halves(runs, last).items() if isinstance(runs, Bucket) else ():
        machine, process = [*half.rpartition("/")[2].removeprefix(WRITTEN).split("-"), ""][:2]
        here = machine == this_machine()
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
    parts_by_name: dict[str, dict[str, float]] = {}
    for name, written in runs.written().items():
        run, part = name.split("/")[:2] if "/" in name else (name, "")
        parts = parts_by_name.setdefault(run, {})
        parts[part] = max(written, parts.get(part, 0.0))
    halves: dict[str, float] = {}
    for run, parts in parts_by_name.items():
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
def this_machine() -> str:
    """Return what no other machine or container is called among which a process is known by its number."""
    marks = [platform.node(), str(uuid.getnode())]
    with contextlib.suppress(OSError):  # Linux
        marks = [Path("/proc/sys/kernel/random/boot_id").read_text(), os.readlink("/proc/self/ns/pid")]
    return hashlib.sha256(" ".join(marks).encode()).hexdigest()[:12]
