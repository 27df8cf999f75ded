"""What a response in a review dataset decides, and what it leaves open."""

from __future__ import annotations

from typing import Any

import pytest
from labelsift.integrations.argilla.convert.answers import NO_COPY, NO_SUGGESTION, NOT_CHOSEN, read_answer
from labelsift.review.answers import Answer


def said(suggested: str | None = "billing", issues: list[str] | None = None, **values: str) -> Answer:
    response: dict[str, Any] = {
        "status": "submitted",
        "values": {name: {"value": value} for name, value in values.items()},
        "updated_at": "2026-11-30T10:00:00",
        "user_id": "u",
    }
    answer = read_answer(
        response,
        sample="a",
        task="classification",
        given="refund",
        suggested=suggested,
        mode="choose",
        people={"u": "ann"},
        issues=issues,
    )
    assert answer is not None
    return answer


@pytest.mark.parametrize("decision", ["drop_copy", "keep_copies"])
def test_a_copy_is_dropped_only_where_one_was_shown(decision: str) -> None:
    """All records of a dataset share their options, and a slip of a key must not drop a sample."""
    slip = said(issues=["label", "outlier"], decision=decision)
    assert (slip.skipped, slip.feedback, slip.note) == (True, None, f"[{NO_COPY}]")
    for issue in ("exact_duplicate", "near_duplicate", "conflicting_labels"):
        assert said(issues=["label", issue], decision=decision).feedback == decision
    assert said(issues=None, decision=decision).feedback == decision  # somebody took the metadata off


def test_an_incomplete_answer_says_what_it_lacks() -> None:
    assert said(decision="other").note == f"[{NOT_CHOSEN}]"
    assert said(suggested=None, decision="suggested").note == f"[{NO_SUGGESTION}]"
    assert said(decision="suggested").value == "billing"
