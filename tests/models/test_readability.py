"""Which texts an embedder can read, by script, detected language and the data set."""

from __future__ import annotations

import numpy as np
from labelsift.models.languages import Languages, encode_languages
from labelsift.models.readability import Readability, described, scripts_of

EN = frozenset({"en"})


def languages(*texts: dict[str, float]) -> Languages:
    return Languages.of(encode_languages(texts))


def test_a_script_alone_tells_that_it_is_no_english():
    rules = Readability(EN)
    scripts = scripts_of(["good", "отлично", "好", "@anna 12 :-)", ""])
    assert rules.readable(scripts, languages({}, {}, {}, {}, {})).tolist() == [True, False, False, True, True]


def test_in_a_readable_script_only_a_sure_language_is_a_verdict():
    rules = Readability(EN)
    detected = languages({"en": 0.9}, {"de": 0.45, "en": 0.05}, {"de": 0.6, "en": 0.3}, {"de": 0.6, "en": 0.1})
    assert rules.readable(["Latin"] * 4, detected).tolist() == [True, True, True, False]


def hausa(count: int) -> list[dict[str, float]]:
    """A language that the detector does not know: it looks like many, few of them sure."""
    return [{"so": 0.6, "en": 0.1}, {"sw": 0.3, "en": 0.2}, {"id": 0.3, "en": 0.1}, {"en": 0.4, "tl": 0.2}] * (
        count // 4
    )


def test_a_file_in_an_unknown_language_is_unreadable_in_doubt_too():
    found = hausa(40) + [{}] * 5
    scripts = ["Latin"] * 45
    rules = Readability.fit(EN, scripts, languages(*found))
    assert rules.doubted == {"Latin"}
    assert not rules.readable(scripts, languages(*found)).any()
    assert rules.readable(["Latin"], languages({"en": 0.9})).all()  # what is sure stays sure


def test_half_of_a_file_in_an_unknown_language_is_told_from_the_english_half():
    found = [{"en": 0.9}] * 37 + [{"en": 0.3, "de": 0.3}] * 3 + hausa(40)
    rules = Readability.fit(EN, ["Latin"] * 80, languages(*found))
    readable = rules.readable(["Latin"] * 80, languages(*found))
    assert readable[:37].all()
    assert not readable[40:].any()


def test_doubts_in_an_english_file_and_in_a_small_one_are_no_verdict():
    slang = [{"en": 0.9}] * 80 + [{"en": 0.3, "de": 0.3}] * 15 + [{"es": 0.9}] * 5
    assert Readability.fit(EN, ["Latin"] * 100, languages(*slang)).doubted == frozenset()
    assert Readability.fit(EN, ["Latin"] * 12, languages(*hausa(12))).doubted == frozenset()


def test_an_embedder_of_several_languages_reads_their_scripts_and_no_others():
    rules = Readability(frozenset({"en", "ar", "ru", "ja", "zh"}))
    scripts = ["Arabic", "Arabic", "Cyrillic", "Cyrillic", "Kana", "Devanagari"]
    found = languages({"ar": 0.9}, {"ur": 0.9}, {}, {"uk": 0.8}, {"ja": 1.0}, {"hi": 1.0})
    assert rules.readable(scripts, found).tolist() == [True, False, True, False, True, False]


def test_what_texts_are_written_in_is_named_only_where_it_is_known():
    found = languages({"ja": 0.9}, {"ja": 0.8}, {"hi": 0.9}, {"so": 0.3})
    assert described(np.arange(3), ["Kana", "Kana", "Devanagari"], found) == " (Japanese and Hindi)"
    assert described(np.arange(3, 4), ["Latin"] * 4, found) == ""
    assert described(np.arange(2), ["Cyrillic", "Cyrillic"], languages({}, {})) == " (Cyrillic script)"
