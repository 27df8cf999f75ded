"""Provenance: how often each issue is found in what comes from where, with Wilson intervals.

A source is named where it has more of an issue than all others together: the intervals of the two rates lie apart, and
the difference passes Benjamini & Hochberg's procedure over all sources and issues (two-proportion z-test).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.stats import norm

from ..data.factorize import Cells, partition
from ..data.formatting import percent
from ..data.hidden_texts import hidden_columns
from ..data.issues import issue_named
from ..data.schemas import Finding
from ..data.slugs import slug
from ..data.textless import comparable_texts
from ..models.rates import discovery_limit, wilson
from .context import Context, FactTable, Result
from .registry import ANY_TASK, check

LAST = 1001  # rank: after every other check, whose flags it counts
SENTENCES = 4
FALSE_DISCOVERIES = 0.01
LEAST = 20  # judged rows of a source, below which it is not compared


@check(
    "provenance",
    needs=("source",),
    tasks=ANY_TASK,
    title="Sources",
    one="source with more of an issue",
    many="sources with more of an issue",
    meaning="What comes from here has more of an issue than the rest.",
    rank=LAST,
)
def provenance(context: Context) -> Result:
    """Count every issue's flags by source; a finding for each source that clearly has more than the others."""
    name = context.samples.source
    assert name is not None  # noqa: S101 - the check needs it
    cells: Cells | str = "its values are personal data or secrets"
    if name not in hidden_columns(context.facts):
        cells = partition(name, context.samples.metadata[name], texts=comparable_texts(context.samples)[0])
    if not isinstance(cells, Cells):
        context.notes.append(f"Issues are not counted by the source {name}: {cells}.")
        return Result.of_data_set([])
    rates = [
        rate for issue, result in context.results.items() if result.of_samples for rate in _rates(issue, result, cells)
    ]
    limit = discovery_limit([rate.p_value for rate in rates], rate=FALSE_DISCOVERIES)
    clear = [rate for rate in rates if rate.p_value <= limit and rate.interval[0] > rate.elsewhere[1]]
    clear.sort(key=lambda rate: (rate.p_value, rate.issue, rate.cell))
    rows = [
        [
            cells.described[rate.cell],
            issue_named(rate.issue).title,
            rate.flagged,
            rate.judged,
            rate.share,
            *rate.interval,
        ]
        for rate in sorted(rates, key=lambda rate: (rate.cell, issue_named(rate.issue).rank, rate.issue))
    ]
    columns, shares = ("source", "issue", "flagged", "judged", "rate", "low", "high"), ("rate", "low", "high")
    tables = (FactTable("Flagged samples by source", columns, rows, shares),) if rows else ()
    findings = [_finding(rate, cells) for rate in clear]
    more = f" {len(clear) - SENTENCES} more sources and issues stand in the table." if len(clear) > SENTENCES else ""
    verdict = " ".join(finding.reason for finding in findings[:SENTENCES]) + more
    return Result.of_data_set(findings, verdict=verdict, tables=tables)


@dataclass(frozen=True)
class Rate:
    """How often an issue is flagged in what comes from one source, and elsewhere.

    Parameters
    ----------
    cell
        Position of the source.
    others
        Flagged and judged rows elsewhere.
    """

    issue: str
    cell: int
    flagged: int
    judged: int
    others: tuple[int, int]

    @property
    def share(self) -> float:
        """The rate here."""
        return round(self.flagged / self.judged, 4)

    @property
    def interval(self) -> tuple[float, float]:
        """The 95 % interval of the rate here."""
        return _interval(self.flagged, self.judged)

    @property
    def elsewhere(self) -> tuple[float, float]:
        """The 95 % interval of the rate elsewhere."""
        return _interval(*self.others)

    @property
    def p_value(self) -> float:
        """Of a rate no higher here than elsewhere; 1 where too few rows are compared."""
        other_flagged, other_judged = self.others
        if min(self.judged, other_judged) < LEAST:
            return 1.0
        pooled = (self.flagged + other_flagged) / (self.judged + other_judged)
        spread = np.sqrt(pooled * (1 - pooled) * (1 / self.judged + 1 / other_judged))
        return float(norm.sf((self.flagged / self.judged - other_flagged / other_judged) / spread)) if spread else 1.0


def _interval(flagged: int, judged: int) -> tuple[float, float]:
    low, high = wilson(np.array([flagged]), np.array([judged]))
    return round(float(low[0]), 4), round(float(high[0]), 4)


def _rates(issue: str, result: Result, cells: Cells) -> list[Rate]:
    """Return the rates of one issue by source; none where nothing is flagged."""
    judged = np.isfinite(result.score)
    flagged = result.is_issue & judged
    rows = np.bincount(cells.codes[judged], minlength=len(cells))
    flags = np.bincount(cells.codes[flagged], minlength=len(cells))
    if not flags.any():
        return []
    return [
        Rate(
            issue,
            cell,
            int(flags[cell]),
            int(rows[cell]),
            (int(flags.sum() - flags[cell]), int(rows.sum() - rows[cell])),
        )
        for cell in np.flatnonzero(rows).tolist()
    ]


def _finding(rate: Rate, cells: Cells) -> Finding:
    issue, (low, high) = issue_named(rate.issue), rate.interval
    flagged, judged = rate.others
    low_other, high_other = rate.elsewhere
    return Finding(
        id=slug(cells.predicates[rate.cell]),
        issue="provenance",
        kind=rate.issue,
        scope="slice",
        score=1 - rate.flagged / rate.judged,
        reason=f"Where {cells.described[rate.cell]}, {percent(rate.flagged, rate.judged)} of {rate.judged:,} samples "
        f"({low:.1%} to {high:.1%}) are flagged as {issue.many}; elsewhere {percent(flagged, judged)} of {judged:,} "
        f"({low_other:.1%} to {high_other:.1%}).",
        evidence={"flagged": rate.flagged, "judged": rate.judged, "elsewhere": [flagged, judged]},
    )
