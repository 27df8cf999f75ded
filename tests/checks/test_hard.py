"""Hard samples: flagged where the label looks right, told apart from wrong labels, and never pushed unasked."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pytest
from labelsift.data.samples import Samples
from labelsift.errors import InputError
from labelsift.io.read import read
from labelsift.render.overview import Overview
from labelsift.report import Report
from labelsift.review.items import findings_of
from labelsift.scanning import scan
from labelsift.signals.dynamics_statistics import trajectories
from labelsift.signals.dynamics_writer import DynamicsWriter
from labelsift.signals.signals import Signals
from labelsift.signals.training_dynamics import Dynamics

CLASSES, ROWS, EPOCHS = 6, 900, 12


def trained(vectors: np.ndarray, codes: np.ndarray, seed: int) -> list[np.ndarray]:
    """Train one hidden layer by plain gradient steps until it knows most labels by heart; return its logits."""
    rng = np.random.default_rng(seed)
    first = rng.normal(0, 0.3, (vectors.shape[1], 64))
    second = rng.normal(0, 0.1, (64, CLASSES))
    kept = []
    for _ in range(EPOCHS):
        logits = np.empty((len(codes), CLASSES))
        for rows in np.array_split(rng.permutation(len(codes)), len(codes) // 16):
            inner = np.maximum(vectors[rows] @ first, 0)
            logits[rows] = inner @ second
            powers = np.exp(logits[rows] - logits[rows].max(axis=1, keepdims=True))
            error = powers / powers.sum(axis=1, keepdims=True)
            error[np.arange(len(rows)), codes[rows]] -= 1
            back = (error @ second.T) * (inner > 0)
            second -= 0.03 * inner.T @ error
            first -= 0.03 * vectors[rows].T @ back
        kept.append(logits.astype(np.float32))
    return kept


def planted(seed: int, *, spread: float = 0.9) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return overlapping clusters, their true classes, and labels of which a tenth is wrong."""
    rng = np.random.default_rng(seed)
    truth = rng.integers(0, CLASSES, ROWS)
    vectors = rng.normal(size=(CLASSES, 12))[truth] + spread * rng.normal(size=(ROWS, 12))
    wrong = rng.random(ROWS) < 0.1
    labels = np.where(wrong, (truth + rng.integers(1, CLASSES, ROWS)) % CLASSES, truth)
    return vectors.astype(np.float32), truth, labels


def samples_of(labels: np.ndarray) -> Samples:
    table = {"id": [f"r{row}" for row in range(ROWS)], "text": [f"text {row}" for row in range(ROWS)]}
    return read(pa.table(table | {"label": [f"c{code}" for code in labels]}), id="id", label="label")


def scanned(vectors: np.ndarray, labels: np.ndarray, dynamics: object = None, **options) -> Report:
    signals = Signals(embeddings=vectors, dynamics=dynamics)
    return scan(samples_of(labels), signals=signals, store=None, **{"only": ["label"]} | options)


@pytest.fixture(scope="module")
def training() -> tuple[np.ndarray, np.ndarray, np.ndarray, list[np.ndarray]]:
    vectors, truth, labels = planted(100)
    return vectors, truth, labels, trained(vectors, labels, 100)


@pytest.fixture(scope="module")
def report(training) -> Report:
    vectors, _, labels, epochs = training
    return scanned(vectors, labels, epochs, only=["label", "hard"])


@pytest.mark.slow
def test_the_scores_hold_every_statistic_of_the_training(report, training):
    _, _, labels, epochs = training
    statistics = trajectories(epochs, labels)
    scores = report.scores
    for column, values in {
        "aum": statistics.aum,
        "difficulty": statistics.difficulty,
        "dynamics_confidence": statistics.confidence,
        "dynamics_variability": statistics.variability,
        "dynamics_correctness": statistics.correctness,
        "dynamics_forgetting": statistics.forgetting,
    }.items():
        np.testing.assert_allclose(scores[column].to_numpy(), values, rtol=1e-6, err_msg=column)
    learned = scores["dynamics_first_learned"].to_pylist()
    assert [epoch or 0 for epoch in learned] == statistics.first_learned.tolist()
    assert scores["dynamics_subset"].to_pylist() == [("easy", "ambiguous", "hard")[row] for row in statistics.subset]
    np.testing.assert_allclose(scores["hard_score"].to_numpy(), 1 - statistics.difficulty, atol=1e-6)


def test_hard_samples_are_right_ones_that_the_label_check_does_not_flag(report, training):
    _, truth, labels, _ = training
    scores = report.scores.to_pylist()
    hard = np.array([row["is_hard_issue"] for row in scores])
    assert hard.sum() >= 5
    assert not any(row["is_label_issue"] or row["label_score"] <= 0.5 for row in scores if row["is_hard_issue"])
    assert not any(row["dynamics_subset"] == "easy" for row in scores if row["is_hard_issue"])
    late = np.array([row["dynamics_subset"] != "easy" for row in scores])
    assert (labels != truth)[hard].mean() < (labels != truth)[late].mean() / 2
    findings = report.findings.filter(pc.equal(report.findings["issue"], "hard")).to_pylist()
    assert {row["id"] for row in findings} == {f"r{row}" for row in np.flatnonzero(hard)}
    assert all("the label looks right" in row["reason"] and row["suggested"] == "null" for row in findings)


