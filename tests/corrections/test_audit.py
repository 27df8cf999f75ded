"""The audit: who changed what, when and why, for people and for spreadsheets."""

from __future__ import annotations

import csv
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from labelsift.corrections.audit import COLUMNS, audit_rows, inert, write_audit
from labelsift.errors import InputError

MARKS = ("=", "+", "-", "@", "\t", "\r")


def decision(**changes: object) -> dict:
    usual = {"kind": "decision", "number": 1, "time": "2026-11-23T08:00:00.000000+00:00", "person": "ann"}
    usual |= {"action": "relabel", "verdict": "accepted", "value": '"refund"', "given": '"card"', "id": "t3"}
    usual |= {"dataset": "tickets", "platform": "fake", "run": "r", "round": "1", "seconds": 2.5, "note": ""}
    return usual | {"issues": ["label", "outlier"], "hash": "ab"} | changes


def row(**changes: object) -> dict:
    (audited,) = audit_rows([decision(**changes)])
    return audited


def test_a_row_says_who_what_when_and_why():
    audited = row(note="the guide, page 3")
    assert tuple(audited) == COLUMNS
    assert (audited["person"], audited["id"], audited["before"], audited["after"]) == ("ann", "t3", "card", "refund")
    assert audited["why"] == "flagged: label, outlier; suggestion accepted; the guide, page 3"
    both = row(action="keep", verdict="both_fit", value='"card"')
    assert (both["after"], both["verdict"]) == ("card", "both_fit")
    assert both["why"] == "flagged: label, outlier; both labels fit"


@pytest.mark.parametrize(
    ("changes", "before", "after"),
    [
        ({"action": "keep", "verdict": "refused", "value": '"card"'}, "card", "card"),
        ({"action": "keep", "verdict": "skipped", "value": '"card"'}, "card", "card"),
        ({"action": "remove", "value": "null"}, "card", None),
        ({"action": "edit", "value": '"new text"'}, None, "new text"),
        ({"given": None}, None, "refund"),
        ({"given": "null"}, None, "refund"),
        ({"value": "[1, 2]"}, "card", "[1, 2]"),
        ({"value": "{broken"}, "card", "{broken"),
    ],
)
def test_before_and_after_of_each_action(changes, before, after):
    audited = row(**changes)
    assert (audited["before"], audited["after"]) == (before, after)
    assert audited["action"] == ("skipped" if changes.get("verdict") == "skipped" else changes.get("action", "relabel"))


def test_only_one_data_set_or_only_what_is_new():
    records = [decision(), decision(dataset="other"), decision(time="2026-11-25T08:00:00.000000+00:00")]
    assert len(audit_rows(records, dataset="tickets")) == 2
    assert len(audit_rows(records, since=datetime(2026, 11, 24, tzinfo=UTC))) == 1


def test_a_version_that_was_made_is_in_the_audit():
    record = {"kind": "version", "number": 2, "time": "2026-11-23T09:00:00+00:00", "dataset": "tickets"}
    record |= {"parent": "aa", "fingerprint": "bb", "policy": "majority", "applied": {"relabel": 2}, "conflicts": 1}
    (audited,) = audit_rows([record])
    assert (audited["action"], audited["before"], audited["after"]) == ("version", "aa", "bb")
    assert audited["why"] == "policy majority; 2 relabel; 1 conflicts left as they were"


def read(path: Path) -> list[dict]:
    with path.open(newline="", encoding="utf-8-sig") as file:
        return list(csv.DictReader(file))


def test_no_cell_of_the_csv_is_a_formula(tmp_path):
    hostile = {"id": "=cmd|'/c calc'!A1", "person": "+ann", "note": "x", "dataset": "@SUM(A1)", "round": "-1"}
    hostile |= {"value": '"\\t=1+1"', "given": '"\\r=1"', "platform": " =1"}
    write_audit(audit_rows([decision(**hostile)]), tmp_path / "a.csv")
    (row,) = read(tmp_path / "a.csv")
    assert {name: row[name][0] for name in ("id", "person", "dataset", "round", "after", "before", "platform")} == (
        dict.fromkeys(("id", "person", "dataset", "round", "after", "before", "platform"), "'")
    )
    assert row["id"] == "'=cmd|'/c calc'!A1"
    assert row["seconds"] == "2.5"


@given(st.text())
def test_only_what_could_be_a_formula_is_changed(text):
    cell = str(inert(text))
    assert cell.lstrip()[:1] not in MARKS
    assert cell in (text, f"'{text}")


def test_any_text_can_be_written(tmp_path):
    changes = {"id": 'a"b,c\nd', "person": "Zoë\ud800", "note": "line\nline"}
    write_audit(audit_rows([decision(**changes)]), tmp_path / "a.csv")
    assert read(tmp_path / "a.csv")[0]["id"] == 'a"b,c\nd'


def test_a_file_that_cannot_be_written_is_named(tmp_path):
    with pytest.raises(InputError, match="cannot be written"):
        write_audit([], tmp_path / "absent" / "a.csv")
