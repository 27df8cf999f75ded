"""Result of a check: score and flag of each row, findings, and what holds for the data set as a whole."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pyarrow as pa

from ..data.schemas import Finding


@dataclass(frozen=True)
class FactTable:
    """A table about the data set as a whole, for the page's section of a check.

    Parameters
    ----------
    title
        A noun phrase.
    columns
        Their names.
    rows
        Texts, numbers and None, the most important row first. No value of personal data or a secret.
    shares
        Names of the columns whose numbers are shares, 0..1.
    """

    title: str
    columns: tuple[str, ...]
    rows: list[list[Any]]
    shares: tuple[str, ...] = ()


@dataclass
class Result:
    """What a check found.

    Parameters
    ----------
    score
        float32, shape (n,): 0 = certainly bad, 1 = good, NaN = not judged.
    is_issue
        bool, shape (n,).
    findings
        One for each flagged row, and those about classes, slices or the data set.
    suggested, confidence
        Positions in the classes (int32, -1 = none) and float32, shape (n,), from the label check alone.
    suggested_values
        Instead of positions: strings, shape (n,), null = none, where what is suggested is no single class.
    more
        Further columns of the scores, under their names.
    verdict
        What the check says of the data set, in one or two plain sentences; "" where there is nothing to say that the
        number of flagged samples does not.
    tables
        What the verdict rests on.
    of_samples
        False of a check that judges the data set as a whole: it has no columns among the scores.
    """

    score: np.ndarray
    is_issue: np.ndarray
    findings: list[Finding]
    suggested: np.ndarray | None = None
    confidence: np.ndarray | None = None
    suggested_values: pa.Array | None = None
    more: dict[str, pa.Array] = field(default_factory=dict)
    verdict: str = ""
    tables: tuple[FactTable, ...] = ()
    of_samples: bool = True

    @classmethod
    def of_data_set(cls, findings: list[Finding], *, verdict: str = "", tables: tuple[FactTable, ...] = ()) -> Result:
        """Return the result of a check that judges the data set as a whole, or its classes, and no sample."""
        nothing = np.empty(0, dtype=np.float32)
        return cls(nothing, nothing.astype(bool), findings, verdict=verdict, tables=tables, of_samples=False)
