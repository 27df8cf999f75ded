"""Word occlusion: which words of a text pull a model towards a class, by leaving out each (Li et al. 2016, erasure).

The text without a word is predicted again, and the word's weight is by how much the log odds of the class fall. All
places of a word, up to case, are left out together. A word is told only where its weight stands out from those of
arbitrary words of all texts at hand, and takes a good part of the odds: no more than :data:`WORDS` a text, often none.

Where words need no spaces between them, a run of one script stands for a word where it is short, as runs of kanji and
katakana in Japanese are; hiragana is mostly endings and particles, and left alone. Longer runs, as in Chinese and Thai,
are parted by no rule that would hold: nothing is said.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import NamedTuple, Protocol

import numpy as np

from ..errors import InputError
from ..models.ngrams import ALONE, SIGNS

WORDS = 5  # of a text that are told at most
LONGEST = 100  # words of a text that are left out in turn: the first ones
FEWEST = 50  # words of all texts, below which nobody knows what an arbitrary word does
DEVIATIONS = 3.0  # robust standard deviations above the median of all words
LEAST = np.log(2)  # a word without which the odds of the class are not halved is not told
PLACES = 20  # of one word that are kept
_RUN = 6  # characters of a word where words need no spaces; a word of katakana, written by its sound, may be longer
_KANA = 12
_FLOOR = 1e-7  # of a probability
_AT_ONCE = 1_024
_WORD = re.compile(
    rf"[\u30a0-\u30ff]+|[\u3040-\u309f]+|[\u3400-\u4dbf\u4e00-\u9fff]+|[{ALONE}]+"
    rf"|(?:(?![{ALONE}])[^\W_])(?:(?![{ALONE}])[\w{SIGNS}])*(?:['’](?:(?![{ALONE}])[^\W_])(?:(?![{ALONE}])[\w{SIGNS}])*)*"
)

Place = tuple[int, int]
Places = Sequence[tuple[Place, ...]]  # of each word of a text: where it stands
Predict = Callable[[Sequence[str]], np.ndarray]


class Word(NamedTuple):
    """A word of a text: where it stands (start and end in characters), and by how much the class's log odds fall."""

    places: tuple[Place, ...]
    weight: float


class Explainer(Protocol):
    """Tells which words of each text made a model say a class; to be passed to a scan.

    Where it has an attribute ``classes``, it is asked of these only.
    """

    def __call__(self, texts: Sequence[str], classes: Sequence[str]) -> Sequence[Sequence[Word]]:
        """Return the words of each text that speak for its class, the strongest first.

        Of a text for which the model does not say the class, as it finds another likelier, return none.
        """
        ...


@dataclass(frozen=True)
class WordOcclusion:
    """An :class:`Explainer` of a model that is known only by what it predicts.

    Parameters
    ----------
    predict
        Texts → probabilities of the classes, shape (m, classes). It is called once for each word of a text.
    classes
        The class of each column.
    several
        Whether each class has a probability of its own, as where a text may have several labels: the model says those
        above 0.5. Otherwise it says the likeliest.
    """

    predict: Predict
    classes: Sequence[str]
    several: bool = False

    def __call__(self, texts: Sequence[str], classes: Sequence[str]) -> list[list[Word]]:
        """Return the words of each text that speak for its class, the strongest first; none where it is not said.

        Raises
        ------
        InputError
            If the model does not know a class, or what it predicts has another shape.
        """
        columns = {name: column for column, name in enumerate(self.classes)}
        if unknown := sorted(set(classes) - columns.keys()):
            raise InputError("The model has no such classes", ids=unknown, hint="Name the class of each of its columns")
        places = [word_places(text) for text in texts]
        weights = []
        for text, own, name in zip(texts, places, classes, strict=True):
            weight = np.full(len(own), np.nan)
            whole = self._predicted([text])
            if own and says(whole[0], columns[name], several=self.several):
                predicted = np.concatenate([whole, self._predicted([without(text, some) for some in own])])
                odds = log_odds(predicted, columns[name], several=self.several)
                weight = odds[0] - odds[1:]
            weights.append(weight)
        return telling(places, weights)

    def _predicted(self, texts: list[str]) -> np.ndarray:
        parts = []
        for start in range(0, len(texts), _AT_ONCE):
            some = texts[start : start + _AT_ONCE]
            part = np.asarray(self.predict(some), dtype=np.float64)
            if part.shape != (len(some), len(self.classes)) or not np.isfinite(part).all():
                raise InputError(
                    f"For {len(some):,} texts and {len(self.classes):,} classes the model predicted {part.shape}",
                    hint="Return one finite probability for each text and class",
                )
            parts.append(part)
        return np.concatenate(parts)


