"""Probabilities of labels where a sample may have several: of each label apart, so that rows need not sum to one."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from ..data.samples import Samples
from ..errors import InputError
from ..label_quality.pred_probs import ROUNDING
from .align import aligned, class_names, ids_of


def aligned_apart(
    samples: Samples,
    pred_probs: Any,  # noqa: ANN401 - whatever was brought
    classes: Sequence[str] | None,
    ids: Sequence[str] | None,
) -> tuple[np.ndarray, tuple[str, ...]]:
    """Return (probabilities, classes), rows in the order of the samples and classes sorted.

    Raises
    ------
    InputError
        As :meth:`labelsift.signals.signals.Signals.aligned_pred_probs`, but for the sum of a row.
    """
    given = np.load(pred_probs) if isinstance(pred_probs, str | Path) else pred_probs
    probabilities = aligned(np.asarray(given), samples, ids, what="pred_probs")
    names = class_names(classes, samples, probabilities.shape[1], what="pred_probs")
    _check_apart(probabilities, samples)
    order = np.argsort(np.array(names, dtype=object), kind="stable")
    ordered = np.clip(probabilities[:, order].astype(np.float32), 0, 1)
    return ordered, tuple(names[at] for at in order)


def _check_apart(probabilities: np.ndarray, samples: Samples) -> None:
    with np.errstate(invalid="ignore"):
        problems = {
            "hold NaN or infinity": ~np.isfinite(probabilities).all(axis=1),
            "are negative": np.asarray((probabilities < -ROUNDING).any(axis=1)),
            "are above one": np.asarray((probabilities > 1 + ROUNDING).any(axis=1)),
        }
    for problem, rows in problems.items():
        if np.any(rows):
            cure = "Predict them again" if "NaN" in problem else "Give probabilities, not logits: apply a sigmoid"
            raise InputError(f"The probabilities of these samples {problem}", ids=ids_of(samples, rows), cure=cure)
