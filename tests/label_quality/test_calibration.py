"""How many labels are said to be wrong, which are flagged, and whether what is expected of them holds."""

from __future__ import annotations

from statistics import NormalDist

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st
from labelsift.io.read import read
from labelsift.label_quality.calibration import (
    FEW,
    PRIOR,
    USUAL,
    calibrated,
    error_count,
    expected_precision,
    worth_a_look,
)
from labelsift.models import kernel_ridge as ridge
from labelsift.report import Report
from labelsift.scanning import scan
from labelsift.signals.signals import Signals

ROWS, CLASSES, DIMENSIONS, SPREAD = 3_000, 8, 32, 0.12
chances = st.lists(st.floats(1e-6, 1 - 1e-6), min_size=1, max_size=60).map(np.array)


@given(chances, st.integers(0, 60))
def test_the_ranking_stays(wrong, number):
    calibration = calibrated(wrong, number)
    order = np.argsort(wrong, kind="stable")
    assert (np.diff(calibration[order]) >= 0).all()
    assert ((calibration >= 0) & (calibration <= 1)).all()


@given(chances, st.data())
def test_as_many_rows_are_likelier_wrong_than_right_as_the_number_says(wrong, data):
    united = np.array(data.draw(st.lists(st.booleans(), min_size=len(wrong), max_size=len(wrong))))
    number = error_count(wrong, united)
    assert number >= max((wrong > 0.5).sum(), united.sum())
    calibration = calibrated(wrong, number)
    assert (calibration >= 0.5 - 1e-12).sum() >= number  # ties lie together on one side
    assert (calibration > 0.5 + 1e-12).sum() <= number


@given(chances)
def test_flags_are_the_worst_rows_and_no_other_cut_has_a_higher_expected_f1(wrong):
    flagged = worth_a_look(wrong)
    order = np.sort(wrong)[::-1]
    expected = 2 * np.cumsum(order) / (np.arange(1, len(order) + 1) + order.sum())
    if order[0] < 0.5:
        assert not flagged.any()  # nothing is likelier wrong than right: all is clean
        return
    assert wrong[flagged].min() > max(wrong[~flagged], default=-1)
    reached = 2 * wrong[flagged].sum() / (flagged.sum() + wrong.sum())
    assert reached >= expected.max() - 1e-9
    assert flagged[wrong > 0.5].all()


@given(chances, st.integers(0, 5))
def test_rows_that_were_not_judged_count_nowhere(wrong, unknown):
    more = np.concatenate([wrong, np.full(unknown, np.nan)])
    united = np.ones(len(more), dtype=bool)
    assert error_count(more, united) == len(wrong)
    calibration = calibrated(more, 2)
    np.testing.assert_array_equal(calibration[: len(wrong)], calibrated(wrong, 2))
    assert np.isnan(calibration[len(wrong) :]).all()
    np.testing.assert_array_equal(worth_a_look(more), [*worth_a_look(wrong), *[False] * unknown])
    assert expected_precision(more, 3) == expected_precision(wrong, 3)


@given(chances, st.integers(1, 80))
def test_the_share_of_errors_is_that_of_the_worst_drawn_towards_the_usual_by_few_labels(wrong, budget):
    told, worst = expected_precision(wrong, budget), np.sort(wrong)[::-1][:budget]
    assert told is not None
    drawn = PRIOR / (len(worst) + PRIOR) if len(worst) < FEW else 0
    assert abs(told - worst.mean()) == pytest.approx(abs(USUAL - worst.mean()) * drawn)
    assert min(worst.mean(), USUAL) - 1e-12 <= told <= max(worst.mean(), USUAL) + 1e-12 or not drawn


@given(chances, st.integers(1, 40), st.integers(1, 40))
def test_of_many_labels_the_more_are_looked_at_the_smaller_the_share_of_errors(wrong, budget, more):
    many = np.repeat(wrong, FEW)
    first, second = (expected_precision(many, FEW * number) for number in (budget, budget + more))
    assert first is not None and second is not None and second <= first + 1e-12


