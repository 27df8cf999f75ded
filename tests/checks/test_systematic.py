"""Confusions that recur are found where they were planted, told apart by what they are, and nowhere else."""

from __future__ import annotations

import json
import math

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pytest
from hypothesis import given
from hypothesis import strategies as st
from labelsift.checks.systematic import SLIP, UNCLEAR
from labelsift.io.read import read
from labelsift.label_quality.recurring_confusions import LEAST, recurring, upper_tail
from labelsift.report import Report
from labelsift.scanning import scan
from labelsift.signals.signals import Signals

CLASSES, ROWS = 10, 1_500


def noisy(seed: int, kind: str) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return clusters, their true classes, and labels with errors of one kind; c0 and c1 are the pair."""
    rng = np.random.default_rng(seed)
    centers = rng.normal(size=(CLASSES, 24))
    if kind == "unclear":  # two classes that lie close together
        centers[1] = centers[0] + 0.35 * rng.normal(size=24)
    truth = rng.integers(0, CLASSES, ROWS)
    vectors = centers[truth] + 0.8 * rng.normal(size=(ROWS, 24))
    given, pair = truth.copy(), truth < 2
    share = {"clean": 0.0, "uniform": 0.1}.get(kind, 0.02)
    wrong = rng.random(ROWS) < share
    given[wrong] = (truth[wrong] + rng.integers(1, CLASSES, wrong.sum())) % CLASSES
    if kind == "slip":
        given[(truth == 1) & (rng.random(ROWS) < 0.25)] = 0
    if kind in ("swap", "unclear"):
        turned = pair & (rng.random(ROWS) < (0.15 if kind == "swap" else 0.3))
        given[turned] = 1 - truth[turned]
    return (vectors / np.linalg.norm(vectors, axis=1, keepdims=True)).astype(np.float32), truth, given


def scanned(vectors: np.ndarray, given: np.ndarray, *, only: tuple[str, ...] = ("label",), **more) -> Report:
    names = [f"c{code}" for code in given]
    table = pa.table({"id": [f"r{row}" for row in range(ROWS)], "text": [f"text {row}" for row in range(ROWS)]})
    table = table.append_column("label", pa.array(names))
    for name, column in more.items():
        table = table.append_column(name, pa.array(column, pa.string()))
    samples = read(table, id="id", label="label")
    return scan(samples, signals=Signals(embeddings=vectors), only=only, store=None)


@pytest.fixture(scope="module")
def slips() -> tuple[Report, np.ndarray, np.ndarray]:
    vectors, truth, labels = noisy(100, "slip")
    return scanned(vectors, labels), truth, labels


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["clean", "uniform"])
@pytest.mark.parametrize("seed", range(4))
def test_errors_without_a_pattern_make_no_finding(seed, kind):
    vectors, _, labels = noisy(seed, kind)
    assert scanned(vectors, labels).confusions().num_rows == 0


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["slip", "swap"])
@pytest.mark.parametrize("seed", range(3))
def test_a_planted_confusion_is_found_and_named(seed, kind):
    vectors, _, labels = noisy(seed, kind)
    confusions = scanned(vectors, labels).confusions().to_pylist()
    assert len(confusions) == 1
    assert {confusions[0]["given"], confusions[0]["suggested"]} == {"c0", "c1"}
    assert confusions[0]["verdict"] == SLIP
    if kind == "slip":
        assert (confusions[0]["given"], confusions[0]["suggested"]) == ("c0", "c1")


@pytest.mark.slow
def test_an_unclear_guideline_is_named_or_asked_about_and_never_a_slip():
    # Two classes lie close together: the model's own confusions may be as many, and then samples are asked about.
    named = 0
    for seed in range(5):
        vectors, truth, labels = noisy(seed, "unclear")
        report = scanned(vectors, labels, only=("label", "ambiguous"))
        confusions = report.confusions().to_pylist()
        named += len(confusions)
        for confusion in confusions:
            assert {confusion["given"], confusion["suggested"]} == {"c0", "c1"}
            assert confusion["verdict"] == UNCLEAR
        doubted = np.zeros(ROWS, dtype=bool)
        for column in ("is_label_issue", "is_ambiguous_issue"):
            doubted |= np.array([bool(flag) for flag in report.scores[column].to_pylist()])
        assert doubted[truth != labels].mean() > 0.5
    assert 2 <= named <= 5


@pytest.mark.slow
def test_one_finding_has_all_members_and_counts(slips):
    report, truth, labels = slips
    rows = report.findings.filter(pc.equal(report.findings["kind"], "systematic")).to_pylist()
    assert len(rows) == 1
    confusion, evidence = rows[0], json.loads(rows[0]["evidence"])
    assert (confusion["scope"], confusion["issue"], confusion["id"]) == ("class", "label", '["c0", "c1"]')
    scores = report.scores.to_pylist()
    flagged = [row for row, code in zip(scores, labels, strict=True) if row["is_label_issue"] and code == 0]
    mine = [row["id"] for row in flagged if row["suggested_label"] == "c1"]
    assert set(confusion["related_ids"]) == set(mine)
    assert evidence["count"] == len(mine)
    assert evidence["size_given"] == (labels == 0).sum()
    assert evidence["expected"] < evidence["count"] / 2
    by_id = {row["id"]: row["label_score"] for row in scores}
    order = [by_id[id] for id in confusion["related_ids"]]
    assert order == sorted(order)
    assert confusion["score"] == pytest.approx(np.mean(order), abs=1e-5)
    planted = {f"r{row}" for row in np.flatnonzero((truth == 1) & (labels == 0))}
    assert len(planted & set(mine)) > 0.9 * len(mine)
    assert f"{len(mine)} of {(labels == 0).sum()} labeled c0 look like c1" in confusion["reason"]


@pytest.mark.slow
def test_contrast_pairs_stand_beside_the_nearest_right_labels(slips):
    report, _, labels = slips
    confusion = report.confusions().to_pylist()[0]
    assert len(confusion["contrast"]) == 10
    flagged = dict(zip(report.scores["id"].to_pylist(), report.scores["is_label_issue"].to_pylist(), strict=True))
    vectors = report.embeddings
    for suspect, like_suggested, like_given in confusion["contrast"]:
        rows = [int(id[1:]) for id in (suspect, like_suggested, like_given)]
        assert [labels[row] for row in rows] == [0, 1, 0]
        assert flagged[suspect]
        assert not flagged[like_suggested]
        assert not flagged[like_given]
        right = np.flatnonzero((labels == 1) & ~np.array(list(flagged.values())))
        assert vectors[rows[0]] @ vectors[rows[1]] >= np.quantile(vectors[right] @ vectors[rows[0]], 0.99)


def test_members_name_their_pair_and_are_no_group(slips):
    report, _, _ = slips
    confusion = report.confusions().to_pylist()[0]
    samples = report.findings.filter(pc.equal(report.findings["scope"], "sample")).to_pylist()
    linked = {row["id"] for row in samples if json.loads(row["evidence"]).get("systematic") == '["c0", "c1"]'}
    assert linked == set(confusion["members"])
    assert all(row["group_id"] is None for row in samples)


def test_the_score_columns_and_counts_are_those_of_the_label_check(slips):
    report, _, _ = slips
    assert "systematic_score" not in report.scores.column_names
    summary = report.summary()
    assert summary["findings"] == summary["issues"]["label"]["count"] + 1


@pytest.mark.slow
def test_annotators_who_chose_both_labels_make_a_guideline_unclear():
    vectors, truth, labels = noisy(0, "swap")
    said = [
        json.dumps({"ann": f"c{code}", "bo": f"c{true_code}"}) for code, true_code in zip(labels, truth, strict=True)
    ]
    names = [f"c{code}" for code in labels]
    table = pa.table(
        {"id": [f"r{row}" for row in range(ROWS)], "text": [f"t {row}" for row in range(ROWS)], "label": names}
    )
    samples = read(table, id="id", label="label")
    with_people = type(samples)(samples.table.append_column("annotations", pa.array(said)), samples.metadata)
    report = scan(with_people, signals=Signals(embeddings=vectors), only=["label"], store=None)
    assert report.confusions()["verdict"].to_pylist() == [UNCLEAR]


def counted(counts: np.ndarray, *, right: float = 0.0) -> list[tuple[int, int]]:
    pairs = [(a, b) for a, b in zip(*np.nonzero(counts), strict=True) for _ in range(counts[a, b])]
    labels, suggested = (np.array(codes, dtype=int) for codes in zip(*pairs, strict=True))
    sizes = np.full(len(counts), 100)
    confusions = recurring(
        labels, suggested, np.full(len(labels), right), sizes=sizes, taken_for=np.zeros(counts.shape)
    )
    return [(finding.given, finding.suggested) for finding in confusions]


def test_one_cell_that_makes_up_most_flags_does_not_expect_itself():
    counts = 2 * (1 - np.eye(4, dtype=int))
    counts[0, 1] = 60
    assert counted(counts) == [(0, 1)]


def test_equal_cells_and_few_rows_do_not_recur():
    assert counted(20 * (1 - np.eye(5, dtype=int))) == []
    few = np.zeros((30, 30), dtype=int)
    few[3, 4] = LEAST - 1
    assert counted(few) == []


def test_with_two_classes_nothing_can_recur():
    assert counted(np.array([[0, 80], [3, 0]])) == []


def test_what_the_model_confuses_anyway_is_expected():
    labels, suggested = np.zeros(30, dtype=int), np.ones(30, dtype=int)
    sizes, taken = np.full(20, 500), np.zeros((20, 20))
    options = {"sizes": sizes, "taken_for": taken}
    assert recurring(labels, suggested, np.full(30, 0.45), **options)
    taken[0, 1] = 1.0
    assert not recurring(labels, suggested, np.full(30, 0.45), **options)


@pytest.mark.slow
@given(st.integers(1, 400), st.floats(0.01, 300), st.floats(0, 1_000))
def test_the_tail_falls_with_the_count(count, expected, more):
    tail = upper_tail(count, expected, more)
    assert 0 <= tail <= 1 + 1e-9
    assert upper_tail(count + 1, expected, more) <= tail + 1e-9


def test_without_more_variance_it_is_poissons():
    assert upper_tail(7, 2.0) == pytest.approx(1 - sum(math.exp(-2) * 2**k / math.factorial(k) for k in range(7)))
    assert upper_tail(7, 2.0, 1e-12) == pytest.approx(upper_tail(7, 2.0))


@given(st.integers(1, 60), st.floats(0.05, 40), st.floats(0.01, 100))
def test_the_tail_is_that_of_the_negative_binomial(count, expected, more):
    shape = expected**2 / more
    odds = [
        math.exp(math.lgamma(k + shape) - math.lgamma(shape) - math.lgamma(k + 1))
        * (expected / (shape + expected)) ** k
        * (shape / (shape + expected)) ** shape
        for k in range(count)
    ]
    assert upper_tail(count, expected, more) == pytest.approx(1 - sum(odds), abs=1e-8)
