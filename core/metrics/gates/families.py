"""Families of a gate: what a condition counts in its slices, in one run or in two whose samples are matched.

Slices of two runs are matched by what they say (``state = "CA"``), samples by their ids, then by equal texts. Labels of
the older run are read under the newer one's taxonomy. Columns in which the scan found personal data or secrets make no
slice, so that no value of theirs is ever shown.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from difflib import get_close_matches
from functools import cached_property, reduce

import numpy as np

from ...data.factorize import Cells, cross, partitions
from ...data.formatting import listed
from ...data.hidden_texts import hidden_columns
from ...data.slugs import slug, slugs
from ...errors import InputError
from ...store.run import Run
from ..alignment import match_rows, under_taxonomy
from ..estimates import Estimates
from ..metric_names import METRICS, metric_named
from ..paired_estimates import PairedEstimates, correlation
from ..slice_cells import cell_mask, cells_by, cells_of_slug
from ..slice_metrics import (
    PROXY,
    ScoredLabels,
    counted_samples,
    estimates,
    influences,
    samples_of_class,
    scored_labels,
    tails_of_mean,
)
from .conditions import Condition
from .decisions import Family

ALL = "all samples"
NAMED = "slice"  # the slug of a named slice is that of a cell of such a column
_PREDICTIONS = "Scan with predictions of your model: --predicted COLUMN, or --pred-probs FILE"


@dataclass(frozen=True)
class _Slices:
    """Slices of one run: ``codes`` int64, shape (n,), -1 for none."""

    slugs: tuple[str, ...]
    described: tuple[str, ...]
    codes: np.ndarray

    def under(self, others: _Slices) -> np.ndarray:
        """Return the codes as positions among the slices of another run, -1 where that has none of the kind."""
        index = {name: position for position, name in enumerate(others.described)}
        positions = np.array([*(index.get(name, -1) for name in self.described), -1], dtype=np.int64)
        return positions[self.codes]


class Measured:
    """A run as gates measure it: scored labels by split, and slices.

    Parameters
    ----------
    run
        The run.
    named
        Its named slices: bool, shape (n,), by name.
    """

    def __init__(self, run: Run, named: Mapping[str, np.ndarray]) -> None:
        self.run = run
        self.named = named
        self._scored: dict[str | None, ScoredLabels] = {}
        self._shared: dict[str, tuple[np.ndarray, np.ndarray]] = {}

    def scored(self, split: str | None) -> ScoredLabels:
        """Return what the metrics are counted from, on a split or on the usual rows."""
        if split not in self._scored:
            self._scored[split] = scored_labels(self.run, split=split)
        return self._scored[split]

    def under(self, newer: Measured) -> Measured:
        """Return this run with its labels under the taxonomy of a newer one."""
        taxonomy = newer.run.samples.taxonomy
        return Measured(under_taxonomy(self.run, taxonomy), self.named) if taxonomy else self

    def rows_shared_with(self, newer: Measured) -> tuple[np.ndarray, np.ndarray]:
        """Return the rows of the samples that both have, in each of them: int64, shape (shared,)."""
        if newer.run.run not in self._shared:
            matched = match_rows(self.run, newer.run)
            self._shared[newer.run.run] = (matched.old.to_numpy(), matched.new.to_numpy())
        return self._shared[newer.run.run]

    @cached_property
    def hidden(self) -> frozenset[str]:
        """The columns whose values are never shown."""
        return hidden_columns(self.run.facts)

    def slices(self, condition: Condition) -> _Slices:
        """Return the slices that a condition is about.

        Raises
        ------
        InputError
            For an unknown slice or column; names the nearest.
        """
        if condition.by:
            cells = reduce(cross, self._columns(condition))
            return _Slices(tuple(slugs(cells.predicates)), cells.described, cells.codes)
        if condition.slice is not None:
            return self._slice(condition.slice, condition)
        return _Slices(("all",), (ALL,), np.zeros(len(self.run.samples), dtype=np.int64))

    def _columns(self, condition: Condition) -> list[Cells]:
        if hidden := [name for name in condition.by if name in self.hidden]:
            raise InputError(
                "A gate shows no values of columns that hold personal data or secrets", ids=hidden, hint="Name others"
            )
        return [named.cells for named in cells_by(self.run, condition.by)[: len(condition.by)]]

    def _slice(self, name: str, condition: Condition) -> _Slices:
        for candidate in self.named:
            of_named = slug(((NAMED, candidate),))
            if name in (candidate, of_named):
                return _Slices((of_named,), (candidate,), np.where(self.named[candidate], 0, -1))
        samples = self.run.samples
        try:
            mask, described = cell_mask(samples, name)
        except InputError:
            raise self._unknown_slice(name, condition) from None
        if any(self._shows_hidden(cells) and name in slugs(cells.predicates) for cells in cells_of_slug(samples, name)):
            raise self._unknown_slice(name, condition)
        return _Slices((name,), (described,), np.where(mask, 0, -1))

    def _unknown_slice(self, name: str, condition: Condition) -> InputError:
        columns = partitions(self.run.samples, but=self.hidden)[0].values()
        known = [*self.named, *slugs([predicate for cells in columns for predicate in cells.predicates])]
        hint = f"There are {listed(known, most=8)}" if known else "Name slices in labelsift.toml, or scan with --meta"
        return _unknown(condition, f"{self.run.run} has no slice called {name}", name, known, hint)

    def _shows_hidden(self, cells: Cells) -> bool:
        return any(column in self.hidden for predicate in cells.predicates for column, _ in predicate)


def family(condition: Condition, new: Measured, old: Measured | None = None, *, allow_proxy: bool = False) -> Family:
    """Count what a condition is about.

    Parameters
    ----------
    old
        The run that its threshold is the value of, or None.

    Raises
    ------
    InputError
        For an unknown class, column, slice or split; for metrics that these labels do not have; and for predictions of
        the proxy model, unless they are allowed.
    """
    slices, data = new.slices(condition), new.scored(condition.split)
    _require_known(condition, new, allow_proxy=allow_proxy)
    figures = _estimates(condition, data, slices.codes, len(slices.slugs))
    made = Family(
        condition=condition,
        slugs=slices.slugs,
        slices=slices.described,
        counted=_counted(condition, data, slices.codes, len(slices.slugs)),
        estimates=figures,
        tails=_tails(condition, data, slices.codes, len(slices.slugs)),
        source=data.source_of(condition.metric),
        rows=data.counted if METRICS[condition.metric].needs == "predictions" else "",
        problem=_problem(condition, new),
    )
    return made if old is None else _against(made, slices, new, old, allow_proxy=allow_proxy)


def _against(made: Family, slices: _Slices, new: Measured, old: Measured, *, allow_proxy: bool) -> Family:
    """Add the run that is compared with."""
    condition, count = made.condition, len(slices.slugs)
    _require_known(condition, old, allow_proxy=allow_proxy)
    cells = (old.slices(condition).under(slices), slices.codes)
    scored = (old.scored(condition.split), new.scored(condition.split))
    figures = _estimates(condition, scored[0], cells[0], count)
    moved = [
        influences(data, condition.metric, codes, count, label=condition.label)
        for data, codes in zip(scored, cells, strict=True)
    ]
    together = correlation(figures, made.estimates, (moved[0], moved[1]), cells, old.rows_shared_with(new))
    problem, tails = _problem(condition, old), _tails(condition, scored[0], cells[0], count)
    if tails is not None and made.tails is not None:  # of a difference what both are too low by goes away
        tails = np.minimum(tails[0], made.tails[0]), np.maximum(made.tails[1] - tails[1], 0)
    return replace(
        made,
        tails=tails,
        baseline=old.run.run,
        counted_before=_counted(condition, scored[0], cells[0], count),
        paired=PairedEstimates(figures, made.estimates, together),
        problem=made.problem or (f"{old.run.run}: {problem}" if problem else ""),
    )


def _require_known(condition: Condition, measured: Measured, *, allow_proxy: bool) -> None:
    """Refuse an unknown class, and the proxy model where it is not allowed."""
    run, metric = measured.run, condition.metric
    metric_named(metric, run.samples.task, condition.label)
    data = measured.scored(condition.split)
    if condition.label is not None and condition.label not in data.classes:
        hint = f"There are {listed(data.classes, most=8)}" if data.classes else "Scan labeled data"
        raise _unknown(
            condition, f"{run.run} has no class called {condition.label}", condition.label, data.classes, hint
        )
    if data.source_of(metric) == PROXY and not allow_proxy:
        raise InputError(
            f"{metric} of {run.run} would be that of the built-in proxy model, not of yours: {condition} is refused",
            hint=f"{_PREDICTIONS}; or allow it, and it is marked: --allow-proxy",
        )


def _problem(condition: Condition, measured: Measured) -> str:
    """Say why a metric cannot be measured at all; "" where it can."""
    data, where = measured.scored(condition.split), f" in split {condition.split}" if condition.split else ""
    need = METRICS[condition.metric].needs
    if need == "judged labels":
        return "" if data.was_judged.any() else f"No label was judged{where}: scan labeled data with the check label"
    if not data.labeled.any():
        return "The data has no labels to compare predictions with"
    if need == "probabilities":
        there = data.gaps is not None and bool(np.isfinite(data.gaps).any())
        return "" if there else f"There are no probabilities{where}: scan with --pred-probs FILE"
    if not data.source:
        return f"There are no predictions. {_PREDICTIONS}"
    return "" if data.both.any() else f"No sample has a label and a prediction{where}"


def _estimates(condition: Condition, data: ScoredLabels, codes: np.ndarray, count: int) -> Estimates:
    """Return the metric of each slice; a mean over classes has no more trials than samples, in far tails."""
    figures = estimates(data, condition.metric, codes, count, label=condition.label)
    if _tails(condition, data, codes, count) is None:
        return figures
    trials = np.minimum(figures.trials, counted_samples(data, condition.metric, codes, count))
    with np.errstate(invalid="ignore", divide="ignore"):
        return replace(figures, hits=np.nan_to_num(figures.hits / figures.trials) * trials, trials=trials)


def _tails(
    condition: Condition, data: ScoredLabels, codes: np.ndarray, count: int
) -> tuple[np.ndarray, np.ndarray] | None:
    return tails_of_mean(data, condition.metric, codes, count, label=condition.label)


def _counted(condition: Condition, data: ScoredLabels, codes: np.ndarray, count: int) -> np.ndarray:
    """Return how many samples each slice's figure is counted from: of one class those that it plays a part in."""
    if condition.label is None:
        return counted_samples(data, condition.metric, codes, count)
    concerned = samples_of_class(data, condition.metric, condition.label)
    return np.bincount(codes[concerned] + 1, minlength=count + 1)[1:]


def _unknown(condition: Condition, what: str, name: str, known: Sequence[str], hint: str) -> InputError:
    near = get_close_matches(name, known, n=1)
    return InputError(f"{what} ({condition})", hint=f"The nearest is {near[0]}" if near else hint)
