"""Data frames of probabilities: names of columns, the index, and what is no probability."""

from __future__ import annotations

import labelsift as ls
import numpy as np
import pandas as pd
import pytest
from labelsift.errors import InputError

LABELS = ["10", "9", "9", "10", "2"]
SAMPLES = ls.read(pd.DataFrame({"text": list("abcde"), "label": LABELS, "id": list("vwxyz")}), label="label", id="id")
RIGHT = pd.DataFrame(0.1, index=list("vwxyz"), columns=["9", "10", "2"])
for row, given in zip("vwxyz", LABELS, strict=True):
    RIGHT.loc[row, given] = 0.8
MIXED = RIGHT.iloc[[3, 1, 4, 0, 2]]


def likeliest(pred_probs: object, **more) -> list[str]:
    values, classes = ls.Signals(pred_probs=pred_probs, **more).aligned_pred_probs(SAMPLES)
    assert classes == ("10", "2", "9")  # a run keeps them sorted as texts
    return [classes[column] for column in values.argmax(axis=1)]


def test_a_frame_names_classes_and_samples(tmp_path):
    import polars as pl

    MIXED.to_parquet(tmp_path / "p.parquet")
    MIXED.rename_axis("id").to_csv(tmp_path / "p.csv")
    frames = [MIXED, MIXED.reset_index(names="id"), pl.from_pandas(MIXED.reset_index(names="id"))]
    for source in (*frames, tmp_path / "p.parquet", str(tmp_path / "p.csv")):
        assert likeliest(source) == LABELS
    assert likeliest(RIGHT.reset_index(drop=True)) == LABELS
    assert likeliest(RIGHT.set_axis(range(5, 10))) == LABELS  # an index that knows no sample is none
    with pytest.raises(InputError, match="says nothing of these samples: y, z"):
        likeliest(RIGHT[:3])
    with pytest.raises(InputError, match="hold no numbers: why, who"):
        likeliest(RIGHT.assign(why="x", who="y"))


def test_whole_numbers_stand_in_their_order_where_no_class_is_named():
    array = RIGHT[["2", "9", "10"]].to_numpy()
    assert likeliest(array) == LABELS
    for classes in (np.array([2, 9, 10]), pd.Index([2.0, 9.0, 10.0]), {0: "2", 2: "10", 1: "9"}):
        assert likeliest(array, classes=classes) == LABELS
    for classes in ("abc", [2, None, 10], {1: "a", 2: "b", 3: "c"}):
        with pytest.raises(InputError, match=r"class"):
            likeliest(array, classes=classes)


def test_labels_of_a_series_and_a_frame_are_matched_by_their_index():
    labels = pd.Series(["a", "b", "a", "b"] * 5, index=[f"k{n}" for n in range(20)])
    frame = pd.DataFrame({"b": (labels == "b") * 0.8 + 0.1, "a": (labels == "a") * 0.8 + 0.1})
    for source in (frame, frame.sample(frac=1, random_state=3)):
        assert not any(ls.score_labels(labels, source)["is_label_issue"].to_pylist())


@pytest.mark.parametrize(
    ("values", "cure"),
    [
        (RIGHT * 100, "These are percentages: divide them by 100"),
        (np.log(RIGHT), "logarithms of probabilities: apply exp"),
        (RIGHT * 0 + [3, 2, 5], "counts or votes: divide each row by its sum"),
        (RIGHT.clip(0.5, 1), "not one of one choice among all classes"),
        (RIGHT * 9 - 3, "not logits: apply a softmax"),
        (RIGHT.to_numpy().T, "lies on its side"),
        (RIGHT.to_numpy()[:, 0], "column_stack"),
    ],
)
def test_numbers_that_do_not_fit_are_called_what_they_are(values, cure):
    with pytest.raises(InputError, match=cure):
        ls.Signals(pred_probs=values).aligned_pred_probs(SAMPLES)


def test_an_order_that_is_exchanged_shows_also_where_classes_alternate():
    from labelsift.label_quality.pred_probs_warnings import column_order_warning

    codes = np.arange(200) % 2
    with pytest.raises(InputError, match="out of order"):
        column_order_warning(codes, 1 - codes, ["a", "b"])
