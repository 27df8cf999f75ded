"""Label quality from probabilities alone: a few lines in training code, exact over data of any size.

With g the probability of the given label and b that of the best other class, :func:`quality` ranks, and
:func:`confidently_other` flags by confident learning (Northcutt, Jiang & Chuang 2021): the likeliest among the classes
whose threshold the row reaches is another one than the given, and b is above g. The threshold of a class is the mean
probability of that class among the rows that carry it.
"""

from __future__ import annotations

import json
import warnings
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from ..data.class_names import scalar_text
from ..errors import InputError
from .confident_learning import ConfidentLearningResult, PartialSums, pass1, pass2, reduce
from .pred_probs import Probabilities, checked
from .pred_probs_files import opened
from .pred_probs_frames import framed
from .pred_probs_warnings import RowComparison, column_order_warning

if TYPE_CHECKING:
    import pyarrow as pa

EXPONENT = 0.75  # chosen on injected noise, seeds 100-102
NOTES = b"labelsift_notes"  # key in the metadata of the table


def quality(given: np.ndarray, other: np.ndarray) -> np.ndarray:
    """Return the score of labels: ``((g − b) / (g + b) ** .75 + 1) / 2``, float32, 0 = certainly wrong, 1 = good.

    Parameters
    ----------
    given, other
        Probabilities of the given label and of the best other class, shape (m,).
    """
    g, b = given.astype(np.float64), other.astype(np.float64)
    return (((g - b) / np.maximum(g + b, 1e-9) ** EXPONENT + 1) / 2).astype(np.float32)


def confidently_other(result: ConfidentLearningResult, codes: np.ndarray) -> np.ndarray:
    """Flag rows that confidently belong to another class than the given one: bool, shape (m,)."""
    return (codes >= 0) & (result.confident >= 0) & (result.confident != codes) & (result.best_other > result.given)


def worst(score: np.ndarray, budget: int) -> np.ndarray:
    """Flag the rows of the lowest scores, at most ``budget``; NaN is never flagged."""
    chosen = np.zeros(len(score), dtype=bool)
    order = np.argsort(score, kind="stable")[:budget]  # NaN comes last
    chosen[order[np.isfinite(score[order])]] = True
    return chosen


def predicted(result: ConfidentLearningResult, codes: np.ndarray) -> np.ndarray:
    """Return the likeliest class of each row, -1 where there is none: int32, shape (m,)."""
    return np.where(result.given >= result.best_other, codes, result.other).astype(np.int32)


def run_confident_learning(
    source: Probabilities, codes: np.ndarray, *, ids: Sequence[object] | None = None
) -> tuple[ConfidentLearningResult, np.ndarray, list[str]]:
    """Run both passes of confident learning over all rows of a source.

    Parameters
    ----------
    codes
        int32, shape (n,): given label of each row as a column, -1 = none.
    ids
        Names of the rows for errors; their numbers from 0 by default.

    Returns
    -------
    (ConfidentLearningResult, thresholds, notes)
        Shape (n,) each, float64 of shape (classes,), and what a reader must know.
    """
    n, classes = source.shape
    total = PartialSums(np.zeros(classes, dtype=np.int64), np.zeros(classes, dtype=np.int64))
    comparison = RowComparison()
    for block in checked(source, None if ids is None else lambda rows: [ids[row] for row in rows.tolist()]):
        part = pass1(block.values, codes[block.rows], indices=block.indices, classes=classes)
        total.sums[:] += part.sums
        total.counts[:] += part.counts
        comparison.see(block.values, block.indices)
    thresholds = reduce([total])
    result = ConfidentLearningResult(
        np.full(n, np.nan, dtype=np.float32),
        np.full(n, np.nan, dtype=np.float32),
        np.full(n, -1, dtype=np.int32),
        np.full(n, -1, dtype=np.int32),
    )
    for block in source.blocks():
        judged = pass2(block.values, codes[block.rows], thresholds, indices=block.indices)
        for whole, part in zip(result, judged, strict=True):
            whole[block.rows] = part
    note = comparison.warning()
    return result, thresholds, [note] if note else []


