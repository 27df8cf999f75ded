"""Refit noise between two runs: samples that nothing was changed in, judged otherwise because models were refit.

The flips of such samples hang together, as all come from one fit, so that no formula for independent samples counts
them. A difference is therefore called sure only if it would be so with each of them judged as before, too: what people
changed must carry it. Where two runs have different vectors or probabilities of the user's own, the models are what is
compared, and nothing of this applies.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from ..data.formatting import listed
from ..store.run import Run
from ..store.run_info import METHOD, RunInfo
from .alignment import MatchedRows
from .slice_metrics import PROXY, ScoredLabels

WAVERING = 0.1  # a score that moved by less says the same
_COMPARED = 100  # vectors that show whether two runs have the same ones


def method_of(run: Run) -> int:
    """Return the version of the method that a run was made with."""
    return int(run.settings.get(METHOD, 1))


def refitted(old: Run, new: Run, matched: MatchedRows, untouched: np.ndarray) -> bool:
    """Tell whether two runs differ by their data alone, or by versions of the method: not by what the user brought.

    Parameters
    ----------
    untouched
        bool, shape (shared,): see :func:`untouched_samples`.
    """
    if method_of(old) != method_of(new):
        return True
    fitted = all(str(run.settings.get("pred_probs", "")).endswith("cross-validation") for run in (old, new))
    if not fitted or old.settings.get("budget") != new.settings.get("budget"):
        return False
    if old.embeddings is None or new.embeddings is None:
        return old.settings.get("embedder") == new.settings.get("embedder")
    some = np.flatnonzero(untouched)[:_COMPARED]
    rows_old, rows_new = matched.old.to_numpy()[some], matched.new.to_numpy()[some]
    return np.array_equal(old.embeddings[rows_old], new.embeddings[rows_new])


def untouched_samples(
    old: Run, new: Run, matched: MatchedRows, changed: pa.BooleanArray, records: Iterable[Mapping[str, Any]]
) -> np.ndarray:
    """Tell the shared samples that nothing was changed in, and that nobody decided on between the runs.

    Parameters
    ----------
    changed
        Whether label or text of a shared sample differ: shape (shared,).
    records
        The decisions in the newer run's store.

    Returns
    -------
    numpy.ndarray
        bool, shape (shared,).
    """
    touched: set[str] = set()
    datasets = {old.samples.name, new.samples.name, None}
    for record in records:
        if record["dataset"] in datasets and old.created < datetime.fromisoformat(record["time"]) <= new.created:
            touched.add(record["id"])
    touched |= {new_id for old_id, new_id in matched.renamed if old_id in touched}
    ids = new.samples.ids.take(matched.new)
    decided = pc.is_in(ids, value_set=pa.array(sorted(touched), pa.string()))
    return ~pc.or_(changed, decided).to_numpy(zero_copy_only=False).astype(bool)


def judged_as_before(
    old: ScoredLabels, new: ScoredLabels, rows_old: np.ndarray, rows_new: np.ndarray
) -> ScoredLabels | None:
    """Return what the newer run would say with some samples judged as the older run did; None if that is the same.

    Predictions that the user brought stay.

    Parameters
    ----------
    rows_old, rows_new
        Rows of these samples in each run: int64, shape (m,).
    """
    flagged, was_judged, predicted = new.flagged.copy(), new.was_judged.copy(), new.predicted.copy()
    flagged[rows_new], was_judged[rows_new] = old.flagged[rows_old], old.was_judged[rows_old]
    if new.source == old.source == PROXY and new.several is None:
        index = {name: position for position, name in enumerate(new.classes)}
        positions = np.array([*(index.get(name, -2) for name in old.classes), -1], dtype=np.int64)
        before = positions[old.predicted[rows_old]]  # -1 is the last position, and stays -1
        predicted[rows_new] = np.where(before == -2, predicted[rows_new], before)
    same = (flagged == new.flagged).all() and (was_judged == new.was_judged).all()
    if same and (predicted == new.predicted).all():
        return None
    return replace(new, flagged=flagged, was_judged=was_judged, predicted=predicted)


def wavering(before: Any, after: Any, untouched: np.ndarray) -> np.ndarray:  # noqa: ANN401 - columns of Arrow
    """Tell the untouched samples whose score moved by less than :data:`WAVERING`: bool, shape (shared,).

    Parameters
    ----------
    before, after
        The scores of the shared samples in each run, null where there is none.
    """
    moved = np.abs(_numbers(before) - _numbers(after))
    return untouched & (moved < WAVERING)  # never where a score is missing


def _numbers(column: Any) -> np.ndarray:  # noqa: ANN401
    return pc.fill_null(column, float("nan")).to_numpy().astype(np.float64)


def notes_on(old: Run, new: Run, by_cause: Mapping[str, int]) -> tuple[str, ...]:
    """Return the sentences that a reader must know to judge the differences of two runs.

    Parameters
    ----------
    by_cause
        Flags that count neither as fixed nor as appeared, by their cause; see
        :data:`labelsift.metrics.issue_changes.CAUSES`.
    """
    versions = across_methods((method_of(old), method_of(new)))
    notes = [f"{versions} Only samples that were changed count towards better or worse."] if versions else []
    whys = {
        "recalibrated": "recalibrated by decisions: people's answers on others moved the probabilities",
        "other_method": "judged by another version of the method",
        "wavered": f"with scores that moved by less than {WAVERING}: the model was fitted anew",
    }
    for cause, why in whys.items():
        if count := by_cause[cause]:
            flags, they = ("1 flag", "It counts") if count == 1 else (f"{count:,} flags", "They count")
            notes.append(
                f"{flags} came or went on samples that nobody changed, {why}. {they} neither as fixed nor as appeared."
            )
    return tuple(notes)


def method_note(earlier: RunInfo, version: int) -> str:
    """Say that the run before was made by another version of the method; "" where it was not."""
    if earlier.method == version:
        return ""
    return (
        f"Made by version {version} of labelsift's method; the run before, {earlier.run}, by version {earlier.method}: "
        "where figures of both stand on one line, they may differ for that alone"
    )


def across_methods(versions: Sequence[int]) -> str:
    """Say that runs were made by several versions of the method; "" where there is one.

    >>> across_methods((1, 2, 2))
    "The runs were made by versions 1 and 2 of labelsift's method: figures and flags may differ for that alone."
    >>> across_methods((2, 2))
    ''
    """
    names = [str(version) for version in sorted(set(versions))]
    if len(names) < 2:
        return ""
    return (
        f"The runs were made by versions {listed(names)} of labelsift's method: figures and flags may differ for that "
        "alone."
    )
