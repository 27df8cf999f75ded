"""One label, sets, annotators and spans side by side: what is refused, what is told apart, what one file can hold."""

from __future__ import annotations

import json
import subprocess
import sys

import labelsift as ls
import pandas as pd
import pyarrow as pa
import pytest
from labelsift.data.formatting import format_span
from labelsift.errors import InputError
from labelsift.render.tracker_panels.flagged import _label

SPANS = [[0, 3, "person"]]

WITHOUT_NUMBA = """
import sys
sys.modules["numba"] = None
import labelsift as ls, pyarrow as pa
texts = [f"Ann number {at} went home" for at in range(30)]
samples = ls.read(pa.table({"text": texts, "spans": ['[[0, 3, "person"]]'] * 30}), spans="spans")
print(sorted(ls.scan(samples, store=None, only=["empty"]).summary()["issues"]))
try:
    ls.scan(samples, store=None)
except ls.LabelsiftError as error:
    print(type(error).__name__, error.exit_code, error)
"""


@pytest.mark.parametrize("more", [{"label": "x"}, {"labels": "y"}, {"labels": ["x"]}, {"annotators": ["x"]}])
def test_spans_go_with_no_other_kind(more):
    table = pa.table({"text": ["Ann left"], "x": ["b"], "y": [["b"]], "spans": [json.dumps(SPANS)]})
    with pytest.raises(InputError, match="labels or spans, not both"):
        ls.read(table, spans="spans", **more)


@pytest.mark.parametrize(
    ("more", "says"),
    [
        ({"spans": "spans", "text": None}, "Spans stand in texts"),
        ({"tokens": "x", "label": "x"}, "Tokens without tags"),
        ({"text": None}, "need ids of their own"),
    ],
)
def test_spans_need_texts_and_tokens_need_tags(more, says):
    with pytest.raises(InputError, match=says):
        ls.read(pa.table({"text": ["Ann left"], "x": ["b"], "spans": ["[]"]}), **more)


@pytest.mark.slow
def test_without_numba_spans_say_what_to_install_and_other_checks_run():
    done = subprocess.run([sys.executable, "-c", WITHOUT_NUMBA], check=True, capture_output=True, text=True)
    first, last = done.stdout.splitlines()
    assert first == "['empty']"
    assert last.startswith("MissingExtraError 2 Judging spans needs the package numba")
    assert 'pip install "labelsift[spans]"' in last


def test_a_set_of_three_labels_is_no_span():
    assert format_span(["a", "b", "c"], "a text") is None
    assert format_span([True, 3, "c"], "a text") is None
    assert _label(json.dumps(["a", "b", "c"]), {"a", "b", "c"}) == "a, b, c"
    assert _label(json.dumps([0, 3, "person"]), {"person"}) == "person"
    assert _label(json.dumps(["a", 3, "c"]), {"a", "c"}) == ""


def test_what_looks_like_dates_or_numbers_stays_a_label_in_jsonl(tmp_path):
    rows = [
        {"text": "a", "tags": ["2020-01-01"], "said": {"anna": "2020-01-02"}, "on": 1, "tokens": ["2020-01-01"]},
        {"text": "b", "tags": ["2020-01-01", 7], "said": {"ben": "x"}, "on": 0, "tokens": ["b"]},
        {"text": "c", "tags": None, "said": None, "on": None, "tokens": []},
    ]
    path = tmp_path / "rows.jsonl"
    path.write_text("\n".join(map(json.dumps, rows)))
    assert ls.read(path, labels="tags").column("labels").to_pylist() == ['["2020-01-01"]', '["2020-01-01", "7"]', None]
    assert ls.read(path, labels=["on"]).column("labels").to_pylist() == ['["on"]', "[]", None]
    samples = ls.read(path, annotations="said")
    assert samples.labels.to_pylist() == ["2020-01-02", "x", None]
    assert samples.table.column_names == ["id", "text", "label", "annotations"]
    marked = [{"tokens": ["2020-01-01", "Ann"], "tags": ["O", "B-person"]}]
    path.write_text("\n".join(map(json.dumps, marked)))
    assert ls.read(path, spans="tags", tokens="tokens").column("spans").to_pylist() == ['[[11,14,"person"]]']


def test_data_frames_may_hold_lists_of_spans():
    frame = pd.DataFrame({"text": ["Ann left", "none", "unlabeled"], "spans": [SPANS, [], None]})
    assert ls.read(frame, spans="spans").column("spans").to_pylist() == ['[[0,3,"person"]]', "[]", None]
    frame["spans"] = [[(0, 3, "person")], [], None]
    assert ls.read(frame, spans="spans").column("spans").to_pylist() == ['[[0,3,"person"]]', "[]", None]
