"""The run store at a million rows: seconds, peak memory and bytes of a save and a load, and samples read by their ids.

    python -m benchmarks.run_store [--rows 1000000 --dimensions 256 --classes 20]

Save, load and reads by id each run in a process of their own; the peak is what the kernel counted as resident
(ru_maxrss). What the caller's own report takes is measured in the same process before the save begins. The files
have just been written, so that reads find them in the page cache; the first read in its process is printed apart.
"""

from __future__ import annotations

import argparse
import json
import resource
import subprocess
import sys
import tempfile
import time
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pyarrow as pa
from labelsift.data.samples import Samples
from labelsift.data.schemas import FINDINGS_SCHEMA
from labelsift.report import Report
from labelsift.store.store import Store

RUN = "20261124-000000-benchmark"
READS, AT_ONCE = 200, 100
BLOCK = 50_000
GB = 1e9


def main() -> None:
    """Run each step in a process of its own, and print what they measured."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--dimensions", type=int, default=256)
    parser.add_argument("--classes", type=int, default=20)
    parser.add_argument("--step", choices=("save", "load", "read"), help=argparse.SUPPRESS)
    parser.add_argument("--store", type=Path, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.step == "save":
        print(json.dumps(saved(options.store, options.rows, options.dimensions, options.classes)))
    elif options.step == "load":
        print(json.dumps(loaded(options.store)))
    elif options.step == "read":
        print(json.dumps(read(options.store, options.rows)))
    else:
        with tempfile.TemporaryDirectory() as folder:
            figures: dict[str, float] = {}
            for step in ("save", "load", "read"):
                command = [sys.executable, "-m", "benchmarks.run_store", *sys.argv[1:], "--step", step]
                done = subprocess.run([*command, "--store", f"{folder}/kept"], check=True, stdout=subprocess.PIPE)
                figures |= json.loads(done.stdout)
        for name, value in figures.items():
            print(f"{name:<58} {value:>14,.3f}" if isinstance(value, float) else f"{name:<58} {value:>14,}")
        print(json.dumps(figures))


def invented(rows: int, dimensions: int, classes: int, *, seed: int = 0) -> Report:
    """Return a report with random words, vectors and probabilities, and a finding for one row in twenty."""
    rng = np.random.default_rng(seed)
    words = np.array([f"word{at}" for at in range(5_000)], dtype=object)
    ids, texts = [], []
    for start in range(0, rows, BLOCK):  # by blocks: making the report must not take more memory than the report
        some = range(start, min(start + BLOCK, rows))
        numbers = rng.integers(0, 2**60, len(some)).tolist()
        ids.append(pa.array([f"{number:x}-{at:x}" for at, number in zip(some, numbers, strict=True)]))  # in no order
        texts.append(pa.array([" ".join(row) for row in words[rng.integers(0, len(words), (len(some), 16))]]))
    names = pa.array([f"class {at:02d}" for at in range(classes)])
    labels = pa.DictionaryArray.from_arrays(pa.array(rng.integers(0, classes, rows), pa.int32()), names)
    table = pa.table({"id": pa.chunked_array(ids), "text": pa.chunked_array(texts), "label": labels.cast(pa.string())})
    vectors = rng.standard_normal((rows, dimensions), dtype=np.float32)
    vectors /= np.sqrt(np.einsum("ij,ij->i", vectors, vectors))[:, None]
    probabilities = rng.random((rows, classes), dtype=np.float32)
    probabilities /= probabilities.sum(axis=1, keepdims=True)
    scores = pa.table(
        {
            "id": table["id"],
            "label_score": rng.random(rows, dtype=np.float32),
            "is_label_issue": rng.random(rows) < 0.05,
        }
    )
    flagged = rng.choice(rows, rows // 20, replace=False)
    found = {
        "scope": "sample",
        "issue": "label",
        "reason": "Its label is unlike those of similar samples.",
    }
    columns = {
        one.name: table["id"].take(pa.array(flagged))
        if one.name == "id"
        else pa.array([found[one.name]] * len(flagged), one.type)
        if one.name in found
        else pa.nulls(len(flagged), one.type)
        for one in FINDINGS_SCHEMA
    }
    return Report(
        run=RUN,
        created=datetime(2026, 11, 24, tzinfo=UTC),
        samples=Samples(table, table.select([]), "benchmark"),
        scores=scores,
        findings=pa.table(columns, schema=FINDINGS_SCHEMA),
        classes=tuple(names.to_pylist()),
        embeddings=vectors,
        pred_probs=probabilities,
    )


def saved(folder: Path, rows: int, dimensions: int, classes: int) -> dict[str, float]:
    """Save an invented report."""
    report = invented(rows, dimensions, classes)
    arrays = [one for one in (report.embeddings, report.pred_probs) if one is not None]
    own = sum(one.nbytes for one in [report.samples.table, report.scores, report.findings, *arrays])
    before = peak()
    began = time.perf_counter()
    Store(folder).save(report)
    seconds = time.perf_counter() - began
    return {
        "rows": rows,
        "the report itself, GB": own / GB,
        "peak before the save (making the report), GB": before,
        "save, s": seconds,
        "save, peak GB with the report": peak(),
        "on disk, GB": sum(one.stat().st_size for one in folder.rglob("*") if one.is_file()) / GB,
    }


def loaded(folder: Path) -> dict[str, float]:
    """Load the whole run."""
    before = peak()
    began = time.perf_counter()
    report = Store(folder).load()
    seconds = time.perf_counter() - began
    assert report.embeddings is not None
    return {"before the load, GB": before, "load, s": seconds, "load, peak GB with the report": peak()}


def read(folder: Path, rows: int) -> dict[str, float]:
    """Read samples by ids drawn at random, a hundred at once."""
    import lance

    ids = lance.dataset(str(folder / "runs" / RUN / "samples.lance")).to_table(columns=["id"])["id"]
    rng = np.random.default_rng(1)
    draws = [ids.take(pa.array(rng.choice(rows, AT_ONCE, replace=False))).to_pylist() for _ in range(READS + 1)]
    store, times = Store(folder), []
    for draw in draws:
        began = time.perf_counter()
        found = store.samples(RUN, draw)
        times.append((time.perf_counter() - began) * 1000)
        assert found.ids.to_pylist() == draw
    p50, p99 = np.percentile(times[1:], [50, 99])
    return {
        "100 samples by id, first read, ms": times[0],
        "100 samples by id, p50 ms": float(p50),
        "100 samples by id, p99 ms": float(p99),
    }


def peak() -> float:
    """Return the largest resident size of this process so far, in GB."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024 / GB


if __name__ == "__main__":
    main()
