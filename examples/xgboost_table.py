"""XGBoost: watch the boosting of a table of numbers, and read which labels the trees could not agree with.

    python examples/xgboost_table.py [--store DIR]

The table is invented, and every tenth label is wrong on purpose.
"""

from __future__ import annotations

import argparse

import labelsift as ls
import numpy as np
import pyarrow as pa
import xgboost

NAMES = ["churned", "stayed"]


def customers(n: int = 400) -> tuple[np.ndarray, pa.Table]:
    """Invent features, shape (n, 4), and the table of ids and labels."""
    draw = np.random.default_rng(0)
    x = draw.normal(size=(n, 4))
    truth = (x[:, 0] + x[:, 1] > 0).astype(int)
    given = np.where(np.arange(n) % 10 == 0, 1 - truth, truth)
    rows = [{"customer": f"C{row}", "label": NAMES[given[row]]} for row in range(n)]
    return x, pa.Table.from_pylist(rows)


def main() -> None:
    """Train, watch, and print the report."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--store", default=".labelsift", help="the folder that keeps the recording and the run")
    x, table = customers()
    samples = ls.read(table, text=None, label="label", id="customer", name="customers")
    y = samples.codes(NAMES)
    model = xgboost.XGBClassifier(n_estimators=40, max_depth=3, n_jobs=1)

    # With xgboost.train: watch the DMatrix, and give callbacks=[capture.callback].
    with ls.watch(model, samples, data=x, every=5, store=parser.parse_args().store) as capture:
        model.fit(x, y)

    print(capture.report)
    wrong = [row["id"] for row in capture.report.findings.to_pylist() if row["issue"] in ("label", "hard")]
    print("Look at the labels of:", *sorted(wrong))


if __name__ == "__main__":
    main()
