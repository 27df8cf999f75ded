"""Label quality per class: judged and suspicious labels, usual confusion, agreement with the model."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from ..data.issues import MOSTLY_WRONG
from ..data.schemas import of_issue
from .wrong_label_words import unlearnable_of

if TYPE_CHECKING:
    from ..store.run import Run

KINDS = ("extra", "missing")


@dataclass(frozen=True)
class ClassHealth:
    """How well the labels of one class hold up.

    Parameters
    ----------
    rows, flagged
        Samples with this label that were judged, and those of them whose label is flagged. Where a sample may have
        several labels: samples that have the label or seem to lack it, and those where it seems extra or missing.
    confused_with, confused
        The class that is suggested most often instead, and how often; empty and 0 without one.
    incoming
        Samples of other classes for which this one is suggested; of several labels, samples that seem to lack it.
    agreement
        Share of these samples where the model, out of sample, says the given label; None without a model.
    remark
        What holds for the class as a whole; "" where nothing does.
    """

    name: str
    rows: int
    flagged: int
    confused_with: str
    confused: int
    incoming: int
    agreement: float | None
    remark: str = ""

    @property
    def rate(self) -> float:
        """Share of the class's judged labels that are flagged."""
        return self.flagged / self.rows if self.rows else 0.0


def single_label_health(
    report: Run, judged: np.ndarray, flags: np.ndarray, confusions: Sequence[tuple[str, str, int]]
) -> tuple[ClassHealth, ...]:
    """Return one entry a class, the highest rate of suspicious labels first.

    Parameters
    ----------
    judged, flags
        Whose label was judged, and whose is flagged: bool, shape (n,).
    confusions
        Given label, suggested label and count, most frequent first.
    """
    names = report.samples.classes
    codes = report.samples.codes(names)
    rows = np.bincount(codes[judged], minlength=len(names))
    flagged = np.bincount(codes[judged & flags], minlength=len(names))
    outgoing: dict[str, tuple[str, int]] = {}
    incoming: Counter[str] = Counter()
    for given, suggested, count in confusions:
        outgoing.setdefault(given, (suggested, count))
        incoming[suggested] += count
    remarks = _remarks(report)
    agreement = [share if np.isfinite(share) else None for share in _agreement(report, judged, codes).tolist()]
    return _worst_first(
        ClassHealth(name, count, wrong, *outgoing.get(name, ("", 0)), incoming[name], share, remarks.get(name, ""))
        for name, count, wrong, share in zip(names, rows.tolist(), flagged.tolist(), agreement, strict=True)
    )


def multilabel_health(report: Run, judged: np.ndarray) -> tuple[ClassHealth, ...]:
    """Return one entry a label, the highest rate of suspicious cells first; see :func:`single_label_health`."""
    names = report.samples.classes
    rows = ((report.samples.members(names) == 1) & judged[:, None]).sum(axis=0)
    counts: Counter[tuple[str, str]] = Counter()
    findings = of_issue(report.findings, "label")
    for kind, evidence in zip(findings["kind"].to_pylist(), findings["evidence"].to_pylist(), strict=True):
        if kind in KINDS:
            counts[json.loads(evidence)["label"], kind] += 1
    health = []
    for name, count in zip(names, rows.tolist(), strict=True):
        extra, missing = (counts[name, kind] for kind in KINDS)
        health.append(ClassHealth(name, count + missing, extra + missing, "", 0, missing, None))
    return _worst_first(health)


def extra_and_missing(classes: Sequence[ClassHealth]) -> list[str]:
    """Say in one sentence how many labels seem extra and missing in all."""
    missing = sum(health.incoming for health in classes)
    extra = sum(health.flagged - health.incoming for health in classes)
    if not missing and not extra:
        return []
    return [f"Of their labels, {extra:,} {_seem(extra)} not to fit, and {missing:,} {_seem(missing)} to be missing."]


def _worst_first(classes: Iterable[ClassHealth]) -> tuple[ClassHealth, ...]:
    return tuple(sorted(classes, key=lambda health: (-health.rate, -health.flagged, health.name)))


def _agreement(report: Run, judged: np.ndarray, codes: np.ndarray) -> np.ndarray:
    """Return the share of each class's judged samples where the likeliest class is the given one; NaN if unknown."""
    names, probs = report.samples.classes, report.pred_probs
    if probs is None or not report.classes:
        return np.full(len(names), np.nan)
    usable = judged & np.isfinite(probs).all(axis=1)
    position = {name: code for code, name in enumerate(names)}
    to_code = np.array([position.get(name, -1) for name in report.classes])
    predicted = to_code[np.argmax(probs[usable], axis=1)]
    given = codes[usable]
    with np.errstate(invalid="ignore"):
        agreeing = np.bincount(given, weights=predicted == given, minlength=len(names))
        return agreeing / np.bincount(given, minlength=len(names))


def _remarks(report: Run) -> dict[str, str]:
    """Say what holds for classes as a whole."""
    words = {"": "cannot be judged", MOSTLY_WRONG: "mostly looks wrong"}
    return {row["id"]: words.get(row["kind"] or "", "") for row in unlearnable_of(report.findings, "class")}


def _seem(count: int) -> str:
    return "seems" if count == 1 else "seem"
