"""A push in a process of its own, which a test can kill at any moment."""

from __future__ import annotations

import pickle
import subprocess
import sys
from pathlib import Path
from typing import Any

PUSHER = """
import importlib, pickle, sys
platform, module, project, batch, first = sys.argv[2:]
importlib.import_module(module).BATCH = int(batch)
with open(sys.argv[1], "rb") as file:
    report = pickle.load(file)
if first:
    importlib.import_module(first)  # takes seconds, in which nothing can be killed
print("ready", flush=True)
report.push(platform, project=project)
print("done", flush=True)
"""


def start_push(
    report: Any, platform: str, project: str, folder: Path, *, module: str, batch: int, first: str = ""
) -> subprocess.Popen[str]:
    """Start a push and return when it is about to talk to the server.

    Parameters
    ----------
    module
        Of the adapter, whose ``BATCH`` is set.
    first
        A package that the push imports.
    """
    (folder / "report.pickle").write_bytes(pickle.dumps(report))
    command = [
        sys.executable,
        "-c",
        PUSHER,
        str(folder / "report.pickle"),
        platform,
        module,
        project,
        str(batch),
        first,
    ]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    assert process.stdout.readline() == "ready\n"
    return process


def end(process: subprocess.Popen[str]) -> None:
    """Kill a push, if it still runs, as a crash would."""
    process.kill()
    process.wait()
    assert process.stdout is not None
    process.stdout.close()
