"""The models behind the answers: fitted from a run, fitted anew on verified labels, kept without pickle."""

from __future__ import annotations

import stat
from dataclasses import replace
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from labelsift.models.logistic_regression import LogisticRegression
from labelsift.serving.evidence import LIKELY, UNLIKELY, weigh
from labelsift.serving.models import Model, Models, fit_run, refit
from labelsift.serving.run_index import Prediction
from labelsift.serving.score_texts import best, probability
from labelsift.store.store import Store

CLASSES = ("a", "b", "c")


def _unit(rows: int, dimensions: int, *, seed: int) -> np.ndarray:
    drawn = np.random.default_rng(seed).normal(size=(rows, dimensions)).astype(np.float32)
    return drawn / np.linalg.norm(drawn, axis=1, keepdims=True)


def _model(dimensions: int = 8, *, seed: int = 100, penalty: float = 0.01, apart: bool = False) -> Model:
    draw = np.random.default_rng(seed)
    weights = draw.normal(size=(dimensions, 3)).astype(np.float32)
    return Model("r", CLASSES, LogisticRegression(weights, np.zeros(3, dtype=np.float32), apart), penalty, 10)


@pytest.mark.slow
def test_the_model_of_a_run_knows_its_classes_and_passes_by_what_was_flagged(run_store: Path) -> None:
    report = Store(run_store).load()
    model = fit_run(report)
    assert model is not None and model.classes == report.classes
    flagged = sum(report.scores["is_label_issue"].to_pylist())
    assert flagged >= 3 and model.learned == len(report.samples) - flagged
    assert report.embeddings is not None
    codes = model.linear.predict_proba(report.embeddings[:3]).argmax(axis=1)
    # Though they are labeled otherwise.
    assert [model.classes[code] for code in codes] == ["card", "refund", "transfer"]


@pytest.mark.slow
def test_the_model_of_a_run_does_not_hang_on_the_order_of_its_rows(run_store: Path) -> None:
    report = Store(run_store).load()
    order = np.random.default_rng(7).permutation(len(report.samples))
    assert report.embeddings is not None
    permuted = replace(
        report,
        samples=report.samples.take(order),
        scores=report.scores.take(pa.array(order)),
        embeddings=report.embeddings[order],
    )
    first, second = fit_run(report), fit_run(permuted)
    assert first is not None and second is not None and first.learned == second.learned
    assert second.penalty == pytest.approx(first.penalty, rel=1e-5)
    assert np.allclose(first.linear.weights, second.linear.weights, atol=1e-5)


def test_without_verified_labels_of_a_direction_the_run_keeps_its_say() -> None:
    base = _model()
    vectors = np.zeros((4, 8), dtype=np.float32)
    vectors[:, 0] = 1
    refitted = refit(base, vectors, np.array([2, 2, 2, 2]))
    assert np.allclose(refitted.weights[1:], base.linear.weights[1:])
    assert refitted.predict_proba(vectors)[0].argmax() == 2
    assert refitted.weights[0, 2] > base.linear.weights[0, 2]


@settings(max_examples=20, deadline=None, derandomize=True)
@given(st.integers(0, 1000), st.integers(2, 30))
def test_fitting_anew_makes_verified_labels_likelier_and_stops_at_the_optimum(seed: int, rows: int) -> None:
    base, vectors = _model(seed=seed), _unit(rows, 8, seed=seed)
    codes = np.random.default_rng(seed).integers(0, 3, rows)
    refitted = refit(base, vectors, codes)

    def objective(model: LogisticRegression) -> float:
        likely = model.predict_proba(vectors)[np.arange(rows), codes].astype(float)
        moved = np.vstack([model.weights - base.linear.weights, model.intercepts - base.linear.intercepts])
        return float(-np.log(likely + 1e-30).mean() + base.penalty / 2 * (moved.astype(float) ** 2).sum())

    assert objective(refitted) <= objective(base.linear) + 1e-6
    for number in range(3):  # no small step away from it is better
        near = refitted.weights.copy()
        near[:, number] += 0.05 * _unit(1, 8, seed=seed + number)[0]
        assert objective(refitted) <= objective(LogisticRegression(near, refitted.intercepts)) + 1e-5


