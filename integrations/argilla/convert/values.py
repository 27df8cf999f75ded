"""Values both ways: labels, sets of labels and spans as labelsift and as Argilla writes them."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from typing import Any

from labelsift.data.review_queue import Value
from labelsift.data.samples import Task

_AGENT = re.compile(r"[^a-zA-Z0-9-_:./\s]+")  # what the server takes in no agent's name
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


def suggestion_of(value: Value, *, score: float | None, issue: str) -> dict[str, Any]:
    """Return a suggestion of labelsift's as the server takes it: of a list it wants one score for each item.

    A score that is no number is left out.

    >>> suggestion_of(["a", "b"], score=0.9, issue="label")
    {'value': ['a', 'b'], 'score': [0.9, 0.9], 'agent': 'labelsift/label'}
    """
    sure = min(max(float(score), 0.0), 1.0) if score is not None and math.isfinite(score) else None
    several = isinstance(value, list)
    scores = ([sure] * len(value) or None) if several and sure is not None else sure
    return {"value": to_argilla(value), "score": scores, "agent": agent_of(issue)}


def agent_of(issue: str) -> str:
    """Return the agent of a suggestion, in the characters that the server takes.

    >>> agent_of("label"), agent_of("mine (é)")
    ('labelsift/label', 'labelsift/mine _')
    """
    return f"labelsift/{_AGENT.sub('_', issue).strip() or 'issue'}"[:200].rstrip()
