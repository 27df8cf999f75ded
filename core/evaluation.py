"""Evaluation of predictions slice by slice: labels and predictions in, metrics of slices, their table and a gate out.

Nothing is scanned and nothing kept: no check runs, so that it takes a second and needs no texts.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from .data.factorize import partitions
from .data.formatting import listed
from .data.hidden_texts import COLUMNS
from .data.samples import Samples
from .data.slugs import slug
from .errors import InputError
from .io.read import read
from .metrics.gates.conditions import conditions_of
from .metrics.gates.results import GateResult, without_few
from .metrics.slice_cells import LABELS
from .metrics.slice_metrics import FEWEST, estimates, scored_labels
from .render.tracker_panels.slices import WORST, in_order, worse_in
from .render.tracker_panels.unscanned_run import unscanned_run
from .report import Report, report_of

if TYPE_CHECKING:
    import pandas as pd

KEYS = ("slices", "gates", "metrics", "text")
_FIRST = ("slug", "metric", "value", "n")  # a narrow page shows four columns
_ID, _LABEL, _PREDICTED = (f"labelsift {role}" for role in ("id", "label", "predicted"))  # no column of the user's
_logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class EvaluationSettings:
    """What is asked of an evaluation.

    Parameters
    ----------
    columns
        What is sliced by: columns of the data, ``label`` and ``predicted``.
    named
        Named slices: name → a condition in SQL.
    gates
        Conditions that must hold; see :mod:`labelsift.metrics.gates.conditions`.
    metrics
        Names of :data:`labelsift.metrics.metric_names.METRICS`.
    text
        The column of the texts; the data may have none.
    """

    columns: tuple[str, ...] = ()
    named: Mapping[str, Any] | None = None
    gates: tuple[str, ...] = ()
    metrics: tuple[str, ...] = ("accuracy", "f1")
    text: str = "text"

    @classmethod
    def of(cls, config: Mapping[str, Any]) -> EvaluationSettings:
        """Read plain settings: ``slices`` (columns, and ``{"name": "condition"}``), ``gates``, ``metrics``, ``text``.

        Raises
        ------
        InputError
            For a key that there is not, and slices that are neither columns nor conditions.
        """
        if unknown := [key for key in config if key not in KEYS]:
            raise InputError("An evaluation has no such settings", ids=unknown, hint=f"There are {listed(KEYS)}")
        slices = _several(config.get("slices"))
        if wrong := [part for part in slices if not isinstance(part, (str, Mapping))]:
            raise InputError("These are no slices", ids=wrong, hint='Name columns, or write {"name": "SQL condition"}')
        named = {name: where for part in slices if isinstance(part, Mapping) for name, where in part.items()}
        columns = tuple(part for part in slices if isinstance(part, str))
        metrics = tuple(_several(config.get("metrics"))) or cls.metrics
        return cls(columns, named, tuple(_several(config.get("gates"))), metrics, config.get("text") or cls.text)


@dataclass(frozen=True)
class Evaluation:
    """What came of an evaluation.

    Parameters
    ----------
    metrics
        ``slice.<metric>/<slug>`` → value: of all samples (``all``), of declared slices (the values of single columns,
        and the named ones) and of the 20 worst.
    slices
        Every slice of ten samples and more with each metric, in the columns of
        :func:`labelsift.metrics.slice_table.slices_table` and ``metric``, ``declared`` and ``worst``: among the 20 that
        are worse than the rest by more than chance, the farthest first.
    gate
        None where no conditions were given; without rows of fewer than ten samples.
    """

    metrics: dict[str, float]
    slices: pa.Table
    gate: GateResult | None


def evaluation(
    frame: pd.DataFrame, labels: np.ndarray, predicted: np.ndarray, settings: EvaluationSettings, *, run: str, name: str
) -> Evaluation:
    """Judge predictions.

    Parameters
    ----------
    frame
        What is known of the samples; only the columns that the settings speak of are read.
    labels, predicted
        One class a row, shape (n,); missing ones are not counted.
    run, name
        What the evaluation and its data are called.

    Raises
    ------
    InputError
        For labels and predictions that are no classes, unknown columns, slices, metrics and conditions, and columns
        whose values are personal data.
    """
    frame = frame.set_axis([str(column) for column in frame.columns], axis=1)
    conditions = conditions_of(settings.gates) if settings.gates else []
    columns = list(dict.fromkeys([*settings.columns, *(column for line in conditions for column in line.by)]))
    spoken_of = _spoken_of(frame.columns, [*map(str, (settings.named or {}).values()), *map(str, conditions)])
    samples = _samples(frame, [*columns, *spoken_of], settings.text, *_alike(labels, predicted))
    report = report_of(replace(unscanned_run(replace(samples, name=name), settings.named, predicted=True), run=run))
    if personal := sorted(set(columns) & set(report.facts[COLUMNS]["pii"])):
        raise InputError("These columns make no slices: their values are personal data or secrets", ids=personal)
    gate = without_few(report.gate(conditions)) if conditions else None
    unfit = partitions(samples)[1]
    for column in set(columns) & set(unfit):  # of this data: another day's may be fit
        _logger.warning("%s makes no slices of this data: %s", column, unfit[column])
    slices = _slices(report, [column for column in columns if column not in unfit], settings.metrics)
    return Evaluation(_metrics(report, slices, settings.metrics), slices, gate)


def classes_in(answer: Any, *, rows: int, column: str | None = None) -> np.ndarray:  # noqa: ANN401 - whatever models return
    """Return the classes in what a model answered: shape (rows,).

    Parameters
    ----------
    answer
        An array, a list, a pandas Series, or a data frame (or a list of mappings) with a ``column`` of classes.

    Raises
    ------
    InputError
        For several columns of which none is named, and for anything but one class a row.
    """
    if isinstance(answer, list) and answer and isinstance(answer[0], Mapping):
        names = list(dict.fromkeys(name for row in answer for name in row))
        answer = {name: [row.get(name) for row in answer] for name in names}
    if isinstance(answer, dict) or hasattr(answer, "columns"):
        columns: Mapping[Any, Any] = dict(answer)
        column = next(iter(columns)) if column is None and len(columns) == 1 else column
        if column not in columns:
            hint = 'Name the one that holds the classes: predictions="…"'
            raise InputError("The model returns several columns", ids=columns, hint=hint)
        answer = columns[column]
    values = np.asarray(answer)
    values = values[:, 0] if values.ndim == 2 and values.shape[1] == 1 else values
    if values.shape != (rows,):
        raise InputError(
            f"The model returns an array of shape {values.shape} for {rows:,} rows",
            hint="One class a row is needed: give a model, or a function, that returns classes and no probabilities",
        )
    return values


def _slices(report: Report, columns: Sequence[str], metrics: Sequence[str]) -> pa.Table:
    tables, worse = [], []
    for metric in metrics:
        table = report.slices(by=columns, metric=metric).replace_schema_metadata(None)
        table = table.filter(pc.greater_equal(table["n"], FEWEST))
        worse += worse_in(table, metric)
        tables.append(table.append_column("metric", pa.repeat(metric, len(table))))
    table = pa.concat_tables(tables)
    worst = pa.array(list(dict.fromkeys(each.slug for each in in_order(worse)))[:WORST], pa.string())
    single = pc.invert(pc.match_substring(table["slug"], "__"))  # what parts the terms of a slug
    table = table.append_column("declared", single)
    table = table.append_column("worst", pc.is_in(table["slug"], value_set=worst))
    return table.select([*_FIRST, *(name for name in table.column_names if name not in _FIRST)])


def _metrics(report: Report, slices: pa.Table, metrics: Sequence[str]) -> dict[str, float]:
    data, everything = scored_labels(report), np.zeros(len(report.samples), dtype=np.int64)
    values: dict[str, float] = {}
    if int(data.both.sum()) >= FEWEST:
        for metric in metrics:
            values[f"slice.{metric}/{slug(())}"] = float(estimates(data, metric, everything, 1).value[0])
    shown = slices.filter(pc.and_(pc.or_(slices["declared"], slices["worst"]), pc.is_valid(slices["value"])))
    names = zip(shown["metric"].to_pylist(), shown["slug"].to_pylist(), shown["value"].to_pylist(), strict=True)
    values |= {f"slice.{metric}/{name}": value for metric, name, value in names}
    return {name: value for name, value in values.items() if np.isfinite(value)}


def _samples(
    frame: pd.DataFrame, columns: Sequence[str], text: str, labels: np.ndarray, predicted: np.ndarray
) -> Samples:
    """Return the samples, known by their numbers from 0, with the columns that are named."""
    roles = [name if name in frame.columns else None for name in (text, "split")]
    roles[1] = roles[1] if "split" in columns else None
    known = [*frame.columns, *LABELS]
    if absent := [name for name in columns if name not in known]:
        raise InputError("The data has no such columns", ids=absent, hint=f"There are {listed(known, most=12)}")
    metadata = [name for name in dict.fromkeys(columns) if name in frame.columns and name not in roles]
    wanted = frame[[*metadata, *(name for name in roles if name is not None)]].reset_index(drop=True)
    wanted = wanted.assign(**{_ID: np.arange(len(frame)), _LABEL: labels, _PREDICTED: predicted})
    return read(wanted, text=roles[0], split=roles[1], label=_LABEL, id=_ID, predicted=_PREDICTED, metadata=metadata)


def _spoken_of(columns: Iterable[str], conditions: Sequence[str]) -> list[str]:
    """Return the columns that conditions may name, themselves or as the beginning of a slug."""
    whole = " ".join(conditions).casefold()
    starts = {name: slug(((name, None),)).partition(":")[0] for name in columns}
    return [name for name, start in starts.items() if name.casefold() in whole or start.casefold() in whole]


def _alike(labels: np.ndarray, predicted: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return both; truth values as 0 and 1 where the others are numbers, as which they are compared."""
    kinds = {labels.dtype.kind, predicted.dtype.kind}
    if "b" in kinds and len(kinds) == 2 and kinds <= set("biuf"):
        return labels.astype(float), predicted.astype(float)
    return labels, predicted


def _several(value: Any) -> list[Any]:  # noqa: ANN401 - what a user wrote
    if value is None:
        return []
    return [value] if isinstance(value, (str, Mapping)) else list(value)
