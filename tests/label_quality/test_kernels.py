"""Both engines give the same; order, blocks and repeats change nothing; nothing crashes where no cache can be kept."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import labelsift
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from labelsift.label_quality import blockwise, kernels

FEW = settings(max_examples=40, deadline=None)


def probabilities(seed: int, n: int, classes: int, *, spoiled: bool = False) -> tuple[np.ndarray, np.ndarray]:
    """Draw rows of probabilities and given labels; some of them broken, if asked."""
    rng = np.random.default_rng(seed)
    block = rng.dirichlet(np.full(classes, 0.4), n).astype(np.float32)
    codes = rng.integers(-1, classes, n).astype(np.int32)
    if spoiled:
        for row, values in zip(
            rng.permutation(n)[:5], (np.nan, np.inf, -np.inf, 0, block[-1] * np.float32(1.004)), strict=False
        ):
            block[row] = values
        block[0, 0] = -0.001
    return block, codes


def topk(block: np.ndarray, k: int) -> tuple[np.ndarray, np.ndarray]:
    indices = np.argsort(-block, axis=1, kind="stable")[:, :k].astype(np.int32)
    return indices, np.take_along_axis(block, indices, axis=1)


def everything(block: np.ndarray, codes: np.ndarray, k: int) -> list[np.ndarray]:
    """All kernels' results on some rows."""
    n, classes = block.shape
    dense = kernels.pass1(block, codes)
    indices, values = topk(block, k)
    indices[::7, -1] = -1  # here less is kept
    sparse = kernels.sparse_pass1(indices, values, codes, classes)
    rng = np.random.default_rng(0)
    near, similar = rng.integers(-1, n, (n, 9)), rng.uniform(-0.2, 1, (n, 9))
    votes = kernels.votes(near, similar, codes, np.empty_like(block), counts=rng.random(n), first=0)
    return [
        kernels.faults(block, rounding=0.01),
        kernels.faults(values, rounding=0.01, indices=indices, classes=classes),
        *dense,
        *kernels.pass2(block, codes, kernels.reduce([dense])),
        *sparse,
        *kernels.sparse_pass2(indices, values, codes, kernels.reduce([sparse])),
        votes,
    ]


@FEW
@given(seed=st.integers(0, 10_000), n=st.integers(5, 60), classes=st.integers(2, 9), data=st.data())
def test_numba_and_numpy_give_the_same(seed, n, classes, data):
    block, codes = probabilities(seed, n, classes, spoiled=True)
    k = data.draw(st.integers(1, classes))
    compiled = everything(block, codes, k)
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(kernels, "engine", lambda: blockwise)
        plain = everything(block, codes, k)
    for one, other in zip(compiled, plain, strict=True):
        assert one.dtype == other.dtype
        if one.dtype == np.int64:  # sums of probabilities in parts of 2⁻³²: the last may differ
            np.testing.assert_allclose(one, other, rtol=0, atol=n)
        elif one.dtype == np.float32:
            np.testing.assert_allclose(one, other, rtol=2e-6, atol=1e-7)
        else:
            np.testing.assert_array_equal(one, other)


@pytest.mark.parametrize("engine", ["compiled", "blockwise"])
@FEW
@given(seed=st.integers(0, 10_000), n=st.integers(2, 60), cut=st.integers(1, 59), classes=st.integers(2, 200))
def test_order_and_blocks_change_nothing(engine, seed, n, cut, classes):
    with pytest.MonkeyPatch.context() as patched:
        if engine == "blockwise":
            patched.setattr(kernels, "engine", lambda: blockwise)
        order_and_blocks_change_nothing(seed, n, cut, classes)


def order_and_blocks_change_nothing(seed, n, cut, classes):
    block, codes = probabilities(seed, n, classes, spoiled=True)
    thresholds = kernels.reduce([kernels.pass1(block, codes)])
    whole = kernels.pass2(block, codes, thresholds)
    parts = [slice(0, cut), slice(cut, n)]
    np.testing.assert_array_equal(kernels.reduce(kernels.pass1(block[p], codes[p]) for p in parts), thresholds)
    pieces = [kernels.pass2(block[p], codes[p], thresholds) for p in parts]
    order = np.random.default_rng(seed).permutation(n)
    np.testing.assert_array_equal(kernels.reduce([kernels.pass1(block[order], codes[order])]), thresholds)
    shuffled = kernels.pass2(block[order], codes[order], thresholds)
    doubled = kernels.pass1(np.tile(block, (2, 1)), np.tile(codes, 2))
    np.testing.assert_array_equal(kernels.reduce([doubled]), thresholds)
    for at, name in enumerate(kernels.Judged._fields):
        np.testing.assert_array_equal(np.concatenate([piece[at] for piece in pieces]), whole[at], err_msg=name)
        np.testing.assert_array_equal(shuffled[at], whole[at][order], err_msg=name)


