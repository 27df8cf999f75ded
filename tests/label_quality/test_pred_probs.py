"""Probabilities from any source are the same probabilities, and what is none is refused by name."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pyarrow.parquet as parquet
import pytest
from labelsift.errors import InputError
from labelsift.label_quality.pred_probs import FAULTS, Block, Dense, TopK, checked, row_faults, slices
from labelsift.label_quality.pred_probs_files import ParquetProbabilities, opened

CLASSES = 5


@pytest.fixture
def probs() -> np.ndarray:
    return np.random.default_rng(0).dirichlet(np.full(CLASSES, 0.5), 20_000).astype(np.float32)


def whole(source) -> np.ndarray:
    """Put the blocks together, and assert that they go through the rows one after the other."""
    parts, start = [], 0
    for block in source.blocks():
        assert block.rows.start == start
        assert block.values.dtype == np.float32
        assert len(block.values) == block.rows.stop - start
        parts.append(block.dense(source.shape[1]))
        start = block.rows.stop
    assert start == source.shape[0]
    return np.concatenate(parts)


def lists(values: np.ndarray, kind: str) -> pa.Array:
    flat = pa.array(values.ravel())
    if kind == "fixed":
        return pa.FixedSizeListArray.from_arrays(flat, values.shape[1])
    offsets = np.arange(0, values.size + 1, values.shape[1])
    if kind == "large":
        return pa.LargeListArray.from_arrays(pa.array(offsets), flat)
    return pa.ListArray.from_arrays(pa.array(offsets, pa.int32()), flat)


@pytest.mark.parametrize("kind", [np.float16, np.float32, np.float64])
def test_arrays_and_npy_files_of_any_float(probs, tmp_path, kind):
    np.save(tmp_path / "p.npy", probs.astype(kind))
    for source in (opened(probs.astype(kind)), opened(tmp_path / "p.npy"), opened(str(tmp_path / "p.npy"))):
        assert source.shape == probs.shape
        np.testing.assert_array_equal(whole(source), probs.astype(kind).astype(np.float32))
    assert isinstance(opened(tmp_path / "p.npy").array, np.memmap)


def test_arrays_in_any_layout(probs):
    np.testing.assert_array_equal(whole(opened(np.asfortranarray(probs))), probs)
    np.testing.assert_array_equal(whole(opened(probs[::-2])), probs[::-2])
    np.testing.assert_array_equal(whole(opened(probs[:3].tolist())), probs[:3])


def test_a_memory_map_is_read_again_after_its_pages_were_let_go(probs, tmp_path, monkeypatch):
    monkeypatch.setattr("labelsift.label_quality.pred_probs._LET_GO", 10_000)
    np.save(tmp_path / "p.npy", probs)
    source = opened(tmp_path / "p.npy")
    assert source.array.mode == "r"
    for _ in range(2):
        np.testing.assert_array_equal(whole(source), probs)
    changed = np.load(tmp_path / "p.npy", mmap_mode="c")
    changed[:] = probs[::-1]  # in memory only: it would be lost with its pages
    np.testing.assert_array_equal(whole(opened(changed)), probs[::-1])


@pytest.mark.parametrize("kind", ["fixed", "large", "list"])
@pytest.mark.parametrize("column", ["pred_probs", "anything"])
def test_parquet_columns(probs, tmp_path, kind, column):
    table = pa.table({"id": pa.array(range(len(probs))), column: lists(probs.astype(np.float64), kind)})
    parquet.write_table(table, tmp_path / "p.parquet", row_group_size=7_001)
    source = opened(tmp_path / "p.parquet")
    assert source.shape == probs.shape
    np.testing.assert_array_equal(whole(source), probs)
    np.testing.assert_array_equal(whole(source), probs)  # a second pass is the same


def test_top_k_from_arrays_and_parquet(probs, tmp_path):
    indices = np.argsort(-probs, axis=1)[:, :3]
    values = np.take_along_axis(probs, indices, axis=1)
    table = {"pred_probs": lists(values, "list"), "pred_probs_indices": lists(indices.astype(np.int32), "list")}
    parquet.write_table(pa.table(table), tmp_path / "p.parquet")
    array, file = TopK(indices, values, CLASSES), opened(tmp_path / "p.parquet")
    assert file.shape == array.shape == probs.shape
    dense = whole(array)
    np.testing.assert_array_equal(whole(file), dense)
    np.testing.assert_array_equal(np.take_along_axis(dense, indices, axis=1), values)
    np.testing.assert_allclose(dense.sum(axis=1), 1, atol=1e-5)
    wider = ParquetProbabilities(str(tmp_path / "p.parquet"), classes=9)
    assert wider.shape == opened(tmp_path / "p.parquet", classes=9).shape == (len(probs), 9)
    assert whole(TopK([[1, 0]], [[0.5, 0.5]], 2)).tolist() == [[0.5, 0.5]]


def test_top_k_lists_may_differ_in_length(tmp_path):
    table = {"pred_probs": [[0.9], [0.5, 0.4]], "pred_probs_indices": [[2], [0, 1]]}
    parquet.write_table(pa.table(table), tmp_path / "p.parquet")
    np.testing.assert_allclose(whole(opened(tmp_path / "p.parquet")), [[0.05, 0.05, 0.9], [0.5, 0.4, 0.1]], atol=1e-6)


@pytest.mark.parametrize(
    ("columns", "said"),
    [
        ({"pred_probs": [[0.5, 0.5], [1.0]]}, r"the length of pred_probs is not the others' length: 1\."),
        ({"pred_probs": [[0.5, 0.5], None]}, r"the length of pred_probs is not the others' length: 1\."),
        (
            {"pred_probs": [[0.5], [0.2]], "pred_probs_indices": [[0], [0, 1]]},
            r"the length of pred_probs is not that of pred_probs_indices: 1\.",
        ),
        ({"a": [[0.5]], "b": [[0.5]]}, r"has 2 columns of lists of floats: a, b\. Call the one .* pred_probs"),
        ({"a": [0.5]}, "has 0 columns of lists of floats"),
    ],
)
def test_columns_without_the_form_of_probabilities_are_refused(tmp_path, columns, said):
    parquet.write_table(pa.table(columns), tmp_path / "p.parquet")
    with pytest.raises(InputError, match=said):
        list(opened(tmp_path / "p.parquet").blocks())


def test_files_that_cannot_be_read_are_refused(tmp_path):
    (tmp_path / "p.parquet").write_text("no parquet")
    (tmp_path / "p.npy").write_text("no array")
    for name, said in (("p.parquet", "cannot be read as parquet"), ("p.npy", "no array of numpy"), ("x.npy", "no arr")):
        with pytest.raises(InputError, match=said):
            opened(tmp_path / name)
    np.save(tmp_path / "objects.npy", np.array([{}, None], dtype=object), allow_pickle=True)
    with pytest.raises(InputError, match="no array of numpy"):
        opened(tmp_path / "objects.npy")
    with pytest.raises(InputError, match=r"no such column: x\. It has: pred_probs"):
        parquet.write_table(pa.table({"pred_probs": [[0.5]]}), tmp_path / "q.parquet")
        ParquetProbabilities(str(tmp_path / "q.parquet"), column="x")


def test_top_k_arrays_must_belong_together():
    with pytest.raises(InputError, match=r"shape \(3, 2\), the values \(3, 1\)"):
        TopK(np.zeros((3, 2), dtype=int), np.zeros((3, 1)), 5)
    with pytest.raises(InputError, match="integers and floats"):
        TopK(np.zeros((3, 2)), np.zeros((3, 2), dtype=int), 5)


@pytest.mark.parametrize(
    ("row", "said"),
    [
        ([np.nan, 0.5, 0.5, 0, 0], r"hold NaN or infinity: 17000\. Predict them again"),
        ([1.5, -0.5, 0, 0, 0], r"are negative: 17000\. .*softmax"),
        ([0.5, 0.3, 0, 0, 0], r"do not sum to one: 17000\."),
        ([0, 0, 0, 0, 0], r"do not sum to one: 17000\."),
    ],
)
def test_rows_that_are_no_probabilities_are_refused_by_name(probs, row, said):
    probs[17_000] = row
    with pytest.raises(InputError, match=said):
        list(checked(Dense(probs)))
    with pytest.raises(InputError, match=said.replace("17000", "row-17000")):
        list(checked(Dense(probs), lambda rows: [f"row-{row}" for row in rows]))


def test_top_k_rows_that_are_no_probabilities_are_refused_by_name():
    values = np.array([[0.6, 0.2], [0.6, 0.2]], dtype=np.float32)
    for indices, said in (([2, 5], "classes that do not exist: 1. Number"), ([2, 2], "a class twice: 1.")):
        with pytest.raises(InputError, match=said):
            list(checked(TopK(np.array([[0, 1], indices]), values, CLASSES)))
    with pytest.raises(InputError, match="do not sum to one: 0, 1"):
        list(checked(TopK(np.array([[0, 1], [0, 1]]), values * 2, CLASSES)))


def test_blocks_are_small_and_cover_all_rows():
    parts = list(slices(1000, 77_000))
    assert [part.stop - part.start for part in parts][:2] == [3, 3]
    assert parts[-1].stop == 1000
    assert list(slices(0, 7)) == []
    assert list(slices(2, 10**9)) == [slice(0, 1), slice(1, 2)]


def test_nothing_kept_is_nothing_known():
    block = Block(slice(0, 1), np.zeros((1, 2), dtype=np.float32), np.array([[-1, -1]], dtype=np.int32))
    assert np.isnan(block.dense(3)).all()


def test_faults_of_top_k_rows():
    indices = np.array([[0, 1], [0, 9], [1, 1], [0, -1], [-1, -1], [0, 1]])
    values = np.array([[0.6, 0.2], [0.6, 0.2], [0.6, 0.2], [0.6, np.nan], [0, 0], [0.9, 0.9]], dtype=np.float32)
    faults = row_faults(values, rounding=0.01, indices=indices, classes=3)
    assert [FAULTS.get(fault) for fault in faults] == [
        None,
        "name classes that do not exist",
        "name a class twice",
        None,
        None,
        "do not sum to one",
    ]
