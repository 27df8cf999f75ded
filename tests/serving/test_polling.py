"""Polling: what changed is queued once, what nobody told is found by reading everything, slowly where much waits."""

from __future__ import annotations

import io
import json
from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from labelsift.errors import PlatformError
from labelsift.serving import polling as kit
from labelsift.serving.database import Database
from labelsift.serving.logs import Log
from labelsift.serving.polling import Change, Polling

START = datetime(2030, 1, 1)


class Table:
    """A source: record → seconds after the start at which it changed, and which of them its index lacks."""

    def __init__(self) -> None:
        self.rows: dict[str, float] = {}
        self.unindexed: set[str] = set()
        self.urgent: set[str] = set()
        self.away = False
        self.asked: list[datetime] = []
        self.pages = 0

    def change(self, id: str) -> Change:
        return Change(id, (START + timedelta(seconds=self.rows[id])).isoformat(), id in self.urgent)

    def newest(self) -> datetime | None:
        times = [self.rows[id] for id in self.rows if id not in self.unindexed]
        return START + timedelta(seconds=max(times)) if times else None

    def changed(self, since: datetime) -> Iterator[Sequence[Change]]:
        if self.away:
            raise PlatformError("away")
        self.asked.append(since)
        rows = [self.change(id) for id in self.rows if id not in self.unindexed]
        if page := [row for row in rows if datetime.fromisoformat(row.time) >= since]:
            yield page

    def everything(self) -> Iterator[Sequence[Change]]:
        for id in list(self.rows):
            self.pages += 1
            yield [self.change(id)]


class Rig:
    def __init__(self, folder: Path) -> None:
        self.out = io.StringIO()
        self.database, self.table = Database(folder), Table()
        self.polling = Polling(self.database, log=Log(self.out))

    def ask(self) -> set[object]:
        """Ask, and look at what was queued; return which records that were."""
        self.polling._next = 0.0
        self.polling.ask({"d": self.table})
        done = set()
        while jobs := self.database.next_jobs():
            done |= {job.task for job in jobs}
            self.database.done(jobs)
        self.polling.looked_at("d", {id: self.table.change(id).time for id in done})
        return done


@pytest.fixture
def rig(tmp_path: Path) -> Iterator[Rig]:
    made = Rig(tmp_path)
    yield made
    made.database.close()


def test_what_changed_is_looked_at_once(rig):
    assert rig.ask() == set()
    rig.table.rows = {"a": 1, "b": 2}
    assert rig.ask() == {"a", "b"} and rig.ask() == set()
    rig.table.rows["a"] = 3
    assert rig.ask() == {"a"} and rig.ask() == set()
    assert rig.polling.is_known("d", "a", rig.table.change("a").time)
    assert not rig.polling.is_known("d", "b", "another time") and not rig.polling.is_known("e", "a", "")


def test_what_the_platform_stores_late_is_found(rig):
    rig.ask()
    rig.table.rows["late batch"] = 100
    assert rig.ask() == {"late batch"}
    rig.table.rows["earlier time"] = 100 - kit.SLACK.total_seconds() / 2
    assert rig.ask() == {"earlier time"}


def test_what_was_there_before_is_read_page_by_page_and_polled_for_no_more(rig):
    rig.table.rows = {f"r{row}": -1000.0 * row for row in range(3)}
    rig.table.rows |= {"new": 5_000.0}
    assert [rig.ask() for _ in range(5)] == [{"new", "r0"}, {"r1"}, {"r2"}, set(), set()]
    assert rig.table.pages == 4
    assert min(rig.table.asked) == START + timedelta(seconds=5_000) - kit.SLACK


def test_what_the_index_missed_and_what_no_time_tells_is_found_by_the_next_sweep(rig, monkeypatch):
    monkeypatch.setattr(kit, "SWEEP", 0.0)
    rig.table.rows = {"a": 1, "lost": 2}
    rig.table.unindexed = {"lost"}
    assert rig.ask() | rig.ask() == {"a", "lost"}
    [rig.ask() for _ in range(4)]
    rig.table.urgent = {"a"}  # an answer changed, and no time says so
    assert {id for _ in range(4) for id in rig.ask()} == {"a"}


def test_nothing_more_is_read_while_much_waits(rig, monkeypatch):
    monkeypatch.setattr(kit, "WAITING", 0)
    rig.table.rows = {"a": -1000, "b": 1}
    rig.polling.queue("d", ["other"])
    rig.polling.ask({"d": rig.table})
    assert rig.table.pages == 0 and len(rig.table.asked) == 1


def test_a_queue_that_is_full_loses_nothing(rig, monkeypatch):
    rig.ask()
    monkeypatch.setattr("labelsift.serving.database.OF_SOURCE", 2)
    monkeypatch.setattr(kit, "WAITING", -1)  # no sweep
    rig.table.rows = {f"r{row}": row for row in range(3)}
    assert rig.ask() == set()
    monkeypatch.setattr("labelsift.serving.database.OF_SOURCE", 3)
    assert rig.ask() == {"r0", "r1", "r2"}


def test_a_platform_that_is_away_is_said_once_and_asked_again(rig):
    rig.table.away = True
    assert rig.ask() == rig.ask() == set()
    rig.table.away = False
    rig.table.rows = {"a": 1}
    assert rig.ask() == {"a"}
    lines = [json.loads(line)["event"] for line in rig.out.getvalue().splitlines()]
    assert lines == ["polling_failed"]