def test_models_are_kept_for_their_owner_and_read_without_pickle(tmp_path: Path) -> None:
    models, base = Models(tmp_path), _model()
    models.keep(base)
    assert models.next_version("r") == "r+1"
    models.keep(Model("r+1", ("é", "b", "c"), base.linear, 0.1, 7, project=3, digest="d"))
    models.keep(Model("r+10", CLASSES, base.linear, 0.1, 8, project=3, digest="e"))
    models.keep(Model("r2+4", CLASSES, base.linear, 0.1, 8, project=3))
    assert [model.version for model in models.trained("r")] == ["r+1", "r+10"]
    loaded = models.read("r+1")
    assert loaded is not None and (loaded.classes, loaded.project, loaded.digest) == (("é", "b", "c"), 3, "d")
    assert np.array_equal(loaded.linear.weights, base.linear.weights)
    assert {stat.S_IMODE(path.stat().st_mode) for path in models.folder.iterdir()} == {0o600}
    (models.folder / "r+10.npz").write_bytes(b"PK\x03\x04 cut")
    assert models.read("r+10") is None and models.next_version("r") == "r+11"


def test_what_needs_pickle_is_not_read(tmp_path: Path) -> None:
    models = Models(tmp_path)
    models.folder.mkdir()
    np.savez(models.folder / "r.npz", format=np.array({"a": 1}, dtype=object))
    assert models.read("r") is None


def test_of_labels_apart_the_likely_set_is_said() -> None:
    model = _model(apart=True)
    probs = np.array([0.9, 0.2, 0.8], dtype=np.float32)
    value, confidence = best(probs, model)
    assert value == ["a", "c"] and confidence == pytest.approx(0.9 * 0.8 * 0.8)
    assert probability(probs, model, ["a"]) == pytest.approx(0.9 * 0.8 * 0.2)
    assert probability(probs, model, ["other"]) is None and probability(probs, model, "a") is None


@pytest.mark.parametrize(
    ("value", "quality", "other", "verdict"),
    [
        ("x", 0.05, ("y", 0.9), "contradicts"),  # keeps a label that is very unlikely
        ("y", 0.05, ("y", 0.9), "agrees"),
        ("z", 0.05, ("y", 0.9), "contradicts"),  # a third label
        ("z", 0.44, ("y", 0.55), "contradicts"),  # one where the scan is torn between two others
        ("z", 0.3, ("y", 0.3), ""),  # or knows little
        ("y", 0.95, ("y", 0.03), "contradicts"),  # changes a label that is surely right
        ("x", 0.95, ("y", 0.03), "agrees"),
        ("x", 0.3, ("y", 0.65), ""),
        ("x", 0.05, ("y", 0.5), ""),
        ("x", None, ("y", 0.9), ""),
    ],
)
def test_an_answer_is_weighed(value: str, quality: float | None, other: tuple[str, float], verdict: str) -> None:
    prediction = Prediction("y", other[1], given="x", quality=quality, other=other)
    assert weigh(prediction, value, None)[0] == verdict
    assert weigh(None, value, None)[0] == ""


@settings(max_examples=50, deadline=None, derandomize=True)
@given(st.floats(0, 1), st.sampled_from("abc"))
def test_what_is_likely_never_contradicts(share: float, value: str) -> None:
    probs = np.array([share, (1 - share) / 2, (1 - share) / 2], dtype=np.float32)
    verdict, _ = weigh(Prediction("a", share, probabilities=probs), value, _model())
    likely = float(probs[CLASSES.index(value)])
    assert verdict != "contradicts" or (likely <= UNLIKELY + 1e-6 and probs.max() >= LIKELY - 1e-6)
    assert verdict != "agrees" or likely == probs.max()
