"""The command gate: exit codes, conditions of the call and of the file, outputs, hostile names and widths."""

from __future__ import annotations

import csv
import json
import xml.etree.ElementTree as ET
from io import StringIO

import pytest
from click.testing import CliRunner
from labelsift.cli import main
from labelsift.cli.print_gate import print_gate
from labelsift.errors import LabelsiftError
from labelsift.report import load
from rich.console import Console

NASTY = 'a|b <b>"q"\x1b[31m\n`'


def run(*arguments):
    return CliRunner().invoke(main, [str(argument) for argument in arguments])


def write(path, *, wrong, predicted=True):
    """600 rows: of state CA the share ``wrong`` is predicted wrong, of the others a twentieth."""
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(["key", "body", "intent", "model", "state", "split"])
        for row in range(600):
            intent = ("refund", "credit card")[row % 2]
            state = ("CA", "NY", NASTY)[row % 3]
            bad = (row // 3) % 20 < (20 * wrong if state == "CA" else 1)
            said = {"refund": "credit card", "credit card": "refund"}[intent] if bad else intent
            text = f"SECRETTEXT please {intent} order {row}"
            writer.writerow([f"k{row}", text, intent, said if predicted else "", state, "test"])
    return path


@pytest.fixture(scope="module")
def store(tmp_path_factory):
    """A store with a good run, tagged, and a newer one that is worse in CA; and one without predictions."""
    folder = tmp_path_factory.mktemp("gate")
    kept = folder / "kept"
    options = ("--text", "body", "--label", "intent", "--id", "key", "--meta", "state", "--store", kept)
    for name, wrong in (("good", 0.05), ("bad", 0.4)):
        file = write(folder / f"{name}.csv", wrong=wrong)
        more = ("--predicted", "model", "--split", "split", "--name", "tickets")
        assert run("scan", file, *options, *more).exit_code == 0
        if name == "good":
            assert run("runs", "tag", "latest", "production", "--by", "ann", "--store", kept).exit_code == 0
    plain = write(folder / "plain.csv", wrong=0.05)
    assert run("scan", plain, *options, "--name", "plain").exit_code == 0
    return kept


def gate(store, *arguments, dataset="tickets"):
    return run("gate", *arguments, "--dataset", dataset, "--store", store)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        (["accuracy >= 0.8"], 0),
        (["accuracy >= 0.8 by state"], 1),
        (["accuracy >= 0.8 in state:CA", "accuracy >= 0.8"], 1),
        (["accuracy >= tag:production - 0.02"], 1),
        (['f1 of "credit card" >= tag:production - 0.5'], 0),
        (["accuracy >= 0.84", "--strict"], 1),
        (["accuracy >= 0.84"], 0),
        (["accuracy >= 0.82", "--proven"], 1),
        (["accuracy >= 0.5 by state", "--proven"], 0),
        (["accuracy >= 0.8 by state with n >= 10000"], 2),
        (["accuracy >= 0.8", "accuracy >= 0.8 by state with n >= 10000"], 2),
        (["accuracy >= 0.8 by state", "accuracy >= 0.8 with n >= 10000"], 1),
        (["accurcy >= 0.8"], 2),
        (["accuracy >= 0.8 by stat"], 2),
        (["accuracy >= 0.8 in nowhere"], 2),
        (["accuracy >= 0.8 split dev"], 2),
        (["accuracy >= nobody"], 2),
        (["accuracy >= 0.8", "--strict", "--proven"], 2),
        (["accuracy >= 0.8", "--log", "label-studio"], 2),
        (["accuracy >= 0.8", "--log", "nothing"], 2),
        ([], 2),
    ],
)
def test_exit_codes(store, arguments, code, monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    result = gate(store, *arguments)
    raised = result.exception
    got = raised.exit_code if isinstance(raised, LabelsiftError) else result.exit_code
    assert got == code, result.output


@pytest.mark.slow
def test_the_proxy_model_is_refused_without_the_option_and_else_marked(store):
    refused = gate(store, "accuracy >= 0.1", dataset="plain")
    assert refused.exit_code == 2 and "--allow-proxy" in refused.output
    allowed = gate(store, "accuracy >= 0.1", "--allow-proxy", dataset="plain")
    assert allowed.exit_code == 0 and "say nothing of yours" in allowed.output and "; proxy model" in allowed.output
    plain = gate(store, "label_issue_rate <= 0.9", dataset="plain")  # which judges no predictions
    assert plain.exit_code == 0 and "proxy" not in plain.output


def test_the_conditions_of_the_file_hold_unless_the_call_has_some(store, monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "labelsift.toml").write_text(
        'gates = ["accuracy >= 0.8 by state", "recall of \\"credit card\\" >= 0.1 in western"]\n\n'
        "[slices]\nwestern = \"state = 'CA'\"\n"
    )
    result = gate(store)
    assert result.exit_code == 1 and "western" in result.output and "state" in result.output
    assert gate(store, "accuracy >= 0.5 in western").exit_code == 0
    assert "accuracy >= 0.8 by state" in run("config", "--json").output
    (tmp_path / "labelsift.toml").write_text("gates = []\n")
    empty = gate(store)
    assert empty.exit_code == 2 and "nothing can pass" in empty.output
    (tmp_path / "labelsift.toml").write_text('gates = "accuracy >= 0.8"\n')
    assert gate(store).exit_code == 2


def test_outputs_are_written_also_where_the_gate_fails_and_hold_no_text(store, tmp_path):
    junit, markdown = tmp_path / "gate.xml", tmp_path / "gate.md"
    lines = ["accuracy >= 0.8 by state", "f1 >= tag:production - 0.01"]
    result = gate(store, *lines, "--junit", junit, "--markdown", markdown, "--json")
    assert result.exit_code == 1
    plain = json.loads(result.stdout)
    assert plain["status"] == "failed" and plain["passed"] is False
    assert {row["slug"] for row in plain["rows"] if row["status"] == "failed"} == {"state:CA", "all"}
    suites = ET.parse(junit).getroot()
    assert (suites.get("failures"), suites.get("tests")) == ("2", "4")
    assert markdown.read_text(encoding="utf-8").startswith("### Gate failed: 2 of 2 conditions failed")
    for text in (result.output, junit.read_text("utf-8"), markdown.read_text("utf-8")):
        assert "SECRETTEXT" not in text and "\x1b" not in text
    missing = gate(store, *lines, "--junit", tmp_path / "no" / "gate.xml")
    assert missing.exit_code == 2 and "cannot be written" in missing.output


@pytest.mark.parametrize("width", [80, 120])
def test_the_table_fits_and_says_first_what_failed_and_what_to_do(store, width):
    report = load("latest", dataset="tickets", store=store)
    result = report.gate(
        [
            "accuracy >= 0.5",
            "accuracy >= 0.8 by state",
            "accuracy >= tag:production - 0.02 by state",
            "f1 >= 0.9 strict",
        ]
    )
    console = Console(width=width, file=StringIO(), highlight=False)
    print_gate(result, console=console)
    shown = console.file.getvalue()
    assert shown.startswith("Gate failed: 3 of 4 conditions failed; 8 slices judged")
    tables = [line for line in shown.splitlines() if "  " in line.strip()]
    assert max(map(len, tables)) <= width
    assert shown.index("accuracy >= 0.8 by state") < shown.index("accuracy >= 0.5")
    assert "labelsift push PLATFORM PROJECT --slice state:CA" in shown
    assert "\x1b" not in shown and "SECRETTEXT" not in shown
    assert ("p after Holm" in shown) and 'state = "CA"' in shown
