"""What the row checks cost together: CPU and memory at 100,000 and 400,000 short rows, and beside cleanlab's Datalab.

    python -m benchmarks.row_checks [--rows 100000] [--times 4] [--seed 0] [--catalogues FOLDER] [--no-peer]

A dump of ``benchmarks.made_dump`` (labels, split, source and three metadata columns named) is scanned with
``only=["rows"]`` and the default embedder, each size in a process of its own, which counts from its first import to its
end. Growth is CPU a row at the larger size against that at the smaller one. Then Datalab (outlier and near_duplicate,
features=) and the same two checks of ours get the same vectors of 20,000 rows, in alternation.
"""

from __future__ import annotations

import argparse
import os
import resource
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np
from pyarrow import parquet

from .made_dump import dump

_CHILD = "import sys; from benchmarks.row_checks import {0}; {0}(*sys.argv[1:])"
PEER_ROWS, REPEATS = 20_000, 3


def main() -> None:
    """Print CPU seconds, peak memory and flagged rows a check, growth, and the ratio to the peer."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=int, default=100_000)
    parser.add_argument("--times", type=int, default=4, help="The larger size; 0 leaves it out.")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument(
        "--catalogues", type=Path, help="django/conf/locale of a Django wheel: strings in 30 languages."
    )
    parser.add_argument("--no-peer", action="store_true")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        spent = []
        for rows in filter(None, (options.rows, options.rows * options.times)):
            file = Path(folder) / f"{rows}.parquet"
            parquet.write_table(dump(rows, seed=options.seed, catalogues=options.catalogues), file)
            seconds, peak, printed = _measured("scan_dump", file)
            spent.append(seconds / rows)
            print(f"{rows:,} rows: {seconds:.1f} CPU s, {peak:.2f} GB\n{printed}")
        if len(spent) > 1:
            print(f"CPU a row at {options.times} x the rows: {spent[1] / spent[0]:.2f} x")
        if not options.no_peer:
            _beside_datalab(Path(folder), seed=options.seed, catalogues=options.catalogues)
    print(f"load {os.getloadavg()[0]:.1f}, {os.environ.get('OMP_NUM_THREADS', 'default')} threads")


def _beside_datalab(folder: Path, *, seed: int, catalogues: Path | None) -> None:
    file = folder / "peer.parquet"
    parquet.write_table(dump(PEER_ROWS, seed=seed + 1, catalogues=catalogues), file)
    _measured("embed_dump", file)
    seconds: dict[str, list[float]] = {"scan_vectors": [], "datalab_vectors": []}
    for _ in range(REPEATS):
        for name, times in seconds.items():
            times.append(_measured(name, file)[0])
    ours, theirs = (statistics.median(seconds[name]) for name in ("scan_vectors", "datalab_vectors"))
    ratio = f"{theirs / ours:.1f} x"
    print(f"outlier + near_duplicate, {PEER_ROWS:,} rows: ours {ours:.1f}, Datalab {theirs:.1f} CPU s, {ratio}")


def _measured(name: str, file: Path) -> tuple[float, float, str]:
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    command = [sys.executable, "-c", _CHILD.format(name), str(file)]
    printed = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    seconds = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    peak = printed.rsplit("peak ", 1)
    return seconds, float(peak[1]) / 1e6 if len(peak) > 1 else 0.0, peak[0].rstrip()


def scan_dump(file: str) -> None:
    """Scan a dump with the row checks, and print the flagged rows a check and the peak memory in KiB."""
    import labelsift as ls

    columns = ("state", "channel", "customer")
    report = ls.scan(
        file, label="label", id="id", split="split", metadata=columns, only=["rows"], store=None, progress=False
    )
    for issue, entry in report.summary()["issues"].items():
        print(f"    {issue:18} {entry['count']:,}")
    print("peak", resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)


def embed_dump(file: str) -> None:
    """Keep the default embedder's vectors of a dump beside it."""
    from labelsift.models.embedding import embedder

    texts = parquet.read_table(file, columns=["text"])["text"].to_pylist()
    np.save(f"{file}.npy", embedder("wordllama").embed(texts))


def scan_vectors(file: str) -> None:
    """Run our two checks on brought vectors."""
    import labelsift as ls

    vectors = ls.Signals(embeddings=np.load(f"{file}.npy"))
    ls.scan(file, id="id", signals=vectors, only=["outlier", "near_duplicate"], store=None, progress=False)


def datalab_vectors(file: str) -> None:
    """Run Datalab's two checks on the same vectors."""
    from cleanlab import Datalab

    lab = Datalab(data={"id": parquet.read_table(file, columns=["id"])["id"].to_pylist()}, verbosity=0)
    lab.find_issues(features=np.load(f"{file}.npy"), issue_types={"outlier": {}, "near_duplicate": {}})


if __name__ == "__main__":
    main()
