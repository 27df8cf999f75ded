"""The page on gates: its commands, its settings and its Python run on data like those it speaks of."""

from __future__ import annotations

import csv
import json
import os
import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
from labelsift.cli.gate import EXIT_CODES
from labelsift.metrics.gates.conditions import parsed
from labelsift.metrics.gates.results import STATUSES
from labelsift.metrics.metric_names import METRICS
from scipy.stats import binom

PAGE = (Path(__file__).parents[2] / "docs" / "gates.md").read_text(encoding="utf-8")


def block(language: str, number: int = 0) -> str:
    return re.findall(rf"^```{language}\n(.*?)^```$", PAGE, re.DOTALL | re.MULTILINE)[number]


def shell(command: str, folder: Path) -> subprocess.CompletedProcess:
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    environment = {**os.environ, "PATH": path, "COLUMNS": "100"}
    return subprocess.run(["bash", "-c", command], cwd=folder, env=environment, capture_output=True, text=True)


@pytest.fixture(scope="module")
def folder(tmp_path_factory) -> Path:
    """A user's folder with two versions of a file of tickets; the second model is bad for women in California."""
    place = tmp_path_factory.mktemp("gates")
    for name in ("may", "tickets"):
        with (place / f"{name}.csv").open("w", newline="", encoding="utf-8") as file:
            writer = csv.writer(file)
            writer.writerow(["id", "text", "intent", "model", "state", "gender", "split"])
            for row in range(2_400):
                intent = ("refund", "delivery", "credit card")[row % 3]
                state, gender = ("CA", "NY", "TX", "WA")[row // 3 % 4], ("f", "m")[row // 12 % 2]
                worse = name == "tickets" and (state, gender) == ("CA", "f")
                wrong = row // 24 % 50 < (15 if worse else 3)
                said = "delivery" if intent == "refund" else "refund"
                split = "train" if row // 24 % 2 else "test"
                text = f"please help me with {intent} number {row}"
                writer.writerow([f"t{row}", text, intent, said if wrong else intent, state, gender, split])
    scan = block("bash").splitlines()[0]
    assert (
        shell(f"{scan.replace('tickets.csv', 'may.csv')} && labelsift runs tag latest production", place).returncode
        == 0
    )
    done = shell(scan, place)
    assert done.returncode == 0, done.stderr
    return place


@pytest.mark.slow
def test_its_first_command_fails_as_the_page_shows(folder):
    done = shell(block("bash").splitlines()[1], folder)
    assert done.returncode == 1, done.stdout + done.stderr
    shown = f"Gate failed{PAGE.partition('Gate failed')[2].partition('```')[0]}".splitlines()
    printed = done.stdout.splitlines()
    assert printed[0].partition(";")[0] == shown[0].partition(";")[0]
    (failed,) = [line for line in printed if line.rstrip().endswith("  failed")]
    assert failed.split()[:7] == ["state", "=", '"CA"', "and", "gender", "=", '"f"']
    assert printed[-1] == shown[-1]


@pytest.mark.slow
def test_its_settings_hold_conditions_and_slices_that_work(folder, tmp_path):
    settings = block("toml")
    (folder / "labelsift.toml").write_text(settings, encoding="utf-8")
    ci = [line.partition("- run: ")[2] for line in block("yaml").splitlines() if "labelsift gate" in line]
    done = shell(f"{ci[0]} --json", folder)
    (folder / "labelsift.toml").unlink()
    assert done.returncode == 1, done.stderr
    assert [row["condition"] for row in json.loads(done.stdout)["conditions"]] == [
        str(parsed(line)) for line in tomllib.loads(settings)["gates"]
    ]
    assert (folder / "gate.xml").is_file() and (folder / "gate.md").is_file()


@pytest.mark.slow
def test_its_python_runs(folder, monkeypatch, capsys):
    monkeypatch.chdir(folder)
    exec(compile(block("python"), "gates.md", "exec"), {})
    assert capsys.readouterr().out.splitlines()[0] in ("failed False", "passed True")


def test_every_condition_of_the_page_is_one():
    rows = re.findall(r"^\| `([^`]+)` \| ", PAGE, re.MULTILINE)
    assert len(rows) == 8 and all(parsed(line) for line in rows)


def test_the_page_names_every_metric_status_and_exit_code():
    assert all(f"`{name}`" in PAGE for name in METRICS)
    assert all(f"\n| {status} | " in PAGE for status in STATUSES)
    assert all(f"**{code}**" in PAGE for code in EXIT_CODES.values())


def test_a_slice_of_fifteen_with_four_errors_does_not_fail():
    assert "15 samples with four errors where 15 %" in PAGE and binom.sf(3, 15, 0.15) > 0.05
