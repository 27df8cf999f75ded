"""Weak slices of a run: where predictions are wrong, or labels flagged, oftener than elsewhere, found by a search.

The search is :mod:`.discovery`; this is what it searches and how its results are told. All figures are those of
the half of the rows that did not find the slice.
"""

from __future__ import annotations

import difflib
import json
from collections.abc import Mapping, Sequence
from itertools import combinations
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa

from ...errors import InputError
from ...models.contingency import lambda_of
from ...store.cache import sample_keys
from ..slice_metrics import ScoredLabels, scored_labels
from .discovery import discover
from .regions import Feature
from .sources import slice_columns
from .table import written
from .wording import SliceColumn

if TYPE_CHECKING:
    from ...store.run import Run

METRICS = ("error_rate", "label_issue_rate")
FOLLOWS = 0.7  # Goodman and Kruskal's lambda, from which one column tells another
TELLS = 0.95  # the same, from which a column tells what is wrong and what is right


def weak_slices(
    run: Run,
    *,
    metric: str = "error_rate",
    columns: Sequence[str] | None = None,
    seed: int = 0,
    split: str | None = None,
    most: int = 20,
) -> pa.Table:
    """Find the slices of one condition or two in which a metric is clearly worse than elsewhere, worst first.

    Parameters
    ----------
    metric
        ``error_rate`` of the predictions, or ``label_issue_rate``.
    columns
        Where to look; by default in all metadata columns without personal data, labels, predicted labels, the split,
        the length of the text, the scan's flags, and the clusters of the embeddings.
    seed
        Of the draw of the two halves.
    split
        Only the rows of this split.
    most
        How many slices to return at most.

    Returns
    -------
    pyarrow.Table
        In :data:`labelsift.metrics.weak_slices.table.SCHEMA`. ``where`` is the condition for
        :meth:`labelsift.Report.ids`, and ``n`` the number of its rows. ``value`` is the metric in the ``measured`` rows
        of the half that did not find the slice, with its 95 % Wilson interval; ``rest`` that of the half's other rows.
        The interval of the difference counts the choice among all candidates (Bonferroni). ``follows`` says where the
        slice is no weaker than its labels make it, ``same_rows`` which other conditions hold nearly the same rows; both
        are null elsewhere. The key ``labelsift`` of the schema's metadata has, as JSON, the number of ``rows`` and of
        ``candidates``, the ``source`` of the predictions, and ``skipped``: column → why it was not searched.

    Raises
    ------
    InputError
        For an unknown metric, column or split, and where nothing can be counted.
    """
    if metric not in METRICS:
        raise InputError(f"Weak slices cannot be found by {metric}", hint=f"Use one of {', '.join(METRICS)}")
    data = scored_labels(run, split=split)
    counted, wrong = _counted(data, metric)
    sources, skipped = slice_columns(run, columns)
    _require_known(columns, sources, skipped)
    rows = np.flatnonzero(counted)
    classes = data.given[rows] if run.samples.task == "classification" else np.full(len(rows), -1)
    sources = _not_telling(sources, rows, wrong[rows], skipped)
    features = [Feature(source.name, source.feature.values[rows]) for source in sources]
    discovery = discover(
        features,
        wrong[rows],
        seed=seed,
        keys=sample_keys(run.samples)[rows],
        apart=_apart(features, classes, data.predicted[rows]),
    )
    by_name = {source.name: source for source in sources}
    table = written(run, discovery, by_name, classes, wrong[rows], data.classes)
    facts = {
        "rows": len(rows),
        "candidates": discovery.candidates,
        "source": data.source if metric == "error_rate" else "",
        "skipped": skipped,
    }
    order = sorted(range(table.num_rows), key=lambda place: -(table["low"][place].as_py() or 0.0))[:most]
    return table.take(pa.array(order, pa.int64())).replace_schema_metadata({"labelsift": json.dumps(facts)})


def _counted(data: ScoredLabels, metric: str) -> tuple[np.ndarray, np.ndarray]:
    """Return which rows count, and which of them are wrong: bool, shape (n,) each."""
    if metric == "error_rate":
        counted, wrong = data.both, data.both & ~data.right
        missing = "The run has no predictions to be held against labels"
        hint = 'Name the column with your model\'s predictions (predicted), or use metric="label_issue_rate"'
    else:
        counted, wrong = data.was_judged, data.was_judged & data.flagged
        missing, hint = "No label of the run was judged", "Scan with the check label"
    if not counted.any():
        raise InputError(missing, hint=hint)
    return counted, wrong


def _require_known(columns: Sequence[str] | None, sources: Sequence[SliceColumn], skipped: Mapping[str, str]) -> None:
    known = [source.name for source in sources]
    for name in columns or ():
        if name in skipped:
            raise InputError(f"{name} cannot be searched: {skipped[name]}", hint=f"Search in {', '.join(known[:5])}")
        if name not in known:
            near = difflib.get_close_matches(name, known, n=1)
            raise InputError(f"There is no column called {name}", hint=f"Did you mean {near[0]}?" if near else "")


def _not_telling(
    sources: Sequence[SliceColumn], rows: np.ndarray, wrong: np.ndarray, skipped: dict[str, str]
) -> list[SliceColumn]:
    """Leave out columns that say of each row whether it is wrong."""
    kept = []
    for source in sources:
        values = source.feature.values[rows]
        if not source.feature.is_number and lambda_of(values, wrong.astype(np.int64)) >= TELLS:
            skipped[source.name] = "it tells what is right and what is wrong"
        else:
            kept.append(source)
    return kept


def _apart(features: Sequence[Feature], given: np.ndarray, predicted: np.ndarray) -> frozenset[frozenset[str]]:
    """Return the pairs of columns that would tell by themselves what is wrong, as one tells the label.

    The predicted label is crossed with nothing, as most columns tell a little of the label; a column that tells the
    prediction is not crossed with one that tells the label.
    """
    of_given, of_predicted = set(), set()
    for feature in features:
        if not feature.is_number:
            for labels, follow in ((given, of_given), (predicted, of_predicted)):
                if max(lambda_of(labels, feature.values), lambda_of(feature.values, labels)) >= FOLLOWS:
                    follow.add(feature.name)
    pairs = [sorted(pair) for pair in combinations([feature.name for feature in features], 2)]
    return frozenset(
        frozenset((first, second))
        for first, second in pairs
        if "predicted" in (first, second)
        or (first in of_given and second in of_predicted)
        or (second in of_given and first in of_predicted)
    )
