"""Who sees the suggestion: in a round in mode choose, a random share of the flagged labels is asked blind.

What people choose with and without the suggestion before them then differs by chance and by the suggestion only:
the same people, the same time, one queue. Which samples are asked blind is recorded before they are sent, so that a
round pushed again is the same.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from typing import Any, ClassVar

import numpy as np

from ..errors import InputError
from ..store.base import RunTarget

ASSIGNED = "assignment"  # the kind of a record that keeps an assignment
LEAST = 10  # samples of each kind


@dataclass(frozen=True)
class Assignment:
    """Samples with a suggestion: those that are asked blind, and those that show it."""

    KIND: ClassVar[str] = ASSIGNED

    blind: frozenset[str] = frozenset()
    shown: frozenset[str] = frozenset()

    def record(self, where: RunTarget) -> dict[str, Any]:
        """Return the entry of the ledger that keeps the assignment."""
        return {"kind": self.KIND, **asdict(where), "blind": sorted(self.blind), "shown": sorted(self.shown)}

    @classmethod
    def of(cls, record: Mapping[str, Any]) -> Assignment:
        """Return the assignment that an entry keeps."""
        return cls(frozenset(record["blind"]), frozenset(record["shown"]))


def assigned(findings: Iterable[Mapping[str, Any]], *, share: float, seed: int) -> Assignment:
    """Draw the share of the samples whose label is flagged, with a suggestion, that is asked blind; at least ten.

    Parameters
    ----------
    findings
        Rows of the findings table with scope sample.

    Raises
    ------
    InputError
        If fewer than twenty such samples are flagged, or so large a share leaves fewer than ten that show it.
    """
    ids = sorted({row["id"] for row in findings if row["issue"] == "label" and row["suggested"] not in (None, "null")})
    count = max(round(share * len(ids)), LEAST)
    if len(ids) - count < LEAST:
        raise InputError(
            f"Of {len(ids):,} flagged labels with a suggestion, {LEAST} each must be asked with and without it",
            hint="Give a smaller --blind-share, or push without",
        )
    drawn = np.random.default_rng(seed).choice(len(ids), count, replace=False)
    blind = frozenset(ids[index] for index in drawn)
    return Assignment(blind, frozenset(ids) - blind)
