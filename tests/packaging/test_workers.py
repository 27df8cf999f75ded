"""The plugin that deals tests to workers: evenly, the same way in every worker, and servers are known by fixtures."""

from __future__ import annotations

from pathlib import Path

import pytest
from workers import deal


def test_files_are_dealt_evenly_and_in_every_worker_alike():
    seconds = {Path(name): took for name, took in {"a": 90.0, "b": 50.0, "c": 40.0, "d": 5.0, "e": 5.0}.items()}
    dealt = deal(seconds, 2)
    assert dealt == deal(dict(reversed(seconds.items())), 2)
    loads = [sum(seconds[path] for path, worker in dealt.items() if worker == number) for number in (0, 1)]
    assert loads == [95.0, 95.0]


def test_what_takes_a_server_or_the_browser_is_marked(request):
    marked = {"server": {"server", "s3_server", "redis"}, "browser": {"chromium"}}
    for item in request.session.items:
        for mark, fixtures in marked.items():
            if fixtures & set(getattr(item, "fixturenames", ())):
                assert item.get_closest_marker(mark), item.nodeid


@pytest.mark.parametrize("workers", [1, 3])
def test_nothing_is_left_over(workers):
    paths = [Path(str(number)) for number in range(10)]
    assert set(deal(dict.fromkeys(paths, 2.0), workers)) == set(paths)


def test_the_groups_reach_the_scheduler(request):
    """pytest-xdist writes them behind the names; if it cannot, it says nothing and each worker starts every server."""
    if hasattr(request.config, "workerinput"):
        (group,) = request.node.get_closest_marker("xdist_group").args
        assert request.node.nodeid.endswith(f"@{group}")
