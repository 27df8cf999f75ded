"""Conditions in SQL: right rows, and an error for anything that is none."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from labelsift.errors import InputError
from labelsift.search.sql_filter import Selection

COLUMNS = {
    "id": pa.chunked_array([["a", "b"], ["c", "d"]]),
    "label": pa.chunked_array([["x", "y", None, "x"]]),
    "is_label_issue": pa.chunked_array([[True, False, True, None]]),
    "State": pa.chunked_array([["CA", "NY", "CA", "it's"]]),
    "cost in €": pa.chunked_array([[1.5, 2.0, None, 8.0]]),
    "when": pa.chunked_array([pa.array(["2026-01-01", "2026-02-01", None, "2026-03-01"])]),
}


def rows(where: str) -> list[int]:
    return np.flatnonzero(Selection(4, COLUMNS).matching(where)).tolist()


@pytest.mark.parametrize(
    ("where", "expected"),
    [
        ("label = 'x'", [0, 3]),
        ("LABEL IN ('x', 'y') AND NOT is_label_issue", [1]),
        ("label IS NULL", [2]),
        ("label <> 'x'", [1]),  # a null is neither equal nor unequal
        ("state = 'CA'", [0, 2]),
        ("State = 'it''s'", [3]),
        ("`cost in €` > 1.7 OR is_label_issue", [0, 1, 2, 3]),
        ("id LIKE '%b%'", [1]),
        ("1 = 1", [0, 1, 2, 3]),
        ("label = 'no such'", []),
        ("State = 'a; DROP'", []),
        ("id IN (" + ", ".join(f"'{number}'" for number in range(400)) + ", 'c')", [2]),
    ],
)
def test_rows_that_fulfil_a_condition(where, expected):
    assert rows(where) == expected


@pytest.mark.parametrize(
    "where",
    [
        "",
        "   ",
        "'x'",
        "label",
        "label =",
        "lable = 'x'",
        "label = 'x",
        "label = 'x'; DROP TABLE samples",
        "(SELECT 1) = 1",
        "read_parquet('/etc/passwd')",
        ")",
        "label = 3 +",
        "\x00",
        "label = 'x' UNION SELECT 1",
        "1 = 1" + " + 1" * 20_000,
        "(" * 900 + "1 = 1" + ")" * 90,
        "NOT " * 240 + "1 = 1 =",
        "id" + "-1" * 490 + " = 1",
    ],
)
def test_anything_else_is_refused_with_the_columns(where):
    with pytest.raises(InputError) as refused:
        rows(where)
    if len(where) < 1000:
        assert "is_label_issue" in str(refused.value)
        assert "/rust/" not in str(refused.value)
    assert len(str(refused.value)) < 1000


@given(st.text(max_size=60))
@settings(max_examples=150)
def test_no_text_breaks_it(where):
    try:
        assert Selection(4, COLUMNS).matching(where).shape == (4,)
    except InputError:
        pass


def test_a_name_that_the_engine_does_not_take_is_said():
    odd = {**COLUMNS, "a.b": COLUMNS["label"]}
    with pytest.raises(InputError, match=r"The column a\.b cannot be asked about"):
        Selection(4, odd).matching("`a.b` = 'x'")
    assert Selection(4, odd).matching("label = 'x'").sum() == 2


def test_only_named_columns_are_read_and_only_once():
    read = []
    lazy = {name: lambda name=name: (read.append(name), COLUMNS[name])[1] for name in COLUMNS}
    selection = Selection(4, lazy)
    for _ in range(2):
        assert selection.matching("label = 'x'").sum() == 2
    assert selection.matching("label = 'y'").sum() == 1
    assert read == ["label"]


def test_no_rows_are_no_trouble():
    assert Selection(0, {"id": pa.chunked_array([[]], pa.string())}).matching("id = 'a'").tolist() == []


@pytest.mark.parametrize(
    ("where", "expected"),
    [
        ("\"label\" = 'x'", [0, 3]),
        ('"cost in €" > 1.7', [1, 3]),
        ("label = '\"label\"'", []),  # within a text they are letters
        ("lower(State) = 'ca' AND length(id) = 1", [0, 2]),
        ("NOT (label = 'x') OR (label IN ('x'))", [0, 1, 3]),
    ],
)
def test_names_stand_in_standard_quotes(where, expected):
    assert rows(where) == expected


@pytest.mark.parametrize(
    "where",
    [
        "repeat(label, 100000000) = 'x'",
        "REPEAT (label, 100000000) = 'x'",
        "lpad(label, 1000000000, 'x') = 'x'",
        "array_length(range(0, 10000000000)) > 1",
        "id IN (" + ", ".join(["'" + "x" * 1000 + "'"] * 1001) + ")",
    ],
)
def test_what_makes_much_of_little_is_refused_before_it_is_tried(where):
    with pytest.raises(InputError, match=r"no function that a condition can call|too long"):
        rows(where)
