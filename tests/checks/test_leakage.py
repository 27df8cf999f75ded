"""Rows of an evaluation split that an earlier split has, too."""

from __future__ import annotations

import random

import labelsift as ls
import numpy as np
import pyarrow as pa
import pytest
from labelsift.checks.leakage import role_of
from labelsift.checks.leaked_accuracy import Effect

WORDS = "card lost refund money transfer late parcel where order cancel account login password bank window".split()


def made(rows: int, seed: int) -> list[str]:
    rng = random.Random(seed)
    return [f"{' '.join(rng.choices(WORDS, k=12))} {''.join(rng.choices('abcdefgh', k=9))}" for _ in range(rows)]


def edited(text: str, rng: random.Random) -> str:
    place = rng.randrange(len(text) - 1)
    return text[:place] + rng.choice("abcdefgh") + text[place + 1 :]


def scanned(columns: dict[str, list], **options):
    roles = {role: role for role in ("id", "label", "predicted") if role in columns}
    metadata = [name for name in columns if name not in ("id", "text", "label", "split", "predicted")]
    samples = ls.read(pa.table(columns), split="split", metadata=metadata, **roles)
    return ls.scan(samples, only=["leakage"], store=None, progress=False, **options)


def flagged(report) -> list[str]:
    return report.samples.ids.filter(report.scores["is_leakage_issue"]).to_pylist()


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(3))
def test_planted_pairs_are_found(seed):
    rng = random.Random(seed)
    train, test = made(2000, seed), made(1000, seed + 100)
    for row in range(100):
        test[row] = train[row].upper() if row % 2 else train[row]
    for row in range(100, 200):
        test[row] = edited(edited(train[row], rng), rng)
    ids = [f"a{row}" for row in range(2000)] + [f"b{row}" for row in range(1000)]
    report = scanned({"id": ids, "text": train + test, "split": ["train"] * 2000 + ["test"] * 1000})
    planted = {f"b{row}" for row in range(200)}
    assert len(planted & set(flagged(report))) >= 0.98 * 200
    assert len(set(flagged(report)) - planted) <= 2
    findings = {row["id"]: row for row in report.findings.to_pylist()}
    assert findings["b7"]["kind"] == "exact"
    assert findings["b7"]["related_ids"] == ["a7"]
    assert findings["b150"]["kind"] == "near"
    assert findings["b150"]["related_ids"] == ["a150"]
    assert report.facts["checks"]["leakage"]["verdict"].startswith("200 of the 1,000 rows of test (20\u00a0%) have")


def test_each_split_is_held_against_those_before_it():
    texts = ["one fine day today"] * 4 + ["something else again", "nobody else has this"]
    splits = ["training", "dev", "holdout", "unlabeled", "dev", None]
    report = scanned({"id": list("abcdef"), "text": texts, "split": splits})
    assert flagged(report) == ["b", "c"]
    assert report.scores["leakage_score"].to_pylist() == [None, 0.0, 0.0, None, 1.0, None]
    assert {row["id"]: row["related_ids"] for row in report.findings.to_pylist()} == {"b": ["a"], "c": ["a"]}


def test_of_names_that_say_nothing_the_smaller_split_is_flagged():
    texts = [f"text number {number} of many" for number in range(9)] + ["text number 3 of many"]
    assert flagged(scanned({"id": list("abcdefghij"), "text": texts, "split": ["x"] * 9 + ["y"]})) == ["j"]
    assert flagged(scanned({"id": list("abcdefghij"), "text": texts, "split": ["y"] + ["x"] * 8 + ["train"]})) == ["d"]


@pytest.mark.parametrize("splits", [["train"] * 3, ["train", "training", "fit"], ["unlabeled", "test", "test"]])
def test_splits_that_are_not_evaluated_apart_leak_nothing(splits):
    report = scanned({"id": list("abc"), "text": ["the same text"] * 3, "split": splits})
    assert flagged(report) == []
    assert report.scores["leakage_score"].null_count == 3
    assert "leakage" not in report.facts["checks"]


