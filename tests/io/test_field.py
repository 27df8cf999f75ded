"""The inputs of ../shared/field, each with the value that is right; skipped where they are absent."""

from __future__ import annotations

from pathlib import Path

import labelsift as ls
import pytest
from labelsift.errors import InputError

FIELD = Path(__file__).parents[3] / "shared" / "field"
pytestmark = pytest.mark.skipif(not FIELD.exists(), reason="needs the inputs beside the project: ../shared/field")

READ = [
    ("01-*/tickets.tsv", {"label": "label"}, 90, 3),
    ("08-*/long.csv", {"label": "label", "annotator": "worker", "id": "id"}, 60, 3),
    ("10-*/export.json", {}, 12, 1),
    ("12-*/rating.json", {}, 30, 5),
    ("14-*/array.json", {"label": "label"}, 30, 3),
    ("14-*/indented.json", {"label": "label"}, 30, 3),
    ("14-*/old-export.json", {}, 30, 3),
    *((f"15-*/{name}", {"label": "label"}, 30, 3) for name in (
        "pipe.csv", "semicolon-comma.csv", "semicolon.csv", "sepline.csv", "tab.csv", "tab.txt")),
    ("16-*/nohead.tsv", {"label": "label", "columns": ["text", "label"]}, None, 3),
    ("17-*/na.csv", {"label": "label"}, 120, 3),
    ("19-*/comments.conll", {}, 20, 1),
    ("19-*/latin.conll", {"encoding": "latin-1"}, 20, 1),
    ("19-*/space-in-token.conll", {}, 20, 1),
    ("23-*/c.csv", {"label": "label", "metadata": "country, city"}, 3, 2),
    ("25-*/t.csv.zip", {"label": "label"}, 1, 1),
    ("28-*/tags.csv", {"labels": "tags"}, 2, 2),
    ("28-*/tok.csv", {"spans": "tags", "tokens": "tokens"}, 12, 1),
]  # fmt: skip
REFUSED = [
    ("05-*/multi.jsonl", {"labels": "labels"}, "lists of 3 zeros and ones"),
    ("08-*/long.csv", {"label": "label", "annotators": ["worker"]}, "--annotator worker"),
    ("12-*/hypertext.json", {}, "hypertextlabels"),
    ("14-*/one-task.json", {}, "one task of Label Studio"),
    ("16-*/nohead.tsv", {"label": "label"}, "--columns text,label"),
    ("19-*/latin.conll", {}, "is not utf-8 in line 1"),
]


def _file(pattern: str) -> Path:
    (path,) = FIELD.glob(pattern)
    return path


@pytest.mark.parametrize(("pattern", "columns", "rows", "classes"), READ, ids=[case[0] for case in READ])
def test_inputs_that_are_read(pattern, columns, rows, classes):
    samples = ls.read(_file(pattern), **columns)
    assert rows is None or len(samples) == rows
    assert len(samples.classes) == classes


@pytest.mark.parametrize(("pattern", "columns", "message"), REFUSED, ids=[case[0] for case in REFUSED])
def test_inputs_that_are_refused(pattern, columns, message):
    with pytest.raises(InputError, match=message):
        ls.read(_file(pattern), **columns)


def test_missing_labels_and_shifted_marks():
    assert ls.read(_file("17-*/na.csv"), label="label").labels.null_count == 20
    samples = ls.read(_file("09-*/export.json"))
    texts, spans = samples.texts.to_pylist(), map(eval, samples.given.to_pylist())
    assert {text[start:end] for text, row in zip(texts, spans, strict=True) for start, end, _ in row} == {"Anna"}


@pytest.mark.slow
def test_columns_of_numeric_classes_stand_in_the_order_of_numbers():
    import numpy as np
    import pandas as pd

    frame = pd.read_csv(_file("03-*/stars.csv"))
    order = sorted(frame.label.unique())
    probs = np.full((len(frame), 5), 0.03)
    probs[np.arange(len(frame)), [order.index(label) for label in frame.true]] = 0.88
    flags = []
    for classes in (None, order):
        signals = ls.Signals(pred_probs=probs, classes=classes)
        report = ls.scan(ls.read(frame, label="label"), signals=signals, only=["label"], store=None)
        flags.append(report.scores["is_label_issue"].to_numpy(zero_copy_only=False))
    wrong = (frame.label != frame.true).to_numpy()
    assert (flags[0] == flags[1]).all()
    assert not (flags[0] & ~wrong).any()
    assert flags[0].sum() >= wrong.sum() - 2  # how many of the 17 are flagged is the label check's own matter
