"""What can be wrong with one project: labeling config, backends, webhooks, model version."""

from __future__ import annotations

import contextlib
import socket
from collections.abc import Iterator, Mapping, Sequence
from typing import Any
from urllib.parse import urlsplit

from labelsift.errors import InputError
from labelsift.platforms import Health

from .client.client import Client
from .convert import task_fields as convert
from .convert.label_config import target_of
from .enable.ml_backend import LOCAL, SWITCHES, TITLE, hook_of, wires_of
from .second_look_project import find

Told = Iterator[tuple[str, str]]
SECONDS = 1.0  # for a connection, as much as Label Studio waits
_NEEDED = ("ANNOTATION_CREATED", "ANNOTATION_UPDATED", "ANNOTATIONS_DELETED", "START_TRAINING")
_SHOWN = 200  # characters of a backend's error


def check_project(client: Client, project: Mapping[str, Any]) -> Health:
    """Say what is wrong with a project and how to mend it, and what is good to know of it."""
    wires = wires_of(client, int(project["id"]))
    backends, webhooks = wires.backends, wires.webhooks
    health = Health(notes=dict(_notes(project, backends)))
    health.notes.update(_second_looks(client, project))
    try:
        target_of(project["label_config"] or "", project=str(project["title"]))
    except InputError as error:
        health.problems[error.what] = error.cure
    for backend in backends:
        health.problems.update(_backend(backend, webhooks))
    health.problems.update(_dead(webhooks, backends))
    health.problems.update(_model_version(client, project, backends))
    return health


def _notes(project: Mapping[str, Any], backends: Sequence[Mapping[str, Any]]) -> Told:
    now = project["model_version"] or ""
    if now.startswith(convert.model_version("")) or now in {one["title"] for one in backends}:
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


def _second_looks(client: Client, project: Mapping[str, Any]) -> Told:
    """Yield where second looks wait, which their people must be told."""
    looks = find(client, int(project["id"]))
    if looks is not None:
        yield (
            f"{looks['title']} holds {looks['task_number']} second looks at answers of {project['title']}",
            "Each person works in the tab of their name. disable leaves the project, because it holds people's answers",
        )


def _backend(backend: Mapping[str, Any], webhooks: Sequence[Mapping[str, Any]]) -> Told:
    name = f"The backend {backend['title']} at {_plain(backend['url'])}"
    if backend["state"] == "DI":
        yield (
            f"{name} does not answer Label Studio",
            f"Start it (labelsift serve label-studio); if it runs, Label Studio may not reach this address: set "
            f"{SWITCHES} "
            "in its environment; in a container take the service's name instead of localhost",
        )
    elif backend["state"] == "ER":
        said = str(backend["error_message"] or "no message")[:_SHOWN]
        yield f"{name} answers /setup with an error: {said}", "Its own log holds the reason"
    called = [one for one in webhooks if one["url"] == hook_of(backend["url"])]
    if not called:
        yield (
            f"{name} has no webhook: Label Studio made it by halves or somebody deleted it, and so no answer arrives",
            f"{LOCAL}; then remove the backend and connect it again: labelsift disable, labelsift enable",
        )
    for one in called:
        if not one["is_active"]:
            yield f"The webhook of {name[4:]} is switched off", "Switch it on under Settings → Webhooks"
        elif not one["send_payload"] or not (one["send_for_all_actions"] or {*_NEEDED} <= {*one["actions"]}):
            yield (
                f"The webhook of {name[4:]} does not send all that is needed",
                "Under Settings → Webhooks let it send the payload, for all actions",
            )


def _dead(webhooks: Sequence[Mapping[str, Any]], backends: Sequence[Mapping[str, Any]]) -> Told:
    """Yield a problem for each webhook that nobody listens to: the server waits for it at every answer."""
    known = {hook_of(one["url"]) for one in backends}  # of these the server itself has told
    for one in webhooks:
        if one["is_active"] and one["url"] not in known and not _listens(one["url"]):
            left = ": a removed backend leaves its webhook behind" if one["url"].endswith("/webhook") else ""
            yield (
                f"Nobody listens at the webhook {_plain(one['url'])}, and Label Studio waits for it at every answer",
                f"Delete it under Settings → Webhooks{left}. This was tried from this machine, not from the server",
            )


def _plain(url: str) -> str:
    """Return an address without the name and password that it may hold.

    >>> _plain("https://me:secret@example.com/hook?key=1")
    'https://example.com/hook'
    """
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}{parts.path}"


def _listens(url: str) -> bool:
    parts = urlsplit(url)
    with contextlib.suppress(OSError, ValueError):
        port = parts.port or (443 if parts.scheme == "https" else 80)
        socket.create_connection((parts.hostname or "", port), timeout=SECONDS).close()
        return True
    return False


def _model_version(client: Client, project: Mapping[str, Any], backends: Sequence[Mapping[str, Any]]) -> Told:
    now, title = project["model_version"] or "", project["title"]
    if not now or now in {one["title"] for one in backends}:
        return
    path = f"/api/projects/{int(project['id'])}/model-versions/"
    answer = client.get(path, what="the model versions", params={"extended": "true"})
    counts = {str(one["model_version"]): int(one["count"]) for one in answer.get("static") or ()}
    own = sorted(one for one in counts if one.startswith(convert.model_version("")))
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
