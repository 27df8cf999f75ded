"""What label scores cost: ours beside cleanlab's find_label_issues, and many classes as top-k.

``python -m benchmarks.label_cost`` makes probabilities of a million rows and 77 classes (float32), and lets each way
judge them in a process of its own: it loads the same file, warms up on a few rows (that time, with imports, is told
apart), then measures CPU seconds, and by how much the work raises the process's peak memory. Then a million rows of
3,900 classes as the 20 likeliest each.
"""

from __future__ import annotations

import argparse
import json
import resource
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np

ROWS, CLASSES, MANY, KEPT = 1_000_000, 77, 3_900, 20
_AT_ONCE, _WARM = 20_000, 2_000
NOISE = 0.1


def main() -> None:
    """Print a line for each way."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=ROWS)
    parser.add_argument("--way", choices=["make", *WAYS], help="Measure this one here; used by the command itself.")
    parser.add_argument("--folder", type=Path)
    given = parser.parse_args()
    if given.way:
        told = _make(given.folder, given.rows) if given.way == "make" else WAYS[given.way](given.folder)
        print(json.dumps(told))
        return
    with tempfile.TemporaryDirectory() as folder:
        _measured("make", Path(folder), given.rows)  # also apart: a child's peak starts at its parent's
        found = {way: _measured(way, Path(folder)) for way in WAYS}
    for way, told in found.items():
        print(
            f"{way:>10}: {told['cpu']:.2f} CPU s (warm-up {told['warm']:.2f}), peak +{told['added']:.0f} MB, "
            f"{told['peak']:.0f} MB in all; {told['flagged']:,} flagged"
        )
    print(f"cleanlab takes {found['cleanlab']['cpu'] / found['ours']['cpu']:.0f} times our CPU seconds")


def _measured(way: str, folder: Path, rows: int = ROWS) -> dict[str, float]:
    options = ["--way", way, "--folder", str(folder), "--rows", str(rows)]
    command = [sys.executable, "-m", "benchmarks.label_cost", *options]
    return json.loads(subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout)


def _make(folder: Path, rows: int) -> dict[str, float]:
    """Write labels, probabilities and top-k probabilities, some rows at a time."""
    rng = np.random.default_rng(0)
    probs = np.lib.format.open_memmap(folder / "probs.npy", "w+", np.float32, (rows, CLASSES))
    np.save(folder / "labels.npy", np.concatenate(list(_filled(rng, probs))))
    _write(probs, folder / "probs.parquet")
    kept = np.lib.format.open_memmap(folder / "values.npy", "w+", np.float32, (rows, KEPT))
    indices = np.lib.format.open_memmap(folder / "indices.npy", "w+", np.int32, (rows, KEPT))
    np.save(folder / "many.npy", np.concatenate(list(_kept(rng, kept, indices))))
    return {}


def _filled(rng: np.random.Generator, probs: np.ndarray) -> Iterator[np.ndarray]:
    for at in range(0, len(probs), _AT_ONCE):
        m = len(probs[at : at + _AT_ONCE])
        truth = rng.integers(0, CLASSES, m)
        logits = rng.normal(0, 1.5, (m, CLASSES)).astype(np.float32)
        logits[np.arange(m), truth] += 6
        logits = np.exp(logits - logits.max(axis=1, keepdims=True))
        probs[at : at + m] = logits / logits.sum(axis=1, keepdims=True)
        yield _noisy(rng, truth, CLASSES)


def _kept(rng: np.random.Generator, values: np.ndarray, indices: np.ndarray) -> Iterator[np.ndarray]:
    for at in range(0, len(values), _AT_ONCE):
        m = len(values[at : at + _AT_ONCE])
        truth = rng.integers(0, MANY, m)
        steps = 1 + np.cumsum(rng.integers(1, MANY // (KEPT + 1), (m, KEPT)), axis=1)
        indices[at : at + m] = (truth[:, None] + steps - steps[:, :1]) % MANY  # the truth comes first, all differ
        some = np.sort(rng.gamma(0.3, 1, (m, KEPT)).astype(np.float32), axis=1)[:, ::-1]
        values[at : at + m] = 0.95 * some / some.sum(axis=1, keepdims=True)
        yield _noisy(rng, truth, MANY)


def _noisy(rng: np.random.Generator, truth: np.ndarray, classes: int) -> np.ndarray:
    return np.where(rng.random(len(truth)) < NOISE, rng.integers(0, classes, len(truth)), truth)


def _ours(folder: Path) -> dict[str, float]:
    import labelsift as ls

    labels, probs = np.load(folder / "labels.npy"), np.load(folder / "probs.npy")
    return _timed(lambda n: ls.score_labels(labels[:n], probs[:n])["is_label_issue"].to_numpy())


def _mapped(folder: Path) -> dict[str, float]:
    import labelsift as ls

    labels, probs = np.load(folder / "labels.npy"), np.load(folder / "probs.npy", mmap_mode="r")
    return _timed(lambda n: ls.score_labels(labels[:n], probs[:n])["is_label_issue"].to_numpy())


def _parquet(folder: Path) -> dict[str, float]:
    import labelsift as ls

    labels = np.load(folder / "labels.npy")
    some = folder / "some.parquet"
    _write(np.load(folder / "probs.npy", mmap_mode="r")[:_WARM], some)

    def score(n: int | None) -> np.ndarray:
        table = ls.score_labels(labels[:n], folder / "probs.parquet" if n is None else some)
        return table["is_label_issue"].to_numpy()

    return _timed(score)


def _write(probs: np.ndarray, path: Path) -> None:
    import pyarrow as pa
    import pyarrow.parquet as parquet

    schema = pa.schema({"pred_probs": pa.list_(pa.float32(), probs.shape[1])})
    with parquet.ParquetWriter(path, schema) as file:
        for at in range(0, len(probs), _AT_ONCE):
            flat = pa.array(np.array(probs[at : at + _AT_ONCE]).ravel())
            file.write(pa.table([pa.FixedSizeListArray.from_arrays(flat, probs.shape[1])], schema=schema))


def _top(folder: Path) -> dict[str, float]:
    import labelsift as ls

    labels, indices, values = (np.load(folder / f"{name}.npy") for name in ("many", "indices", "values"))

    def score(n: int | None) -> np.ndarray:
        return ls.score_labels(labels[:n], ls.TopK(indices[:n], values[:n], MANY))["is_label_issue"].to_numpy()

    return _timed(score)


def _cleanlab(folder: Path) -> dict[str, float]:
    from cleanlab.filter import find_label_issues

    labels, probs = np.load(folder / "labels.npy"), np.load(folder / "probs.npy")
    return _timed(lambda n: find_label_issues(labels[:n], probs[:n], n_jobs=1))


def _timed(score: Callable[[int | None], np.ndarray]) -> dict[str, float]:
    started = _cpu()
    score(_WARM)
    warm = _cpu() - started
    before, started = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss, _cpu()
    flagged = score(None)
    spent, peak = _cpu() - started, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return {
        "warm": warm,
        "cpu": spent,
        "added": (peak - before) / 1024,
        "peak": peak / 1024,
        "flagged": int(np.count_nonzero(flagged)),
    }


def _cpu() -> float:
    used = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(one.ru_utime + one.ru_stime for one in used)


WAYS = {
    "ours": _ours,
    "memory map": _mapped,
    "parquet": _parquet,
    "top-k": _top,
    "cleanlab": _cleanlab,
}

if __name__ == "__main__":
    main()
