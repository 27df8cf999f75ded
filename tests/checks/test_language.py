"""Texts in another language than the data set's."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pytest
from labelsift.checks import Context
from labelsift.checks.language import Language, language
from labelsift.io.read import read

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


def with_channels(texts: list[str], channels: list[str]) -> Context:
    columns = {"id": [f"r{row}" for row in range(len(texts))], "text": texts, "channel": channels}
    samples = read(pa.table(columns), id="id", metadata=["channel"])
    return Context(samples, samples.classes, samples.codes(samples.classes), np.ones(len(texts), dtype=bool))


def test_the_verdict_names_shares_and_the_value_that_most_of_a_language_has():
    texts = [*ENGLISH * 4, *[f"{SPANISH}, número {number}" for number in range(12)]]
    channels = [*["chat", "phone", "chat", "email"] * 20, *["email"] * 11, "chat"]
    assert language(with_channels(texts, channels)).verdict == (
        "Of the 92 texts whose language can be told 13\u00a0% are Spanish (12 texts, mostly channel = email: "
        "91.7\u00a0%, of the others 25\u00a0%)."
    )


def test_no_value_is_named_that_may_be_as_frequent_elsewhere():
    texts = [*ENGLISH, *[f"{SPANISH}, número {number}" for number in range(4)]]
    channels = [*["email", "email", "chat"] * 6, "email", "chat", *["email"] * 3, "chat"]
    assert "channel" not in language(with_channels(texts, channels)).verdict
    assert "channel" not in language(with_channels(texts, ["email"] * 24)).verdict
    assert "channel" not in language(with_channels(texts, [f"mail {row}" for row in range(24)])).verdict


def test_a_text_that_mixes_languages_is_a_kind_of_its_own(make_context):
    mixed = f"{ENGLISH[0]}. {SPANISH}."
    result = language(make_context([*ENGLISH, mixed, "My friend José from São Paulo lives in the Rue de la Paix now."]))
    (finding,) = result.findings
    assert (finding.id, finding.kind, finding.evidence["language"]) == ("r20", "mixed", "es")
    assert finding.reason.startswith("Mixes languages: ")
    assert finding.reason.endswith(" is in Spanish.")
    assert finding.score == pytest.approx(1 - finding.evidence["share"], abs=1e-3)
    assert result.verdict == "1 text mixes languages."


def test_what_is_expected_can_be_named(make_context):
    texts = [*ENGLISH[:6], GERMAN, SPANISH]
    chosen = {Language: Language(expected=("de",))}
    result = language(make_context(texts, chosen_settings=chosen))
    assert {finding.kind for finding in result.findings} == {"en", "es"}
    longer = language(make_context(texts, chosen_settings={Language: Language(shortest=78)}))
    assert [finding.id for finding in longer.findings] == ["r6"]
    assert np.isnan(longer.score[7])


@pytest.mark.parametrize("wrong", [{"foreign": 2.0}, {"times": 0.5}, {"shortest": 3}, {"mixed_share": 0.0}])
def test_settings_out_of_range_are_refused(wrong):
    with pytest.raises(ValueError, match=next(iter(wrong))):
        Language(**wrong)


@pytest.mark.parametrize(
    "text", ["মেরা", "मेरा ऑर्डर अभी तक नहीं पहुँचा है और कोई जवाब नहीं", "สินค้ายังไม่มาส่งและไม่มีใครตอบข้อความ"]
)
def test_three_rows_in_one_language_are_not_foreign(make_context, text):
    assert language(make_context([text, text + " ", text[:-1]])).findings == []
