"""Keyboard mash by the order of keys and by vowels: runs along a row of a keyboard, and what nobody can pronounce.

Layouts of Latin, Cyrillic, Greek, Hebrew and Korean keyboards. Words of a language run along a row for three
keys at most, with few exceptions.
"""

from __future__ import annotations

import re
import unicodedata
from itertools import pairwise

_ROWS = (
    *("qwertyuiop", "qwertzuiopü", "azertyuiop", "asdfghjkl;", "asdfghjklöä", "asdfghjklñ", "qsdfghjklm"),
    *("zxcvbnm,./", "yxcvbnm,.-", "wxcvbn", "йцукенгшщзхъ", "фывапролджэ", "фівапролджє", "ячсмитьбю"),
    *("ςερτυθιοπ", "ασδφγηξκλ", "ζχψωβνμ", "קראטוןםפ", "שדגכעיחלךף", "זסבהנמצתץ"),
    *("ㅂㅈㄷㄱㅅㅛㅕㅑㅐㅔ", "ㅁㄴㅇㄹㅎㅗㅓㅏㅣ", "ㅋㅌㅊㅍㅠㅜㅡ"),
)
_RUN = 4  # keys in a row that are no accident
# Runs of four that words are written with: property, poverty, запрос, напротив.
_WORDS = {"erty", "rtyu", "апро", "прол", "смит", "мить", "енгш"}
_NEXT = frozenset(pair for row in _ROWS for order in (row, row[::-1]) for pair in pairwise(order))
# Which texts can be mash, in the syntax of RE2.
SUSPICIOUS = (
    "(?i)"
    + "|".join(
        sorted(
            {
                re.escape(order[start : start + _RUN])
                for row in _ROWS
                for order in (row, row[::-1])
                for start in range(len(row) - _RUN + 1)
            }
            - _WORDS
        )
    )
    + r"|^[asdfghjklöäñ;'\s]{12,}$|^[zxcvbnm,.\-/\s]{12,}$"
)
_ONE_ROW = re.compile(r"[asdfghjklöäñ;'\s]+|[zxcvbnm,.\-/\s]+")
_WORD = re.compile(r"\S*[0-9@#/_\\<>&]\S*|\S+\.\w\S*|[^\W\d_]+")
_OTHER_SCRIPT = re.compile("[^\\W\\d_\u0000-\u052f\u1e00-\u1fff]")
_VOWEL = frozenset("aeiouyæøœıəɛɔаеёиоуыэюяіїєўөүәұӕαεηιουω")
_FEWEST_VOWELS, _CONSONANTS = 0.28, 5  # share of vowels, and consonants in a row, that hardly a language has
_READ = 200  # characters in which vowels are counted
FEWEST = 8  # keys in runs, from which a text is judged
_FEWEST_OF_ROW, _DISTINCT, _VOWELS = 12, 5, 0.2  # letters of one row, different ones, and the vowels among them


def run_share(text: str) -> float:
    """Return the share of a text's visible characters that lie in runs of four keys or more, 0..1.

    0 where they are fewer than 8, or one run alone of fewer than 8 keys.

    >>> run_share("asdf jklö qwer asdfasdf"), run_share("my property, please")
    (1.0, 0.0)
    """
    lower = "".join(text.lower().split())
    if len(lower) < FEWEST:
        return 0.0
    runs = sum(len(run) for run in _runs(lower) if len(run) >= _RUN and run not in _WORDS)
    return runs / len(lower) if runs >= FEWEST else 0.0


def _runs(text: str) -> list[str]:
    """Part a text into its longest runs of neighbouring keys."""
    borders = [0, *(place for place in range(1, len(text)) if (text[place - 1], text[place]) not in _NEXT), len(text)]
    return [text[start:end] for start, end in pairwise(borders)]


def of_one_row(text: str) -> bool:
    """Tell whether a text is written on the middle or the lower row alone, with hardly a vowel.

    >>> of_one_row("fjdksl fjdksla gh"), of_one_row("Dad has a salad, ask Alaska")
    (True, False)
    """
    lower = text.lower().strip()
    if len(lower) < _FEWEST_OF_ROW or not _ONE_ROW.fullmatch(lower):
        return False
    letters = [letter for letter in lower if letter.isalpha()]
    vowels = sum(letter in "aöä" for letter in letters)
    return len(letters) >= _FEWEST_OF_ROW and len(set(letters)) >= _DISTINCT and vowels <= _VOWELS * len(letters)


def unpronounceable(text: str) -> bool:
    """Tell whether a text of Latin, Cyrillic or Greek words has hardly a vowel, or five consonants in a row.

    Words of a language have both now and then: this is evidence only beside other evidence. Addresses, handles, codes
    and abbreviations in capitals are no words.

    >>> unpronounceable("kjsdhf lkjsdf poiwer"), unpronounceable("Luxemburgs Hauptstadt")
    (True, False)
    """
    words = [word for word in _WORD.findall(text[:_READ]) if word.isalpha() and not word.isupper()]
    if _OTHER_SCRIPT.search("".join(words)):
        return False
    plain = [unicodedata.normalize("NFD", word.lower()) for word in words]
    letters = vowels = longest = 0
    for word in plain:
        run = 0
        for letter in word:
            if not letter.isalpha():
                continue
            letters += 1
            run = 0 if letter in _VOWEL else run + 1
            vowels += letter in _VOWEL
            longest = max(longest, run)
    return bool(letters) and (vowels < _FEWEST_VOWELS * letters or longest >= _CONSONANTS)
