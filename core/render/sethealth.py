"""How well each label holds up where a sample may have several: what of it is extra, and what is missing."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from ..data.schemas import of_issue
from .counts import ClassHealth

if TYPE_CHECKING:
    from ..store.run import Run

KINDS = ("extra", "missing")


def set_health(report: Run, judged: np.ndarray) -> tuple[ClassHealth, ...]:
    """Return one entry a label, the highest rate of suspicious cells first.

    ``rows`` are the judged samples that have the label or seem to lack it, ``flagged`` those where it seems extra or
    missing, and ``incoming`` those where it seems missing.

    Parameters
    ----------
    judged
        bool, shape (n,): whose labels were judged.
    """
    names = report.samples.classes
    given = report.samples.members(names)
    rows = ((given == 1) & judged[:, None]).sum(axis=0)
    counts = flips(report)
    health = []
    for at, name in enumerate(names):
        extra, missing = (counts[name, kind] for kind in KINDS)
        health.append(ClassHealth(name, int(rows[at]) + missing, extra + missing, "", 0, missing, None))
    return tuple(sorted(health, key=lambda one: (-one.rate, -one.flagged, one.name)))


def flips(report: Run) -> Counter[tuple[str, str]]:
    """Count the findings of each label and kind (extra, missing)."""
    found = of_issue(report.findings, "label")
    counts: Counter[tuple[str, str]] = Counter()
    for kind, evidence in zip(found["kind"].to_pylist(), found["evidence"].to_pylist(), strict=True):
        if kind in KINDS:
            counts[json.loads(evidence)["label"], kind] += 1
    return counts


def sets_told(classes: Sequence[ClassHealth]) -> list[str]:
    """Say in one sentence how many labels seem extra and missing in all."""
    missing = sum(one.incoming for one in classes)
    extra = sum(one.flagged - one.incoming for one in classes)
    if not missing and not extra:
        return []
    return [f"Of their labels, {extra:,} {_seem(extra)} not to fit, and {missing:,} {_seem(missing)} to be missing."]


def _seem(count: int) -> str:
    return "seems" if count == 1 else "seem"
