"""Diagnosis of the connection and of a project: key, version, labeling config, backends, webhooks, model version."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from itertools import chain
from typing import Any

from labelsift.data.formatting import listed, without_secrets
from labelsift.errors import InputError, LabelsiftError
from labelsift.integrations._service import listens, open_files
from labelsift.platforms import Health
from labelsift.serving.auth import PASSWORD_FILE

from .client.auth import facts_of
from .client.client import Client
from .client.connect import connect, key
from .client.errors import KEY, KEY_FILE, SERVICE
from .convert.label_config import LabelControl, label_control_of
from .convert.task_fields import PREFIX, SOURCE, model_version
from .enable.ml_backend import LOCAL, SWITCHES, TITLE, hook_of, wires_of
from .pull.answers import is_emptied
from .pull.existing_project import FlaggedTasks
from .second_look_project import find
from .state.match import find_project
from .state.rounds import rounds_of

Lines = Iterator[tuple[str, str]]  # a problem and how to mend it, or a note and what follows from it
TESTED = "1.23."
SOON = timedelta(days=14)
_GIVEN = f"{PREFIX}given"
_NEEDED = ("ANNOTATION_CREATED", "ANNOTATION_UPDATED", "ANNOTATIONS_DELETED", "START_TRAINING")
_SHOWN = 200  # characters of a backend's error
_WHERE = "Account & Settings → Personal Access Token"


def examine(project: str | None = None) -> Health:
    """Look at the connection, and where one is named at a project; only reads.

    Listing a project's backends makes the server ask each of them for its state.
    """
    health = Health()
    try:
        _check_connection(health)
        if project is not None and not health.problems:
            client = connect()
            _check_project(client, find_project(client, project), health)
    except LabelsiftError as error:
        health.problems[error.what] = error.hint
    return health


def _check_connection(health: Health) -> None:
    health.problems.update(open_files(KEY_FILE, PASSWORD_FILE))
    now, secret = datetime.now(UTC), key()
    hopeless = dict(key_problems(secret, now=now))
    if hopeless:  # the server would only say that it does not accept it
        health.problems.update(hopeless)
        return
    health.notes.update(key_notes(secret, now=now))
    health.notes.update(SERVICE.in_the_clear())
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


def key_problems(key: str, *, now: datetime) -> Lines:
    """Yield what is wrong with a key → how to mend it."""
    facts = facts_of(key)
    if facts.kind == "access":
        yield (
            f"{KEY} holds an access token, which lasts five minutes and is refused as a key",
            f"Copy the personal access token that it was made from: {_WHERE}",
        )
    elif facts.expires and facts.expires <= now:
        yield f"The personal access token expired on {facts.expires:%Y-%m-%d}", f"Make a new one: {_WHERE}"


def key_notes(key: str, *, now: datetime) -> Lines:
    """Yield what is good to know of a key."""
    facts = facts_of(key)
    if facts.expires and now < facts.expires <= now + SOON:
        yield f"The personal access token expires on {facts.expires:%Y-%m-%d}", f"Make a new one before: {_WHERE}"


def _check_project(client: Client, project: Mapping[str, Any], health: Health) -> None:
    wires = wires_of(client, int(project["id"]))
    backends, webhooks = wires.backends, wires.webhooks
    health.notes.update(_notes(client, project, backends))
    health.problems.update(_uncounted_answers(project))
    try:
        target = label_control_of(project["label_config"] or "", project=str(project["title"]))
        health.problems.update(_emptied_problems(client, project, target))
    except InputError as error:
        health.problems[error.what] = error.hint
    for backend in backends:
        health.problems.update(_backend_problems(backend, webhooks))
    health.problems.update(_dead_webhooks(webhooks, backends))
    health.problems.update(_model_version_problems(client, project, backends))


def _notes(client: Client, project: Mapping[str, Any], backends: Sequence[Mapping[str, Any]]) -> Lines:
    now = project["model_version"] or ""
    if now.startswith(model_version("")) or now in {backend["title"] for backend in backends}:
        yield (
            f"{project['title']} pre-fills the predictions of {now}",
            "Accepting one is a single click, also a wrong one; labelsift enable without --prefill shows them beside "
            "the task only",
        )
    if backends and not project["show_collab_predictions"]:
        yield (
            f"{project['title']} shows no predictions",
            "Switch them on under Settings → Annotation, if people shall see them",
        )
    looks = find(client, int(project["id"]))
    if looks is not None:  # their people must be told
        yield (
            f"{looks['title']} holds {looks['task_number']} second looks at answers of {project['title']}",
            "Each person works in the tab of their name. disable leaves the project, because it holds people's answers",
        )


def _uncounted_answers(project: Mapping[str, Any]) -> Lines:
    """Yield a problem for tasks with an answer that do not count as labeled: see :meth:`.Client.delete_project`."""
    answered, labeled = (project.get(name) or 0 for name in ("num_tasks_with_annotations", "finished_task_number"))
    if project.get("maximum_annotations") == 1 and answered > labeled:
        yield (
            f"{project['title']} has {answered} tasks with an answer, and Label Studio counts {labeled} as labeled",
            "Two projects that are deleted at the same moment can leave it without its own signals: start it again. "
            "Tasks that were answered meanwhile may be dealt out once more",
        )


def _backend_problems(backend: Mapping[str, Any], webhooks: Sequence[Mapping[str, Any]]) -> Lines:
    name = f"The backend {backend['title']} at {without_secrets(backend['url'])}"
    if backend["state"] == "DI":
        yield (
            f"{name} does not answer Label Studio",
            "Start it (labelsift serve label-studio); if it runs, Label Studio may not reach this address: set "
            f"{SWITCHES} in its environment; in a container take the service's name instead of localhost",
        )
    elif backend["state"] == "ER":
        message = str(backend["error_message"] or "no message")[:_SHOWN]
        yield f"{name} answers /setup with an error: {message}", "Its own log holds the reason"
    hooks = [hook for hook in webhooks if hook["url"] == hook_of(backend["url"])]
    if not hooks:
        yield (
            f"{name} has no webhook: Label Studio made it by halves or somebody deleted it, and so no answer arrives",
            f"{LOCAL}; then remove the backend and connect it again: labelsift disable, labelsift enable",
        )
    for hook in hooks:
        if not hook["is_active"]:
            yield f"The webhook of {name[4:]} is switched off", "Switch it on under Settings → Webhooks"
        elif not hook["send_payload"] or not (hook["send_for_all_actions"] or {*_NEEDED} <= {*hook["actions"]}):
            yield (
                f"The webhook of {name[4:]} does not send all that is needed",
                "Under Settings → Webhooks let it send the payload, for all actions",
            )


def _emptied_problems(client: Client, project: Mapping[str, Any], target: LabelControl) -> Lines:
    """Yield a problem for flagged tasks whose label was taken off by the key that should have chosen one."""
    flagged, reviewed = FlaggedTasks(client, int(project["id"])), _reviewed_beside(client, project)
    pages = chain(flagged.answered(), flagged.answered(list(reviewed)) if reviewed else ())
    emptied = {task["id"]: task["data"] for page in pages for task in page if is_emptied(task, target)}
    if emptied:
        labels = {str(data.get(_GIVEN) or reviewed.get(id) or "?") for id, data in emptied.items()}
        yield (
            f"{project['title']} has flagged tasks whose answer holds no label any more:"
            f" {listed([str(id) for id in emptied], most=20)}",
            f"The key of a ticked label takes it off. They had {listed(sorted(labels), most=5)}: open them, choose, and"
            f' press Update. required="true" on the control {target.from_name} prevents it',
        )


def _reviewed_beside(client: Client, project: Mapping[str, Any]) -> dict[int, str]:
    """Return the tasks of a project that review projects link to → the label that each had."""
    page, given = f"{client.url}/projects/{project['id']}/data?task=", dict[int, str]()
    for current in rounds_of(client, str(project["title"])):
        for data in (task["data"] for several in client.tasks(current.project, include="id,data") for task in several):
            number = str(data.get(SOURCE) or "").removeprefix(page)
            if data.get(_GIVEN) and number.isdecimal() and number.isascii():
                given[int(number)] = str(data[_GIVEN])
    return given


def _dead_webhooks(webhooks: Sequence[Mapping[str, Any]], backends: Sequence[Mapping[str, Any]]) -> Lines:
    """Yield a problem for each webhook that nobody listens to: the server waits for it at every answer."""
    known = {hook_of(backend["url"]) for backend in backends}  # of these the server itself has told
    for hook in webhooks:
        if hook["is_active"] and hook["url"] not in known and not listens(hook["url"]):
            left = ": a removed backend leaves its webhook behind" if hook["url"].endswith("/webhook") else ""
            yield (
                f"Nobody listens at the webhook {without_secrets(hook['url'])}, and Label Studio waits for it"
                " at every answer",
                f"Delete it under Settings → Webhooks{left}. This was tried from this machine, not from the server",
            )


def _model_version_problems(client: Client, project: Mapping[str, Any], backends: Sequence[Mapping[str, Any]]) -> Lines:
    now, title = project["model_version"] or "", project["title"]
    if not now or now in {backend["title"] for backend in backends}:
        return
    counts = client.model_versions(int(project["id"]))
    own = sorted(version for version in counts if version.startswith(model_version("")))
    if not counts.get(now):
        backend = f" or of a removed backend {TITLE}" if now == TITLE else ""
        yield (
            f"{title} has the model version {now}, of which no task has a prediction{backend}",
            "Choose another under Settings → Annotation, or none",
        )
    elif now in own and now != own[-1]:
        yield (
            f"{title} pre-fills the predictions of {now}, an older run; the newest is {own[-1]}",
            "Push the newest run with --mode prefill, or choose it under Settings → Annotation",
        )
