"""How the flags of a run are dealt out: clusters of duplicates, lanes, and the items that two people answer."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import pyarrow.compute as pc
from labelsift.review.items import Flag
from labelsift.store.run import Run

from ..state import task_links as links

DUPLICATES = ("exact_duplicate", "near_duplicate", "conflicting_labels")
TWICE = "b"  # the part of a round whose items two people answer


def groups_of(report: Run, flags: Sequence[Flag]) -> dict[str, str]:
    """Return the duplicate cluster of each flag that is not the only one of its cluster: sample id → group.

    A sample can stand in several groups: of equal texts, of similar ones, of equal ones under different labels. Groups
    that share a sample are one cluster, called after the first of its groups.
    """
    found = report.findings
    wanted = pc.and_(pc.equal(found["scope"], "sample"), pc.is_valid(found["group_id"]))
    rows = found.filter(wanted).select(["id", "issue", "group_id"]).to_pylist()
    parent: dict[str, str] = {}

    def root(group: str) -> str:
        while parent.setdefault(group, group) != group:
            parent[group] = parent[parent[group]]
            group = parent[group]
        return group

    of_sample: dict[str, str] = {}
    for row in rows:
        if row["issue"] in DUPLICATES:
            low, high = sorted((root(of_sample.get(row["id"]) or row["group_id"]), root(row["group_id"])))
            parent[high] = low
            of_sample[row["id"]] = low
    pushed = {flag.id: root(of_sample[flag.id]) for flag in flags if flag.id in of_sample}
    size = Counter(pushed.values())
    return {id: group for id, group in pushed.items() if size[group] > 1}


def lane_of(rank: int, lanes: int) -> int:
    """Return the lane of a rank: in turn, so that every lane begins with the worst.

    >>> [lane_of(rank, 3) for rank in (1, 2, 3, 4)]
    [1, 2, 3, 1]
    """
    return (rank - 1) % lanes + 1


@dataclass(frozen=True)
class Deal:
    """Where the flags of a push stand beside each other and elsewhere.

    Parameters
    ----------
    groups
        Sample id → its cluster of duplicates.
    lanes
        How many; 0 for none.
    sources
        Sample id → the address of its task in an existing project; None where nothing is linked.
    """

    groups: Mapping[str, str] = field(default_factory=dict)
    lanes: int = 0
    sources: Mapping[str, str] | None = None

    def fields(self, flag: Flag) -> dict[str, Any]:
        """Return the fields of a task that say so."""
        fields: dict[str, Any] = {"labelsift_lane": lane_of(flag.rank, self.lanes)} if self.lanes else {}
        if flag.id in self.groups and not flag.blind:  # the others of its group show their labels
            fields["labelsift_group"] = self.groups[flag.id]
        if self.sources is not None:  # the task there shows the label
            fields |= links.fields_of(None if flag.blind else self.sources.get(flag.id))
        return fields


def parts_of(flags: Sequence[Flag], *, run: str, twice: float) -> dict[str, list[Flag]]:
    """Part the flags into what one person answers and what two do; both worst first, ranked from 1.

    Chance decides, and for a sample of a run always in the same way: so the parts do not change with what else is
    pushed, and nothing need be remembered.
    """
    parts: dict[str, list[Flag]] = {"": [], TWICE: []} if twice else {"": []}
    for flag in flags:
        parts[TWICE if twice and _drawn(flag.id, run) < twice else ""].append(flag)
    if not twice:
        return parts
    return {
        part: [replace(flag, rank=rank) for rank, flag in enumerate(found, start=1)] for part, found in parts.items()
    }


def _drawn(sample: str, run: str) -> float:
    """Return a number from [0, 1) that is as good as drawn at random."""
    digest = hashlib.sha256(f"{run}\x00{sample}".encode("utf-8", "surrogatepass")).digest()
    return int.from_bytes(digest[:8], "big") / 2**64
