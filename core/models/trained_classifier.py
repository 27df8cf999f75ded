"""Probabilities of a trained classifier of the user's for an evaluation data set, row by row in its order."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import numpy as np

from ..data.class_names import in_order
from ..data.samples import Samples
from ..errors import InputError


def predicted(model: Any, loader: Any, samples: Samples, *, batch: int, classes: Sequence[str] | None) -> np.ndarray:  # noqa: ANN401 - of torch
    """Return what a torch model makes of each row: float32, shape (n, classes).

    A loader of a Trainer's may sort the rows by length or deal them out to several processes: its data set and its
    collation are taken, and a plain loader is made of them.

    Parameters
    ----------
    model
        A transformers classifier, or what is called and returns as one does; with several labels a sample each output
        is one label's.
    loader
        The loader of the evaluation rows.
    batch
        How many rows are predicted at once.
    classes
        The class of each output; None for the labels in sorted order.

    Raises
    ------
    InputError
        If the rows are not as many as the samples, have other labels, or the model is no classifier.
    """
    import torch  # pyright: ignore[reportMissingImports]

    rows = len(loader.dataset) if hasattr(loader.dataset, "__len__") else None
    if rows != len(samples):
        counted = "no known number of rows" if rows is None else f"{rows:,} rows"
        raise InputError(
            f"The evaluation data set has {counted}, and there are {len(samples):,} samples",
            hint="Give just these rows as samples, in their order; of several data sets name the one: dataset=…",
        )
    ordered = torch.utils.data.DataLoader(loader.dataset, batch_size=batch, collate_fn=loader.collate_fn)
    device = next(model.parameters()).device
    parts, labels = [], []
    with evaluating(model), torch.no_grad():
        for inputs in ordered:
            given = inputs.pop("labels", None)
            inputs = {key: value.to(device) if hasattr(value, "to") else value for key, value in inputs.items()}
            output = model(**inputs)
            logits = output["logits"] if isinstance(output, dict) else output[0]
            _require_classes(tuple(logits.shape))
            several = samples.task == "multilabel"
            scaled = torch.sigmoid(logits.float()) if several else torch.softmax(logits.float(), dim=-1)
            parts.append(scaled.cpu().numpy())
            labels.append(np.full(len(scaled), -1) if given is None else given.cpu().numpy())
    if samples.task == "classification":
        _require_same_labels(np.concatenate(labels), samples, classes or in_order(samples.classes))
    return np.concatenate(parts)


@contextmanager
def evaluating(model: Any) -> Iterator[None]:  # noqa: ANN401 - of torch
    """Put a torch model into eval mode meanwhile; each module gets back its own, as a frozen one may be in eval."""
    modes = [(module, module.training) for module in model.modules()]
    model.eval()
    try:
        yield
    finally:
        for module, training in modes:
            module.training = training


def classes_of(model: Any, samples: Samples) -> list[str] | None:  # noqa: ANN401 - of transformers
    """Return the class of each output by a model's ``id2label``; None where that does not name the samples' labels."""
    named = getattr(getattr(model, "config", None), "id2label", None) or {}
    names = [str(name) for _, name in sorted(named.items())]
    return names if set(samples.classes) <= set(names) else None


def _require_classes(shape: tuple[int, ...]) -> None:
    if len(shape) != 2 or shape[1] < 2:
        raise InputError(f"The model's outputs have the shape {shape}", hint="Use a classifier: (rows, classes)")


def _require_same_labels(labels: np.ndarray, samples: Samples, classes: Sequence[str]) -> None:
    """Refuse rows in another order than the samples, or classes in another than the model's, as far as labels tell."""
    codes = samples.codes(classes)
    if labels.ndim != 1:
        return
    other = np.flatnonzero((codes >= 0) & (labels >= 0) & (codes != labels))
    if len(other):
        raise InputError(
            f"The labels of {len(other):,} evaluation rows are not those of the samples",
            ids=samples.ids.take(other).to_pylist(),
            hint="Bring both into the same order, or name the class of each of the model's outputs: classes=[…]",
        )
