"""What docs/corrections.md shows must run as it stands there, on a store with decisions."""

from __future__ import annotations

import csv
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import labelsift as ls
import pyarrow as pa
import pytest
from labelsift.data.schemas import CORRECTIONS_SCHEMA
from labelsift.demo.tickets import write_tickets

ROOT = Path(__file__).parents[2]
DOCUMENT = (ROOT / "docs" / "corrections.md").read_text(encoding="utf-8")


def block(language: str) -> str:
    return "".join(re.findall(rf"^```{language}\n(.*?)^```$", DOCUMENT, re.DOTALL | re.MULTILINE))


def done(command: list[str], folder: Path) -> str:
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    found = subprocess.run(command, cwd=folder, env={**os.environ, "PATH": path}, capture_output=True, text=True)
    assert found.returncode == 0, found.stdout + found.stderr
    return found.stdout


@pytest.mark.slow
def test_the_commands_run_in_their_order(tmp_path):
    write_tickets(tmp_path / "demo", 0)
    shutil.copy(tmp_path / "demo" / "tickets.csv", tmp_path / "tickets.csv")
    samples = ls.read(tmp_path / "tickets.csv", label="label", id="ticket_id")
    store = tmp_path / ".labelsift"
    report = ls.scan(samples, only=["empty"], store=store)
    first, second = samples.ids.to_pylist()[:2]
    other = next(one for one in samples.classes if one != samples.labels[0].as_py())
    rows = [
        {"id": first, "action": "relabel", "verdict": "changed", "value": f'"{other}"', "person": "ann"},
        {"id": second, "action": "remove", "verdict": "changed", "value": "null", "person": "ann"},
    ]
    ls.record(pa.Table.from_pylist([row | {"run": report.run} for row in rows], CORRECTIONS_SCHEMA), store=store)
    done(["bash", "-euo", "pipefail", "-c", block("bash")], tmp_path)
    with (tmp_path / "audit.csv").open(newline="", encoding="utf-8-sig") as file:
        assert [row["action"] for row in csv.DictReader(file)] == ["relabel", "remove", "version", "undo"]
    back = ls.read(tmp_path / "tickets-before.csv", label="label", id="ticket_id")
    assert back.fingerprint == samples.fingerprint
    assert len(ls.read(tmp_path / "tickets-2.csv", label="label", id="ticket_id")) == len(samples) - 1
    assert len(ls.load(store=store).samples) == len(samples) - 2  # the forgotten ones


def test_the_example_runs(tmp_path):
    assert done([sys.executable, "-c", block("python")], tmp_path).startswith("['refund', 'delivery'] Lineage(")


@pytest.mark.slow
def test_the_options_that_it_names_exist():
    verbs = "correct undo audit verify queue push pull forget reproduce log scan note".split()
    verbs.append("runs tag")
    helped = "".join(done(["labelsift", *verb.split(), "--help"], ROOT) for verb in verbs)
    named = set(re.findall(r"(?<![\w-])--[a-z][a-z-]+", DOCUMENT))
    assert named - set(re.findall(r"--[a-z][a-z-]+", helped)) == set()
