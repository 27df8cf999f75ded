"""How long people worked on a round."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import datetime

from ..store.hash_chain import Record
from ..store.run_info import RunInfo
from .record import decisions

LONGEST = 600.0  # seconds of one decision that count: a page that was left open is no work


@dataclass(frozen=True)
class Spent:
    """Time of people.

    Parameters
    ----------
    decisions
        How many they made.
    hours
        The time of those whose platform tells it, at most ten minutes each.
    untimed
        Decisions whose time nobody knows, as in a spreadsheet.
    capped
        Decisions that took longer than the ten minutes that count.
    accepted
        Decisions for the label that labelsift suggested: no independent yardstick.
    """

    decisions: int
    hours: float
    untimed: int
    capped: int
    accepted: int

    def __str__(self) -> str:
        said = f"{self.hours:.1f} hours for {self.decisions - self.untimed:,} decisions"
        untimed = f"; {self.untimed:,} further decisions without a time" if self.untimed else ""
        capped = f"; {self.capped:,} of them counted as ten minutes" if self.capped else ""
        return f"{said}{capped}{untimed}; {self.accepted:,} accepted a suggestion"


def rounds_between(runs: Iterable[RunInfo], *, old: str, new: str) -> set[str]:
    """Return the runs whose decisions led from one run to another: the old one, and later ones before the new one."""
    known = {one.run: one for one in runs}
    first, last = known[old].created, known[new].created
    same = [one for one in known.values() if one.dataset == known[old].dataset]
    return {old} | {one.run for one in same if first < one.created < last}


def spent(records: Iterable[Record], *, runs: Collection[str], until: datetime) -> Spent:
    """Add up the time of the decisions on some runs that were made before a moment."""
    made = [one for one in decisions(records) if one["run"] in runs and datetime.fromisoformat(one["time"]) < until]
    timed = [one["seconds"] for one in made if one["seconds"] is not None and one["seconds"] >= 0]
    hours = sum(min(one, LONGEST) for one in timed) / 3600
    accepted = sum(one["verdict"] == "accepted" for one in made)
    return Spent(len(made), hours, len(made) - len(timed), sum(one > LONGEST for one in timed), accepted)
