"""A training as a source of the label check: asked whether it counts, by rows that its model did not learn from."""

from __future__ import annotations

import numpy as np

from ..signals.held_out_evidence import HeldOutEvidence, evidence_of
from ..signals.training_dynamics import label_log_odds
from .context import Context


def told_by_training(
    context: Context, suspicion: np.ndarray, pool: np.ndarray, judged: np.ndarray
) -> np.ndarray | None:
    """Return the log odds of the given labels by a training whose model sees more than the scan does; say which.

    float64, shape (n,), NaN = nothing known; None where held-out rows do not show that it does.
    """
    dynamics = context.dynamics
    if dynamics is None:
        return None
    evidence = HeldOutEvidence()
    if dynamics.held_out is not None:
        # A copy of what the model learned is not held out, and the scan's folds part no copies.
        learned = np.isin(context.same_text, context.same_text[dynamics.shown > 0])
        foreseen = pool.argmax(axis=1) == context.codes
        evidence = evidence_of(dynamics.held_out, foreseen, judged & np.isfinite(suspicion) & ~learned)
    context.facts["label_dynamics"] = evidence.facts()
    context.notes.append(" ".join(filter(None, (evidence.note(), dynamics.unsure))))
    return label_log_odds(dynamics.margins, evidence, held_out=dynamics.held_out) if evidence.counts else None
