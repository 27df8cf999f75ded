"""Rows that do not stand in random order."""

from __future__ import annotations

import datetime

import labelsift as ls
import numpy as np
import pyarrow as pa
import pytest
from labelsift.checks.non_iid import join_count


def scanned(columns: dict, vectors: np.ndarray | None = None, **roles):
    rows = len(next(iter(columns.values())))
    table = pa.table(
        {"id": [f"r{row}" for row in range(rows)], "text": [f"text {row}" for row in range(rows)], **columns}
    )
    metadata = [name for name in columns if name not in ("label", "labels", "text")]
    label = "label" if "label" in columns else None
    samples = ls.read(table, id="id", label=label, metadata=metadata, **roles)
    only = ["non_iid"] if vectors is None else ["non_iid", "outlier"]
    return ls.scan(samples, only=only, signals=ls.Signals(embeddings=vectors), store=None, progress=False)


def named(report) -> set[tuple[str, str]]:
    return {(row["kind"], row["id"]) for row in report.findings.to_pylist() if row["issue"] == "non_iid"}


def directions(rng: np.random.Generator, labels: np.ndarray) -> np.ndarray:
    vectors = np.eye(12)[labels] + 0.4 * rng.normal(size=(len(labels), 12))
    return (vectors / np.linalg.norm(vectors, axis=1, keepdims=True)).astype(np.float32)


def test_the_null_is_that_of_shuffling():
    rng = np.random.default_rng(0)
    codes = rng.choice(5, 200, p=[0.5, 0.2, 0.15, 0.1, 0.05])
    p_values = [join_count("x", "label", rng.permutation(codes)).p_value for _ in range(3000)]
    assert np.mean(np.array(p_values) <= 0.05) == pytest.approx(0.05, abs=0.015)
    assert np.mean(np.array(p_values) <= 0.01) == pytest.approx(0.01, abs=0.008)


@pytest.mark.slow
def test_shuffled_rows_are_never_named():
    loud = 0
    for seed in range(40):
        rng = np.random.default_rng(seed)
        labels = rng.integers(0, 8, 300)
        day = datetime.date(2024, 1, 1)
        columns = {
            "label": [None if rng.random() < 0.2 else f"c{code}" for code in labels],
            "plan": rng.choice(["x", "y"], 300).tolist(),
            "price": rng.normal(size=300).tolist(),
            "day": [None if at == 7 else day + datetime.timedelta(int(at)) for at in rng.integers(0, 200, 300)],
        }
        loud += bool(named(scanned(columns, directions(rng, labels))))
    assert loud <= 1


def test_a_sorted_file_is_named_with_what_it_does_to_a_split():
    rng = np.random.default_rng(1)
    labels = np.sort(rng.integers(0, 10, 1000))
    report = scanned({"label": [f"c{code}" for code in labels]}, directions(rng, labels))
    assert named(report) == {("label", "label"), ("vectors", "texts")}
    verdict = report.facts["checks"]["non_iid"]["verdict"]
    assert verdict.startswith("Rows with the same label stand together: 99.1\u00a0% have that of the row before, 9.9")
    assert verdict.endswith("Shuffle before you split by position; the scan's own folds do not go by it.")


def test_blocks_of_a_column_and_dates_in_order():
    rng = np.random.default_rng(2)
    day = datetime.date(2024, 1, 1)
    columns = {
        "vendor": np.repeat(["a", "b", "a", "c"], 100).tolist(),
        "day": [day + datetime.timedelta(row) for row in range(400)],
        "plan": rng.choice(["x", "y"], 400).tolist(),
    }
    assert named(scanned(columns)) == {("metadata", "vendor"), ("metadata", "day")}


def test_a_split_in_blocks_is_as_it_should_be():
    assert named(scanned({"label": ["a", "b"] * 100, "part": ["train"] * 150 + ["test"] * 50}, split="part")) >= set()
    table = pa.table({"text": [f"t{row}" for row in range(200)], "part": ["train"] * 150 + ["test"] * 50})
    report = ls.scan(ls.read(table, split="part"), only=["non_iid"], store=None, progress=False)
    assert named(report) == set()


@pytest.mark.slow
@pytest.mark.parametrize(
    "columns",
    [
        {"label": ["a", "b", "b"]},
        {"label": ["a"] * 50},
        {"label": ["a"] * 49 + ["b"]},
        {"plan": [None] * 60},
        {"plan": [str(row) for row in range(60)]},
        {"text": ["", " "] * 40},
    ],
)
def test_little_and_odd_data(columns):
    table = pa.table({"text": [f"t{row}" for row in range(len(next(iter(columns.values()))))], **columns})
    samples = ls.read(
        table, label="label" if "label" in columns else None, metadata=[n for n in columns if n == "plan"]
    )
    report = ls.scan(samples, only=["non_iid"], store=None, progress=False)
    assert named(report) == set()


def test_sets_of_labels_and_spans():
    table = pa.table(
        {"text": [f"t{row}" for row in range(90)], "labels": [["a"]] * 30 + [["a", "b"]] * 30 + [["c"]] * 30}
    )
    report = ls.scan(ls.read(table, labels="labels"), only=["non_iid"], store=None, progress=False)
    assert named(report) == {("label", "label")}
    marks = pa.table({"text": ["Ann left"] * 40, "marks": [[{"start": 0, "end": 3, "label": "person"}]] * 40})
    assert named(ls.scan(ls.read(marks, spans="marks"), only=["non_iid"], store=None, progress=False)) == set()
