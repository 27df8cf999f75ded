"""Scores table: one row a sample, with score and flag of each check, the best other label, training statistics."""

from __future__ import annotations

import numpy as np
import pyarrow as pa

from ..signals.dynamics_statistics import SUBSETS, Trajectories
from .context import Context


def scores_table(context: Context) -> pa.Table:
    """Return the table of scores from the results of the checks."""
    columns: dict[str, pa.Array | pa.ChunkedArray] = {"id": context.samples.ids}
    for name, result in context.results.items():
        if not result.of_samples:
            continue
        columns[f"{name}_score"] = pa.array(result.score.astype(np.float32), from_pandas=True)
        columns[f"is_{name}_issue"] = pa.array(result.is_issue)
    label = context.results.get("label")
    if label is not None and label.confidence is not None:
        suggested = label.suggested_values
        if label.suggested is not None:
            names = pa.array(context.classes, pa.string())
            suggested = names.take(pa.array(label.suggested, mask=label.suggested < 0))
        columns["suggested_label"] = suggested
        columns["confidence"] = pa.array(label.confidence.astype(np.float32), from_pandas=True)
    if context.dynamics is not None:
        columns |= _dynamics_columns(context.dynamics)
    for result in context.results.values():
        columns |= result.more
    return pa.table(columns)


def _dynamics_columns(dynamics: Trajectories) -> dict[str, pa.Array]:
    """Return a column for each statistic of the training; null where a sample has no label or was never shown."""
    shares = {"aum": dynamics.aum, "difficulty": dynamics.difficulty, "dynamics_confidence": dynamics.confidence}
    shares |= {"dynamics_variability": dynamics.variability, "dynamics_correctness": dynamics.correctness}
    counts = {"dynamics_forgetting": (dynamics.forgetting, ~dynamics.known)}
    counts |= {"dynamics_first_learned": (dynamics.first_learned, dynamics.first_learned == 0)}
    subset = dynamics.subset
    return (
        {name: pa.array(values, pa.float32(), from_pandas=True) for name, values in shares.items()}
        | {name: pa.array(values, pa.int32(), mask=without) for name, (values, without) in counts.items()}
        | {"dynamics_subset": pa.array(SUBSETS, pa.string()).take(pa.array(subset, mask=subset < 0))}
    )
