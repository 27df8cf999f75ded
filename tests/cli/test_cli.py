"""The command line as a user meets it: exit codes, one line an error, files and JSON that machines can read."""

from __future__ import annotations

import csv
import json
import os
import subprocess
import sys
from dataclasses import asdict
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
from click.testing import CliRunner, Result
from labelsift import platforms
from labelsift.cli import COMMANDS, main
from labelsift.data.schemas import FINDINGS_SCHEMA
from labelsift.errors import PlatformError
from labelsift.platforms import LabelingPlatform, PushRequest, Receipt, Tracker
from pyarrow import parquet


def run(*arguments: object) -> Result:
    return CliRunner().invoke(main, [str(argument) for argument in arguments])


def real(
    *arguments: object, folder: Path, code: str = "from labelsift.cli import main; main()"
) -> subprocess.CompletedProcess:
    """Run the real program in a process of its own."""
    command = [sys.executable, "-c", code, *map(str, arguments)]
    return subprocess.run(
        command, cwd=folder, capture_output=True, text=True, check=False, env={**os.environ, "COLUMNS": "80"}
    )


@pytest.fixture(scope="module")
def data(tmp_path_factory) -> Path:
    """Sixty rows with two labels that contradict their texts, ids that look like formulas, and a run with two flags."""
    folder = tmp_path_factory.mktemp("cli")
    with (folder / "tickets.csv").open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["key", "body", "intent", "channel"])
        for number in range(30):
            writer.writerow([f"=cmd|' /C calc'!A{number}", f"my card number {number} has not arrived", "card", "mail"])
            label = "card" if number in (4, 9) else "@refund"
            writer.writerow([f"+{number}", f"please refund order {number} to my account", label, "phone"])
    result = run("scan", folder / "tickets.csv", *ROLES, "--budget", 2, "--store", folder / "kept")
    assert result.exit_code == 0
    return folder


ROLES = ("--text", "body", "--label", "intent", "--id", "key", "--meta", "channel")


@pytest.mark.parametrize("command", [[], *[[name] for name in COMMANDS]])
@pytest.mark.parametrize("flag", ["--help", "-h"])
def test_every_command_has_help(command, flag):
    result = run(*command, flag)
    assert result.exit_code == 0, result.output
    assert result.stdout.startswith("Usage: ")
    assert len(result.stdout.splitlines()) > 4


def test_the_commands_are_those_of_the_design():
    assert {"scan", "similar", "runs", "push", "pull", "log", "doctor", "demo"} <= COMMANDS.keys()


@pytest.mark.slow
def test_a_scan_takes_what_a_training_kept(data, tmp_path):
    from labelsift.signals.dynamics_writer import DynamicsWriter

    ids = [f"=cmd|' /C calc'!A{number}" for number in range(30)] + [f"+{number}" for number in range(30)]
    logits = np.where(np.arange(60)[:, None] < 30, [[0.0, 2.0]], [[2.0, 0.0]])
    with DynamicsWriter(tmp_path / "logits", ids=ids, classes=["@refund", "card"]) as writer:
        for _ in range(3):
            writer.epoch(logits)
    result = run("scan", data / "tickets.csv", *ROLES, "--dynamics", tmp_path / "logits", "--json", "--no-store")
    assert result.exit_code == 0, result.output
    facts = json.loads(result.stdout)["facts"]["dynamics"]
    assert (facts["epochs"], facts["easy"], facts["never_learned"]) == (3, 58, 2)


@pytest.mark.slow
def test_a_scan_says_what_it_found(data, tmp_path):
    done = real("scan", data / "tickets.csv", *ROLES, folder=tmp_path)
    assert done.returncode == 0
    said = " ".join(done.stdout.split())
    # Two labels among sixty are unlike their texts: too little to call labels wrong, and enough to ask.
    assert "None of the 60 labels stands out as wrong (up to" in said and "Ambiguous labels" in said
    assert done.stderr == ""  # no progress bar without a terminal
    assert (tmp_path / ".labelsift" / "runs").is_dir()


@pytest.mark.slow
def test_json_is_one_value_and_nothing_else(data, tmp_path):
    done = real("scan", data / "tickets.csv", *ROLES, "--json", "--no-store", folder=tmp_path)
    summary = json.loads(done.stdout)
    counts = [summary["issues"][name]["count"] for name in ("label", "ambiguous")]
    assert (summary["dataset"], summary["rows"], counts) == ("tickets", 60, [0, 2])
    assert done.stderr == ""
    assert list(tmp_path.iterdir()) == []


