"""Samples whose texts are almost the same: a typo, a dropped or swapped word, another ending.

Candidates come from MinHash LSH (Broder 1997; the package rensa) over the character 4-grams of the folded
texts and are verified by their exact Jaccard similarity, since a third to a half of them are false.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
import pyarrow as pa

from ..findings import Finding
from ..textforms import folded
from .registry import Context, Result, check

THRESHOLD = 0.7  # Jaccard similarity of the 4-grams: about three typos in 60 characters
LONGEST = 20_000  # characters of a text that are compared
CANDIDATES = 64  # for one text: keeps a pile of thousands of look-alikes from being compared pair by pair
_PERMUTATIONS, _BANDS, _SEED, _BATCH = 128, 32, 1, 4096


@check("near_duplicate", needs=("text",))
def near_duplicate(context: Context) -> Result:
    """Flag the members of pairs with a similarity from THRESHOLD up; the score is 1 − the highest similarity."""
    pairs, similarities = near_pairs(context)
    score = np.ones(len(context), dtype=np.float32)
    np.minimum.at(score, pairs.ravel(), np.repeat(1 - similarities, 2))
    is_issue = np.zeros(len(context), dtype=bool)
    is_issue[pairs.ravel()] = True
    group = _components(len(context), pairs)
    partners: dict[int, list[tuple[float, int]]] = {}
    for (one, other), similarity in zip(pairs.tolist(), similarities.tolist(), strict=True):
        partners.setdefault(one, []).append((-similarity, other))
        partners.setdefault(other, []).append((-similarity, one))
    findings = []
    for row in np.flatnonzero(is_issue):
        nearest = sorted(partners[int(row)])
        ids = context.ids(np.array([other for _, other in nearest]))
        findings.append(
            Finding(
                id=context.ids(np.array([row]))[0],
                issue="near_duplicate",
                score=float(score[row]),
                given=context.label(int(row)),
                reason=f"Almost the same text ({1 - score[row]:.0%}) as {ids[0]}"
                + (f" and {len(ids) - 1} more." if len(ids) > 1 else "."),
                related_ids=ids[:10],
                group_id=f"near:{context.ids(group[row : row + 1])[0]}",
                evidence={"similarity": round(float(1 - score[row]), 4), "partners": len(ids)},
            )
        )
    return Result(score, is_issue, findings)


def near_pairs(context: Context) -> tuple[np.ndarray, np.ndarray]:
    """Return (pairs of rows, int64, shape (m, 2)) and their similarities; kept for the other checks.

    Of each group of equal texts only the first member is compared.
    """
    if context.near_pairs is None:
        _, first = np.unique(context.same_text, return_index=True)
        rows = np.sort(first[~context.blank[first]])
        context.near_pairs = _search(folded(context.samples.texts.take(rows)), rows)
    return context.near_pairs


def shingles(text: str) -> set[str]:
    """Return the character 4-grams of a text; a shorter text is its own.

    >>> sorted(shingles("abcde"))
    ['abcd', 'bcde']
    """
    text = text[:LONGEST]
    return {text[at : at + 4] for at in range(max(len(text) - 3, 1))}


def _search(texts: pa.ChunkedArray, rows: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    import rensa

    package: Any = rensa  # compiled, without types
    lsh = package.RMinHashLSH(THRESHOLD, _PERMUTATIONS, _BANDS)
    pairs: list[tuple[int, int]] = []
    similarities: list[float] = []
    at = 0
    for some in _batches(texts):
        sets = [shingles(text) for text in some]
        hashes = package.RMinHash.from_token_sets([sorted(one) for one in sets], _PERMUTATIONS, _SEED)
        lsh.insert_many(hashes, at)
        found = [[key for key in keys if key < at + own] for own, keys in enumerate(lsh.query_all(hashes))]
        earlier = _earlier_sets(texts, found, at)
        for own, keys in enumerate(found):
            for key in keys[-CANDIDATES:]:
                other = sets[key - at] if key >= at else earlier[key]
                similarity = len(sets[own] & other) / len(sets[own] | other)
                if similarity >= THRESHOLD:
                    pairs.append((int(rows[key]), int(rows[at + own])))
                    similarities.append(similarity)
        at += len(some)
    return np.array(pairs, dtype=np.int64).reshape(-1, 2), np.array(similarities, dtype=np.float32)


def _earlier_sets(texts: pa.ChunkedArray, found: Sequence[Sequence[int]], at: int) -> dict[int, set[str]]:
    """Cut the candidates of earlier batches again: keeping every set would take gigabytes."""
    wanted = sorted({key for keys in found for key in keys[-CANDIDATES:] if key < at})
    if not wanted:
        return {}
    return {key: shingles(text) for key, text in zip(wanted, texts.take(wanted).to_pylist(), strict=True)}


def _batches(texts: pa.ChunkedArray) -> Iterator[list[str]]:
    for start in range(0, len(texts), _BATCH):
        yield texts.slice(start, _BATCH).to_pylist()


def _components(n: int, pairs: np.ndarray) -> np.ndarray:
    """Return for each row the first row of its connected component: int64, shape (n,)."""
    parent = np.arange(n)

    def root(row: int) -> int:
        while parent[row] != row:
            parent[row] = parent[parent[row]]
            row = int(parent[row])
        return row

    for one, other in pairs.tolist():
        low, high = sorted((root(one), root(other)))
        parent[high] = low
    for row in np.unique(pairs):
        parent[row] = root(int(row))
    return parent
