"""Training dynamics: a model's logits for its own training samples, epoch by epoch, combined with the label score.

They are *in sample*: the model has learned from the very label that is judged, and late epochs memorise it. What they
say is not what cross-validation says. Only rows that the model did not learn from can show that it sees more than the
scan does; :func:`combine` joins the two where they do, and else the label score is left alone.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from ..data.class_names import names_of
from ..errors import InputError
from ..models.links import expit, log_odds
from .epoch_files import INDEX, EpochFiles, finished_epochs, read_epochs
from .held_out_evidence import HeldOutEvidence

WEIGHT = 0.5  # of the dynamics' log odds; chosen on other sets than it is reported on: benchmarks/RESULTS.md
_CLOSE = 1e-6
TRAIN, HELD_OUT = "train", "eval"  # folders within that of a capture; eval_<name> where there are several sets


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
    held_out
        Logits of samples that the model did *not* learn from, in the same forms, after epochs of the training: of the
        same number where the writers of both were told it, else counted from the last on. They alone can show that the
        dynamics may count in the label score. The folder of a :class:`Capture` holds both, in ``train`` and in all
        folders ``eval…``.
    """

    logits: np.ndarray | Sequence[np.ndarray] | str | Path
    classes: Sequence[str] | None = None
    ids: Sequence[str] | None = None
    held_out: Dynamics | np.ndarray | Sequence[np.ndarray] | str | Path | None = None

    def parts(self) -> tuple[Dynamics, list[Dynamics]]:
        """Return the dynamics of the training, and those of each set of held-out samples that there is."""
        training, held_out = self, [] if self.held_out is None else [self.held_out]
        if isinstance(self.logits, (str, Path)) and not (Path(self.logits) / INDEX).exists():
            captured = Path(self.logits)
            if (captured / TRAIN / INDEX).exists():
                training = replace(self, logits=captured / TRAIN)
                held_out = held_out or [part for part in sorted(captured.glob(f"{HELD_OUT}*")) if finished_epochs(part)]
        return training, [
            part if isinstance(part, Dynamics) else Dynamics(part, classes=self.classes) for part in held_out
        ]

    def opened(self, *, fewest: int = 2) -> EpochFiles:
        """Return the epochs, checked for their shapes, with the classes and ids that they have by themselves.

        Raises
        ------
        InputError
            For fewer epochs than ``fewest``, fewer than two classes, and shapes that differ.
        """
        if isinstance(self.logits, (str, Path)):
            epochs = read_epochs(Path(self.logits))
        else:
            arrays = tuple(np.asarray(array) for array in self.logits)
            epochs = EpochFiles(arrays, (None,) * len(arrays), None, None)
        if len(epochs.logits) < fewest:
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
        return replace(epochs, classes=classes, ids=ids)


def label_log_odds(margins: np.ndarray, evidence: HeldOutEvidence, *, held_out: np.ndarray | None = None) -> np.ndarray:
    """Return the log odds of the given labels against their strongest rivals by a training that counts.

    Early epochs have not learned yet, and late ones have learned the wrong labels by heart. Counted are the epochs in
    which the model foresaw about as many labels of held-out rows as in its best one (early stopping, Prechelt 1998),
    their margins scaled to log odds on those rows, and averaged.

    Parameters
    ----------
    margins
        Of the given class, shape (epochs, n): :attr:`Trajectories.margins`.
    evidence
        Names the epochs; without it, or where it is against the dynamics, nothing is known.
    held_out
        Margins of rows that the model did not learn from, shape (epochs, n): these rows are told by them.

    Returns
    -------
    numpy.ndarray
        float64, shape (n,), NaN where nothing is known.
    """
    if not evidence.counts:
        return np.full(margins.shape[1], np.nan)
    told = _averaged(margins, evidence)
    return told if held_out is None else np.where(np.isfinite(told), told, _averaged(held_out, evidence))


def combine(score: np.ndarray, log_odds_of_training: np.ndarray, *, weight: float = WEIGHT) -> np.ndarray:
    """Return the label score with a training as one more source (logarithmic opinion pool, Genest & Zidek 1986).

    Parameters
    ----------
    score
        Out of sample, 0 = certainly wrong, 1 = right; NaN = not judged: shape (n,).
    log_odds_of_training
        From :func:`label_log_odds`, shape (n,); a row of which it knows nothing keeps its score.
    weight
        Of the training, against 1 - weight of the score.

    Returns
    -------
    numpy.ndarray
        float32, shape (n,), in 0..1, NaN where the score is.
    """
    result = np.array(score, dtype=np.float32)
    used = np.isfinite(log_odds_of_training) & np.isfinite(result)
    if weight == 0:
        return result
    own = log_odds(result[used].astype(np.float64), least=_CLOSE)
    result[used] = expit((1 - weight) * own + weight * log_odds_of_training[used])
    return result


def _averaged(margins: np.ndarray, evidence: HeldOutEvidence) -> np.ndarray:
    """Return the mean of the scaled margins over the epochs that count: float64, shape (n,), NaN = not known."""
    total, times = np.zeros(margins.shape[1]), np.zeros(margins.shape[1])
    for back, scale in zip(evidence.epochs, evidence.scales, strict=True):
        if back < len(margins):
            epoch = margins[len(margins) - 1 - back].astype(np.float64)
            shown = np.isfinite(epoch)
            total[shown] += scale * epoch[shown]
            times[shown] += 1
    return np.divide(total, times, out=np.full(len(total), np.nan), where=times > 0)
