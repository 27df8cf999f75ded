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
    labels = ["a" if row % 2 else "b" for row in range(n)]
    texts = [" ".join(rng.permutation(WORDS[label].split())) + f" number {index}" for index, label in enumerate(labels)]
    places = [("CA", "NY", "TX")[row % 3] for row in range(n)]
    return {
        "id": [f"s{row:03}" for row in range(n)],
        "text": texts,
        "label": labels,
        "state": places,
        "gender": ["f" if row % 4 < 2 else "m" for row in range(n)],
    }


def scanned(table: dict[str, list], **options) -> ls.Report:
    samples = ls.read(pa.table(table), id="id", label="label", metadata=["state", "gender"], name="tickets")
    return ls.scan(samples, **{"store": None, **options})


@pytest.fixture(scope="module")
def old() -> ls.Report:
    return scanned(rows())


def test_a_run_beside_itself_shows_no_change(old):
    comparison = compare(old, old)
    assert (comparison.added, comparison.removed, comparison.edited, comparison.renamed) == ((), (), (), ())
    assert comparison.relabeled.num_rows == 0 and comparison.movements == []
    assert all(row["difference"] == 0 for row in comparison.metrics.to_pylist())
    assert not any(row["significant"] for row in comparison.slices.to_pylist())
    assert all((row["fixed"], row["appeared"]) == (0, 0) for row in comparison.issues.to_pylist())


@pytest.mark.slow
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
    comparison = compare(old, scanned({name: [column[row] for row in order] for name, column in table.items()}))
    assert comparison.added == ("new",)
    assert comparison.removed == ("s030",)
    assert comparison.edited == ("s010",)
    assert comparison.renamed == (("s020", "renamed"),)
    changes = {row["id"]: (row["old"], row["new"]) for row in comparison.relabeled.to_pylist()}
    assert changes == {"s003": ("a", "b"), "s005": ("a", None), "s008": ("b", "a")}
    assert sorted(comparison.movements, key=str) == sorted([("a", "b", 1), ("a", None, 1), ("b", "a", 1)], key=str)


def test_a_slice_that_fell_is_marked_with_its_interval(old):
    table = rows()
    for index, (state, gender) in enumerate(zip(table["state"], table["gender"], strict=True)):
        if (state, gender) == ("CA", "f"):
            table["label"][index] = "b" if table["label"][index] == "a" else "a"
    comparison = compare(old, scanned(table), by=["state", "gender"])
    fell = {
        row["slug"]: row for row in comparison.slices.to_pylist() if row["metric"] == "accuracy" and row["significant"]
    }
    assert "state:CA__gender:f" in fell
    row = fell["state:CA__gender:f"]
    assert row["low"] <= row["difference"] <= row["high"] < 0
    assert row["n_old"] == row["n_new"] == 10


@pytest.mark.slow
def test_slices_that_were_asked_for_are_shown_and_those_of_one_run_are_named(old):
    table = rows()
    table["state"] = ["WA" if state == "TX" else state for state in table["state"]]
    comparison = compare(old, scanned(table), by=["state", "gender"])
    assert 'state = "TX"' in comparison.only_old and 'state = "WA"' in comparison.only_new
    assert not any(row["significant"] for row in comparison.slices.to_pylist())
    print_comparison(comparison, console=Console(file=(into := StringIO()), width=200))
    line = next(
        line for line in into.getvalue().splitlines() if "CA" in line and "gender" in line and "accuracy" in line
    )
    assert " … " in line
    assert f'slices only in {old.run}: state = "TX"' in into.getvalue()


def decision(sample: str, value: str | None, **more) -> dict:
    made = datetime.now(UTC) - timedelta(seconds=1)
    return {"id": sample, "action": "relabel", "value": json.dumps(value), "person": "ann", "time": made} | more


