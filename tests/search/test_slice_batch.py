"""A slice as a labeling batch: whose samples, in which order, with reasons that hold, pushed twice and decided on."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import labelsift as ls
import pyarrow as pa
import pytest
from click.testing import CliRunner
from labelsift.cli import main
from labelsift.corrections.record import recorded
from labelsift.data.slugs import slug
from labelsift.errors import InputError
from labelsift.store.store import Store
from workbooks import decide

ROWS = 80
WORDS = {"card": "my bank card was stolen", "loan": "the rate of my home loan"}


def table(*, test_from: int = 0) -> pa.Table:
    label = ["card" if row % 2 else "loan" for row in range(ROWS)]
    return pa.table(
        {
            "id": [f"r{row:02d}" for row in range(ROWS)],
            "text": [f"{WORDS[label[row]]} {row}" for row in range(ROWS)],
            # Of the 40 rows of CA, 10 are predicted wrong; r05 has the wrong label as well.
            "label": ["loan" if row == 5 else label[row] for row in range(ROWS)],
            "predicted": ["card" if row < 20 and not row % 2 else label[row] for row in range(ROWS)],
            "state": ["CA" if row < 40 else "東京" for row in range(ROWS)],
            "agent": ["ann@mail.example" if row % 2 else "bo@mail.example" for row in range(ROWS)],
            "split": ["train" if row < test_from else "test" for row in range(ROWS)],
        }
    )


def scan(place: Path, **more: Any) -> ls.Report:
    roles: dict[str, Any] = {
        "id": "id",
        "label": "label",
        "predicted": "predicted",
        "split": "split",
        "name": "tickets",
    }
    data = more.pop("data", table())
    read = ls.read(data, metadata=["state", "agent"], **roles | more.pop("roles", {}))
    return ls.scan(read, store=place, progress=False, **{"budget": 1, **more})  # the one wrong label


@pytest.fixture
def report(tmp_path) -> ls.Report:
    return scan(tmp_path / "kept", slices={"cards in CA": "state = 'CA' AND label = 'card'"})


def test_all_samples_of_the_slice_the_wrong_and_the_flagged_ones_first(report):
    batch = report.batch(slice="state:CA")
    rows = batch.findings.to_pylist()
    assert sorted(row["id"] for row in rows) == report.ids("state = 'CA'")
    assert {row["issue"] for row in rows} == {"slice"}
    wrong, flagged = set(report.ids("is_wrong")), set(report.ids("is_label_issue"))
    assert flagged == {"r05"}
    group = [3 - 2 * (row["id"] in wrong) - (row["id"] in flagged) for row in rows]
    assert group == sorted(group)
    assert group.count(0) == 1  # r05, whose label is wrong and whose prediction is right
    assert group.count(1) == len(wrong) - 1
    assert report.batch(slice="state:CA").run == batch.run
    store = Store(report.store.folder)
    assert store.find() == report.run  # a batch is not the latest run
    assert store.find(report.run) == store.find(report.run[:-3]) == report.run  # and its name is no second of its run
    assert store.find(batch.run) == batch.run


def test_the_reason_says_what_holds(report):
    reasons = {row["id"]: row["reason"] for row in report.batch(slice="state:CA").findings.to_pylist()}
    # r05 is labeled loan and predicted card, as the ten even rows below 20 are
    assert reasons["r30"] == (
        'In the slice state = "CA" the model differs from the given label in 28 % (16 to 43) of 40 samples;'
        " here it says loan."
    )
    assert "here it says card." in reasons["r00"]
    assert reasons["r05"].endswith("here it says card. The scan doubts its label.")
    suggested = {row["id"]: row["suggested"] for row in report.batch(slice="state:CA").findings.to_pylist()}
    assert json.loads(suggested["r05"]) == "card"


def test_only_what_the_model_was_not_trained_on_is_counted(tmp_path):
    report = scan(tmp_path, data=table(test_from=20))
    reason = report.batch(slice="state:CA").findings.to_pylist()[0]["reason"]
    assert "in 0 % (0 to 16) of 20 samples" in reason
    few = scan(tmp_path, data=table(test_from=35))
    reasons = [row["reason"] for row in few.batch(slice="state:CA").findings.to_pylist()]
    assert all("%" not in reason for reason in reasons)  # 5 samples are too few
    assert reasons[0].startswith('In the slice state = "CA": here the model says ')


def test_the_built_in_model_is_named_as_a_proxy(tmp_path):
    report = scan(tmp_path, roles={"predicted": None})
    reasons = [row["reason"] for row in report.batch(slice="state:東京").findings.to_pylist()]
    assert all("the built-in model (a proxy for yours) differs from the given label in" in text for text in reasons)
    none = scan(tmp_path, roles={"predicted": None, "label": None, "split": None}, only=["empty"])
    assert {row["reason"] for row in none.batch(slice="state:東京").findings.to_pylist()} == {
        'In the slice state = "東京".'
    }


def test_no_personal_value_and_no_condition_stands_in_a_reason(report):
    assert "agent" in str(report.facts["hidden_columns"])
    for batch in (
        report.batch(slice=slug((("agent", "ann@mail.example"),))),
        report.batch(where="text LIKE '%stolen 1%'"),
    ):
        reasons = {row["reason"] for row in batch.findings.to_pylist()}
        assert not any("ann" in text or "stolen" in text for text in reasons)
    assert "In the slice cards in CA the model" in report.batch(slice="cards in CA").findings.to_pylist()[0]["reason"]


@pytest.mark.slow
def test_pushed_twice_nothing_changes_and_a_larger_budget_adds(report, tmp_path):
    sheet = str(tmp_path / "batch.xlsx")
    first = report.push("xlsx", project=sheet, slice="slice:cards in CA", budget=5)
    again = report.push("xlsx", project=sheet, slice="cards in CA", budget=5)
    more = report.push("xlsx", project=sheet, slice="cards in CA", budget=8)
    assert (first.created, again.created, again.unchanged) == (5, 0, 5)
    assert (more.created, more.unchanged) == (3, 5)


@pytest.mark.slow
def test_decisions_come_back_and_a_verified_label_is_not_asked_again(report, tmp_path):
    sheet = tmp_path / "batch.xlsx"
    report.push("xlsx", project=str(sheet), where="id IN ('r00', 'r02', 'r41')")
    decide(sheet, "card")
    ls.record(ls.pull("xlsx", project=str(sheet)), store=report.store.folder)
    rows = recorded(store=report.store.folder, dataset="tickets").to_pylist()
    assert {row["id"]: row["action"] for row in rows} == {"r00": "relabel", "r02": "relabel", "r41": "keep"}
    other = report.push("xlsx", project=str(tmp_path / "other.xlsx"), where="id IN ('r41', 'r43')")
    assert other.created == 1
    assert other.details["verified_before"] == 1


@pytest.mark.slow
def test_the_command_takes_slices_of_the_settings_file(report, tmp_path, monkeypatch):
    (tmp_path / "labelsift.toml").write_text('store = "kept"\n[slices]\nhere = "state = \'東京\'"\n', encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    done = CliRunner().invoke(main, ["push", "xlsx", "a.xlsx", "--slice", "here", "--budget", "7", "--json"])
    assert done.exit_code == 0, done.output
    assert json.loads(done.stdout)["created"] == 7
    both = CliRunner().invoke(main, ["push", "xlsx", "a.xlsx", "--slice", "here", "--where", "1 = 1"])
    assert both.exit_code == InputError.exit_code
    none = CliRunner().invoke(main, ["push", "xlsx", "a.xlsx", "--where", "state = 'TX'"])
    assert "No sample is in this slice: state = 'TX'" in none.output


def test_a_batch_needs_a_slice_and_a_store():
    report = ls.scan(ls.read(table(), id="id", name="t"), only=["empty"], store=None, progress=False)
    with pytest.raises(InputError, match="run store"):
        report.batch(where="1 = 1")
    with pytest.raises(InputError, match="one slice"):
        report.batch()
