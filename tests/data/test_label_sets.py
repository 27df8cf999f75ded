"""Sets of labels: one canonical form from lists, JSON, separated texts and columns of 0 and 1."""

from __future__ import annotations

import json
from pathlib import Path

import labelsift as ls
import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet
import pytest
from hypothesis import given
from hypothesis import strategies as st
from labelsift.data import label_sets as labelsets
from labelsift.errors import InputError

NAMES = st.text(st.characters(exclude_categories=("Cs",)), min_size=1, max_size=8).filter(str.strip)


def column(values: list, kind: pa.DataType | None = None) -> pa.ChunkedArray:
    return pa.chunked_array([pa.array(values, kind)])


def read_column(values: list, separator: str | None = None, kind: pa.DataType | None = None) -> list:
    return labelsets.from_column(column(values, kind), name="tags", separator=separator).to_pylist()


@given(st.lists(st.one_of(st.none(), st.lists(NAMES, max_size=4)), max_size=8), st.randoms())
def test_the_canonical_form_knows_no_order_and_no_repeats_and_reads_back(sets, random):
    forms = read_column(sets, kind=pa.list_(pa.string()))
    assert [labelsets.parsed(form) for form in forms] == [None if form is None else sorted(set(form)) for form in sets]
    mixed = [None if labels is None else random.sample([*labels, *labels], 2 * len(labels)) for labels in sets]
    assert read_column(mixed, kind=pa.list_(pa.string())) == forms
    assert read_column(forms, kind=pa.string()) == forms  # a canonical text is read as itself
    given_ones = [form for form in forms if form is not None]
    classes = labelsets.labels_in(column(forms, pa.string()))
    assert set(classes) == {label for form in given_ones for label in json.loads(form)}
    members = labelsets.members(column(forms, pa.string()), classes)
    assert members.shape == (len(sets), len(classes))
    for row, labels in zip(members, sets, strict=True):
        expected = [-1] * len(classes) if labels is None else [int(name in labels) for name in classes]
        assert row.tolist() == expected


@pytest.mark.parametrize(
    ("values", "separator", "expected"),
    [
        (["b|a", " a | a ", "", None, "[]"], "|", ['["a", "b"]', '["a"]', None, None, "[]"]),
        (["a; b;", ";"], ";", ['["a", "b"]', "[]"]),
        (['["b", "a"]', "[1, 2.0]"], None, ['["a", "b"]', '["1", "2"]']),
        (['["b", "a"]', "[draft]|a"], "|", ['["a", "b"]', '["[draft]", "a"]']),
    ],
)
def test_texts_are_json_lists_or_parted_by_the_separator_that_was_named(values, separator, expected):
    assert read_column(values, separator) == expected


def test_integers_and_dictionaries_are_labels_too():
    assert read_column([[3, 1], []]) == ['["1", "3"]', "[]"]
    coded = pa.chunked_array([pa.array(["a|b", "a"]).dictionary_encode()])
    assert labelsets.from_column(coded, name="tags", separator="|").to_pylist() == ['["a", "b"]', '["a"]']


@pytest.mark.parametrize(
    ("values", "separator", "said"),
    [
        (["a|b"], None, r"labels_separator='\|'"),
        (["a; b", "c"], None, "labels_separator=';'"),
        ([["a", None]], None, "rows"),
        ([["a", " "]], None, "rows"),
        ([[1.5]], None, "rows"),
        (['["a", {"b": 1}]'], None, "rows"),
        ([1, 2], None, "not lists"),
        (["a"], "", "separator"),
    ],
)
def test_what_is_no_set_is_refused_with_the_rows_or_the_cure(values, separator, said):
    with pytest.raises(InputError, match=said):
        read_column(values, separator)


def test_columns_of_0_and_1_are_one_label_each():
    table = pa.table(
        {
            "text": list("abcd"),
            "toxic": [1, 0, None, 0],
            "insult": ["1", "0", "", "0"],
            "aside": [True, False, None, False],
        }
    )
    samples = ls.read(table, labels=["toxic", "insult", "aside"])
    assert samples.table["labels"].to_pylist() == ['["aside", "insult", "toxic"]', "[]", None, "[]"]
    assert (samples.task, samples.classes) == ("multilabel", ("aside", "insult", "toxic"))
    frame = pd.DataFrame({"text": list("ab"), "toxic": [1.0, np.nan]})
    assert ls.read(frame, labels=["toxic"]).table["labels"].to_pylist() == ['["toxic"]', None]


def test_other_values_and_half_empty_rows_are_refused():
    with pytest.raises(InputError, match="other values than 0 and 1"):
        ls.read(pa.table({"text": ["a"], "toxic": [2]}), labels=["toxic"])
    with pytest.raises(InputError, match="some are not, in rows"):
        ls.read(pa.table({"text": ["a", "b"], "x": [1, 0], "y": [1, None]}), labels=["x", "y"])


def test_one_kind_of_labels_at_a_time():
    table = pa.table({"text": ["a"], "x": ["b"], "y": [["b"]]})
    with pytest.raises(InputError, match="Both label and labels"):
        ls.read(table, label="x", labels="y")
    with pytest.raises(InputError, match="No column of labels"):
        ls.read(table, labels=[])


def test_files_of_every_format_give_the_same_sets(tmp_path: Path):
    (tmp_path / "a.csv").write_text("text,tags\nx,b|a\ny,\nz,[]\nw,007\n")
    rows = [{"text": "x", "tags": ["b", "a"]}, {"text": "y", "tags": None}, {"text": "z", "tags": []}]
    rows.append({"text": "w", "tags": ["007"]})
    (tmp_path / "a.jsonl").write_text("\n".join(map(json.dumps, rows)))
    mixed = [*rows[:3], {"text": "w", "tags": ["007"], "odd": 1}, {"text": "v", "odd": "two", "tags": ["a"]}]
    (tmp_path / "mixed.jsonl").write_text("\n".join(map(json.dumps, mixed)))  # Arrow's own reader refuses it
    pa.parquet.write_table(pa.Table.from_pylist(rows), tmp_path / "a.parquet")
    expected = ['["a", "b"]', None, "[]", '["007"]']
    assert ls.read(tmp_path / "a.csv", labels="tags", labels_separator="|").table["labels"].to_pylist() == expected
    assert ls.read(tmp_path / "a.jsonl", labels="tags").table["labels"].to_pylist() == expected
    assert ls.read(tmp_path / "a.parquet", labels="tags").table["labels"].to_pylist() == expected
    assert ls.read(tmp_path / "mixed.jsonl", labels="tags").table["labels"].to_pylist() == [*expected, '["a"]']


def test_people_see_names():
    assert labelsets.format_labels(["b", "a, c"]) == "b, a, c"
    assert labelsets.format_labels([]) == "(none)"
    assert labelsets.format_difference(["a", "b"], ["b", "c"]) == "−a +c"
    assert labelsets.cell_of(["b", "a"]) == '["a", "b"]'
    assert labelsets.cell_of([1]) is None
