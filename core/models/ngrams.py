"""TF-IDF features of word and character n-grams: what a text says word for word, beside what its embedding means.

An embedding is blind to some differences, and everything that is learned from it is blind to the same ones. Words and
pairs of words, and three characters in a row within a word, see others. The parts of a text that stand in a word are
counted word by word, so that the characters of a word are taken apart once, however often it occurs. Term frequencies
are damped, rare n-grams count more, and both kinds weigh the same in every text (Salton & Buckley 1988).
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable
from itertools import chain
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from scipy.sparse import csr_array

CHARACTERS = 3  # in a row; the spaces around a word count
FEWEST_WORD, FEWEST_CHARACTERS = 2, 3  # texts that an n-gram must occur in
MOST_COLUMNS = 200_000  # of each kind: the commonest
READ = 4_000  # characters of a text
# Vowel signs and accents of their own are parts of words, which \w does not know. Where words need no spaces between
# them, two characters in a row stand for a word.
SIGNS = "\u0300-\u036f\u0610-\u061a\u064b-\u065f\u0900-\u0dff"
ALONE = "\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff"
_WORD = re.compile(r"\w+")
_WORD_OR_RUN = re.compile(rf"([{ALONE}]+)|((?:(?![{ALONE}])[\w{SIGNS}])+)")


def ngram_features(texts: Iterable[str | None]) -> csr_array:
    """Return TF-IDF features, float32, shape (n, n-grams + 1); the last column is 1 and carries the intercept.

    >>> features = ngram_features(["my card is lost", "my card is here", "my card, my card", None])
    >>> features.shape[0], bool(features[[3], :-1].nnz), round(float(features[[0]].power(2).sum()), 3)
    (4, False, 3.0)
    """
    from scipy.sparse import csr_array, hstack

    numbers: dict[str, int] = {}
    words = [
        [numbers.setdefault(word, len(numbers)) for word in _words((text or "")[:READ].casefold())] for text in texts
    ]
    lengths = np.fromiter(map(len, words), dtype=np.int64, count=len(words))
    sequence = np.fromiter(chain.from_iterable(words), dtype=np.int64, count=int(lengths.sum()))
    rows = np.repeat(np.arange(len(words)), lengths)
    shape = (len(words), max(len(numbers), 1))
    counts = csr_array((np.ones(len(rows), dtype=np.float32), (rows, sequence)), shape=shape)
    paired = np.flatnonzero(rows[1:] == rows[:-1])
    pairs, columns = np.unique(sequence[paired] * shape[1] + sequence[paired + 1], return_inverse=True)
    following = csr_array(
        (np.ones(len(paired), dtype=np.float32), (rows[paired], columns)), shape=(len(words), max(len(pairs), 1))
    )
    by_word = _tfidf(csr_array(hstack([counts, following])), FEWEST_WORD)
    by_characters = _tfidf(csr_array(counts @ _characters(numbers)), FEWEST_CHARACTERS)
    ones = csr_array(np.ones((len(words), 1), dtype=np.float32))
    return csr_array(hstack([by_word, by_characters, ones]))


def _words(text: str) -> list[str]:
    if text.isascii():
        return _WORD.findall(text)
    words: list[str] = []
    for run, word in _WORD_OR_RUN.findall(text):
        words += [word] if word else [run[start : start + 2] for start in range(max(len(run) - 1, 1))]
    return words


def _characters(words: Iterable[str]) -> csr_array:
    """Count the character n-grams of each word: float32, shape (words, n-grams)."""
    from scipy.sparse import csr_array

    numbers: dict[str, int] = {}
    rows, columns, counts = [], [], []
    for row, word in enumerate(words):
        framed = f" {word} "
        grams = Counter(framed[start : start + CHARACTERS] for start in range(len(framed) - CHARACTERS + 1))
        rows += [row] * len(grams)
        columns += [numbers.setdefault(gram, len(numbers)) for gram in grams]
        counts += grams.values()
    shape = (max(rows, default=0) + 1, max(len(numbers), 1))
    return csr_array((np.array(counts, dtype=np.float32), (rows, columns)), shape=shape)


def _tfidf(counts: csr_array, fewest: int) -> csr_array:
    """Weigh counts, without the columns of fewer texts than ``fewest``; each row has length 1, or 0 if it is empty."""
    counts.sum_duplicates()
    number = len(counts.indptr) - 1
    texts = np.bincount(counts.indices)  # that hold each n-gram; those after the last are in none
    kept = np.flatnonzero(texts >= fewest)
    if len(kept) > MOST_COLUMNS:
        kept = np.sort(kept[np.argsort(-texts[kept], kind="stable")[:MOST_COLUMNS]])
    features = counts[:, kept]
    rarity = np.log((1 + number) / (1 + texts[kept])) + 1
    features.data = ((1 + np.log(features.data)) * rarity[features.indices]).astype(np.float32)
    lengths = np.sqrt(features.power(2).sum(axis=1))
    features.data /= np.repeat(lengths, np.diff(features.indptr)).astype(np.float32)
    return features
