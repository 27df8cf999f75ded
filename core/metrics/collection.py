"""Rows to ask for: how many more of a class, a group or a pair of both, by a stated rule, with examples.

From what the check ``imbalance`` found. A rare class or value is asked for up to the median one; a group that an
expectation names until its share is the expected one, all other rows staying; a pair without a row up to what chance
would give.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from ..data.factorize import Cells, partitions
from ..data.hidden_texts import hidden_columns
from ..data.label_sets import members
from ..data.schemas import from_json, of_issue
from ..data.slugs import describe
from ..data.stable_draws import drawn, row_keys
from ..store.run import Run
from .slice_metrics import score_column

RULES = {
    "class": "up to the median class",
    "value": "up to the median value of its column",
    "group": "until its share is the expected one, all other rows staying as they are",
    "pair": "as many as there would be if the two had nothing to do with each other",
}


@dataclass(frozen=True)
class Wanted:
    """One line of a request.

    Parameters
    ----------
    kind
        ``class``, ``value``, ``group`` or ``pair``; its rule stands in :data:`RULES`.
    what
        As people read it.
    have, ask
        Rows that are there, and rows to ask for.
    why
        What the check said.
    examples
        Ids of rows such as are wanted, those whose label is least in doubt first; of a pair, of its class.
    """

    kind: str
    what: str
    have: int
    ask: int
    why: str
    examples: tuple[str, ...]


def wanted_rows(run: Run, *, examples: int = 3) -> list[Wanted]:
    """Return what to ask for, the most rows first; nothing where the check found nothing, or did not run.

    Parameters
    ----------
    examples
        Ids for each line.
    """
    findings = of_issue(run.findings, "imbalance").to_pylist()
    cells = partitions(run.samples, but=hidden_columns(run.facts))[0] if findings else {}
    lines = [line for finding in findings for line in _lines(run, finding, cells, examples)]
    return sorted((line for line in lines if line.ask > 0), key=lambda line: (-line.ask, line.kind, line.what))


def _lines(run: Run, finding: dict[str, Any], cells: dict[str, Cells], examples: int) -> Iterator[Wanted]:
    evidence, why = from_json(finding["evidence"]) or {}, finding["reason"]
    if finding["kind"] == "rare_class":
        label, sizes = from_json(finding["given"]), _class_sizes(run)
        ask = math.ceil(np.median(list(sizes.values()))) - evidence["rows"]
        yield Wanted(
            "class", f"label {label}", evidence["rows"], ask, why, _examples(run, _of_class(run, label), examples)
        )
    elif finding["kind"] == "rare_values":
        column = finding["id"]
        counts = np.bincount(cells[column].codes, minlength=len(cells[column])) if column in cells else np.empty(0)
        given = (
            [count for count, terms in zip(counts, cells[column].predicates, strict=True) if terms[0][1]]
            if len(counts)
            else []
        )
        for value, rows in evidence["values"].items():
            ask = (math.ceil(np.median(given)) if given else evidence["needed"]) - rows
            shown = _examples(run, _of_value(run, column, value), examples)
            yield Wanted("value", describe(((column, value),)), rows, ask, why, shown)
    elif finding["kind"] == "missing_group":
        column, value, rows, expected = (evidence[name] for name in ("column", "value", "rows", "expected"))
        share = evidence["share"]
        ask = math.ceil((expected - rows) / (1 - share)) if share < 1 else 0
        shown = _examples(run, _of_value(run, column, value), examples)
        yield Wanted("group", describe(((column, value),)), rows, ask, why, shown)
    elif finding["kind"] == "empty_cell":
        column, value = evidence["predicate"]
        label = from_json(finding["given"])
        what = f"{describe(((column, value),))} and label {label}"
        shown = _examples(run, _of_class(run, label), examples)
        yield Wanted("pair", what, 0, math.ceil(evidence["expected"]), why, shown)


def _class_sizes(run: Run) -> dict[str, int]:
    return {label: int(_of_class(run, label).sum()) for label in run.samples.classes}


def _of_class(run: Run, label: str) -> np.ndarray:
    """Tell the rows with a label: bool, shape (n,)."""
    sets = run.samples.column("labels")
    if sets is not None:
        return members(sets, (label,))[:, 0] == 1
    if run.samples.labels is None:
        return np.zeros(len(run.samples), dtype=bool)
    return pc.fill_null(pc.equal(run.samples.labels, label), False).to_numpy()


def _of_value(run: Run, column: str, value: str) -> np.ndarray:
    """Tell the rows with a value of a metadata column or a role: bool, shape (n,)."""
    metadata = run.samples.metadata
    values = metadata[column] if column in metadata.column_names else run.samples.column(column)
    if values is None:
        named = of_issue(run.findings, "language")  # the samples in a language that is not the data set's
        ids = named.filter(pc.equal(named["kind"], value))["id"] if column == "language" else pa.array([], pa.string())
        return pc.is_in(
            run.samples.ids, value_set=ids.combine_chunks() if len(ids) else pa.array([], pa.string())
        ).to_numpy()
    return pc.fill_null(pc.equal(values.cast(pa.string()), value), False).to_numpy()


def _examples(run: Run, rows: np.ndarray, limit: int) -> tuple[str, ...]:
    """Return ids of rows, those with the best label scores first; where labels were not judged, drawn by hash."""
    chosen, scores = np.flatnonzero(rows), score_column(run, "label_score")
    if scores is None:
        keys = row_keys(run.samples.ids.to_pylist(), None)
        chosen = drawn(chosen, limit, keys=keys, seed=0, purpose="collection")
    else:
        judged = np.nan_to_num(scores.to_numpy().astype(float), nan=-1.0)
        chosen = chosen[np.argsort(-judged[chosen], kind="stable")][:limit]
    return tuple(run.samples.ids.take(pa.array(chosen)).to_pylist())
