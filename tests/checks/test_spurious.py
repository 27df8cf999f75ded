"""Ties between the label and what is no meaning of the text."""

from __future__ import annotations

import datetime

import labelsift as ls
import numpy as np
import pyarrow as pa
import pytest

WORDS = np.array("card lost refund money transfer late parcel where order cancel account login password".split())


def texts(rng: np.random.Generator, rows: int) -> np.ndarray:
    return np.array([" ".join(rng.choice(WORDS, rng.integers(4, 12))) for _ in range(rows)])


def scanned(columns: dict, *, labels: str | None = None, **settings):
    table = pa.table(
        {name: values.tolist() if isinstance(values, np.ndarray) else values for name, values in columns.items()}
    )
    metadata = [name for name in columns if name not in ("text", "label", "labels", "split")]
    label, split = ("label" if "label" in columns else None), ("split" if "split" in columns else None)
    samples = ls.read(table, label=label, labels=labels, split=split, metadata=metadata)
    return ls.scan(samples, only=["spurious"], checks={"spurious": settings}, store=None, progress=False)


def findings(report) -> dict[tuple[str, str], str]:
    return {(row["kind"], row["id"]): row["reason"] for row in report.findings.to_pylist()}


def random_columns(seed: int, rows: int = 400) -> dict:
    """Metadata of many forms, and labels that have nothing to do with it."""
    rng = np.random.default_rng(seed)
    classes = int(rng.integers(2, 40))
    label = rng.choice([f"c{code}" for code in range(classes)], rows, p=rng.dirichlet(np.ones(classes)))
    day = datetime.date(2024, 1, 1)
    return {
        "text": texts(rng, rows),
        "label": np.where(rng.random(rows) < 0.1, None, label),
        "split": rng.choice(["train", "test"], rows),
        "state": np.where(rng.random(rows) < 0.2, None, rng.choice([f"s{at}" for at in range(40)], rows)),
        "customer": rng.integers(0, 200, rows),
        "price": rng.normal(size=rows),
        "day": [day + datetime.timedelta(int(at)) for at in rng.integers(0, 300, rows)],
        "rare": rng.choice(["usual", "odd"], rows, p=[0.97, 0.03]),
    }


@pytest.mark.slow
def test_random_labels_are_told_by_nothing():
    loud = [seed for seed in range(50) if findings(scanned(random_columns(seed)))]
    assert len(loud) <= 1


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(5))
def test_a_tied_column_and_a_copy_of_the_label_are_told_apart(seed):
    columns = random_columns(seed, 800)
    rng = np.random.default_rng(seed)
    label = rng.choice(["refund", "card", "login"], 800)
    tied = np.where(rng.random(800) < 0.5, np.char.add("q-", label), rng.choice(["q-refund", "q-card", "q-login"], 800))
    found = findings(scanned({**columns, "label": label, "queue": tied, "target": np.char.upper(label)}))
    assert set(found) == {("metadata", "queue"), ("target_copy", "target")}
    assert found["target_copy", "target"].startswith(
        "The column target gives the label away: with it 100\u00a0% of 800"
    )
    assert "Rows with queue = " in found["metadata", "queue"]


def test_a_copy_of_many_classes_is_found_though_such_columns_are_not_sliced():
    rng = np.random.default_rng(0)
    codes = rng.integers(0, 120, 1500)
    columns = {"text": texts(rng, 1500), "label": np.char.add("c", codes.astype(str)), "number": codes * 7}
    assert set(findings(scanned(columns))) == {("target_copy", "number")}


@pytest.mark.parametrize(
    ("change", "name"),
    [
        (lambda text: text + "?", "last mark"),
        (lambda text: text + " 2024", "digits"),
        (str.upper, "capitals"),
        (lambda text: text + " https://example.com", "web addresses"),
        (lambda text: text + "  ", "white space"),
        (lambda text: " ".join([text] * 4), "length"),
    ],
)
def test_a_trivial_property_of_the_text(change, name):
    rng = np.random.default_rng(1)
    text, label = texts(rng, 600), rng.choice(["ham", "spam"], 600)
    text = [
        change(value) if (kind == "spam") == (rng.random() < 0.85) else value
        for value, kind in zip(text, label, strict=True)
    ]
    assert ("property", f"the text's {name}") in findings(scanned({"text": text, "label": label}))


def test_one_telling_value_of_a_column_that_says_little():
    rng = np.random.default_rng(2)
    label = rng.choice([f"c{code}" for code in range(6)], 3000)
    vendor = rng.choice([f"v{at}" for at in range(10)], 3000)
    label[vendor == "v3"] = np.where(rng.random((vendor == "v3").sum()) < 0.99, "c2", "c1")
    found = findings(scanned({"text": texts(rng, 3000), "label": label, "vendor": vendor}))
    assert ("value", "vendor:v3") in found or ("metadata", "vendor") in found


def test_splits_of_different_labels():
    rng = np.random.default_rng(3)
    label = rng.choice(["a", "b"], 1000)
    split = np.where(rng.random(1000) < np.where(label == "a", 0.9, 0.3), "train", "test")
    found = findings(scanned({"text": texts(rng, 1000), "label": label, "split": split}))
    assert found["split", "split"].endswith("a figure of one says little of another.")


def test_sets_of_labels_name_the_label_that_is_told():
    rng = np.random.default_rng(4)
    queue = rng.choice(["x", "y", "z"], 600)
    sets = [["late"] * (name == "x") + ["paid"] * int(rng.random() < 0.5) for name in queue]
    report = scanned({"text": texts(rng, 600), "labels": sets, "queue": queue}, labels="labels")
    assert "the label late" in findings(report)["target_copy", "queue"]


@pytest.mark.parametrize(
    "columns",
    [
        {"label": ["a", "b", "a"], "plan": ["x", "y", "x"]},
        {"label": ["a"] * 30, "plan": ["x", "y"] * 15},
        {"label": ["a", "b"] * 15, "id_like": [str(row) for row in range(30)]},
        {"label": ["a", "b"] * 20, "text": ["", " "] * 20, "plan": [None] * 40},
        {"label": ["a"] * 297 + ["b"] * 3, "plan": ["x", "y", None] * 100},
    ],
)
def test_little_and_odd_data(columns):
    rows = len(columns["label"])
    columns = {"text": texts(np.random.default_rng(0), rows), **columns}
    table = pa.table({name: pa.array(values, pa.string()) for name, values in columns.items()})
    metadata = [name for name in columns if name not in ("text", "label")]
    samples = ls.read(table, label="label", metadata=metadata)
    if len(samples.classes) > 1:
        assert findings(ls.scan(samples, only=["spurious"], store=None, progress=False)) == {}
