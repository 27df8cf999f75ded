"""A real local Label Studio server for the demo and the tests, on a prepared database.

The server is installed into an environment of its own. Its first start runs some hundred database
migrations, which takes minutes; so one migrated data folder is kept in the cache as a template and
copied for every server. The login and the API key are made with the template: Label Studio reads
them only when it creates its user.
"""

from __future__ import annotations

import contextlib
import json
import secrets
import shutil
from collections.abc import Callable, Mapping
from pathlib import Path

from labelsift.demo.local_servers import LOOPBACK, Server, environment, free_port, prepared, write_private

VERSION = "1.23.2"
_CONSTRAINTS = Path(__file__).with_name("server-constraints.txt")  # renewed by `make upgrade`
USERNAME = "admin@example.com"
_TEMPLATE = f"label-studio/{VERSION}-1"  # raise the number when the variables of the first start change


class LabelStudioServer(Server):
    """A Label Studio on loopback, started on entry and always stopped on exit; once more on the same data and port.

    Parameters
    ----------
    folder
        Where its data and its log go; made private to the user.
    say
        Told what takes long.
    settings
        Environment variables in place of those that a trial needs.

    Attributes
    ----------
    url
        Its address.
    username, password, api_key
        The only account, once started: e-mail, password and legacy token.

    Examples
    --------
    >>> with LabelStudioServer(Path("/tmp/labels")) as server:  # doctest: +SKIP
    ...     print(server.url, server.username, server.password)
    """

    def __init__(
        self,
        folder: Path,
        *,
        say: Callable[[str], None] = lambda line: None,
        settings: Mapping[str, str] | None = None,
    ) -> None:
        self.folder, self._say = folder, say
        self.url = f"http://{LOOPBACK}:{free_port()}"  # the same again after a kill
        env = _variables(folder / "data", self.url) | dict(settings or {})
        super().__init__([], ready=f"{self.url}/health", log=folder / "server.log", env=env)
        self.username = self.password = self.api_key = ""

    def start(self) -> None:
        """Start the server on the data it has, or on a fresh copy of the template.

        Raises
        ------
        PlatformError
            If it cannot be installed or does not start; names the log.
        """
        programs = environment("label-studio", [f"label-studio=={VERSION}"], say=self._say, constraints=_CONSTRAINTS)
        program = programs / "label-studio"
        template = prepared(_TEMPLATE, lambda folder: _prepare(folder, program=program, say=self._say))
        account = json.loads((template / "account.json").read_text())
        self.username, self.password, self.api_key = account["username"], account["password"], account["api_key"]
        data = self.folder / "data"
        if not data.exists():
            self.folder.mkdir(parents=True, exist_ok=True)
            self.folder.chmod(0o700)
            shutil.copytree(template / "data", data)
        self.command = _command(program, self.url)
        super().start()

    def variables(self) -> dict[str, str]:
        """Return the environment variables under which labelsift finds this server."""
        return {"LABEL_STUDIO_URL": self.url, "LABEL_STUDIO_API_KEY": self.api_key}


def _prepare(folder: Path, *, program: Path, say: Callable[[str], None]) -> None:
    """Make ``account.json``, and ``data`` with a migrated database."""
    say("Preparing Label Studio's database (once, some minutes) …")
    account = {"username": USERNAME, "password": secrets.token_urlsafe(12), "api_key": secrets.token_hex(20)}
    write_private(folder / "account.json", json.dumps(account))
    first = {
        "LABEL_STUDIO_USERNAME": account["username"],
        "LABEL_STUDIO_PASSWORD": account["password"],
        "LABEL_STUDIO_USER_TOKEN": account["api_key"],
        "LABEL_STUDIO_ENABLE_LEGACY_API_TOKEN": "true",
    }
    (folder / "data").mkdir()
    url = f"http://{LOOPBACK}:{free_port()}"
    env = _variables(folder / "data", url) | first
    log = folder / "prepare.log"
    with Server(_command(program, url), ready=f"{url}/health", log=log, env=env, timeout=1200):
        pass
    with contextlib.suppress(FileNotFoundError):
        shutil.rmtree(folder / "data" / "export")


def _command(program: Path, url: str) -> list[str]:
    options = ["--no-browser", "--internal-host", LOOPBACK, "--port", url.rpartition(":")[2]]
    return [str(program), "start", *options, "--log-level", "WARNING"]


def _variables(data: Path, url: str) -> dict[str, str]:
    return {
        "LABEL_STUDIO_BASE_DATA_DIR": str(data),
        # Whatever the user's own Label Studio is told must not reach this one.
        "DJANGO_DB": "sqlite",
        "DATABASE_NAME": str(data / "label_studio.sqlite3"),
        "LABEL_STUDIO_HOST": url,
        # Nothing leaves the machine.
        "COLLECT_ANALYTICS": "false",
        "LATEST_VERSION_CHECK": "false",
        "SENTRY_DSN": "",
        "FRONTEND_SENTRY_DSN": "",
        # Both are needed before a backend on loopback may be connected.
        "ML_BLOCK_LOCAL_IP": "false",
        "SSRF_PROTECTION_ENABLED": "false",
    }
