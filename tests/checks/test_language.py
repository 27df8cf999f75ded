"""Texts in another language than the data set's."""

from __future__ import annotations

import numpy as np
import pytest
from labelsift.checks.language import language

ENGLISH = [
    f"{first}, {second} and I would like to know what happened, number {number}"
    for number, (first, second) in enumerate(
        [
            ("My new card has not arrived yet", "it should have been here on Monday"),
            ("The payment was declined twice", "the shop told me to ask you"),
            ("I cannot log in to my account", "the password is certainly right"),
            ("Somebody charged me for a subscription", "which I never ordered at all"),
        ]
        * 5
    )
]
GERMAN = "Meine Bestellung ist noch nicht angekommen und ich warte seit zwei Wochen darauf"
SPANISH = "Mi pedido no ha llegado todavía y llevo dos semanas esperando una respuesta"


def test_a_german_row_among_english_ones_is_flagged(make_context):
    context = make_context([*ENGLISH, GERMAN])
    result = language(context)
    (finding,) = result.findings
    assert (finding.id, finding.kind, finding.evidence["language"]) == ("r20", "de", "de")
    assert finding.reason.startswith("Written in German (")
    assert finding.reason.endswith("); the data set is in English.")
    assert result.score[20] < 0.2 < result.score[:20].min()
    assert context.facts["languages"] == {"en": pytest.approx(20 / 21), "de": pytest.approx(1 / 21)}
    assert context.notes == []  # what that means for other checks is said where they run


def test_short_texts_are_not_judged(make_context):
    result = language(make_context([*ENGLISH, "Wo ist es?", "ja", "haha lol", ""]))
    assert result.findings == []
    assert np.isnan(result.score[20:]).all()


def test_a_bilingual_data_set_flags_neither_language(make_context):
    context = make_context([*ENGLISH[:10], *[f"{GERMAN}, Nummer {number}" for number in range(10)], SPANISH])
    result = language(context)
    assert [finding.kind for finding in result.findings] == ["es"]
    assert result.findings[0].reason.endswith("the data set is in German or English.")
    assert context.facts["expected_languages"] == ["de", "en"]


def test_nothing_to_detect(make_context):
    context = make_context(["", "a", "ok"])
    assert language(context).findings == []
    assert context.facts["languages"] == {}
