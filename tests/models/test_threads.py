"""Limits of threads: one while something computes, as before afterwards, and none where the user set a number."""

from pathlib import Path
from threading import Barrier, Thread

import faiss  # noqa: F401 - its libraries are there, as they are in a scan
import numpy as np
import pytest
from labelsift.models.threads import VARIABLES, limited_threads
from threadpoolctl import threadpool_info, threadpool_limits


class Counts:
    """The threads of the libraries that threads can be set of, but for torch's, which labelsift leaves alone.

    Other tests of the process may have loaded more: OpenCV, which Keras brings, has a BLAS that stays at one thread.
    """

    def __init__(self):
        settable = [library for library in threadpool_info() if library["num_threads"] == 2]
        self.paths = {library["filepath"] for library in settable if "torch" not in Path(library["filepath"]).parts}

    def __call__(self, api):
        libraries = [library for library in threadpool_info() if library["filepath"] in self.paths]
        return {library["num_threads"] for library in libraries if library["user_api"] == api}


@pytest.fixture
def counts(monkeypatch):
    for name in VARIABLES:
        monkeypatch.delenv(name, raising=False)
    np.ones((2, 2)) @ np.ones((2, 2))
    with threadpool_limits(2):
        counts = Counts()
        assert counts("blas") == counts("openmp") == {2}
        yield counts


def test_one_thread_within_and_as_before_afterwards(counts):
    with limited_threads():
        assert counts("blas") == counts("openmp") == {1}
    assert counts("blas") == counts("openmp") == {2}


def test_an_error_gives_the_threads_back(counts):
    @limited_threads()
    def fail():
        assert counts("blas") == {1}
        raise ValueError("no")

    with pytest.raises(ValueError, match="no"):
        fail()
    assert counts("blas") == counts("openmp") == {2}


@pytest.mark.parametrize("name", VARIABLES)
def test_a_number_that_the_user_set_is_left_alone(counts, monkeypatch, name):
    monkeypatch.setenv(name, "2")
    with limited_threads():
        assert counts("blas") == counts("openmp") == {2}


def test_calls_that_overlap_leave_the_threads_as_they_were(counts):
    entered, first_left = Barrier(2, timeout=20), Barrier(2, timeout=20)

    def second():
        with limited_threads():
            entered.wait()
            first_left.wait()

    other = Thread(target=second)
    with limited_threads():
        other.start()
        entered.wait()
        while_both_compute = counts("blas") | counts("openmp")
    first_left.wait()
    other.join()
    assert while_both_compute == {1}
    assert counts("blas") == counts("openmp") == {2}