@FEW
@given(seed=st.integers(0, 10_000), n=st.integers(2, 60), classes=st.integers(2, 9))
def test_top_k_of_all_classes_is_dense(seed, n, classes):
    block, codes = probabilities(seed, n, classes)
    indices, values = topk(block, classes)
    dense = kernels.reduce([kernels.pass1(block, codes)])
    sparse = kernels.reduce([kernels.sparse_pass1(indices, values, codes, classes)])
    np.testing.assert_allclose(sparse, dense, atol=1e-9)
    one, other = kernels.pass2(block, codes, dense), kernels.sparse_pass2(indices, values, codes, dense)
    np.testing.assert_allclose(other.given, one.given, rtol=1e-6)
    np.testing.assert_allclose(other.best_other, one.best_other, rtol=1e-6)
    np.testing.assert_array_equal(other.other, one.other)
    np.testing.assert_array_equal(other.confident, one.confident)


def test_passes_follow_their_definition():
    block, codes = probabilities(3, 200, 5)
    thresholds = kernels.reduce([kernels.pass1(block, codes)])
    judged = kernels.pass2(block, codes, thresholds)
    for row in range(200):
        total, code = block[row].astype(float).sum(), codes[row]
        others = [at for at in range(5) if at != code]
        best = max(others, key=lambda at: block[row, at])
        above = [at for at in range(5) if block[row, at] / total >= thresholds[at]]
        assert judged.other[row] == best
        assert judged.best_other[row] == pytest.approx(block[row, best] / total, rel=1e-6)
        assert judged.confident[row] == max(above, key=lambda at: block[row, at], default=-1)
        assert np.isnan(judged.given[row]) if code < 0 else judged.given[row] == pytest.approx(block[row, code] / total)
    means = [(block[codes == code, code] / block[codes == code].sum(axis=1)).mean() for code in range(5)]
    np.testing.assert_allclose(thresholds, means, atol=2e-6)


def test_a_class_without_samples_is_never_confident():
    block = np.array([[0.1, 0.2, 0.7], [0.6, 0.3, 0.1]], dtype=np.float32)
    thresholds = kernels.reduce([kernels.pass1(block, np.array([0, 0]))])
    assert thresholds[0] == pytest.approx(0.35, abs=1e-5)
    assert np.isinf(thresholds[1:]).all()
    assert kernels.pass2(block, np.array([0, 0]), thresholds).confident.tolist() == [-1, 0]


def test_rows_that_are_all_equal_reach_their_own_mean():
    block = np.full((1001, 3), 1 / 3, dtype=np.float32)
    codes = np.arange(1001) % 3
    judged = kernels.pass2(block, codes, kernels.reduce([kernels.pass1(block, codes)]))
    assert (judged.confident == 0).all()


def test_a_label_that_top_k_did_not_keep_has_its_share_of_the_rest():
    indices, values = np.array([[2, 0]], dtype=np.int32), np.array([[0.6, 0.2]], dtype=np.float32)
    thresholds = np.full(6, 0.5)
    judged = kernels.sparse_pass2(indices, values, np.array([5]), thresholds)
    assert judged.given[0] == pytest.approx(0.2 / 4)
    assert (judged.other[0], judged.confident[0]) == (2, 2)
    inexact = np.array([[0.6, 0.01]], dtype=np.float32)  # .39 over four classes is more than the least that was kept
    assert kernels.sparse_pass2(indices, inexact, np.array([5]), thresholds).given[0] == pytest.approx(0.01)
    alone = kernels.sparse_pass2(indices[:, :1], values[:, :1], np.array([2]), thresholds)
    assert alone.other[0] == -1
    assert alone.best_other[0] == pytest.approx(0.4 / 5)


def test_faults_of_top_k_rows():
    indices = np.array([[0, 1], [0, 9], [1, 1], [0, -1], [-1, -1], [0, 1]])
    values = np.array([[0.6, 0.2], [0.6, 0.2], [0.6, 0.2], [0.6, np.nan], [0, 0], [0.9, 0.9]], dtype=np.float32)
    found = kernels.faults(values, rounding=0.01, indices=indices, classes=3)
    assert [kernels.FAULTS.get(one) for one in found] == [
        None,
        "name classes that do not exist",
        "name a class twice",
        None,
        None,
        "do not sum to one",
    ]


