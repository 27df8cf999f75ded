"""Predictions in the form of the labels: read, refused by row, and kept true when texts change."""

import json
from datetime import UTC, datetime

import pandas as pd
import pyarrow as pa
import pytest
from labelsift.data.samples import Samples
from labelsift.data.schemas import CORRECTIONS_SCHEMA
from labelsift.errors import InputError
from labelsift.io.annotated_tasks import AnnotatedTasks, Answer
from labelsift.io.read import read

SETS = pd.DataFrame({"text": ["a", "b", "c"], "labels": [["x", "y"], [], None], "said": [["y", "x", "x"], ["z"], None]})
SPANS = pd.DataFrame(
    {
        "text": ["Ann lives in Rome", "write to ann@example.org in Rome"],
        "spans": [[[0, 3, "person"]], [[28, 32, "city"]]],
        "said": [[[13, 17, "city"]], [[9, 24, "mail"], [28, 32, "city"]]],
    }
)


def predicted(samples):
    return [None if cell is None else json.loads(cell) for cell in samples.column("predicted").to_pylist()]


def corrections(**row):
    noon = datetime(2026, 11, 30, 12, tzinfo=UTC)
    rows = [dict.fromkeys(CORRECTIONS_SCHEMA.names) | {"person": "ann", "time": noon} | row]
    return pa.Table.from_pylist(rows, CORRECTIONS_SCHEMA)


def test_sets_are_read_as_the_labels_are(tmp_path):
    expected = [["x", "y"], ["z"], None]
    assert predicted(read(SETS, labels="labels", predicted="said")) == expected
    path = tmp_path / "sets.jsonl"
    path.write_text("\n".join(map(json.dumps, SETS.to_dict("records"))))
    assert predicted(read(path, labels="labels", predicted="said")) == expected
    written = SETS.assign(labels=["x|y", "z", ""], said=["y | x", "z", ""])
    written.to_csv(tmp_path / "sets.csv", index=False)
    samples = read(tmp_path / "sets.csv", labels="labels", predicted="said", labels_separator="|")
    assert predicted(samples) == expected
    ones = pd.DataFrame({"text": ["a", "b"], "x": [1, 0], "y": [1, 1], "said": [["x"], ["y"]]})
    assert predicted(read(ones, labels=["x", "y"], predicted="said")) == [["x"], ["y"]]


def test_spans_are_read_as_the_labels_are():
    assert predicted(read(SPANS, spans="spans", predicted="said")) == SPANS["said"].tolist()
    tagged = pd.DataFrame({"words": [["Ann", "left"]], "tags": [["B-person", "O"]], "said": [["B-person", "I-person"]]})
    samples = read(tagged, spans="tags", tokens="words", predicted="said")
    assert samples.texts.to_pylist() == ["Ann left"]
    assert predicted(samples) == [[[0, 8, "person"]]]


@pytest.mark.parametrize(
    ("table", "roles", "message"),
    [
        (SETS.assign(said=[["x"], "oops", None]), {"labels": "labels"}, r"said holds no set of labels.*rows: 2"),
        (SPANS.assign(said=["[[0,3]]", None]), {"spans": "spans"}, r"said holds spans in no known form: row 1"),
        (SPANS.assign(said=[[[0, 99, "city"]], []]), {"spans": "spans"}, r"said do not fit.*past the 17.*row 1"),
    ],
)
def test_what_cannot_be_read_is_refused_with_the_rows(table, roles, message):
    with pytest.raises(InputError, match=message):
        read(table.astype({"said": object}), predicted="said", **roles)


def test_a_platforms_field_is_read_in_the_form_of_the_labels():
    sets = AnnotatedTasks("labels", "text", predicted="said")
    sets.add("1", {"text": "a", "said": ["y", "x"]}, [Answer("ann", "2026", ["x"])])
    sets.add("2", {"text": "b"}, [])
    assert predicted(sets.samples("p")) == [["x", "y"], None]
    spans = AnnotatedTasks("spans", "text", predicted="said")
    spans.add("1", {"text": "Ann", "said": [{"start": 0, "end": 3, "label": "person"}]}, [])
    assert predicted(spans.samples("p")) == [[[0, 3, "person"]]]
    spans.add("2", {"text": "Bob", "said": [[0, 4, "person"]]}, [])
    with pytest.raises(InputError, match=r"said do not fit their texts.*: 2"):
        spans.samples("p")


def test_predicted_spans_move_with_what_is_masked_and_go_with_what_is_edited_away():
    samples = read(SPANS.assign(id=["a", "b"]), spans="spans", predicted="said", id="id")
    masked = samples.redact(names=False)
    text, spans = masked.texts[1].as_py(), predicted(masked)[1]
    assert [text[start:end] for start, end, _ in spans] == ["[EMAIL_1]", "Rome"]
    edited = samples.apply(corrections(id="a", action="edit", value='"Ann lives in Lyon"'))
    assert predicted(edited) == [None, SPANS["said"][1]]
    assert edited.column("spans")[0].as_py() == '[[0,3,"person"]]'


def test_single_labels_are_predicted_as_before():
    samples = read(pd.DataFrame({"text": ["a"], "label": ["x"], "said": ["y"]}), label="label", predicted="said")
    assert isinstance(samples, Samples)
    assert samples.column("predicted").to_pylist() == ["y"]
