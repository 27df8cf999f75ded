"""Similar-sample search on one core: speed, recall, filters, cost of the index; beside bare faiss and scikit-learn.

    python -m benchmarks.similar [--rows 1000000 --dimensions 256]

The data are a seeded mixture that is hard for an inverted file: every cluster spreads over 40 directions of its own
and overlaps others (printed: its local dimension, and the recall when only one cell is visited). Queries are
further draws of the same mixture, not rows of the index. Prints a table and one line of JSON.
"""

from __future__ import annotations

import argparse
import json
import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from labelsift.vectors import VectorIndex

K = 10
RANK = 40
CLUSTER_ROWS = 500
Search = Callable[[np.ndarray], np.ndarray]
SPREAD, NOISE = 0.85, 0.25  # length of a row's deviation from its centre, whose length is 1


def main() -> None:
    """Measure everything on one thread."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--dimensions", type=int, default=256)
    parser.add_argument("--queries", type=int, default=1_000)
    options = parser.parse_args()
    import faiss
    from threadpoolctl import threadpool_limits

    faiss.omp_set_num_threads(1)
    with threadpool_limits(1), tempfile.TemporaryDirectory() as folder:
        figures = measured(options.rows, options.dimensions, options.queries, Path(folder))
    for name, value in figures.items():
        print(f"{name:<58} {value:>12,.4f}" if isinstance(value, float) else f"{name:<58} {value:>12,}")
    print(json.dumps(figures))


def mixture(rows: int, dimensions: int, *, queries: int, seed: int = 0) -> tuple[np.ndarray, np.ndarray, float]:
    """Return (vectors, queries, local dimension): unit rows, float32, in no order.

    The local dimension is the participation ratio (sum of the eigenvalues squared over the sum of their squares)
    of one cluster's covariance within its 2 × RANK largest directions: how many directions it spreads over.
    """
    rng = np.random.default_rng(seed)
    total = rows + queries
    clusters = max(total // CLUSTER_ROWS, 2)
    cluster = rng.integers(0, clusters, total)
    order = np.argsort(cluster, kind="stable")
    ends = np.cumsum(np.bincount(cluster, minlength=clusters))
    vectors = np.empty((total, dimensions), dtype=np.float32)
    for one, end in enumerate(ends):
        members = order[ends[one - 1] if one else 0 : end]
        basis = np.linalg.qr(rng.standard_normal((dimensions, RANK), dtype=np.float32))[0]
        centre = rng.standard_normal(dimensions, dtype=np.float32)
        spread = rng.standard_normal((len(members), RANK), dtype=np.float32) @ basis.T * (SPREAD / RANK**0.5)
        noise = rng.standard_normal((len(members), dimensions), dtype=np.float32) * (NOISE / dimensions**0.5)
        vectors[members] = centre / np.linalg.norm(centre) + spread + noise
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    some = vectors[cluster == 0]
    spread = np.linalg.svd(some - some.mean(axis=0), compute_uv=False)[: 2 * RANK] ** 2
    return vectors[:rows], vectors[rows:], float(spread.sum() ** 2 / (spread**2).sum())


def measured(rows: int, dimensions: int, count: int, folder: Path) -> dict[str, float]:
    """Build, save, open and search; return what it took."""
    import faiss
    from labelsift.vectors import VectorIndex

    vectors, queries, local = mixture(rows, dimensions, queries=count)
    figures: dict[str, float] = {"rows": rows, "dimensions": dimensions, "local dimension": local}
    start = time.process_time()
    built = VectorIndex.build(vectors)
    figures["build, CPU s"] = time.process_time() - start
    built.save(folder / "index.faiss")
    figures["file, MB"] = (folder / "index.faiss").stat().st_size / 1e6
    del built
    start = time.perf_counter()
    index = VectorIndex.open(folder / "index.faiss")
    index.search(queries[:1], K)
    figures["open and first query, s"] = time.perf_counter() - start
    figures["cells visited"], figures["cells"] = index.visited

    truth = faiss.knn(queries, vectors, K, faiss.METRIC_INNER_PRODUCT)[1]
    bare = faiss.read_index(str(folder / "index.faiss"))  # in memory: faster than faiss' own memory-mapped one
    if not index.exhaustive:
        one = bare.search(queries, K, params=faiss.SearchParametersIVF(nprobe=1))[1]
        figures["recall@10 with one cell"] = recall(one, truth)
    rows_found, milliseconds, plain = alternately(
        queries, lambda query: index.search(query, K)[0], lambda query: bare.search(query, K)[1]
    )
    figures["recall@10"] = recall(rows_found, truth)
    figures["query p50, ms"], figures["query p99, ms"] = middle_and_worst(milliseconds)
    figures["bare faiss p50, ms"], figures["bare faiss p99, ms"] = middle_and_worst(plain)
    figures["ratio to bare faiss (p50)"] = figures["query p50, ms"] / figures["bare faiss p50, ms"]
    filtered(figures, index, vectors, queries)
    beside_sklearn(figures, vectors, queries)
    return figures


def filtered(figures: dict[str, float], index: VectorIndex, vectors: np.ndarray, queries: np.ndarray) -> None:
    """Search among 5 % and .1 % of the rows, chosen by chance."""
    import faiss

    rng = np.random.default_rng(1)
    for share in (0.05, 0.001):
        matching = rng.random(len(vectors)) < share
        places = np.flatnonzero(matching)
        some = queries[:200]
        nearest = places[faiss.knn(some, vectors[places], K, faiss.METRIC_INNER_PRODUCT)[1]]
        found, milliseconds, _ = alternately(some, lambda query, m=matching: index.search_among(m, query, K)[0])
        figures[f"filtered to {share:.1%}: recall@10"] = recall(found, nearest)
        name = f"filtered to {share:.1%}: query"
        figures[f"{name} p50, ms"], figures[f"{name} p99, ms"] = middle_and_worst(milliseconds)


def beside_sklearn(figures: dict[str, float], vectors: np.ndarray, queries: np.ndarray) -> None:
    """Search the same rows with scikit-learn's exhaustive search by cosine, a few queries."""
    from sklearn.neighbors import NearestNeighbors

    brute = NearestNeighbors(n_neighbors=K, algorithm="brute", metric="cosine").fit(vectors)
    _, milliseconds, _ = alternately(queries[:7], lambda query: brute.kneighbors(query, return_distance=False))
    figures["scikit-learn brute force p50, ms"] = statistics.median(milliseconds)
    figures["times faster than scikit-learn"] = statistics.median(milliseconds) / figures["query p50, ms"]


def alternately(queries: np.ndarray, *searches: Search) -> tuple[np.ndarray, list[float], list[float]]:
    """Run each query through one or two searches in turn: (rows of the first, milliseconds of each)."""
    spent: tuple[list[float], list[float]] = ([], [])
    rows = []
    for at in range(len(queries)):
        query = queries[at : at + 1]
        turns = list(zip(searches, spent, strict=False))
        for search, times in turns if at % 2 else turns[::-1]:  # neither always finds the other's warm caches
            start = time.perf_counter()
            found = search(query)
            times.append(1000 * (time.perf_counter() - start))
            if search is searches[0]:
                rows.append(found[0])
    return np.array(rows), *spent


def middle_and_worst(milliseconds: list[float]) -> tuple[float, float]:
    """Return (p50, p99)."""
    p50, p99 = np.percentile(milliseconds, [50, 99])
    return float(p50), float(p99)


def recall(found: np.ndarray, truth: np.ndarray) -> float:
    """Return the share of the true neighbours that were found."""
    hits = [len(set(one) & set(other)) for one, other in zip(found.tolist(), truth.tolist(), strict=True)]
    return sum(hits) / truth.size


if __name__ == "__main__":
    main()
