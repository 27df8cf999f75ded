"""Several annotators: one canonical form, and the majority's label without any order mattering."""

from __future__ import annotations

import json

import labelsift as ls
import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st
from labelsift.data import annotator_labels
from labelsift.errors import InputError

PEOPLE = st.sampled_from(["anna", "ben", "carl"])
SAID = st.dictionaries(PEOPLE, st.sampled_from(["ham", "spam", "eggs"]), max_size=3)


def column(values: list, kind: pa.DataType | None = None) -> pa.ChunkedArray:
    return pa.chunked_array([pa.array(values, kind)])


@pytest.mark.slow
@given(st.lists(SAID, min_size=1, max_size=10), st.randoms())
def test_the_canonical_form_knows_no_order_and_reads_back(rows, random):
    texts = [json.dumps(dict(random.sample(list(row.items()), len(row)))) for row in rows]
    forms = annotator_labels.from_column(column(texts), name="who")
    assert [json.loads(form) if form else {} for form in forms.to_pylist()] == rows
    structs = column(rows, pa.struct([(name, pa.string()) for name in ("carl", "anna", "ben")]))
    assert annotator_labels.from_column(structs, name="who").to_pylist() == forms.to_pylist()
    maps = column([list(row.items()) for row in rows], pa.map_(pa.string(), pa.string()))
    assert annotator_labels.from_column(maps, name="who").to_pylist() == forms.to_pylist()
    table = pa.table({name: [row.get(name) for row in rows] for name in ("ben", "carl", "anna")})
    assert annotator_labels.from_columns(table, table.column_names).to_pylist() == forms.to_pylist()


@given(st.lists(SAID, min_size=1, max_size=10), st.integers(0, 100))
def test_the_majority_does_not_depend_on_the_order_of_rows_or_annotators(rows, seed):
    forms = annotator_labels.from_column(column([json.dumps(row) for row in rows]), name="who")
    plain = annotator_labels.consensus(forms).to_pylist()
    order = np.random.default_rng(seed).permutation(len(rows))
    renamed = {"anna": "zoe", "ben": "ben", "carl": "abe"}
    mixed = [json.dumps({renamed[name]: label for name, label in rows[row].items()}) for row in order]
    again = annotator_labels.consensus(annotator_labels.from_column(column(mixed), name="who")).to_pylist()
    assert again == [plain[row] for row in order]
    for row, label in zip(rows, plain, strict=True):
        votes = list(row.values())
        assert (label is None) == (not votes)
        assert not votes or votes.count(label) == max(map(votes.count, votes))


def test_the_label_is_the_users_own_or_else_the_consensus():
    table = pa.table(
        {
            "text": list("abc"),
            "anna": ["x", "y", ""],
            "ben": ["x", "x", None],
            "carl": [None, "x", " "],
            "mine": ["y", None, "x"],
        }
    )
    samples = ls.read(table, annotators=["anna", "ben", "carl"])
    assert samples.labels.to_pylist() == ["x", "x", None]
    assert samples.table["annotations"].to_pylist() == [
        '{"anna": "x", "ben": "x"}',
        '{"anna": "y", "ben": "x", "carl": "x"}',
        None,
    ]
    assert samples.classes == ("x", "y")  # also what was outvoted everywhere
    own = ls.read(table, label="mine", annotators=["anna", "ben", "carl"])
    assert own.labels.to_pylist() == ["y", None, "x"]


def test_what_is_no_object_of_labels_is_refused_with_its_rows():
    for odd in (['["a"]'], ['{"anna": ["x"]}'], ["anna"], ['{"anna": 1.5}']):
        with pytest.raises(InputError, match="no labels by annotator in rows: 1"):
            annotator_labels.from_column(column(odd), name="who")
    table = pa.table({"text": ["a"], "who": ['{"anna": "x"}'], "tags": [["x"]], "anna": ["x"]})
    with pytest.raises(InputError, match="single labels only"):
        ls.read(table, annotations="who", labels="tags")
    with pytest.raises(InputError, match="Both annotations and annotators"):
        ls.read(table, annotations="who", annotators=["anna"])
    with pytest.raises(InputError, match="not among the classes"):
        annotator_labels.AnnotatorLabels.read(column(['{"anna": "x"}']), ["y"])


def test_numbers_are_labels_as_elsewhere():
    samples = ls.read(pa.table({"text": ["a", "b"], "anna": [1.0, None], "ben": [1, 2]}), annotators=["anna", "ben"])
    assert samples.labels.to_pylist() == ["1", "2"]
