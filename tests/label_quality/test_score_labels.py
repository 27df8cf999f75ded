"""Scores of labels by probabilities alone: the same whatever holds them and in whatever order they come."""

from __future__ import annotations

import json
import warnings
from pathlib import Path

import labelsift as ls
import numpy as np
import pyarrow as pa
import pyarrow.parquet as parquet
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from labelsift.errors import InputError
from labelsift.label_quality import pred_probs as probabilities
from labelsift.label_quality.score_labels import NOTES, quality

FEW = settings(max_examples=30, deadline=None)
IMDB = Path(__file__).parents[3] / "shared" / "data" / "imdb_probs" / "data.npz"
COLUMNS = ["label_score", "is_label_issue", "suggested_label", "confidence"]


def data(seed: int, n: int, classes: int) -> tuple[np.ndarray, np.ndarray]:
    """Draw labels (some wrong, some missing) and probabilities that know most true ones."""
    rng = np.random.default_rng(seed)
    truth = np.concatenate([np.arange(classes), rng.integers(0, classes, n)])
    logits = rng.normal(0, 1, (len(truth), classes))
    logits[np.arange(len(truth)), truth] += 3
    probs = np.exp(logits).astype(np.float32)
    labels = np.where(rng.random(len(truth)) < 0.2, rng.integers(-1, classes, len(truth)), truth)
    labels[:classes] = np.arange(classes)
    return labels, probs / probs.sum(axis=1, keepdims=True)


def scored(labels, probs, **more) -> pa.Table:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return ls.score_labels(labels, probs, **more)


def plain(table: pa.Table) -> pa.Table:
    return table.replace_schema_metadata(None)


@FEW
@given(seed=st.integers(0, 10_000), n=st.integers(1, 80), classes=st.integers(2, 8))
def test_permuting_rows_permutes_the_result(seed, n, classes):
    labels, probs = data(seed, n, classes)
    order = np.random.default_rng(seed).permutation(len(labels))
    assert plain(scored(labels[order], probs[order])) == plain(scored(labels, probs)).take(pa.array(order))


@FEW
@given(seed=st.integers(0, 10_000), n=st.integers(1, 80), classes=st.integers(2, 8))
def test_permuting_classes_permutes_the_result(seed, n, classes):
    labels, probs = data(seed, n, classes)
    order = np.random.default_rng(seed).permutation(classes)
    place = np.append(np.argsort(order), -1)
    first, other = scored(labels, probs), scored(place[labels], probs[:, order])
    for name in ("label_score", "confidence"):
        np.testing.assert_allclose(other[name].to_numpy(), first[name].to_numpy(), rtol=1e-5)
    assert other["is_label_issue"] == first["is_label_issue"]
    back = pa.array(order).take(other["suggested_label"].combine_chunks())
    assert back.equals(first["suggested_label"].combine_chunks())


@FEW
@given(seed=st.integers(0, 10_000), n=st.integers(1, 80), at_once=st.integers(1, 300))
def test_blocks_of_any_size_give_the_same(seed, n, at_once):
    labels, probs = data(seed, n, 4)
    with pytest.MonkeyPatch.context() as patched:
        expected = scored(labels, probs)
        patched.setattr(probabilities, "VALUES_AT_ONCE", at_once)
        assert scored(labels, probs) == expected


@FEW
@given(seed=st.integers(0, 10_000), n=st.integers(1, 60), times=st.integers(2, 4))
def test_a_duplicated_data_set_keeps_its_scores(seed, n, times):
    labels, probs = data(seed, n, 4)
    once = plain(scored(labels, probs))
    assert plain(scored(np.tile(labels, times), np.tile(probs, (times, 1)))).slice(0, len(labels)) == once


