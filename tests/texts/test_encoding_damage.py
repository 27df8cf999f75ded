"""Encoding damage: what was read wrongly comes back letter by letter, what is lost is told, clean texts stay."""

from __future__ import annotations

from pathlib import Path

import pytest
from labelsift.texts.encoding_damage import damage, repaired

# Written for this test, before anything was measured on them; 8 each in 26 languages.
SENTENCES = [
    line.split("\t")[1] for line in (Path(__file__).parent / "sentences.tsv").read_text(encoding="utf-8").splitlines()
]


def misread(text: str, encoding: str, times: int = 1) -> str | None:
    """Read UTF-8 in another encoding; None where that encoding has no such byte."""
    try:
        for _ in range(times):
            text = text.encode().decode(encoding)
    except UnicodeDecodeError:
        return None
    return text


@pytest.mark.parametrize("encoding", ["cp1252", "latin-1"])
@pytest.mark.parametrize("times", [1, 2])
def test_utf8_that_was_read_as_something_else_is_repaired_exactly(encoding, times):
    damaged = {text: wrong for text in SENTENCES if (wrong := misread(text, encoding, times)) not in (None, text)}
    assert len(damaged) >= 60  # cp1252 lacks five bytes, so that not every text survives it
    exact = sum(repaired(wrong) == text for text, wrong in damaged.items())
    assert exact >= 0.95 * len(damaged)
    assert sum(damage(wrong) > 0 for wrong in damaged.values()) >= 0.95 * len(damaged)


def test_clean_texts_are_neither_damaged_nor_repaired():
    assert [text for text in SENTENCES if damage(text) or repaired(text) is not None] == []


@pytest.mark.parametrize(
    "text",
    [
        "na\ufffdve",
        "=?utf-8?B?w6TDtsO8?= hello",
        "Gr=C3=BC=C3=9Fe aus Wien",
        r"caf\xc3\xa9 au lait",
        r"sch\u00f6n",
        "????? ???? ?????? ??",
    ],
)
def test_damage_that_cannot_be_repaired_is_told(text):
    assert damage(text) > 0
    assert repaired(text) is None


@pytest.mark.parametrize("text", ["", "what??? really?? no way??", "a = b", "C:\\users\\u", "x" * 100, "?" * 100_000])
def test_plain_texts_hold_no_damage(text):
    assert damage(text) == 0
    assert repaired(text) is None
