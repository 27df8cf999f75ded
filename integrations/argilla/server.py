"""A real local Argilla for the demo and the tests: Redis, search index, worker and server, on a prepared database.

The server is installed into an environment of its own, together with the search stand-in; Redis comes from the system.
One migrated database with an account is kept in the cache as a template and copied for every server.
"""

from __future__ import annotations

import contextlib
import json
import os
import re
import secrets
import shutil
import socket
import subprocess
from collections.abc import Callable
from pathlib import Path
from types import TracebackType
from typing import Self

from labelsift.demo.local_servers import LOOPBACK, Server, environment, free_port, prepared, write_private
from labelsift.errors import InputError, PlatformError

from .search_stand_in import ENGINE

VERSION = "2.8.0"
# argilla-server's typer does not run with a newer click, which it does not say itself.
REQUIREMENTS = (f"argilla-server=={VERSION}", "click<8.2", "osmem-server==0.1.6")
ELASTICSEARCH = "LABELSIFT_ARGILLA_ELASTICSEARCH"
WORKSPACE = "quality"
_CONSTRAINTS = Path(__file__).with_name("server-constraints.txt")  # renewed by `make upgrade`
_ENTRY = Path(__file__).with_name("search_stand_in.py")
_TEMPLATE = f"argilla/{VERSION}-1"  # raise the number when what is prepared changes


class ArgillaServer:
    """An Argilla on loopback, started on entry and always stopped on exit; once more on the same data and port.

    Where LABELSIFT_ARGILLA_ELASTICSEARCH names a real Elasticsearch, that is the index; else the stand-in is.

    Parameters
    ----------
    folder
        Where its data and logs go; made private to the user.
    say
        Told what takes long.

    Attributes
    ----------
    url
        Its address.
    username, password, api_key
        The owner of the workspace ``quality``, once started.
    redis, index, worker, server
        Its processes, each of which can be stopped, killed and started by itself; ``index`` is None with a real
        Elasticsearch. A new ``index`` is empty until the ``server`` is started again.

    Examples
    --------
    >>> with ArgillaServer(Path("/tmp/argilla")) as server:  # doctest: +SKIP
    ...     print(server.url, server.username, server.password)
    """

    def __init__(self, folder: Path, *, say: Callable[[str], None] = lambda line: None) -> None:
        self.folder, self._say = folder.resolve(), say
        port, self._redis_port = free_port(), free_port()
        self.url = f"http://{LOOPBACK}:{port}"
        self.username = self.password = self.api_key = ""
        self._redis_password = secrets.token_urlsafe(24)
        own, index = os.environ.get(ELASTICSEARCH, "").strip(), f"http://{LOOPBACK}:{free_port()}"
        self._search = ("elasticsearch", own) if own else (ENGINE, index)
        self.redis = self._part("redis", lambda: self._redis_number("DBSIZE") >= 0)
        self.index = None if own else self._part("index", index)
        self.worker = self._part("worker", lambda: self._redis_number("SCARD rq:workers") > 0)
        self.server = self._part("server", f"{self.url}/api/v1/status")

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.stop()

    def start(self) -> None:
        """Start all processes on the data there is, or on a fresh copy of the template.

        Raises
        ------
        InputError
            If Redis is not installed.
        PlatformError
            If the server cannot be installed, has a click that it does not run with, or does not start; names the log.
        """
        redis = redis_server()
        programs = environment("argilla", REQUIREMENTS, say=self._say, constraints=_CONSTRAINTS)
        refuse_click(programs)
        self.folder.mkdir(parents=True, exist_ok=True)
        self.folder.chmod(0o700)
        template = prepared(_TEMPLATE, lambda folder: _prepare(folder, programs=programs, say=self._say))
        account = json.loads((template / "account.json").read_text())
        self.username, self.password, self.api_key = account["username"], account["password"], account["api_key"]
        if not (self.folder / "data").exists():
            shutil.copytree(template / "data", self.folder / "data")
        shutil.rmtree(self.folder / "tmp", ignore_errors=True)
        variables = _variables(self.folder, account["secret"]) | {
            "ARGILLA_SEARCH_ENGINE": self._search[0],
            "ARGILLA_ELASTICSEARCH": self._search[1],
            "ARGILLA_REDIS_URL": f"redis://:{self._redis_password}@{LOOPBACK}:{self._redis_port}/0",
        }
        entry = [str(programs / "python"), "-I", str(_ENTRY)]
        self.redis.command = [redis, str(self._redis_settings())]
        if self.index is not None:
            binary = next(programs.parent.glob("lib/python*/site-packages/osmem_server/bin/osmem-server"))
            where = self._search[1].removeprefix("http://")
            self.index.command = [str(binary), "-addr", where, "-no-stdin-watch"]
        self.worker.command = [*entry, "work"]
        self.server.command = [*entry, "serve", self.url.rpartition(":")[2]]
        try:
            for part in self._parts():
                part.env = variables
                part.start()
        except BaseException:
            self.stop()
            raise

    def stop(self) -> None:
        """End all processes."""
        for part in reversed(self._parts()):
            part.stop()

    def kill(self) -> None:
        """End all processes at once and without warning, as a crash of the machine would."""
        for part in reversed(self._parts()):
            part.kill()

    def variables(self) -> dict[str, str]:
        """Return the environment variables under which labelsift finds this server."""
        return {"ARGILLA_API_URL": self.url, "ARGILLA_API_KEY": self.api_key, "ARGILLA_WORKSPACE": WORKSPACE}

    def _parts(self) -> list[Server]:
        return [part for part in (self.redis, self.index, self.worker, self.server) if part is not None]

    def _part(self, name: str, ready: str | Callable[[], bool]) -> Server:
        return Server([], ready=ready, log=self.folder / f"{name}.log")

    def _redis_settings(self) -> Path:
        """Write Redis's settings where only the user can read them: a command line can be read by everybody."""
        path = self.folder / "redis.conf"
        lines = [f"bind {LOOPBACK}", f"port {self._redis_port}", f"requirepass {self._redis_password}"]
        lines += ['save ""', "appendonly no", f'dir "{self.folder}"']
        write_private(path, "\n".join(lines))
        return path

    def _redis_number(self, command: str) -> int:
        """Ask Redis for a number; -1 when it does not answer."""
        with contextlib.suppress(OSError), socket.create_connection((LOOPBACK, self._redis_port), timeout=2) as line:
            line.sendall(f"AUTH {self._redis_password}\r\n{command}\r\nQUIT\r\n".encode())
            answer = b"".join(iter(lambda: line.recv(4096), b"")).decode()
            match = re.search(r"^:(\d+)", answer, re.MULTILINE)
            return int(match[1]) if match else -1
        return -1


