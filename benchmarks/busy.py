"""What threads cost: CPU and wall seconds of a scan on an idle machine and beside busy processes.

    python -m benchmarks.busy --data ../shared/data/banking77 [--busy 2] [--repeats 3]

Each scan is a process of its own, which counts from before its first import to its end, children included. "default"
sets nothing; "1 thread" sets OMP_NUM_THREADS and OPENBLAS_NUM_THREADS to 1, "all threads" to the number of cores, which
is what the libraries take by themselves. Variants take turns, and the median counts. A machine that others use is never
idle: the load is printed.
"""

from __future__ import annotations

import argparse
import csv
import gzip
import os
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np

_CHILD = "-c", "import sys; from benchmarks.busy import scan_once; scan_once(*sys.argv[1:])"
_SPIN = "-c", "while True: pass"


def main() -> None:
    """Print CPU and wall seconds of each variant, idle and busy, and whether their scores are equal."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True, help="A folder with data.csv.gz: text and given….")
    parser.add_argument("--busy", type=int, default=2, help="0 measures the idle machine alone.")
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--given", default="given_pair10")
    given = parser.parse_args()
    cores = str(os.cpu_count())
    variants = {"default": None, "1 thread": "1", "all threads": cores}
    scores: dict[str, np.ndarray] = {}
    for busy in sorted({0, given.busy}):
        others = [subprocess.Popen([sys.executable, *_SPIN]) for _ in range(busy)]
        try:
            times: dict[str, list[tuple[float, float]]] = {name: [] for name in variants}
            for _ in range(given.repeats):
                for name, threads in variants.items():
                    cpu, wall, scores[name] = _measured(given.data, given.given, threads)
                    times[name].append((cpu, wall))
        finally:
            for process in others:
                process.kill()
                process.wait()
        print(f"beside {busy} busy processes, {cores} cores, load {os.getloadavg()[0]:.1f}")
        for name, measured in times.items():
            cpu, wall = (statistics.median(values) for values in zip(*measured, strict=True))
            print(f"    {name:12} {cpu:6.1f} CPU s {wall:6.1f} s")
    for name, own in scores.items():
        difference = np.nanmax(np.abs(own.astype(np.float64) - scores["1 thread"]))
        print(f"scores with {name}: up to {difference:.1e} from those with one thread")


def _measured(data: Path, given: str, threads: str | None) -> tuple[float, float, np.ndarray]:
    variables = {name: value for name, value in os.environ.items() if not name.endswith("_NUM_THREADS")}
    if threads:
        variables |= {"OMP_NUM_THREADS": threads, "OPENBLAS_NUM_THREADS": threads}
    with tempfile.TemporaryDirectory() as folder:
        written = Path(folder) / "scores.npy"
        before, started = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
        subprocess.run([sys.executable, *_CHILD, str(data), given, str(written)], env=variables, check=True)
        wall, after = time.perf_counter() - started, resource.getrusage(resource.RUSAGE_CHILDREN)
        spent = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
        return spent, wall, np.load(written)


def scan_once(data: str, given: str, scores: str) -> None:
    """Scan a set into no store, and write the scores of its labels."""
    import labelsift as ls
    import pyarrow as pa

    with gzip.open(Path(data) / "data.csv.gz", "rt", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    table = pa.table({"text": [row["text"] for row in rows], "label": [row[given] for row in rows]})
    report = ls.scan(ls.read(table, text="text", label="label"), store=None)
    np.save(scores, report.scores["label_score"].to_numpy())


if __name__ == "__main__":
    main()
