"""Label value: what new labels are worth, by training the same model on the old and on the new ones.

Each seed parts the samples that both runs have into training and evaluation rows (or takes the user's own
evaluation split), fits the scan's linear model on the training rows with the old labels and again with the
new ones, and evaluates both against the old and the new labels of the evaluation rows: two by two. The gain's
interval is Nadeau and Bengio's (2003) corrected one, because the seeds' training sets overlap.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from ..data.normalize import duplicate_groups
from ..data.stable_draws import drawn, mixed
from ..data.textless import require_texts
from ..errors import InputError
from ..models.cross_validation import choose_penalty
from ..models.logistic_regression import LogisticRegression
from ..models.stable_folds import assign_folds
from ..models.threads import limited_threads
from ..store.cache import sample_keys
from ..store.run import Run
from .refit_noise import across_methods, method_of

# Two-sided 95 % points of Student's t by degrees of freedom; above the last one the normal's.
_T95 = (12.71, 4.303, 3.182, 2.776, 2.571, 2.447, 2.365, 2.306, 2.262, 2.228, 2.201, 2.179, 2.160, 2.145, 2.131)
OLD, NEW = "old", "new"
CELLS = tuple((trained, judged) for trained in (OLD, NEW) for judged in (OLD, NEW))
LEAST = 10  # evaluation rows of a slice a seed, below which its gain has no interval


@dataclass(frozen=True)
class LabelValue:
    """What new labels are worth.

    Parameters
    ----------
    accuracy
        (labels trained on, labels judged by) → accuracy of each seed.
    gain, low, high
        Accuracy by the new labels: trained on the new ones less trained on the old ones, mean over the
        seeds, with its 95 % interval.
    changed_training, changed_evaluation
        Labels that differ between the runs, among the training and the evaluation rows of the first seed.
    rows
        Samples with a label in both runs.
    slices
        Table ``slug, n, old_old, old_new, new_old, new_new, gain, low, high``: accuracy as trained on _ judged by,
        mean over the seeds, and the gain by the new labels with its 95 % interval, which is null where fewer than
        ten rows a seed are judged.
    notes
        What a reader must know to judge the figures.
    """

    accuracy: dict[tuple[str, str], tuple[float, ...]]
    gain: float
    low: float
    high: float
    changed_training: int
    changed_evaluation: int
    rows: int
    slices: pa.Table
    notes: tuple[str, ...]

    def as_dict(self) -> dict[str, Any]:
        """Return everything as plain values, for ``--json``."""
        cells = {f"trained on {by}, judged by {judge}": list(hits) for (by, judge), hits in self.accuracy.items()}
        return {**vars(self), "accuracy": cells, "slices": self.slices.to_pylist(), "notes": list(self.notes)}


@limited_threads()
def label_value(
    old: Run, new: Run, *, seeds: int = 5, evaluation: str | None = None, by: Sequence[str] = ()
) -> LabelValue:
    """Measure what the labels of the run ``new`` are worth beside those of the run ``old``.

    Parameters
    ----------
    seeds
        How often to part training and evaluation rows anew, and to sample the training rows.
    evaluation
        The value of the split column whose rows are for evaluation; else a fifth, another each seed.
    by
        Metadata columns to show slices of.

    Raises
    ------
    InputError
        If the runs share no labeled samples, have no embeddings, or no such split.
    """
    data = _shared(old, new, by)
    if seeds < 2:
        raise InputError(f"{seeds} seeds give no interval", hint="Use 2 or more")
    right: dict[tuple[str, str], list[np.ndarray]] = {cell: [] for cell in CELLS}
    judged, changed = [], []
    for seed in range(seeds):
        held_out = data.held_out(seed, evaluation)
        judged.append(held_out)
        changed.append((data.differ & ~held_out).sum())
        rows = np.flatnonzero(~held_out)
        if evaluation is not None:  # only the training rows can vary: leave out a tenth, another each seed
            rows = drawn(rows, max(len(rows) * 9 // 10, 1), keys=data.keys, seed=seed, purpose="value")
        for name, codes in ((OLD, data.old), (NEW, data.new)):
            vectors, classes = data.vectors[rows], len(data.classes)
            penalty = held_out_penalty(vectors, codes[rows], keys=data.keys[rows])  # that suits these labels best
            model = LogisticRegression.fit(vectors, codes[rows], classes=classes, penalty=penalty)
            predicted = model.predict_proba(data.vectors[held_out]).argmax(axis=1)
            right[name, OLD].append(predicted == data.old[held_out])
            right[name, NEW].append(predicted == data.new[held_out])
    accuracy = {cell: tuple(float(by_row.mean()) for by_row in hits) for cell, hits in right.items()}
    share = float(judged[0].sum() / max((~judged[0]).sum(), 1))
    gain, low, high = _gain(accuracy, share)
    changed_evaluation = int((data.differ & judged[0]).sum())
    return LabelValue(
        accuracy=accuracy,
        gain=gain,
        low=low,
        high=high,
        changed_training=int(changed[0]),
        changed_evaluation=changed_evaluation,
        rows=len(data.old),
        slices=_slices(data, judged, right, share),
        notes=(*_notes(changed_evaluation, evaluation), *_across(old, new)),
    )


@dataclass(frozen=True)
class _Shared:
    """The samples that both runs have with a label and an equal text, in the order of the new run."""

    vectors: np.ndarray
    old: np.ndarray
    new: np.ndarray
    classes: tuple[str, ...]
    groups: np.ndarray
    keys: np.ndarray
    split: pa.ChunkedArray | None
    slices: dict[str, np.ndarray]

    @property
    def differ(self) -> np.ndarray:
        return self.old != self.new

    def held_out(self, seed: int, evaluation: str | None) -> np.ndarray:
        """Tell the evaluation rows: bool, shape (n,); copies of a text are all in or all out."""
        if evaluation is None:
            return assign_folds(self.new, self.groups, folds=5, seed=seed, keys=self.keys) == 0
        chosen = None if self.split is None else pc.fill_null(pc.equal(self.split, evaluation), False).to_numpy()
        if chosen is None or not chosen.any() or chosen.all():
            raise InputError(f"The runs have no split {evaluation} beside others", hint="Name a value of --split")
        return chosen


def _shared(old: Run, new: Run, by: Sequence[str]) -> _Shared:
    if new.embeddings is None or old.samples.labels is None or new.samples.labels is None:
        raise InputError("Both runs need labels, and the new one embeddings", hint="Scan both with --label")
    for run in (old, new):
        require_texts(run.samples, "This comparison", run=run.run)
    positions = pc.index_in(new.samples.ids, value_set=pa.concat_arrays(old.samples.ids.chunks))
    rows = np.flatnonzero(positions.is_valid().to_numpy())
    before = old.samples.take(positions.drop_null().to_numpy())
    after = new.samples.take(rows)
    labeled = pc.and_(pc.is_valid(before.labels), pc.is_valid(after.labels))
    same = pc.and_(pc.equal(before.texts, after.texts), labeled)
    kept = np.flatnonzero(same.to_numpy())
    if len(kept) < 10:
        raise InputError(f"The runs share {len(kept)} labeled samples", hint="Compare runs of one data set, by its ids")
    before, after, rows = before.take(kept), after.take(kept), rows[kept]
    classes = tuple(sorted({*before.classes, *after.classes}))
    missing = sorted(set(by) - set(after.metadata.column_names))
    if missing:
        raise InputError(
            "There is no such metadata column", ids=missing, hint=f"There are: {after.metadata.column_names}"
        )
    slices = {
        f"{name}:{value}": pc.fill_null(pc.equal(pc.cast(after.metadata[name], pa.string()), value), False).to_numpy()
        for name in by
        for value in sorted(pc.unique(pc.cast(after.metadata[name], pa.string())).drop_null().to_pylist())
    }
    return _Shared(
        vectors=new.embeddings[rows],
        old=before.codes(classes),
        new=after.codes(classes),
        classes=classes,
        groups=duplicate_groups(after.texts),
        keys=sample_keys(after),
        split=after.column("split"),
        slices=slices,
    )


def held_out_penalty(vectors: np.ndarray, codes: np.ndarray, *, keys: np.ndarray) -> float:
    """Return the penalty of a linear model that predicts a held-out fifth of the rows best.

    Parameters
    ----------
    keys
        uint64, shape (n,): which fifth that is hangs on them, see :mod:`labelsift.data.stable_draws`.
    """
    spread = float(vectors.var(axis=0).mean()) or 1.0
    order = np.argsort(mixed(keys, seed=0, purpose="held out"), kind="stable")
    outer, inner = order[: len(order) // 5], order[len(order) // 5 :]
    return spread * choose_penalty(vectors[inner], codes[inner], vectors[outer], codes[outer], spread=spread)


def _gain(accuracy: Mapping[tuple[str, str], Sequence[float]], share: float) -> tuple[float, float, float]:
    """Return the gain by the new labels with its interval (Nadeau & Bengio 2003).

    Parameters
    ----------
    share
        Evaluation rows a training row: how far the seeds' trainings hang together.
    """
    gains = np.array(accuracy[NEW, NEW]) - np.array(accuracy[OLD, NEW])
    freedom = len(gains) - 1
    point = _T95[freedom - 1] if freedom <= len(_T95) else 1.96
    half = point * np.sqrt(gains.var(ddof=1) * (1 / len(gains) + share))
    return float(gains.mean()), float(gains.mean() - half), float(gains.mean() + half)


def _slices(
    data: _Shared, judged: Sequence[np.ndarray], right: Mapping[tuple[str, str], Sequence[np.ndarray]], share: float
) -> pa.Table:
    """Return the two by two of every slice, over the seeds in which any of its rows are judged."""
    rows = []
    for slug, member in data.slices.items():
        inside = [member[held_out] for held_out in judged]
        seeds = [seed for seed, mask in enumerate(inside) if mask.any()]
        if not seeds:
            continue
        accuracy = {cell: [float(hits[seed][inside[seed]].mean()) for seed in seeds] for cell, hits in right.items()}
        cells = {f"{trained}_{by}": float(np.mean(accuracy[trained, by])) for trained, by in CELLS}
        row: dict[str, Any] = {
            "slug": slug,
            "n": int(member.sum()),
            **cells,
            "gain": cells["new_new"] - cells["old_new"],
        }
        if len(seeds) > 1 and min(int(inside[seed].sum()) for seed in seeds) >= LEAST:
            _, row["low"], row["high"] = _gain(accuracy, share)
        rows.append(row)
    figures = [*(f"{trained}_{by}" for trained, by in CELLS), "gain", "low", "high"]
    kinds = [("slug", pa.string()), ("n", pa.int64()), *((name, pa.float64()) for name in figures)]
    return pa.Table.from_pylist(rows, schema=pa.schema(kinds))


def _across(old: Run, new: Run) -> tuple[str, ...]:
    """Say what runs of two versions of the method mean for the gain."""
    note = across_methods((method_of(old), method_of(new)))
    more = "The gain does not hang on that: only labels are taken from the runs, and one version trains on both."
    return (f"{note} {more}",) if note else ()


def _notes(changed: int, evaluation: str | None) -> tuple[str, ...]:
    notes = []
    if changed:
        notes.append(
            f"{changed:,} labels of the evaluation rows were changed as well. Where that was done with labelsift's own "
            "suggestions the new labels are no independent yardstick: trust the row “judged by the old labels” too, or "
            "evaluate on rows that were labeled without suggestions."
        )
    if evaluation is None:
        notes.append(
            "The evaluation rows are another fifth of the samples each seed: name a frozen split if you have one."
        )
    return tuple(notes)
