"""Dealing of a queue: duplicate clusters, queues per annotator (lanes), and overlap (items that two people answer)."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from ..data.review_queue import ReviewItem

DUPLICATES = ("exact_duplicate", "near_duplicate", "conflicting_labels")
OVERLAP = "b"  # the part of a round whose items two people answer


def clusters_of(findings: Iterable[Mapping[str, Any]]) -> dict[str, str]:
    """Return the duplicate cluster of each sample that has one: sample id → group.

    A sample can stand in several groups: of equal texts, of similar ones, of equal ones under different labels. Groups
    that share a sample are one cluster, called after the first of its groups.
    """
    parent: dict[str, str] = {}

    def root(group: str) -> str:
        while parent.setdefault(group, group) != group:
            parent[group] = parent[parent[group]]
            group = parent[group]
        return group

    of_sample: dict[str, str] = {}
    for row in findings:
        if row["group_id"] is not None and row["issue"] in DUPLICATES:
            low, high = sorted((root(of_sample.get(row["id"]) or row["group_id"]), root(row["group_id"])))
            parent[high] = low
            of_sample[row["id"]] = low
    return {id: root(group) for id, group in of_sample.items()}


def groups_of(items: Iterable[ReviewItem]) -> dict[str, str]:
    """Return the duplicate cluster of each item that is not the only one of its cluster: sample id → group."""
    groups = {item.id: item.group for item in items if item.group is not None}
    size = Counter(groups.values())
    return {id: group for id, group in groups.items() if size[group] > 1}


def lane_of(rank: int, lanes: int) -> int:
    """Return the lane of a rank: in turn, so that every lane begins with the worst.

    >>> [lane_of(rank, 3) for rank in (1, 2, 3, 4)]
    [1, 2, 3, 1]
    """
    return (rank - 1) % lanes + 1


def parts_of(items: Sequence[ReviewItem], *, run: str, overlap: float) -> dict[str, list[ReviewItem]]:
    """Part the items into what one person answers and what two do; both worst first, ranked from 1.

    Chance decides, and for a sample of a run always in the same way: so the parts do not change with what else is
    pushed, and nothing need be remembered.
    """
    if not overlap:
        return {"": list(items)}
    parts: dict[str, list[ReviewItem]] = {"": [], OVERLAP: []}
    for item in items:
        parts[OVERLAP if _drawn(item.id, run) < overlap else ""].append(item)
    return {part: [replace(item, rank=rank) for rank, item in enumerate(some, 1)] for part, some in parts.items()}


def _drawn(sample: str, run: str) -> float:
    """Return a number from [0, 1) that is as good as drawn at random."""
    digest = hashlib.sha256(f"{run}\x00{sample}".encode("utf-8", "surrogatepass")).digest()
    return int.from_bytes(digest[:8], "big") / 2**64