def test_nothing_is_said_of_nothing():
    nothing = np.full(4, np.nan)
    assert expected_precision(nothing, 10) is None
    assert expected_precision(np.empty(0), 10) is None
    assert not worth_a_look(nothing).any() and worth_a_look(np.empty(0)).shape == (0,)
    assert error_count(nothing, np.ones(4, dtype=bool)) == 0
    assert np.isnan(calibrated(nothing, 0)).all()


def test_certain_rows_break_nothing():
    calibration = calibrated(np.array([1.0, 0.5, 0.0]), 2)
    np.testing.assert_allclose(calibration, [1, 0.5, 0], atol=1e-9)


def invented(seed: int, noise: str, rate: float, *, half_gap: float = 3.2) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return vectors, true and given classes.

    Classes stand in pairs, each ``2 × half_gap`` standard deviations apart: the best that can be done errs in about
    Φ(−half_gap) of the rows. Noise is "uniform", "pair" (the other of the pair) or "hard" (the other of the pair, the
    likelier the nearer).
    """
    rng = np.random.default_rng(seed)
    centers, ways = rng.normal(size=(CLASSES, DIMENSIONS)), rng.normal(size=(CLASSES // 2, DIMENSIONS))
    centers /= np.linalg.norm(centers, axis=1, keepdims=True)
    ways /= np.linalg.norm(ways, axis=1, keepdims=True)
    centers[1::2] = centers[::2] + 2 * half_gap * SPREAD * ways
    truth = rng.integers(0, CLASSES, ROWS)
    vectors = centers[truth] + SPREAD * rng.normal(size=(ROWS, DIMENSIONS))
    chance = np.ones(ROWS)
    if noise == "hard":
        way = (centers[truth ^ 1] - centers[truth]) / (2 * half_gap * SPREAD)
        chance = np.exp(((vectors - centers[truth]) * way).sum(axis=1) / SPREAD)
    wrong = rng.random(ROWS) < np.minimum(rate * chance / chance.mean(), 0.9)
    other = (truth + rng.integers(1, CLASSES, ROWS)) % CLASSES if noise == "uniform" else truth ^ 1
    return vectors.astype(np.float32), truth, np.where(wrong, other, truth)


def scanned(vectors: np.ndarray, codes: np.ndarray) -> Report:
    table = pa.table({"id": [f"r{row}" for row in range(ROWS)], "label": [f"c{code}" for code in codes]})
    samples = read(table, text=None, id="id", label="label")
    return scan(samples, signals=Signals(embeddings=vectors), store=None, only=["label"])


INJECTIONS = [(noise, rate) for noise in ("uniform", "pair", "hard") for rate in (0.03, 0.05, 0.08, 0.1, 0.15, 0.2)]
INJECTIONS.insert(0, ("none", 0.0))
INJECTIONS.append(("uniform", 0.3))


@pytest.mark.slow
def test_expected_and_observed_precision_lie_close_together(monkeypatch):
    assert len(INJECTIONS) == 20
    assert NormalDist().cdf(-3.2) < 0.001  # the classes overlap, but hardly
    monkeypatch.setattr(ridge, "LANDMARKS", 200)  # of 1,000: half of the time
    apart: dict[str, list[tuple[str, float]]] = {"100": [], "500": []}
    for seed, (noise, rate) in enumerate(INJECTIONS):
        vectors, truth, given_codes = invented(seed, noise, rate)
        report = scanned(vectors, given_codes)
        precisions = report.facts["label_errors"]["expected_precision_at"]
        wrong = truth != given_codes
        if noise == "none":
            assert not report.scores["is_label_issue"].to_numpy(zero_copy_only=False).any()
            assert not precisions  # nothing proves that a label is wrong
        order = np.argsort(report.scores["label_score"].to_numpy(), kind="stable")
        for budget, share in precisions.items():
            apart[budget].append((noise, share - float(wrong[order[: int(budget)]].mean())))
    for budget, some in apart.items():
        at_random = [share for noise, share in some if noise != "hard"]
        assert len(at_random) == 13, (budget, some)
        assert np.abs(at_random).mean() <= 0.025, (budget, at_random)
        # Errors on hard samples look like classes that overlap: fewer are claimed than there are, never more.
        assert max(share for _, share in some) <= 0.05, (budget, some)
