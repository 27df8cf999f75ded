"""Evidence that a trained model tells labels better than a scan's own models: both foresee labels of held-out rows.

What a model says of the rows that it learned is no evidence: it may know them by heart. On rows that it never learned
from it meets the scan's out-of-sample prediction row by row (McNemar 1947). Only a model that foresees clearly more of
the given labels, wrong ones among them, has seen something in the samples that the scan has not.
"""

from __future__ import annotations

from dataclasses import dataclass
from statistics import NormalDist
from typing import Any

import numpy as np

from ..models.links import expit

CHANCE = 0.001  # with which a model that foresees no more than the scan looks better in any epoch (Bonferroni)
LEAD = 0.1  # of the labels that the scan does not foresee, the share by which the model must foresee more
FEWEST = 50  # held-out rows of an epoch


@dataclass(frozen=True)
class HeldOutEvidence:
    """What held-out rows say of the model that a training made.

    Parameters
    ----------
    rows
        How many were compared, in the epoch that foresaw most.
    model, scan
        Shares of their labels that the model and the scan foresaw; NaN without rows.
    counts
        The model is clearly better.
    epochs, scales
        The epochs that are about as good as the best, as positions from the *last* one on (0 = the last), and what the
        margins of each are multiplied with to be log odds of the given label against its strongest rival.
    """

    rows: int = 0
    model: float = float("nan")
    scan: float = float("nan")
    counts: bool = False
    epochs: tuple[int, ...] = ()
    scales: tuple[float, ...] = ()

    def facts(self) -> dict[str, Any]:
        """Return what a report keeps."""
        shares = {"model": round(self.model, 4), "scan": round(self.scan, 4)} if self.rows else {}
        return {"counted": self.counts, "held_out": self.rows} | shares

    def note(self) -> str:
        """Say whether the dynamics count in the label scores, and why."""
        if not self.rows:
            return (
                f"Your training leaves the label scores as they are: fewer than {FEWEST} samples that can be judged"
                " were held out of it and evaluated in an epoch that was recorded, so that nothing shows that your"
                " model tells labels better than the scan."
            )
        compared = (
            f"of {self.rows:,} samples that it did not learn from, your model foresaw {self.model:.1%} of the labels,"
            f" the scan {self.scan:.1%}."
        )
        if self.counts:
            return (
                f"Your training counts in the label scores: {compared} It changes which labels look wrong; how many are"
                " wrong, with the range and the precision that are told, is still estimated from the scan's own"
                " probabilities, without your training."
            )
        return f"Your training leaves the label scores as they are: {compared} It would have to foresee clearly more."


def evidence_of(held_out: np.ndarray, foreseen: np.ndarray, compared: np.ndarray) -> HeldOutEvidence:
    """Compare a model with the scan on the rows that it did not learn from.

    Parameters
    ----------
    held_out
        Margins of the given class after each epoch: shape (epochs, n), NaN where an epoch did not show the row.
    foreseen
        bool, shape (n,): the scan's own out-of-sample prediction is the given label.
    compared
        bool, shape (n,): rows that the scan can judge, and that are no copies of what the model learned.
    """
    shown = compared & np.isfinite(held_out)
    sizes = shown.sum(axis=1)
    usable = np.flatnonzero(sizes >= FEWEST)
    if not len(usable):
        return HeldOutEvidence()
    with np.errstate(invalid="ignore"):
        right = (held_out > 0) & shown
    model, scan = (right.sum(axis=1) / np.maximum(sizes, 1), (foreseen & shown).sum(axis=1) / np.maximum(sizes, 1))
    best = int(usable[np.argmax((model - scan)[usable])])
    ahead, behind = int((right & ~foreseen)[best].sum()), int((shown & ~right & foreseen)[best].sum())
    clear = ahead - behind > NormalDist().inv_cdf(1 - CHANCE / len(usable)) * np.sqrt(ahead + behind)
    counts = bool(clear and model[best] - scan[best] >= LEAD * (1 - scan[best]))
    error = np.sqrt(model[best] * (1 - model[best]) / sizes[best])
    near = usable[(model - scan)[usable] >= model[best] - scan[best] - error]
    return HeldOutEvidence(
        rows=int(sizes[best]),
        model=float(model[best]),
        scan=float(scan[best]),
        counts=counts,
        epochs=tuple(len(held_out) - 1 - epoch for epoch in near.tolist()),
        scales=tuple(_scale(held_out[epoch][shown[epoch]].astype(np.float64)) for epoch in near.tolist()),
    )


def _scale(margins: np.ndarray) -> float:
    """Fit P(the given label beats its rival) = expit(scale × margin) by Newton's method, with a weak pull to 0.

    That is the temperature of Guo et al. 2017, of the two classes that the margin is between.
    """
    spread = float(np.sqrt((margins**2).mean()))
    if spread == 0:
        return 0.0
    values, scale = margins / spread, 0.0
    for _ in range(50):
        lost = expit(-scale * values)
        step = float((values * lost).sum() - scale) / float((values**2 * lost * (1 - lost)).sum() + 1)
        scale += float(np.clip(step, -1, 1))
        if abs(step) < 1e-8:
            break
    return max(scale, 0.0) / spread
