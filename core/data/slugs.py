"""Slugs of slices: short names that are valid in metric names of W&B and MLflow.

A predicate is a tuple of terms ``(column, value)`` that must all hold. ``state:CA`` names one term,
``state:CA__gender:f`` two, ``age:23.5..41`` an interval: two points stand in no other slug. A value that
needs no cleaning keeps its spelling; any other is cleaned and ends in a hash of the whole predicate, so
that different predicates never share a slug and one predicate has the same slug in every run. The
predicate itself stands beside the slug in a table.
"""

from __future__ import annotations

import hashlib
import json
import re
import unicodedata
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache


@dataclass(frozen=True)
class Interval:
    """Values above ``low`` up to ``high``, as they are written; "" where there is no border."""

    low: str
    high: str


Term = tuple[str, str | Interval | None]
Predicate = tuple[Term, ...]

# MLflow takes 250 characters for a whole metric name; ``slice.<metric>/`` stands before the slug.
MAX_SLUG = 200
MAX_COLUMN = 40
MAX_VALUE = 60

_MISSING = "_missing"
_EMPTY = "_empty"
_HASHED = re.compile(r"-[0-9a-f]{8}$")


def slug(predicate: Predicate) -> str:
    """Return the slug of one predicate; total over any text.

    >>> slug((("state", "CA"),)), slug((("state", "CA"), ("gender", "f")))
    ('state:CA', 'state:CA__gender:f')
    >>> slug((("plan", None),)), slug((("plan", ""),)), slug((("city", "New York"),))
    ('plan:_missing', 'plan:_empty', 'city:New York')
    >>> slug((("path", "a//b"),)), slug((("age", Interval("23.5", "41")),)), slug((("age", Interval("", "41")),))
    ('path:a-b-30e62d1d', 'age:23.5..41', 'age:..41')
    """
    return _slug(predicate, {})


def _slug(predicate: Predicate, cleaned: dict[Term, tuple[str, bool]]) -> str:
    """Return the slug, with the terms that were cleaned before: those of two-way slices come again and again."""
    if not predicate:
        return "all"
    for term in predicate:
        if term not in cleaned:
            cleaned[term] = _term(*term)
    parts = [cleaned[term] for term in predicate]
    joined = "__".join(text for text, _ in parts)
    if all(clean for _, clean in parts) and len(joined) <= MAX_SLUG:
        return joined
    return _hashed(joined, predicate)


def slugs(predicates: Sequence[Predicate]) -> list[str]:
    """Return a slug each, all different also where upper and lower case are not told apart.

    MLflow on MySQL and some file systems take ``state:ca`` and ``state:CA`` for one name: each of
    such a group gets the hash of its predicate, whatever the order.

    >>> slugs([(("state", "CA"),), (("state", "ca"),), (("state", "NY"),)])
    ['state:CA-e830b62d', 'state:ca-ec016acc', 'state:NY']
    """
    cleaned: dict[Term, tuple[str, bool]] = {}
    plain = [_slug(predicate, cleaned) for predicate in predicates]
    count = Counter(name.casefold() for name in plain)
    return [
        name if count[name.casefold()] == 1 else _hashed(name, predicate)
        for name, predicate in zip(plain, predicates, strict=True)
    ]


def describe(predicate: Predicate) -> str:
    """Write a predicate so that a person can read it and nothing of it is lost.

    >>> describe((("state", "CA"), ("plan", None)))
    'state = "CA" and plan is missing'
    >>> describe((("age", Interval("23.5", "41")), ("size", Interval("3", ""))))
    'age > 23.5 and age <= 41 and size > 3'
    """
    return " and ".join(_described(column, value) for column, value in predicate)


def _described(column: str, value: str | Interval | None) -> str:
    if isinstance(value, Interval):
        borders = [f"{column} > {value.low}"] * (value.low != "") + [f"{column} <= {value.high}"] * (value.high != "")
        return " and ".join(borders) or f"{column} is not missing"
    return f"{column} is missing" if value is None else f"{column} = {json.dumps(value, ensure_ascii=False)}"


def _term(column: str, value: str | Interval | None) -> tuple[str, bool]:
    name = _clean(column, MAX_COLUMN)
    if isinstance(value, Interval):
        ends = [_clean_border(end) for end in (value.low, value.high)]
        return f"{name or 'x'}:{'..'.join(ends)}", name == column != "" and ends == [value.low, value.high]
    if value is None or value == "":
        return f"{name or 'x'}:{_MISSING if value is None else _EMPTY}", name == column != ""
    text = _clean(value, MAX_VALUE)
    unchanged = name == column != "" and text == value and not _HASHED.search(value)
    return f"{name or 'x'}:{text or 'x'}", unchanged


@lru_cache(maxsize=8_192)
def _clean(text: str, limit: int) -> str:
    """Keep letters and digits of any script, single spaces and ``. _ -``; everything else becomes ``-``."""
    composed = unicodedata.normalize("NFC", text)
    kept = re.sub(r"[^\w. \-]+", "-", composed)
    kept = re.sub(r"([ ._\-])[ ._\-]+", r"\1", kept)  # no "..", no "__", no double space
    return kept[:limit].strip(" ._-")


def _clean_border(text: str) -> str:
    """Keep what numbers and times are written with."""
    return re.sub(r"[^0-9A-Za-z.\-]+|\.(?=\.)", "", text)[:MAX_COLUMN].strip(".")


def _hashed(text: str, predicate: Predicate) -> str:
    exact = json.dumps(predicate, default=lambda interval: {"above": interval.low, "to": interval.high})  # all ASCII
    digest = hashlib.blake2b(exact.encode(), digest_size=4).hexdigest()
    return f"{text[: MAX_SLUG - 9].rstrip(' ._-')}-{digest}"
