"""Answers become rows of corrections, the same for every platform."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest
from labelsift.data.schemas import CORRECTIONS_SCHEMA
from labelsift.review.answers import Answer, correction_of, corrections_table

GIVEN = [[0, 3, "a"], [5, 8, "b"]]
SUGGESTED = [[0, 3, "x"], [5, 8, "b"]]


@pytest.mark.parametrize(
    ("answer", "action", "verdict", "value"),
    [
        (Answer("s", [[0, 3, "x"]], partial=True), "respan", "accepted", SUGGESTED),
        (Answer("s", [[0, 3, "a"]], partial=True), "keep", "refused", GIVEN),
        (Answer("s", SUGGESTED), "respan", "accepted", SUGGESTED),
        (Answer("s", [[0, 3, "x"]]), "respan", "changed", [[0, 3, "x"]]),
        (Answer("s", skipped=True, partial=True), "keep", "skipped", GIVEN),
        (Answer("s", feedback="unusable", partial=True), "remove", "changed", None),
    ],
)
def test_spans_that_are_marked_in_part_are_made_whole_first(answer, action, verdict, value):
    row = correction_of(replace(answer, given=GIVEN, suggested=SUGGESTED), platform="p", task="spans")
    assert (row["action"], row["verdict"], json.loads(row["value"])) == (action, verdict, value)


def test_the_table_has_the_oldest_first_and_every_column():
    times = ("2026-11-25T10:00:01Z", None, "2026-11-25T10:00:00.5Z")
    rows = [correction_of(Answer(str(n), "x", time=time, person="ann"), platform="p") for n, time in enumerate(times)]
    table = corrections_table(rows)
    assert table.schema == CORRECTIONS_SCHEMA
    assert table["id"].to_pylist() == ["1", "2", "0"]
    assert set(rows[0]) == set(CORRECTIONS_SCHEMA.names)
    assert corrections_table([]).schema == CORRECTIONS_SCHEMA
