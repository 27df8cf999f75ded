"""Texts that make careless patterns explode; a quadratic pattern would run into the time limit."""

from __future__ import annotations

import pytest
from labelsift.texts.redaction import masked

SIZE = 200_000
PARTS = (
    "1", "1 ", "1.", "1:", "4111-", "+1", "@", "a@", "a.", "A", "Aa ", "12 Aa ", "12 Aaaa St ", "rue de la ",
    "12 rue de ", "Calle Aa ", "PO Box 1 ", "1st 1st ", "password", "password=", "pw is ", "my name is ",
    "Regards, Aa", "Mr. A. ", "-----BEGIN PRIVATE KEY-----", "-----BEGIN PRIVATE KEY-----AAAAAAAAAAAAAAAAAAAA",
    "eyJ", "eyJaaaaaaaaaa.", "http://a:", "http://a:b@", "api_key=aaaa", "sk-", "born on ", "1.1.1999 geboren",
    "東京都新宿", "漢様", "call me on ", "DE12", "1ABC", "bc1", "0x", "ab::", " ", "\n", "\x00", "\u200b",
    "\u202e\u05d0",
    "👩‍👩‍👧", "PuTTY-User-Key-File-3: ", "mysql -", "bearer ", "Ab1/",
)  # fmt: skip


@pytest.mark.slow
@pytest.mark.timeout(120)
@pytest.mark.parametrize("part", PARTS)
def test_a_text_of_repeats_is_read_to_its_end(part):
    text = (part * SIZE)[:SIZE]
    assert len(masked(f"{text} jo@mail.example")) > 0
