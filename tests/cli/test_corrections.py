"""The commands about corrections, as a user types them."""

from __future__ import annotations

import csv
import json
from datetime import UTC, datetime
from pathlib import Path

import pyarrow as pa
import pytest
from click.testing import CliRunner, Result
from labelsift import platforms
from labelsift.cli import main
from labelsift.data.schemas import CORRECTIONS_SCHEMA
from labelsift.platforms import LabelingPlatform
from labelsift.store.ledger_files import RECORDS
from labelsift.store.store import Store
from pyarrow import parquet

RUN = "20261123-101500-4f2a"


class Fake(LabelingPlatform):
    """A platform with the decisions that the test gives it."""

    name = "fake"

    def __init__(self) -> None:
        self.rows: list[dict] = []

    def decide(self, id: str, label: str, person: str = "ann", **changes: object) -> None:
        row = {"id": id, "action": "relabel", "verdict": "accepted", "value": json.dumps(label), "person": person}
        row |= {"time": datetime(2026, 11, 23, 8, len(self.rows), tzinfo=UTC), "platform": "fake", "run": RUN}
        self.rows.append(row | {"round": "1", "seconds": 2.0, "note": ""} | changes)

    def pull(self, *, project: str, store: object = None) -> pa.Table:
        return pa.Table.from_pylist(self.rows, schema=CORRECTIONS_SCHEMA)


def run(*arguments: object) -> Result:
    return CliRunner().invoke(main, [str(argument) for argument in arguments])


@pytest.fixture
def fake(monkeypatch) -> Fake:
    made = Fake()
    monkeypatch.setattr(platforms, "get", lambda name: made)
    made.decide("t3", "refund")
    made.decide("t13", "refund", note="=1+1")
    return made


@pytest.fixture
def store(tmp_path, make_report) -> Store:
    kept = Store(tmp_path / "kept")
    kept.save(make_report())
    return kept


def test_pull_records_what_is_new_and_says_how_much(fake, store):
    asked = ("pull", "fake", "Tickets", "--store", store.folder)
    assert run(*asked).stdout.splitlines()[0] == "2 decisions, 2 accepted; 2 new"
    fake.decide("t23", "refund")
    assert run(*asked).stdout.splitlines()[0] == "3 decisions, 3 accepted; 1 new"
    assert run(*asked, "--json").exit_code == 0
    assert len(store.ledger.records()) == 3


def test_pull_with_no_store_records_nothing(fake, store):
    output = run("pull", "fake", "T", "--no-store", "--store", store.folder).stdout
    assert output.splitlines()[0] == "2 decisions, 2 accepted"
    assert store.ledger.records() == []


def test_pull_says_which_run_the_store_does_not_have(fake, tmp_path):
    result = run("pull", "fake", "T", "--store", tmp_path / "new")
    assert (result.exit_code, result.stdout) == (0, "2 decisions, 2 accepted; 2 new\n")
    assert f"has no run {RUN}" in result.stderr


def test_verify_is_0_when_whole_and_1_when_something_was_changed(fake, store):
    run("pull", "fake", "T", "--store", store.folder)
    whole = run("verify", "--store", store.folder)
    last = store.ledger.records()[-1]["hash"]
    assert (whole.exit_code, f"2 records whole, last hash {last}\n" in whole.stdout) == (0, True)
    path = store.folder / "corrections" / RECORDS
    path.write_bytes(path.read_bytes().replace(b"ann", b"eve", 1))
    broken = run("verify", "--store", store.folder)
    assert broken.exit_code == 1
    assert "BROKEN  Record of corrections: record 1 (id t3, person eve" in broken.stdout
    content = json.loads(run("verify", "--store", store.folder, "--json").stdout)
    assert (content["records"], len(content["problems"])) == (0, 1)
    for command in (("audit",), ("pull", "fake", "T")):
        result = run(*command, "--store", store.folder)
        assert (result.exit_code, "record 1" in result.stderr) == (2, True)


def test_verify_can_expect_a_noted_hash(fake, store):
    run("pull", "fake", "T", "--store", store.folder)
    last = store.ledger.records()[-1]["hash"]
    assert run("verify", "--store", store.folder, "--expect", last).exit_code == 0
    assert run("verify", "--store", store.folder, "--expect", "f" * 64).exit_code == 1


def test_audit_on_the_terminal_as_json_and_as_csv(fake, store, tmp_path):
    run("pull", "fake", "T", "--store", store.folder)
    shown = run("audit", "--store", store.folder)
    assert shown.exit_code == 0
    assert any(line.endswith("  ann  relabel  t13") for line in shown.stdout.splitlines())
    assert "→ refund; flagged: label; suggestion accepted" in " ".join(shown.stdout.split())
    rows = json.loads(run("audit", "--store", store.folder, "--json").stdout)
    assert [(row["id"], row["person"], row["after"]) for row in rows] == [
        ("t3", "ann", "refund"),
        ("t13", "ann", "refund"),
    ]
    assert rows[1]["why"] == "flagged: label; suggestion accepted; =1+1"
    assert run("audit", "--store", store.folder, "--csv", tmp_path / "a.csv").exit_code == 0
    with (tmp_path / "a.csv").open(newline="", encoding="utf-8-sig") as file:
        assert [row["id"] for row in csv.DictReader(file)] == ["t3", "t13"]


def test_audit_of_one_data_set_since_a_day(fake, store):
    run("pull", "fake", "T", "--store", store.folder)
    asked = ("audit", "--store", store.folder, "--json")
    assert len(json.loads(run(*asked, "--dataset", "tickets", "--since", "2026-11-23 08:01:00").stdout)) == 1
    assert json.loads(run(*asked, "--dataset", "other").stdout) == []


def test_correct_writes_the_next_version_and_undo_the_one_before(fake, store, make_report, tmp_path):
    run("pull", "fake", "T", "--store", store.folder)
    fake.decide("t23", "refund")
    fake.decide("t23", "card_lost", person="bob")
    run("pull", "fake", "T", "--store", store.folder)
    table = make_report().samples.table
    parquet.write_table(table, tmp_path / "tickets.parquet")
    asked = ("--label", "label", "--id", "id", "--store", store.folder)
    result = run("correct", tmp_path / "tickets.parquet", *asked, "--out", tmp_path / "2.parquet")
    assert result.exit_code == 0
    assert "2 relabel;" in result.stdout
    assert "1 conflicts, left as they were:\n  t23: relabel refund (ann) / relabel card_lost (bob)\n" in result.stdout
    done = run("correct", tmp_path / "tickets.parquet", *asked, "--out", tmp_path / "2.parquet", "--json")
    assert json.loads(done.stdout)["conflicts"] == {
        "t23": [
            {"action": "relabel", "value": "refund", "people": ["ann"]},
            {"action": "relabel", "value": "card_lost", "people": ["bob"]},
        ]
    }
    back = run("undo", tmp_path / "2.parquet", "--out", tmp_path / "1.parquet", "--store", store.folder)
    assert (back.exit_code, "is tickets as before" in back.stdout) == (0, True)
    assert parquet.read_table(tmp_path / "1.parquet").equals(table)
    actions = [row["action"] for row in json.loads(run("audit", "--store", store.folder, "--json").stdout)]
    assert actions == ["relabel"] * 4 + ["version", "undo"]
    assert run("verify", "--store", store.folder).exit_code == 0


@pytest.mark.parametrize("command", ["verify", "audit"])
def test_where_no_store_is_the_cure_is_said(command, tmp_path: Path):
    result = run(command, "--store", tmp_path / "absent")
    assert (result.exit_code, "is no run store" in result.stderr) == (2, True)
