"""Logits of a Keras model: what its last layer is given, so that a softmax or a sigmoid is undone exactly."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from importlib import import_module
from typing import Any

import numpy as np
from labelsift.capture.logits import of_probabilities, to_numpy, two_columns
from labelsift.errors import InputError

_ROUNDING = 1e-3  # that a row of probabilities may miss one by
_LEAST = 1e-7


class Outputs:
    """Calls a model as it stands, without its ``predict``: nothing of its training is touched.

    Parameters
    ----------
    model
        Sequential, functional or subclassed.
    classifier, embedding
        Names of layers whose outputs are the logits (or their softmax or sigmoid) and the embeddings; by default the
        model's own output, and none.

    Raises
    ------
    InputError
        If there is no such layer.
    """

    def __init__(self, model: Any, *, classifier: str | None, embedding: str | None) -> None:  # noqa: ANN401
        self._model = model
        self._head = _layer(model, classifier) if classifier else _last(model)
        self._named = classifier is not None
        self._embedding = _layer(model, embedding) if embedding else None
        self._probabilities: bool | None = None  # whether outputs that no known layer made are some; by the first batch

    def __call__(self, inputs: Any) -> tuple[np.ndarray, np.ndarray | None]:  # noqa: ANN401
        """Return logits, shape (n, classes), and embeddings, shape (n, dimensions), of a batch."""
        seen: dict[str, Any] = {}
        with _at_rest(self._model), _listening(self._head, "head", seen), _listening(self._embedding, "vector", seen):
            returned = self._model(inputs, training=False)
        vectors = seen["vector"][1] if "vector" in seen else None
        if self._embedding is not None and vectors is None:
            raise InputError("The layer of the embeddings was not called", hint="Name another: embedding=…")
        if self._named and "head" not in seen:
            raise InputError("The layer of the logits was not called", hint="Name another: classifier=…")
        logits = self._logits(seen.get("head"), returned)
        return logits, None if vectors is None else _array(vectors).reshape(len(logits), -1)

    def _logits(self, head: tuple[Any, Any] | None, returned: Any) -> np.ndarray:  # noqa: ANN401
        keras = import_module("keras")

        linear = _array(head[0]) if head and _activation(self._head) else None
        if head and linear is not None and isinstance(self._head, keras.layers.Dense):
            linear = linear.astype(np.float32) @ _array(self._head.kernel)
            linear = linear if self._head.bias is None else linear + _array(self._head.bias)
        if linear is None:
            values = _array(head[1] if head else _single(returned))
            linear = values if self._is_linear() else self._undone(values)
        linear = linear.astype(np.float32)
        if linear.ndim != 2:
            raise InputError(
                f"The outputs have the shape {linear.shape}, not (rows, classes)", hint="Name a layer: classifier=…"
            )
        return two_columns(linear) if linear.shape[1] == 1 else linear

    def _is_linear(self) -> bool:
        keras = import_module("keras")

        return isinstance(self._head, keras.layers.Dense) and self._head.activation is keras.activations.linear

    def _undone(self, values: np.ndarray) -> np.ndarray:
        """Return logits of outputs that no known layer made: of probabilities where they are some."""
        if self._probabilities is None:
            from_logits = _from_logits(self._model)
            positive = bool(((values >= 0) & (values <= 1)).all())
            sums_to_one = (
                values.ndim == 2 and values.shape[1] > 1 and bool((abs(values.sum(axis=1) - 1) < _ROUNDING).all())
            )
            self._probabilities = positive and (sums_to_one if from_logits is None else not from_logits)
        if not self._probabilities:
            return values
        if values.shape[1] > 1 and (abs(values.sum(axis=1) - 1) < _ROUNDING).all():
            return of_probabilities(values)
        clipped = np.clip(values.astype(np.float64), _LEAST, 1 - _LEAST)
        return np.log(clipped / (1 - clipped))


def _array(values: Any) -> np.ndarray:  # noqa: ANN401 - a tensor of Keras's backend, of any precision
    ops = import_module("keras").ops

    return to_numpy(ops.cast(values, "float32"))


def _activation(layer: Any) -> bool:  # noqa: ANN401
    """Tell whether a layer ends in a softmax or a sigmoid that its input can be read without."""
    keras = import_module("keras")

    if isinstance(layer, keras.layers.Softmax):
        return True
    known = (keras.activations.softmax, keras.activations.sigmoid)
    return isinstance(layer, keras.layers.Dense | keras.layers.Activation) and layer.activation in known


def _single(returned: Any) -> Any:  # noqa: ANN401
    if isinstance(returned, dict) and "logits" in returned:
        return returned["logits"]
    if hasattr(returned, "shape"):
        return returned
    if isinstance(returned, list | tuple) and len(returned) == 1:
        return returned[0]
    raise InputError("The model has several outputs", hint="Name the layer of the classes: classifier=…")


def _from_logits(model: Any) -> bool | None:  # noqa: ANN401
    """Return whether a model's loss takes logits; None where it does not say."""
    loss = getattr(model, "loss", None)
    if isinstance(loss, str):
        return False if "crossentropy" in loss else None
    config = loss.get_config() if loss is not None and hasattr(loss, "get_config") else {}
    return config.get("from_logits")


def _last(model: Any) -> Any:  # noqa: ANN401
    """Return the layer that makes the output of a Sequential or functional model, or None."""
    try:
        made = model.outputs
    except (AttributeError, ValueError):  # of a subclass, which is no graph
        return None
    for layer in reversed(model.layers if made and len(made) == 1 else []):
        with contextlib.suppress(AttributeError, ValueError):  # of a layer with several uses
            if layer.output is made[0]:
                return layer
    return None


def _layer(model: Any, name: str) -> Any:  # noqa: ANN401
    waiting, names = list(model.layers), []
    for layer in waiting:
        if layer.name == name:
            return layer
        names.append(layer.name)
        waiting += getattr(layer, "layers", None) or []
    raise InputError(f"The model has no layer {name!r}", ids=names, hint="Name one of these")


@contextlib.contextmanager
def _listening(layer: Any, name: str, seen: dict[str, Any]) -> Iterator[None]:  # noqa: ANN401
    """Keep what a layer is given and returns, as long as this lasts: ``seen[name] = (input, output)``."""
    if layer is None:
        yield
        return
    own = layer.call

    def call(*args: Any, **kwargs: Any) -> Any:  # noqa: ANN401
        made = own(*args, **kwargs)
        seen[name] = (args[0] if args else next(iter(kwargs.values())), made)
        return made

    before = vars(layer).get("call")
    vars(layer)["call"] = call  # beside Keras's and torch's own attributes, which keep track of what is set
    try:
        yield
    finally:
        if before is None:
            vars(layer).pop("call", None)
        else:
            vars(layer)["call"] = before


@contextlib.contextmanager
def _at_rest(model: Any) -> Iterator[None]:  # noqa: ANN401
    """Switch the modules of a model on torch to inference without gradients; each one's mode is restored."""
    if not hasattr(model, "modules"):
        yield
        return
    torch = import_module("torch")

    modes = [(module, module.training) for module in model.modules()]
    try:
        for module, _ in modes:
            module.training = False
        with torch.no_grad():
            yield
    finally:
        for module, mode in modes:
            module.training = mode
