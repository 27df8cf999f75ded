"""Batches of a Trainer: which samples they hold, and what is recorded of the model's outputs for them."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from labelsift.capture.capture import Capture
from labelsift.capture.logits import to_numpy, two_columns
from labelsift.capture.row_ids import labels_differ
from labelsift.data.class_names import names_of
from labelsift.errors import InputError

if TYPE_CHECKING:
    from .model_outputs import Outputs
    from .sources import Source

IGNORED = -100  # the label of tokens that bear none


@dataclass(frozen=True)
class Batch:
    """One batch: where its rows belong, and the tensors that say what they are.

    Attributes
    ----------
    source
        The data set.
    rows
        The sample of each: int64, shape (n,).
    labels, mask
        What the model was given; None where it was given none.
    """

    source: Source
    rows: np.ndarray
    labels: Any
    mask: Any

    @classmethod
    def of(cls, source: Source, rows: np.ndarray, inputs: Any) -> Batch:  # noqa: ANN401 - a mapping of tensors
        """Take what is needed before the model's loss may take it away."""
        labels = next((inputs[name] for name in ("labels", "label") if name in inputs), None)
        return cls(source, rows, labels, inputs.get("attention_mask"))

    def write(self, capture: Capture, outputs: Outputs, *, epoch: int) -> None:
        """Record the logits and embeddings of the rows.

        Raises
        ------
        InputError
            If they are no classes of each row, or the rows' labels are others than the samples'.
        """
        logits = None if outputs.logits is None else to_numpy(outputs.logits)
        if logits is None or not logits.ndim or len(logits) != len(self.rows):
            shape = "none" if logits is None else f"of the shape {logits.shape}"
            raise InputError(
                f"For {len(self.rows)} rows the model's logits are {shape}",
                hint="Name the module whose output they are: classifier=…",
            )
        if capture.samples.task == "spans":
            return self._write_tokens(capture, logits, epoch=epoch)
        logits = self._by_class(capture, logits)
        self._require_same_labels(capture)
        rows, logits = _last(self.rows, logits)
        vectors = None if outputs.vectors is None else _last(self.rows, to_numpy(outputs.vectors))[1]
        capture.record(rows, logits, split=self.source.split, epoch=epoch, embeddings=vectors)

    def _by_class(self, capture: Capture, logits: np.ndarray) -> np.ndarray:
        """Return one column a class; one of two classes is given as its log odds."""
        classes = capture.recording.classes
        config = getattr(capture.target.model, "config", None)
        if logits.shape[1:] in ((), (1,)) and len(classes) == 2:
            if getattr(config, "problem_type", None) == "regression":
                raise InputError(
                    "The model is a regression, and its output no logit",
                    hint="Set config.problem_type, or num_labels=2",
                )
            return two_columns(logits)
        if logits.ndim != 2 or logits.shape[1] != len(classes):
            raise InputError(
                f"The model's logits have the shape {logits.shape}, and there are {len(classes)} classes",
                hint="Name the class of each output: classes=[…]",
            )
        return logits

    def _require_same_labels(self, capture: Capture) -> None:
        """Refuse rows in another order than the samples, and classes in another than the model's, as labels tell."""
        if capture.samples.task != "classification" or not hasattr(self.labels, "detach"):
            return
        labels = to_numpy(self.labels)
        if labels.dtype.kind == "f" and np.isin(labels, (0, 1)).all():  # as a binary cross entropy wants them
            labels = labels.astype(np.int64)
        if labels.dtype.kind == "i" and labels.size == len(self.rows):
            labels = labels.reshape(-1)
            if not np.array_equal(capture.codes[self.rows], labels):  # at every step: the whole check reads all samples
                labels_differ(capture.samples, self.rows, labels, capture.recording.classes)

    def _write_tokens(self, capture: Capture, logits: np.ndarray, *, epoch: int) -> None:
        labels = None if self.labels is None else to_numpy(self.labels)
        tags = capture.recording.classes
        if labels is None or logits.shape != (*labels.shape, len(tags)) or logits.ndim != 3:
            given = "no labels" if labels is None else f"labels of the shape {labels.shape}"
            raise InputError(
                f"The model's logits have the shape {logits.shape}, with {given} and {len(tags)} tags",
                hint="Train with one label a token, and name the tag of each output: id2label, or classes=[…]",
            )
        values = [own[given != IGNORED] for own, given in zip(logits, labels, strict=True)]
        capture.record_tokens(self.rows, values, split=self.source.split, epoch=epoch)


def split_name(name: str) -> str:
    """Return what the rows of one of several evaluation data sets are recorded as: a name of a folder."""
    return "eval_" + re.sub(r"[^\w.-]", "_", name)


def tags_of(capture: Capture) -> list[str]:
    """Return the tag of each output of a tagger: as asked, else by its ``id2label``.

    Raises
    ------
    InputError
        If a type of the samples' spans has no tag.
    """
    named = getattr(getattr(capture.target.model, "config", None), "id2label", None) or {}
    tags = names_of(capture.request.classes) or [str(tag) for _, tag in sorted(named.items())]
    types = {re.sub(r"^[BILUSEbiluse][-_]", "", tag) for tag in tags} | set(tags)
    if unknown := sorted(set(capture.samples.classes) - types):
        raise InputError(
            "Some types of spans have no tag of the model",
            ids=unknown,
            hint="Name the tag of each output: id2label of its config, or classes=[…]",
        )
    return tags


def _last(rows: np.ndarray, values: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return each row once, as it came last: a sampler may draw one twice."""
    kept, last = np.unique(rows[::-1], return_index=True)
    return (rows, values) if len(kept) == len(rows) else (kept, values[::-1][last])
