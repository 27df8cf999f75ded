"""Incremental pull by modification time: which tasks changed since the last pull, with a margin for late commits."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, Protocol

from ..store.pull_state import Pulled

MARGIN = timedelta(minutes=10)  # a change that the server began so long ago may show only now

Page = Sequence[Mapping[str, Any]]


class TaskSource(Protocol):
    """The tasks of one project into which samples were pushed; each has ``id`` and ``updated_at`` (ISO 8601)."""

    def newest_change(self) -> str | None:
        """Return the time of the newest change; None where there is no such task."""
        ...

    def changed_after(self, time: datetime) -> Iterable[Page]:
        """Yield the tasks that changed after a time, page by page: ``id`` and ``updated_at`` suffice."""
        ...

    def answered(self, ids: Sequence[Any] | None = None) -> Iterable[Page]:
        """Yield tasks with all their answers, page by page: those of these ids, or all."""
        ...


def changed_tasks(source: TaskSource, pulled: Pulled, *, newest: str) -> Iterator[Page]:
    """Yield the tasks that are new or changed since the last pull, with their answers.

    At the end, and not if the reader fails before, ``pulled`` says how far the tasks are known.

    Parameters
    ----------
    newest
        What ``source.newest_change()`` said before: what changes while the tasks are read is later than that, however
        long it takes.
    """
    times = dict(pulled.recent)

    def noted(pages: Iterable[Page]) -> Iterator[Page]:
        for page in pages:
            # The time is that of the content that was read: a task that changes meanwhile is read again next time.
            times.update({str(task["id"]): str(task["updated_at"]) for task in page})
            yield page

    if not pulled.since:
        yield from noted(source.answered())
    else:
        late = [
            task["id"]
            for page in source.changed_after(_time(pulled.since) - MARGIN)
            for task in page
            if times.get(str(task["id"])) != task["updated_at"]
        ]
        if late:
            yield from noted(source.answered(late))
    pulled.since = max(pulled.since or newest, newest, key=_time)
    border = _time(pulled.since) - MARGIN
    pulled.recent = {task: time for task, time in times.items() if _time(time) > border}


def _time(text: str) -> datetime:
    return datetime.fromisoformat(text)
