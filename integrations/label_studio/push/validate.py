"""Whether what is about to be sent fits the labeling config: checked before, since the server checks nothing."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from labelsift.data.media import shown_of
from labelsift.data.review_queue import ReviewItem
from labelsift.data.samples import Samples
from labelsift.data.spans import fault
from labelsift.errors import InputError

from ..convert.label_config import NONE, LabelControl


class Fitting:
    """Tells what is wrong with a task or a prediction for a labeling config.

    Parameters
    ----------
    label_config
        The config.
    target
        The control of it that holds the labels.
    """

    def __init__(self, label_config: str, target: LabelControl) -> None:
        from label_studio_sdk.label_interface.interface import LabelInterface

        self._interface = LabelInterface(label_config)
        self._known: dict[str, bool] = {}  # a label that fits, fits every task: not checked ten thousand times
        self._target = target

    def fault(self, item: ReviewItem, prediction: Mapping[str, Any] | None) -> str | None:
        """Say why an item with its prediction cannot be sent; None where it can."""
        if nothing := fault_of_new(item, self._target):
            return nothing
        if prediction is None:
            return None
        unknown = self._target.names.unknown(item.suggested)
        if unknown:
            return f"The labeling config has no label {', '.join(map(repr, unknown))}"
        wrong = fault(map(tuple, item.suggested or ()), item.text) if item.task == "spans" else None
        if wrong:
            return f"Its suggestion does not fit the text: {wrong}"
        return f"Its suggestion {item.suggested!r} does not fit the labeling config" if self._bad(prediction) else None

    def _bad(self, prediction: Mapping[str, Any]) -> bool:
        if self._target.kind == "labels":  # hardly two are the same
            return self._odd(prediction)
        key = str(prediction["result"])
        if key not in self._known:
            self._known[key] = self._odd(prediction)
        return self._known[key]

    def _odd(self, prediction: Mapping[str, Any]) -> bool:
        # The SDK holds each level of a path against all names at once, and takes what is no path of the tree.
        known = {*self._target.paths.values(), (NONE,)}
        paths = [path for region in prediction["result"] for path in region["value"].get("taxonomy", ())]
        return any(tuple(path) not in known for path in paths) or bool(
            self._interface.validate_prediction(dict(prediction), return_errors=True)
        )


def fault_of_new(item: ReviewItem, target: LabelControl) -> str | None:
    """Say why no task can be made of an item; None where one can."""
    lacking = target.medium != "text" and not item.text
    return f"There is no address of its {target.medium}" if lacking else None


def require_medium(samples: Samples, target: LabelControl, *, project: str) -> None:
    """Refuse to make tasks of samples in a project that shows something else than what they have.

    Raises
    ------
    InputError
        With what the project shows.
    """
    shown = shown_of(samples)
    if shown is None or shown.medium != target.medium:
        raise InputError(
            f"{project} shows {target.medium}s, and the samples have none to make tasks of"
            if target.medium != "audio"
            else f"{project} plays sounds, and the samples have no addresses of any",
            hint="Leave out create: what has a task already gets its suggestion",
        )
