"""Metadata values whose labels are worse: also empty and missing ones, and those that the label tells."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np
import pyarrow as pa
from labelsift.data.samples import Samples
from labelsift.render.overview import Overview
from labelsift.render.worse_values import worse_values

CLASSES = ("card", "loan", "refund", "transfer")


def report_with(make_report, metadata: Mapping[str, Sequence[str | None]], flags: np.ndarray):
    n = len(flags)
    labels = [CLASSES[row % 4] for row in range(n)]
    ids = [str(row) for row in range(n)]
    samples = Samples(pa.table({"id": ids, "text": ids, "label": labels}), pa.table(dict(metadata)), "tickets")
    scores = pa.table({"id": ids, "label_score": np.where(flags, 0.1, 0.9), "is_label_issue": flags})
    return replace(make_report(8), samples=samples, scores=scores, classes=CLASSES)


def test_empty_and_missing_values_count_and_a_value_that_the_label_tells_is_marked(make_report):
    rows = np.arange(800)
    in_card = (rows % 4 == 0) & (rows % 8 == 0)  # half of the class
    flags = in_card | (rows % 97 == 0)
    metadata = {
        "team": [("cards" if row % 4 == 0 else "others") for row in rows],
        "channel": ["" if flag or row % 40 == 3 else "mail" for row, flag in zip(rows, flags, strict=True)],
        "agent": [None if flag or row % 40 == 5 else "ann" for row, flag in zip(rows, flags, strict=True)],
    }
    worse = {
        (value.column, value.value): value for value in Overview(report_with(make_report, metadata, flags)).worse_values
    }
    assert worse.keys() == {("team", "cards"), ("channel", ""), ("agent", None)}
    assert {key for key, value in worse.items() if value.follows} == {("team", "cards")}
    assert worse["team", "cards"].rows == 200 and worse["agent", None].flagged == flags.sum()
    assert list(worse)[-1] == ("team", "cards"), "what follows from the label comes last"


def test_wrong_labels_do_not_hide_that_a_value_follows(make_report):
    rng = np.random.default_rng(7)
    rows = np.arange(2_000)
    flags = (rng.random(2_000) < np.where(rows % 4 == 3, 0.4, 0.05)) & (rows > 0)
    # Of flagged rows the team follows from the right label, which is another one than the given.
    team = [("cards" if (row + flag) % 4 == 0 else "others") for row, flag in zip(rows, flags, strict=True)]
    report = report_with(make_report, {"team": team}, flags)
    assert [value.follows for value in worse_values(report, np.ones(2_000, bool), flags)] == [True]
