"""Plain form of a text: full-width characters, other digits, spaces and hyphens as ASCII, each at its own offset."""

from __future__ import annotations

_WIDE = {0xFEE0 + code: chr(code) for code in range(0x21, 0x7F)}  # ！ to ～
_DIGITS = {
    zero + digit: str(digit)
    for zero in (0x0660, 0x06F0, 0x0966, 0x09E6, 0x0E50)  # Arabic, Persian, Devanagari, Bengali, Thai
    for digit in range(10)
}
_SPACES = dict.fromkeys((0x00A0, 0x2002, 0x2003, 0x2007, 0x2008, 0x2009, 0x202F, 0x3000), " ")
_HYPHENS = dict.fromkeys((0x2010, 0x2011, 0x2012, 0x2013, 0x2212), "-")
_PLAIN = _WIDE | _DIGITS | _SPACES | _HYPHENS


def plain(text: str) -> str:
    """Return a text of the same length, whose digits, spaces, hyphens and full-width characters are ASCII.

    >>> plain("０９０−１２３４")
    '090-1234'
    """
    return text if text.isascii() else text.translate(_PLAIN)


def before(text: str, start: int, size: int = 40) -> str:
    """Return the characters before an offset, in lower case."""
    return text[max(start - size, 0) : start].lower()
