"""Match of a project's tasks to samples: by a value that is a sample's id, or its text, and by the kind of labels."""

from __future__ import annotations

from collections import defaultdict, deque
from collections.abc import Callable

from ..data.samples import Samples, Task
from ..errors import InputError
from ..texts.redaction import pseudonym

_KINDS: dict[Task, str] = {"classification": "single labels", "multilabel": "sets of labels", "spans": "spans"}


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
        if (name := pseudonym(value)) in known:
            return name
        waiting = of_text.get(value)
        return waiting.popleft() if waiting else None

    return find


def require_kind(task: Task, theirs: Task, *, where: str, hint: str) -> None:
    """Refuse samples whose labels are of a kind that a project cannot hold; a set can hold a single label.

    Parameters
    ----------
    where
        The place of the project's labels, for the error.

    Raises
    ------
    InputError
        With the kinds of both.
    """
    if theirs != task and (task, theirs) != ("classification", "multilabel"):
        raise InputError(f"The samples have {_KINDS[task]}, and {where} takes {_KINDS[theirs]}", hint=hint)
