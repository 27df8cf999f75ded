"""The documents: their examples run as they stand there, their links lead somewhere, and their options exist."""

from __future__ import annotations

import csv
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import click
import labelsift as ls
import pyarrow as pa
import pytest
from labelsift.cli import main
from labelsift.data.formatting import expected_precision
from labelsift.data.schemas import CORRECTIONS_SCHEMA
from labelsift.demo.tickets import write_tickets

ROOT = Path(__file__).parents[2]
DOCUMENTS = sorted(
    str(path.relative_to(ROOT))
    for pattern in ("*.md", "benchmarks/*.md", "docs/*.md", "integrations/*/README.md")
    for path in ROOT.glob(pattern)
)
# For users; the others name options of other programs and of earlier versions, too.
FOR_USERS = [name for name in DOCUMENTS if name.startswith(("README", "docs/", "integrations/"))]
# Python that runs in a user's folder after the demo, and what must be printed.
PYTHON = {
    "README.md": (),
    "docs/corrections.md": ("['refund', 'delivery'] Lineage(",),
    "docs/dynamics.md": ("'epochs': 3",),
    "docs/methods.md": ("labels are probably wrong", "label_score"),
    "docs/systematic-errors.md": (),
    "docs/taxonomy.md": (),
}
LINK = re.compile(r"\]\(([^)]+)\)")
OPTION = re.compile(r"(?<![\w-])--[a-z][a-z-]+")
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
from labelsift.render.tracker_panels.panels import panels
assert report.scores.column_names[1:] == ["empty_score", "is_empty_issue", "markup_score", "is_markup_issue"]
assert tab_of("markup", run=report.run)["title"] == "Left-over markup"
assert any(title.endswith("Left-over markup") for title in own_titles())
assert "1 text with markup" in Overview(report).details, Overview(report).details
assert panels(report).metrics["dq/issue/markup"] == 1, panels(report).metrics
report.to_html("report.html")
page = open("report.html", encoding="utf-8").read()
assert "Left-over markup" in page and "Tags or entities of a web page stand in the text." in page
"""
USE_PLATFORM = """
import json, sys
import labelsift as ls
from labelsift.platforms import LogRequest, Tracker
report = ls.scan(ls.read("labelsift-demo/tickets.csv", label="label", id="ticket_id"), store=None)
assert isinstance(JsonFile(), Tracker)
receipt = JsonFile().log(report, LogRequest(target="out.json"))
shown = json.loads(open("out.json", encoding="utf-8").read())
assert len(shown["flagged"]["rows"]) == receipt.created > 0
assert shown["metrics"]["dq/rows"] == 800
"""


def read(document: str) -> str:
    return (ROOT / document).read_text(encoding="utf-8")


def blocks(document: str, language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```$", read(document), re.DOTALL | re.MULTILINE)


def run(command: list[str], folder: Path) -> str:
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    done = subprocess.run(command, cwd=folder, env={**os.environ, "PATH": path}, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def shell(commands: str, folder: Path) -> str:
    return run(["bash", "-euo", "pipefail", "-c", commands], folder)


def python(code: str, folder: Path) -> str:
    return run([sys.executable, "-c", code], folder)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A user's folder after the demo."""
    write_tickets(tmp_path / "labelsift-demo", 0)
    shutil.rmtree(tmp_path / "labelsift-demo" / "truth")
    return tmp_path


@pytest.mark.parametrize("document", DOCUMENTS)
def test_links_and_pictures_lead_somewhere(document):
    targets = {target.split("#")[0] for target in LINK.findall(read(document)) if "://" not in target}
    assert {target for target in targets if target and not (ROOT / document).parent.joinpath(target).exists()} == set()


@pytest.fixture(scope="module")
def options() -> set[str]:
    """Every option of every command."""
    names: set[str] = set()

    def collect(command: click.Command) -> None:
        names.update(name for param in command.params for name in (*param.opts, *param.secondary_opts))
        if isinstance(command, click.Group):
            context = click.Context(command)
            for name in command.list_commands(context):
                collect(command.get_command(context, name))

    collect(main)
    return names


@pytest.mark.parametrize("document", FOR_USERS)
def test_the_options_that_it_names_exist(document, options):
    others = {"--help", "--summary"}  # of every command, and of `wandb leet inspect`
    assert set(OPTION.findall(read(document))) - options - others == set()


@pytest.mark.slow
@pytest.mark.parametrize("document", PYTHON)
def test_its_python_runs(document, folder, monkeypatch, capsys):
    monkeypatch.chdir(folder)
    for code in blocks(document, "python"):
        exec(compile(code, document, "exec"), {})
    printed = capsys.readouterr().out
    for text in PYTHON[document]:
        assert text in printed


@pytest.mark.slow
def test_the_methods_page_reads_only_facts_that_there_are(folder, monkeypatch):
    monkeypatch.chdir(folder)
    scope: dict[str, Any] = {}
    (code,) = blocks("docs/methods.md", "python")
    exec(compile(code, "methods.md", "exec"), scope)
    number, (low, high) = scope["told"]["number"], scope["told"]["range"]
    assert 0 < low <= number <= high


def test_the_methods_page_quotes_the_sentence_that_is_said():
    facts = {"number": 312, "range": [150, 400], "expected_precision": 0.866, "expected_precision_at": {"100": 0.994}}
    said = expected_precision(312, facts)
    assert said.replace("\u00a0", " ") in " ".join(read("docs/methods.md").split())


