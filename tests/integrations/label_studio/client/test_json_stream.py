"""A long list, object by object, however it is cut."""

from __future__ import annotations

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from labelsift.integrations.label_studio.client.read import objects_in

TEXT = st.text('aé💥 "\\[]{},:\n', max_size=9)
VALUES = st.none() | st.integers() | TEXT | st.lists(TEXT, max_size=3) | st.dictionaries(TEXT, TEXT, max_size=2)


@settings(max_examples=50)
@given(
    objects=st.lists(st.dictionaries(TEXT, VALUES, max_size=4), max_size=6),
    size=st.integers(1, 40),
    indent=st.sampled_from([None, 1]),
)
def test_whatever_the_chunks_the_objects_are_the_same(objects, size, indent):
    body = json.dumps(objects, ensure_ascii=False, indent=indent).encode()
    assert list(objects_in(body[number : number + size] for number in range(0, len(body), size))) == objects


@pytest.mark.parametrize("body", [b"", b"{}", b'[{"a": 1}', b'[{"a": 1}, {"b"', b"[1]", b"<html>"])
def test_what_is_no_whole_list_of_objects_is_refused(body):
    with pytest.raises(ValueError, match=r"list|object"):
        list(objects_in([body]))