@FEW
@given(seed=st.integers(0, 10_000), n=st.integers(1, 60), classes=st.integers(2, 8))
def test_top_k_of_all_classes_is_dense(seed, n, classes):
    labels, probs = data(seed, n, classes)
    indices = np.argsort(-probs, axis=1)
    sparse = scored(labels, ls.TopK(indices, np.take_along_axis(probs, indices, axis=1), classes))
    dense = scored(labels, probs)
    assert sparse.select(COLUMNS[1:3]) == dense.select(COLUMNS[1:3])
    for name in ("label_score", "confidence"):
        np.testing.assert_allclose(sparse[name].to_numpy(), dense[name].to_numpy(), rtol=1e-5)


def test_every_source_gives_the_same(tmp_path):
    labels, probs = data(1, 500, 6)
    np.save(tmp_path / "p.npy", probs)
    column = pa.FixedSizeListArray.from_arrays(pa.array(probs.ravel()), 6)
    parquet.write_table(pa.table({"pred_probs": column}), tmp_path / "p.parquet")
    expected = scored(labels, probs)
    for source in (tmp_path / "p.npy", str(tmp_path / "p.parquet"), np.load(tmp_path / "p.npy", mmap_mode="r")):
        assert scored(labels, source) == expected
    np.testing.assert_allclose(
        scored(labels, probs.astype(np.float16))["label_score"], expected["label_score"], atol=0.01
    )


def test_the_score_follows_its_formula_and_the_flags_theirs():
    probs = np.array([[0.9, 0.1, 0], [0.2, 0.7, 0.1], [0.1, 0.1, 0.8], [0.3, 0.4, 0.3]])
    table = scored([0, 0, 2, 1], probs)
    expected = [((g - b) / (g + b) ** 0.75 + 1) / 2 for g, b in ((0.9, 0.1), (0.2, 0.7), (0.8, 0.1), (0.4, 0.3))]
    np.testing.assert_allclose(table["label_score"], expected, rtol=1e-5)
    assert table["is_label_issue"].to_pylist() == [False, True, False, False]
    assert table["suggested_label"].to_pylist() == [1, 1, 0, 0]
    np.testing.assert_allclose(table["confidence"], [0.1, 0.7, 0.1, 0.3], rtol=1e-6)
    assert quality(np.float32([1, 0]), np.float32([0, 1])).tolist() == [1, 0]


def test_injected_errors_come_first():
    rng = np.random.default_rng(100)
    labels, probs = data(100, 2000, 10)
    truth = labels.copy()
    wrong = rng.permutation(len(labels))[:200]
    labels[wrong] = (truth[wrong] + 1) % 10
    table = scored(labels, probs, budget=200)
    flagged = table["is_label_issue"].to_numpy()
    assert flagged.sum() == 200
    assert np.isin(
        np.flatnonzero(flagged), np.concatenate([wrong, np.flatnonzero(truth != probs.argmax(axis=1))])
    ).all()


def test_labels_in_many_forms():
    probs = np.array([[0.9, 0.1], [0.2, 0.8], [0.7, 0.3]])
    names = ["a", "b"]
    expected = scored(["a", "b", "b"], probs)
    assert expected["suggested_label"].to_pylist() == ["b", "a", "a"]
    for labels in (np.array([0, 1, 1]), pa.array([0, 1, 1]), np.array(["a", "b", "b"], dtype=object), [0.0, 1.0, 1.0]):
        assert scored(labels, probs, classes=names) == expected
    assert scored(pa.chunked_array([["a"], ["b", "b"]]).dictionary_encode(), probs) == expected
    numbered = scored([7, 3, 3], probs, classes=[7, 3])
    assert numbered["suggested_label"].to_pylist() == [3, 7, 7]
    assert scored(["7", "3", "3"], probs, classes=[7, 3]) == numbered
    assert scored([False, True, True], probs)["suggested_label"].to_pylist() == [1, 0, 0]
    partly = scored(["a", None, "b"], probs, ids=["x", "y", "z"])
    assert partly.column_names == ["id", *COLUMNS]
    assert partly.slice(1, 1).to_pylist() == [
        {"id": "y", "label_score": None, "is_label_issue": False, "suggested_label": None, "confidence": None}
    ]


