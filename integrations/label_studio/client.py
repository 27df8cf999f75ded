"""Talking to a Label Studio server: addresses and keys, reads, writes, and errors with a cure.

label-studio-sdk writes what is single; pages and batches go as plain JSON through requests, because the
SDK builds and converts an object of every task that passes. Only calls that may be repeated are retried: a
second import of the same batch would double its tasks.
"""

from __future__ import annotations

import contextlib
import json
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from email.utils import formatdate, parsedate_to_datetime
from typing import TYPE_CHECKING, Any

from labelsift.errors import MissingExtraError

from .answers import asking, gone_is_good, holds, session_for, stranger
from .streaming import objects_in

if TYPE_CHECKING:
    from label_studio_sdk import LabelStudio as SDK
    from requests import PreparedRequest

Json = Any  # whatever a JSON text can hold
PAGE = 1000  # tasks a request
CHUNK = 1 << 16  # bytes of a long answer
TIMEOUT = 300  # seconds; an import of thousands of tasks takes a minute on a busy server
REPEATABLE: Any = {"max_retries": 3, "timeout_in_seconds": TIMEOUT}
ONCE: Any = {"max_retries": 0, "timeout_in_seconds": TIMEOUT}
# The server filters the fields of what a task holds by the same names.
_ANSWERS = "annotations,drafts,result,completed_by,was_cancelled,lead_time,updated_at"


def body_of(value: Json) -> bytes:
    """Write a request's body."""
    return json.dumps(value, ensure_ascii=False).encode()


