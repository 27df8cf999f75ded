"""Head of a SetFit model: its probabilities as logits, one column a class of the recording."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from labelsift.capture.logits import of_probabilities, to_numpy
from labelsift.errors import InputError


def logits_of(model: Any, vectors: Any, classes: Sequence[str], *, several: bool) -> np.ndarray:  # noqa: ANN401 - SetFit's
    """Return what the fitted head says of embeddings: float32, shape (n, classes).

    Parameters
    ----------
    model
        A SetFit model with a head of scikit-learn or of PyTorch.
    vectors
        What its ``encode`` returned.
    classes
        The class of each column to return; a class that the head has not seen has the least probability.
    several
        Whether a row may have several labels: each column is then the log odds of one.

    Raises
    ------
    InputError
        If the head has other classes.
    """
    head = model.model_head
    predicted = head.predict_proba(vectors)
    if isinstance(predicted, list):  # one array a label
        predicted = [to_numpy(each) for each in predicted]
        predicted = np.stack(predicted, axis=1)
    probabilities = to_numpy(predicted).astype(np.float32)
    if probabilities.ndim == 3:
        probabilities = probabilities[:, :, 1]
    if several:
        _require_columns(probabilities, len(classes))
        return of_probabilities(probabilities) - of_probabilities(1 - probabilities)
    names = _names(model, classes, probabilities.shape[1])
    if unknown := sorted(set(names) - set(classes)):
        raise InputError("The head has classes that are no class of the samples", ids=unknown, hint="classes=[…]")
    placed = np.zeros((len(probabilities), len(classes)), dtype=np.float32)
    placed[:, [list(classes).index(name) for name in names]] = probabilities
    return of_probabilities(placed)


def class_of(label: Any, model: Any, classes: Sequence[str]) -> str | None:  # noqa: ANN401
    """Return the class that a label of the training data is: by its name, or as a number; None where it is none.

    A number is a position among the labels that the model was given; without them, a class of that name where there is
    one (``"1"`` to ``"5"``), else a position among the classes.
    """
    if not model.labels and str(label) in classes:
        return str(label)
    if isinstance(label, int):
        known = list(model.labels or classes)
        return known[label] if 0 <= label < len(known) else None
    return label if label in classes else None


def _names(model: Any, classes: Sequence[str], columns: int) -> list[str]:  # noqa: ANN401
    """Return the class of each column of the head: scikit-learn's leave out what the training rows do not show."""
    seen = getattr(model.model_head, "classes_", None)
    if seen is None:
        if columns != len(classes):
            raise InputError(
                f"The head has {columns} outputs, and there are {len(classes)} classes", hint="classes=[…]"
            )
        return list(classes)
    return [class_of(kind, model, classes) or str(kind) for kind in np.asarray(seen).tolist()]


def _require_columns(values: np.ndarray, columns: int) -> None:
    if values.shape[1:] != (columns,):
        raise InputError(
            f"The head's probabilities have the shape {values.shape}, and there are {columns} labels",
            hint="Name the label of each output: classes=[…]",
        )
