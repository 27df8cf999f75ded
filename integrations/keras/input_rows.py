"""Input rows of one split for a Keras model: in batches, and the samples that each batch's rows are."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Mapping
from importlib import import_module
from typing import Any

import numpy as np
from labelsift.capture.logits import to_numpy
from labelsift.capture.request import Ids
from labelsift.capture.row_ids import SampleIds, labels_differ
from labelsift.data.samples import Samples
from labelsift.errors import InputError

BATCH = 128  # rows of arrays that are predicted at once


class InputRows:
    """Arrays, which are sliced, or batches of a data set, which are read once more at each pass.

    A tuple is ``(inputs, labels)``, as in Keras; a list or a mapping holds the arrays of several inputs. Rows are known
    by their ids where these are named, else by their order, which a data set must keep.

    Parameters
    ----------
    data
        What the user gave for the split.
    split, samples, known, ids
        Which split it is, all samples, their ids, and where a row's id stands.
    place
        Takes the number of rows, and returns the samples that they are in their order: int64, shape (n,).
    classes
        The class of each of the model's outputs.

    Raises
    ------
    InputError
        If the rows are not those of the samples: other numbers, unknown ids, other labels.
    """

    def __init__(
        self,
        data: Any,  # noqa: ANN401
        *,
        split: str,
        samples: Samples,
        known: SampleIds,
        ids: Ids | None,
        place: Callable[[int], np.ndarray],
        classes: list[str],
    ) -> None:
        self._data, self._split, self._known, self._ids = data, split, known, ids
        self._arrays = isinstance(data, list | tuple | Mapping) or hasattr(data, "shape")
        self._marks: list[bytes] = []  # of each batch of a data set, to know a reshuffled one
        self._order: np.ndarray | None = None
        size = self._size() if self._arrays else None
        if not self._arrays and (not hasattr(data, "__iter__") and not hasattr(data, "__getitem__")):
            raise InputError(f"A {type(data).__name__} holds no rows", hint="Give arrays, or a data set of batches")
        if hasattr(data, "__next__"):
            hint = "Give arrays, or what can be read again at each epoch: a data set, a keras.utils.PyDataset"
            raise InputError("A generator can be read once only", hint=hint)
        if ids is None and size is not None:
            self._order = place(size)
        self._check(samples, place, classes)

    def batches(self) -> Iterator[tuple[Any, np.ndarray]]:
        """Yield the inputs of each batch, and the samples that its rows are.

        Raises
        ------
        InputError
            If a data set without ids comes in another order than before.
        """
        done = 0
        for number, batch in enumerate(self._raw()):
            inputs, _ = _inputs_and_labels(batch)
            size = len(_leaves(inputs)[0])
            if self._order is None:
                yield self._with_ids(batch)
                continue
            if not self._arrays and (number >= len(self._marks) or _mark(inputs) != self._marks[number]):
                hint = "Give data=… without shuffling (the training may shuffle), or name the ids: ids=…"
                raise InputError(f"The batches of {self._split} come in another order than before", hint=hint)
            yield inputs, self._order[done : done + size]
            done += size

    def _check(self, samples: Samples, place: Callable[[int], np.ndarray], classes: list[str]) -> None:
        """Look at all rows once, but at the first batch only of a data set that names its ids."""
        labels, rows, size = [], [], 0
        for batch in self._raw():
            inputs, given = _inputs_and_labels(batch)
            n = len(_leaves(inputs)[0])
            size += n
            labels.append(np.full(n, -1) if given is None else _codes(given, n))
            if self._ids is not None:
                rows.append(self._with_ids(batch)[1])
                if not self._arrays:
                    break
            elif not self._arrays:
                self._marks.append(_mark(inputs))
        if not size:
            raise InputError(f"The data of {self._split} has no rows", hint="Give the rows that you train on")
        if self._ids is None:
            self._order = place(size)
        whole = np.concatenate(rows) if self._order is None else self._order
        if len(np.unique(whole)) < len(whole):
            twice = np.flatnonzero(np.bincount(whole) > 1)
            raise InputError(
                "Some ids stand twice", ids=[self._known.names[row] for row in twice], hint="Give each one"
            )
        if samples.task == "classification":
            labels_differ(samples, whole, np.concatenate(labels), classes)

    def _raw(self) -> Iterator[Any]:
        if self._arrays:
            tree = import_module("keras").tree

            for start in range(0, self._size(), BATCH):
                yield tree.map_structure(lambda leaf, start=start: leaf[start : start + BATCH], self._data)
        elif hasattr(self._data, "__getitem__") and hasattr(self._data, "__len__"):
            yield from (self._data[number] for number in range(len(self._data)))
        else:
            yield from self._data

    def _size(self) -> int:
        leaves = _leaves(self._data)
        if not leaves or not all(hasattr(leaf, "shape") and len(leaf.shape) for leaf in leaves):
            raise InputError("The data is no array", hint="Give numpy arrays or tensors: data=numpy.array(…)")
        sizes = sorted({int(leaf.shape[0]) for leaf in leaves})
        if len(sizes) > 1:
            raise InputError(f"The arrays of {self._split} have {sizes} rows", hint="Give as many rows in each")
        return sizes[0]

    def _with_ids(self, batch: Any) -> tuple[Any, np.ndarray]:  # noqa: ANN401
        inputs, _ = _inputs_and_labels(batch)
        if callable(self._ids):
            names = self._ids(batch)
        elif isinstance(inputs, Mapping) and self._ids in inputs:
            names = inputs[self._ids]
            inputs = {name: values for name, values in inputs.items() if name != self._ids}
            inputs = next(iter(inputs.values())) if len(inputs) == 1 else inputs
        else:
            hint = "Give inputs as a mapping with such a key, or a function of a batch: ids=lambda batch: …"
            raise InputError(f"The batches of {self._split} have no {self._ids!r}", hint=hint)
        return inputs, self._known.positions(np.asarray(to_numpy(names)).ravel())


def _inputs_and_labels(batch: Any) -> tuple[Any, Any]:  # noqa: ANN401
    """Part ``(inputs, labels)``, as Keras does."""
    return (batch[0], batch[1] if len(batch) > 1 else None) if isinstance(batch, tuple) else (batch, None)


def _leaves(inputs: Any) -> list[Any]:  # noqa: ANN401
    tree = import_module("keras").tree

    return tree.flatten(inputs)


def _codes(labels: Any, size: int) -> np.ndarray:  # noqa: ANN401
    """Return positions of classes: whole numbers, or rows that one class stands out of; else -1."""
    values = to_numpy(labels)
    if values.ndim == 2 and values.shape[1] > 1:
        return values.argmax(axis=1)
    values = values.reshape(-1)
    whole = len(values) == size and values.dtype.kind in "iufb" and bool((values == np.round(values)).all())
    return values.astype(np.int64) if whole else np.full(size, -1)


def _mark(inputs: Any) -> bytes:  # noqa: ANN401
    digest = hashlib.blake2b(digest_size=8)
    for leaf in _leaves(inputs):
        values = to_numpy(leaf)
        digest.update(repr(values.tolist()).encode() if values.dtype.kind == "O" else values.tobytes())
    return digest.digest()
