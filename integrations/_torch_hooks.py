"""Forward hooks on modules of a torch model: what they put out, kept for the batch under way, as logits and vectors.

PyTorch is never imported here: whoever hands a model over has done so.
"""

from __future__ import annotations

import difflib
import inspect
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from typing import Any

import numpy as np
from labelsift.capture.logits import to_numpy, two_columns
from labelsift.capture.row_ids import ID
from labelsift.errors import InputError

MASK = "attention_mask"  # 1 = a token, 0 = padding
_VECTORS = ("pooler_output", "last_hidden_state")


def module_named(model: Any, name: str) -> Any:  # noqa: ANN401 - of torch
    """Return the module of a model with a name as ``named_modules()`` gives it.

    Raises
    ------
    InputError
        If there is none; it names the closest ones.
    """
    modules = dict(model.named_modules())
    if name in modules:
        return modules[name]
    ends = [path for path in modules if path.rpartition(".")[2] == name]  # written without what it lies in
    close = ends or difflib.get_close_matches(name, modules, 5, 0.5) or [path for path, _ in model.named_children()]
    hint = "Name one that model.named_modules() has"
    if "_orig_mod" in modules:
        hint = "Watch the compiled model without classifier=…: its own output is taken; modules in it are compiled away"
    raise InputError(f"The model has no module {name!r}", ids=close[:5], hint=hint)


class Outputs:
    """What the classifier and the embedding put out while a batch is open, in any number of forward passes.

    Parameters
    ----------
    model
        The torch module whose forward pass gets the inputs, and their mask.
    classifier, embedding
        Names of modules; without a classifier the model's own output is taken, without an embedding none.
    undo
        Gets what takes the hooks back.
    """

    def __init__(self, model: Any, classifier: str | None, embedding: str | None, undo: ExitStack) -> None:  # noqa: ANN401
        self.opened = self.strayed = False  # strayed: a pass in training mode came while no batch was open
        self.skipped = False  # within a batch of an epoch that is not recorded
        self.training = True  # whether the newest pass was in training mode
        self._model, self._parameters = model, list(inspect.signature(model.forward).parameters)
        self._logits: list[Any] = []
        self._vectors: list[Any] = []
        self._mask = None
        head = model if classifier is None else module_named(model, classifier)
        encoder = None if embedding is None else module_named(model, embedding)
        if encoder is not None:
            undo.callback(model.register_forward_pre_hook(self._before, with_kwargs=True).remove)
            undo.callback(encoder.register_forward_hook(self._embedded).remove)
        undo.callback(head.register_forward_hook(self._classified).remove)

    def __reduce__(self) -> tuple[Any, ...]:
        """Copy as what listens to nothing: a copy of a model carries its hooks along, and is nobody's to record."""
        return _idle, ()

    def open(self) -> None:
        """Keep from now on what is put out."""
        self._logits, self._vectors, self._mask, self.opened = [], [], None, True

    def close(self) -> None:
        """Keep nothing any more, and let go of what was kept."""
        self._logits, self._vectors, self._mask, self.opened = [], [], None, False

    @contextmanager
    def passing(self) -> Iterator[None]:
        """Keep nothing of the passes within, and miss no ids of theirs: of an epoch that is not recorded."""
        before, self.skipped = self.skipped, True
        try:
            yield
        finally:
            self.skipped = before

    def taken(self, rows: int, columns: int, *, logits: Any = None) -> tuple[np.ndarray, np.ndarray | None]:  # noqa: ANN401
        """Return logits (rows, columns) and embeddings (rows, dimensions) of the batch.

        Parameters
        ----------
        logits
            A tensor in place of what the classifier put out.

        Raises
        ------
        InputError
            If the model was not run, or on another number of rows.
        """
        parts = self._logits if logits is None else [logits]
        if not parts:
            raise InputError(
                "The classifier put nothing out for the batch",
                hint="Run the model within the batch, and name the module that puts the logits out: classifier=…; "
                "of a model of torch.compile name none, and watch the compiled model itself",
            )
        return _logits(parts, rows, columns), _vectors(self._vectors, rows) if self._vectors else None

    def _before(self, module: Any, arguments: tuple[Any, ...], named: Mapping[str, Any]) -> None:  # noqa: ANN401
        if self.opened:
            given = dict(zip(self._parameters, arguments, strict=False)) | dict(named)
            self._mask = given.get(MASK)

    def _classified(self, module: Any, inputs: Any, output: Any) -> None:  # noqa: ANN401
        if _running_backward():
            return
        if self.opened:
            self.training = bool(self._model.training)
            values = logits_in(output)
            if values is not None:
                self._logits.append(values.detach().clone())  # the loop may change it in place
        elif self._model is not None and self._model.training and not self.skipped:
            self.strayed = True

    def _embedded(self, module: Any, inputs: Any, output: Any) -> None:  # noqa: ANN401
        if self.opened and not _running_backward():
            self._vectors.append(pooled(output, self._mask))


