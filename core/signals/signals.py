"""Signals: outputs of the user's own model, validated once and aligned to the samples' ids."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from ..data.class_names import names_of
from ..data.samples import Samples
from ..errors import InputError
from ..label_quality.pred_probs import Probabilities, TopK
from ..label_quality.pred_probs_files import opened
from ..label_quality.pred_probs_frames import framed
from ..models.embedding import normalize
from .align import (
    align_array,
    align_multilabel,
    align_probabilities,
    column_classes,
    ids_where,
    match_rows,
    usable_in_place,
)
from .dynamics_statistics import Trajectories, trajectories
from .epoch_files import EpochFiles
from .held_out_epochs import numbers_of, partners, uncertain
from .token_probs import TokenSignals, aligned_tokens
from .training_dynamics import Dynamics


@dataclass(frozen=True)
class Signals:
    """Outputs of the user's own model.

    Parameters
    ----------
    pred_probs
        Class probabilities, shape (n, classes), out of sample: no row judged by a model that has seen it. An array,
        a memory map, the path of a ``.npy`` or parquet file (column ``pred_probs``), a data frame, csv or parquet file
        with a column a class, whose index or column ``id`` names the samples, or a
        :class:`labelsift.label_quality.pred_probs.TopK`. A memory map of float32 whose columns are the classes in
        sorted order is used where it lies; anything else is copied, and what is large and not in memory yet to a
        temporary file. Where samples may have several labels: an array or a ``.npy`` file, each column the probability
        of one label; rows need not sum to one.
    classes
        The class of each column: a list, scikit-learn's ``classes_``, a model's ``id2label``. Without it the columns
        of a data frame name them; else the columns are taken to be the labels in sorted order, as scikit-learn has them
        (whole numbers as numbers), if there are as many.
    embeddings
        Vectors, shape (n, dimensions).
    ids
        The sample of each row. Without it the rows must be as many as the samples, in their order.
    dynamics
        Logits of each epoch of a training, or the folder that a :class:`DynamicsWriter` or a capture wrote. Its own
        classes and ids come before those that are named here. They count in the label score only with rows that the
        model did not learn from: :class:`labelsift.Dynamics`.
    token_pred_probs
        For spans: of each sample an array of shape (tokens, classes), out of sample. ``classes`` then names the tags
        of the columns: ``O`` and ``B-type``, ``I-type`` …, or ``O`` and the types.
    token_offsets
        Where the tokens stand: of each sample (start, end) in characters, in order. Without it the tokens are what
        stands between white space.
    """

    pred_probs: np.ndarray | str | Path | TopK | Probabilities | None = None
    classes: Sequence[str] | None = None
    embeddings: np.ndarray | None = None
    ids: Sequence[str] | None = None
    dynamics: Dynamics | np.ndarray | Sequence[np.ndarray] | str | Path | None = None
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
                raise InputError("token_offsets without token_pred_probs say nothing", hint="Give the probabilities")
            return None
        if self.pred_probs is not None:
            raise InputError(
                "Both pred_probs and token_pred_probs are given", hint="For spans, give those of the tokens"
            )
        if samples.task != "spans":
            raise InputError("token_pred_probs are for spans, and the data has none", hint="Name their column: spans=…")
        return aligned_tokens(
            samples, self.token_pred_probs, self.token_offsets, names_of(self.classes) or [], self.ids
        )

    def aligned_embeddings(self, samples: Samples) -> np.ndarray | None:
        """Return unit vectors in the order of the samples: float32, shape (n, dimensions)."""
        if self.embeddings is None:
            return None
        vectors = align_array(self.embeddings, samples, self.ids, what="embeddings")
        bad = np.asarray(~np.isfinite(vectors).all(axis=1))
        if bad.any():
            raise InputError(
                "The embeddings hold NaN or infinity for these samples",
                ids=ids_where(samples, bad),
                hint="Embed them again, or leave them out",
            )
        return normalize(np.array(vectors, dtype=np.float32))

    def unframed(self, samples: Samples) -> Signals:
        """Return the signals with a data frame of probabilities as an array, its columns' names and its index.

        The index says which samples the rows are if it knows any of them; else the rows are in the samples' order.

        Raises
        ------
        InputError
            For columns that hold no numbers.
        """
        frame = framed(self.pred_probs)
        if frame is None:
            return self
        ids = self.ids
        if ids is None and frame.ids is not None and not set(frame.ids).isdisjoint(samples.ids.to_pylist()):
            ids = frame.ids
        classes = frame.classes if self.classes is None else self.classes
        return replace(self, pred_probs=frame.values, classes=classes, ids=ids)

    def aligned_pred_probs(self, samples: Samples) -> tuple[np.ndarray, tuple[str, ...]] | None:
        """Return (probabilities, classes), rows in the order of the samples and classes sorted.

        Raises
        ------
        InputError
            Classes without probabilities, wrong shape, unknown ids, NaN, negative values, rows that do not
            sum to one, repeated classes, or labels without a class.
        """
        if self.pred_probs is None:
            if self.classes is not None and self.dynamics is None and self.token_pred_probs is None:
                raise InputError(
                    "Classes are named, but there are no pred_probs whose columns they could name",
                    hint="Give the probabilities too (pred_probs=…, --pred-probs p.npy), or leave the classes out",
                )
            return None
        if (plain := self.unframed(samples)) is not self:
            return plain.aligned_pred_probs(samples)
        if samples.task == "multilabel":
            return align_multilabel(samples, self.pred_probs, self.classes, self.ids)
        source = opened(self.pred_probs, classes=len(samples.classes if self.classes is None else self.classes))
        rows = match_rows(source.shape[0], samples, self.ids, what="pred_probs", columns=source.shape[1])
        classes = column_classes(self.classes, samples, source.shape[1], what="pred_probs")
        order = np.argsort(np.array(classes, dtype=object), kind="stable")
        in_order = bool((order == np.arange(len(order))).all())
        if rows is None and in_order and usable_in_place(source):
            return source.array, tuple(classes)
        return align_probabilities(source, samples, rows, order), tuple(classes[column] for column in order)

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
        dynamics = self.dynamics if isinstance(self.dynamics, Dynamics) else Dynamics(self.dynamics)
        training, held_out = dynamics.parts()
        epochs = training.opened()
        result, classes = self._aligned_epochs(samples, epochs, pred_probs=pred_probs)
        if result.pred_probs is not None:
            result.pred_probs[:] = result.pred_probs[:, np.argsort(np.array(classes, dtype=object), kind="stable")]
        if not held_out:
            return result
        margins, trained = np.full_like(result.margins, np.nan), numbers_of(epochs)
        unsure: list[str] = []
        for one in held_out:
            opened = one.opened(fewest=1)
            theirs, evaluated = self._aligned_epochs(samples, opened)[0].margins, numbers_of(opened)
            for epoch, evaluation in partners(trained, evaluated):
                new = ~np.isfinite(margins[epoch])  # a row of several sets is told by the first
                margins[epoch, new] = theirs[evaluation, new]
            unsure.append(uncertain(trained, evaluated))
        margins[:, result.shown > 0] = np.nan  # what the model learned from is not held out
        return replace(result, held_out=margins, unsure=" ".join(dict.fromkeys(filter(None, unsure))))

    def _aligned_epochs(
        self, samples: Samples, epochs: EpochFiles, *, pred_probs: bool = False
    ) -> tuple[Trajectories, Sequence[str]]:
        n, columns = epochs.logits[0].shape
        rows = match_rows(n, samples, self.ids if epochs.ids is None else epochs.ids, what="dynamics", partly=True)
        names = self.classes if epochs.classes is None else epochs.classes
        classes = column_classes(names, samples, columns, what="dynamics")

        def refuse(bad: np.ndarray) -> None:
            raise InputError(
                "The dynamics hold NaN or infinity for these samples",
                ids=ids_where(samples, bad),
                hint="The training diverged, or the logits were cut: leave those epochs out",
            )

        codes = samples.codes(classes)
        found = trajectories(epochs.logits, codes, seen=epochs.seen, rows=rows, pred_probs=pred_probs, refuse=refuse)
        return found, classes
