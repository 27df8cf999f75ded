"""Backend subprocess on this machine, for tests, benchmarks and images."""

from __future__ import annotations

import contextlib
import json
import sys
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import requests
from labelsift.demo.local_servers import LOOPBACK, Server, free_port
from labelsift.errors import PlatformError
from labelsift.serving.auth import PASSWORD, USER


class BackendServer(Server):
    """``labelsift serve`` on loopback; ``stop`` ends it with a signal, ``kill`` as a crash would.

    Parameters
    ----------
    store
        The store's folder.
    projects
        As on the command line: ``PROJECT`` or ``PROJECT=RUN``; none for every project.
    log
        The file that takes its log.
    variables
        Environment variables: how it finds the platform.
    password
        Of Basic auth; None for none.
    options
        More of the command line, for example ``--second-look``.
    port
        Where it answers; None takes one that is free.
    platform
        The platform that is served.
    """

    def __init__(
        self,
        store: Path,
        projects: Sequence[str] = (),
        *,
        log: Path,
        variables: Mapping[str, str] | None = None,
        password: str | None = None,
        options: Sequence[str] = (),
        timeout: float = 60,
        port: int | None = None,
        platform: str = "label-studio",
    ) -> None:
        self.port = port or free_port()  # the same again after a kill
        self.url = f"http://{LOOPBACK}:{self.port}"
        self.auth = (USER, password) if password else None
        program = "from labelsift.cli import main; main()"
        command = [sys.executable, "-c", program, "serve", platform, *projects, "--store", str(store)]
        super().__init__(
            [*command, "--port", str(self.port), *options],
            ready=f"{self.url}/health",
            log=log,
            env={**(variables or {}), **({PASSWORD: password} if password else {})},
            timeout=timeout,
        )

    def health(self) -> dict[str, Any]:
        """Return what the backend says of itself."""
        answer = requests.get(self.ready, auth=self.auth, timeout=5)
        answer.raise_for_status()
        return answer.json()

    def lines(self) -> list[dict[str, Any]]:
        """Return the lines of the log so far."""
        text = self.log.read_text(encoding="utf-8") if self.log.exists() else ""
        return [json.loads(line) for line in text.splitlines() if line.startswith("{")]

    def _wait(self) -> None:
        """Wait until the runs are loaded, not only until it answers."""
        end = time.monotonic() + self.timeout
        while time.monotonic() < end:
            if self._process is None or self._process.poll() is not None:
                raise PlatformError("The backend ended while it was starting", hint=f"Its log is {self.log}")
            with contextlib.suppress(requests.RequestException):
                if "loading" not in self.health()["runs"].values():
                    return
            time.sleep(0.1)
        raise PlatformError(
            f"The backend was not ready after {self.timeout:.0f} seconds", hint=f"Its log is {self.log}"
        )
