"""Operations that are paused at one of their steps while another runs: every interleaving of two, one after the other.

A step is a call that opens, makes, moves or deletes a file below a folder, takes a lock, or writes a table. Python
tells of the first kinds by audit events, in the thread that does them; nothing sleeps, and nothing depends on time.
"""

from __future__ import annotations

import os
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import lance
from labelsift.store import locking

_EVENTS = ("open", "os.mkdir", "os.rename", "os.remove", "os.rmdir", "os.link", "shutil.rmtree", "fcntl.flock")
_PATIENCE = 60  # seconds after which a test has failed
_current: list[Paused] = []  # an audit hook cannot be taken away again


class Paused:
    """An operation in a thread of its own that stops before one of its steps.

    Parameters
    ----------
    below
        The folder whose files make steps.
    stop
        The number of the step, from 0 on; one that the operation does not come to only counts them.
    """

    def __init__(self, operation: Callable[[], object], *, below: Path, stop: int) -> None:
        self.below, self.stop = str(below), stop
        self.steps: list[str] = []
        self.result: Any = None
        self.raised: BaseException | None = None
        self._at_rest, self._go_on = threading.Event(), threading.Event()
        self._thread = threading.Thread(target=self._run, args=(operation,), daemon=True)

    def step(self, name: str) -> None:
        """Count a step of this operation, and stop where it is the one."""
        if threading.current_thread() is not self._thread:
            return
        self.steps.append(name)
        if len(self.steps) == self.stop + 1:
            self._at_rest.set()
            assert self._go_on.wait(_PATIENCE)

    def start(self) -> None:
        """Run until the step, or the end."""
        _current.append(self)
        self._thread.start()
        assert self._at_rest.wait(_PATIENCE)

    def finish(self) -> None:
        """Run to the end."""
        self._go_on.set()
        self._thread.join(_PATIENCE)
        _current.remove(self)
        assert not self._thread.is_alive()

    def _run(self, operation: Callable[[], object]) -> None:
        try:
            self.result = operation()
        except BaseException as error:
            self.raised = error
        finally:
            self._at_rest.set()


def _audit(event: str, arguments: tuple[Any, ...]) -> None:
    if _current and event in _EVENTS:
        paths = [os.path.abspath(argument) for argument in arguments if isinstance(argument, (str, Path))]
        for paused in tuple(_current):
            if event == "fcntl.flock" or any(path.startswith(paused.below) for path in paths):
                paused.step(f"{event} {' '.join(paths)}")


def watch(monkeypatch: Any) -> None:
    """Tell of steps from now on, to the end of the test."""
    if not getattr(sys, "_labelsift_watched", False):  # a hook cannot be removed; importlib mode may import this twice
        sys.addaudithook(_audit)
        sys._labelsift_watched = True  # type: ignore[attr-defined]
    real = lance.write_dataset

    def write(*args: Any, **options: Any) -> Any:
        for paused in tuple(_current):
            paused.step("before a table")
        made = real(*args, **options)
        for paused in tuple(_current):
            paused.step("after a table")
        return made

    monkeypatch.setattr(lance, "write_dataset", write)


def beside(
    operation: Callable[[], object], other: Callable[[], object], *, below: Path, stop: int, monkeypatch: Any
) -> tuple[Paused, BaseException | None]:
    """Pause an operation at a step, run the other to its end or until it waits for a lock, and then both to the end."""
    first = Paused(operation, below=below, stop=stop)
    stands = threading.Event()
    real, raised = locking._taken, []

    def taken(handle: int, how: int) -> bool:
        got = real(handle, how)
        if not got:
            stands.set()
        return got

    def run() -> None:
        try:
            other()
        except BaseException as error:
            raised.append(error)
        finally:
            stands.set()

    monkeypatch.setattr(locking, "_taken", taken)
    second = threading.Thread(target=run, daemon=True)
    first.start()
    second.start()
    assert stands.wait(_PATIENCE)
    first.finish()
    second.join(_PATIENCE)
    assert not second.is_alive()
    monkeypatch.setattr(locking, "_taken", real)
    return first, raised[0] if raised else None
