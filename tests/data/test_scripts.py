"""Scripts of texts, and what is left of informal ones."""

from __future__ import annotations

import pytest
from labelsift.data.english_words import WORDS, english_share
from labelsift.data.language_names import NAMES, language_name, listed_languages
from labelsift.data.scripts import LATIN, OTHER, plain_words, script_of


@pytest.mark.parametrize(
    ("text", "plain"),
    [
        ("@anna look: https://t.co/x1 #win", "look:"),
        ("RT great &amp; cheap &lt;3", "great & cheap"),
        ("mail me@example.org, %(count)d times <b>now</b>", "mail times now"),
        ("soooooo coooool", "soo cool"),
        ("¯\\_(ツ)_/¯ ಠ_ಠ :-D xD ok then", "ok then"),
        ("𝓗𝓮𝓵𝓵𝓸 there", "Hello there"),
        ("", ""),
    ],
)
def test_marks_of_informal_writing_are_taken_out(text, plain):
    assert " ".join(plain_words(text)) == plain


@pytest.mark.parametrize(
    ("text", "script"),
    [
        ("plain", LATIN),
        ("Où est-ce? Ł", LATIN),
        ("отлично да0", "Cyrillic"),
        ("iPhoneを買いましたよとても", "Kana"),
        ("中文", "Han"),
        ("हिन्दी में", "Devanagari"),
        ("አማርኛ", OTHER),
        ("123 :-)", None),
        ("", None),
    ],
)
def test_a_text_is_in_the_script_of_most_of_its_letters(text, script):
    assert script_of(text) == script


def test_common_english_words_are_counted():
    assert english_share([]) == 0
    assert english_share("the karte is gone".split()) == 0.5
    assert all(word == word.lower() for word in WORDS)


def test_languages_are_listed_by_name():
    assert all(name[0].isupper() for name in NAMES.values())
    assert language_name("xal") == "Kalmyk"
    codes = ["ja", "hi", *list(NAMES)[:28]]
    assert listed_languages(codes) == f"Japanese, Hindi, {NAMES[codes[2]]} and 27 more"
    assert listed_languages(["ja"]) == "Japanese"
    assert listed_languages([]) == ""
