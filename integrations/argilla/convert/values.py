"""Values both ways: labels, sets of labels and spans as labelsift and as Argilla writes them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from labelsift.data.review_queue import Value
from labelsift.data.samples import Task

TYPES: dict[Task, str] = {"classification": "label_selection", "multilabel": "multi_label_selection", "spans": "span"}


def to_argilla(value: Value) -> Any:  # noqa: ANN401 -- what a question of any type takes
    """Write a value as a response or a suggestion holds it.

    >>> to_argilla("refund"), to_argilla(["a", "b"]), to_argilla([[0, 5, "PER"]])
    ('refund', ['a', 'b'], [{'start': 0, 'end': 5, 'label': 'PER'}])
    """
    if isinstance(value, str) or not value or isinstance(value[0], str):
        return value
    return [{"start": int(start), "end": int(end), "label": label} for start, end, label in value]


def from_argilla(value: object, task: Task) -> Value | None:
    """Read what a response or a suggestion holds; None for what is of another kind.

    >>> from_argilla([{"start": 0, "end": 5, "label": "PER"}], "spans"), from_argilla(["b", "a"], "multilabel")
    ([[0, 5, 'PER']], ['a', 'b'])
    >>> from_argilla(["b"], "classification"), from_argilla(3, "spans")
    (None, None)
    """
    if task == "classification":
        return value if isinstance(value, str) else None
    if not isinstance(value, list):
        return None
    if task == "multilabel":
        return sorted(map(str, value))
    spans = [[span["start"], span["end"], span["label"]] for span in value if isinstance(span, Mapping)]
    return sorted(spans)