@pytest.mark.slow
def test_scores_and_findings_are_written_in_both_formats(data, tmp_path):
    options = [option for name in ("scores", "findings") for option in (f"--{name}", tmp_path / f"{name}.parquet")]
    assert run("scan", data / "tickets.csv", *ROLES, "--no-store", *options).exit_code == 0
    options = [option for name in ("scores", "findings") for option in (f"--{name}", tmp_path / f"{name}.csv")]
    assert run("scan", data / "tickets.csv", *ROLES, "--no-store", *options).exit_code == 0
    for name in ("scores", "findings"):
        table = parquet.read_table(tmp_path / f"{name}.parquet")
        with (tmp_path / f"{name}.csv").open(newline="") as file:
            rows = list(csv.DictReader(file))
        assert list(rows[0]) == table.column_names
        assert [row["id"] for row in rows] == table["id"].to_pylist()
    assert parquet.read_table(tmp_path / "findings.parquet").schema.equals(FINDINGS_SCHEMA)
    assert json.loads(rows[0]["related_ids"]) == table["related_ids"][0].as_py()
    given = next(row["given"] for row in rows if row["scope"] == "sample")
    assert given in ("card", "@refund")


@pytest.mark.slow
def test_cells_that_look_like_formulas_stay_what_they_are(data, tmp_path):
    run("scan", data / "tickets.csv", *ROLES, "--no-store", "--scores", tmp_path / "s.csv")
    with (tmp_path / "s.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert rows[0]["id"] == "=cmd|' /C calc'!A0"
    assert rows[1]["id"] == "+0"
    assert {row["suggested_label"] for row in rows} == {"card", "@refund"}


@pytest.mark.parametrize("form", ["npy", "parquet"])
def test_signals_are_read_from_files(data, tmp_path, form):
    probs = np.tile([[0.1, 0.9], [0.8, 0.2]], (30, 1))
    np.save(tmp_path / "p.npy", probs)
    parquet.write_table(pa.table({"pred_probs": probs.tolist()}), tmp_path / "p.parquet")
    np.save(tmp_path / "e.npy", np.random.default_rng(0).normal(size=(60, 4)))
    (tmp_path / "classes.txt").write_text("@refund\ncard\n")
    options = (
        "--pred-probs",
        tmp_path / f"p.{form}",
        "--classes",
        tmp_path / "classes.txt",
        "--embeddings",
        tmp_path / "e.npy",
    )
    result = run("scan", data / "tickets.csv", *ROLES, *options, "--json", "--no-store")
    summary = json.loads(result.stdout)
    assert summary["settings"]["pred_probs"] == "the user's model"
    assert summary["settings"]["embedder"] == "the user's embeddings"
    assert summary["issues"]["ambiguous"]["count"] == 2


@pytest.mark.slow
def test_a_page_is_written_with_and_without_texts(data, tmp_path):
    for name, more in (("r.html", ()), ("s.html", ("--share",))):
        assert run("scan", data / "tickets.csv", *ROLES, "--no-store", "--html", tmp_path / name, *more).exit_code == 0
    assert "to my account" in (tmp_path / "r.html").read_text()  # a text with a wrong label
    assert "to my account" not in (tmp_path / "s.html").read_text()


def test_runs_and_similar_answer_from_the_store(data):
    (kept,) = json.loads(run("runs", "--store", data / "kept", "--json").stdout)
    assert (kept["dataset"], kept["rows"], kept["label_issues"]) == ("tickets", 60, 2)
    assert kept["run"] in run("runs", "--store", data / "kept").stdout
    similar = json.loads(run("similar", "where is my bank card", "--store", data / "kept", "-k", 3, "--json").stdout)
    assert len(similar) == 3
    assert {row["label"] for row in similar} == {"card"}
    by_id = json.loads(run("similar", "+3", "--store", data / "kept", "-k", 2, "--json").stdout)
    assert "+3" not in [row["id"] for row in by_id]
    assert all("refund order" in row["text"] for row in by_id)
    assert "refund order" in run("similar", "+3", "--store", data / "kept").stdout


def test_a_broken_run_is_named_beside_the_others(data, tmp_path):
    import shutil

    shutil.copytree(data / "kept", tmp_path / "kept")
    (tmp_path / "kept" / "runs" / "19990101-000000-abcdef").mkdir()
    result = run("runs", "--store", tmp_path / "kept", "--json")
    assert result.exit_code == 0
    assert len(json.loads(result.stdout)) == 1
    assert "The run 19990101-000000-abcdef cannot be read" in result.stderr


WRONG_CALLS = {
    "unknown command": ("nope",),
    "no file": ("scan",),
    "no such file": ("scan", "absent.csv"),
    "unknown check": ("scan", "{data}", *ROLES, "--only", "labelz"),
    "unknown embedder": ("scan", "{data}", *ROLES, "--embedder", "bert"),
    "no number": ("scan", "{data}", *ROLES, "--budget", "many"),
    "no array": ("scan", "{data}", *ROLES, "--pred-probs", "{data}"),
    "unknown table": ("scan", "{data}", *ROLES, "--scores", "s.xlsx"),
    "no folder for the table": ("scan", "{data}", *ROLES, "--scores", "absent/s.csv"),
    "no folder for the page": ("scan", "{data}", *ROLES, "--html", "absent/r.html"),
    "undecodable classes": ("scan", "{data}", *ROLES, "--classes", "{binary}"),
    "no store": ("runs", "--store", "absent"),
    "no run": ("similar", "x", "--store", "{kept}", "--run", "1999"),
    "none similar": ("similar", "x", "--store", "{kept}", "-k", "0"),
    "unknown platform": ("doctor", "nope"),
    "no tracker": ("log", "label-studio", "--store", "{kept}"),
    "no labeler": ("push", "mlflow", "P", "--store", "{kept}"),
    "unknown mode": ("push", "label-studio", "P", "--mode", "loud", "--store", "{kept}"),
}


@pytest.mark.slow
@pytest.mark.parametrize("case", WRONG_CALLS)
def test_a_wrong_call_ends_with_2_and_says_why(data, tmp_path, monkeypatch, case):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "binary").write_bytes(b"\xff\xfe")
    places = {"data": data / "tickets.csv", "binary": tmp_path / "binary", "kept": data / "kept"}
    result = run(*(argument.format(**places) for argument in WRONG_CALLS[case]))
    assert result.exit_code == 2
    assert result.stdout == ""
    assert result.stderr
    assert "unexpected" not in result.stderr


