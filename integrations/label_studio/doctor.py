"""Finding out why labelsift and a Label Studio server do not work together."""

from __future__ import annotations

from datetime import UTC, datetime
from urllib.parse import urlsplit

from labelsift.errors import LabelsiftError
from labelsift.platforms import Health

from .checkup import check_project
from .client.connect import address, connect, key
from .client.keys import key_notes, key_problems, open_files

TESTED = "1.23."
_LOOPBACK = ("localhost", "127.0.0.1", "::1")


def examine(project: str | None = None) -> Health:
    """Look at the connection, and where one is named at a project; only reads.

    Listing a project's backends makes the server ask each of them for its state.
    """
    health = Health()
    try:
        _connection(health)
        if project is not None and not health.problems:
            _project(health, project)
    except LabelsiftError as error:
        health.problems[error.what] = error.cure
    return health


def _connection(health: Health) -> None:
    health.problems.update(open_files())
    now, secret = datetime.now(UTC), key()
    hopeless = dict(key_problems(secret, now=now))
    if hopeless:  # the server would only say that it does not accept it
        health.problems.update(hopeless)
        return
    health.notes.update(key_notes(secret, now=now))
    url = urlsplit(address())
    if url.scheme == "http" and url.hostname not in _LOOPBACK:
        health.notes[f"The key goes to {url.hostname} unencrypted"] = "Put Label Studio behind https"
    client = connect()
    about = client.get("/api/version", what="the version", names=["release"])
    client.get("/api/current-user/whoami", what="the account")
    version = str(about["release"])
    if not version.startswith(TESTED):
        health.problems[f"Label Studio {version or 'of an unknown version'} has not been tested with labelsift"] = (
            f"Use {TESTED}x, or look closely at the first push"
        )
    if about.get("edition") == "Community":
        health.notes["The community edition has no roles"] = (
            "Every account can read every task, answer and prediction, and delete projects: push nothing that "
            "a labeler must not see, and keep backups"
        )


def _project(health: Health, project: str) -> None:
    from .state.match import find_project

    client = connect()
    found = check_project(client, find_project(client, project))
    health.problems.update(found.problems)
    health.notes.update(found.notes)
