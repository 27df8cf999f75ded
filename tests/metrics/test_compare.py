"""Two runs side by side: exactly what changed, and how sure a difference is."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from io import StringIO

import labelsift as ls
import numpy as np
import pyarrow as pa
import pytest
from click.testing import CliRunner
from labelsift.cli import main
from labelsift.cli.print_comparison import print_comparison
from labelsift.data.schemas import CORRECTIONS_SCHEMA
from labelsift.metrics.compare import compare
from rich.console import Console

WORDS = {"a": "refund money back please order", "b": "login password account locked again"}


def rows(n: int = 60) -> dict[str, list]:
    rng = np.random.default_rng(0)
    labels = ["a" if at % 2 else "b" for at in range(n)]
    texts = [" ".join(rng.permutation(WORDS[label].split())) + f" number {at}" for at, label in enumerate(labels)]
    places = [("CA", "NY", "TX")[at % 3] for at in range(n)]
    return {
        "id": [f"s{at:03}" for at in range(n)],
        "text": texts,
        "label": labels,
        "state": places,
        "gender": ["f" if at % 4 < 2 else "m" for at in range(n)],
    }


def scanned(table: dict[str, list], **options) -> ls.Report:
    samples = ls.read(pa.table(table), id="id", label="label", metadata=["state", "gender"], name="tickets")
    return ls.scan(samples, **{"store": None, **options})


@pytest.fixture(scope="module")
def old() -> ls.Report:
    return scanned(rows())


def test_a_run_beside_itself_shows_no_change(old):
    found = compare(old, old)
    assert (found.added, found.removed, found.edited, found.renamed) == ((), (), (), ())
    assert found.relabeled.num_rows == 0 and found.movements == []
    assert all(row["difference"] == 0 for row in found.metrics.to_pylist())
    assert not any(row["significant"] for row in found.slices.to_pylist())
    assert all((row["fixed"], row["appeared"]) == (0, 0) for row in found.issues.to_pylist())


def test_exactly_the_changed_rows_are_named(old):
    table = rows()
    table["label"][3], table["label"][5], table["label"][8] = "b", None, "a"
    table["text"][10] += " once more"
    table["id"][20] = "renamed"
    for column in table.values():
        del column[30]
    for name, value in {"id": "new", "text": "quite another thing", "label": "a", "state": "CA", "gender": "f"}.items():
        table[name].append(value)
    order = np.random.default_rng(1).permutation(len(table["id"]))
    found = compare(old, scanned({name: [column[at] for at in order] for name, column in table.items()}))
    assert found.added == ("new",)
    assert found.removed == ("s030",)
    assert found.edited == ("s010",)
    assert found.renamed == (("s020", "renamed"),)
    changes = {row["id"]: (row["old"], row["new"]) for row in found.relabeled.to_pylist()}
    assert changes == {"s003": ("a", "b"), "s005": ("a", None), "s008": ("b", "a")}
    assert sorted(found.movements, key=str) == sorted([("a", "b", 1), ("a", None, 1), ("b", "a", 1)], key=str)


def test_a_slice_that_fell_is_marked_with_its_interval(old):
    table = rows()
    for at, (state, gender) in enumerate(zip(table["state"], table["gender"], strict=True)):
        if (state, gender) == ("CA", "f"):
            table["label"][at] = "b" if table["label"][at] == "a" else "a"
    found = compare(old, scanned(table), by=["state", "gender"])
    fell = {row["slug"]: row for row in found.slices.to_pylist() if row["metric"] == "accuracy" and row["significant"]}
    assert "state:CA__gender:f" in fell
    row = fell["state:CA__gender:f"]
    assert row["low"] <= row["difference"] <= row["high"] < 0
    assert row["n_old"] == row["n_new"] == 10


def test_slices_that_were_asked_for_are_shown_and_those_of_one_run_are_named(old):
    table = rows()
    table["state"] = ["WA" if state == "TX" else state for state in table["state"]]
    found = compare(old, scanned(table), by=["state", "gender"])
    assert 'state = "TX"' in found.only_old and 'state = "WA"' in found.only_new
    assert not any(row["significant"] for row in found.slices.to_pylist())
    print_comparison(found, console=Console(file=(into := StringIO()), width=200))
    line = next(one for one in into.getvalue().splitlines() if "CA" in one and "gender" in one and "accuracy" in one)
    assert " … " in line
    assert f'slices only in {old.run}: state = "TX"' in into.getvalue()


def decision(sample: str, value: str | None, **more) -> dict:
    made = datetime.now(UTC) - timedelta(seconds=1)
    return {"id": sample, "action": "relabel", "value": json.dumps(value), "person": "ann", "time": made} | more


def test_a_relabeled_row_names_who_decided_it_when_and_why(tmp_path):
    store = tmp_path / "kept"
    first = scanned(rows(), store=store)
    made = [
        decision("s003", "b", run=first.run, verdict="accepted", note="see ticket 12"),
        decision("s003", "b", run=first.run, verdict="changed", person="bob"),
        decision("s005", "b", run=first.run, verdict="skipped"),
        decision("s007", "c", run=first.run, verdict="changed"),  # another label than the one that it got
        decision("s009", "a", run=first.run, action="keep", verdict="refused"),
        decision("s011", "b", run=first.run, verdict="accepted", time=datetime.now(UTC) + timedelta(days=1)),
    ]
    ls.record(pa.Table.from_pylist(made, CORRECTIONS_SCHEMA), store=store)
    table = rows()
    for at in (3, 5, 7, 9, 11):
        table["label"][at] = "b"
    found = compare(ls.load(first.run, store=store), scanned(table, store=store))
    told = {row["id"]: row["decided"] for row in found.relabeled.to_pylist()}
    assert {one: [who["person"] for who in people] for one, people in told.items()} == {
        "s003": ["ann", "bob"],
        "s005": [],
        "s007": [],
        "s009": [],
        "s011": [],
    }
    ann = told["s003"][0]
    assert (ann["why"], ann["note"]) == ("flagged as near duplicate; took the suggestion", "see ticket 12")
    assert ann["time"][:10] == made[0]["time"].date().isoformat()
    assert found.as_dict()["relabeled"][0]["decided"][0] == ann
    print_comparison(found, console=Console(file=(into := StringIO()), width=200))
    assert "took the suggestion; “see ticket 12”" in into.getvalue()


def test_a_decision_on_another_label_or_data_set_explains_nothing(tmp_path):
    store = tmp_path / "kept"
    first = scanned(rows(), store=store)
    other = ls.read(pa.table(rows()), id="id", label="label", name="another data set")
    elsewhere = ls.scan(other, only=["empty"], store=store)
    table = rows()
    table["label"][3], table["label"][5] = None, "b"
    second = scanned(table, store=store)  # s003 has no label here, so a decision on it was shown none
    made = [decision("s003", "b", run=second.run), decision("s005", "b", run=elsewhere.run)]
    ls.record(pa.Table.from_pylist(made, CORRECTIONS_SCHEMA), store=store)
    table["label"][3] = "b"
    third = scanned(table, store=store)
    assert [row["decided"] for row in compare(first, third).relabeled.to_pylist()] == [[], []]
    (row,) = compare(second, third).relabeled.to_pylist()
    assert [one["person"] for one in row["decided"]] == ["ann"]


def test_an_unknown_column_is_refused(old):
    with pytest.raises(ls.InputError, match="cannot be sliced by these columns: planet"):
        compare(old, old, by=["planet"])


def test_the_command_compares_kept_runs(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    first = scanned(rows(), store=".labelsift")
    table = rows()
    table["label"][3] = "b"
    second = scanned(table, store=".labelsift")
    runner = CliRunner()
    result = runner.invoke(main, ["compare", first.run, second.run, "--by", "state,gender", "--json"])
    assert result.exit_code == 0, result.output
    assert json.loads(result.stdout)["relabeled"] == [{"id": "s003", "old": "a", "new": "b", "decided": []}]
    shown = runner.invoke(main, ["compare", first.run, "--html", "changes.html", "--why", "state:CA"])
    assert "1 rows relabeled: s003" in shown.output
    page = (tmp_path / "changes.html").read_text(encoding="utf-8")
    assert "1 label was changed." in page and "state:CA" in page and "number 3" not in page
    runner.invoke(main, ["compare", first.run, "--html", "whole.html", "--with-text"])
    assert "number 3" in (tmp_path / "whole.html").read_text(encoding="utf-8")
    refused = runner.invoke(main, ["compare", first.run, "--html", "nowhere/changes.html"])
    assert refused.exit_code != 0
    measured = runner.invoke(main, ["value", first.run, "--seeds", "2", "--by", "state", "--json"])
    assert measured.exit_code == 0, measured.output
    assert json.loads(measured.stdout)["rows"] == 60
    assert "Training on the new labels" in runner.invoke(main, ["value", first.run, "--seeds", "2"]).output
    assert runner.invoke(main, ["runs", "show", "latest", "--json"]).exit_code == 0
    exported = runner.invoke(main, ["runs", "export", "latest", "out"])
    assert exported.exit_code == 0, exported.output
    assert {file.name for file in (tmp_path / "out").iterdir()} >= {"samples.parquet", "scores.parquet"}
    assert runner.invoke(main, ["runs", "export", "latest", "out"]).exit_code != 0
    removed = runner.invoke(main, ["runs", "rm", second.run, "--yes"])
    assert removed.exit_code == 0, removed.output
    assert [one["run"] for one in json.loads(runner.invoke(main, ["runs", "list", "--json"]).stdout)] == [first.run]


def test_three_runs_are_shown_in_a_row_and_the_first_beside_the_last(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    tables = [rows() for _ in range(3)]
    tables[1]["label"][3], tables[1]["text"][8] = "b", ""
    tables[2]["label"][3], tables[2]["label"][5], tables[2]["text"][8] = "b", "b", ""
    runs = [scanned(one, store=".labelsift").run for one in tables]
    runner = CliRunner()
    result = runner.invoke(main, ["compare", *runs, "--by", "state", "--json", "--html", "trend.html"])
    assert result.exit_code == 0, result.output
    told = json.loads(result.stdout)
    assert (told["runs"], told["old"], told["new"]) == (runs, runs[0], runs[2])
    assert [one["id"] for one in told["relabeled"]] == ["s003", "s005"]
    counts = {one["issue"]: one["counts"] for one in told["trend"]["issues"]}
    assert counts["empty"] == [0, 1, 1]
    for kind in ("metrics", "slices"):
        ends = {(one.get("predicate"), one["metric"]): (one["old"], one["new"]) for one in told[kind]}
        shown = {(one.get("predicate"), one["metric"]): one["values"] for one in told["trend"][kind]}
        assert ends.keys() == shown.keys() and all(len(values) == 3 for values in shown.values())
        assert {one: (values[0], values[-1]) for one, values in shown.items()} == ends
    each = [compare(ls.load(one), ls.load(one)).metrics.to_pylist() for one in runs]
    assert [one["values"] for one in told["trend"]["metrics"]] == [
        [run[at]["new"] for run in each] for at in range(len(each[0]))
    ]
    text = runner.invoke(main, ["compare", *runs], terminal_width=300)
    assert [one[:10] for one in told["created"]] == [ls.load(one).created.date().isoformat() for one in runs]
    assert "Run by run" in text.output and "2 rows relabeled: s003, s005" in text.output
    page = (tmp_path / "trend.html").read_text(encoding="utf-8")
    assert all(f'<div class="mono quiet">{run}</div></th>' in page for run in runs)
