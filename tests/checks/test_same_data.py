"""The same data in another order is judged the same, and two changed labels leave the rest alone."""

from __future__ import annotations

import labelsift as ls
import numpy as np
import pyarrow as pa
import pytest
from labelsift.metrics.compare import compare
from labelsift.models import neighbors
from labelsift.models.neighbors import NeighborIndex
from labelsift.render.comparison_words import verdict
from scipy.stats import spearmanr

ROWS, CLASSES = 900, 6
WORDS = "card bank loan rate fee pin cash app code mail".split()


def world() -> tuple[pa.Table, np.ndarray]:
    """Return rows of overlapping classes, a twentieth of them mislabeled and some texts repeated, and vectors."""
    rng = np.random.default_rng(7)
    truth = rng.integers(0, CLASSES, ROWS)
    vectors = (np.eye(16)[truth] + 0.22 * rng.normal(size=(ROWS, 16))).astype(np.float32)
    texts = [f"{WORDS[code]} {WORDS[int(rng.integers(10))]} {row}" for row, code in enumerate(truth.tolist())]
    for row in range(0, 60, 2):
        texts[row + 1], vectors[row + 1], truth[row + 1] = texts[row], vectors[row], truth[row]
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    labels = np.where(rng.random(ROWS) < 0.05, rng.integers(0, CLASSES, ROWS), truth)
    names = [f"c{code}" for code in labels.tolist()]
    return pa.table({"id": [f"r{row}" for row in range(ROWS)], "text": texts, "label": names}), vectors


def scanned(table: pa.Table, vectors: np.ndarray) -> ls.Report:
    samples = ls.read(table, id="id", text="text", label="label", name="made")
    return ls.scan(samples, signals=ls.Signals(embeddings=vectors), store=None, only=["label"])


def judged(report: ls.Report) -> tuple[np.ndarray, np.ndarray]:
    scores = report.scores["label_score"].to_numpy(zero_copy_only=False)
    return scores, report.scores["is_label_issue"].to_numpy(zero_copy_only=False)


@pytest.fixture(scope="module")
def first() -> ls.Report:
    return scanned(*world())


@pytest.mark.slow
def test_another_order_of_rows_gives_the_same_scores(first):
    table, vectors = world()
    order = np.random.default_rng(1).permutation(ROWS)
    scores, flags = judged(first)
    again, other_flags = judged(scanned(table.take(order), vectors[order]))
    np.testing.assert_allclose(again, scores[order], atol=0.1)  # the clearest errors change places among themselves
    assert spearmanr(again, scores[order]).statistic > 0.999
    assert flags.sum() > 10
    assert (other_flags != flags[order]).sum() <= 1  # sums of floats in another order


@pytest.mark.slow
def test_two_changed_labels_move_no_other_flag_far_and_prove_nothing(first):
    table, vectors = world()
    scores, flags = judged(first)
    labels, changed = table["label"].to_pylist(), np.flatnonzero(flags)[:2].tolist()
    for row in changed:
        labels[row] = first.scores["suggested_label"][row].as_py()
    second = scanned(table.set_column(2, "label", pa.array(labels)), vectors)
    _, other_flags = judged(second)
    flipped = np.setdiff1d(np.flatnonzero(flags != other_flags), changed)
    assert len(flipped) <= 3
    assert np.abs(scores[flipped] - 0.5).max(initial=0) < 0.1
    assert "within chance" in verdict(compare(first, second))


def test_cells_of_neighbours_hang_on_keys(monkeypatch):
    monkeypatch.setattr(neighbors, "EXACT_BELOW", 100)
    monkeypatch.setattr(neighbors, "PROBED", 2)
    rng = np.random.default_rng(3)
    vectors = rng.normal(size=(4_000, 8)).astype(np.float32)
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    keys, order = rng.integers(0, 2**63, 4_000, dtype=np.uint64), rng.permutation(4_000)
    graph = NeighborIndex(vectors, keys=keys).graph(vectors, 5)
    again = NeighborIndex(vectors[order], keys=keys[order]).graph(vectors[order], 5)
    assert (np.where(again.rows < 0, -1, order[again.rows]) == graph.rows[order]).mean() > 0.999