def redis_server() -> str:
    """Return the path of the system's ``redis-server``.

    Raises
    ------
    InputError
        If there is none; says how to install it.
    """
    path = shutil.which("redis-server")
    if path is None:
        raise InputError(
            "A local Argilla needs Redis, and redis-server is not installed",
            hint="apt-get install redis-server, or on a Mac: brew install redis",
        )
    return path


def refuse_click(programs: Path) -> None:
    """Raise where the server's environment has a click with which no command of argilla-server runs.

    Raises
    ------
    PlatformError
        Names both versions and the cure.
    """
    for path in programs.parent.glob("lib/python*/site-packages/click-*.dist-info"):
        version = path.name.removeprefix("click-").removesuffix(".dist-info")
        if tuple(map(int, re.findall(r"\d+", version)[:2])) >= (8, 2):
            raise PlatformError(
                f"argilla-server {VERSION} does not run with click {version}: its typer needs a click before 8.2, and "
                "the package does not say so",
                hint=f"{programs / 'python'} -m pip install 'click<8.2'",
            )


def _prepare(folder: Path, *, programs: Path, say: Callable[[str], None]) -> None:
    """Make ``account.json``, and ``data`` with a migrated database."""
    say("Preparing Argilla's database (once, half a minute) …")
    account = {"username": "owner", "password": secrets.token_urlsafe(12), "workspace": WORKSPACE}
    account |= {"api_key": secrets.token_urlsafe(24), "secret": secrets.token_hex(32)}
    write_private(folder / "account.json", json.dumps(account))
    (folder / "data").mkdir()
    command, log = [programs / "python", "-I", _ENTRY, "prepare"], folder / "prepare.log"
    with log.open("wb") as out, (folder / "account.json").open() as given:
        env = _variables(folder, account["secret"])
        done = subprocess.run(command, stdin=given, stdout=out, stderr=out, env=env, check=False)
    if done.returncode:
        raise PlatformError("Argilla's database could not be prepared", hint=f"The reason stands in {log}")
    shutil.rmtree(folder / "tmp")


def _variables(folder: Path, secret: str) -> dict[str, str]:
    """Return the whole environment of a process: whatever the user's own Argilla is told must not reach this one."""
    others = {name: value for name, value in os.environ.items() if not name.startswith("ARGILLA_")}
    (folder / "tmp").mkdir(exist_ok=True)
    return others | {
        "ARGILLA_HOME_PATH": str(folder / "data"),
        "ARGILLA_AUTH_SECRET_KEY": secret,
        "ARGILLA_AUTH_OAUTH_CFG": str(folder / "no-oauth.yaml"),  # else .oauth.yaml of the current folder
        "TMPDIR": str(folder / "tmp"),  # each start leaves a copy of the page there
        # Nothing leaves the machine.
        "HF_HUB_OFFLINE": "1",
        "HF_HUB_DISABLE_TELEMETRY": "1",
    }
