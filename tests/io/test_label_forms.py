"""Labels as people have them: missing ones, one row an annotation, multi-hot lists, Python's lists, odd columns."""

from __future__ import annotations

from decimal import Decimal

import labelsift as ls
import numpy as np
import pandas as pd
import pytest
from labelsift.errors import InputError

TEXTS = ["a", "b", "c", "d"]


def read(values: object, **more) -> ls.Samples:
    return ls.read(pd.DataFrame({"text": TEXTS[: len(values)], "label": values}), **({"label": "label"} | more))


@pytest.mark.parametrize(
    ("labels", "missing", "kept", "note"),
    [
        (
            ["x", "nan", "NULL", "None"],
            None,
            ["x", None, None, None],
            "3 labels look like missing values (NULL, None, nan)",
        ),
        (["x", "N/A", "NA", "<NA>"], None, ["x", None, None, None], "taken for no label"),
        (["x", "None", "y", "NA"], None, ["x", "None", "y", "NA"], "taken for classes"),
        (["x", "None", "y", "NA"], ["None"], ["x", None, "y", "NA"], None),
        (["x", "nan", "null", "x"], [], ["x", "nan", "null", "x"], None),
        (["x", "Nancy", "nullable", "x"], None, ["x", "Nancy", "nullable", "x"], None),
    ],
)
def test_labels_that_mean_missing(labels, missing, kept, note):
    samples = read(labels, missing=missing)
    assert samples.labels.to_pylist() == kept
    assert len(samples.notes) == (note is not None)
    assert note is None or note in samples.notes[0]


def test_a_forgotten_label_is_said_in_the_report(tmp_path):
    frame = pd.DataFrame({"text": [f"text {n}" for n in range(40)], "who": range(40), "intent": list("xyzw") * 10})
    frame.to_csv(tmp_path / "x.csv", index=False)
    frame.to_parquet(tmp_path / "x.parquet")
    frame.to_json(tmp_path / "x.jsonl", orient="records", lines=True)
    frame.to_json(tmp_path / "x.json", orient="records")
    for source in (frame, *(tmp_path / f"x.{form}" for form in ("csv", "parquet", "jsonl", "json"))):
        (note,) = ls.read(source).notes
        assert "These look like labels: intent. Name one: label='intent'" in note
        assert not ls.read(source, label="intent").notes
    assert not ls.read(frame[["text", "who"]]).notes
    assert "look like labels" in " ".join(ls.scan(ls.read(frame), store=None, only=["exact_duplicate"]).notes)


LONG = pd.DataFrame({
    "id": [7, 7, 7, 8, 8], "text": ["a", "a", "a", "b", "b"], "worker": ["ann", "ben", "ann", "ann", None],
    "label": ["x", "y", "y", "x", "x"], "place": ["p", "q", "r", "s", "t"],
})  # fmt: skip


@pytest.mark.parametrize("id", ["id", None])
def test_one_row_an_annotation(id):
    samples = ls.read(LONG[:4], label="label", annotator="worker", id=id, metadata=["place"])
    assert samples.labels.to_pylist() == ["y", "x"]
    assert samples.column("annotations").to_pylist() == ['{"ann": "y", "ben": "y"}', '{"ann": "x"}']
    assert samples.metadata["place"].to_pylist() == ["p", "s"]
    assert id is None or samples.ids.to_pylist() == ["7", "8"]


def test_one_row_an_annotation_is_recognized_where_it_is_not_named():
    with pytest.raises(InputError, match=r"No value of the annotator column worker is a label.*--annotator worker"):
        ls.read(LONG, label="label", annotators=["worker"])
    with pytest.raises(InputError, match="one annotation, name the column of who said it"):
        ls.read(LONG, label="label", id="id")
    with pytest.raises(InputError, match="do not say who labeled what: 5"):
        ls.read(LONG, label="label", annotator="worker", id="id")
    with pytest.raises(InputError, match="Rows of the same id have different texts: 7"):
        ls.read(LONG[:4].assign(text=list("abcd")), label="label", annotator="worker", id="id")
    with pytest.raises(InputError, match="Name both"):
        ls.read(LONG, annotator="worker")


@pytest.mark.parametrize("places", [[1, 0, 1], [1.0, 0.0, 0.0], [True, False, True], "[0, 1, 1]", "[1.0, 0.0, 1.0]"])
def test_lists_of_zeros_and_ones_are_no_names(places):
    with pytest.raises(InputError, match=r"lists of 3 zeros and ones.*one column of 0 and 1 a label"):
        read([places, places], label=None, labels="label")


