"""Shares of values against an expectation: a file of shares, or an earlier run's counts.

A value is missing where it is rarer than expected by Benjamini & Hochberg's procedure over all values of all columns
(exact tails: binomial against stated shares, hypergeometric against another sample's counts), and by a ratio that
matters.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from pyarrow import csv
from scipy.stats import binom, hypergeom

from ..data.samples import Samples
from ..errors import InputError
from ..models.rates import discovery_limit, wilson

FORM = "Give a csv file with the columns value,share or value,count; or a table { value = share }"
MAX_VALUES = 5_000


@dataclass(frozen=True)
class Compared:
    """One value of a column: how often it is there, and how often it should be.

    Parameters
    ----------
    rows, of
        Rows with the value, and with any value of the column.
    share
        Expected.
    p_value
        Of so few rows, or so many, if the expectation held: two-sided.
    is_missing
        Clearly rarer than expected.
    origin
        Where the expectation comes from.
    """

    column: str
    value: str
    rows: int
    of: int
    share: float
    p_value: float
    origin: str
    is_missing: bool = False

    @property
    def expected_rows(self) -> float:
        """How many rows the expected share would be."""
        return self.share * self.of

    @property
    def interval(self) -> tuple[float, float]:
        """The 95 % interval of the share of such rows where these come from."""
        low, high = wilson(np.array([self.rows]), np.array([self.of]))
        return float(low[0]), float(high[0])


def counts_of(samples: Samples, column: str) -> dict[str, int]:
    """Count the values of a metadata column, of ``label`` or of another role; blank and missing ones do not count."""
    values = samples.metadata[column] if column in samples.metadata.column_names else samples.column(column)
    if values is None:
        raise InputError(
            f"An expectation is stated of the column {column}, and the data has none of that name",
            ids=[*samples.metadata.column_names, *samples.table.column_names],
            hint="Keep the column (metadata=[…], --meta), or mend the name under [checks.imbalance.expected]",
        )
    counted = pc.value_counts(values.cast(pa.string()).drop_null()).to_pylist()
    return {entry["values"]: entry["counts"] for entry in counted if entry["values"].strip()}


def against_shares(count: Callable[[str], dict[str, int]], expected: Mapping[str, Any]) -> list[Compared]:
    """Compare columns with stated shares.

    Parameters
    ----------
    count
        Counts the values of a column, as :func:`counts_of` does.
    expected
        Column → value → share or count, or the path of a csv file of them.
    """
    compared = []
    for column, stated in expected.items():
        counts, weights = count(column), _weights(stated, column)
        total, whole = sum(counts.values()), sum(weights.values())
        origin = Path(stated).name if isinstance(stated, str) else "the settings"
        for value in sorted({*weights, *counts}):
            rows, share = counts.get(value, 0), weights.get(value, 0.0) / whole
            tails = binom.cdf(rows, total, share), binom.sf(rows - 1, total, share)
            compared.append(Compared(column, value, rows, total, share, min(2 * float(min(tails)), 1.0), origin))
    return compared


def against_run(samples: Samples, reference: Samples, columns: list[str], *, run: str) -> list[Compared]:
    """Compare columns with how often their values are in another run's samples."""
    compared = []
    for column in columns:
        try:
            counts, before = counts_of(samples, column), counts_of(reference, column)
        except InputError:  # one of the two has no such column
            continue
        total, whole = sum(counts.values()), sum(before.values())
        if not total or not whole or len({*counts, *before}) > MAX_VALUES:
            continue
        for value in sorted({*before, *counts}):
            rows, earlier = counts.get(value, 0), before.get(value, 0)
            draw = (total + whole, rows + earlier, total)
            tails = hypergeom.cdf(rows, *draw), hypergeom.sf(rows - 1, *draw)
            p_value = min(2 * float(min(tails)), 1.0)
            compared.append(Compared(column, value, rows, total, earlier / whole, p_value, f"run {run}"))
    return compared


def with_verdicts(compared: list[Compared], *, ratio: float, false_discoveries: float) -> list[Compared]:
    """Tell which values are missing: those that pass the bound on false discoveries and are below ``ratio``."""
    limit = discovery_limit([entry.p_value for entry in compared], rate=false_discoveries)
    return [
        replace(entry, is_missing=entry.p_value <= limit and entry.rows < ratio * entry.expected_rows)
        for entry in compared
    ]


def _weights(stated: Any, column: str) -> dict[str, float]:  # noqa: ANN401 - what a settings file may say
    """Return value → weight; refused unless all are numbers from 0 and some are above."""
    entries = dict(stated) if isinstance(stated, Mapping) else _read(stated, column)
    wrong = [value for value, weight in entries.items() if not _is_weight(weight)]
    if wrong or not sum(entries.values()):
        raise InputError(f"What is expected of {column} are no shares or counts", ids=wrong, hint=FORM)
    return {str(value): float(weight) for value, weight in entries.items()}


def _is_weight(weight: Any) -> bool:  # noqa: ANN401 - of any type
    return isinstance(weight, (int, float)) and not isinstance(weight, bool) and 0 <= weight < float("inf")


def _read(path: Any, column: str) -> dict[str, Any]:  # noqa: ANN401 - of any type
    if not isinstance(path, str):
        raise InputError(f"What is expected of {column} is {path!r}", hint=FORM)
    try:
        with Path(path).open(encoding="utf-8-sig") as file:
            names = file.readline().strip().split(",")
        text = csv.ConvertOptions(column_types={names[0].strip('"'): pa.string()})  # 01 is no number
        table = csv.read_csv(path, convert_options=text)
    except (OSError, ValueError, pa.ArrowInvalid) as error:
        raise InputError(f"{path}, what is expected of {column}, cannot be read ({error})", hint=FORM) from None
    weight = next((name for name in ("share", "count") if name in table.column_names), None)
    if "value" not in table.column_names or weight is None:
        raise InputError(f"{path} has the columns {', '.join(table.column_names)}", hint=FORM)
    values = table["value"].cast(pa.string()).to_pylist()
    if repeated := sorted({value for value in values if values.count(value) > 1}):
        raise InputError(f"{path} names values twice", ids=repeated, hint="Give each value one row")
    return dict(zip(values, table[weight].to_pylist(), strict=True))
