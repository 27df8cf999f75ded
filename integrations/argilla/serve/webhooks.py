"""Argilla's webhook of this process: made at the start, taken away at the end; its events are read for ids alone."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Mapping
from typing import Any

from labelsift.errors import PlatformError
from labelsift.serving.logs import Log
from labelsift.serving.signed_webhooks import is_signed, key_of

from ..client.client import Client

EVENTS = ("record.created", "record.updated", "response.created", "response.updated", "response.deleted")
PATIENCE = 120.0  # seconds in which an event must come
_WHAT, _LONGEST = "the webhooks", 40
_ABOUT = "labelsift serve: records and answers are looked at as they come"


class Webhook:
    """The webhook; without one, polling alone tells of records.

    Parameters
    ----------
    url
        The address at which Argilla reaches this process; None where it does not.
    """

    def __init__(self, client: Client, url: str | None, *, log: Log) -> None:
        self._client, self._url, self._log = client, url, log
        self._id: str | None = None
        self._key: bytes | None = None
        self._owed: float | None = None  # since when an event is to come

    @property
    def stands(self) -> bool:
        """Whether the server sends events."""
        return self._key is not None

    def register(self) -> None:
        """Make the webhook, or take the one of this address over; say why where only polling is left."""
        why = "Argilla does not reach this address" if self._url is None else ""
        try:
            if not why and self._client.me()["role"] != "owner":
                why = "Webhooks are made by owners only"
            if not why:
                body = {"url": self._url, "events": list(EVENTS), "description": _ABOUT}
                rows = self._client.rows("/webhooks", what=_WHAT)
                mine = next((row["id"] for row in rows if row["url"] == self._url), None)
                how = ("PATCH", f"/webhooks/{mine}", body | {"enabled": True}) if mine else ("POST", "/webhooks", body)
                made = self._client.send(*how[:2], body=how[2], what=_WHAT, names=["id", "secret"])
                self._id, self._key = made["id"], key_of(made["secret"])
        except PlatformError as error:  # there may be ten already
            self._log.failed("webhook_failed", error)
        self._log.say("webhook" if self.stands else "polling_only", why=why or None)

    def expect(self) -> None:
        """Note that something was written, of which an event must come."""
        if self.stands and self._owed is None:
            self._owed = time.monotonic()

    def give_up(self) -> None:
        """Take the webhook away where no event comes: without a worker Redis would be filled with them."""
        if self._owed is not None and time.monotonic() - self._owed > PATIENCE:
            self.remove()
            self._id = self._key = self._owed = None
            self._log.say(
                "polling_only", why="No event came: Argilla's worker does not run, or cannot reach this address"
            )

    def remove(self) -> None:
        """Take the webhook away; a process that was killed leaves it, and the next one takes it over."""
        if self._id is not None:
            with contextlib.suppress(PlatformError):
                self._client.delete(f"/webhooks/{self._id}", what=_WHAT)

    def signed(self, headers: Mapping[str, str], body: bytes) -> bool:
        """Tell whether a delivery was signed with the webhook's secret, and lately."""
        signed = is_signed(headers, body, self._key)
        self._owed = None if signed else self._owed
        return signed

    def about(self, event: Any) -> tuple[str, str, str | None] | None:  # noqa: ANN401 - whatever JSON holds
        """Return dataset and record of an event, and the time of the record's change; that of an answer changes none.

        None where the event is of another form.
        """
        try:
            answer = event["type"].startswith("response.")
            record = event["data"]["record"] if answer else event["data"]
            dataset, id, time = record["dataset"]["id"], record["id"], record.get("updated_at")
        except (KeyError, TypeError, AttributeError):
            return None
        fits = all(isinstance(value, str) and len(value) <= _LONGEST for value in (dataset, id, time))
        return (dataset, id, None if answer else time) if fits else None
