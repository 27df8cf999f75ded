"""Reads of a Label Studio server, page by page; every row is checked before it is believed."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from email.utils import formatdate, parsedate_to_datetime
from typing import Any

from labelsift.integrations._service import rows_hold

from .errors import SERVICE
from .transport import Transport

PAGE = 1000  # tasks a request
NAMED = 500  # tasks that one address names
# The server filters the fields of what a task holds by the same names.
_ANSWERS = "annotations,drafts,result,completed_by,was_cancelled,lead_time,updated_at,parent_prediction"
# Without drafts and counts, which the server asks its database for a task at a time: in half the time.
SAID = "id,data,annotations,result,completed_by,was_cancelled,lead_time,created_at,updated_at,import_id"
SAID_AND_PREDICTED = f"{SAID},parent_prediction,predictions,model_version"


class Reader(Transport):
    """Reads projects, tasks, predictions, people and tabs."""

    def now(self) -> str:
        """Return the time by the server's clock, as filters take it."""
        with self._asking("its time"):
            answer = self._answer("GET", "/api/version")
            theirs = parsedate_to_datetime(answer.headers.get("Date") or formatdate(usegmt=True))
            theirs = theirs if theirs.tzinfo else theirs.replace(tzinfo=UTC)  # "-0000" does not say where it is
        ours = datetime.now(UTC)  # finer than the header's seconds, where both clocks agree
        now = ours if abs(ours - theirs) < timedelta(seconds=2) else theirs + timedelta(seconds=1)
        return now.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")

    def projects(self) -> list[dict[str, Any]]:
        """Return the projects that the account can see, oldest first: id, title, description, task_number."""
        projects: list[dict[str, Any]] = []
        params: dict[str, str | int] = {"page_size": 100, "page": 1, "include": "id,title,description,task_number"}
        while True:
            page = self.get("/api/projects", what="the list of projects", params=params, names=["results"])
            if not rows_hold(page["results"], "title"):
                raise SERVICE.stranger(self.url)
            projects += page["results"]
            if not page.get("next"):
                return sorted(projects, key=lambda project: project["id"])
            params["page"] = int(params["page"]) + 1

    def project(self, project: int) -> dict[str, Any]:
        """Return one project."""
        return self.get(f"/api/projects/{project}/", what=f"project {project}", names=["id", "title"])

    def tasks(
        self,
        project: int,
        *,
        annotations: bool = False,
        include: str = "",
        filters: Sequence[Mapping[str, Any]] = (),
        ids: Sequence[int] | None = None,
    ) -> Iterator[list[dict[str, Any]]]:
        """Yield the project's tasks in pages, oldest first: id, data and counts of answers.

        Parameters
        ----------
        project
            Its id.
        annotations
            Also the answers and drafts themselves, which takes several times as long.
        include
            These fields, parted by commas, instead of all that; those of answers only with ``annotations``.
        filters
            As in a tab; all must hold.
        ids
            These tasks only; asked for by some hundred, as they stand in the address.
        """
        if ids is not None and len(ids) > NAMED:
            for start in range(0, len(ids), NAMED):
                some = ids[start : start + NAMED]
                yield from self.tasks(project, annotations=annotations, include=include, filters=filters, ids=some)
            return
        query: dict[str, Any] = {"ordering": ["tasks:id"]}
        if filters:
            query["filters"] = {"conjunction": "and", "items": list(filters)}
        if ids is not None:
            query["selectedItems"] = {"all": False, "included": list(ids)}
        params: dict[str, str | int] = {"project": project, "page_size": PAGE, "page": 1, "query": json.dumps(query)}
        # Without "include" the server works out every column of its table: four times as slow.
        params["include"] = include or "id,data,meta,total_annotations,cancelled_annotations"
        params["resolve_uri"] = "false"  # data as it is stored, for a later write
        if annotations:
            params |= {"fields": "all", "include": include or f"{params['include']},{_ANSWERS}"}
        seen, needed = 0, ["data"] if "data" in str(params["include"]).split(",") else []
        while True:
            page = self.get(
                "/api/tasks", what=f"the tasks of project {project}", params=params, names=["tasks", "total"]
            )
            if not rows_hold(page["tasks"], *needed):
                raise SERVICE.stranger(self.url)
            if page["tasks"]:
                yield page["tasks"]
            seen += len(page["tasks"])
            if not page["tasks"] or seen >= page["total"]:
                return
            params["page"] = int(params["page"]) + 1

    def newest_change(self, project: int, *, filters: Sequence[Mapping[str, Any]] = ()) -> str | None:
        """Return the ``updated_at`` of the task that changed last; None where there is no task."""
        query = {"ordering": ["-tasks:updated_at"], "filters": {"conjunction": "and", "items": list(filters)}}
        params: dict[str, str | int] = {"project": project, "page_size": 1, "query": json.dumps(query)}
        page = self.get("/api/tasks", what=f"the tasks of project {project}", params=params | {"include": "updated_at"})
        return str(page["tasks"][0]["updated_at"]) if page["tasks"] else None

    def model_versions(self, project: int) -> dict[str, int]:
        """Return how many predictions of each model version a project has."""
        path, params = f"/api/projects/{project}/model-versions/", {"extended": "true"}
        rows = self.get(path, what="the model versions", params=params).get("static") or ()
        return {str(row["model_version"]): int(row["count"]) for row in rows}

    def has_prediction(self, task: int, version: str) -> bool:
        """Tell whether a task has a prediction of a model version."""
        rows = self._rows("/api/predictions/", what="a prediction", names=["model_version"], params={"task": task})
        return any(row["model_version"] == version for row in rows)

    def predictions(self, project: int) -> list[dict[str, Any]]:
        """Return all predictions of a project, whoever made them; the server sends them in one answer."""
        names = ["task", "model_version", "result"]
        return self._rows("/api/predictions/", what="the predictions", names=names, params={"project": project})

    def people(self) -> dict[int, str]:
        """Return the e-mail address of every account that can be seen, by its id."""
        accounts = self._rows("/api/users", what="the accounts", names=["email"])
        return {int(account["id"]): str(account["email"]) for account in accounts}

    def views(self, project: int) -> list[dict[str, Any]]:
        """Return the tabs of a project, oldest first."""
        views = self._rows("/api/dm/views", what="the tabs", params={"project": project}, names=["data"])
        return sorted(views, key=lambda view: view["id"])
