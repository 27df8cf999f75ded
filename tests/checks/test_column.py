"""Columns that need mending, and what is said of them."""

from __future__ import annotations

import datetime
import json

import labelsift as ls
import numpy as np
import pyarrow as pa
import pytest
from click.testing import CliRunner
from labelsift.cli import main


def scanned(columns: dict, *, labels: str | None = None, **settings):
    n = len(next(iter(columns.values())))
    table = pa.table({"text": [f"text {row}" for row in range(n)], **columns})
    label = "label" if "label" in columns else None
    metadata = [name for name in columns if name not in ("label", "labels")]
    samples = ls.read(table, label=label, labels=labels, metadata=metadata)
    return ls.scan(samples, only=["column"], checks={"column": settings}, store=None, progress=False)


def findings(report) -> dict[tuple[str, str], str]:
    return {(row["kind"], row["id"]): row["reason"] for row in report.findings.to_pylist()}


def random_columns(rows: int = 300) -> dict:
    rng = np.random.default_rng(0)
    day = datetime.date(2024, 1, 1)
    return {
        "label": rng.choice(["refund", "card", "C", "C++"], rows).tolist(),
        "state": [None if rng.random() < 0.1 else name for name in rng.choice(["CA", "NY", "TX"], rows)],
        "price": rng.normal(size=rows).tolist(),
        "age": rng.integers(18, 90, rows).tolist(),
        "day": [day + datetime.timedelta(int(at)) for at in rng.integers(0, 300, rows)],
        "note": [f"the customer called {row} times about it" for row in range(rows)],
        "zip": [f"0{at}" for at in rng.integers(1000, 1100, rows)],
        "ok": rng.choice([True, False], rows).tolist(),
        "tags": [["a", "b"]] * rows,
    }


def test_columns_as_they_should_be_are_not_named():
    report = scanned(random_columns())
    assert findings(report) == {}
    assert report.facts["checks"]["column"]["verdict"] == ""
    rows = {row[0]: row for row in report.facts["checks"]["column"]["tables"][0]["rows"]}
    assert rows["price"][1] == "double"
    assert rows["state"][3] == 3


def test_each_trouble_is_named_by_its_kind():
    rows = 200
    columns = {
        "gone": [None, "x", " ", "NULL", "y"] * 40,
        "same": ["x"] * rows,
        "key": [f"user-{row}" for row in range(rows)],
        "number": [str(row % 30) for row in range(rows - 3)] + ["n/k", "unknown", "-"],
        "date": ["2024-03-15", "15.03.2024", "03/25/2024", "2024-03-16"] * 50,
        "state": ["NY", "ny", "CA", "CA "] * 50,
    }
    found = findings(scanned(columns))
    assert set(found) == {
        ("missing", "gone"),
        ("constant", "same"),
        ("id_like", "key"),
        ("numbers_as_text", "number"),
        ("date_forms", "date"),
        ("value_spelling", "state"),
    }
    assert found["missing", "gone"] == "60\u00a0% of the rows have no gone, 40 of them with a word for it."
    assert found["numbers_as_text", "number"].startswith(
        "98.5\u00a0% of the values of number are numbers, and 3 are not"
    )
    assert "2024-12-31, 31.12.2024 and 12/31/2024" in found["date_forms", "date"]


def test_labels_in_several_spellings():
    report = scanned({"label": ["refund"] * 50 + ["Refund"] * 3 + ["re-fund"] * 2 + ["card"] * 40})
    assert findings(report)["label_spelling", "refund"] == (
        "Labels that differ only in spelling: “refund” (50), “Refund” (3) and “re-fund” (2). "
        "If they mean the same, make them one."
    )
    sets = scanned({"labels": [["a b", "c"], ["A-B"], ["c"]]}, labels="labels")
    assert list(findings(sets)) == [("label_spelling", "A-B")]
    assert findings(scanned({"label": ["refund", "Refund"] * 20}, spelling=False)) == {}


@pytest.mark.parametrize(
    "columns", [{"label": ["a", "b", "a"], "plan": ["x", "y", "z"]}, {"plan": ["x", "y", "z"]}, {"none": [None] * 3}]
)
def test_three_rows(columns):
    assert {kind for kind, _ in findings(scanned(columns))} <= {"missing"}


def test_no_metadata_and_spans():
    table = pa.table({"text": ["Ann left"] * 3, "marks": [[{"start": 0, "end": 3, "label": "person"}]] * 3})
    report = ls.scan(ls.read(table, spans="marks"), only=["column"], store=None, progress=False)
    assert findings(report) == {}
    assert "column" not in report.facts["checks"]


def test_the_command_writes_what_mends_the_labels(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    rows = [f"text {row},{label}" for row, label in enumerate(["refund"] * 20 + ["Refund"] * 3 + ["card"] * 20)]
    (tmp_path / "data.csv").write_text("text,label\n" + "\n".join(rows) + "\n")
    result = CliRunner().invoke(main, ["labels", "data.csv", "--label", "label", "--out", "mapping.toml"])
    assert result.exit_code == 0, result.output
    assert "spelling of" in result.output
    mended = ls.read("data.csv", label="label").remap("mapping.toml")
    assert mended.classes == ("card", "refund")
    told = json.loads(CliRunner().invoke(main, ["labels", "data.csv", "--label", "label", "--json"]).output)
    assert told["spellings"] == [["refund", "Refund"]]
    assert CliRunner().invoke(main, ["labels", "data.csv"]).exit_code == 2