def test_an_unknown_table_is_refused_before_the_scan(tmp_path):
    assert "format of s.xlsx" in run("scan", tmp_path / "absent.csv", "--scores", "s.xlsx").stderr


def test_a_terminal_gets_no_control_characters_from_ids(tmp_path):
    (tmp_path / "x.jsonl").write_text(
        json.dumps({"id": "\x1b[31mred\n", "text": "a"}) + "\n" + json.dumps({"id": "\x1b[31mred\n", "text": "b"})
    )
    result = run("scan", tmp_path / "x.jsonl", "--id", "id")
    assert result.exit_code == 2
    assert "\x1b" not in result.stderr
    assert len(result.stderr.splitlines()) == 1


FAILING = """
import labelsift.io.read
def read(*_, **__):
    raise RuntimeError("first line\\nsecond line")
labelsift.io.read.read = read
from labelsift.cli import main
main()
"""


@pytest.mark.slow
def test_an_unexpected_error_ends_with_4_and_one_line(tmp_path):
    done = real("scan", "x.csv", folder=tmp_path, code=FAILING)
    assert done.returncode == 4
    assert done.stderr == (
        "labelsift: something unexpected happened: RuntimeError: first line (details: labelsift --debug …)\n"
    )
    assert "Traceback" in real("--debug", "scan", "x.csv", folder=tmp_path, code=FAILING).stderr


class Fake(LabelingPlatform, Tracker):
    """A platform whose answers the test chooses."""

    name = "fake"
    capabilities = LabelingPlatform.capabilities | {"blind", "match"}

    def __init__(self) -> None:
        self.called: dict = {}
        self.receipt = Receipt("fake", "Tickets", created=2, links={"project": "http://127.0.0.1/1"})
        self.problems: dict[str, str] = {}

    def push(self, queue, request):
        self.called = {"rows": len(queue.samples)} | asdict(request)
        return self.receipt

    def pull(self, *, project, store=None):
        from labelsift.data.schemas import CORRECTIONS_SCHEMA

        rows = [
            {"id": "a", "verdict": "accepted"},
            {"id": "b", "verdict": "refused"},
            {"id": "c", "verdict": "accepted"},
        ]
        return pa.Table.from_pylist(rows, schema=CORRECTIONS_SCHEMA)

    def log(self, run, request):
        self.called = {"target": request.target, "with_text": request.with_text}
        return self.receipt

    def doctor(self):
        return self.problems


@pytest.fixture
def fake(monkeypatch) -> Fake:
    made = Fake()
    monkeypatch.setattr(platforms, "get", lambda name: made)
    return made


def test_push_hands_over_what_was_asked(data, fake):
    result = run(
        "push",
        "fake",
        "Tickets",
        "--store",
        data / "kept",
        "--mode",
        "blind",
        "--only",
        "label, empty",
        "--budget",
        7,
        "--dry-run",
    )
    assert result.exit_code == 0
    request = PushRequest("Tickets", mode="blind", only=("label", "empty"), budget=7, dry_run=True)
    assert fake.called == {"rows": 60} | asdict(request)
    assert "2 created, 0 updated, 0 unchanged" in result.stdout
    assert "http://127.0.0.1/1" in result.stdout


