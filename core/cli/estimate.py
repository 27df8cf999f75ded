"""Time and memory estimate of a scan: some samples are scanned, and their times are scaled up.

Most steps grow with the rows. Finding neighbours grows with their square up to some ten thousand rows and slower
above; the fits stop growing where they learn from a part of the rows. What the cache of an earlier scan would
save is not counted, so a scan may well be faster.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np

from ..data.formatting import spelled_time
from ..data.samples import Samples
from ..models.cross_validation import max_training_rows
from ..models.embedding import DEFAULT, Embedder
from ..models.neighbors import EXACT_BELOW, PROBED, ROUNDS, cell_count, training_count
from ..report import Report
from ..scanning import FOLDS, scan
from ..signals.signals import Signals

TRIED = 3_000  # rows
_BASE = 400e6  # bytes of the process before the first row
_A_ROW = 2_000  # bytes of a row besides its text, vectors and probabilities: sketches, neighbours, ids, findings
_SLOWER = 9  # a distance in half precision against one in a matrix product


@dataclass(frozen=True)
class Estimate:
    """What a scan would need on this machine.

    Parameters
    ----------
    rows
        Samples.
    tried
        Samples that were scanned to know.
    seconds
        Of the whole scan, by the clock, as busy as the machine is now.
    memory
        Bytes, at its peak.
    stages
        Step → seconds.
    """

    rows: int
    tried: int
    seconds: float
    memory: int
    stages: Mapping[str, float]

    def __str__(self) -> str:
        minutes = spelled_time(self.seconds)
        longest = sorted(self.stages, key=lambda stage: -self.stages[stage])[:3]
        steps = ", ".join(f"{name} {self.stages[name]:.0f} s" for name in longest)
        note = "After a first scan the next one is faster: what depends on the texts alone is kept."
        return (
            f"About {minutes} and {self.memory / 1e9:.1f} GB for {self.rows:,} samples, as far as {self.tried:,} of"
            f" them can tell ({steps}). {note}"
        )


def estimate(
    samples: Samples,
    *,
    signals: Signals | None = None,
    embedder: str | Embedder = DEFAULT,
    device: str | None = None,
    folds: int = FOLDS,
    seed: int = 0,
) -> Estimate:
    """Estimate time and memory of a scan with these settings; nothing is kept.

    Raises
    ------
    InputError
        As the scan would, if labels are to be judged and there is only one class, or the signals do not fit.
    """
    n = len(samples)
    rows = np.sort(np.random.default_rng(seed).permutation(n)[:TRIED])
    some = samples.take(rows)
    signals = signals or Signals()
    vectors, brought = signals.aligned_embeddings(samples), signals.aligned_pred_probs(samples)
    given = Signals(
        ids=some.ids.to_pylist(),
        embeddings=None if vectors is None else vectors[rows],
        pred_probs=None if brought is None else brought[0][rows],
        classes=None if brought is None else brought[1],
    )
    given = given if vectors is not None or brought is not None else None
    _timed(some, given, embedder, device=device, folds=folds)  # loads models and packages once
    report, times = _timed(some, given, embedder, device=device, folds=folds)
    most = max_training_rows(len(report.classes))
    stages = {_plain(name): seconds * _growth(name, most)(n, len(rows)) for name, seconds in times}
    dimensions = 0 if report.embeddings is None else report.embeddings.shape[1]
    classes = 0 if report.pred_probs is None else len(report.classes)
    text = samples.texts.nbytes / max(n, 1)
    row = _A_ROW + 4 * text + 6 * dimensions + 3 * 4 * classes
    return Estimate(n, len(rows), sum(stages.values()), int(_BASE + n * row), stages)


def _timed(
    some: Samples, signals: Signals | None, embedder: str | Embedder, *, device: str | None, folds: int
) -> tuple[Report, list[tuple[str, float]]]:
    """Scan, and return the report with the seconds of each step."""
    marks: list[tuple[str, float]] = []

    def mark(step: str) -> None:
        marks.append((step, time.perf_counter()))

    report = scan(some, signals=signals, embedder=embedder, device=device, folds=folds, store=None, progress=mark)
    ends = [start for _, start in marks[1:]] + [time.perf_counter()]
    return report, [(name, end - start) for (name, start), end in zip(marks, ends, strict=True)]


def _plain(stage: str) -> str:
    """Name a stage without the counts of the trial.

    >>> _plain("Embedding 3,000 texts"), _plain("Predicting out of sample (5 folds)")
    ('embedding texts', 'predicting out of sample')
    """
    words = [word for word in stage.partition(" (")[0].split() if not word[0].isdigit()]
    return " ".join(words).lower()


def _growth(stage: str, most: int) -> Callable[[int, int], float]:
    if stage.startswith("Finding nearest"):
        return lambda n, tried: _distances(n) / _distances(tried)
    if stage.startswith(("Predicting", "Checking: label")):
        return lambda n, tried: (0.9 * min(n, 1.25 * most) + 0.1 * n) / tried
    return lambda n, tried: n / tried


def _distances(n: int) -> float:
    """Return the work of the neighbour graph, in distances of a matrix product."""
    if n < EXACT_BELOW:
        return float(max(n, 1)) ** 2
    cells = cell_count(n)
    return ROUNDS * training_count(n) * cells + n * cells + _SLOWER * n * n * PROBED / cells
