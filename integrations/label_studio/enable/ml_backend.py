"""ML backend of a project: its row and the webhook that the server makes for it, connected and taken off."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from typing import Any

from labelsift.errors import PlatformError
from labelsift.io.secret_variables import secret_of
from labelsift.serving.auth import PASSWORD, PASSWORD_FILE, USER

from ..client.client import Client

TITLE = "labelsift"
SWITCHES = "ML_BLOCK_LOCAL_IP=false and SSRF_PROTECTION_ENABLED=false"
LOCAL = (
    f"Start Label Studio with {SWITCHES} in its environment (both are needed for an address in a private network), "
    "or give the backend a public address"
)


@dataclass(frozen=True)
class Wires:
    """The backends and webhooks of a project, as the server tells them."""

    backends: list[dict[str, Any]]
    webhooks: list[dict[str, Any]]

    def made(self, url: str, *, but: tuple[Collection[int], Collection[int]] = ((), ())) -> tuple[set[int], set[int]]:
        """Return the ids of labelsift's backends and of the webhooks at an address, but those named."""
        rows = {int(row["id"]) for row in self.backends if row["url"] == url and row["title"] == TITLE}
        return rows - {*but[0]}, self.hooks(url) - {*but[1]}

    def hooks(self, url: str) -> set[int]:
        """Return the ids of the webhooks of a backend at this address."""
        return {int(hook["id"]) for hook in self.webhooks if hook["url"] == hook_of(url)}


def wires_of(client: Client, project: int) -> Wires:
    """Return the backends and webhooks of a project; the server asks each backend for its state first."""
    params = {"project": project}
    return Wires(
        backends=client.get("/api/ml", what="the backends", params=params),
        webhooks=client.get("/api/webhooks/", what="the webhooks", params=params),
    )


def hook_of(url: str) -> str:
    """Return the address of the webhook that the server makes for a backend.

    >>> hook_of("http://localhost:9090/")
    'http://localhost:9090/webhook'
    """
    return url.rstrip("/") + "/webhook"


def connect_backend(client: Client, project: int, url: str, standing: Wires) -> tuple[set[int], set[int]]:
    """Connect the backend at this address, and return the ids of its row and of a webhook that was not there before.

    A server that refuses the webhook has already stored the row (RAN on 1.23.2): then both go again.

    Raises
    ------
    PlatformError
        If the server cannot reach the backend or may not, or the backend refuses; the project is as it was then.
    """
    password = secret_of(PASSWORD, what="the password")
    body: dict[str, Any] = {"project": project, "url": url, "title": TITLE}
    if password:
        body |= {"auth_method": "BASIC_AUTH", "basic_auth_user": USER, "basic_auth_pass": password}
    refused: PlatformError | None = None
    try:
        client.send("POST", "/api/ml", body=body, what="a new backend")
    except PlatformError as error:
        refused = error
    now = wires_of(client, project)
    rows, hooks = now.made(url, but=standing.made(url))
    if refused is None and rows and now.hooks(url):
        return rows, hooks
    disconnect(client, backends=rows, webhooks=hooks)
    raise _refused(refused, url, half=bool(rows))


def disconnect(client: Client, *, backends: Collection[int], webhooks: Collection[int]) -> None:
    """Delete backends and webhooks by their ids; the server does not delete a webhook with its backend."""
    for backend in backends:
        client.delete(f"/api/ml/{backend}", what=f"backend {backend}")
    for hook in webhooks:
        client.delete(f"/api/webhooks/{hook}/", what=f"webhook {hook}")


def _refused(error: PlatformError | None, url: str, *, half: bool) -> PlatformError:
    """Say why a backend was not connected, and what to set."""
    if half:
        return PlatformError(
            f"Label Studio took the backend at {url} but may not send it webhooks: its protection against requests to "
            "private networks (SSRF) forbids that. The half-made backend was taken off again",
            hint=LOCAL,
        )
    reason = error.what if error else "it was not stored"
    if "reserved network address" in reason:
        return PlatformError(f"Label Studio may not reach the backend at {url}: {reason}", hint=LOCAL)
    if "health check failed" in reason:
        return PlatformError(
            f"Label Studio does not reach a backend at {url}",
            hint="Start it (labelsift serve label-studio), and give the address as Label Studio sees it: in a "
            "container localhost is the container itself",
        )
    if "authentication parameters" in reason:
        return PlatformError(
            f"The backend at {url} does not accept the password",
            hint=f"Set {PASSWORD} or {PASSWORD_FILE} to the one that labelsift serve was started with",
        )
    return PlatformError(f"The backend at {url} was not connected: {reason}", hint=error.hint if error else "")
