"""Polling of a platform for records that came or changed, where its events are hints only.

Every few seconds a source is asked what changed since the newest change that was seen, with some slack: a platform may
store late what has an older time. A record is queued that was not looked at as it is. From time to time everything is
read, a page at a time and no faster than it is worked on: what the platform's index missed, and what no time tells.
A record that is queued for nothing costs one read.
"""

from __future__ import annotations

import contextlib
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Protocol

from ..errors import PlatformError
from .database import Database, FullError, Id
from .logs import Log

POLL = 2.0  # seconds between two questions for what changed
SWEEP = 300.0  # seconds between two readings of everything
SLACK = timedelta(seconds=30)
LONG_AGO = datetime(2000, 1, 1)  # without a zone, as the times of a source are
WAITING = 1_000  # jobs that wait, above which no more are read for


@dataclass(frozen=True)
class Change:
    """A record, the time of its last change, and whether it must be looked at whatever its time says.

    Times are ISO 8601 without a zone, by the platform's own clock.
    """

    record: Id
    time: str
    urgent: bool = False


class Source(Protocol):
    """Where the records of one project are read."""

    def newest(self) -> datetime | None:
        """Return the time of the newest change; None where there is no record."""
        ...

    def changed(self, since: datetime) -> Iterator[Sequence[Change]]:
        """Yield the records that changed since a time, oldest change first, page by page."""
        ...

    def everything(self) -> Iterator[Sequence[Change]]:
        """Yield all records, page by page."""
        ...


@dataclass
class _State:
    newest: datetime | None = None
    sweep: Iterator[Sequence[Change]] | None = None
    next_sweep: float = 0.0
    away: bool = False
    known: dict[Id, str] = field(default_factory=dict)  # record → time of the change up to which it was looked at


class Polling:
    """What is known of the records of projects, and the questions for more."""

    def __init__(self, database: Database, *, log: Log) -> None:
        self._database, self._log = database, log
        self._states: dict[Id, _State] = {}
        self._next = 0.0

    def looked_at(self, project: Id, times: Mapping[str, str]) -> None:
        """Note that records were looked at as they were at a time."""
        self._state(project).known.update(times)

    def is_known(self, project: Id, record: Id, time: str) -> bool:
        """Tell whether a record was looked at as it is."""
        return self._state(project).known.get(record) == time

    def ask(self, sources: Mapping[Id, Source]) -> None:
        """Queue what came or changed; a platform that is away is asked again, and named in the log once."""
        began = time.monotonic()
        if began < self._next:
            return
        for project, source in sources.items():
            state = self._state(project)
            try:
                self._poll(project, source, state)
                self._sweep(project, source, state)
                state.away = False
            except PlatformError as error:
                state.sweep = None
                if not state.away:
                    self._log.failed("polling_failed", error, project=project)
                state.away = True
        now = time.monotonic()
        self._next = now + 2 * (now - began)  # a slow platform is asked less often

    def queue(self, project: Id, records: Sequence[Id], *, source: str = "") -> None:
        """Note on the disk that records are to be looked at; raises FullError."""
        if records:
            self._database.add_jobs("annotation", project, [(None, record) for record in records], source=source)

    def _state(self, project: Id) -> _State:
        return self._states.setdefault(project, _State())

    def _poll(self, project: Id, source: Source, state: _State) -> None:
        if state.newest is None:
            state.newest = source.newest() or LONG_AGO  # what was there before is the sweep's
        newest = state.newest
        for page in source.changed(max(newest - SLACK, LONG_AGO)):
            with contextlib.suppress(FullError):  # they are found again
                self.queue(project, self._missed(state, page), source="poll")
            newest = max([newest, *(datetime.fromisoformat(change.time) for change in page)])
        state.newest = newest

    def _sweep(self, project: Id, source: Source, state: _State) -> None:
        if self._database.job_counts().get("pending", 0) > WAITING:
            return
        if state.sweep is None:
            if time.monotonic() < state.next_sweep:
                return
            state.sweep = source.everything()
        page = next(state.sweep, None)
        if page is None:
            state.sweep, state.next_sweep = None, time.monotonic() + SWEEP
        else:
            self.queue(project, self._missed(state, page))

    def _missed(self, state: _State, page: Sequence[Change]) -> list[Id]:
        return [change.record for change in page if change.urgent or state.known.get(change.record) != change.time]
