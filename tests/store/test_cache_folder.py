"""The user's cache folder: private, and locks that hold between processes."""

from __future__ import annotations

import subprocess
import sys
import threading
from pathlib import Path

import pytest
from labelsift.store.cache_folder import cache_folder, one_at_a_time

HOLDS = """
import sys
from labelsift.store.cache_folder import one_at_a_time
with one_at_a_time("count"):
    print("held", flush=True)
    sys.stdin.read()
"""


@pytest.fixture
def cache(tmp_path, monkeypatch) -> Path:
    monkeypatch.setenv("LABELSIFT_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache"


def test_the_cache_is_private(cache):
    assert cache_folder() == cache
    assert cache.stat().st_mode & 0o777 == 0o700


def test_who_comes_second_waits_for_the_other_process_unless_it_does_something_else(cache):
    entered = threading.Event()

    def enter() -> None:
        with one_at_a_time("count"):
            entered.set()

    with subprocess.Popen([sys.executable, "-c", HOLDS], stdin=subprocess.PIPE, stdout=subprocess.PIPE) as other:
        assert other.stdin and other.stdout
        assert other.stdout.readline() == b"held\n"
        second = threading.Thread(target=enter)
        second.start()
        with one_at_a_time("sort"):
            assert not entered.wait(0.3)
        other.stdin.close()
        second.join(60)
    assert entered.is_set()


def test_what_fails_inside_frees_the_lock_and_says_so(cache):
    with pytest.raises(OSError, match="theirs"), one_at_a_time("count"):
        raise OSError("theirs")
    with one_at_a_time("count"):
        pass


def test_without_a_folder_that_can_be_written_it_is_done_all_the_same(tmp_path, monkeypatch):
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("LABELSIFT_CACHE", str(tmp_path / "file" / "cache"))
    done = []
    with one_at_a_time("count"):
        done.append("count")
    assert done == ["count"]