def test_samples_that_a_platform_refused_end_with_2(data, fake):
    fake.receipt.failed = {"+3": "too long"}
    result = run("push", "fake", "Tickets", "--store", data / "kept", "--json")
    assert result.exit_code == 2
    assert json.loads(result.stdout)["failed"] == {"+3": "too long"}


def test_a_platform_that_cannot_be_reached_ends_with_3(data, fake):
    def unreachable(*_: object, **__: object) -> None:
        raise PlatformError("fake cannot be reached", hint="Start it")

    fake.log = unreachable
    result = run("log", "fake", "--store", data / "kept")
    assert (result.exit_code, result.stderr) == (3, "labelsift: fake cannot be reached. Start it.\n")


def test_log_sends_no_text_unless_asked(data, fake):
    assert run("log", "fake", "--store", data / "kept").exit_code == 0
    assert fake.called == {"target": None, "with_text": False}
    run("log", "fake", "runs", "--with-text", "--store", data / "kept")
    assert fake.called == {"target": "runs", "with_text": True}


def test_pull_counts_verdicts_and_writes_corrections(fake, tmp_path):
    result = run("pull", "fake", "Tickets", "--to", tmp_path / "c.parquet", "--no-store")
    assert result.stdout == "3 decisions, 2 accepted, 1 refused\n"
    assert parquet.read_table(tmp_path / "c.parquet")["id"].to_pylist() == ["a", "b", "c"]
    assert len(json.loads(run("pull", "fake", "Tickets", "--no-store", "--json").stdout)) == 3


def test_doctor_is_good_or_names_the_cure(fake):
    assert run("doctor", "fake").exit_code == 0
    fake.problems = {"No key": "Set FAKE_KEY"}
    result = run("doctor", "fake")
    assert (result.exit_code, result.stdout) == (2, "fake: No key. Set FAKE_KEY\n")
    assert json.loads(run("doctor", "fake", "--json").stdout) == fake.problems
    refused = run("doctor", "fake", "Tickets")
    assert refused.exit_code == 2
    assert "looks at the connection only" in refused.stderr


def test_a_doctor_that_looks_at_projects_may_give_notes_which_are_no_problems(fake):
    asked = []

    def examine(*, project=None):
        asked.append(project)
        return platforms.Health(dict(fake.problems), {"No roles": "Everybody sees all"})

    fake.examine, fake.capabilities = examine, fake.capabilities | {"examine"}
    result = run("doctor", "fake", "Tickets")
    assert (result.exit_code, asked) == (0, ["Tickets"])
    assert result.stdout == "fake: all is well\nfake: note: No roles. Everybody sees all\n"
    fake.problems = {"No key": "Set FAKE_KEY"}
    result = run("doctor", "fake", "--json")
    assert (result.exit_code, json.loads(result.stdout)) == (2, fake.problems)
    assert result.stderr == "fake: note: No roles. Everybody sees all\n"


@pytest.mark.slow
def test_labels_in_csv_files_are_plain_and_in_parquet_json(data, tmp_path):
    files = [tmp_path / "findings.csv", tmp_path / "findings.parquet"]
    for file in files:
        result = run("scan", data / "tickets.csv", *ROLES, "--budget", 2, "--no-store", "--findings", file)
        assert result.exit_code == 0, result.output
    with files[0].open(newline="") as opened:
        rows = list(csv.DictReader(opened))
    kept = parquet.read_table(files[1]).to_pylist()
    assert [row["id"] for row in rows] == [row["id"] for row in kept]
    for row, cells in zip(rows, kept, strict=True):
        assert row["given"] == (json.loads(cells["given"]) or "")
        assert row["suggested"] == (json.loads(cells["suggested"]) or "")
    assert {"card", "@refund"} & {row["given"] for row in rows}


@pytest.mark.slow
def test_the_list_of_runs_fits_80_columns(data, tmp_path):
    store = tmp_path / "kept"
    name = "customer_support_tickets_of_the_year_2026"
    assert run("scan", data / "tickets.csv", *ROLES, "--only", "empty", "--name", name, "--store", store).exit_code == 0
    assert run("runs", "tag", "latest", "golden", "release-2026", "--store", store).exit_code == 0
    lines = real("runs", "--store", store, folder=tmp_path).stdout.splitlines()
    assert max(map(len, lines)) <= 80 and "…" not in "".join(lines)
    assert json.loads(run("runs", "--json", "--store", store).stdout)[0]["run"] in lines[2]