def test_the_summary_counts_subsets_and_a_note_says_them(report):
    facts = report.summary()["facts"]["dynamics"]
    assert facts["easy"] + facts["ambiguous"] + facts["hard"] == ROWS
    assert facts["epochs"] == EPOCHS
    assert any(f"{facts['easy']:,} samples were easy" in note for note in report.notes)


def test_what_asks_for_no_decision_is_not_pushed_and_counts_as_no_problem(report):
    issues = set(report.findings["issue"].to_pylist())
    assert issues == {"label", "hard"}
    assert {row["issue"] for row in findings_of(report, advice=False)} == {"label"}
    assert Overview(report).flagged_rows == report.summary()["issues"]["label"]["count"]


def test_without_the_label_check_nobody_says_that_a_label_is_right(training):
    vectors, _, labels, epochs = training
    report = scanned(vectors, labels, epochs, only=["hard"])
    reasons = report.findings["reason"].to_pylist()
    # Of every second epoch recorded, the training had twice as many.
    assert any(f"Over {EPOCHS} recorded epochs of your training" in note for note in report.notes)
    assert all(f" {EPOCHS} recorded epochs" in reason for reason in reasons)
    assert reasons
    assert all("was not checked" in reason and "keeping" not in reason for reason in reasons)


@pytest.mark.slow
def test_the_folder_of_a_writer_serves_as_the_array_does(training, report, tmp_path):
    vectors, _, labels, epochs = training
    order, classes = np.random.default_rng(0).permutation(ROWS), [f"c{number}" for number in range(CLASSES)]
    with DynamicsWriter(tmp_path / "logits", ids=[f"r{row}" for row in order], classes=classes[::-1]) as writer:
        for epoch in epochs:
            writer.epoch(epoch[order][:, ::-1])
    again = scanned(vectors, labels, tmp_path / "logits", only=["label", "hard"])
    for column in ("aum", "label_score", "is_hard_issue", "dynamics_subset"):
        assert again.scores[column].equals(report.scores[column]), column


@pytest.mark.slow
def test_samples_that_were_not_trained_on_have_no_dynamics(training):
    vectors, _, labels, epochs = training
    ids = [f"r{row}" for row in range(0, ROWS, 2)]
    dynamics = Dynamics([epoch[::2] for epoch in epochs], ids=ids)
    report = scanned(vectors, labels, dynamics, only=["label", "hard"])
    assert report.scores["aum"].null_count == ROWS // 2
    assert report.scores["label_score"].null_count == 0
    assert report.scores["dynamics_subset"].is_null().to_pylist() == [bool(row % 2) for row in range(ROWS)]
    assert any(f"nothing of {ROWS // 2} labeled samples" in note for note in report.notes)
    # Nothing was held out, so that nothing shows that the model tells labels better than the scan does.
    assert report.scores["label_score"].equals(scanned(vectors, labels).scores["label_score"])


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda epochs: epochs[:1], "1 finished epochs"),
        (lambda epochs: [epochs[0], epochs[1][:-1]], "shapes"),
        (lambda epochs: [epoch[:, :1] for epoch in epochs], "shapes"),
        (lambda epochs: [epoch[:-1] for epoch in epochs], "899 rows"),
        (lambda epochs: [epoch[:, :-1] for epoch in epochs], "5 columns"),
        (lambda epochs: [np.where(np.arange(ROWS)[:, None] == 7, np.nan, epoch) for epoch in epochs], "NaN.*: r7"),
        (lambda epochs: [epoch.astype(str) for epoch in epochs], "not numbers"),
        (lambda epochs: Dynamics(epochs, classes=["c0", "c1", "c2", "c3", "c4", "x"]), "Labels of the data.*: c5"),
        (lambda epochs: Dynamics(epochs, classes=["c0"] * 6), "named twice"),
        (lambda epochs: Dynamics(epochs, ids=[f"x{row}" for row in range(ROWS)]), "says nothing of these samples"),
        (lambda epochs: Dynamics(epochs, ids=["r0"] * ROWS), "named twice"),
        (lambda epochs: "/no/such/folder", "holds no logits"),
    ],
)
def test_dynamics_that_do_not_fit_are_refused_by_name(training, change, said):
    vectors, _, labels, epochs = training
    with pytest.raises(InputError, match=said):
        scanned(vectors, labels, change(epochs))


def test_the_check_is_unknown_without_dynamics(training):
    vectors, _, labels, _ = training
    with pytest.raises(InputError, match="no such check"):
        scanned(vectors, labels, only=["hard"])
