"""Signals: what a model says of the samples, validated once and aligned to their ids."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from .embedding import normalised
from .errors import InputError
from .samples import Samples
from .tokensignals import TokenSignals, aligned_tokens

ROUNDING = 0.01  # how far a row of probabilities may be from one: float16 outputs and printed decimals


@dataclass(frozen=True)
class Signals:
    """Outputs of the user's own model.

    Parameters
    ----------
    pred_probs
        Class probabilities, shape (n, classes), out of sample: no row judged by a model that has seen it.
    classes
        The class of each column. Without it the columns are taken to be the labels in sorted order,
        as scikit-learn has them, if there are as many.
    embeddings
        Vectors, shape (n, dimensions).
    ids
        The sample of each row. Without it the rows must be as many as the samples, in their order.
    token_pred_probs
        For spans: of each sample an array of shape (tokens, classes), out of sample. ``classes`` then names the tags
        of the columns: ``O`` and ``B-type``, ``I-type`` …, or ``O`` and the types.
    token_offsets
        Where the tokens stand: of each sample (start, end) in characters, in order. Without it the tokens are what
        stands between white space.
    """

    pred_probs: np.ndarray | None = None
    classes: Sequence[str] | None = None
    embeddings: np.ndarray | None = None
    ids: Sequence[str] | None = None
    token_pred_probs: Sequence[np.ndarray] | None = None
    token_offsets: Sequence[Sequence[tuple[int, int]]] | None = None

    def aligned_tokens(self, samples: Samples) -> TokenSignals | None:
        """Return what is said of the tokens, in the order of the samples.

        Raises
        ------
        InputError
            Samples without probabilities, wrong shapes, NaN, rows that do not sum to one, tokens out of their text,
            or types of the data that no class stands for.
        """
        if self.token_pred_probs is None:
            if self.token_offsets is not None:
                raise InputError("token_offsets without token_pred_probs say nothing", cure="Give the probabilities")
            return None
        if self.pred_probs is not None:
            raise InputError(
                "Both pred_probs and token_pred_probs are given", cure="For spans, give those of the tokens"
            )
        if samples.task != "spans":
            raise InputError("token_pred_probs are for spans, and the data has none", cure="Name their column: spans=…")
        return aligned_tokens(
            samples, self.token_pred_probs, self.token_offsets, [str(one) for one in self.classes or ()], self.ids
        )

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
            if self.classes is not None and self.token_pred_probs is None:
                raise InputError(
                    "Classes are named, but there are no pred_probs whose columns they could name",
                    cure="Give the probabilities too (pred_probs=…, --pred-probs p.npy), or leave the classes out",
                )
            return None
        probabilities = _aligned(self.pred_probs, samples, self.ids, what="pred_probs")
        classes = self._class_names(samples, probabilities.shape[1])
        _check_probabilities(probabilities, samples)
        order = np.argsort(np.array(classes, dtype=object), kind="stable")
        ordered = np.clip(probabilities[:, order].astype(np.float32), 0, 1)
        ordered /= ordered.sum(axis=1, keepdims=True)
        return ordered, tuple(classes[at] for at in order)

    def _class_names(self, samples: Samples, columns: int) -> list[str]:
        if self.classes is None:
            if len(samples.classes) != columns:
                raise InputError(
                    f"pred_probs has {columns} columns, but the data has {len(samples.classes)} labels",
                    cure="Name the class of each column (classes=…, --classes names.txt)",
                )
            return list(samples.classes)
        classes = [str(name) for name in self.classes]
        if len(classes) != columns:
            raise InputError(
                f"pred_probs has {columns} columns, but {len(classes)} classes are named",
                cure="Name one class a column, in the order of the columns",
            )
        repeated = sorted({name for name in classes if classes.count(name) > 1})
        if repeated:
            raise InputError("Some classes are named twice", ids=repeated, cure="Name each class once")
        missing = sorted(set(samples.classes) - set(classes))
        if missing:
            raise InputError(
                "Labels of the data are not among the classes of pred_probs",
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
    if ids is None:
        if len(values) != len(samples):
            raise InputError(
                f"{what} has {len(values):,} rows, but the data has {len(samples):,}",
                cure="Give as many rows in the same order, or name the samples: Signals(ids=…)",
            )
        return values
    named = pa.array([str(one) for one in ids], pa.string())
    if len(named) != len(values):
        raise InputError(f"{what} has {len(values):,} rows, but {len(named):,} ids are named", cure="Name one a row")
    counts = pc.value_counts(named)
    repeated = counts.filter(pc.greater(counts.field("counts"), 1)).field("values").to_pylist()
    if repeated:
        raise InputError(f"Some ids of {what} are named twice", ids=repeated, cure="Give one row a sample")
    found = pc.index_in(samples.ids, value_set=named)
    if found.null_count:
        missing = samples.ids.filter(pc.is_null(found)).to_pylist()
        raise InputError(f"{what} says nothing of these samples", ids=missing, cure="Add their rows")
    return values[found.to_numpy()]


def _check_probabilities(probabilities: np.ndarray, samples: Samples) -> None:
    with np.errstate(invalid="ignore"):
        problems = {
            "hold NaN or infinity": ~np.isfinite(probabilities).all(axis=1),
            "are negative": (probabilities < -ROUNDING).any(axis=1),
            "do not sum to one": np.abs(probabilities.sum(axis=1, dtype=np.float64) - 1) > ROUNDING,
        }
    for problem, rows in problems.items():
        if rows.any():
            raise InputError(
                f"The probabilities of these samples {problem}",
                ids=_ids(samples, rows),
                cure="Give probabilities, not logits: apply a softmax"
                if "NaN" not in problem
                else "Predict them again",
            )


def _ids(samples: Samples, rows: np.ndarray) -> list[str]:
    return samples.ids.filter(pa.array(rows)).to_pylist()
