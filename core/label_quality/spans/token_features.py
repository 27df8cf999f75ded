"""Features of words for the tagger: form, affixes, neighbours, how often it is capitalised, cluster.

The features are those that recognisers of names in short informal texts have relied on (Ratinov & Roth 2009; Derczynski
et al. 2017). None of them looks at spans, so that all texts may be described together.
"""

from __future__ import annotations

import math
import re
from array import array
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

LEAST = 2  # a feature of one word cannot help another
_DIGIT = re.compile(r"\d")
_REPEATED = re.compile(r"(.)\1+")
_ADDRESS = re.compile(r"https?:|www\.|\w+\.(com|ly|net|org)\b", re.IGNORECASE)
USER, ADDRESS = "@user", "http"


@dataclass(frozen=True)
class Features:
    """The features of T words, sparse.

    Parameters
    ----------
    numbers
        int32: the features of all words, one word after the other.
    ends
        int64, shape (T + 1,): where each word's features begin in ``numbers``.
    count
        How many features there are.
    """

    numbers: np.ndarray
    ends: np.ndarray
    count: int


def normal(word: str) -> str:
    """Return a word in lower case, digits as 0, all @names and all addresses alike.

    >>> [normal(one) for one in ("Route66", "@ann", "http://a.b")]
    ['route00', '@user', 'http']
    """
    if word[:1] == "@" and len(word) > 1:
        return USER
    if _ADDRESS.match(word):
        return ADDRESS
    return _DIGIT.sub("0", word.lower())


def shape(word: str) -> str:
    """Return the kinds of a word's characters, repeats shortened to two.

    >>> shape("McDonald's"), shape("2010")
    ("XxXxx'x", 'dd')
    """
    kinds = "".join(_kind(character) for character in word)
    return _REPEATED.sub(r"\1\1", kinds)


def _kind(character: str) -> str:
    if character.isupper():
        return "X"
    if character.isdigit():
        return "d"
    return "x" if character.isalpha() else character


def token_features(forms: Sequence[Sequence[str]], clusters: Mapping[str, Sequence[str]]) -> Features:
    """Describe every word of all texts.

    Parameters
    ----------
    clusters
        Normal form → names of the clusters that it is in.
    """
    count, large = Counter[str](), Counter[str]()
    for words in forms:
        for word in words:
            form = normal(word)
            count[form] += 1
            large[form] += word[:1].isupper()
    ids: dict[str, int] = {}
    own: dict[str, list[str]] = {}
    numbers, ends = array("i"), array("q", [0])
    for words in forms:
        base = []
        for word in words:
            if word not in own:
                own[word] = _own(word, count, large, clusters)
            base.append(own[word])
        for features in _in_place(words, base):
            numbers.extend([ids.setdefault(name, len(ids)) for name in features])
            ends.append(len(numbers))
    return _frequent(np.array(numbers, dtype=np.int32), np.array(ends, dtype=np.int64), len(ids))


def _frequent(numbers: np.ndarray, ends: np.ndarray, count: int) -> Features:
    kept = np.bincount(numbers, minlength=count) >= LEAST
    renumbered = np.cumsum(kept, dtype=np.int32) - 1
    stays = kept[numbers]
    before = np.concatenate([[0], np.cumsum(stays)])
    return Features(renumbered[numbers[stays]], before[ends], int(kept.sum()))


def _own(word: str, count: Counter[str], large: Counter[str], clusters: Mapping[str, Sequence[str]]) -> list[str]:
    form = normal(word)
    features = [f"w={form}", f"s={shape(word)}"]
    if form not in (USER, ADDRESS):
        for length in range(1, min(len(form), 5)):
            features += [f"p{length}={form[:length]}", f"x{length}={form[-length:]}"]
        features += [name for name, true in _traits(word) if true]
    features.append(f"f={min(int(math.log2(count[form] + 1)), 10)}")
    if count[form] >= 3:
        features.append(f"cr={4 * large[form] // count[form]}")
    return [*features, *clusters.get(form, ())]


def _traits(word: str) -> list[tuple[str, bool]]:
    return [
        ("hash", word[0] == "#"),
        ("cap", word[0].isupper()),
        ("allcap", len(word) > 1 and word.isupper()),
        ("dig", any(character.isdigit() for character in word)),
        ("punct", not any(character.isalnum() for character in word)),
        ("hyph", "-" in word),
        ("apos", "'" in word),
        ("nonascii", not word.isascii()),
        ("inner", not word.isupper() and any(character.isupper() for character in word[1:])),
    ]


def _in_place(words: Sequence[str], base: Sequence[Sequence[str]]) -> list[list[str]]:
    """Return the features of each word where it stands: its own, its neighbours', pairs of both."""
    written = 4 * sum(word[:1].isupper() for word in words) // max(len(words), 1)  # all large: letters say little
    near = [[name for name in own if name[0] != "p" and name[:2] not in ("x1", "x4")] for own in base]
    last = len(words) - 1
    features = []
    for position, own in enumerate(base):
        names = ["b", f"0c={written}{words[position][:1].isupper()}", *(f"0{name}" for name in own)]
        for step in (-2, -1, 1, 2):
            other = position + step
            if not 0 <= other <= last:
                names.append(f"{step}{'END' if step > 0 else 'BEGIN'}")
            else:
                names += [f"{step}{name}" for name in (near[other] if abs(step) == 1 else base[other][:2])]
        if position > 0:
            names += [f"-1|{base[position - 1][0]}|{own[0]}", f"-1|{base[position - 1][1]}|{own[1]}"]
        if position < last:
            names += [f"1|{own[0]}|{base[position + 1][0]}", f"1|{own[1]}|{base[position + 1][1]}"]
        features.append(names)
    return features
