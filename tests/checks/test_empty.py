"""Texts that show nothing."""

from __future__ import annotations

import pytest
from labelsift.checks.empty import empty

BLANK = [
    "",
    " ",
    "\n\t",
    "\u200b",
    "\u00a0\u2003",
    "\ufeff",
    "\u2060\u00ad",
    "\u3164",
    "\x00\x1f",
    "\u202e\u2066",
    None,
]
SHOWN = ["a", "❤\ufe0f", "é", ".", "\u200ba", "0", "💥", "\u202eש", "-"]


@pytest.mark.parametrize("text", BLANK)
def test_nothing_to_see_is_empty(make_context, text):
    assert empty(make_context([text])).is_issue.tolist() == [True]


@pytest.mark.parametrize("text", SHOWN)
def test_anything_to_see_is_not(make_context, text):
    assert empty(make_context([text])).is_issue.tolist() == [False]


def test_findings_name_the_rows(make_context):
    result = empty(make_context(["a", " ", "b", ""], ["x", "y", "x", None]))
    assert [(row.id, row.given, row.score) for row in result.findings] == [("r1", "y", 0.0), ("r3", None, 0.0)]
    assert result.score.tolist() == [1, 0, 1, 0]
    assert {row.reason for row in result.findings} == {"The text is empty: there is nothing to label or to learn from."}