@FEW
@given(seed=st.integers(0, 10_000), weighted=st.booleans())
def test_votes_count_by_the_fourth_power_of_the_similarity(seed, weighted):
    rng = np.random.default_rng(seed)
    codes, counts = rng.integers(-1, 6, 80), rng.random(80).astype(np.float32) if weighted else None
    rows, similar = rng.integers(-1, 80, (30, 12)), rng.uniform(-0.2, 1, (30, 12)).astype(np.float32)
    expected = np.full((30, 6), kernels.PRIOR / 6)
    for row in range(30):
        for neighbor, near in zip(rows[row], similar[row], strict=True):
            if neighbor >= 0 and codes[neighbor] >= 0 and near > 0:
                expected[row, codes[neighbor]] += float(near) ** 4 * (1 if counts is None else counts[neighbor])
    expected /= expected.sum(axis=1, keepdims=True)
    found = kernels.votes(rows, similar, codes, np.empty((30, 6), dtype=np.float32), counts=counts)
    np.testing.assert_allclose(found, expected, rtol=1e-5)
    hard = np.zeros((80, 6), dtype=np.float32)
    hard[np.flatnonzero(codes >= 0), codes[codes >= 0]] = 1
    for one in {kernels.engine(), blockwise}:  # a vote for several classes is the same where it is for one only
        empty = np.empty(0, dtype=np.float32) if counts is None else counts
        out = np.empty((30, 6), dtype=np.float32)
        one.soft_votes(rows.astype(np.int32), similar, hard, empty, 4.0, kernels.PRIOR / 6, out)
        np.testing.assert_allclose(out, expected, rtol=1e-4)


def test_a_row_has_no_vote_for_itself():
    rows, similar = np.array([[0, 1], [1, 0]]), np.ones((2, 2), dtype=np.float32)
    out = np.empty((2, 2), dtype=np.float32)
    kernels.votes(rows, similar, np.array([0, 1]), out, first=0)
    np.testing.assert_allclose(out, [[0, 1], [1, 0]], atol=1e-3)


def test_positions_outside_are_refused_before_compiled_code_reads_there():
    block = np.full((2, 3), 1 / 3, dtype=np.float32)
    with pytest.raises(ValueError, match="a code of 3, but 3 classes"):
        kernels.pass1(block, np.array([0, 3]))
    with pytest.raises(ValueError, match="codes for 2 rows"):
        kernels.pass1(block, np.array([0]))
    with pytest.raises(ValueError, match="a position of 7 among 2"):
        kernels.votes(np.array([[7]]), np.ones((1, 1)), np.array([0, 1]), np.empty((1, 2), dtype=np.float32))


def test_the_confident_joint_is_sparse():
    codes, confident = np.array([0, 0, 3899, -1, 2]), np.array([1, 1, 5, 3, -1])
    given_class, sure, number = kernels.pairs(codes, confident, 3900)
    assert (given_class.tolist(), sure.tolist(), number.tolist()) == ([0, 3899], [1, 5], [2, 1])


TRIED = """
import sys
{before}
import numpy as np
from labelsift.label_quality import kernels
block = np.array([[.9, .1], [.2, .8]], dtype=np.float32)
partial = kernels.pass1(block, np.array([0, 0]))
print(kernels.engine().__name__, kernels.reduce([partial]).round(3).tolist())
"""


def run(code: str, **environment: str) -> str:
    variables = {**os.environ, "PYTHONDONTWRITEBYTECODE": "1", **environment}
    done = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True, env=variables)
    assert done.stderr == ""
    return done.stdout.strip()


def test_without_numba_numpy_does_the_work():
    assert run(TRIED.format(before="sys.modules['numba'] = None")) == "labelsift.label_quality.blockwise [0.55, inf]"


@pytest.mark.slow
def test_where_no_cache_can_be_kept_nothing_fails(tmp_path):
    package = tmp_path / "labelsift"
    shutil.copytree(
        Path(labelsift.__file__).parent, package, ignore=shutil.ignore_patterns("__pycache__", "demo", "page")
    )
    shutil.copytree(Path(labelsift.__file__).parent / "page", package / "page")
    (package / "__pycache__").write_text("a file where a folder would have to be: the same for root as for anybody")
    nowhere = str(tmp_path / "labelsift" / "__init__.py" / "folder")
    before = f"sys.path.insert(0, {str(tmp_path)!r})"
    said = run(TRIED.format(before=before), HOME=nowhere, XDG_CACHE_HOME=nowhere, NUMBA_CACHE_DIR="")
    assert said == "labelsift.label_quality.compiled [0.55, inf]"
    loops = f"import sys\n{before}\nimport labelsift.label_quality.spans.crf_numba"
    assert run(loops, HOME=nowhere, XDG_CACHE_HOME=nowhere, NUMBA_CACHE_DIR="") == ""
    kept = tmp_path / "cache"
    run(TRIED.format(before=before), XDG_CACHE_HOME=str(kept), HOME=nowhere, NUMBA_CACHE_DIR="")
    assert list(kept.rglob("compiled.pass1*.nbi"))