@pytest.mark.parametrize(
    ("labels", "more", "said"),
    [
        (["a", "b"], {}, "pred_probs has 3 rows, but there are 2 labels"),
        (["a", "b", "c"], {}, "pred_probs has 2 columns, but there are 3 different labels"),
        (["a", "b", "c"], {"classes": ["a", "b"]}, r"not among the classes of pred_probs: c\."),
        (["a", "b", "b"], {"classes": ["a", "a"]}, "named twice: a"),
        (["a", "b", "b"], {"classes": ["a"]}, "2 columns, but 1 classes"),
        ([0, 1, 2], {}, r"no columns of pred_probs, which are 0 to 1: 2 \(row 2\)"),
        ([0.5, 1, 1], {}, "neither names nor whole numbers"),
        ([[1], [0], [1]], {}, "neither names nor whole numbers"),
        ([None, -1, None], {}, "No sample has a label"),
        ([0, 1, 1], {"budget": 0}, "A budget of 0"),
        ([0, 1, 1], {"ids": ["x", "x", "y"]}, "2 ids for 3 labels"),
    ],
)
def test_what_does_not_fit_is_refused(labels, more, said):
    with pytest.raises(InputError, match=said):
        ls.score_labels(labels, np.array([[0.9, 0.1], [0.2, 0.8], [0.7, 0.3]]), **more)


def test_bad_rows_are_refused_by_their_ids():
    probs = np.array([[0.9, 0.1], [np.nan, 0.8], [0.7, 0.3]])
    with pytest.raises(InputError, match=r"hold NaN or infinity: y\."):
        ls.score_labels([0, 1, 1], probs, ids=["x", "y", "z"])


def test_a_class_without_samples_is_suggested_but_flags_nobody():
    probs = np.array([[0.1, 0.2, 0.7], [0.2, 0.7, 0.1], [0.7, 0.2, 0.1]])
    table = scored([0, 1, 0], probs)
    assert table["suggested_label"].to_pylist() == [2, 0, 1]
    assert not any(table["is_label_issue"].to_pylist())


def test_rows_that_are_all_equal_are_said_and_flag_nobody():
    with pytest.warns(UserWarning, match="All rows of pred_probs are the same"):
        table = ls.score_labels(np.arange(999) % 3, np.full((999, 3), 1 / 3))
    assert not any(table["is_label_issue"].to_pylist())
    assert json.loads(table.schema.metadata[NOTES])[0].startswith("All rows")
    assert set(table["label_score"].to_pylist()) == {0.5}


def test_classes_in_a_wrong_order_are_refused():
    labels, probs = data(5, 1000, 6)
    with pytest.raises(InputError, match=r"look out of order: .* 0 → .*classes=…"):
        ls.score_labels(labels, probs[:, [1, 2, 3, 4, 5, 0]])
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        ls.score_labels(labels, probs)


def test_no_more_than_a_block_is_held_of_the_probabilities(tmp_path):
    """Numpy's own memory is measured: beside the arrays that are given, some bytes a row."""
    import tracemalloc

    labels, probs = data(2, 100_000, 40)
    scored(labels[:100], probs[:100])
    tracemalloc.start()
    try:
        scored(labels, probs)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert peak < 80 * len(labels) + 20 * probabilities.VALUES_AT_ONCE < probs.nbytes


@pytest.mark.skipif(not IMDB.exists(), reason="needs ../shared/data/imdb_probs")
def test_published_probabilities_off_by_rounding_are_accepted():
    imdb = np.load(IMDB)
    off = np.abs(imdb["pred_probs"].sum(axis=1, dtype=np.float64) - 1).max()
    assert off > 1e-6
    table = ls.score_labels(imdb["label"], imdb["pred_probs"])
    score, verified = table["label_score"].to_numpy(), imdb["verified"]
    assert np.isfinite(score).all()
    wrong = imdb["error"][verified]
    ranks = score[verified].argsort().argsort()
    auroc = (ranks[~wrong].mean() - ranks[wrong].mean()) / len(ranks) + 0.5
    assert auroc > 0.5  # people looked only at rows that another method had flagged