def test_a_group_belongs_into_one_split():
    columns = {"id": list("abcdef"), "text": [f"words of {letter * 9}" for letter in "abcdef"]}
    columns |= {"split": ["train", "train", "train", "test", "test", "test"], "who": ["1", "2", None, "2", "3", None]}
    assert flagged(scanned(columns)) == []
    report = scanned(columns, checks={"leakage": {"group": "who"}})
    assert flagged(report) == ["d"]
    assert report.findings["reason"].to_pylist() == ["The split train has 1 row of the same who."]
    with pytest.raises(ls.InputError, match="no metadata column whom"):
        scanned(columns, checks={"leakage": {"group": "whom"}})


def test_samples_without_texts_are_told_by_their_group():
    table = pa.table({"id": list("abcd"), "split": ["train", "train", "test", "test"], "who": ["1", "2", "2", "3"]})
    samples = ls.read(table, text=None, id="id", split="split", metadata=["who"])
    signals = ls.Signals(embeddings=np.eye(4, dtype=np.float32))
    report = ls.scan(samples, signals=signals, checks={"leakage": {"group": "who"}}, store=None, progress=False)
    assert flagged(report) == ["c"]


@pytest.mark.slow
def test_what_leaks_do_to_the_accuracy_is_told_with_its_range():
    rng = np.random.default_rng(0)
    texts = made(1000, 1)
    leaked = [*texts, *texts[:100], *made(300, 2)]
    labels = rng.choice(["a", "b"], 1000).tolist()
    labels += labels[:100] + rng.choice(["a", "b"], 300).tolist()
    predicted = [*labels[:1100], *(label if rng.random() < 0.7 else "c" for label in labels[1100:])]
    splits = ["train"] * 1000 + ["test"] * 400
    columns = {"id": [f"r{row}" for row in range(1400)], "text": leaked, "label": labels, "split": splits}
    told = scanned({**columns, "predicted": predicted}).facts["checks"]["leakage"]
    right = sum(label == guess for label, guess in zip(labels[1100:], predicted[1100:], strict=True))
    assert f"{(100 + right) / 400:.1%} with them and {right / 300:.1%} without" in told["verdict"]
    assert "By the column predicted" in told["verdict"]
    assert [table["title"] for table in told["tables"]][1] == "Accuracy with and without leaked rows"
    assert "accuracy" not in scanned(columns).facts["checks"]["leakage"]["verdict"]  # nothing predicts
    few = scanned({**columns, "predicted": predicted}, checks={"leakage": {"least": 101}})
    assert "accuracy" not in few.facts["checks"]["leakage"]["verdict"]


def test_the_interval_of_the_difference_holds_the_truth():
    rng = np.random.default_rng(1)
    inside = 0
    for _ in range(400):
        leaked, left = rng.binomial(100, 0.95), rng.binomial(300, 0.8)
        _, low, high = Effect((leaked + left, left), (400, 300), "").difference
        inside += low <= 0.25 * 0.15 <= high
    assert 0.92 <= inside / 400 <= 0.985


@pytest.mark.slow
def test_random_texts_leak_nothing():
    for seed in range(5):
        splits = random.Random(seed).choices(["train", "test", "valid"], k=600)
        report = scanned({"id": [f"r{row}" for row in range(600)], "text": made(600, seed), "split": splits})
        assert flagged(report) == []


@pytest.mark.parametrize(
    ("name", "role"),
    [("TRAIN", "train"), ("train_2024", "train"), ("val", "valid"), ("test-clean", "test"), ("contest", "")],
)
def test_the_names_of_splits(name, role):
    assert role_of(name) == role


def test_spans_and_sets_of_labels():
    texts = ["Ann left for Rome today"] * 2 + ["nothing to see here"]
    table = pa.table({"text": texts, "labels": [["a", "b"], ["a"], []], "split": ["train", "test", "test"]})
    samples = ls.read(table, labels="labels", split="split")
    report = ls.scan(samples, only=["leakage"], store=None, progress=False)
    assert len(flagged(report)) == 1