def score_labels(
    labels: Any,  # noqa: ANN401 - a list, an array of numpy or Arrow, a Series
    pred_probs: Any,  # noqa: ANN401 - see below
    *,
    classes: Sequence[object] | None = None,
    budget: int | None = None,
    ids: Sequence[object] | None = None,
) -> pa.Table:
    """Score given labels by out-of-sample probabilities alone.

    Probabilities are read block by block, twice; beside them some 70 bytes a row are needed. The result does not
    depend on how they are stored or cut into blocks.

    Parameters
    ----------
    labels
        The given label of each sample. Whole numbers are positions of the columns (-1 = no label), as cleanlab takes
        them, unless ``classes`` are numbers too; other labels are names of classes. None or NaN = no label.
    pred_probs
        Probabilities, shape (samples, classes), no row by a model that has seen it: an array or a memory map of any
        type of floats, the path of a ``.npy`` or parquet file (column ``pred_probs``), a data frame whose columns name
        the classes (its rows are brought into the order of a Series of labels of the same index), a
        :class:`labelsift.label_quality.pred_probs.TopK`, or any object with ``shape`` and ``blocks()``.
    classes
        The class of each column. Without it, names are taken to be the columns in sorted order, as scikit-learn has
        them, if there are as many.
    budget
        Flag this many worst labels instead of an estimated number.
    ids
        Names of the samples.

    Returns
    -------
    pyarrow.Table
        ``id`` (if ids are given), ``label_score`` (float32: 0 = certainly wrong, 1 = good, null = not judged),
        ``is_label_issue``, ``suggested_label`` (the best other class) and ``confidence`` (its probability), in the
        order of the samples. What speaks against trusting them is warned of, and stands in the table's metadata.

    Raises
    ------
    InputError
        Lengths differ, labels or ids do not fit, rows are no probabilities, or the classes are plainly out of order.

    Examples
    --------
    >>> probs = np.array([[.9, .1], [.8, .2], [.1, .9], [.2, .8], [.9, .1]])
    >>> table = score_labels(["a", "a", "b", "b", "b"], probs)
    >>> table["is_label_issue"].to_pylist(), table["suggested_label"].to_pylist()
    ([False, False, False, False, True], ['b', 'b', 'a', 'a', 'a'])
    """
    import pyarrow as pa

    from .label_codes import codes_and_names

    frame = framed(pred_probs)
    if frame is not None:
        pred_probs, classes = frame.values[_order(frame.ids, labels)], frame.classes if classes is None else classes
    source = opened(pred_probs, classes=None if classes is None else len(classes))
    codes, names = codes_and_names(labels, classes, source.shape[1])
    _require(source.shape, codes, budget=budget, ids=ids)
    result, _, notes = run_confident_learning(source, codes, ids=ids)
    warning = column_order_warning(codes, predicted(result, codes), names.to_pylist())
    notes += [warning] if warning else []
    score = quality(result.given, result.best_other)
    suggested = np.isfinite(score) & (result.other >= 0)
    flags = confidently_other(result, codes) if budget is None else worst(score, budget)
    columns = {
        **({} if ids is None else {"id": pa.array([str(sample_id) for sample_id in ids], pa.string())}),
        "label_score": pa.array(score, mask=np.isnan(score)),
        "is_label_issue": pa.array(flags),
        "suggested_label": names.take(pa.array(result.other, mask=~suggested)),
        "confidence": pa.array(result.best_other, mask=~suggested),
    }
    for note in notes:
        warnings.warn(note, stacklevel=2)
    return pa.table(columns).replace_schema_metadata({NOTES: json.dumps(notes)} if notes else None)


def _order(ids: Sequence[str] | None, labels: Any) -> Any:  # noqa: ANN401 - rows, or all of them
    """Return the rows in the order of a Series of labels whose index has the same names; else as they are."""
    index = getattr(labels, "index", None)
    if ids is None or index is None or callable(index):
        return slice(None)
    wanted = [scalar_text(name) for name in index]
    place = {name: row for row, name in enumerate(ids)}
    same = len(place) == len(ids) == len(wanted) and place.keys() == set(wanted)
    return [place[name] for name in wanted] if same else slice(None)


def _require(shape: tuple[int, int], codes: np.ndarray, *, budget: int | None, ids: Sequence[object] | None) -> None:
    if len(codes) != shape[0]:
        raise InputError(
            f"pred_probs has {shape[0]:,} rows, but there are {len(codes):,} labels",
            hint="Give one row of probabilities a label, in the same order",
        )
    if shape[1] < 2:
        raise InputError("With a single class no label can be judged", hint="Give the probabilities of all classes")
    if len(codes) and codes.max() < 0:
        raise InputError("No sample has a label", hint="Name the column with the labels")
    if budget is not None and budget < 1:
        raise InputError(f"A budget of {budget} flags nothing", hint="Give 1 or more")
    if ids is not None and (len(ids) != len(codes) or len(set(map(str, ids))) != len(ids)):
        raise InputError(f"{len(set(map(str, ids))):,} ids for {len(codes):,} labels", hint="Give each label its own")
