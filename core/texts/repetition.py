"""Repetition and symbol soup by shares of characters: the distinct n-grams of a text, and what is no letter or digit.

Counted in characters, not words, so that scripts without spaces are judged alike. Laughter, drawn-out words and rows
of emoji are how people chat, and count only in a length that nobody reads.
"""

from __future__ import annotations

import re
import unicodedata

SHORTEST = 40  # characters from which a text is looked at for repeats
SIZE = 8  # characters of the n-grams: longer than most words
RUN = 20  # letters or digits of a text that is made of runs alone, from which it is no drawn-out sound
_DRAWN_OUT = re.compile(r"(.)\1{3,}", re.DOTALL)
_RUNS = re.compile(r"([^\W_])\1{2,}")
_SPACE = re.compile(r"\s+")
# What is content without being a letter: marks of letters, emoji, arrows, signs of units and currencies.
_EMOJI = re.compile(
    "[\u2190-\u21ff\u2300-\u23ff\u2600-\u27bf\u2b00-\u2bff\u3000-\u303f\U0001f000-\U0001faff\ufe0f\u200d]"
)
SYMBOLS_FROM = 16  # visible characters of a text that can be symbol soup: an emoticon has fewer
NO_CONTENT = r"[\p{L}\p{N}\p{M}\s]+"  # in the syntax of RE2: what is certainly content, or nothing


def repeated_share(text: str) -> float:
    """Return the share of a text that repeats what stands before in it, 0..1; 0 for one that is too short to tell.

    One minus the share of distinct n-grams of 8 characters, after runs of a character were cut to three; 1 where the
    text is nothing but runs of letters.

    >>> repeated_share("thank you for calling " * 5) > 0.7, repeated_share("nooooooooooooooo! hahahahaha")
    (True, 0.0)
    """
    if len(text) >= RUN and _only_runs(text):
        return 1.0
    plain = _DRAWN_OUT.sub(r"\1\1\1", _SPACE.sub(" ", text.lower()))
    if len(plain) < SHORTEST or not any(map(str.isalnum, plain[:200])):
        return 0.0
    grams = len(plain) - SIZE + 1
    return 1 - len({plain[start : start + SIZE] for start in range(grams)}) / grams


def _only_runs(text: str) -> bool:
    """Tell whether a text is made of runs of a letter each, and long enough to be no sound."""
    first = text.strip()[:3].lower()
    if len(set(first)) > 1:  # most texts end here
        return False
    lower = text.lower()
    return not any(map(str.isalnum, _RUNS.sub("", lower))) and sum(map(str.isalnum, lower)) >= RUN


def symbol_share(text: str) -> float:
    r"""Return the share of visible characters that are no letters, digits or emoji; 0 where there are fewer than 16.

    Runs of one character count once: a line under a heading is no soup, nor are three exclamation marks.

    >>> symbol_share("#%&/()=?`#%&/()=?`"), symbol_share("¯\\_(ツ)_/¯ ok!!!!!!!!!!!!"), symbol_share("🎉🎉🎉🎉🎉🎉🎉🎉")
    (1.0, 0.0, 0.0)
    """
    visible = _DRAWN_OUT.sub(r"\1", "".join(text.split()))
    if len(visible) < SYMBOLS_FROM:
        return 0.0
    rest = _EMOJI.sub("", visible)
    category = unicodedata.category
    symbols = [mark for mark in rest if not (mark.isalnum() or category(mark) == "Sc" or category(mark)[0] in "MC")]
    share = len(symbols) / len(visible)
    return share if len(set(symbols)) >= 3 else 0.0
