"""Training dynamics: a model's logits for its own training samples, epoch by epoch, combined with the label score.

They are *in sample*: the model has learned from the very label that is judged, and late epochs memorise it. What they
say is not what cross-validation says; :func:`combine` joins the two.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from ..data.class_names import names_of
from ..errors import InputError
from .epoch_files import EpochFiles, read_epochs

# How both were chosen: benchmarks/RESULTS.md, "Training dynamics". A larger weight gains a little more where errors are
# random, and loses more where they follow what is hard to tell apart.
SHARE = 0.5  # of the epochs: those that agree best with the out-of-sample score
WEIGHT = 0.1  # of the dynamics' log odds against 1 for those of the out-of-sample score
_CLOSE = 1e-6


@dataclass(frozen=True)
class Dynamics:
    """Logits of each epoch of a training.

    Parameters
    ----------
    logits
        An array (epochs, n, classes), a list of arrays (n, classes), a folder that :class:`DynamicsWriter` wrote, or
        an ``.npy`` file of such an array; files are mapped, not read. Rows as the model saw them *before* it learned
        from them in that epoch (the usual training loop) or at its end: either will do.
    classes
        The class of each column; those of the folder by default, else those of the :class:`Signals`, else the labels
        in sorted order.
    ids
        The sample of each row; those of the folder by default, else those of the :class:`Signals`, else the samples
        in their order.
    """

    logits: np.ndarray | Sequence[np.ndarray] | str | Path
    classes: Sequence[str] | None = None
    ids: Sequence[str] | None = None

    def opened(self) -> EpochFiles:
        """Return the epochs, checked for their shapes, with the classes and ids that they have by themselves.

        Raises
        ------
        InputError
            For fewer than two epochs or classes, and shapes that differ.
        """
        if isinstance(self.logits, (str, Path)):
            epochs = read_epochs(Path(self.logits))
        else:
            arrays = tuple(np.asarray(array) for array in self.logits)
            epochs = EpochFiles(arrays, (None,) * len(arrays), None, None)
        if len(epochs.logits) < 2:
            raise InputError(
                f"The dynamics have {len(epochs.logits)} finished epochs", hint="Give the logits of 2 epochs or more"
            )
        shapes = {array.shape for array in epochs.logits}
        first = epochs.logits[0]
        if len(shapes) > 1 or first.ndim != 2 or first.shape[1] < 2:
            listed = ", ".join(map(str, sorted(shapes)[:3]))
            raise InputError(
                f"The epochs of the dynamics have the shapes {listed}",
                hint="Each must be (samples, classes), the same rows and columns in every epoch",
            )
        if any(array.dtype.kind not in "fiu" for array in epochs.logits):
            raise InputError(f"The dynamics hold {first.dtype}, not numbers", hint="Give arrays of floats")
        classes = epochs.classes if self.classes is None else tuple(names_of(self.classes) or ())
        ids = epochs.ids if self.ids is None else tuple(map(str, self.ids))
        return EpochFiles(epochs.logits, epochs.seen, classes, ids)


def combine(score: np.ndarray, margins: np.ndarray, *, weight: float = WEIGHT) -> np.ndarray:
    """Return the label score with the training dynamics as one more source.

    Early epochs have not learned yet, and late ones have learned the wrong labels by heart. Which epochs tell right
    labels from wrong ones is seen from the out-of-sample score, which no memory can have touched: the half of the
    epochs whose margins correlate best with it are averaged (each scaled to unit variance first). A logistic
    regression of the score on that average turns it into log odds; the less the two agree, the flatter it is and the
    less the dynamics count. Both log odds are averaged, the score's with weight 1 (a logarithmic opinion pool, Genest
    & Zidek 1986).

    Parameters
    ----------
    score
        Out of sample, 0 = certainly wrong, 1 = right; NaN = not judged: shape (n,).
    margins
        Of the given class, shape (epochs, n): :attr:`Trajectories.margins`. A row that no epoch showed keeps its score.

    Returns
    -------
    numpy.ndarray
        float32, shape (n,), in 0..1, NaN where the score is.
    """
    result = np.array(score, dtype=np.float32)
    averaged = _averaged(result, margins)
    used = np.isfinite(averaged)
    if used.sum() < 3 or weight == 0:
        return result
    means, target = averaged[used].astype(np.float64), result[used].astype(np.float64)
    slope, intercept = _logistic(means, target)
    odds = _log_odds(target) + weight * (np.maximum(slope, 0) * means + intercept)
    if slope <= 0:  # they do not agree at all: the dynamics are of another data set, or memory alone
        return result
    result[used] = 1 / (1 + np.exp(-odds / (1 + weight)))
    return result


def _averaged(score: np.ndarray, margins: np.ndarray) -> np.ndarray:
    """Return the mean of the scaled margins over the epochs that agree best: float64, shape (n,), NaN = not known."""
    judged = np.isfinite(score)
    agreement = np.full(len(margins), -np.inf)
    scales: list[tuple[float, float]] = [(0.0, 1.0)] * len(margins)
    for epoch, margin in enumerate(margins):
        both = judged & np.isfinite(margin)
        if both.sum() < 3:
            continue
        values, scores = margin[both].astype(np.float64), score[both].astype(np.float64)
        spread = float(values.std())
        if spread > 0 and scores.std() > 0:
            scales[epoch] = (float(values.mean()), spread)
            agreement[epoch] = np.corrcoef(values, scores)[0, 1]
    best = np.argsort(-agreement, kind="stable")[: max(round(SHARE * len(margins)), 1)]
    total, times = np.zeros(len(score)), np.zeros(len(score))
    for epoch in best[np.isfinite(agreement[best])].tolist():
        both = judged & np.isfinite(margins[epoch])
        center, spread = scales[epoch]
        total[both] += (margins[epoch][both] - center) / spread
        times[both] += 1
    return np.divide(total, times, out=np.full(len(score), np.nan), where=times > 0)


def _logistic(values: np.ndarray, target: np.ndarray) -> tuple[float, float]:
    """Fit target ≈ sigmoid(slope × value + intercept) by Newton's method, with a weak pull to 0."""
    slope = intercept = 0.0
    for _ in range(30):
        fitted = 1 / (1 + np.exp(-(slope * values + intercept)))
        curve = fitted * (1 - fitted) + 1e-9
        down = np.array([((target - fitted) * values).sum() - slope, (target - fitted).sum()])
        bend = np.array(
            [[(curve * values**2).sum() + 1, (curve * values).sum()], [(curve * values).sum(), curve.sum()]]
        )
        step = np.linalg.solve(bend, down)
        slope, intercept = slope + float(step[0]), intercept + float(step[1])
        if np.abs(step).max() < 1e-8:
            break
    return slope, intercept


def _log_odds(share: np.ndarray) -> np.ndarray:
    inside = np.clip(share, _CLOSE, 1 - _CLOSE)
    return np.log(inside / (1 - inside))
