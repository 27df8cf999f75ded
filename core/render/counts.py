"""What an overview counts: of an issue, a class, a metadata value, and the spread of label scores."""

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
class ClassHealth:
    """How well the labels of one class hold up.

    Parameters
    ----------
    rows, flagged
        Samples with this label that were judged, and those of them whose label looks wrong.
    confused_with, confused
        The class that is suggested most often instead, and how often; empty and 0 without one.
    incoming
        Samples of other classes for which this one is suggested.
    agreement
        Share of these samples where the model, out of sample, says the given label; None without a model.
    """

    name: str
    rows: int
    flagged: int
    confused_with: str
    confused: int
    incoming: int
    agreement: float | None

    @property
    def rate(self) -> float:
        """Share of the class's judged labels that look wrong."""
        return self.flagged / self.rows if self.rows else 0.0


@dataclass(frozen=True)
class WorseValue:
    """A metadata value whose labels are clearly worse than the rest."""

    column: str
    value: str
    rows: int
    flagged: int

    @property
    def rate(self) -> float:
        """Share of the labels that look wrong."""
        return self.flagged / self.rows


@dataclass(frozen=True)
class Quality:
    """Histogram of label quality over [0, 1]: all judged labels, and the flagged among them."""

    counts: tuple[int, ...]
    flagged: tuple[int, ...]