@pytest.mark.parametrize("lists", [[["0"], ["1", "0"]], [[1], []], [[3, 1], [0, 1]], ["['0']", '["x", "y"]']])
def test_lists_of_names_may_be_numbers(lists):
    assert read(lists, label=None, labels="label").task == "multilabel"


def test_lists_as_pandas_writes_them_into_csv(tmp_path):
    frame = pd.DataFrame({
        "text": ["Ann's here", "b"], "labels": [["it's", 'a "b"'], []],
        "who": [{"ann": "x", "ben": None}, {"ann": "y"}],
        "tokens": [["Ann's", "here"], ["b"]], "tags": [("B-P", "O"), ("O",)], "marks": [[(0, 3, "P")], []],
    })  # fmt: skip
    frame.to_csv(tmp_path / "x.csv", index=False)
    assert ls.read(tmp_path / "x.csv", labels="labels").classes == ('a "b"', "it's")
    assert ls.read(tmp_path / "x.csv", annotations="who").labels.to_pylist() == ["x", "y"]
    assert ls.read(tmp_path / "x.csv", spans="tags", tokens="tokens").given.to_pylist() == ['[[0,5,"P"]]', "[]"]
    assert ls.read(tmp_path / "x.csv", spans="marks").given.to_pylist() == ['[[0,3,"P"]]', "[]"]
    arrays = frame.assign(tokens=frame.tokens.map(np.array), tags=frame.tags.map(np.array))
    arrays.to_csv(tmp_path / "x.csv", index=False)
    with pytest.raises(InputError, match=r"how numpy writes arrays.*json.dumps"):
        ls.read(tmp_path / "x.csv", spans="tags", tokens="tokens")


@pytest.mark.parametrize(
    ("values", "labels"),
    [
        (pd.Series([2, 2.0, "x", np.float64(2)], dtype=object), ["2", "2", "x", "2"]),
        (pd.Series([1, True, 0, np.False_], dtype=object), ["1", "1", "0", "0"]),
        (pd.Series([True, "x", False], dtype=object), ["true", "x", "false"]),
        (pd.arrays.SparseArray([2, 2.0, 1]), ["2", "2", "1"]),
        (pd.arrays.SparseArray(np.array([2, True, 1.0], dtype=object)), ["2", "1", "1"]),
        ([Decimal("2.0"), Decimal(2), 3], ["2", "2", "3"]),
        (pd.Series([2**70, 2**70 + 1], dtype=object), [str(2**70), str(2**70 + 1)]),
    ],
)
def test_one_value_is_one_class(values, labels):
    assert read(values).labels.to_pylist() == labels


ODD = [[1j, 2j], pd.cut([1, 2], 2), pd.period_range("2026", periods=2), [Decimal("2.5")], [0.5]]


@pytest.mark.parametrize("values", ODD)
def test_columns_that_are_no_labels_are_refused(values):
    with pytest.raises(InputError, match=r"The (label )?column label holds"):
        read(values)
    assert len(read(values, label=None, metadata=["label"]).metadata.column_names) == 1


def test_an_index_and_numbers_name_columns():
    frame = pd.DataFrame({0: TEXTS[:2], 1: ["x", "y"]}, index=pd.Index(["k", "l"], name="ticket"))
    samples = ls.read(frame, text=0, label=1, id="ticket")
    assert (samples.ids.to_pylist(), samples.labels.to_pylist()) == (["k", "l"], ["x", "y"])
    assert ls.read(frame.rename_axis(None), text="0", id="index").ids.to_pylist() == ["k", "l"]
    levels = pd.MultiIndex.from_tuples([("k", 1), ("l", 2)], names=["a", "b"])
    assert ls.read(frame.set_index(levels), text=0, id="b").ids.to_pylist() == ["1", "2"]
    with pytest.raises(InputError, match="index may be named, too: ticket"):
        ls.read(frame, text=0, id="nummer")
    assert ls.read(pd.DataFrame({"text": TEXTS, "x": 0, "y": 1}), labels=pd.Index(["x", "y"])).classes == ("y",)


def test_a_comma_in_a_name_has_two_ways(tmp_path):
    from click.testing import CliRunner
    from labelsift.cli import main

    pd.DataFrame({"text": TEXTS, "country, city": TEXTS, "n": 1}).to_csv(tmp_path / "x.csv", index=False)
    common = [str(tmp_path / "x.csv"), "--no-store", "--only", "exact_duplicate"]
    for options in (["--meta", '"country, city",n'], ["--meta", "country, city", "--meta", "n"]):
        assert CliRunner().invoke(main, ["scan", *common, *options]).exit_code == 0
    with pytest.raises(InputError, match=r"has a comma in its name.*repeat the option"):
        ls.read(tmp_path / "x.csv", metadata=["country", "city"])