@pytest.mark.slow
def test_a_relabeled_row_names_who_decided_it_when_and_why(tmp_path):
    store = tmp_path / "kept"
    table = rows()
    table["text"][5] = table["text"][3].replace("please", "pleaze")
    first = scanned(table, store=store)
    made = [
        decision("s003", "b", run=first.run, verdict="accepted", note="see ticket 12"),
        decision("s003", "b", run=first.run, verdict="changed", person="bob"),
        decision("s005", "b", run=first.run, verdict="skipped"),
        decision("s007", "c", run=first.run, verdict="changed"),  # another label than the one that it got
        decision("s009", "a", run=first.run, action="keep", verdict="refused"),
        decision("s011", "b", run=first.run, verdict="accepted", time=datetime.now(UTC) + timedelta(days=1)),
    ]
    ls.record(pa.Table.from_pylist(made, CORRECTIONS_SCHEMA), store=store)
    for number in (3, 5, 7, 9, 11):
        table["label"][number] = "b"
    comparison = compare(ls.load(first.run, store=store), scanned(table, store=store))
    decided = {row["id"]: row["decided"] for row in comparison.relabeled.to_pylist()}
    assert {id: [who["person"] for who in people] for id, people in decided.items()} == {
        "s003": ["ann", "bob"],
        "s005": [],
        "s007": [],
        "s009": [],
        "s011": [],
    }
    ann = decided["s003"][0]
    assert (ann["why"], ann["note"]) == ("flagged as near duplicate; took the suggestion", "see ticket 12")
    assert ann["time"][:10] == made[0]["time"].date().isoformat()
    assert comparison.as_dict()["relabeled"][0]["decided"][0] == ann
    print_comparison(comparison, console=Console(file=(into := StringIO()), width=200))
    assert "took the suggestion; “see ticket 12”" in into.getvalue()


@pytest.mark.slow
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
    assert [decision["person"] for decision in row["decided"]] == ["ann"]


def test_an_unknown_column_is_refused(old):
    with pytest.raises(ls.InputError, match="cannot be sliced by these columns: planet"):
        compare(old, old, by=["planet"])


@pytest.mark.slow
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
    assert "1 row relabeled: s003" in shown.output
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
    assert [run["run"] for run in json.loads(runner.invoke(main, ["runs", "list", "--json"]).stdout)] == [first.run]


@pytest.mark.slow
def test_three_runs_are_shown_in_a_row_and_the_first_beside_the_last(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    tables = [rows() for _ in range(3)]
    tables[1]["label"][3], tables[1]["text"][8] = "b", ""
    tables[2]["label"][3], tables[2]["label"][5], tables[2]["text"][8] = "b", "b", ""
    runs = [scanned(table, store=".labelsift").run for table in tables]
    runner = CliRunner()
    result = runner.invoke(main, ["compare", *runs, "--by", "state", "--json", "--html", "trend.html"])
    assert result.exit_code == 0, result.output
    content = json.loads(result.stdout)
    assert (content["runs"], content["old"], content["new"]) == (runs, runs[0], runs[2])
    assert [row["id"] for row in content["relabeled"]] == ["s003", "s005"]
    counts = {issue["issue"]: issue["counts"] for issue in content["trend"]["issues"]}
    assert counts["empty"] == [0, 1, 1]
    for kind in ("metrics", "slices"):
        ends = {(row.get("predicate"), row["metric"]): (row["old"], row["new"]) for row in content[kind]}
        shown = {(row.get("predicate"), row["metric"]): row["values"] for row in content["trend"][kind]}
        assert ends.keys() == shown.keys() and all(len(values) == 3 for values in shown.values())
        assert {key: (values[0], values[-1]) for key, values in shown.items()} == ends
    each = [compare(ls.load(run), ls.load(run)).metrics.to_pylist() for run in runs]
    assert [row["values"] for row in content["trend"]["metrics"]] == [
        [run[number]["new"] for run in each] for number in range(len(each[0]))
    ]
    text = runner.invoke(main, ["compare", *runs], terminal_width=300)
    assert [time[:10] for time in content["created"]] == [ls.load(time).created.date().isoformat() for time in runs]
    assert "Run by run" in text.output and "2 rows relabeled: s003, s005" in text.output
    page = (tmp_path / "trend.html").read_text(encoding="utf-8")
    assert all(f'<div class="mono quiet">{run}</div></th>' in page for run in runs)
