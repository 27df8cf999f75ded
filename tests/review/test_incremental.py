"""Incremental pulls: every change is read once, also one that shows late, and a pull that fails is repeated whole."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from labelsift.review.incremental import MARGIN, changed_tasks
from labelsift.store.pull_state import Pulled

START = datetime(2026, 11, 25, tzinfo=UTC)


@dataclass
class Server:
    """Tasks by id with the time of their last change, two a page; counts whose answers were read."""

    times: dict[int, datetime] = field(default_factory=dict)
    read: list[int] = field(default_factory=list)

    def newest_change(self) -> str | None:
        return max(self.times.values()).isoformat() if self.times else None

    def changed_after(self, time: datetime) -> Iterator[list[dict[str, Any]]]:
        yield from self._pages([id for id, changed in self.times.items() if changed > time])

    def answered(self, ids: Sequence[int] | None = None) -> Iterator[list[dict[str, Any]]]:
        for page in self._pages(list(self.times) if ids is None else ids):
            self.read += [task["id"] for task in page]
            yield page

    def _pages(self, ids: Sequence[int]) -> Iterator[list[dict[str, Any]]]:
        for start in range(0, len(ids), 2):
            yield [{"id": id, "updated_at": self.times[id].isoformat()} for id in ids[start : start + 2]]


def pull(server: Server, pulled: Pulled) -> list[int]:
    server.read = []
    newest = server.newest_change()
    if newest is not None:
        list(changed_tasks(server, pulled, newest=newest))
    return sorted(server.read)


@given(
    rounds=st.lists(st.dictionaries(st.integers(1, 5), st.integers(0, 9), max_size=5), min_size=1, max_size=5),
    late=st.dictionaries(st.integers(1, 5), st.integers(1, 9), max_size=3),
)
def test_each_change_is_read_once_also_one_that_shows_within_the_margin(rounds, late):
    server, pulled = Server(), Pulled()
    for number, changes in enumerate(rounds, start=1):
        before = dict(server.times)
        server.times |= {id: START + timedelta(hours=number, minutes=minute) for id, minute in changes.items()}
        changed = [id for id, time in server.times.items() if before.get(id) != time]
        assert pull(server, pulled) == sorted(changed)
        assert pull(server, pulled) == []
    if server.times:
        border = max(server.times.values()) - MARGIN
        before = dict(server.times)
        server.times |= {id: border + timedelta(seconds=second) for id, second in late.items()}
        assert pull(server, pulled) == sorted(id for id in late if before.get(id) != server.times[id])


def test_what_fails_on_the_way_is_read_again():
    server, pulled = Server({id: START for id in range(5)}), Pulled()
    pages = changed_tasks(server, pulled, newest=START.isoformat())
    next(pages)
    pages.close()
    assert pulled == Pulled()
    assert pull(server, pulled) == [0, 1, 2, 3, 4]


@pytest.mark.parametrize("written", ["2026-11-25T00:00:00Z", "2026-11-25T00:00:00.000000+00:00"])
def test_times_are_compared_as_times(written):
    pulled = Pulled(since=written)
    list(changed_tasks(Server({1: START}), pulled, newest="2026-11-25T00:00:00.5Z"))
    assert pulled.since == "2026-11-25T00:00:00.5Z"
