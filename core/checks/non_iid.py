"""Order of the rows: labels, metadata or alike texts that stand together, by join counts along the file.

For a column: how often a row has the value of the row before, against the exact mean and variance of that number over
all shuffles (the join-count form of Wald & Wolfowitz's runs test, 1940). For texts: how far apart in the file a row and
its nearest neighbour stand, against shuffled positions, as in cleanlab's Datalab. It is no fault of a sample: the rows
are only not to be split by their position.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
from scipy.stats import norm, poisson

from ..data.formatting import percent
from ..data.schemas import Finding
from ..models.rates import discovery_limit
from .context import Context, FactTable, Result
from .registry import ANY_TASK, check

LEAST = 30  # rows
RARE, MANY = 10, 30  # changes of value that are expected at least; and joins from which their number is normal
SHUFFLES = 60  # of positions: their mean is known, and the spread of a mean over many rows is nearly normal
LAST = 5  # the last fifth is what a split by position mostly holds out
SHOWN = 3


@dataclass(frozen=True)
class Order:
    """Settings of the check.

    Parameters
    ----------
    effect
        What part of the way from a shuffled file to a sorted one is named.
    false_discoveries
        What share of the columns that are named may be so by chance.
    """

    effect: float = 0.1
    false_discoveries: float = 0.01

    def __post_init__(self) -> None:
        for name in ("effect", "false_discoveries"):
            if not 0 < getattr(self, name) < 1:
                raise ValueError(f"{name} is {getattr(self, name)}, and lies between 0 and 1")


@dataclass(frozen=True)
class Trend:
    """How a column stands along the file.

    Parameters
    ----------
    name, kind
        Of the column; ``label``, ``metadata`` or ``vectors``.
    observed, expected
        Share of the rows that are like the row before; or mean distance to the nearest neighbour, in shares of the
        file. Expected of a shuffled file.
    effect
        0 = as if shuffled, 1 = sorted.
    p_value
        One-sided, of shuffling.
    last
        How much of the last fifth's mix of values the rest has, too: 0..1; NaN for vectors.
    """

    name: str
    kind: str
    observed: float
    expected: float
    effect: float
    p_value: float
    last: float = float("nan")


@check(
    "non_iid",
    tasks=ANY_TASK,
    after=("outlier", "label"),
    settings=Order,
    title="Order of the rows",
    one="column that the rows are ordered by",
    many="columns that the rows are ordered by",
    meaning="The rows do not stand in random order.",
    rank=147,
)
def non_iid(context: Context) -> Result:
    """Name what the rows are ordered by; no sample is flagged."""
    settings = context.settings(Order)
    trends = [trend for name, kind, codes in _columns(context) if (trend := join_count(name, kind, codes))]
    trends += [trend for trend in [_distances(context)] if trend]
    limit = discovery_limit([trend.p_value for trend in trends], rate=settings.false_discoveries)
    kinds = ("label", "vectors", "metadata")
    named = [trend for trend in trends if trend.p_value <= limit and trend.effect >= settings.effect]
    named.sort(key=lambda trend: (kinds.index(trend.kind), -trend.effect, trend.name))
    findings = [
        Finding(
            id=trend.name,
            issue="non_iid",
            kind=trend.kind,
            scope="dataset",
            score=float(np.clip(1 - trend.effect, 0, 1)),
            reason=_reason(trend),
            evidence={"observed": round(trend.observed, 4), "expected": round(trend.expected, 4)}
            | {"effect": round(trend.effect, 4), "p_value": trend.p_value},
        )
        for trend in named
    ]
    reasons = [finding.reason for finding in findings[:SHOWN]]
    if reasons:
        reasons.append("Shuffle before you split by position; the scan's own folds do not go by it.")
    rows = [
        [trend.name, round(trend.observed, 4), round(trend.expected, 4), round(trend.effect, 4), trend.p_value]
        for trend in sorted(trends, key=lambda trend: (-trend.effect, trend.name))
    ]
    columns = ("column", "as the row before", "if shuffled", "effect", "p")
    tables = (FactTable("What stands together in the file", columns, rows),) if findings else ()
    return Result.of_data_set(findings, verdict=" ".join(reasons), tables=tables)


def _columns(context: Context) -> Iterator[tuple[str, str, np.ndarray]]:
    """Yield name, kind and codes (-1 = none) of each column; a split stands in blocks for good reason."""
    given = context.samples.given
    if given is not None and context.samples.task != "spans":
        codes = given.combine_chunks().dictionary_encode().indices.fill_null(-1)
        yield "label", "label", codes.to_numpy(zero_copy_only=False)
    metadata = context.samples.metadata
    for name in metadata.column_names:
        if name in context.cells:
            yield name, "metadata", context.cells[name].codes
        elif pa.types.is_temporal(metadata[name].type):
            yield name, "metadata", _quarters(metadata[name])


def _quarters(column: pa.ChunkedArray) -> np.ndarray:
    """Return the quarter of each date or time: int64, shape (n,), -1 where it is missing."""
    valid = column.is_valid().to_numpy()
    order = np.full(len(column), -1, dtype=np.int64)
    times = column.drop_null().to_numpy().astype(np.int64) if valid.any() else np.empty(0, dtype=np.int64)
    if len(times):
        order[valid] = np.searchsorted(np.unique(np.quantile(times, (0.25, 0.5, 0.75))), times, side="left")
    return order


def join_count(name: str, kind: str, codes: np.ndarray) -> Trend | None:
    """Count the rows with the value of the row before; None where too few rows have a value, or all the same.

    Parameters
    ----------
    codes
        Int, shape (n,), -1 = none: such rows are passed over.

    >>> round(join_count("x", "metadata", np.repeat([0, 1, 2, 3], 25)).effect, 2)
    0.96
    """
    known = codes[codes >= 0]
    m = len(known)
    sizes = np.bincount(known)
    sizes = sizes[sizes > 0].astype(float)
    if m < LEAST or len(sizes) < 2:
        return None
    pairs = sizes * (sizes - 1)
    two = pairs.sum() / (m * (m - 1))
    if (m - 1) * (1 - two) < RARE or not two:
        return None
    three = (pairs * (sizes - 2)).sum() / (m * (m - 1) * (m - 2))
    four = (pairs.sum() ** 2 - (pairs**2).sum() + (pairs * (sizes - 2) * (sizes - 3)).sum()) / (
        m * (m - 1) * (m - 2) * (m - 3)
    )
    steps = m - 1
    variance = steps * two + 2 * (m - 2) * three + (steps * (m - 2) - 2 * (m - 2)) * four - (steps * two) ** 2
    joins = int((known[1:] == known[:-1]).sum())
    p_value = float(norm.sf((joins - steps * two) / np.sqrt(variance))) if variance > 0 else 1.0
    if steps * two < MANY:  # a count of rare events is skewed
        p_value = max(p_value, float(poisson.sf(joins - 1, steps * two)))
    last = m - m // LAST
    parts = [np.bincount(part, minlength=int(known.max()) + 1) / len(part) for part in (known[:last], known[last:])]
    overlap = float(np.minimum(*parts).sum())
    share = joins / steps
    return Trend(name, kind, share, float(two), float((share - two) / (1 - two)), p_value, overlap)


def _distances(context: Context) -> Trend | None:
    """Measure how far apart nearest neighbours stand in the file; None without vectors or with too few rows."""
    if context.graph is None or context.vectors is None:
        return None
    nearest = context.graph.rows[:, 0]
    rows = np.flatnonzero(context.readable & ~context.blank & (nearest >= 0) & context.vectors.any(axis=1))
    if len(rows) < LEAST:
        return None
    n, near = len(context), nearest[rows]
    expected = (n + 1) / 3  # of two places in a file of n
    rng = np.random.default_rng(context.seed)
    shuffled = []
    for _ in range(SHUFFLES):
        places = rng.permutation(n)
        shuffled.append(np.abs(places[rows] - places[near]).mean())
    observed = float(np.abs(rows - near).mean())
    spread = float(np.sqrt(np.mean((np.array(shuffled) - expected) ** 2)))
    p_value = float(norm.cdf((observed - expected) / spread)) if spread else 1.0
    return Trend("texts" if context.samples.has_texts else "vectors", "vectors", observed / n, expected / n,
                 1 - observed / expected, p_value)  # fmt: skip


def _reason(trend: Trend) -> str:
    if trend.kind == "vectors":
        return (
            f"Alike samples stand near each other in the file: the nearest one is {percent(trend.observed)} of its "
            f"length away, {percent(trend.expected)} if it were shuffled."
        )
    what = "label" if trend.kind == "label" else trend.name
    return (
        f"Rows with the same {what} stand together: {percent(trend.observed)} have that of the row before, "
        f"{percent(trend.expected)} if shuffled; the last fifth of the file has {percent(trend.last)} of its mix in "
        "common with the rest."
    )
