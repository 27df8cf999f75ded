"""What seldom changes on the server, remembered for a minute: accounts, labeling configs, which projects there are."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

from ..client.client import Client

FRESH = 60.0  # seconds


class Facts:
    """Asks the server only for what is not known, or known for too long."""

    def __init__(self, client: Client) -> None:
        self.client = client
        self._held: dict[str, tuple[float, Any]] = {}

    def people(self) -> dict[int, str]:
        """Return the e-mail address of every account, by its number."""
        return self._remembered("people", self.client.people)

    def person(self, account: object) -> str:
        """Return the e-mail address of an account that an answer names."""
        number = account.get("id") if isinstance(account, dict) else account
        if not isinstance(number, int):
            return "nobody"
        if number not in self.people():
            self._held.pop("people", None)
        return self.people().get(number, f"account {number}")

    def config(self, project: int) -> str:
        """Return the labeling config of a project."""
        return self._remembered(f"config {project}", lambda: str(self.client.project(project)["label_config"]))

    def exists(self, project: int) -> bool:
        """Tell whether there is such a project."""
        known = self._remembered("projects", lambda: {int(one["id"]) for one in self.client.projects()})
        if project not in known:
            self._held.pop("projects", None)
        return project in known

    def _remembered(self, name: str, ask: Callable[[], Any]) -> Any:  # noqa: ANN401 - whatever is asked for
        at, found = self._held.get(name, (0.0, None))
        if time.monotonic() - at > FRESH or found is None:
            found = ask()
            self._held[name] = (time.monotonic(), found)
        return found
