"""What a tagger sees of a word: its form, its parts, its neighbours, how often it is written large, its cluster.

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
    kinds = "".join(_kind(one) for one in word)
    return _REPEATED.sub(r"\1\1", kinds)


def _kind(one: str) -> str:
    if one.isupper():
        return "X"
    if one.isdigit():
        return "d"
    return "x" if one.isalpha() else one


def described(forms: Sequence[Sequence[str]], clusters: Mapping[str, Sequence[str]]) -> Features:
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
    known: dict[str, list[str]] = {}
    numbers, ends = array("i"), array("q", [0])
    for words in forms:
        base = []
        for word in words:
            if word not in known:
                known[word] = _own(word, count, large, clusters)
            base.append(known[word])
        for features in _in_place(words, base):
            numbers.extend([ids.setdefault(one, len(ids)) for one in features])
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
    found = [f"w={form}", f"s={shape(word)}"]
    if form not in (USER, ADDRESS):
        for length in range(1, min(len(form), 5)):
            found += [f"p{length}={form[:length]}", f"x{length}={form[-length:]}"]
        found += [name for name, true in _traits(word) if true]
    found.append(f"f={min(int(math.log2(count[form] + 1)), 10)}")
    if count[form] >= 3:
        found.append(f"cr={4 * large[form] // count[form]}")
    return [*found, *clusters.get(form, ())]


def _traits(word: str) -> list[tuple[str, bool]]:
    return [
        ("hash", word[0] == "#"),
        ("cap", word[0].isupper()),
        ("allcap", len(word) > 1 and word.isupper()),
        ("dig", any(one.isdigit() for one in word)),
        ("punct", not any(one.isalnum() for one in word)),
        ("hyph", "-" in word),
        ("apos", "'" in word),
        ("nonascii", not word.isascii()),
        ("inner", not word.isupper() and any(one.isupper() for one in word[1:])),
    ]


def _in_place(words: Sequence[str], base: Sequence[Sequence[str]]) -> list[list[str]]:
    """Return the features of each word where it stands: its own, its neighbours', pairs of both."""
    written = 4 * sum(word[:1].isupper() for word in words) // max(len(words), 1)  # all large: letters say little
    near = [[one for one in own if one[0] != "p" and one[:2] not in ("x1", "x4")] for own in base]
    last = len(words) - 1
    found = []
    for at, own in enumerate(base):
        some = ["b", f"0c={written}{words[at][:1].isupper()}", *(f"0{one}" for one in own)]
        for step in (-2, -1, 1, 2):
            other = at + step
            if not 0 <= other <= last:
                some.append(f"{step}{'END' if step > 0 else 'BEGIN'}")
            else:
                some += [f"{step}{one}" for one in (near[other] if abs(step) == 1 else base[other][:2])]
        if at > 0:
            some += [f"-1|{base[at - 1][0]}|{own[0]}", f"-1|{base[at - 1][1]}|{own[1]}"]
        if at < last:
            some += [f"1|{own[0]}|{base[at + 1][0]}", f"1|{own[1]}|{base[at + 1][1]}"]
        found.append(some)
    return found
