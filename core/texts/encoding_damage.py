r"""Encoding damage: mojibake by the heuristics of ftfy (Speer 2019), and what other wrong readings leave behind.

UTF-8 that was read as Windows-1252 or Latin-1, once or twice, can be repaired exactly. Other damage can only be told:
replacement characters, bytes written as escapes, mail headers that nobody decoded, letters that became question marks.
Of ftfy only ``fix_encoding`` and ``is_bad`` are used: ``fix_text`` also changes quotes and full-width punctuation.
"""

from __future__ import annotations

import re

_REPLACED = "\ufffd"
# Which texts can be damaged at all, in the syntax of RE2: the others need no look.
SUSPICIOUS = r"[^\x00-\x7f]|=\?|=[C-Fc-f][0-9A-Fa-f]=|\\x|\\u|\?\?"
_LEFTOVERS = re.compile(
    r"=\?[\w-]{3,20}\?[BbQq]\?[^\s?]{1,200}"  # RFC 2047, as in mail headers
    r"|=[C-F][0-9A-F]=[89AB][0-9A-F]"  # quoted-printable UTF-8
    r"|\\x[c-fC-F][0-9a-fA-F]\\x[89abAB][0-9a-fA-F]"  # the bytes of UTF-8, as Python shows them
    r"|(?:\\u[0-9a-fA-F]{4}){2}|\w\\u00[c-fC-F][0-9a-fA-F]"  # letters as JSON escapes them
)
_LETTER = re.compile(r"[^\W\d_]")
_FEWEST_GROUPS, _FEWEST_LOST = 3, 8  # groups of question marks, and these in all
_MOST_LETTERS = 0.3  # letters beside them, as a share of both


def repaired(text: str) -> str | None:
    r"""Return a text with its encoding damage undone; None where there is none, or where letters would be lost.

    >>> repaired("d\u00c3\u00a9j\u00c3\u00a0 vu")
    'déjà vu'
    >>> repaired("déjà vu")
    """
    if text.isascii():
        return None
    from ftfy import fix_encoding  # compiles its expressions in a tenth of a second

    mended = fix_encoding(text)
    if mended == text or mended.count(_REPLACED) > text.count(_REPLACED):
        return None
    return mended


def damage(text: str) -> int:
    r"""Count the places that show a wrong reading of a text's bytes; 0 where there is none.

    >>> damage("na\ufffdve"), damage("=?utf-8?B?w6TDtsO8?= and more"), damage("naïve?")
    (1, 1, 0)
    """
    places = text.count(_REPLACED) + sum(1 for _ in _LEFTOVERS.finditer(text))
    if not text.isascii():
        places += _bad(text)
    if "??" in text and not places:
        places += _lost(text)
    return places


def _bad(text: str) -> int:
    from ftfy.badness import badness

    return badness(text)


def _lost(text: str) -> int:
    """Count question marks that stand for letters: groups of them like words, and hardly a letter beside them."""
    groups = sum(len(word) > 1 and not word.strip("?.,!") for word in text.split())
    if groups < _FEWEST_GROUPS:
        return 0
    marks, letters = text.count("?"), len(_LETTER.findall(text))
    return marks if marks >= _FEWEST_LOST and letters < _MOST_LETTERS * (marks + letters) else 0
