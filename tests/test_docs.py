"""What README.md and CONTRIBUTING.md show must run as it stands there."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from labelsift.demo.tickets import write_tickets

ROOT = Path(__file__).parent.parent
DOCUMENTS = (
    "README.md",
    "CONTRIBUTING.md",
    "CHANGELOG.md",
    "benchmarks/RESULTS.md",
    "docs/did-it-help.md",
    "docs/similar.md",
)
USE_CHECK = """
import labelsift as ls
import pyarrow as pa
texts = ["where is my order", "please <b>refund</b> me &amp; soon", "5 < 6 & 7 > 3", "no news of my order"]
samples = ls.read(pa.table({"text": texts}))
report = ls.scan(samples, store=None, only=["empty", "markup"])
assert report.scores["is_markup_issue"].to_pylist() == [False, True, False, False], report.scores
assert report.findings["reason"].to_pylist() == ["The text holds left-over markup in 3 places."]

from labelsift.integrations.label_studio.convert.tabs import own_titles, tab_of
from labelsift.render.overview import Overview
from labelsift.render.panels import panels
assert report.scores.column_names[1:] == ["empty_score", "is_empty_issue", "markup_score", "is_markup_issue"]
assert tab_of("markup", run=report.run)["title"] == "Left-over markup"
assert any(title.endswith("Left-over markup") for title in own_titles())
assert "1 text with markup" in Overview(report).details, Overview(report).details
assert panels(report).metrics["dq/markup_issues"] == 1, panels(report).metrics
report.to_html("report.html")
page = open("report.html", encoding="utf-8").read()
assert "Left-over markup" in page and "Tags or entities of a web page stand in the text." in page
"""
USE_PLATFORM = """
import json, sys
import labelsift as ls
from labelsift.platforms import Tracker
report = ls.scan(ls.read("labelsift-demo/tickets.csv", label="label", id="ticket_id"), store=None)
assert isinstance(JsonFile(), Tracker)
receipt = JsonFile().log(report, target="out.json")
shown = json.loads(open("out.json", encoding="utf-8").read())
assert len(shown["flagged"]["rows"]) == receipt.created > 0
assert shown["metrics"]["dq/samples"] == 800
"""


def blocks(document: str, language: str) -> list[str]:
    text = (ROOT / document).read_text(encoding="utf-8")
    return re.findall(rf"^```{language}\n(.*?)^```$", text, re.DOTALL | re.MULTILINE)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A user's folder after the demo."""
    write_tickets(tmp_path / "labelsift-demo", 0)
    shutil.rmtree(tmp_path / "labelsift-demo" / "truth")
    return tmp_path


def run(command: list[str], folder: Path) -> str:
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    done = subprocess.run(command, cwd=folder, env={**os.environ, "PATH": path}, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.mark.slow
def test_the_commands_of_the_readme_run_in_their_order(folder):
    (commands,) = [one for one in blocks("README.md", "bash") if one.startswith("labelsift scan labelsift-demo")]
    printed = run(["bash", "-euo", "pipefail", "-c", commands], folder)
    assert "labels look wrong" in printed
    assert {"report.html", "scores.parquet", "findings.parquet"} <= {one.name for one in folder.iterdir()}


def test_the_example_of_the_readme_runs(folder):
    (example,) = blocks("README.md", "python")
    run([sys.executable, "-c", example], folder)
    assert (folder / "report.html").stat().st_size > 10_000


def test_the_check_of_contributing_works(folder):
    module = next(one for one in blocks("CONTRIBUTING.md", "python") if "@check(" in one)
    place = (
        "import labelsift.checks\nscope = {'__name__': 'labelsift.checks.markup', '__package__': 'labelsift.checks'}\n"
    )
    run([sys.executable, "-c", f"{place}exec({module!r}, scope)\n{USE_CHECK}"], folder)


def test_the_platform_of_contributing_works(folder):
    module = next(one for one in blocks("CONTRIBUTING.md", "python") if "class JsonFile" in one)
    run([sys.executable, "-c", module + USE_PLATFORM], folder)


@pytest.mark.parametrize("document", DOCUMENTS)
def test_links_and_pictures_stand_where_the_documents_say(document):
    text = (ROOT / document).read_text(encoding="utf-8")
    targets = [one.split("#")[0] for one in re.findall(r"\]\(([^)]+)\)", text) if "://" not in one]
    missing = [one for one in targets if one and not (ROOT / document).parent.joinpath(one).exists()]
    assert missing == []


@pytest.mark.slow
def test_the_options_that_the_readme_names_exist():
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    helped = "".join(
        run(["labelsift", verb, "--help"], ROOT)
        for verb in ("scan", "similar", "push", "pull", "log", "demo", "correct", "apply", "enable", "serve")
    )
    named = set(re.findall(r"(?<![\w-])--[a-z][a-z-]+", text))
    assert named - set(re.findall(r"--[a-z][a-z-]+", helped)) == set()