def test_the_formula_of_the_methods_page_is_the_one_that_scores():
    assert "((g − b) / (g + b)^0.75 + 1) / 2" in read("docs/methods.md")
    score = ls.score_labels([0, 1], [[0.2, 0.5, 0.3], [0.1, 0.8, 0.1]])["label_score"].to_pylist()
    expected = [((g - b) / (g + b) ** 0.75 + 1) / 2 for g, b in ((0.2, 0.5), (0.8, 0.1))]
    assert score == pytest.approx(expected, abs=1e-6)


def test_the_python_of_the_taxonomy_page_prints_what_it_says(capsys):
    (code,) = blocks("docs/taxonomy.md", "python")
    exec(code, {})
    said = [line.partition("# ")[2] for line in code.splitlines() if line.startswith("print")]
    assert capsys.readouterr().out.splitlines() == said


def test_the_file_of_the_taxonomy_page_is_a_taxonomy(tmp_path):
    (tmp_path / "taxonomy.toml").write_text("".join(blocks("docs/taxonomy.md", "toml")), encoding="utf-8")
    taxonomy = ls.Taxonomy.read(tmp_path / "taxonomy.toml")
    assert [taxonomy.fate(label).name for label in ("card payment", "refund status", "other")] == [
        "paying",
        "refund",
        None,
    ]


@pytest.mark.slow
def test_the_commands_of_the_readme_run_in_their_order(folder):
    start = "labelsift scan labelsift-demo"
    labeled, bare = [block for block in blocks("README.md", "bash") if block.startswith(start)]
    assert "labels are probably wrong" in shell(labeled, folder)
    assert {"report.html", "scores.parquet", "findings.parquet"} <= {path.name for path in folder.iterdir()}
    printed = shell(bare, folder)
    assert "11 of the 175 rows of test" in printed and "masked 6 e-mail addresses" in printed
    assert {"rows.html", "masked.csv", "request.md"} <= {path.name for path in folder.iterdir()}


@pytest.mark.slow
def test_the_examples_of_similar_run_in_their_order(folder):
    for commands in blocks("docs/similar.md", "bash"):
        shell(commands, folder)
    assert "unchanged=800" in python("".join(blocks("docs/similar.md", "python")), folder)


@pytest.mark.slow
def test_the_examples_of_slices_run_in_their_order(folder):
    python("".join(blocks("docs/slices.md", "python")), folder)
    first, kept, weak, push = blocks("docs/slices.md", "bash")
    assert "Error rate of your model (predicted column), on 800 rows" in shell(first, folder).replace(" \n", " ")
    assert "Two columns at a time" in (folder / "report.html").read_text(encoding="utf-8")
    (folder / "labelsift.toml").write_text("".join(blocks("docs/slices.md", "toml")), encoding="utf-8")
    named = shell(kept, folder)
    assert {"slice:german", "slice:long_mails", "slice:like_these"} <= set(named.split())
    assert "found in one half of the rows" in shell(weak, folder).lower()
    pushed = shell(push, folder)
    assert re.search(r"german.xlsx: [1-9]\d* created", pushed) and re.search(r"mails.xlsx: [1-9]\d* created", pushed)


@pytest.mark.slow
def test_the_commands_of_corrections_run_in_their_order(tmp_path):
    write_tickets(tmp_path / "demo", 0)
    shutil.copy(tmp_path / "demo" / "tickets.csv", tmp_path / "tickets.csv")
    samples = ls.read(tmp_path / "tickets.csv", label="label", id="ticket_id")
    store = tmp_path / ".labelsift"
    report = ls.scan(samples, only=["empty"], store=store)
    first, second = samples.ids.to_pylist()[:2]
    other = next(name for name in samples.classes if name != samples.labels[0].as_py())
    rows = [
        {"id": first, "action": "relabel", "verdict": "changed", "value": f'"{other}"', "person": "ann"},
        {"id": second, "action": "remove", "verdict": "changed", "value": "null", "person": "ann"},
    ]
    ls.record(pa.Table.from_pylist([row | {"run": report.run} for row in rows], CORRECTIONS_SCHEMA), store=store)
    shell("".join(blocks("docs/corrections.md", "bash")), tmp_path)
    with (tmp_path / "audit.csv").open(newline="", encoding="utf-8-sig") as file:
        assert [row["action"] for row in csv.DictReader(file)] == ["relabel", "remove", "version", "undo"]
    back = ls.read(tmp_path / "tickets-before.csv", label="label", id="ticket_id")
    assert back.fingerprint == samples.fingerprint
    assert len(ls.read(tmp_path / "tickets-2.csv", label="label", id="ticket_id")) == len(samples) - 1
    assert len(ls.load(store=store).samples) == len(samples) - 2  # the forgotten ones


@pytest.mark.slow
def test_the_check_of_contributing_works(folder):
    module = next(block for block in blocks("CONTRIBUTING.md", "python") if "@check(" in block)
    place = (
        "import labelsift.checks\nscope = {'__name__': 'labelsift.checks.markup', '__package__': 'labelsift.checks'}\n"
    )
    python(f"{place}exec({module!r}, scope)\n{USE_CHECK}", folder)


@pytest.mark.slow
def test_the_platform_of_contributing_works(folder):
    module = next(block for block in blocks("CONTRIBUTING.md", "python") if "class JsonFile" in block)
    python(module + USE_PLATFORM, folder)
