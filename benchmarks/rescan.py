"""What a scan costs again, with the same labels and after corrections: CPU seconds, and whether the result is equal.

``python -m benchmarks.rescan --rows 200000 --corrected 5000`` counts without imports and reading. It makes its own
texts: sentences of class words and common words, about a tenth of them edited copies of others, with about a tenth of
the labels wrong.
"""

from __future__ import annotations

import argparse
import resource
import tempfile
import time
from collections.abc import Callable

import labelsift as ls
import numpy as np
import pyarrow as pa
from labelsift.models import cross_validation as prediction
from sklearn.metrics import average_precision_score

CLASSES = 30
NOISE = 0.1
COPIES = 0.1
_WORDS = """account address agent answer apple balance bank battery bill book branch bread bridge brother budget camera
card cash chair change charge cheque city class clock coffee coin colour company computer contract country credit
currency customer daughter debit delay delivery deposit dinner doctor dollar door driver engine error exchange family
farmer fee film flight flower forest friend garden glass gold guitar hammer harbour health holiday hospital hotel house
identity income insurance interest island jacket journey judge kitchen ladder lake language lawyer letter library
limit loan lock luggage machine market meadow medicine message milk mirror mobile money morning mountain museum music
network newspaper number nurse ocean office order package painting parcel password payment pension phone piano picture
pilot plane plant police post price printer profit project question radio railway receipt record refund rent report
restaurant river road salary school screen season security server shoe shop signal silver sister station stock storm
street student sugar summer sword table tax teacher telephone theatre ticket tool tourist tower town train transfer
tree vehicle village voice wallet water weather wedding window winter wire witness worker writer yard""".split()
_COMMON = "the a my your of to in on with when why how is was and not please can this that it for from".split()


def main() -> None:
    """Print the CPU seconds of the scans, their ratio and whether the results are equal."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=200_000)
    parser.add_argument("--corrected", type=int, default=5_000)
    parser.add_argument("--classes", type=int, default=CLASSES)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--first", action="store_true", help="Only the first scan, and its peak memory.")
    parser.add_argument("--training-rows", type=int, help="Only tell what one scan finds if fits learn from so many.")
    given = parser.parse_args()
    texts, truth, labels = generated(given.rows, seed=given.seed, classes=given.classes)
    if given.first:
        _scan(texts, labels, None, "first scan")
        print(f"peak memory {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6:.2f} GB")
        return
    if given.training_rows:
        prediction.MAX_TRAINING_ROWS = given.training_rows
        _, report = _scan(texts, labels, None, f"{given.training_rows:,} training rows")
        score = report.scores["label_score"].to_numpy()
        print(f"average precision {average_precision_score(labels != truth, 1 - np.nan_to_num(score, nan=1.0)):.4f}")
        return
    corrected = labels.copy()
    wrong = np.flatnonzero(labels != truth)[: given.corrected]
    corrected[wrong] = truth[wrong]
    with tempfile.TemporaryDirectory() as store:
        first, before = _scan(texts, labels, store, "first scan")
        repeated, unchanged = _scan(texts, labels, store, "the same labels again")
        again, cached = _scan(texts, corrected, store, "re-scan")
    fresh, plain = _scan(texts, corrected, None, "from nothing")
    print(f"the same labels again cost {repeated / first:.1%} of the first scan; {_equal(before, unchanged)}")
    print(f"{len(wrong):,} of {given.rows:,} labels corrected: the re-scan costs {again / first:.1%} of the first scan")
    print(f"and {again / fresh:.1%} of one from nothing; {_equal(cached, plain)}")


def _equal(some: ls.Report, other: ls.Report) -> str:
    same = some.scores.equals(other.scores) and some.findings.equals(other.findings) and some.facts == other.facts
    return f"scores, findings and facts equal, bit for bit: {same}"


def generated(rows: int, *, seed: int, classes: int = CLASSES) -> tuple[list[str], np.ndarray, np.ndarray]:
    """Return (texts, true classes, labels with noise), both int64 of shape (rows,)."""
    rng = np.random.default_rng(seed)
    truth = rng.integers(0, classes, rows)
    typical = np.array([rng.choice(len(_WORDS), 12, replace=False) for _ in range(classes)])
    texts: list[str] = []
    for row in range(rows):
        if row and rng.random() < COPIES:
            other = int(rng.integers(0, row))
            truth[row] = truth[other]
            texts.append(f"{texts[other]} {_WORDS[int(rng.integers(len(_WORDS)))]}")
            continue
        own = typical[truth[row]][rng.integers(0, 12, 4)]
        words = [_WORDS[one] for one in own] + [_WORDS[one] for one in rng.integers(0, len(_WORDS), 6)]
        words += [_COMMON[one] for one in rng.integers(0, len(_COMMON), 8)]
        texts.append(" ".join(words[one] for one in rng.permutation(len(words))))
    labels = np.where(rng.random(rows) < NOISE, rng.integers(0, classes, rows), truth)
    return texts, truth, labels


def _scan(texts: list[str], labels: np.ndarray, store: str | None, name: str) -> tuple[float, ls.Report]:
    names = pa.array([f"class {one}" for one in labels])
    ids = pa.array([str(one) for one in range(len(texts))])
    samples = ls.read(pa.table({"id": ids, "text": texts, "label": names}), text="text", label="label", id="id")
    say, finish = _stages()
    started = time.process_time()
    report = ls.scan(samples, store=store, progress=say)
    spent = time.process_time() - started
    print(f"{name}: {spent:.1f} CPU s")
    for stage, seconds in finish():
        print(f"    {seconds:7.1f}  {stage}")
    return spent, report


def _stages() -> tuple[Callable[[str], None], Callable[[], list[tuple[str, float]]]]:
    marks: list[tuple[str, float]] = []

    def finish() -> list[tuple[str, float]]:
        ends = [at for _, at in marks[1:]] + [time.process_time()]
        return [(name, end - at) for (name, at), end in zip(marks, ends, strict=True)]

    return lambda stage: marks.append((stage, time.process_time())), finish


if __name__ == "__main__":
    main()
