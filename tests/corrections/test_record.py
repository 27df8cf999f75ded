"""Recording decisions: each once, with what people were shown, and no text."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import labelsift as ls
import pyarrow as pa
import pytest
from labelsift.corrections.record import Recorded, decisions, record, recorded
from labelsift.data.hashing import text_hash
from labelsift.data.schemas import CORRECTIONS_SCHEMA
from labelsift.store.store import Store

START = datetime(2026, 11, 23, 8, tzinfo=UTC)
RUN = "20261123-101500-4f2a"


def corrections(*rows: dict) -> pa.Table:
    usual = {"action": "relabel", "verdict": "accepted", "value": '"refund"', "person": "ann", "platform": "fake"}
    usual |= {"run": RUN, "round": "1", "seconds": 2.5, "note": ""}
    timed = [usual | {"time": START + timedelta(minutes=index)} | row for index, row in enumerate(rows)]
    return pa.Table.from_pylist(timed, schema=CORRECTIONS_SCHEMA)


@pytest.fixture
def store(tmp_path, make_report) -> Store:
    kept = Store(tmp_path / "kept")
    kept.save(make_report())
    return kept


def test_what_goes_in_comes_out(store):
    table = corrections({"id": "t3"}, {"id": "t13", "person": "bob", "time": START.replace(microsecond=123456)})
    assert record(table, store=store.folder) == Recorded(2, 2)
    assert recorded(store=store.folder).equals(table)


def test_the_same_decisions_again_add_nothing(store):
    table = corrections({"id": "t3"}, {"id": "t13"})
    record(table, store=store.folder)
    assert record(table, store=store.folder) == Recorded(2, 0)
    more = corrections({"id": "t3"}, {"id": "t13"}, {"id": "t23"})
    assert record(more, store=store.folder) == Recorded(3, 1)
    assert len(store.ledger.records()) == 3


def test_a_changed_mind_a_second_person_and_another_platform_are_new(store):
    record(corrections({"id": "t3"}), store=store.folder)
    others = ({"time": START + timedelta(days=1)}, {"person": "bob"}, {"platform": "other"}, {"id": "t4"})
    for other in others:
        assert record(corrections({"id": "t3"} | other), store=store.folder).new == 1


def test_without_a_time_only_another_decision_than_the_last_is_new(store):
    """A, then B, then A again: three decisions, and the newest counts."""
    news = []
    for value in ('"a"', '"a"', '"b"', '"a"', '"a"'):
        news.append(record(corrections({"id": "t3", "time": None, "value": value}), store=store.folder).new)
    assert news == [1, 0, 1, 1, 0]
    kept = recorded(store=store.folder)
    assert kept["value"].to_pylist() == ['"a"', '"b"', '"a"']
    assert kept["time"].null_count == 0


def test_a_record_knows_what_was_shown(store, make_report):
    report = make_report()
    record(corrections({"id": "t3"}, {"id": "absent"}), store=store.folder)
    known, unknown = store.ledger.records()
    position = report.samples.positions(["t3"])[0]
    assert known["dataset"] == "tickets"
    assert known["fingerprint"] == report.samples.fingerprint
    assert json.loads(known["given"]) == report.samples.labels[position].as_py()
    assert known["text_hash"] == text_hash(report.samples.texts[position].as_py())
    assert known["issues"] == ["label"]
    assert (unknown["dataset"], unknown["given"], unknown["text_hash"], unknown["issues"]) == (
        "tickets",
        None,
        None,
        [],
    )


def test_decisions_on_a_run_that_is_not_here_are_kept_and_said(store):
    table = corrections({"id": "t3", "run": "elsewhere"}, {"id": "t3", "run": None}, {"id": "t3"})
    assert record(table, store=store.folder) == Recorded(3, 3, ("elsewhere",))
    assert len(recorded(store=store.folder, dataset="tickets")) == 1
    assert len(recorded(store=store.folder, run="elsewhere")) == 1
    assert len(decisions(store.ledger.records())) == 3


def test_the_record_holds_no_text_but_an_edited_one(store, planted):
    record(corrections({"id": "t3"}, {"id": "t7", "action": "keep", "value": "null"}), store=store.folder)
    content = (store.folder / "corrections" / "records.jsonl").read_text()
    assert planted not in json.dumps([json.loads(line) for line in content.splitlines()], ensure_ascii=False)
    record(corrections({"id": "t9", "action": "edit", "value": '"new text"'}), store=store.folder)
    assert recorded(store=store.folder)["value"][-1].as_py() == '"new text"'


def test_a_store_is_made_where_there_is_none(tmp_path):
    record(corrections({"id": "a"}), store=tmp_path / "new")
    assert (tmp_path / "new").stat().st_mode & 0o777 == 0o700
    assert (tmp_path / "new" / ".gitignore").read_text() == "*\n"
    assert len(recorded(store=tmp_path / "new")) == 1


@pytest.mark.parametrize(
    ("table", "message"),
    [
        (pa.table({"id": ["a"]}), "no such column: action"),
        (corrections({"id": "a"}, {"id": None}), "name no sample, in rows: 2"),
        (corrections({"id": "a"}).set_column(9, "seconds", pa.array(["fast"])), "have another form"),
    ],
)
def test_a_table_in_another_form_is_refused(tmp_path, table, message):
    with pytest.raises(ls.InputError, match=message):
        record(table, store=tmp_path)


def test_odd_cells_survive(store):
    table = corrections(
        {"id": "t3\n\u2028\x00=1+1", "note": '"\\ß', "seconds": float("nan")}, {"id": "t4", "person": None}
    )
    record(table, store=store.folder)
    kept = recorded(store=store.folder)
    assert kept.drop(["seconds"]).equals(table.drop(["seconds"]))
    assert kept["seconds"].to_pylist() == [None, 2.5]
    assert record(table, store=store.folder).new == 0


def test_the_next_version_from_the_record(store, make_report):
    samples = make_report().samples
    table = corrections({"id": "t3", "value": '"refund"'}, {"id": "t13", "action": "remove", "value": "null"})
    record(table, store=store.folder)
    following = samples.apply(recorded(store=store.folder, dataset="tickets"))
    assert following.table.equals(samples.apply(table).table)
    assert len(following) == len(samples) - 1
    assert replace(following, lineage=None) != samples
