"""Dynamics in the label score: they count where held-out rows show that the model sees more, and else move nothing."""

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pyarrow as pa
import pytest
from labelsift.data.samples import Samples
from labelsift.errors import InputError
from labelsift.io.read import read
from labelsift.report import Report
from labelsift.scanning import scan
from labelsift.signals.dynamics_writer import DynamicsWriter
from labelsift.signals.epoch_files import NUMBERS, read_epochs
from labelsift.signals.held_out_evidence import FEWEST, HeldOutEvidence, evidence_of
from labelsift.signals.signals import Signals
from labelsift.signals.training_dynamics import Dynamics, combine, label_log_odds

pytestmark = pytest.mark.slow

ROWS, CLASSES, EPOCHS = 600, 3, 4
HELD_OUT = np.arange(ROWS) % 3 == 0


@pytest.fixture(scope="module")
def planted() -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Vectors that tell the class of two rows in three, the true classes, and labels of which an eighth is wrong."""
    rng = np.random.default_rng(0)
    truth = rng.integers(0, CLASSES, ROWS)
    seen = np.where(rng.random(ROWS) < 0.65, truth, rng.integers(0, CLASSES, ROWS))
    vectors = 3 * np.eye(CLASSES)[seen] + 0.5 * rng.normal(size=(ROWS, CLASSES))
    labels = np.where(rng.random(ROWS) < 0.125, (truth + rng.integers(1, CLASSES, ROWS)) % CLASSES, truth)
    return vectors.astype(np.float32), truth, labels


def epochs_of(likeliest: np.ndarray, *, seed: int = 1, noise: float = 1.0) -> list[np.ndarray]:
    """Return logits that are high for one class of each row."""
    rng = np.random.default_rng(seed)
    return [
        (4 * np.eye(CLASSES)[likeliest] + noise * rng.normal(size=(len(likeliest), CLASSES))).astype(np.float32)
        for _ in range(EPOCHS)
    ]


def parted(epochs: list[np.ndarray], *, rows: np.ndarray = HELD_OUT) -> Dynamics:
    """Return the epochs as of a training that held some rows out."""
    ids = np.array([f"r{row}" for row in range(len(rows))])
    evaluated = Dynamics([epoch[rows] for epoch in epochs], ids=ids[rows].tolist())
    return Dynamics([epoch[~rows] for epoch in epochs], ids=ids[~rows].tolist(), held_out=evaluated)


def samples_of(labels: list[str | None]) -> Samples:
    names = {"id": [f"r{row}" for row in range(len(labels))], "text": [f"text {row}" for row in range(len(labels))]}
    return read(pa.table(names | {"label": pa.array(labels, pa.string())}), id="id", label="label")


def scanned(planted: tuple[np.ndarray, ...], dynamics: object = None, **signals: object) -> Report:
    samples = samples_of([f"c{code}" for code in planted[2]])
    return scan(
        samples, signals=Signals(embeddings=planted[0], dynamics=dynamics, **signals), only=["label"], store=None
    )


def scores_of(report: Report) -> np.ndarray:
    return report.scores["label_score"].to_numpy(zero_copy_only=False)


@pytest.fixture(scope="module")
def without(planted) -> np.ndarray:
    return scores_of(scanned(planted))


def test_a_model_that_sees_more_raises_the_average_precision(planted, without):
    from sklearn.metrics import average_precision_score

    _, truth, labels = planted
    report = scanned(planted, parted(epochs_of(truth, noise=1.5)))
    fact = report.summary()["facts"]["label_dynamics"]
    assert fact["counted"] and fact["held_out"] == HELD_OUT.sum()
    assert fact["model"] > fact["scan"] + 0.1
    wrong, score = labels != truth, scores_of(report)
    assert average_precision_score(wrong, -score) > average_precision_score(wrong, -without) + 0.1
    # Held-out rows gain too, by what was recorded of them.
    gain = average_precision_score(wrong[HELD_OUT], -score[HELD_OUT])
    assert gain > average_precision_score(wrong[HELD_OUT], -without[HELD_OUT]) + 0.1
    (note,) = (note for note in report.notes if "counts in the label scores: of 200 samples" in note)
    assert "estimated from the scan's own probabilities, without your training" in note
    findings = report.findings.to_pylist()
    assert findings and all(f"Your training gives {json.loads(row['given'])} 0." in row["reason"] for row in findings)


@pytest.mark.parametrize("kind", ["random", "memorised", "memorised but for the held out", "constant", "blind"])
def test_a_model_that_does_not_see_more_moves_no_score(planted, without, kind):
    vectors, _, labels = planted
    rng = np.random.default_rng(3)
    epochs = {
        "random": epochs_of(rng.integers(0, CLASSES, ROWS)),
        "memorised": epochs_of(np.where(HELD_OUT, rng.integers(0, CLASSES, ROWS), labels), noise=0),
        "memorised but for the held out": epochs_of(np.where(HELD_OUT, vectors.argmax(axis=1), labels)),
        "constant": [np.zeros((ROWS, CLASSES), dtype=np.float32)] * EPOCHS,
        "blind": epochs_of(vectors.argmax(axis=1)),  # sees what the scan sees
    }[kind]
    report = scanned(planted, parted(epochs))
    np.testing.assert_array_equal(scores_of(report), without)
    assert report.summary()["facts"]["label_dynamics"]["counted"] is False
    assert any("leaves the label scores as they are: of 200 samples" in note for note in report.notes)


def test_without_held_out_rows_the_best_of_models_moves_no_score(planted, without):
    _, truth, _ = planted
    everything = epochs_of(truth)
    few = np.arange(ROWS) < FEWEST - 1
    for dynamics in (everything, Dynamics(everything, held_out=everything), parted(everything, rows=few)):
        report = scanned(planted, dynamics)
        np.testing.assert_array_equal(scores_of(report), without)
        assert report.summary()["facts"]["label_dynamics"] == {"counted": False, "held_out": 0}
        assert any(f"fewer than {FEWEST} samples that can be judged" in note for note in report.notes)


def test_copies_of_what_was_learned_are_no_evidence(planted):
    vectors, _, labels = planted
    texts = [f"text {row // 3}" for row in range(ROWS)]  # every held-out row has two copies among the others
    samples = read(
        pa.table({"id": [f"r{row}" for row in range(ROWS)], "text": texts, "label": [f"c{code}" for code in labels]}),
        id="id",
        label="label",
    )
    signals = Signals(embeddings=vectors, dynamics=parted(epochs_of(labels)))
    fact = scan(samples, signals=signals, only=["label"], store=None).summary()["facts"]["label_dynamics"]
    assert fact == {"counted": False, "held_out": 0}


def test_the_folder_of_a_capture_serves_as_its_parts_do(planted, tmp_path):
    _, truth, _ = planted
    epochs, ids = epochs_of(truth), [f"r{row}" for row in range(ROWS)]
    for split, rows in (("train", ~HELD_OUT), ("eval", HELD_OUT)):  # both are of all samples, as a capture keeps them
        with DynamicsWriter(tmp_path / split, ids=ids, classes=["c0", "c1", "c2"]) as writer:
            for number, epoch in enumerate(epochs):
                writer.batch([ids[row] for row in np.flatnonzero(rows)], epoch[rows], epoch=number)
    expected = scores_of(scanned(planted, parted(epochs)))
    np.testing.assert_array_equal(scores_of(scanned(planted, tmp_path)), expected)
    given = Dynamics(tmp_path / "train", held_out=tmp_path / "eval")
    np.testing.assert_array_equal(scores_of(scanned(planted, given)), expected)
    assert scanned(planted, tmp_path / "train").summary()["facts"]["label_dynamics"]["held_out"] == 0


def recorded(path, epochs, rows, numbers):
    """Write the logits of some rows of each epoch as the caller numbers them."""
    ids = [f"r{row}" for row in range(ROWS)]
    with DynamicsWriter(path, ids=ids, classes=["c0", "c1", "c2"], resume=True) as writer:
        for number in numbers:
            writer.batch([ids[row] for row in np.flatnonzero(rows)], epochs[number][rows], epoch=number)


def test_an_evaluation_belongs_to_the_epoch_of_its_own_number(planted, tmp_path):
    _, truth, labels = planted
    epochs = epochs_of(truth)[:2] + epochs_of(labels, noise=0)[:2]  # knows wrong labels by heart in the end
    recorded(tmp_path / "train", epochs, ~HELD_OUT, range(4))
    recorded(tmp_path / "eval", epochs, HELD_OUT, [0])
    recorded(tmp_path / "eval", epochs, HELD_OUT, [1])  # taken up again
    expected = scores_of(scanned(planted, parted(epochs[:2])))
    np.testing.assert_array_equal(scores_of(scanned(planted, tmp_path)), expected)
    recorded(tmp_path / "eval", epochs, HELD_OUT, [2, 3])
    assert list(read_epochs(tmp_path / "eval").numbers) == [0, 1, 2, 3]


def test_evaluations_of_no_recorded_epoch_do_not_count_and_unnumbered_ones_are_said(planted, tmp_path):
    _, truth, _ = planted
    epochs = epochs_of(truth)
    recorded(tmp_path / "train", epochs, ~HELD_OUT, [0, 2])
    recorded(tmp_path / "eval", epochs, HELD_OUT, [1, 3])
    report = scanned(planted, tmp_path)
    assert report.summary()["facts"]["label_dynamics"] == {"counted": False, "held_out": 0}
    assert any("none has the number of a recorded epoch" in note for note in report.notes)
    for folder in ("train", "eval"):
        (tmp_path / folder / NUMBERS).unlink()  # as written by an earlier version
    old = scanned(planted, tmp_path)
    assert old.summary()["facts"]["label_dynamics"]["counted"]
    assert not any("from the last on" in note for note in old.notes)
    some = parted(epochs)
    assert isinstance(some.held_out, Dynamics)
    fewer = replace(some, held_out=replace(some.held_out, logits=some.held_out.logits[:2]))
    assert any("4 epochs and 2 evaluations" in note for note in scanned(planted, fewer).notes)


def test_evaluation_sets_that_have_names_count_together(planted, tmp_path):
    epochs, first = epochs_of(planted[1]), np.arange(ROWS) < ROWS // 2
    recorded(tmp_path / "train", epochs, ~HELD_OUT, range(EPOCHS))
    recorded(tmp_path / "eval_old", epochs, HELD_OUT & first, range(EPOCHS))
    recorded(tmp_path / "eval_new", epochs, HELD_OUT & ~first, range(EPOCHS))
    report = scanned(planted, tmp_path)
    assert report.summary()["facts"]["label_dynamics"]["held_out"] == HELD_OUT.sum()
    np.testing.assert_array_equal(scores_of(report), scores_of(scanned(planted, parted(epochs))))


def test_one_evaluation_at_the_end_belongs_to_the_last_epoch(planted):
    _, truth, _ = planted
    dynamics = parted(epochs_of(truth))
    assert isinstance(dynamics.held_out, Dynamics)
    last = replace(dynamics.held_out, logits=[dynamics.held_out.logits[-1]])
    report = scanned(planted, replace(dynamics, held_out=last))
    assert report.summary()["facts"]["label_dynamics"]["counted"]


def test_held_out_logits_that_are_no_numbers_are_refused_by_name(planted):
    dynamics = parted(epochs_of(planted[1]))
    assert isinstance(dynamics.held_out, Dynamics)
    broken = [np.where(np.arange(200)[:, None] == 2, np.nan, epoch) for epoch in dynamics.held_out.logits]
    with pytest.raises(InputError, match=r"NaN.*: r6"):
        scanned(planted, replace(dynamics, held_out=replace(dynamics.held_out, logits=broken)))


@pytest.mark.parametrize(
    "labels",
    [
        ["a", "b", "a"],
        ["a", None, "b", "a", None, "b"] * 3,
        [None, None, None],
    ],
)
def test_few_rows_unlabeled_ones_and_an_absent_class_change_nothing(labels):
    samples, rng = samples_of(labels), np.random.default_rng(0)
    epochs = [rng.normal(size=(len(labels), 3)).astype(np.float32) for _ in range(3)]
    ids, classes = samples.ids.to_pylist(), ["a", "b", "of no label"]
    held_out = Dynamics([epoch[:1] for epoch in epochs], ids=ids[:1], classes=classes)
    dynamics = Dynamics([epoch[1:] for epoch in epochs], ids=ids[1:], classes=classes, held_out=held_out)
    without, beside = (scan(samples, signals=Signals(dynamics=one), store=None).scores for one in (None, dynamics))
    assert ("label_score" in without.column_names) == ("label_score" in beside.column_names)
    if "label_score" in without.column_names:
        assert beside["label_score"].equals(without["label_score"])


def test_evidence_counts_rows_that_both_can_judge_and_names_the_epochs_from_the_last():
    rng = np.random.default_rng(0)
    foreseen = rng.random(1_000) < 0.6
    margins = np.where(rng.random((3, 1_000)) < np.array([[0.5], [0.9], [0.9]]), 2.0, -2.0)
    margins[2] = np.where(np.arange(1_000) < 105, -2.0, margins[1])  # a little worse
    margins[:, :100] = np.nan
    compared = np.arange(1_000) < 900
    evidence = evidence_of(margins, foreseen, compared)
    assert evidence.counts and evidence.rows == 800
    assert evidence.epochs == (1, 0)
    assert evidence.model == pytest.approx(0.9, abs=0.03) and evidence.scan == pytest.approx(0.6, abs=0.05)
    # Log odds of 9 to 1 at a margin of 2.
    np.testing.assert_allclose(evidence.scales, np.log(9) / 2, rtol=0.15)
    assert evidence_of(-margins, foreseen, compared).counts is False
    assert evidence_of(margins, foreseen, np.zeros(1_000, dtype=bool)) == HeldOutEvidence()


@pytest.mark.parametrize("seed", range(20))
def test_an_equal_model_seldom_looks_better(seed):
    rng = np.random.default_rng(seed)
    right = rng.random((10, 400)) < 0.8  # the best of ten epochs is looked at
    assert not evidence_of(np.where(right, 1.0, -1.0), rng.random(400) < 0.8, np.ones(400, dtype=bool)).counts


def test_the_scale_of_the_logits_does_not_matter():
    rng = np.random.default_rng(0)
    margins, score = rng.normal(1.5, 1, (3, 500)), rng.random(500).astype(np.float32)
    combined = []
    for unit in (1e-3, 1.0, 1e3):
        evidence = evidence_of(unit * margins, rng.random(500) < 0.2, np.ones(500, dtype=bool))
        assert evidence.counts
        combined.append(combine(score, label_log_odds(unit * margins, evidence)))
    np.testing.assert_allclose(combined[0], combined[1], rtol=1e-4)
    np.testing.assert_allclose(combined[2], combined[1], rtol=1e-4)


def test_combining_keeps_the_range_the_unknown_and_the_order_of_rows():
    rng = np.random.default_rng(1)
    score, margins = rng.random(300).astype(np.float32), rng.normal(0, 50, (4, 300))
    score[:5], margins[:, 5:9], score[9], score[10] = np.nan, np.nan, 0, 1
    margins[0, 20:30] = np.nan
    evidence = HeldOutEvidence(rows=100, model=0.9, scan=0.5, counts=True, epochs=(0, 3), scales=(1.0, 2.0))
    told = label_log_odds(margins, evidence)
    combined = combine(score, told)
    assert np.isnan(combined[:5]).all()
    np.testing.assert_array_equal(combined[5:9], score[5:9])
    assert ((combined[5:] >= 0) & (combined[5:] <= 1)).all()
    order = rng.permutation(300)
    np.testing.assert_array_equal(label_log_odds(margins[:, order], evidence), told[order])
    np.testing.assert_array_equal(combine(score, told, weight=0), score)
    assert np.isnan(label_log_odds(margins, replace(evidence, counts=False))).all()
