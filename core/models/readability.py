"""Texts that an embedder can read, by script and detected language, in doubt by what its data set mostly is.

A text is in none of an embedder's languages where none of them is written in its script, or where the detector is sure
of another language. Texts that say too little are judged by what is known of the others in their script: one language
that the detector does not know looks like many, none of them sure.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Sequence
from dataclasses import dataclass

import numpy as np

from ..data.language_names import listed_languages
from ..data.scripts import LATIN, OTHER, plain_words, script_of
from .languages import SURE_FROM, UNSURE_BELOW, Languages

FEWEST_KNOWN = 20  # texts of a script with a detected language, below which a doubt is no verdict
DOUBTS = 0.25  # doubtful texts for each that is sure to be read: English, be it slang, leaves fewer
OTHERS, OWN = 0.05, 0.1  # share of a script's texts: as many sure in others, or as few sure to be read, are a verdict
_READ = 1_000  # characters of a text
_WRITTEN = {
    "ar": ("Arabic",),
    "el": ("Greek",),
    "he": ("Hebrew",),
    "hi": ("Devanagari",),
    "ja": ("Kana", "Han"),
    "ko": ("Hangul", "Han"),
    "ru": ("Cyrillic",),
    "th": ("Thai",),
    "zh": ("Han",),
}  # fmt: skip


def scripts_of(texts: Sequence[str]) -> list[str | None]:
    """Return the script of each text, read without marks of informal writing; None without letters."""
    return [
        LATIN if text.isascii() and text[:1].isalpha() else script_of(" ".join(plain_words(text[:_READ])))
        for text in texts
    ]


@dataclass(frozen=True)
class Readability:
    """Rules by which the texts of one data set are told apart.

    Parameters
    ----------
    languages
        That the embedder can read.
    doubted
        Scripts whose doubtful texts it cannot read.
    """

    languages: frozenset[str]
    doubted: frozenset[str] = frozenset()

    @classmethod
    def fit(cls, languages: frozenset[str], scripts: Sequence[str | None], detected: Languages) -> Readability:
        """Find out what doubtful texts are, script by script."""
        own, other, doubtful = _verdicts(languages, detected)
        doubted = set()
        numbers = np.array([script or "" for script in scripts])
        for script in set(filter(None, scripts)):
            mine = (numbers == script) & detected.known()
            known, sure, others = mine.sum(), (mine & own).sum(), (mine & other).sum()
            evident = others >= OTHERS * known or sure < OWN * known
            if known >= FEWEST_KNOWN and evident and (mine & doubtful).sum() + max(others - sure, 0) > DOUBTS * sure:
                doubted.add(script)
        return cls(languages, frozenset(doubted))

    def readable(self, scripts: Sequence[str | None], detected: Languages) -> np.ndarray:
        """Tell which texts the embedder can read: bool, shape (n,)."""
        own, other, _ = _verdicts(self.languages, detected)
        written = {script for name in self.languages for script in _WRITTEN.get(name, (LATIN,))} | {None}
        by_script = np.array([script in written for script in scripts], dtype=bool)
        doubted = np.array([script in self.doubted for script in scripts], dtype=bool)
        return by_script & ~other & (own | ~doubted)


def _verdicts(languages: Collection[str], detected: Languages) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Tell which texts are sure to be in these languages, in others, and which are doubtful: bool, shape (n,) each."""
    share = detected.share(languages)
    top, probability = detected.likeliest()
    own = share >= SURE_FROM
    other = (top >= 0) & (probability >= SURE_FROM) & (share < UNSURE_BELOW)
    return own, other, ~own & ~other


def described(rows: np.ndarray, scripts: Sequence[str | None], detected: Languages) -> str:
    """Name what texts are written in, in parentheses: languages that are sure, else scripts; nothing where few are.

    Parameters
    ----------
    rows
        Positions of the texts.
    """
    top, probability = detected.likeliest()
    sure = probability >= SURE_FROM
    languages = Counter(detected.names[top[row]] for row in rows.tolist() if sure[row])
    if 2 * languages.total() >= len(rows):
        return f" ({listed_languages([name for name, _ in languages.most_common()])})"
    named = Counter(scripts[row] for row in rows.tolist() if scripts[row] not in (None, LATIN, OTHER))
    if 2 * named.total() >= len(rows):
        return f" ({named.most_common(1)[0][0]} script)"
    return ""
