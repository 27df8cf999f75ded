"""Samples: positions, codes and a fingerprint that knows content, not order."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from labelsift.data.hashing import repeats
from labelsift.data.samples import Samples
from labelsift.errors import InputError
from labelsift.io.read import read


def samples_of(rows: list[dict], metadata: list[dict] | None = None) -> Samples:
    schema = pa.schema([("id", pa.string()), ("text", pa.string()), ("label", pa.string())])
    kept = pa.Table.from_pylist(metadata) if metadata else pa.table({})
    return Samples(pa.Table.from_pylist(rows, schema=schema), kept)


ROWS = st.lists(
    st.fixed_dictionaries(
        {
            "id": st.text(max_size=4),
            "text": st.text("ab\x1f\x00:-1é", max_size=5),
            "label": st.none() | st.text("ab\x00-", max_size=2),
        }
    ),
    min_size=1,
    max_size=6,
    unique_by=lambda row: row["id"],
)


def content(row: dict) -> tuple[str, str, str]:
    return row["id"], row["text"], repr(row["label"])


@given(rows=ROWS, order=st.randoms(use_true_random=False))
def test_the_fingerprint_is_the_same_in_any_order(rows, order):
    shuffled = list(rows)
    order.shuffle(shuffled)
    assert samples_of(rows).fingerprint == samples_of(shuffled).fingerprint


@pytest.mark.slow
@given(rows=ROWS, other=ROWS)
def test_the_fingerprint_differs_where_the_content_does(rows, other):
    assume(sorted(map(content, rows)) != sorted(map(content, other)))
    assert samples_of(rows).fingerprint != samples_of(other).fingerprint


@given(rows=ROWS, data=st.data())
def test_any_single_edit_changes_the_fingerprint(rows, data):
    position = data.draw(st.integers(0, len(rows) - 1))
    role = data.draw(st.sampled_from(["text", "label"]))
    new = data.draw(st.text("ab\x1f\x00:-1é", max_size=5))
    assume(rows[position][role] != new)
    edited = [{**row, role: new} if number == position else row for number, row in enumerate(rows)]
    assert samples_of(rows).fingerprint != samples_of(edited).fingerprint


def test_no_value_passes_for_two_and_none_for_an_absent_one():
    tricks = [
        [{"id": "1", "text": "a\x1fb", "label": "c"}],
        [{"id": "1", "text": "a", "label": "b\x1fc"}],
        [{"id": "1", "text": "a", "label": None}],
        [{"id": "1", "text": "a", "label": "\x00"}],
        [{"id": "1", "text": "a", "label": "-"}],
        [{"id": "1", "text": "a", "label": ""}],
    ]
    assert len({samples_of(rows).fingerprint for rows in tricks}) == len(tricks)


def test_metadata_counts_with_its_name():
    rows = [{"id": "1", "text": "a", "label": "b"}]
    metadata = [[{"state": "CA"}], [{"state": "NY"}], [{"city": "CA"}], [{"state": "CA", "city": None}]]
    assert len({samples_of(rows, fields).fingerprint for fields in [None, *metadata]}) == 5


def test_the_fingerprint_does_not_depend_on_chunks():
    table = pa.table({"id": ["1", "2", "3"], "text": ["a", "b", "c"]})
    chunked = pa.concat_tables([table.slice(0, 1), table.slice(1)])
    assert Samples(table, pa.table({})).fingerprint == Samples(chunked, pa.table({})).fingerprint


def test_positions_codes_and_take():
    samples = read(
        pa.table({"id": ["b", "a", "c"], "text": ["x", "y", "z"], "label": ["u", None, "t"], "m": [1, 2, 3]}),
        id="id",
        label="label",
        metadata=["m"],
    )
    assert samples.positions(["c", "b"]).tolist() == [2, 0]
    assert samples.classes == ("t", "u")
    assert samples.codes(("t", "u", "v")).tolist() == [1, -1, 0]
    taken = samples.take(np.array([2, 0]))
    assert (taken.ids.to_pylist(), taken.metadata["m"].to_pylist()) == (["c", "b"], [3, 1])
    with pytest.raises(InputError, match="no sample with these ids: nope"):
        samples.positions(["a", "nope"])
    with pytest.raises(InputError, match="not among the classes: u"):
        samples.codes(("t",))


def test_samples_without_metadata_can_be_taken():
    taken = read(pa.table({"text": ["a", "b", "c"]})).take(np.array([2]))
    assert taken.texts.to_pylist() == ["c"]
    assert len(taken) == 1


@given(values=st.lists(st.integers(-3, 3), max_size=20))
def test_repeats_are_the_rows_whose_value_stands_elsewhere(values):
    expected = [index for index, value in enumerate(values) if values.count(value) > 1]
    assert repeats(np.array(values, dtype=np.int64)).tolist() == expected
