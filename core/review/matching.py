"""Match of a project's tasks to samples by a value that is a sample's id, or its text."""

from __future__ import annotations

from collections import defaultdict, deque
from collections.abc import Callable

from ..data.samples import Samples


def sample_finder(samples: Samples) -> Callable[[str], str | None]:
    """Return a function from a task's value to its sample; of equal texts the first task is the first sample's.

    It is asked once for each task, in their order.
    """
    ids = samples.ids.to_pylist()
    known, of_text = set(ids), defaultdict[str, deque[str]](deque)
    for id, text in zip(ids, samples.texts.to_pylist(), strict=True):
        of_text[text].append(id)

    def find(value: str) -> str | None:
        if value in known:
            return value
        waiting = of_text.get(value)
        return waiting.popleft() if waiting else None

    return find
