"""Readback of an offline run with wandb's own command, for the demo's summary and the tests."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from labelsift.errors import PlatformError


def records(folder: str | Path) -> Iterator[dict[str, Any]]:
    """Yield the records of an offline run as ``wandb leet inspect --json`` prints them.

    Raises
    ------
    PlatformError
        If wandb cannot read the folder.
    """
    command = [sys.executable, "-m", "wandb", "leet", "inspect", "--json", str(folder)]
    done = subprocess.run(command, capture_output=True, text=True, encoding="utf-8", check=False)
    if done.returncode:
        raise PlatformError(f"wandb cannot read the run in {folder}: {done.stderr.strip()}", hint="Log it again")
    for line in done.stdout.splitlines():
        if line.startswith("{"):
            yield json.loads(line)


def history(lines: Iterable[Mapping[str, Any]]) -> dict[str, Any]:
    """Return what a run logged last, from its records: key → number, or the entries of a table, chart or page."""
    rows = [record["history"]["item"] for record in lines if record["type"] == "history"]
    row: dict[str, Any] = rows[-1] if rows else {}
    media = {name.removesuffix("._type") for name in row if name.endswith("._type")}
    logged: dict[str, Any] = {name: {} for name in media}
    for name, value in row.items():
        key, _, entry = name.rpartition(".")
        if key in media:
            logged[key][entry] = value
        elif not name.startswith("_"):
            logged[name] = value
    return logged


def table(folder: str | Path, entry: Mapping[str, Any]) -> dict[str, Any]:
    """Return the table (``columns`` and ``data``) of one of the entries that :func:`history` returns."""
    return json.loads((Path(folder) / "files" / entry["path"]).read_text(encoding="utf-8"))


def counts(folder: str | Path) -> dict[str, Any]:
    """Return what an offline run holds: history keys, rows a table, charts, and files that are there.

    Raises
    ------
    PlatformError
        If the folder holds no run, as for one that went online.
    """
    if not Path(folder).is_dir():
        raise PlatformError(f"{folder} is no offline run", hint="Look at an online run on its page")
    logged = history(records(folder))
    files = [entry["path"] for entry in logged.values() if isinstance(entry, dict) and "path" in entry]
    return {
        "history_keys": len(logged),
        "table_rows": {
            name.removeprefix("dq_tables/"): entry["nrows"]
            for name, entry in sorted(logged.items())
            if name.startswith("dq_tables/")
        },
        "charts": sum(name.startswith("dq_charts/") for name in logged),
        "files": sum((Path(folder) / "files" / path).is_file() for path in files),
    }
