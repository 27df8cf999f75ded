"""Counts of an overview: issues of the samples, and how label scores are spread."""

from __future__ import annotations

import math
from dataclasses import dataclass


@dataclass(frozen=True)
class IssueCount:
    """How many of the samples that an issue was looked for in have it."""

    issue: str
    count: int
    of: int

    @property
    def rate(self) -> float:
        """The share of the samples, 0..1; NaN where it could be looked for in none."""
        return self.count / self.of if self.of else math.nan


@dataclass(frozen=True)
class Histogram:
    """Counts between edges (``len(edges) == len(counts) + 1``), and how many of them are flagged."""

    edges: tuple[float, ...]
    counts: tuple[int, ...]
    flagged: tuple[int, ...]