def word_places(text: str) -> list[tuple[Place, ...]]:
    """Return where each different word of a text stands, up to case, in the order in which they come first.

    >>> word_places("Money, no MONEY"), word_places("カード を 紛失")
    ([((0, 5), (10, 15)), ((7, 9),)], [((0, 3),), ((6, 8),)])
    """
    by_word: dict[str, list[Place]] = {}
    for word in _WORD.finditer(text):
        if not _is_run(word[0]):
            by_word.setdefault(word[0].casefold(), []).append(word.span())
            if len(by_word) >= LONGEST:
                break
    return [tuple(places) for places in by_word.values() if len(places) <= PLACES]


def _is_run(word: str) -> bool:
    """Tell whether a run of one script is no word, where words need no spaces between them."""
    if "\u3040" <= word[0] <= "\u309f":
        return True
    longest = _KANA if "\u30a0" <= word[0] <= "\u30ff" else _RUN
    return len(word) > longest and re.match(f"[{ALONE}]", word) is not None


def without(text: str, places: Sequence[Place]) -> str:
    """Return a text without what stands at some places, by their start.

    >>> without("I want my money back", [(10, 15)])
    'I want my  back'
    """
    parts, done = [], 0
    for start, end in places:
        parts.append(text[done:start])
        done = end
    return "".join([*parts, text[done:]])


def log_odds(probabilities: np.ndarray, column: int, *, several: bool = False) -> np.ndarray:
    """Return the log odds of one class, float64, shape (m,): against all others, which are summed for exactness.

    ``several`` says that each class has a probability of its own, as where a text may have several labels.
    """
    rest = np.array(probabilities, dtype=np.float64)
    own = rest[:, column].copy()
    rest[:, column] = 0
    other = 1 - own if several else rest.sum(axis=1)
    return np.log(np.maximum(own, _FLOOR)) - np.log(np.maximum(other, _FLOOR))


def says(probabilities: np.ndarray, column: int, *, several: bool = False) -> bool:
    """Tell whether a model says a class of a text: it finds no other likelier, or it, of several, likelier than not.

    >>> says(np.array([0.3, 0.3, 0.4]), 2), says(np.array([0.6, 0.9]), 0), says(np.array([0.6, 0.9]), 0, several=True)
    (True, False, True)
    """
    return bool(probabilities[column] > 0.5 if several else np.argmax(probabilities) == column)


def telling(places: Sequence[Places], weights: Sequence[np.ndarray]) -> list[list[Word]]:
    """Return the words of each text that stand out from arbitrary words, the strongest first.

    Told is a weight that is more than :data:`DEVIATIONS` robust standard deviations above the median of all words of
    all texts, and no less than :data:`LEAST`. The deviation is the median absolute one (Hampel 1974) of what lies
    below, as what speaks for a class lies above. Of fewer than :data:`FEWEST` words in all nothing is told.

    Parameters
    ----------
    places
        Of each text: where each of its words stands.
    weights
        Of each text: float64, shape (words,), by how much the log odds fall without each word.
    """
    everything = np.concatenate([np.zeros(0), *weights])
    everything = everything[np.isfinite(everything)]
    if len(everything) < FEWEST:
        return [[] for _ in places]
    median = np.median(everything)
    below = median - everything[everything <= median]  # above it lie the words that speak for a class
    deviation = 1.4826 * np.median(below)
    least = max(float(median + DEVIATIONS * deviation), float(LEAST))
    words = []
    for some, own in zip(places, weights, strict=True):
        order = np.argsort(-np.nan_to_num(own, nan=-np.inf), kind="stable")[:WORDS]
        words.append([Word(some[word], float(own[word])) for word in order.tolist() if own[word] > least])
    return words
