"""Plugin: marks what needs a server or a browser, and deals the tests to the workers of pytest-xdist.

Both follow from the fixtures that a test takes, so that no list of files has to be kept. Tests that share a server must
run in one worker, or each worker would start it. Label Studio takes the most time by far: it is started once a worker,
and its files are dealt so that all workers take equally long, by the durations of the last run in ``.pytest_cache`` or,
where there are none, by the number of tests. Argilla, which is four processes, is started in one worker only.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from pathlib import Path

import pytest

SERVERS = {"server", "s3_server", "redis"}  # session fixtures that start one, or for which a test starts one
ALONE = ("label_studio", "argilla")  # adapters whose tests are grouped by their server, else by file
BROWSER = "chromium"
CACHE = "labelsift/durations"
GUESS = 2.0  # seconds of a test that was never timed

_durations: dict[str, float] = defaultdict(float)


@pytest.hookimpl(tryfirst=True)  # before -m selects
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Mark every test by its fixtures and name the group of tests that stay in one worker."""
    for item in items:
        fixtures = set(getattr(item, "fixturenames", ()))
        if fixtures & SERVERS:
            item.add_marker(pytest.mark.server)
        if BROWSER in fixtures:
            item.add_marker(pytest.mark.browser)
    shared = {item.path for item in items if _takes_server(item, "label_studio")}
    seconds = _seconds([item for item in items if item.path in shared], config)
    worker_of = deal(seconds, _workers(config))
    for item in items:
        if item.path in shared:
            group = f"label_studio {worker_of[item.path]}"
        else:
            group = "argilla" if _takes_server(item, "argilla") else _group(item)
        item.add_marker(pytest.mark.xdist_group(group))


def _takes_server(item: pytest.Item, platform: str) -> bool:
    return platform in item.path.parts and "server" in getattr(item, "fixturenames", ())


def _group(item: pytest.Item) -> str:
    """Name the folder where its session fixtures are dear, else the file."""
    folder = item.path.parent
    whole = folder.name == "packaging" or (folder.parent.name == "integrations" and folder.name not in ALONE)
    return str((folder if whole else item.path).relative_to(item.config.rootpath))


def _seconds(items: list[pytest.Item], config: pytest.Config) -> dict[Path, float]:
    """Add up how long each file took the last time."""
    cache = getattr(config, "cache", None)  # none under -p no:cacheprovider
    known = cache.get(CACHE, {}) if cache else {}
    seconds: dict[Path, float] = defaultdict(float)
    for item in items:  # the long runs are never dealt to workers
        seconds[item.path] += 0 if item.get_closest_marker("soak") else known.get(item.nodeid, GUESS)
    return seconds


def deal(seconds: Mapping[Path, float], workers: int) -> dict[Path, int]:
    """Give each file to the worker that has the least to do, the longest file first (Graham 1969)."""
    loads, dealt = [0.0] * workers, {}
    for path in sorted(seconds, key=lambda path: (-seconds[path], str(path))):
        dealt[path] = loads.index(min(loads))
        loads[dealt[path]] += seconds[path]
    return dealt


def _workers(config: pytest.Config) -> int:
    inside = getattr(config, "workerinput", None)
    return int(inside["workercount"]) if inside else 1


def pytest_runtest_logreport(report: pytest.TestReport) -> None:
    """Add up how long setup, call and teardown of each test take."""
    _durations[report.nodeid] += report.duration


def pytest_sessionfinish(session: pytest.Session) -> None:
    """Keep the durations for the next run; only the process that hears of all workers does."""
    config = session.config
    cache = getattr(config, "cache", None)
    if cache and not hasattr(config, "workerinput"):
        grouped = getattr(config.option, "dist", "no") == "loadgroup"  # then each name ends in @group
        timed = {(name.rpartition("@")[0] if grouped else name): took for name, took in _durations.items()}
        cache.set(CACHE, {**cache.get(CACHE, {}), **timed})
