"""What a user's model says is checked once and joined by id."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pyarrow.parquet as parquet
import pytest
from labelsift.data.samples import Samples
from labelsift.errors import InputError
from labelsift.io.read import read
from labelsift.label_quality.pred_probs import TopK
from labelsift.signals.signals import Signals

PROBS = np.array([[0.7, 0.2, 0.1], [0.1, 0.8, 0.1], [0.2, 0.2, 0.6], [0.5, 0.3, 0.2]])


@pytest.fixture
def samples() -> Samples:
    rows = {"id": ["r1", "r2", "r3", "r4"], "text": list("wxyz"), "label": ["a", "b", "c", None]}
    return read(pa.table(rows), id="id", label="label")


def test_columns_are_ordered_by_class_name(samples):
    probabilities, classes = Signals(pred_probs=PROBS[:, [2, 0, 1]], classes=["c", "a", "b"]).aligned_pred_probs(
        samples
    )
    assert classes == ("a", "b", "c")
    np.testing.assert_allclose(probabilities, PROBS, atol=1e-6)
    assert probabilities.dtype == np.float32


def test_without_names_the_columns_are_the_labels_in_sorted_order(samples):
    probabilities, classes = Signals(pred_probs=PROBS).aligned_pred_probs(samples)
    assert classes == ("a", "b", "c")
    np.testing.assert_allclose(probabilities, PROBS, atol=1e-6)


def test_rows_are_joined_by_id_and_more_rows_do_no_harm(samples):
    ids = ["r3", "unknown", "r1", "r4", "r2"]
    signals = Signals(pred_probs=PROBS[[2, 0, 0, 3, 1]], embeddings=np.diag([3.0, 1, 1, 4, 2])[:, :], ids=ids)
    np.testing.assert_allclose(signals.aligned_pred_probs(samples)[0], PROBS, atol=1e-6)
    np.testing.assert_array_equal(signals.aligned_embeddings(samples).argmax(axis=1), [2, 4, 0, 3])


def test_rounding_is_forgiven_and_mended(samples):
    for off in (1e-5, -1e-5, 5e-3):
        probabilities, _ = Signals(pred_probs=PROBS * (1 + off)).aligned_pred_probs(samples)
        np.testing.assert_allclose(probabilities.sum(axis=1), 1, atol=1e-6)
    half, _ = Signals(pred_probs=PROBS.astype(np.float16)).aligned_pred_probs(samples)
    np.testing.assert_allclose(half, PROBS, atol=1e-3)
    slightly_negative = np.array([[1.00001, -0.00001, 0.0]] * 4)
    assert Signals(pred_probs=slightly_negative).aligned_pred_probs(samples)[0].min() == 0


def changed(row: int, values: list[float]) -> np.ndarray:
    probabilities = PROBS.copy()
    probabilities[row] = values
    return probabilities


@pytest.mark.parametrize(
    ("signals", "said"),
    [
        (Signals(pred_probs=changed(1, [np.nan, 0.5, 0.5])), r"hold NaN or infinity: r2\. Predict them again"),
        (Signals(pred_probs=changed(2, [np.inf, 0, 0])), r"hold NaN or infinity: r3\."),
        (Signals(pred_probs=np.log(PROBS)), r"are negative: r1, r2, r3, r4\. These are logarithms.*apply exp"),
        (Signals(pred_probs=PROBS * 7), r"do not sum to one: r1, r2, r3, r4\. .*not logits"),
        (Signals(pred_probs=changed(3, [0.5, 0.5, 0.1])), r"do not sum to one: r4\."),
        (Signals(pred_probs=PROBS[:3]), r"pred_probs has 3 rows, but the data has 4.*Signals\(ids"),
        (Signals(pred_probs=PROBS[:, :2]), r"pred_probs has 2 columns, but the data has 3 labels.*--classes"),
        (Signals(pred_probs=PROBS[0]), r"pred_probs has the shape \(3,\)"),
        (Signals(pred_probs=PROBS[:, :0]), r"pred_probs has the shape \(4, 0\)"),
        (Signals(pred_probs=PROBS.astype(str)), r"pred_probs holds <U\d+, not numbers"),
        (Signals(pred_probs=PROBS, classes=["a", "b"]), "3 columns, but 2 classes are named"),
        (Signals(pred_probs=PROBS, classes=["a", "b", "b"]), "named twice: b"),
        (Signals(pred_probs=PROBS, classes=["a", "b", "d"]), r"not among the classes of pred_probs: c\. Correct"),
        (Signals(pred_probs=PROBS, ids=["r1", "r2", "r3", "x"]), r"pred_probs says nothing of these samples: r4\."),
        (Signals(pred_probs=PROBS, ids=["r1", "r2", "r3"]), "4 rows, but 3 ids are named"),
        (Signals(pred_probs=PROBS[[0, 1, 2, 3, 0]], ids=["r1", "r2", "r3", "r4", "r1"]), r"ids .* named twice: r1"),
    ],
)
def test_wrong_probabilities_are_refused(samples, signals, said):
    with pytest.raises(InputError, match=said):
        signals.aligned_pred_probs(samples)


@pytest.mark.parametrize(
    ("embeddings", "said"),
    [
        (np.array([[1, 2], [np.nan, 1], [1, 1], [1, 1]]), "hold NaN or infinity for these samples: r2"),
        (np.ones((5, 2)), "embeddings has 5 rows, but the data has 4"),
        (np.ones((4, 2, 2)), r"embeddings has the shape \(4, 2, 2\)"),
        (np.array([["a"]] * 4), "not numbers"),
    ],
)
def test_wrong_embeddings_are_refused(samples, embeddings, said):
    with pytest.raises(InputError, match=said):
        Signals(embeddings=embeddings).aligned_embeddings(samples)


def test_embeddings_become_unit_vectors_and_the_users_array_stays_as_it_was(samples):
    given = np.array([[3, 4], [0, 0], [-1, 0], [1, 1]], dtype=np.float32)
    before = given.copy()
    vectors = Signals(embeddings=given).aligned_embeddings(samples)
    np.testing.assert_allclose(vectors, [[0.6, 0.8], [0, 0], [-1, 0], [0.70710677, 0.70710677]], atol=1e-6)
    np.testing.assert_array_equal(given, before)
    assert vectors.dtype == np.float32


def test_nothing_brought_is_nothing(samples):
    assert Signals().aligned_embeddings(samples) is None
    assert Signals().aligned_pred_probs(samples) is None


@pytest.fixture
def many() -> tuple[Samples, np.ndarray]:
    """A thousand samples and their probabilities, rows that sum to one."""
    probs = np.random.default_rng(0).dirichlet(np.ones(3), 1000).astype(np.float32)
    rows = {"id": [f"r{number}" for number in range(1000)], "text": ["t"] * 1000, "label": ["a", "b", "c", None] * 250}
    return read(pa.table(rows), id="id", label="label"), probs


def test_a_sound_memory_map_stays_where_it_lies(many, tmp_path):
    samples, probs = many
    np.save(tmp_path / "p.npy", probs)
    for source in (tmp_path / "p.npy", np.load(tmp_path / "p.npy", mmap_mode="r")):
        aligned, classes = Signals(pred_probs=source).aligned_pred_probs(samples)
        assert isinstance(aligned, np.memmap)
        assert str(aligned.filename).endswith("p.npy")
        assert classes == ("a", "b", "c")
        np.testing.assert_array_equal(aligned, probs)


def test_other_sources_are_brought_into_order_block_by_block(many, tmp_path, monkeypatch):
    monkeypatch.setattr("labelsift.label_quality.pred_probs.VALUES_AT_ONCE", 100)
    samples, probs = many
    order, names = np.random.default_rng(1).permutation(1000), ["c", "a", "b"]
    moved = probs[order][:, [2, 0, 1]]
    ids = [f"r{row}" for row in order]
    np.save(tmp_path / "p.npy", moved)
    column = pa.FixedSizeListArray.from_arrays(pa.array(moved.ravel()), 3)
    parquet.write_table(pa.table({"pred_probs": column}), tmp_path / "p.parquet")
    kept = np.argsort(-moved, axis=1)
    sparse = TopK(kept, np.take_along_axis(moved, kept, axis=1), 3)
    for source in (moved, tmp_path / "p.npy", str(tmp_path / "p.parquet"), sparse, moved.astype(np.float16)):
        aligned, classes = Signals(pred_probs=source, classes=names, ids=ids).aligned_pred_probs(samples)
        assert classes == ("a", "b", "c")
        np.testing.assert_allclose(aligned, probs, atol=1e-3 if getattr(source, "dtype", 0) == np.float16 else 1e-6)
        assert aligned is not source


def test_what_is_large_and_not_in_memory_goes_to_a_temporary_file(many, tmp_path, monkeypatch):
    samples, probs = many
    np.save(tmp_path / "p.npy", probs * np.float32(1.001))  # to be mended, so it cannot stay where it lies
    monkeypatch.setattr("labelsift.signals.align.IN_MEMORY", 1000)
    aligned, _ = Signals(pred_probs=tmp_path / "p.npy").aligned_pred_probs(samples)
    assert isinstance(aligned, np.memmap)
    np.testing.assert_allclose(aligned, probs, atol=1e-6)
    in_memory, _ = Signals(pred_probs=probs).aligned_pred_probs(samples)
    assert not isinstance(in_memory, np.memmap)
    monkeypatch.setattr("labelsift.signals.align.MOST_DENSE", 1000)
    with pytest.raises(InputError, match=r"would lay out 1,000 × 3 probabilities.*score_labels"):
        Signals(pred_probs=TopK(np.zeros((1000, 1), dtype=int), probs[:, :1], 3)).aligned_pred_probs(samples)


def test_bad_rows_of_files_are_named_by_the_samples_ids(many, tmp_path):
    samples, probs = many
    probs[700] = np.nan
    np.save(tmp_path / "p.npy", probs)
    with pytest.raises(InputError, match=r"hold NaN or infinity: r700\."):
        Signals(pred_probs=tmp_path / "p.npy").aligned_pred_probs(samples)
    renamed = [f"r{999 - number}" for number in range(1000)]
    with pytest.raises(InputError, match=r"hold NaN or infinity: r299\."):
        Signals(pred_probs=tmp_path / "p.npy", ids=renamed).aligned_pred_probs(samples)
