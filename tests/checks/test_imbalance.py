"""Rare classes and values, empty cells and missing groups."""

from __future__ import annotations

import datetime

import labelsift as ls
import numpy as np
import pyarrow as pa
import pytest


def scanned(columns: dict, *, labels: str | None = None, spans: str | None = None, store=None, **settings):
    n = len(next(iter(columns.values())))
    table = pa.table({"text": [f"text {row}" for row in range(n)], **columns})
    label = "label" if "label" in columns else None
    metadata = [name for name in columns if name not in ("label", "labels", "marks", "text")]
    samples = ls.read(table, label=label, labels=labels, spans=spans, metadata=metadata)
    return ls.scan(samples, only=["imbalance"], checks={"imbalance": settings}, store=store, progress=False)


def findings(report) -> dict[tuple[str, str], str]:
    return {(row["kind"], row["id"]): row["reason"] for row in report.findings.to_pylist()}


def test_a_class_of_one_percent_is_rare_and_a_dominant_one_is_named():
    report = scanned({"label": ["common"] * 990 + ["seldom"] * 10})
    found = findings(report)
    assert found["rare_class", "seldom"] == (
        "10 rows of 1,000 labeled ones have the label seldom (1\u00a0%), where an even share is 500; "
        "to tell its recall to ±10 points takes 93."
    )
    assert ("dominant_class", "samples") in found
    assert ("rare_class", "common") not in found
    assert report.facts["checks"]["imbalance"]["tables"][0]["rows"] == [["seldom", 10, 0.01], ["common", 990, 0.99]]
    assert report.scores.column_names == ["id"]


def test_even_classes_are_not_rare_however_small():
    found = findings(scanned({"label": [f"c{row % 50}" for row in range(1000)]}))
    assert {kind for kind, _ in found} == {"few_rows"}
    assert findings(scanned({"label": [f"c{row % 5}" for row in range(1000)]})) == {}


@pytest.mark.parametrize(
    "columns",
    [
        {"label": ["a", "b", "a"], "plan": ["x", "y", None]},
        {"plan": ["x", "y", "x"]},
        {"plan": [None] * 40},
        {"price": [1.5, None, 3.0] * 20, "day": [datetime.date(2024, 1, 1 + row % 28) for row in range(60)]},
        {"text": ["", " ", None]},
    ],
)
def test_little_and_odd_data_says_no_more_than_it_can(columns):
    assert {kind for kind, _ in findings(scanned(columns))} <= {"few_rows"}


def test_rare_values_are_named_once_a_column():
    plan = ["free"] * 600 + ["pro"] * 385 + ["edu"] * 15 + [None] * 40
    report = scanned({"plan": plan, "price": np.arange(1040.0)})
    assert list(findings(report)) == [("rare_values", "plan")]
    assert "Of the 3 values of plan 1 are rare: edu (15)." in findings(report)["rare_values", "plan"]


def test_an_empty_cell_is_found_where_chance_would_fill_it():
    rng = np.random.default_rng(0)
    label = rng.choice(["a", "b", "c"], 3000)
    channel = rng.choice(["mail", "phone", "chat"], 3000)
    channel[(label == "b") & (channel == "chat")] = "mail"
    found = findings(scanned({"label": label.tolist(), "channel": channel.tolist()}))
    assert list(found) == [("empty_cell", "channel:chat__label:b")]


def test_a_column_that_follows_from_the_label_is_named_as_a_whole():
    label = np.repeat([f"c{code}" for code in range(8)], 100)
    found = findings(scanned({"label": label.tolist(), "team": [name.upper() for name in label]}))
    assert list(found) == [("empty_cells", "team")]


@pytest.mark.slow
def test_columns_without_a_tie_have_no_empty_cells():
    silent = 0
    for seed in range(40):
        rng = np.random.default_rng(seed)
        label = rng.choice([f"c{code}" for code in range(30)], 1500, p=rng.dirichlet(np.ones(30) * 2))
        columns = {
            f"m{at}": rng.choice([f"v{v}" for v in range(12)], 1500, p=rng.dirichlet(np.ones(12))) for at in range(4)
        }
        found = findings(scanned({"label": label.tolist(), **{name: list(values) for name, values in columns.items()}}))
        silent += not any(kind.startswith("empty") for kind, _ in found)
    assert silent >= 38


def test_sets_of_labels_are_counted_by_label():
    labels = [["a", "b"]] * 500 + [["a"]] * 490 + [["b", "c"]] * 10
    assert list(findings(scanned({"labels": labels}, labels="labels"))) == [("rare_class", "c")]


def test_spans_are_counted_by_metadata_alone():
    columns = {
        "text": ["Ann left"] * 300,
        "marks": [[{"start": 0, "end": 3, "label": "person"}]] * 300,
        "plan": ["x"] * 295 + ["y"] * 5,
    }
    assert list(findings(scanned(columns, spans="marks"))) == [("rare_values", "plan")]


def test_missing_groups_against_a_file_and_a_table(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "census.csv").write_text("value,count\nCA,390\nNY,200\nTX,300\n07,110\n")
    state = ["CA"] * 480 + ["NY"] * 210 + ["TX"] * 305 + ["Texas"] * 5 + [None] * 50
    report = scanned({"state": state}, expected={"state": "census.csv"})
    found = findings(report)
    assert found["missing_group", "state:07"] == (
        'No row has state = "07"; by census.csv 11\u00a0% are expected, about 110.'
    )
    assert [key for key in found if key[0] == "missing_group"] == [("missing_group", "state:07")]
    assert "Values that the expectation does not name: state = Texas." in report.facts["checks"]["imbalance"]["verdict"]
    inline = scanned({"state": state}, expected={"state": {"CA": 0.5, "NY": 0.5}})
    assert {key[1] for key in findings(inline) if key[0] == "missing_group"} == {"state:NY"}


@pytest.mark.slow
def test_a_fair_sample_of_the_expectation_misses_nothing():
    shares = {f"v{at}": float(at + 1) for at in range(20)}
    weights = np.array(list(shares.values())) / sum(shares.values())
    missed = 0
    for seed in range(30):
        drawn = np.random.default_rng(seed).choice(list(shares), 800, p=weights)
        found = findings(scanned({"state": drawn.tolist()}, expected={"state": shares}))
        missed += any(kind == "missing_group" for kind, _ in found)
    assert missed <= 3


def test_missing_groups_against_a_reference_run(tmp_path):
    rng = np.random.default_rng(3)
    before = scanned({"lang": rng.choice(["en", "es", "de"], 900, p=[0.5, 0.3, 0.2]).tolist()}, store=tmp_path)
    now = rng.choice(["en", "es", "de"], 900, p=[0.75, 0.05, 0.2]).tolist()
    report = scanned({"lang": now}, store=tmp_path, reference=before.run)
    assert [key for key in findings(report) if key[0] == "missing_group"] == [("missing_group", "lang:es")]
    with pytest.raises(ls.InputError, match="Without a store"):
        scanned({"lang": now}, reference=before.run)


@pytest.mark.parametrize(
    ("expected", "said"),
    [
        ({"stat": {"CA": 1}}, "the column stat"),
        ({"state": "nowhere.csv"}, "nowhere.csv"),
        ({"state": {"CA": -1}}, "no shares or counts"),
        ({"state": {"CA": 0}}, "no shares or counts"),
        ({"state": 3}, "is 3"),
    ],
)
def test_expectations_that_do_not_fit_are_refused(expected, said):
    with pytest.raises(ls.InputError, match=said):
        scanned({"state": ["CA", "NY", "CA"]}, expected=expected)
