"""Which tasks of a project changed since it was pulled last, and all their answers, page by page."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from labelsift.store.pull_state import Pulled

from ..client.client import Client
from ..client.read import SAID_AND_PREDICTED
from ..convert.task_fields import PREFIX

MARGIN = timedelta(minutes=10)  # a change that the server began so long ago may show only now
CHUNK = 500  # tasks named in one address


class Changes:
    """Asks for the tasks that changed since the last pull, and remembers how far it came."""

    def __init__(self, pulled: Pulled) -> None:
        self._pulled = pulled
        self._times: dict[str, str] = dict(pulled.recent)
        self._began: str | None = None

    @property
    def empty(self) -> bool:
        """Whether the project has no flagged task."""
        return self._began is None

    def pages(self, client: Client, project: int) -> Iterator[list[dict[str, Any]]]:
        """Yield the flagged tasks that are new or changed, with their annotations and predictions."""
        flagged = {"filter": f"filter:tasks:data.{PREFIX}id", "operator": "empty", "type": "String", "value": False}
        # Asked for first: what changes while the tasks are read is later than that, however long it takes.
        self._began = client.newest_change(project, filters=[flagged])
        if self._began is None:
            return
        if not self._pulled.since:
            for page in client.tasks(project, annotations=True, include=SAID_AND_PREDICTED, filters=[flagged]):
                self._note(page)
                yield page
            return
        after = moment(datetime.fromisoformat(self._pulled.since) - MARGIN)
        late = {"filter": "filter:tasks:updated_at", "operator": "greater", "type": "Datetime", "value": after}
        changed: list[int] = []
        for page in client.tasks(project, include="id,updated_at", filters=[flagged, late]):
            changed += [task["id"] for task in page if self._times.get(str(task["id"])) != task["updated_at"]]
        for at in range(0, len(changed), CHUNK):
            some = changed[at : at + CHUNK]
            for page in client.tasks(project, annotations=True, include=SAID_AND_PREDICTED, ids=some):
                self._note(page)
                yield page

    def _note(self, page: Iterable[Mapping[str, Any]]) -> None:
        # The time is that of the content that was read: a task that changes meanwhile is read again next time.
        self._times |= {str(task["id"]): str(task["updated_at"]) for task in page}

    def close(self) -> None:
        """Keep how far the tasks are known."""
        if self._began is None:
            return
        self._pulled.since = max(self._pulled.since, self._began)
        border = moment(datetime.fromisoformat(self._pulled.since) - MARGIN)
        self._pulled.recent = {task: time for task, time in self._times.items() if time > border}


def moment(time: datetime) -> str:
    """Write a time in the one form that the server's filters read."""
    return time.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
