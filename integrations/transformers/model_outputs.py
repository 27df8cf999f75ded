"""Outputs of a model's call: logits and embeddings, by forward hooks that stay for one step only."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager
from typing import Any

from labelsift.errors import InputError


class Outputs:
    """What one call returned: tensors (n, …) without their gradients; None where there was none."""

    def __init__(self) -> None:
        self.logits: Any = None
        self.vectors: Any = None


@contextlib.contextmanager
def listening(
    model: Any,  # noqa: ANN401 - a torch module
    rows: int,
    mask: Any,  # noqa: ANN401 - a tensor
    *,
    classifier: str | None,
    embedding: str | None,
    guard: Callable[[], AbstractContextManager[None]],
) -> Iterator[Outputs]:
    """Keep what the first call with all rows of a batch returns.

    Parameters
    ----------
    model
        What is called: the model, or what a Trainer has wrapped around it.
    rows
        How many there are in the batch.
    mask
        The batch's attention mask, or None.
    classifier, embedding
        Names of modules whose outputs are the logits and the embeddings; by default the model's own output, and that of
        its base model.
    guard
        What keeps faults of this work out of the model's call.
    """
    outputs, handles = Outputs(), []
    compiled = hasattr(model, "_orig_mod")  # hooks inside would have it compiled anew at every step
    inner = getattr(model, "module", model)

    def on_logits(module: Any, args: Any, output: Any) -> None:  # noqa: ANN401
        del module, args
        with guard():
            if outputs.logits is None or len(outputs.logits) != rows:
                outputs.logits = logits_in(output, rows)

    def on_vectors(module: Any, args: Any, kwargs: dict[str, Any], output: Any) -> None:  # noqa: ANN401
        del module, args
        with guard():
            if outputs.vectors is None:
                outputs.vectors = _pooled(output, rows, kwargs.get("attention_mask", mask))

    with guard():
        source = model if classifier is None else _named(inner, classifier)
        handles.append(source.register_forward_hook(on_logits))
        base = _named(inner, embedding) if embedding else base_of(inner)
        if base is not None and not compiled:
            handles.append(base.register_forward_hook(on_vectors, with_kwargs=True))
    try:
        yield outputs
    finally:
        for handle in handles:
            handle.remove()


def base_of(model: Any) -> Any | None:  # noqa: ANN401
    """Return the base model within a transformers model, or within what wraps one; None where there is none."""
    for module in model.modules():
        prefix = getattr(module, "base_model_prefix", "")
        base = getattr(module, prefix, None) if isinstance(prefix, str) and prefix else None
        if base is not None and base is not module and hasattr(base, "register_forward_hook"):
            return base
    return None


def logits_in(output: Any, rows: int) -> Any | None:  # noqa: ANN401
    """Return the logits of an output: by their name, else the first tensor with a row for each of the batch."""
    logits: Any
    if isinstance(output, Mapping):
        logits = next((output[name] for name in ("logits", "scores") if output.get(name) is not None), None)
    elif isinstance(output, (tuple, list)):
        logits = next((value for value in output if getattr(value, "ndim", 0) and len(value) == rows), None)
    else:
        logits = getattr(output, "logits", output)
    return logits.detach() if hasattr(logits, "detach") else None


def _pooled(output: Any, rows: int, mask: Any) -> Any | None:  # noqa: ANN401
    """Return one vector a row: the pooled state, else the mean of the last hidden states that are no padding."""
    pooled: Any = getattr(output, "pooler_output", None)
    hidden: Any = getattr(output, "last_hidden_state", None)
    if pooled is None and hidden is None:
        hidden = output[0] if isinstance(output, (tuple, list)) else output
    if pooled is not None:
        return pooled.detach().flatten(1)
    if not hasattr(hidden, "detach") or hidden.ndim < 2 or len(hidden) != rows:
        return None
    hidden = hidden.detach().float()
    if hidden.ndim != 3:
        return hidden.flatten(1)
    if getattr(mask, "shape", None) != hidden.shape[:2]:
        return hidden.mean(dim=1)
    weights = mask.to(hidden).unsqueeze(-1)
    return (hidden * weights).sum(dim=1) / weights.sum(dim=1).clamp(min=1)


def _named(model: Any, name: str) -> Any:  # noqa: ANN401
    try:
        return model.get_submodule(name)
    except AttributeError:
        known = [path for path, _ in model.named_modules() if path][:8]
        raise InputError(f"The model has no module {name}", hint=f"Name one of its own: {', '.join(known)} …") from None
