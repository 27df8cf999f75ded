"""What a default scan costs and finds: the command line on banking77 with injected label errors.

    python -m benchmarks.first_scan [--data FOLDER] [--label given_pair10]

FOLDER holds data.csv.gz with the columns id, text, true_label and the label column. Prints CPU seconds
(user and system, children included), peak memory, average precision of ``label_score`` against the true
errors, cleanlab's (normalised margin and self-confidence, over the same probabilities) and the page's size.
"""

from __future__ import annotations

import argparse
import resource
import subprocess
import sys
import tempfile
from pathlib import Path

import labelsift as ls
import numpy as np
import pyarrow.parquet as parquet

DATA = Path(__file__).parent.parent.parent / "shared" / "data" / "banking77"


def main() -> None:
    """Run the scan in a process of its own and compare its scores with the truth."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, default=DATA)
    parser.add_argument("--label", default="given_pair10")
    options = parser.parse_args()
    source = options.data / "data.csv.gz"
    if not source.exists():
        raise SystemExit(f"There is no {source}: name the folder with --data")
    with tempfile.TemporaryDirectory() as folder:
        place = Path(folder)
        columns = ["--text", "text", "--label", options.label, "--id", "id"]
        files = ["--scores", place / "s.parquet", "--html", place / "r.html", "--store", place / "store"]
        command = [Path(sys.executable).parent / "labelsift", "scan", source, *columns, *files]
        subprocess.run([str(part) for part in command], check=True, stdout=subprocess.DEVNULL)
        used = resource.getrusage(resource.RUSAGE_CHILDREN)
        scores = parquet.read_table(place / "s.parquet")["label_score"].to_numpy()
        page = (place / "r.html").stat().st_size
        report = ls.load(store=place / "store")
    truth = ls.read(source, label="true_label", id="id").labels
    given = report.samples.labels
    wrong = np.array(given.to_pylist(), dtype=object) != np.array(truth.to_pylist(), dtype=object)
    print(f"{options.data.name} {options.label}: {len(wrong):,} rows, {wrong.sum():,} true errors")
    seconds, peak = used.ru_utime + used.ru_stime, used.ru_maxrss / 1e6
    print(f"CPU seconds {seconds:.1f}, peak memory {peak:.2f} GB, page {page / 1e6:.2f} MB")
    print(f"average precision: labelsift {_average_precision(wrong, scores):.3f}", end="")
    for method in ("normalized_margin", "self_confidence"):
        print(f", cleanlab {method} {_average_precision(wrong, _cleanlab(report, method)):.3f}", end="")
    print()
    flagged = np.asarray(report.scores["is_label_issue"].to_pylist(), dtype=bool)
    right = wrong[flagged].mean() if flagged.any() else float("nan")
    share = wrong[flagged].sum() / wrong.sum()
    print(f"flagged {flagged.sum():,}: {right:.1%} are true errors, {share:.1%} of all errors")


def _average_precision(wrong: np.ndarray, quality: np.ndarray) -> float:
    from sklearn.metrics import average_precision_score

    return float(average_precision_score(wrong, -np.nan_to_num(quality, nan=1.0)))  # a row not judged is ranked last


def _cleanlab(report: ls.Report, method: str) -> np.ndarray:
    from cleanlab.rank import get_label_quality_scores

    if report.pred_probs is None:
        raise SystemExit("the run kept no probabilities")
    probabilities = report.pred_probs.astype(np.float64)
    judged = np.isfinite(probabilities).all(axis=1)
    quality = np.ones(len(probabilities))
    some = probabilities[judged] / probabilities[judged].sum(axis=1, keepdims=True)
    codes = report.samples.codes(report.classes)[judged]
    quality[judged] = get_label_quality_scores(codes, some, method=method)
    return quality


if __name__ == "__main__":
    main()
