"""Who sees the suggestion: in a round in mode choose, a random share of the flagged labels is asked blind.

What people choose with and without the suggestion before them then differs by chance and by the suggestion only:
the same people, the same time, one queue. Which samples are asked blind is recorded before they are sent, so that a
round pushed again is the same.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from ..errors import InputError

ASSIGNED = "assignment"  # the kind of a record that keeps an assignment
LEAST = 10  # samples of each kind


@dataclass(frozen=True)
class Assignment:
    """Samples with a suggestion: those that are asked blind, and those that show it."""

    blind: frozenset[str] = frozenset()
    shown: frozenset[str] = frozenset()

    def record(self, *, run: str, platform: str, target: str) -> dict[str, Any]:
        """Return the entry of the ledger that keeps the assignment."""
        told = {"kind": ASSIGNED, "run": run, "platform": platform, "target": target}
        return told | {"blind": sorted(self.blind), "shown": sorted(self.shown)}

    @classmethod
    def of(cls, record: Mapping[str, Any]) -> Assignment:
        """Return the assignment that an entry keeps."""
        return cls(frozenset(record["blind"]), frozenset(record["shown"]))


def assigned(findings: pa.Table, *, share: float, seed: int) -> Assignment:
    """Draw the share of the samples whose label is flagged, with a suggestion, that is asked blind; at least ten.

    Raises
    ------
    InputError
        If fewer than twenty such samples are flagged, or so large a share leaves fewer than ten that show it.
    """
    suggests = pc.and_(pc.is_valid(findings["suggested"]), pc.not_equal(findings["suggested"], "null"))
    of_labels = pc.and_(pc.equal(findings["scope"], "sample"), pc.equal(findings["issue"], "label"))
    ids = sorted(set(findings["id"].filter(pc.and_(of_labels, suggests)).to_pylist()))
    count = max(round(share * len(ids)), LEAST)
    if len(ids) - count < LEAST:
        raise InputError(
            f"Of {len(ids):,} flagged labels with a suggestion, {LEAST} each must be asked with and without it",
            cure="Give a smaller --blind-share, or push without",
        )
    blind = frozenset(ids[at] for at in np.random.default_rng(seed).choice(len(ids), count, replace=False))
    return Assignment(blind, frozenset(ids) - blind)


def assignment_of(records: Sequence[Mapping[str, Any]], *, run: str, platform: str, target: str) -> Assignment | None:
    """Return the assignment that was recorded for a run and a project."""
    wanted = {"kind": ASSIGNED, "run": run, "platform": platform, "target": target}
    return next((Assignment.of(one) for one in records if wanted.items() <= one.items()), None)
