"""Local servers for the demo and the tests: an environment of their own, a free port, a clean stop.

The platforms' packages conflict with each other, so each server gets a virtual environment in a
cache folder outside the checkout, keyed by version. A server lives exactly as long as the process
that started it: a supervisor watches a pipe and ends the whole process group when it closes, also
when the starter was killed.
"""

from __future__ import annotations

import contextlib
import hashlib
import http.client
import json
import os
import shutil
import socket
import subprocess
import sys
import time
import urllib.request
import weakref
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Self

from ..errors import PlatformError
from ..store.cache_folder import cache_folder
from ..store.locking import locked

LOOPBACK = "127.0.0.1"
_DONE = "installed.json"

# Runs as the leader of the server's process group; ends the group when its standard input closes.
# It ignores SIGTERM itself, after the child was started (which would inherit that), so that it can
# still end what does not listen.
_SUPERVISOR = """
import os, signal, subprocess, sys, threading
child = subprocess.Popen(sys.argv[1:], stdin=subprocess.DEVNULL)
signal.signal(signal.SIGTERM, signal.SIG_IGN)
closing = threading.Event()
def watch():
    sys.stdin.buffer.read()
    closing.set()
    os.killpg(0, signal.SIGTERM)
    try:
        child.wait(10)
    except subprocess.TimeoutExpired:
        pass
    os.killpg(0, signal.SIGKILL)
watcher = threading.Thread(target=watch, daemon=True)
watcher.start()
code = child.wait()
if closing.is_set():
    watcher.join()
os.killpg(0, signal.SIGTERM)
sys.exit(code)
"""


def environment(
    name: str,
    requirements: Sequence[str],
    *,
    say: Callable[[str], None],
    constraints: Path | None = None,
    alone: Sequence[str] = (),
) -> Path:
    """Return the ``bin`` folder of a virtual environment with these requirements.

    Installed on first use, which takes minutes; found again by name, requirements and the version
    of Python. A half-installed environment is made anew. ``constraints`` is a file of pip's that pins
    what the requirements bring along; it counts when an environment is installed, not when one is found.
    ``alone`` is installed without what it asks for itself.
    """
    folder = _environment_folder(name, requirements, alone)
    folder.parent.mkdir(parents=True, exist_ok=True)
    with locked(folder.with_suffix(".lock")):
        if not (folder / _DONE).exists():
            everything = [*requirements, *alone]
            say(f"Installing {' '.join(alone or requirements)} into an environment of its own (once, some minutes) …")
            subprocess.run([sys.executable, "-m", "venv", "--clear", folder], check=True)
            _install(name, folder, [*requirements, *(["-c", constraints] if constraints else [])])
            if alone:
                _install(name, folder, ["--no-deps", *alone])
            (folder / _DONE).write_text(json.dumps(everything))
    return folder / "bin"


def has_environment(name: str, requirements: Sequence[str], *, alone: Sequence[str] = ()) -> bool:
    """Tell whether :func:`environment` would have nothing to install."""
    return (_environment_folder(name, requirements, alone) / _DONE).exists()


def _environment_folder(name: str, requirements: Sequence[str], alone: Sequence[str]) -> Path:
    key = hashlib.sha256(json.dumps([*requirements, *alone, sys.version_info[:2]]).encode()).hexdigest()[:8]
    return cache_folder() / "environments" / f"{name}-{key}"


def _install(name: str, folder: Path, arguments: Sequence[str | Path]) -> None:
    log = folder / "install.log"
    with log.open("ab") as out:
        command = [folder / "bin" / "python", "-m", "pip", "install", "--no-input", *arguments]
        result = subprocess.run(command, stdout=out, stderr=subprocess.STDOUT, check=False)
    if result.returncode:
        raise PlatformError(
            f"{name} could not be installed (pip ended with {result.returncode})",
            hint=f"The reason stands at the end of {log}",
        )