def _idle() -> Outputs:
    """Return one of no model, which keeps nothing."""
    made = Outputs.__new__(Outputs)
    made.opened = made.strayed = made.skipped = False
    made._model = None
    return made


def logits_in(output: Any) -> Any:  # noqa: ANN401
    """Return the logits in what a module put out: a tensor, what is called so, or the first of several; or None."""
    if isinstance(output, Mapping):
        return output.get("logits")
    if hasattr(output, "logits"):
        return output.logits
    if isinstance(output, (tuple, list)):
        return next((value for value in output if hasattr(value, "detach") and value.dim()), None)  # a loss has none
    return output if hasattr(output, "detach") else None


def pooled(output: Any, mask: Any = None) -> Any:  # noqa: ANN401
    """Return a tensor (rows, dimensions) of what an encoder put out, a copy of its own.

    A tensor (rows, tokens, dimensions) becomes the mean over the tokens: of those that the mask, 1 = token, of shape
    (rows, tokens), leaves in; without a mask of that shape over all of them, padding too.
    """
    if isinstance(output, Mapping) or hasattr(output, "last_hidden_state"):
        named = output if isinstance(output, Mapping) else vars(output)
        output = next((named[name] for name in _VECTORS if named.get(name) is not None), output)
    values = (output[0] if isinstance(output, (tuple, list)) else output).detach()
    if values.dim() != 3:
        return values.clone()
    if mask is None or tuple(mask.shape) != tuple(values.shape[:2]):
        return values.mean(dim=1)
    weights = mask.unsqueeze(-1).float()
    return (values * weights).sum(dim=1) / weights.sum(dim=1).clamp(min=1)


def ids_in(batch: Any, asked: Any) -> Any:  # noqa: ANN401
    """Return the ids that a batch brings along: by key, place or attribute, or as a function takes them; else None.

    Parameters
    ----------
    batch
        Mapping, tuple or object that a loader gave.
    asked
        What :func:`labelsift.watch` was given as ids; None for ``id``.
    """
    if callable(asked):
        return asked(batch)
    name = asked or ID
    if isinstance(batch, Mapping) or hasattr(batch, "keys"):
        return batch[name] if name in batch else None
    if isinstance(batch, (tuple, list)) and not hasattr(batch, "_fields"):
        place = int(name) if name.lstrip("-").isdigit() else None
        return batch[place] if place is not None and -len(batch) <= place < len(batch) else None
    return getattr(batch, name, None)


def listed(ids: Any) -> list[Any]:  # noqa: ANN401
    """Return the ids of a batch one by one.

    Raises
    ------
    InputError
        If they are one text, or have more dimensions than one.
    """
    values = to_numpy(ids).tolist() if hasattr(ids, "detach") or isinstance(ids, np.ndarray) else ids
    if isinstance(values, (str, bytes)) or not hasattr(values, "__iter__"):
        raise InputError(f"The ids of a batch are {type(ids).__name__}, not a list", hint="Give one id a row")
    values = [value.item() if hasattr(value, "detach") and value.numel() == 1 else value for value in values]
    if any(isinstance(value, (list, tuple)) for value in values):
        raise InputError("The ids of a batch have more than one dimension", hint="Give one id a row: ids.flatten()")
    return values


def _logits(outputs: list[Any], rows: int, columns: int) -> np.ndarray:
    values = np.concatenate([np.atleast_1d(to_numpy(output)) for output in outputs])
    _require_rows(values, rows, len(outputs), what="logits")
    return two_columns(values) if columns == 2 and values.size == rows else values  # one: the second's log odds


def _vectors(outputs: list[Any], rows: int) -> np.ndarray:
    values = np.concatenate([to_numpy(output) for output in outputs])
    _require_rows(values, rows, len(outputs), what="embeddings")
    if values.ndim != 2:
        raise InputError(
            f"The embeddings have the shape {values.shape}",
            hint="Name a module that puts out (rows, dimensions) or (rows, tokens, dimensions): embedding=…",
        )
    return values


def _require_rows(values: np.ndarray, rows: int, passes: int, *, what: str) -> None:
    if len(values) != rows:
        times = f" in {passes} forward passes" if passes > 1 else ""
        raise InputError(
            f"The model put out {len(values):,} rows of {what}{times} for a batch of {rows:,} ids",
            hint="Open one batch a forward pass, with the ids of just its rows in their order",
        )


def _running_backward() -> bool:
    """Say whether a hook runs within a backward pass, where gradient checkpoints repeat the forward pass."""
    import torch  # pyright: ignore[reportMissingImports]

    return torch._C._current_graph_task_id() != -1  # pyright: ignore[reportAttributeAccessIssue]
