"""What the map of the samples costs: CPU of the first page and the next, bytes of the page, and the explorer's file.

python -m benchmarks.samples_map --rows 20000
"""

from __future__ import annotations

import argparse
import json
import os
import re
import tempfile
import time
from pathlib import Path

os.environ.setdefault("OMP_NUM_THREADS", "1")
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

import labelsift as ls
from labelsift import platforms

from .made_dump import dump


def main() -> None:
    """Scan a made dump without labels, and write its page twice."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=int, default=20_000)
    parser.add_argument("--seed", type=int, default=5)
    options = parser.parse_args()
    metadata = ["state", "channel", "customer", "source"]
    samples = ls.read(dump(options.rows, seed=options.seed), text="text", id="id", split="split", metadata=metadata)
    with tempfile.TemporaryDirectory() as folder:
        report = ls.scan(samples, store=Path(folder) / "kept", progress=False)
        page = Path(folder) / "report.html"
        for which in ("without a map", "first with one", "next"):
            start = time.process_time()
            report.to_html(page, with_map=which != "without a map")
            print(f"page {which}: {time.process_time() - start:.1f} CPU s, {page.stat().st_size:,} bytes")
        found = re.search(r'id="content">(.*?)</script>', page.read_text(), re.DOTALL)
        said = json.loads(found[1])["map"] if found else {}
        print(f"map: {said['rows']:,} samples, texts cut at {said['texts']}, {len(said['data']):,} bytes")
        start = time.process_time()
        platforms.explorer("embedding-atlas").write(report, Path(folder))
        size = (Path(folder) / "samples.parquet").stat().st_size
        print(f"explorer's file: {time.process_time() - start:.1f} CPU s, {size:,} bytes")


if __name__ == "__main__":
    main()
