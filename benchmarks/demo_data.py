"""How well a default scan finds what is planted in the demo data, beside cleanlab on the same vectors.

    python -m benchmarks.demo_data --seeds 10

Precision at 60: of the label findings at ``budget=60``, the share whose label the truth calls wrong. By
itself the scan flags fewer: their number and precision stand beside it. cleanlab
ranks by its normalised margin over the same out-of-sample probabilities, leaving out the same rows.
"""

from __future__ import annotations

import argparse
import csv
import tempfile
from itertools import combinations
from pathlib import Path

import labelsift as ls
import numpy as np
from labelsift.data.schemas import of_issue
from labelsift.demo.tickets import write_tickets

AT = 60


def measure(seed: int) -> dict[str, float]:
    """Scan the demo data of one seed and compare with its truth."""
    with tempfile.TemporaryDirectory() as folder:
        data, known = write_tickets(Path(folder), seed)
        with known.open(encoding="utf-8", newline="") as file:
            truth = {row["ticket_id"]: row for row in csv.DictReader(file)}
        known.unlink()
        samples = ls.read(data, label="label", id="ticket_id", metadata=["channel", "state", "plan", "gender"])
        report = ls.scan(samples, store=None)
        at_budget = ls.scan(samples, store=None, budget=AT)
    wrong = {one for one, row in truth.items() if row["true_label"] and row["true_label"] != row["given_label"]}
    flagged = of_issue(report.findings, "label")["id"].to_pylist()
    ours = of_issue(at_budget.findings, "label")["id"].to_pylist()
    theirs = cleanlab_order(report)[:AT]
    pairs = {kind: _pairs(truth, kind) for kind in ("exact", "near")}
    return {
        "flagged": len(flagged),
        "flag_precision": float(np.mean([one in wrong for one in flagged])),
        "precision": float(np.mean([one in wrong for one in ours])),
        "cleanlab": float(np.mean([one in wrong for one in theirs])),
        "exact": _found(report, pairs["exact"], ("exact_duplicate",)),
        "near": _found(report, pairs["near"], ("near_duplicate", "exact_duplicate")),
        "accuracy": float(report.facts["agreement_with_model"]),
    }


def cleanlab_order(report: ls.Report) -> list[str]:
    """Return the ids that our scan judged, in cleanlab's order, worst first."""
    from cleanlab.rank import get_label_quality_scores

    judged = np.isfinite(report.scores["label_score"].to_numpy())
    codes = report.samples.codes(report.classes)[judged]
    probabilities = report.pred_probs[judged].astype(np.float64)
    probabilities /= probabilities.sum(axis=1, keepdims=True)
    quality = get_label_quality_scores(codes, probabilities, method="normalized_margin")
    ids = np.array(report.samples.ids.to_pylist(), dtype=object)[judged]
    return ids[np.argsort(quality, kind="stable")].tolist()


def _pairs(truth: dict[str, dict[str, str]], kind: str) -> set[frozenset[str]]:
    groups: dict[str, list[str]] = {}
    for one, row in truth.items():
        if row["duplicate"] == kind:
            groups.setdefault(row["group"], []).append(one)
    return {frozenset(pair) for members in groups.values() for pair in combinations(members, 2)}


def _found(report: ls.Report, pairs: set[frozenset[str]], issues: tuple[str, ...]) -> float:
    found = {
        frozenset((row["id"], other))
        for issue in issues
        for row in of_issue(report.findings, issue).to_pylist()
        for other in row["related_ids"]
    }
    return len(pairs & found) / len(pairs)


def main() -> None:
    """Print one line a seed and the means."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seeds", type=int, default=10)
    results = []
    print(f"seed  flagged  (right)  precision@{AT}  cleanlab@{AT}  exact pairs  near pairs  agreement")
    for seed in range(parser.parse_args().seeds):
        one = measure(seed)
        results.append(one)
        print(
            f"{seed:4}  {one['flagged']:7.0f}  {one['flag_precision']:7.3f}  {one['precision']:12.3f}"
            f"  {one['cleanlab']:11.3f}  {one['exact']:11.3f}  {one['near']:10.3f}  {one['accuracy']:.3f}"
        )
    for name, function in (("mean", np.mean), ("worst", np.min)):
        print(name, {key: round(float(function([one[key] for one in results])), 3) for key in results[0]})


if __name__ == "__main__":
    main()
