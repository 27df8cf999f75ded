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
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import labelsift as ls
import numpy as np

if TYPE_CHECKING:
    import pyarrow as pa
    from labelsift.models.vector_index import VectorIndex

K = 10
RANK = 40
CLUSTER_ROWS = 5_000  # more than a cell holds: a cluster is cut into many cells
CONDITIONS = 100  # of each selectivity; every one is searched under twice
Search = Callable[[np.ndarray], np.ndarray]
SPREAD, NOISE = 1.1, 0.25  # length of a row's deviation from its centre, whose length is 1


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
    from labelsift.models.vector_index import VectorIndex

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

    truth = faiss.knn(queries, vectors, 10 * K, faiss.METRIC_INNER_PRODUCT)[1]
    bare = faiss.read_index(str(folder / "index.faiss"))  # in memory: faster than faiss' own memory-mapped one
    if not index.exhaustive:
        how = faiss.SearchParametersIVF(nprobe=1)  # type: ignore[reportCallIssue]
        one = bare.search(queries, K, params=how)[1]
        figures["recall@10 with one cell"] = recall(one, truth[:, :K])
    report = report_of(vectors, index)
    # In pairs, and each of a pair reads vectors of its own: neither finds cells that the other has just brought into
    # the processor's cache.
    pair: tuple[Search, Search] = (
        lambda query: ids_found(report.similar(query[0], k=K)),
        lambda query: bare.search(query, K)[1],
    )
    # Bare faiss has read its file; the memory-mapped one meets each part of it for the first time.
    _, (cold, beside_cold) = alternately(vectors[:count], *pair)
    found, (whole, plain) = alternately(queries, *pair)
    _, (own, beside) = alternately(
        queries, lambda query: index.search(query, K)[0], lambda query: bare.search(query, K)[1]
    )
    figures["recall@10"] = recall(found, truth[:, :K])
    figures["recall@100"] = recall(index.search(queries, 10 * K)[0], truth)
    for name, milliseconds in (
        ("report.similar, the first after opening", cold),
        ("report.similar", whole),
        ("bare faiss", plain),
        ("index alone", own),
        ("bare faiss beside the index alone", beside),
    ):
        figures[f"{name} p50, ms"], figures[f"{name} p99, ms"] = middle_and_worst(milliseconds)
    figures["index alone : bare faiss (p50)"] = statistics.median(own) / statistics.median(beside)
    ratio = statistics.median(cold) / statistics.median(beside_cold)
    figures["report.similar : bare faiss, the first (p50)"] = ratio
    figures["report.similar : bare faiss (p50)"] = statistics.median(whole) / statistics.median(plain)
    filtered(figures, report, vectors, queries)
    beside_sklearn(figures, vectors, queries)
    return figures


class Kept:
    """Stands for the store that keeps a report's index."""

    def __init__(self, index: VectorIndex) -> None:
        self.index = index

    def cached_index(self, run: str, vectors: np.ndarray) -> VectorIndex:
        """Return the index."""
        return self.index


def report_of(vectors: np.ndarray, index: VectorIndex) -> ls.Report:
    """Return a report of a million samples: with ids, texts, labels, and a column ``chance`` to filter by."""
    import pyarrow as pa

    n = len(vectors)
    rng = np.random.default_rng(1)
    samples = {
        "id": [f"s{at}" for at in range(n)],
        "text": [f"Some text of about sixty characters, as they are usual: {at}" for at in range(n)],
        "label": [f"class {at % 20}" for at in range(n)],
    }
    table = pa.concat_tables(pa.table(samples).slice(at, 65_536) for at in range(0, n, 65_536))
    metadata = pa.table({"chance": rng.random(n)})
    nothing = pa.table({"id": samples["id"]})
    report = ls.Report(
        "benchmark", datetime.now(UTC), ls.Samples(table, metadata), nothing, nothing[:0], embeddings=vectors
    )
    report.store = Kept(index)  # type: ignore[assignment]
    return report


def ids_found(found: pa.Table) -> np.ndarray:
    """Return the rows of what was found: int64, shape (1, k)."""
    return np.array([[int(id[1:]) for id in found["id"].to_pylist()]])


def filtered(figures: dict[str, float], report: ls.Report, vectors: np.ndarray, queries: np.ndarray) -> None:
    """Search among 5 % and .1 % of the rows, under conditions that are each used twice: new, and known."""
    import faiss

    start = time.perf_counter()
    report.selection.matching("chance < 2")
    figures["column handed to the engine, once, ms"] = 1000 * (time.perf_counter() - start)
    chance = report.samples.metadata["chance"].to_numpy()
    for share in (0.05, 0.001):
        spent: dict[str, list[float]] = {"new condition": [], "known condition": []}
        found, truth = [], []
        for at in range(CONDITIONS):
            least = 0.9 * at / CONDITIONS
            where = f"chance >= {least} AND chance < {least + share}"
            matching = np.flatnonzero((chance >= least) & (chance < least + share))
            pair = queries[2 * at : 2 * at + 2]
            truth.append(matching[faiss.knn(pair, vectors[matching], K, faiss.METRIC_INNER_PRODUCT)[1]])
            for query, name in zip(pair, spent, strict=True):
                start = time.perf_counter()
                one = ids_found(report.similar(query, k=K, where=where))
                spent[name].append(1000 * (time.perf_counter() - start))
                found.append(one[0])
        figures[f"{share:.1%}: recall@10"] = recall(np.array(found), np.concatenate(truth))
        for name, milliseconds in spent.items():
            p50, p99 = middle_and_worst(milliseconds)
            figures[f"{share:.1%}, {name}: p50, ms"], figures[f"{share:.1%}, {name}: p99, ms"] = p50, p99


def beside_sklearn(figures: dict[str, float], vectors: np.ndarray, queries: np.ndarray) -> None:
    """Search the same rows with scikit-learn's exhaustive search by cosine, a few queries."""
    from sklearn.neighbors import NearestNeighbors

    brute = NearestNeighbors(n_neighbors=K, algorithm="brute", metric="cosine").fit(vectors)
    _, (milliseconds,) = alternately(queries[:7], lambda query: brute.kneighbors(query, return_distance=False))
    figures["scikit-learn brute force p50, ms"] = statistics.median(milliseconds)
    figures["times faster than scikit-learn"] = statistics.median(milliseconds) / figures["report.similar p50, ms"]


def alternately(queries: np.ndarray, *searches: Search) -> tuple[np.ndarray, list[list[float]]]:
    """Run each query through every search, in changing order: (rows of the first, milliseconds of each)."""
    spent: list[list[float]] = [[] for _ in searches]
    rows = []
    for at in range(len(queries)):
        query = queries[at : at + 1]
        turns = list(enumerate(searches))
        first = at % len(searches)  # none always finds another's warm caches
        for number, search in [*turns[first:], *turns[:first]]:
            start = time.perf_counter()
            found = search(query)
            spent[number].append(1000 * (time.perf_counter() - start))
            if number == 0:
                rows.append(found[0])
    return np.array(rows), spent


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
