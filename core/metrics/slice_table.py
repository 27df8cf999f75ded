"""Tables of slices: a metric of each with its interval, and how it differs from all other samples."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from ..data.factorize import Cells
from ..data.slugs import Predicate, describe, slugs
from ..errors import InputError
from .estimates import concatenated, joined, simultaneous_differences
from .follows_from_label import follows
from .metric_names import METRICS, Metric, metric_named
from .slice_cells import NamedCells, cells_by, cells_of_slug
from .slice_cells import slice_ids as slice_ids
from .slice_metrics import COMPARED, FEWEST, cell_metrics, counted_samples, estimates, rest, scored_labels

if TYPE_CHECKING:
    from ..store.run import Run

RATES = ("label_issue_rate", "accuracy")  # of COMPARED
TOO_FEW, FOLLOWING = "too few", "follows from the label"


def slices_table(
    run: Run,
    *,
    by: Sequence[str] | None = None,
    metric: str = "label_issue_rate",
    label: str | None = None,
    split: str | Sequence[str] | None = None,
    named: Mapping[str, np.ndarray] | None = None,
) -> pa.Table:
    """Return one metric of every slice, worst first.

    Parameters
    ----------
    by
        Metadata columns, ``split``, ``label`` or ``predicted``; two or more also give the two-way slices of each pair.
        None takes every column that can be sliced, one way; an empty list none.
    metric
        One of :data:`labelsift.metrics.metric_names.METRICS`. All but label-issue rates are of the predictions that
        ``metric_of`` names.
    label
        A class, for its precision, recall or F1 instead of that of all classes.
    split
        What alone is counted; see :func:`labelsift.metrics.scored_labels.scored_labels`.
    named
        Further slices: name → mask, bool, shape (n,).

    Returns
    -------
    pyarrow.Table
        ``slug, predicate, n, value, low, high, rest, difference, difference_low, difference_high, note, counted,
        metric_of``: ``n`` samples, of which ``counted`` have what the metric needs; the metric with its 95 % interval;
        the metric of all other counted samples, and the difference with an interval. These intervals all together hold
        the truth with 95 % confidence: they count that many slices are looked at. ``note`` is ``too few`` where fewer
        than 10 samples are counted and nothing else is told, ``follows from the label`` where the class tells the
        slice, so that it is no cause, else null. Slices are sorted by the end of the interval that is nearer to good,
        so that a slice of a few samples does not head the table; those without an interval follow.
        ``table.schema.metadata`` says in words what was counted.

    Raises
    ------
    InputError
        For an unknown column, metric, class or split, and for a column that cannot be sliced.
    """
    metric_named(metric, run.samples.task, label)
    data = scored_labels(run, split=split)
    partitions = cells_by(run, by)
    groups = [(part.cells.codes, len(part.cells)) for part in partitions]
    groups += [(np.where(mask, 0, -1), 1) for mask in _masks(named or {}, len(run.samples))]
    own, others = (
        joined([function(data, metric, codes, size, label=label) for codes, size in groups])
        for function in (estimates, rest)
    )
    n = concatenated([np.bincount(codes + 1, minlength=size + 1)[1:] for codes, size in groups])
    counted = concatenated([counted_samples(data, metric, codes, size) for codes, size in groups])
    few = counted < FEWEST
    all_counted = int(counted_samples(data, metric, np.zeros(len(run.samples), dtype=np.int64), 1)[0])
    shown, compared = own.only(~few), others.only(~few & (all_counted - counted >= FEWEST))
    difference, difference_low, difference_high = simultaneous_differences(shown, compared)
    low, high = shown.interval()
    following = np.concatenate([follows(data, metric, partitions), np.zeros(len(named or {}), dtype=bool)])
    predicates, described = _predicates(partitions, named or {})
    columns = {
        "slug": slugs(predicates),
        "predicate": described,
        "n": n,
        "value": shown.value,
        "low": low,
        "high": high,
        "rest": compared.value,
        "difference": difference,
        "difference_low": difference_low,
        "difference_high": difference_high,
        "note": np.array([None, FOLLOWING, TOO_FEW], dtype=object)[np.where(few, 2, following.astype(int))],
        "counted": counted,
        "metric_of": [data.source_of(metric)] * len(n),
    }
    types = {"slug": pa.string(), "predicate": pa.string(), "note": pa.string(), "metric_of": pa.string()}
    table = pa.table({name: pa.array(values, types.get(name), from_pandas=True) for name, values in columns.items()})
    about = {"metric": metric, "label": label or "", "counted": data.counted_by(metric)}
    order = _order(n, shown.value, low, high, METRICS[metric])
    return table.take(pa.array(order)).replace_schema_metadata(about)


def full_table(run: Run, cells: Sequence[Cells]) -> pa.Table:
    """Return every compared metric of the given cells: slug, predicate and the columns of ``cell_metrics``.

    What could not be counted is null, and so is what fewer than 10 samples would tell.
    """
    data = scored_labels(run)
    metrics = [cell_metrics(data, partition.codes, len(partition)) for partition in cells]
    examples = cell_metrics(data, np.zeros(len(data.given), dtype=np.int64), 1)
    columns = {
        "slug": pa.array(slugs([predicate for partition in cells for predicate in partition.predicates]), pa.string()),
        "predicate": pa.array([text for partition in cells for text in partition.described], pa.string()),
    }
    for name, example in examples.items():
        values = np.concatenate([values[name] for values in metrics]) if metrics else example[:0]
        columns[name] = pa.array(values, from_pandas=True)
    for name in COMPARED:
        few = pc.less(columns["judged" if name == "label_issue_rate" else "counted"], FEWEST)
        for column in (name, f"{name}_low", f"{name}_high"):
            columns[column] = pc.if_else(few, pa.scalar(None, pa.float64()), columns[column])
    return pa.table(columns)


def slice_row(run: Run, slug: str) -> dict[str, Any] | None:
    """Return the metrics of a slice by its slug, of one column or two; None where there is no such slice."""
    cells = cells_of_slug(run.samples, slug)
    if not cells:
        return None
    return next((row for row in full_table(run, cells).to_pylist() if row["slug"] == slug), None)


def worst_first(table: pa.Table, metric: str) -> np.ndarray:
    """Return the order of the slices of :func:`full_table`: int64, shape (slices,); those without a value come last."""
    value, low, high = (table[f"{metric}{end}"].to_numpy().astype(float) for end in ("", "_low", "_high"))
    return _order(table["n"].to_numpy(), value, low, high, METRICS[metric])


def _order(n: np.ndarray, value: np.ndarray, low: np.ndarray, high: np.ndarray, metric: Metric) -> np.ndarray:
    """Return the order by the end that is nearer to good, worst first; then by the value, where there is no interval.

    Of calibration gaps 0 is good, to either side.
    """
    if metric.name == "calibration_gap":
        value, nearer = -np.abs(value), -np.maximum(np.maximum(low, -high), 0)
    else:
        value, nearer = (value, high) if metric.high_is_good else (-value, -low)
    unsure = np.where(np.isfinite(nearer), 0, np.where(np.isfinite(value), 1, 2))
    return np.lexsort((-n, np.where(unsure == 0, nearer, np.where(unsure == 1, value, 0)), unsure))


def _masks(named: Mapping[str, np.ndarray], rows: int) -> list[np.ndarray]:
    wrong = [name for name, mask in named.items() if np.shape(mask) != (rows,) or np.asarray(mask).dtype != bool]
    if wrong:
        raise InputError("A named slice is a mask of the samples", ids=wrong, hint=f"Give {rows:,} of True and False")
    return list(named.values())


def _predicates(partitions: Sequence[NamedCells], named: Mapping[str, np.ndarray]) -> tuple[list[Predicate], list[str]]:
    """Return the predicates of all slices, as terms and for people; a named slice is a term of its own."""
    own: list[Predicate] = [(("slice", name),) for name in named]
    predicates = [predicate for part in partitions for predicate in part.cells.predicates] + own
    return predicates, [text for part in partitions for text in part.cells.described] + list(map(describe, own))
