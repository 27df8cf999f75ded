"""Reads of an Argilla server: workspaces, datasets with their settings, records page by page, searches."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

from labelsift.data.formatting import listed
from labelsift.errors import InputError

from .errors import SERVICE
from .transport import Json, Transport

WORKSPACE = "ARGILLA_WORKSPACE"
PAGE = 1000  # records a request
WINDOW = 10_000  # records that a search can reach
_NAMED = 250  # values that one filter names
_RECORD = ("fields", "metadata", "status", "updated_at", "external_id")
_RELATED = {"responses", "suggestions"}
_SETTINGS = ("fields", "questions", "metadata-properties", "vectors-settings")


@dataclass(frozen=True)
class Dataset:
    """A dataset with its settings, as the server describes them.

    Parameters
    ----------
    id, name, workspace
        The dataset's id, its name and that of its workspace.
    about
        The dataset itself: status, distribution, metadata.
    fields, questions, metadata, vectors
        Name → settings.
    """

    id: str
    name: str
    workspace: str
    about: Mapping[str, Any]
    fields: Mapping[str, Mapping[str, Any]]
    questions: Mapping[str, Mapping[str, Any]]
    metadata: Mapping[str, Mapping[str, Any]]
    vectors: Mapping[str, Mapping[str, Any]]

    @property
    def title(self) -> str:
        """Its name with that of its workspace, as commands take it."""
        return f"{self.workspace}/{self.name}"


class Reader(Transport):
    """Reads what an account may see."""

    def me(self) -> Json:
        """Return the account that the key is of: id, username, role."""
        return self.get("/me", what="the account", names=["id", "username", "role"])

    def workspaces(self) -> list[Json]:
        """Return the workspaces that the account sees."""
        return self.rows("/me/workspaces", what="the workspaces", names=["name"])

    def people(self) -> dict[str, str]:
        """Return user id → user name; without the right to list them, of the account alone."""
        me = self.me()
        if me["role"] == "owner":
            return {user["id"]: user["username"] for user in self.rows("/users", what="the users", names=["username"])}
        people = {me["id"]: me["username"]}
        if me["role"] == "admin":
            for space in self.workspaces():
                path = f"/workspaces/{space['id']}/users"
                people |= {user["id"]: user["username"] for user in self.rows(path, what="the users of a workspace")}
        return people

    def workspace_of(self, project: str) -> tuple[Json, str]:
        """Return the workspace of ``workspace/dataset`` or ``dataset``, and the dataset's name.

        Raises
        ------
        InputError
            If no workspace is named and the account sees several, or the named one is not there.
        """
        spaces = {space["name"]: space for space in self.workspaces()}
        first, slash, rest = project.partition("/")
        if slash and rest and first in spaces:
            return spaces[first], rest
        wanted = os.environ.get(WORKSPACE, "").strip()
        names = listed(sorted(spaces), most=20) or "none"
        if wanted:
            if wanted not in spaces:
                raise InputError(f"{WORKSPACE} names no workspace that the account sees", hint=f"There is: {names}")
            return spaces[wanted], project
        if len(spaces) != 1:
            raise InputError(
                f"{project} does not say which workspace is meant",
                hint=f"Write workspace/dataset, or set {WORKSPACE}. There is: {names}",
            )
        return next(iter(spaces.values())), project

    def datasets(self, workspace: str) -> list[Json]:
        """Return the datasets of a workspace (by its id), oldest first, without their settings."""
        names = ["name", "status", "inserted_at"]
        rows = self.rows("/me/datasets", what="the datasets", names=names, params={"workspace_id": workspace})
        return sorted(rows, key=lambda row: (str(row["inserted_at"]), row["id"]))

    def dataset(self, project: str) -> Dataset:
        """Return the dataset that ``workspace/dataset`` or ``dataset`` names.

        Raises
        ------
        InputError
            If there is none of that name.
        """
        space, name = self.workspace_of(project)
        rows = self.datasets(space["id"])
        about = next((row for row in rows if row["name"] == name), None)
        if about is None:
            names = listed([row["name"] for row in rows], most=10) or "none"
            raise InputError(f"There is no dataset {name} in the workspace {space['name']}", hint=f"There is: {names}")
        return self.settings_of(about, workspace=space["name"])

    def settings_of(self, about: Mapping[str, Any], *, workspace: str) -> Dataset:
        """Return a dataset of :meth:`datasets` with its settings."""
        settings = []
        for kind in _SETTINGS:
            path = f"/me/datasets/{about['id']}/metadata-properties" if kind == "metadata-properties" else ""
            path = path or f"/datasets/{about['id']}/{kind}"
            names = ["name"] if kind == "vectors-settings" else ["name", "settings"]
            rows = self.rows(path, what=f"the {kind} of {about['name']}", names=names)
            settings.append({row["name"]: row for row in rows})
        return Dataset(about["id"], about["name"], workspace, about, *settings)

    def records(self, dataset: str, *, include: Sequence[str] = ("responses", "suggestions")) -> Iterator[list[Json]]:
        """Yield all records of a dataset from the database, page by page, in the order in which they came."""
        offset = 0
        while True:
            params = {"offset": offset, "limit": PAGE, "include": list(include)}
            names = [*_RECORD, *_RELATED & {*include}]
            rows = self.rows(f"/datasets/{dataset}/records", what="the records", names=names, params=params)
            if rows:
                yield rows
            if len(rows) < PAGE:
                return
            offset += PAGE

    def search(
        self,
        dataset: str,
        *,
        filters: Sequence[Mapping[str, Any]] = (),
        sort: Sequence[Mapping[str, Any]] = (),
        query: Mapping[str, Any] | None = None,
        limit: int | None = None,
        include: Sequence[str] = ("responses", "suggestions"),
    ) -> Iterator[list[tuple[Json, float | None]]]:
        """Yield the records that the search index finds, page by page, each with its score.

        Parameters
        ----------
        filters, sort, query
            As the server's own search takes them.
        limit
            At most so many; the server reaches no more than ``WINDOW``.
        """
        body: dict[str, Any] = {"filters": {"and": list(filters)}} if filters else {}
        body |= ({"sort": list(sort)} if sort else {}) | ({"query": dict(query)} if query else {})
        most = WINDOW if limit is None else min(limit, WINDOW)
        offset = 0
        while offset < most:
            size = min(PAGE, most - offset)
            params = {"offset": offset, "limit": size, "include": list(include)}
            path = f"/datasets/{dataset}/records/search"
            answer = self.send("POST", path, body=body, params=params, what="a search", names=["items"])
            rows = answer["items"]
            found = [row.get("record") if isinstance(row, dict) else None for row in rows]
            self._checked_rows(found, [*_RECORD, *_RELATED & {*include}])
            if rows:
                yield [(record, row.get("query_score")) for record, row in zip(found, rows, strict=True)]
            if len(rows) < size:
                return
            offset += size

    def named(self, dataset: str, external_ids: Sequence[str], *, include: Sequence[str] = ()) -> dict[str, Json]:
        """Return external id → record, of those of these ids that are there."""
        records = self._chosen(dataset, "external_id", external_ids, include)
        return {record["external_id"]: record for record in records}

    def by_id(self, dataset: str, ids: Sequence[str], *, include: Sequence[str] = ()) -> list[Json]:
        """Return the records of these ids of the server that are there; asking for one fails where it has vectors."""
        return self._chosen(dataset, "id", ids, include)

    def _chosen(self, dataset: str, what: str, values: Sequence[str], include: Sequence[str]) -> list[Json]:
        records: list[Json] = []
        for start in range(0, len(values), _NAMED):
            scope, some = {"entity": "record", "property": what}, list(values[start : start + _NAMED])
            filters = [{"type": "terms", "scope": scope, "values": some}]
            for page in self.search(dataset, filters=filters, include=include):
                records += [record for record, _ in page]
        return records

    def indexed(self, dataset: str) -> int:
        """Count the records of a dataset that the search index has."""
        path = f"/datasets/{dataset}/records/search"
        return self.send("POST", path, body={}, params={"limit": 1}, what="a search", names=["total"])["total"]

    def responses(self, dataset: str, statuses: Sequence[str]) -> int:
        """Count the responses to a dataset that have one of these statuses, as the database knows them."""
        what = "the progress of a dataset"
        users = self.get(f"/datasets/{dataset}/users/progress", what=what, names=["users"])["users"]
        try:
            halves = [user[half] for user in users for half in ("completed", "pending")]
            return sum(int(half.get(status, 0)) for half in halves for status in statuses)
        except (KeyError, TypeError, ValueError, AttributeError):
            raise SERVICE.stranger(self.url) from None

    def link(self, dataset: str, *, sort: str = "", metadata: str = "", status: str = "pending") -> str:
        """Return the address at which the page shows a dataset's records, sorted and filtered.

        >>> Reader("http://host", "key").link("7", sort="metadata.labelsift_rank.asc")
        'http://host/dataset/7/annotation-mode?page=1&status=pending&sort=metadata.labelsift_rank.asc'
        """
        parts = [f"page=1&status={status}"]
        parts += [f"{name}={quote(value)}" for name, value in (("sort", sort), ("metadata", metadata)) if value]
        return f"{self.url}/dataset/{dataset}/annotation-mode?{'&'.join(parts)}"
