"""The client of an Argilla server: writes datasets, settings, records, suggestions and responses; reads by Reader."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from labelsift.errors import PlatformError
from labelsift.integrations._service import UnansweredError, rows_hold

from .errors import SERVICE, RefusedError, with_samples
from .read import Reader
from .transport import Json

NAME = "argilla"  # the platform's
BATCH = 500  # records that the server takes at once
_DELETED = 100  # records that it deletes at once


class Client(Reader):
    """Writes to a server; made as :class:`.transport.Transport` says."""

    def create_dataset(self, name: str, *, workspace: str, about: Mapping[str, Any]) -> Json:
        """Create a draft of a dataset in a workspace (by its id); ``about`` says what else it is."""
        body = {"name": name, "workspace_id": workspace, **about}
        return self.send("POST", "/datasets", body=body, what=f"a new dataset {name}", names=["id", "status"])

    def add_setting(self, dataset: str, kind: str, settings: Mapping[str, Any]) -> None:
        """Add a field, question, metadata property or vector to a dataset.

        Parameters
        ----------
        kind
            ``fields``, ``questions``, ``metadata-properties`` or ``vectors-settings``.
        """
        self.send("POST", f"/datasets/{dataset}/{kind}", body=settings, what=f"{kind} called {settings['name']}")

    def publish(self, dataset: str) -> None:
        """Publish a draft: from now on it takes records, and its fields and questions stay as they are."""
        self.send("PUT", f"/datasets/{dataset}/publish", what="a dataset to publish")

    def write_dataset(self, dataset: str, fields: Mapping[str, Any]) -> None:
        """Set something of a dataset: metadata, distribution, guidelines."""
        self.send("PATCH", f"/datasets/{dataset}", body=fields, what="a dataset")

    def delete_dataset(self, dataset: str) -> None:
        """Delete a dataset with everything in it; one that is gone already is no error."""
        try:
            self.delete(f"/datasets/{dataset}", what="a dataset")
        except RefusedError as error:
            if error.status != 404:  # somebody deleted it while the server was at it
                raise

    def upsert(self, dataset: str, records: Sequence[Mapping[str, Any]] | bytes, *, ids: Sequence[str]) -> list[Json]:
        """Create or change at most ``BATCH`` records, all or none of them; return them in their order.

        Records are found by ``external_id`` or ``id``. What a record that is there does not name stays, but its
        metadata are replaced as a whole. ``records`` may be the bytes of the body.

        Parameters
        ----------
        ids
            The samples of the records, in their order, for errors.
        """
        body = records if isinstance(records, bytes) else {"items": list(records)}
        try:
            return self._upsert(dataset, body, ids)
        except RefusedError as error:
            if error.status != 409:  # somebody made some of them at the same moment: now they are there
                raise
        except UnansweredError as error:
            if not error.cut:  # the server ends a connection that lay idle, maybe just when this one was sent
                raise
        self._session.close()  # it also ends the one on which it failed
        return self._upsert(dataset, body, ids)

    def _upsert(self, dataset: str, body: Json, ids: Sequence[str]) -> list[Json]:
        path, what = f"/datasets/{dataset}/records/bulk", f"{len(ids):,} records"
        try:
            rows = self.send("PUT", path, body=body, what=what, names=["items"])["items"]
        except PlatformError as error:
            raise with_samples(error, ids) from None
        if not rows_hold(rows, of=str) or len(rows) != len(ids):
            raise SERVICE.stranger(self.url)
        return rows

    def delete_records(self, dataset: str, records: Sequence[str]) -> None:
        """Delete records (by the server's ids) with everything in them."""
        for start in range(0, len(records), _DELETED):
            params = {"ids": ",".join(records[start : start + _DELETED])}
            self.delete(f"/datasets/{dataset}/records", params=params, what="records")

    def delete_suggestions(self, record: str, suggestions: Iterable[str]) -> None:
        """Delete suggestions of a record, by the server's ids."""
        self.delete(f"/records/{record}/suggestions", params={"ids": ",".join(suggestions)}, what="suggestions")

    def respond(self, record: str, values: Mapping[str, Any], *, status: str = "submitted") -> Json:
        """Answer a record as the account itself; ``values`` is question → value."""
        # Without values a discard makes the server fail.
        body = {"status": status, "values": {name: {"value": value} for name, value in values.items()}}
        return self.send("POST", f"/records/{record}/responses", body=body, what="a response", names=["id"])

    def delete_response(self, response: str) -> None:
        """Delete a response; one that is gone already is no error."""
        self.delete(f"/responses/{response}", what="a response")
