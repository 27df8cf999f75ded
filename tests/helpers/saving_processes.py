"""Processes that save runs in a store: one that is killed in the middle, and several at once."""

from __future__ import annotations

import multiprocessing
import signal
import subprocess
import sys
from collections.abc import Sequence
from multiprocessing.synchronize import Barrier
from pathlib import Path

from labelsift.report import Report
from labelsift.store.store import Store

_KILLED = """
import os, signal, sys
import lance
from labelsift.store.store import Store
real, calls = lance.write_dataset, []
def write(*args, **options):
    calls.append(1)
    if len(calls) > int(sys.argv[3]):
        os.kill(os.getpid(), signal.SIGKILL)
    return real(*args, **options)
store = Store(sys.argv[1])
report = store.load()
report.run = sys.argv[2]
lance.write_dataset = write
store.save(report)
"""


def killed_save(where: str | Path, run: str, *, after: int) -> None:
    """Save the newest run under another name in a process that is killed once it has written so many tables."""
    ended = subprocess.run([sys.executable, "-c", _KILLED, where, run, str(after)], check=False)
    assert ended.returncode == -signal.SIGKILL


def saved_at_once(where: str | Path, reports: Sequence[Report]) -> list[int | None]:
    """Save each report in a process of its own, all at the same moment; return how the processes ended."""
    context = multiprocessing.get_context("spawn")  # Lance's threads do not survive a fork
    start = context.Barrier(len(reports))
    processes = [context.Process(target=_save, args=(str(where), report, start)) for report in reports]
    for process in processes:
        process.start()
    for process in processes:
        process.join(60)
    return [process.exitcode for process in processes]


def _save(where: str, report: Report, start: Barrier) -> None:
    start.wait()
    Store(where).save(report)
