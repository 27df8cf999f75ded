"""Logits of classifiers that return something else: one column for two classes, or probabilities."""

from __future__ import annotations

from typing import Any

import numpy as np

_LEAST = 1e-7  # a probability of 0 would be a logit of minus infinity


def to_numpy(values: Any) -> np.ndarray:  # noqa: ANN401 - a tensor of any framework
    """Return an array of a tensor: off its device, without its gradient, float32 where it is of half precision."""
    if hasattr(values, "detach"):
        values = values.detach()
        if str(values.dtype) in ("torch.bfloat16", "torch.float16"):
            values = values.float()
        values = values.cpu().numpy()
    return np.asarray(values)


def two_columns(margin: np.ndarray) -> np.ndarray:
    """Return logits of both classes, shape (n, 2), for one column that is the log odds of the second.

    Their softmax is the sigmoid of the margin, and both weigh the same.
    """
    half = np.asarray(margin).reshape(-1) / 2
    return np.stack([-half, half], axis=1)


def of_probabilities(probabilities: np.ndarray) -> np.ndarray:
    """Return logits, shape (n, classes), whose softmax is the probabilities: their logarithms.

    They differ from the model's own by a constant a row, which no statistic of the dynamics sees.
    """
    return np.log(np.clip(np.asarray(probabilities, dtype=np.float32), _LEAST, 1))
