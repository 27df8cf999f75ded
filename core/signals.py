"""Signals: what a model says of the samples, validated once and aligned to their ids."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TypeGuard

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from .dynamics import Dynamics
from .embedding import normalised
from .errors import InputError
from .kernels import faults
from .probabilities import ROUNDING, Block, Dense, Probabilities, TopK, require_probabilities
from .probfiles import opened
from .samples import Samples
from .trajectories import Trajectories, trajectories

EXACT = 1e-5  # rows that sum to one up to this need no mending: what is on disk already can stay there
IN_MEMORY = 2**29  # bytes of probabilities from a file or from top-k; more are laid out in a temporary file
MOST_DENSE = 2**32  # bytes that top-k probabilities may take when laid out


@dataclass(frozen=True)
class Signals:
    """Outputs of the user's own model.

    Parameters
    ----------
    pred_probs
        Class probabilities, shape (n, classes), out of sample: no row judged by a model that has seen it. An array,
        a memory map, the path of a ``.npy`` or parquet file (column ``pred_probs``), or a
        :class:`labelsift.probabilities.TopK`. A memory map of float32 whose columns are the classes in sorted order
        is used where it lies; anything else is copied, and what is large and not in memory yet to a temporary file.
        Where samples may have several labels: an array or a ``.npy`` file, each column the probability of one label;
        rows need not sum to one.
    classes
        The class of each column. Without it the columns are taken to be the labels in sorted order,
        as scikit-learn has them, if there are as many.
    embeddings
        Vectors, shape (n, dimensions).
    ids
        The sample of each row. Without it the rows must be as many as the samples, in their order.
    dynamics
        Logits of each epoch of a training, or the folder that a :class:`DynamicsWriter` wrote. Its own classes and ids
        come before those that are named here.
    """

    pred_probs: np.ndarray | str | Path | TopK | Probabilities | None = None
    classes: Sequence[str] | None = None
    embeddings: np.ndarray | None = None
    ids: Sequence[str] | None = None
    dynamics: Dynamics | np.ndarray | Sequence[np.ndarray] | str | Path | None = None

    def aligned_embeddings(self, samples: Samples) -> np.ndarray | None:
        """Return unit vectors in the order of the samples: float32, shape (n, dimensions)."""
        if self.embeddings is None:
            return None
        vectors = _aligned(self.embeddings, samples, self.ids, what="embeddings")
        bad = np.asarray(~np.isfinite(vectors).all(axis=1))
        if bad.any():
            raise InputError(
                "The embeddings hold NaN or infinity for these samples",
                ids=_ids(samples, bad),
                cure="Embed them again, or leave them out",
            )
        return normalised(np.array(vectors, dtype=np.float32))

    def aligned_pred_probs(self, samples: Samples) -> tuple[np.ndarray, tuple[str, ...]] | None:
        """Return (probabilities, classes), rows in the order of the samples and classes sorted.

        Raises
        ------
        InputError
            Classes without probabilities, wrong shape, unknown ids, NaN, negative values, rows that do not
            sum to one, repeated classes, or labels without a class.
        """
        if self.pred_probs is None:
            if self.classes is not None and self.dynamics is None:
                raise InputError(
                    "Classes are named, but there are no pred_probs whose columns they could name",
                    cure="Give the probabilities too (pred_probs=…, --pred-probs p.npy), or leave the classes out",
                )
            return None
        if samples.task == "multilabel":
            return self._apart(samples)
        source = opened(self.pred_probs, classes=len(self.classes or samples.classes))
        found = _rows(source.shape[0], samples, self.ids, what="pred_probs")
        classes = _class_names(self.classes, samples, source.shape[1], what="pred_probs")
        order = np.argsort(np.array(classes, dtype=object), kind="stable")
        in_order = bool((order == np.arange(len(order))).all())
        if found is None and in_order and _usable_as_it_is(source):
            return source.array, tuple(classes)
        return _gathered(source, samples, found, order), tuple(classes[at] for at in order)

    def _apart(self, samples: Samples) -> tuple[np.ndarray, tuple[str, ...]]:
        """Return the probability of each label apart: rows need not sum to one."""
        given = np.load(self.pred_probs) if isinstance(self.pred_probs, str | Path) else self.pred_probs
        probabilities = _aligned(np.asarray(given), samples, self.ids, what="pred_probs")
        classes = _class_names(self.classes, samples, probabilities.shape[1], what="pred_probs")
        _check_apart(probabilities, samples)
        order = np.argsort(np.array(classes, dtype=object), kind="stable")
        ordered = np.clip(probabilities[:, order].astype(np.float32), 0, 1)
        return ordered, tuple(classes[at] for at in order)

    def aligned_dynamics(self, samples: Samples, *, pred_probs: bool = False) -> Trajectories | None:
        """Return what became of each sample in the training, in the order of the samples.

        A training sees a part of the data only: samples that the ids do not name have no trajectory.

        Parameters
        ----------
        pred_probs
            Also the mean probabilities, columns sorted by class.

        Raises
        ------
        InputError
            Wrong shapes, unknown classes, NaN or infinity, or ids of which the data has none.
        """
        if self.dynamics is None:
            return None
        given = self.dynamics if isinstance(self.dynamics, Dynamics) else Dynamics(self.dynamics)
        found = given.opened()
        n, columns = found.logits[0].shape
        rows = _rows(n, samples, self.ids if found.ids is None else found.ids, what="dynamics", partly=True)
        names = self.classes if found.classes is None else found.classes
        classes = _class_names(names, samples, columns, what="dynamics")

        def refuse(bad: np.ndarray) -> None:
            raise InputError(
                "The dynamics hold NaN or infinity for these samples",
                ids=_ids(samples, bad),
                cure="The training diverged, or the logits were cut: leave those epochs out",
            )

        made = trajectories(
            found.logits, samples.codes(classes), seen=found.seen, rows=rows, pred_probs=pred_probs, refuse=refuse
        )
        if made.pred_probs is not None:
            made.pred_probs[:] = made.pred_probs[:, np.argsort(np.array(classes, dtype=object), kind="stable")]
        return made


def _class_names(given: Sequence[str] | None, samples: Samples, columns: int, *, what: str) -> list[str]:
    if given is None:
        if len(samples.classes) != columns:
            raise InputError(
                f"{what} has {columns} columns, but the data has {len(samples.classes)} labels",
                cure="Name the class of each column (classes=…, --classes names.txt)",
            )
        return list(samples.classes)
    classes = [str(name) for name in given]
    if len(classes) != columns:
        raise InputError(
            f"{what} has {columns} columns, but {len(classes)} classes are named",
            cure="Name one class a column, in the order of the columns",
        )
    repeated = sorted({name for name in classes if classes.count(name) > 1})
    if repeated:
        raise InputError("Some classes are named twice", ids=repeated, cure="Name each class once")
    missing = sorted(set(samples.classes) - set(classes))
    if missing:
        raise InputError(
            f"Labels of the data are not among the classes of {what}",
            ids=missing,
            cure="Correct the spelling of the classes, or of the labels",
        )
    return classes


def _aligned(values: np.ndarray, samples: Samples, ids: Sequence[str] | None, *, what: str) -> np.ndarray:
    values = np.asarray(values)
    if values.ndim != 2 or not values.shape[1]:
        raise InputError(f"{what} has the shape {values.shape}", cure="It must be (samples, columns)")
    if values.dtype.kind not in "fiub":
        raise InputError(f"{what} holds {values.dtype}, not numbers", cure="Give an array of floats")
    rows = _rows(len(values), samples, ids, what=what)
    return values if rows is None else values[rows]


def _rows(n: int, samples: Samples, ids: Sequence[str] | None, *, what: str, partly: bool = False) -> np.ndarray | None:
    """Return the row of each sample (``partly``: -1 = none), or None where they stand in the order of the samples."""
    if ids is None:
        if n != len(samples):
            raise InputError(
                f"{what} has {n:,} rows, but the data has {len(samples):,}",
                cure="Give as many rows in the same order, or name the samples: Signals(ids=…)",
            )
        return None
    named = pa.array([str(one) for one in ids], pa.string())
    if len(named) != n:
        raise InputError(f"{what} has {n:,} rows, but {len(named):,} ids are named", cure="Name one a row")
    counts = pc.value_counts(named)
    repeated = counts.filter(pc.greater(counts.field("counts"), 1)).field("values").to_pylist()
    if repeated:
        raise InputError(f"Some ids of {what} are named twice", ids=repeated, cure="Give one row a sample")
    found = pc.index_in(samples.ids, value_set=named)
    if found.null_count and (not partly or found.null_count == len(samples)):
        missing = samples.ids.filter(pc.is_null(found)).to_pylist()
        raise InputError(f"{what} says nothing of these samples", ids=missing, cure="Add their rows")
    return pc.fill_null(found, -1).to_numpy()


def _usable_as_it_is(source: Probabilities) -> TypeGuard[Dense]:
    """Tell whether a memory map holds sound probabilities already; other arrays are copied, for their owner may go on.

    What is wrong with it is said where it is copied.
    """
    if not isinstance(source, Dense) or not isinstance(source.array, np.memmap):
        return False
    if source.array.dtype != np.float32 or not source.array.flags.c_contiguous:
        return False
    return not any(faults(block.values, rounding=EXACT).any() for block in source.blocks())


def _gathered(source: Probabilities, samples: Samples, found: np.ndarray | None, order: np.ndarray) -> np.ndarray:
    """Bring rows and columns into order and mend rounding, block by block: float32, shape (samples, classes)."""
    place = np.arange(source.shape[0])
    if found is not None:
        place = np.full(source.shape[0], -1)
        place[found] = np.arange(len(found))
    out = _room(source, len(samples))
    for block in source.blocks():
        at = place[block.rows]
        asked = at >= 0
        at = at[asked]
        indices = None if block.indices is None else block.indices[asked]
        some = Block(block.rows, block.values[asked], indices)
        require_probabilities(
            some, source.shape[1], lambda rows, at=at: samples.ids.take(pa.array(at[rows])).to_pylist()
        )
        ordered = np.clip(some.dense(source.shape[1])[:, order], 0, 1)
        ordered /= ordered.sum(axis=1, keepdims=True)
        out[at] = ordered
    return out


def _room(source: Probabilities, n: int) -> np.ndarray:
    """Return room for all probabilities: in memory, or in a temporary file that goes with the array."""
    shape = (n, source.shape[1])
    size = 4 * shape[0] * shape[1]
    if isinstance(source, Dense) and not isinstance(source.array, np.memmap):
        return np.empty(shape, dtype=np.float32)  # there is one in memory already
    if size <= IN_MEMORY:
        return np.empty(shape, dtype=np.float32)
    if size > MOST_DENSE and not isinstance(source, Dense):
        raise InputError(
            f"A scan would lay out {n:,} × {shape[1]:,} probabilities, {size / 1e9:.0f} GB",
            cure="Score the labels with labelsift.score_labels, which reads such probabilities as they are",
        )
    with tempfile.TemporaryFile() as file:
        try:
            if hasattr(os, "posix_fallocate"):  # a full disk must be an error now, not a crash later
                os.posix_fallocate(file.fileno(), 0, size)
        except OSError:
            return np.empty(shape, dtype=np.float32)
        return np.memmap(file, dtype=np.float32, mode="w+", shape=shape)


def _check_apart(probabilities: np.ndarray, samples: Samples) -> None:
    with np.errstate(invalid="ignore"):
        problems = {
            "hold NaN or infinity": ~np.isfinite(probabilities).all(axis=1),
            "are negative": np.asarray((probabilities < -ROUNDING).any(axis=1)),
            "are above one": np.asarray((probabilities > 1 + ROUNDING).any(axis=1)),
        }
    for problem, rows in problems.items():
        if np.any(rows):
            cure = "Predict them again" if "NaN" in problem else "Give probabilities, not logits: apply a sigmoid"
            raise InputError(f"The probabilities of these samples {problem}", ids=_ids(samples, rows), cure=cure)


def _named(samples: Samples, rows: np.ndarray) -> list[str]:
    return samples.ids.take(pa.array(rows)).to_pylist()


def _ids(samples: Samples, rows: np.ndarray) -> list[str]:
    return samples.ids.filter(pa.array(rows)).to_pylist()