def prepared(name: str, prepare: Callable[[Path], None]) -> Path:
    """Return a folder of the cache that is made once, and only whole.

    Parameters
    ----------
    name
        With a version of what is in it: ``label-studio/1.23.2``.
    prepare
        Fills an empty folder that only the user can read.
    """
    folder = cache_folder() / name
    folder.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    with locked(folder.with_name(folder.name + ".lock")):
        if not folder.exists():
            half = folder.with_name(folder.name + ".half")
            shutil.rmtree(half, ignore_errors=True)
            half.mkdir(mode=0o700)
            prepare(half)
            half.rename(folder)
    return folder


def write_private(path: Path, text: str) -> None:
    """Write a file anew that only the user can read, from its first byte on."""
    with open(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w", encoding="utf-8") as out:
        out.write(text)


def free_port() -> int:
    """Return a port of the loopback interface that nobody listens on."""
    with socket.socket() as probe:
        probe.bind((LOOPBACK, 0))
        return probe.getsockname()[1]


def _answers(url: str) -> bool:
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))  # a proxy does not know our loopback
    with contextlib.suppress(OSError, http.client.HTTPException), opener.open(url, timeout=2) as answer:
        return answer.status == 200
    return False


_running: weakref.WeakSet[Server] = weakref.WeakSet()


def stop_all() -> None:
    """End every server of this process, also those that are still starting in other threads."""
    for server in list(_running):
        server.stop()


class Server:
    """A process that serves HTTP on loopback, started on entry and always stopped on exit.

    Parameters
    ----------
    command
        The program and its arguments.
    ready
        An address that answers 200 once the server can work, or a function that tells whether it can.
    log
        The file that takes everything it prints.
    env
        Variables added to this process's own.
    timeout
        Seconds to wait for readiness.
    """

    def __init__(
        self,
        command: Sequence[str | Path],
        *,
        ready: str | Callable[[], bool],
        log: Path,
        env: Mapping[str, str] | None = None,
        timeout: float = 300,
    ) -> None:
        self.command = [str(part) for part in command]
        self.ready = ready
        self.log = log
        self.env = {**os.environ, **(env or {})}
        self.timeout = timeout
        self._process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.stop()

    def start(self) -> None:
        """Start the server and wait until it is ready.

        Raises
        ------
        PlatformError
            If it ends or does not answer in time; names the log.
        """
        self.log.parent.mkdir(parents=True, exist_ok=True)
        with self.log.open("ab") as out:
            self._process = subprocess.Popen(
                [sys.executable, "-c", _SUPERVISOR, *self.command],
                stdin=subprocess.PIPE,
                stdout=out,
                stderr=subprocess.STDOUT,
                env=self.env,
                start_new_session=True,
            )
        _running.add(self)
        try:
            self._wait()
        except BaseException:
            self.stop()
            raise

    def stop(self) -> None:
        """End the server and everything that it started."""
        process, self._process = self._process, None
        if process is None or process.stdin is None:
            return
        process.stdin.close()
        process.wait()

    def alive(self) -> bool:
        """Tell whether the server runs."""
        return self._process is not None and self._process.poll() is None

    def kill(self) -> None:
        """End the server at once and without warning, as a crash would."""
        process, self._process = self._process, None
        if process is None or process.stdin is None:
            return
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, 9)
        process.wait()
        process.stdin.close()

    def _wait(self) -> None:
        ready = self.ready
        check = (lambda: _answers(ready)) if isinstance(ready, str) else ready
        end = time.monotonic() + self.timeout
        while time.monotonic() < end:
            if self._process is None or self._process.poll() is not None:
                raise PlatformError("The server ended while it was starting", hint=f"Its log is {self.log}")
            if check():
                return
            time.sleep(0.2)
        raise PlatformError(f"The server was not ready after {self.timeout:.0f} seconds", hint=f"Its log is {self.log}")