class Client:
    """One Label Studio server and one account on it.

    Parameters
    ----------
    url
        The server's address, as in the browser.
    key
        A personal access token or a legacy token.

    Raises
    ------
    MissingExtraError
        If label-studio-sdk is not installed.
    """

    def __init__(self, url: str, key: str) -> None:
        self.url = url.rstrip("/")
        self._key = key
        try:
            from label_studio_sdk import LabelStudio as SDK
        except ImportError as error:
            raise MissingExtraError("label-studio-sdk", "label-studio", purpose="Label Studio") from error
        with self._asking("the key"):
            self._sdk: SDK = SDK(base_url=self.url, api_key=key, timeout=TIMEOUT, max_retries=0)
        self._session = session_for(self.url)
        self._session.auth = self._sign

    # Reading

    def get(
        self, path: str, *, what: str, params: Mapping[str, str | int] | None = None, names: Sequence[str] = ()
    ) -> Json:
        """Return the JSON that a path answers; ``what`` names it in an error, and it must hold ``names``."""
        with self._asking(what):
            answer = self._session.get(f"{self.url}{path}", params=params, timeout=TIMEOUT)
            answer.raise_for_status()
            found = answer.json()
        if names and not holds(found, *names):
            raise stranger(self.url)
        return found

    def version(self) -> str:
        """Return the server's version, for example ``1.23.2``."""
        return str(self.get("/api/version", what="the version", names=["release"])["release"])

    def now(self) -> str:
        """Return the time by the server's clock, as filters take it."""
        with self._asking("its time"):
            answer = self._session.get(f"{self.url}/api/version", timeout=TIMEOUT)
            answer.raise_for_status()
        told = parsedate_to_datetime(answer.headers.get("Date") or formatdate(usegmt=True))
        here = datetime.now(UTC)  # finer than the header's seconds, where both clocks agree
        now = here if abs(here - told) < timedelta(seconds=2) else told + timedelta(seconds=1)
        return now.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")

    def projects(self) -> list[dict[str, Any]]:
        """Return the projects that the account can see, oldest first: id, title, description, task_number."""
        found: list[dict[str, Any]] = []
        params: dict[str, str | int] = {"page_size": 100, "page": 1, "include": "id,title,description,task_number"}
        while True:
            page = self.get("/api/projects", what="the list of projects", params=params, names=["results"])
            found += page["results"]
            if not page.get("next"):
                return sorted(found, key=lambda one: one["id"])
            params["page"] = int(params["page"]) + 1

    def project(self, project: int) -> dict[str, Any]:
        """Return one project."""
        return self.get(f"/api/projects/{project}/", what=f"project {project}")

    def tasks(
        self,
        project: int,
        *,
        annotations: bool = False,
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
        filters
            As in a tab; all must hold.
        ids
            These tasks only.
        """
        query: dict[str, Any] = {"ordering": ["tasks:id"]}
        if filters:
            query["filters"] = {"conjunction": "and", "items": list(filters)}
        if ids is not None:
            query["selectedItems"] = {"all": False, "included": list(ids)}
        params: dict[str, str | int] = {"project": project, "page_size": PAGE, "page": 1, "query": json.dumps(query)}
        # Without "include" the server works out every column of its table: four times as slow.
        params["include"] = "id,data,meta,total_annotations,cancelled_annotations"
        params["resolve_uri"] = "false"  # data as it is stored, for a later write
        if annotations:
            params |= {"fields": "all", "include": f"{params['include']},{_ANSWERS}"}
        seen = 0
        while True:
            page = self.get("/api/tasks", what=f"the tasks of project {project}", params=params)
            if page["tasks"]:
                yield page["tasks"]
            seen += len(page["tasks"])
            if not page["tasks"] or seen >= page["total"]:
                return
            params["page"] = int(params["page"]) + 1

    def predictions(self, project: int) -> list[dict[str, Any]]:
        """Return all predictions of a project, whoever made them."""
        return list(self.each_prediction(project))

    def each_prediction(self, project: int) -> Iterator[dict[str, Any]]:
        """Yield the predictions of a project, whoever made them.

        The server sends all of them in one answer, which may be of any length, and knows no narrower question.
        """
        with self._asking("the predictions"):
            params = {"project": project}
            with self._session.get(
                f"{self.url}/api/predictions/", params=params, timeout=TIMEOUT, stream=True
            ) as answer:
                answer.raise_for_status()
                yield from objects_in(answer.iter_content(CHUNK))

    def people(self) -> dict[int, str]:
        """Return the e-mail address of every account that can be seen, by its id."""
        return {int(one["id"]): str(one["email"]) for one in self.get("/api/users", what="the accounts")}

    def views(self, project: int) -> list[dict[str, Any]]:
        """Return the tabs of a project, oldest first."""
        found = self.get("/api/dm/views", what="the tabs", params={"project": project})
        return sorted(found, key=lambda one: one["id"])

    # Writing

    def create_project(
        self, *, title: str, description: str, label_config: str, model_version: str, people: int = 1
    ) -> int:
        """Create a project whose stream serves tasks in the order of import, each to so many people; return its id."""
        with self._asking(f"a new project {title}"):
            made = self._sdk.projects.create(
                title=title,
                description=description,
                label_config=label_config,
                model_version=model_version,
                sampling="Sequential sampling",
                show_collab_predictions=True,
                maximum_annotations=people,
                request_options=ONCE,
            )
        return int(made.id or 0)

    def describe_project(self, project: int, description: str) -> None:
        """Set the project's description."""
        with self._asking(f"project {project}"):
            self._sdk.projects.update(project, description=description, request_options=REPEATABLE)

    def set_model_version(self, project: int, version: str) -> None:
        """Set the model version whose predictions are pre-filled; the server wants one that has predictions."""
        with self._asking(f"project {project}"):
            self._sdk.projects.update(project, model_version=version, request_options=REPEATABLE)

    def delete_project(self, project: int) -> None:
        """Delete a project with everything in it; one that is gone already is no error."""
        with self._asking(f"project {project}"), gone_is_good():
            self._sdk.projects.delete(project, request_options=ONCE)

    def import_tasks(self, project: int, tasks: Sequence[Any] | bytes) -> int:
        """Import one batch of tasks with their predictions; all or none of it is stored. Return how many.

        ``tasks`` may be the bytes that :func:`body_of` made, so that nothing is left to do but to send them.
        """
        body = tasks if isinstance(tasks, bytes) else body_of(tasks)
        path = f"/api/projects/{project}/import"
        return int(self._send("POST", path, body=body, what=f"project {project}")["task_count"])

    def bring_tasks(self, project: int, body: bytes) -> list[int]:
        """Import one batch of tasks as :meth:`import_tasks` does; return their ids, in its order."""
        path, params = f"/api/projects/{project}/import", {"return_task_ids": "true"}
        made = self._send("POST", path, params=params, body=body, what=f"project {project}")
        return [int(one) for one in made.get("task_ids") or ()]

    def import_predictions(self, project: int, predictions: Sequence[Any]) -> int:
        """Add one batch of predictions (at most 1,000) to existing tasks; all or none of it is stored."""
        path = f"/api/projects/{project}/import/predictions"
        return int(self._send("POST", path, body=predictions, what=f"project {project}")["created"])

    def write_task(self, task: int, data: Mapping[str, Any]) -> None:
        """Replace a task's data: whatever is not in ``data`` is gone afterwards."""
        with self._asking(f"task {task}"):
            self._sdk.tasks.update(str(task), data=dict(data), request_options=REPEATABLE)

    def delete_tasks(self, project: int, tasks: Sequence[int]) -> None:
        """Delete tasks with everything in them."""
        body = {"selectedItems": {"all": False, "included": list(tasks)}}
        params = {"id": "delete_tasks", "project": project}
        self._send("POST", "/api/dm/actions", params=params, body=body, what=f"{len(tasks)} tasks")

    def delete_prediction(self, prediction: int) -> None:
        """Delete one prediction; one that is gone already is no error."""
        with self._asking(f"prediction {prediction}"), gone_is_good():
            self._sdk.predictions.delete(prediction, request_options=ONCE)

    def delete_predictions(self, project: int, version: str) -> None:
        """Delete all predictions of one model version."""
        path = f"/api/projects/{project}/model-versions/"
        self._send("DELETE", path, body={"model_version": version}, what=f"the predictions of {version}")

    def create_view(self, project: int, data: Mapping[str, Any]) -> int:
        """Create a tab; return its id."""
        return int(self._send("POST", "/api/dm/views/", body={"project": project, "data": data}, what="a tab")["id"])

    def write_view(self, view: int, project: int, data: Mapping[str, Any]) -> None:
        """Replace what a tab shows."""
        self._send("PUT", f"/api/dm/views/{view}/", body={"project": project, "data": data}, what="a tab")

    def delete_view(self, view: int) -> None:
        """Delete a tab; one that is gone already is no error."""
        with self._asking("a tab"), gone_is_good():
            self._sdk.views.delete(str(view), request_options=ONCE)

    def _send(
        self, method: str, path: str, *, body: Json, what: str, params: Mapping[str, str | int] | None = None
    ) -> Json:
        data = body if isinstance(body, bytes) else body_of(body)
        headers = {"Content-Type": "application/json"}
        with self._asking(what):
            answer = self._session.request(
                method, f"{self.url}{path}", data=data, params=params, headers=headers, timeout=TIMEOUT
            )
            answer.raise_for_status()
            return answer.json() if answer.content else None

    def _sign(self, request: PreparedRequest) -> PreparedRequest:
        # The SDK keeps the access token of a personal access token fresh.
        request.headers["Authorization"] = self._sdk._client_wrapper.get_headers()["Authorization"]
        return request

    def _asking(self, what: str) -> contextlib.AbstractContextManager[None]:
        return asking(what, url=self.url, key=self._key)
