"""Rows that are read in their own order belong to the split of their data set, or to that of the samples' column."""

from __future__ import annotations

import labelsift as ls
import numpy as np
import pyarrow as pa
from labelsift.capture.splits import data_of_splits, held_out, parted


def samples(splits):
    rows = [{"text": f"text {row}", "label": "ab"[row % 2], "split": split} for row, split in enumerate(splits)]
    return ls.read(pa.Table.from_pylist(rows), label="label", split="split")


def test_held_out_rows_of_training_data_are_evaluation():
    kept = held_out(samples(["train", "dev", "train", "Validation ", "unlabeled pool", None]))
    assert kept.tolist() == [False, True, False, True, False, False]
    assert {split: at.tolist() for split, at in parted(np.array([3, 0, 2]), kept, "train")} == {
        "train": [1, 2],
        "eval": [0],
    }
    assert [(split, at.tolist()) for split, at in parted(np.array([3, 0]), kept, "eval")] == [("eval", [0, 1])]


def test_only_a_mapping_of_splits_is_taken_for_one():
    assert data_of_splits({"train": 1, "eval_hard": 2}) == {"train": 1, "eval_hard": 2}
    assert data_of_splits({"train": 1, "ids": 2}) == {"train": {"train": 1, "ids": 2}}
    assert data_of_splits(7) == {"train": 7}
