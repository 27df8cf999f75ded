"""What the worker does for Argilla: finds records that came or changed, judges them, and weighs the answers to them."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from labelsift.serving.database import Id, Job
from labelsift.serving.logs import Log
from labelsift.serving.polling import Change, Polling

from ..client.client import Client
from .answers import Answers
from .datasets import ServedDataset
from .judging import judge
from .webhooks import Webhook

_UPDATED = {"entity": "record", "property": "updated_at"}


@dataclass(frozen=True)
class Records:
    """The records of one dataset; a :class:`labelsift.serving.polling.Source`.

    No time tells of an answer that was changed, so all answers are compared when everything is read.
    """

    client: Client
    entry: ServedDataset
    answers: Answers | None

    def newest(self) -> datetime | None:
        """Return the time of the newest change, as the search index has it."""
        sort = [{"scope": _UPDATED, "order": "desc"}]
        pages = self.client.search(self.entry.id, sort=sort, limit=1, include=())
        return next((datetime.fromisoformat(page[0][0]["updated_at"]) for page in pages), None)

    def changed(self, since: datetime) -> Iterator[Sequence[Change]]:
        """Yield the records that changed since a time, as the search index has them."""
        filters = [{"type": "range", "scope": _UPDATED, "ge": since.isoformat()}]
        sort = [{"scope": _UPDATED, "order": "asc"}]
        for page in self.client.search(self.entry.id, filters=filters, sort=sort, include=()):
            yield [Change(record["id"], record["updated_at"]) for record, _ in page]

    def everything(self) -> Iterator[Sequence[Change]]:
        """Yield all records, as the database has them."""
        for page in self.client.records(self.entry.id, include=("responses",) if self.answers else ()):
            yield [
                Change(
                    record["id"],
                    record["updated_at"],
                    urgent=self.answers is not None and self.answers.changed(self.entry, record),
                )
                for record in page
            ]


class Work:
    """Jobs of the queue, one a record; see :class:`labelsift.serving.worker.Work`.

    Parameters
    ----------
    entries
        Dataset id → what is served.
    answers
        Weighs answers; None leaves them alone.
    """

    def __init__(
        self,
        client: Client,
        entries: Mapping[str, ServedDataset],
        polling: Polling,
        webhook: Webhook,
        *,
        answers: Answers | None,
        log: Log,
    ) -> None:
        self._client, self.entries, self._answers, self._log = client, entries, answers, log
        self.polling, self.webhook = polling, webhook
        self._sources = {id: Records(client, entry, answers) for id, entry in entries.items()}

    def begin(self) -> None:
        """Note since when answers are looked at."""
        if self._answers is not None:
            self._answers.log.begin(self.entries)

    def problems(self) -> dict[str, str]:
        """Return which datasets do not fit their run, and why."""
        return {entry.dataset.title: entry.misfit for entry in self.entries.values() if entry.misfit}

    def catch_up(self) -> None:
        """Queue the records that came or changed, of datasets whose run is loaded."""
        self.webhook.give_up()
        self.polling.ask({id: self._sources[id] for id, entry in self.entries.items() if entry.judged})

    def ready(self, job: Job) -> threading.Event | None:
        """Return what is set once the run of a job's dataset is loaded."""
        entry = self._entry(job.project)
        return entry.served.ready if entry is not None else None

    def do(self, jobs: Sequence[Job]) -> None:
        """Look at records of one dataset; those of a dataset that is served no more do nothing."""
        entry = self._entry(jobs[0].project)
        if entry is None or not entry.judged:
            return
        asked = [str(job.task) for job in jobs if job.task is not None]
        records = self._client.by_id(entry.id, asked, include=("responses", "suggestions"))
        times = judge(self._client, entry, records, log=self._log)
        self.polling.looked_at(entry.id, times)
        if any(times.get(record["id"]) != record["updated_at"] for record in records):
            self.webhook.expect()
        if self._answers is not None:
            self._answers.look_at(entry, asked, records)

    def _entry(self, dataset: Id) -> ServedDataset | None:
        return self.entries.get(dataset) if isinstance(dataset, str) else None
