"""Missing groups: values that a stated expectation, or an earlier run, has more often; and the check's settings."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from ..data.formatting import listed, percent, shortened
from ..data.schemas import Finding
from ..data.slugs import describe, slug
from ..errors import InputError
from ..models.languages import SURE_FROM
from ..store.run_reader import read_samples
from .context import Context, FactTable
from .expected_shares import Compared, against_run, against_shares, counts_of, with_verdicts
from .language import detected

NAME_LENGTH, SHOWN = 60, 5
SHOWN_ROWS = 100  # of a table


@dataclass(frozen=True)
class Imbalance:
    """Settings of the check.

    Parameters
    ----------
    interval
        To how much to either side a rate of a class must be tellable: .1 takes 93 rows.
    expected
        Column → the path of a csv file ``value,share`` or ``value,count``, or a table of them. ``label`` is the label,
        and ``language`` the language that is detected (``en``, ``es`` …).
    reference
        A run of the store whose shares are expected, "" for none.
    ratio
        Below this part of the expected share a group is missing.
    false_discoveries
        What share of the empty cells and of the missing groups that are named may be so by chance.
    """

    interval: float = 0.1
    expected: dict[str, Any] = field(default_factory=dict)
    reference: str = ""
    ratio: float = 0.8
    false_discoveries: float = 0.05

    def __post_init__(self) -> None:
        for name in ("interval", "ratio", "false_discoveries"):
            if not 0 < getattr(self, name) < 1:
                raise ValueError(f"{name} is {getattr(self, name)}, and lies between 0 and 1")


def compared_shares(context: Context, columns: Sequence[str], settings: Imbalance) -> list[Compared]:
    """Compare the shares of values with what the settings expect; nothing where they expect nothing.

    Parameters
    ----------
    columns
        The metadata columns that are compared with a reference run.

    Raises
    ------
    InputError
        For a column or a file that is not there, and a reference without a store.
    """
    compared = against_shares(lambda column: _counts(context, column), settings.expected)
    if settings.reference:
        if context.store is None:
            raise InputError("Without a store there is no reference run", hint="Scan with a store, or leave it out")
        run = context.store.find(settings.reference)
        reference = read_samples(context.store.place_of(run))
        names = [name for name in ("label", *columns) if name not in settings.expected]
        compared += against_run(context.samples, reference, names, run=run)
    return with_verdicts(compared, ratio=settings.ratio, false_discoveries=settings.false_discoveries)


def _counts(context: Context, column: str) -> dict[str, int]:
    """Count the values of a column; those of ``language``, where no column is called so, as they are detected."""
    if column != "language" or column in context.samples.metadata.column_names or not context.samples.has_texts:
        return counts_of(context.samples, column)
    languages = detected(context)
    top, probability = languages.likeliest()
    sizes = np.bincount(top[(top >= 0) & (probability >= SURE_FROM)], minlength=len(languages.names))
    return {name: int(size) for name, size in zip(languages.names, sizes, strict=True) if size}


def missing_group(entry: Compared) -> Finding:
    """Return the finding about a value that is clearly rarer than expected."""
    low, high = entry.interval
    what = describe(((entry.column, entry.value),))
    rows = "No row has" if not entry.rows else f"{rows_of(entry.rows)} of {entry.of:,} ({low:.1%} to {high:.1%}) have"
    return Finding(
        id=slug(((entry.column, entry.value),)),
        issue="imbalance",
        kind="missing_group",
        scope="slice",
        score=float(entry.rows / entry.expected_rows),
        reason=f"{rows} {what}; by {entry.origin} {percent(entry.share)} are expected, "
        f"about {entry.expected_rows:,.0f}.",
        evidence={
            "column": entry.column,
            "value": entry.value,
            "rows": entry.rows,
            "expected": round(entry.expected_rows, 1),
            "share": entry.share,
            "p_value": entry.p_value,
        },
    )


def unexpected_values(compared: list[Compared]) -> str:
    """Name values that no expectation speaks of: another spelling, mostly."""
    unknown = [f"{entry.column} = {shortened(entry.value, NAME_LENGTH)}" for entry in compared if not entry.share]
    return f"Values that the expectation does not name: {listed(unknown, most=SHOWN)}." if unknown else ""


def shares_table(compared: list[Compared]) -> tuple[FactTable, ...]:
    """Return the table of all values, those furthest from the expectation first."""
    if not compared:
        return ()
    columns = ("column", "value", "rows", "share", "low", "high", "expected")
    rows = [
        [entry.column, entry.value, entry.rows, *(round(part, 4) for part in _shares(entry))]
        for entry in sorted(compared, key=lambda entry: (entry.p_value, entry.column, entry.value))[:SHOWN_ROWS]
    ]
    return (FactTable("Shares against the expectation", columns, rows, columns[3:]),)


def _shares(entry: Compared) -> tuple[float, ...]:
    return (entry.rows / max(entry.of, 1), *entry.interval, entry.share)


def rows_of(count: int) -> str:
    """Count rows."""
    return f"{count:,} {'row' if count == 1 else 'rows'}"
