"""Diagnosis of the connection and of a dataset: Argilla's own package, key, version, role, Redis, search index.

What cannot be seen from outside is whether a worker takes the jobs that lie in Redis: Argilla tells nobody.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping
from importlib.metadata import PackageNotFoundError, version
from importlib.util import find_spec
from typing import Any

from labelsift.data.formatting import without_secrets
from labelsift.errors import LabelsiftError
from labelsift.integrations._service import UnansweredError, listens, open_files
from labelsift.platforms import Health

from .client.client import Client
from .client.connect import connect
from .client.errors import KEY_FILE, SERVICE, RefusedError
from .client.read import WORKSPACE
from .state.rounds import rounds_in

Lines = Iterator[tuple[str, str]]  # a problem and how to mend it, or a note and what follows from it
TESTED = "2.8."
_REINDEX = "python -m argilla_server search-engine reindex, where the server runs"


def examine(project: str | None = None) -> Health:
    """Look at the connection, and where one is named at a dataset; only reads."""
    health = Health()
    health.problems.update(package_problems())
    if health.problems:  # what its client lacks, labelsift lacks, too
        return health
    try:
        client = _check_connection(health)
        if project is not None and not health.problems:
            _check_datasets(client, project, health)
    except LabelsiftError as error:
        health.problems[error.what] = error.hint
    return health


def package_problems() -> Lines:
    """Yield a problem where Argilla's own package is installed and cannot be imported."""
    if find_spec("requests") is not None:
        return
    try:
        installed = version("argilla")
    except PackageNotFoundError:  # labelsift does not need it; what it needs itself, the client says
        return
    yield (
        f"argilla {installed} is installed and cannot be imported: it needs the package requests, which is missing, "
        "and does not say so itself",
        "pip install requests",
    )


def _check_connection(health: Health) -> Client:
    health.problems.update(open_files(KEY_FILE))
    health.notes.update(SERVICE.in_the_clear())
    client = connect()
    release = str(client.get("/version", what="the version", names=["version"])["version"])
    me = client.me()
    if not release.startswith(TESTED):
        health.problems[f"Argilla {release or 'of an unknown version'} has not been tested with labelsift"] = (
            f"Use {TESTED}x, or look closely at the first push"
        )
    health.problems.update(_role_problems(client, me))
    owner = me["role"] == "owner"
    health.problems.update(_part_problems(client, owner=owner))
    if not owner:
        health.notes["Only owners may use Argilla's webhooks"] = (
            "With this key, labelsift serve argilla asks for news every few seconds instead"
        )
    return client


def _role_problems(client: Client, me: Mapping[str, Any]) -> Lines:
    who = f"The account {me['username']}"
    if me["role"] not in ("owner", "admin"):
        yield (
            f"{who} is an {me['role']}: it can answer, but neither push nor read what others answered",
            "Take the key of an owner, or of an admin who is in the workspace",
        )
    if not client.workspaces():
        yield f"{who} is in no workspace", "Let an owner put it into one: Settings → Workspaces"
    elif os.environ.get(WORKSPACE, "").strip():
        client.workspace_of("")  # which says so where it names none


def _part_problems(client: Client, *, owner: bool) -> Lines:
    """Yield a problem for what the server needs and does not reach, and for webhooks that reach nobody."""
    if _answer(lambda: client.get("/status", what="the state of its search index")) is None:
        yield (
            "Argilla's search index (Elasticsearch or OpenSearch) does not answer: no record can be written, found or "
            "shown",
            "Start it, or set ARGILLA_ELASTICSEARCH, where the server runs; then push again",
        )
    # Of a job that nobody has the server learns in Redis, where it keeps them.
    if _answer(lambda: client.get("/jobs/labelsift-doctor", what="a job")) is None:
        yield (
            "Argilla does not reach Redis: where webhooks are set, each write and answer is stored and ends in an "
            "error all the same, and the server does not start again",
            "Start redis-server, or set ARGILLA_REDIS_URL, where the server runs",
        )
    for hook in client.rows("/webhooks", what="the webhooks", names=["url"]) if owner else ():
        if hook["enabled"] and not listens(hook["url"]):
            yield (
                f"Nobody listens at the webhook {without_secrets(hook['url'])}",
                "Start what listened there (labelsift serve argilla), or delete it; there is no page for that: DELETE "
                f"/api/v1/webhooks/{hook['id']}. This was tried from this machine, not from the server",
            )


def _answer(ask: Callable[[], Any]) -> Any:  # noqa: ANN401 -- JSON
    """Return what the server answers, empty where it refuses; None where it fails."""
    try:
        return ask()
    except RefusedError:
        return {}
    except UnansweredError as error:
        if not error.status:
            raise
        return None


def _check_datasets(client: Client, project: str, health: Health) -> None:
    """Look at the dataset and at the review datasets of its name."""
    space, name = client.workspace_of(project)
    rows = client.datasets(space["id"])
    rounds = {round.dataset: round for round in rounds_in(rows) if round.of == name}
    chosen = [row for row in rows if row["name"] == name or row["id"] in rounds]
    for row in chosen or [client.dataset(project).about]:  # which says what there is
        health.problems.update(_dataset_problems(client, row))
        if row["id"] in rounds and rounds[row["id"]].mode == "prefill":
            health.notes[f"The page of {row['name']} pre-selects the suggestions"] = (
                "Submitting one is a single key, also a wrong one; a push without --mode prefill shows them beside the "
                "text only"
            )


def _dataset_problems(client: Client, row: Mapping[str, Any]) -> Lines:
    if row["status"] != "ready":
        yield f"{row['name']} is a draft: it takes no records yet", "Publish it on its settings page"
        return
    path, params = f"/datasets/{row['id']}/records", {"limit": 1}
    answer = _answer(lambda: client.send("POST", f"{path}/search", body={}, params=params, what="a search"))
    if answer is None:
        yield f"{row['name']} cannot be searched, so that its page shows no records", _REINDEX
        return
    indexed = int(answer.get("total", 0))
    # The server stores a record before it puts it into the index, and leaves it there when that fails.
    if client.rows(path, what="a record", params={"limit": 1, "offset": indexed}):
        yield (
            f"{row['name']} has more records than the {indexed:,} in its search index: its page does not show the rest",
            _REINDEX,
        )
