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

from .answers import asking, elsewhere, exchange, gone_is_good, holds, rows_hold, session_for, stranger
from .streaming import objects_in

if TYPE_CHECKING:
    from label_studio_sdk import LabelStudio as SDK
    from requests import Response

Json = Any  # whatever a JSON text can hold
PAGE = 1000  # tasks a request
CHUNK = 1 << 16  # bytes of a long answer
TIMEOUT = 300  # seconds; an import of thousands of tasks takes a minute on a busy server
REPEATABLE: Any = {"max_retries": 3, "timeout_in_seconds": TIMEOUT}
ONCE: Any = {"max_retries": 0, "timeout_in_seconds": TIMEOUT}
# The server filters the fields of what a task holds by the same names.
_ANSWERS = "annotations,drafts,result,completed_by,was_cancelled,lead_time,updated_at,parent_prediction"
# Without drafts and counts, which the server asks its database for a task at a time: in half the time.
SAID = "id,data,annotations,result,completed_by,was_cancelled,lead_time,created_at,updated_at,import_id"
SAID_AND_PREDICTED = f"{SAID},parent_prediction,predictions,model_version"


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
        from .signing import Signer

        self._signer = Signer()
        with self._asking("the key"):
            # With the slash, or the SDK would ask for access tokens above the path that an address may have.
            self._sdk: SDK = SDK(
                base_url=f"{self.url}/", api_key=key, httpx_client=self._signer.client(timeout=TIMEOUT), max_retries=0
            )
        self._signer.sdk = self._sdk
        self._session = session_for(self.url)
        self._session.auth = self._signer.sign

    # Reading

    def get(
        self, path: str, *, what: str, params: Mapping[str, str | int] | None = None, names: Sequence[str] = ()
    ) -> Json:
        """Return the JSON that a path answers; ``what`` names it in an error, and it must hold ``names``."""
        with self._asking(what):
            found = self._answer("GET", path, params=params).json()
        if names and not holds(found, *names):
            raise stranger(self.url)
        return found

    def _rows(
        self, path: str, *, what: str, names: Sequence[str], params: Mapping[str, str | int] | None = None
    ) -> Json:
        """Return the list that a path answers, whose objects must all have ``names``."""
        found = self.get(path, what=what, params=params)
        if not rows_hold(found, *names):
            raise stranger(self.url)
        return found

    def version(self) -> str:
        """Return the server's version, for example ``1.23.2``."""
        return str(self.get("/api/version", what="the version", names=["release"])["release"])

    def now(self) -> str:
        """Return the time by the server's clock, as filters take it."""
        with self._asking("its time"):
            answer = self._answer("GET", "/api/version")
            told = parsedate_to_datetime(answer.headers.get("Date") or formatdate(usegmt=True))
            told = told if told.tzinfo else told.replace(tzinfo=UTC)  # "-0000" says nothing of where the server is
        here = datetime.now(UTC)  # finer than the header's seconds, where both clocks agree
        now = here if abs(here - told) < timedelta(seconds=2) else told + timedelta(seconds=1)
        return now.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")

    def projects(self) -> list[dict[str, Any]]:
        """Return the projects that the account can see, oldest first: id, title, description, task_number."""
        found: list[dict[str, Any]] = []
        params: dict[str, str | int] = {"page_size": 100, "page": 1, "include": "id,title,description,task_number"}
        while True:
            page = self.get("/api/projects", what="the list of projects", params=params, names=["results"])
            if not rows_hold(page["results"], "title"):
                raise stranger(self.url)
            found += page["results"]
            if not page.get("next"):
                return sorted(found, key=lambda one: one["id"])
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
            These tasks only.
        """
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
                raise stranger(self.url)
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

    def predictions(self, project: int) -> list[dict[str, Any]]:
        """Return all predictions of a project, whoever made them."""
        return list(self.each_prediction(project))

    def each_prediction(self, project: int) -> Iterator[dict[str, Any]]:
        """Yield the predictions of a project, whoever made them.

        The server sends all of them in one answer, which may be of any length, and knows no narrower question.
        """
        with self._asking("the predictions"), self._streamed("/api/predictions/", project=project) as answer:
            for one in objects_in(answer.iter_content(CHUNK)):
                if not rows_hold([one], "task", "model_version", "result"):
                    raise stranger(self.url)
                yield one

    def people(self) -> dict[int, str]:
        """Return the e-mail address of every account that can be seen, by its id."""
        found = self._rows("/api/users", what="the accounts", names=["email"])
        return {int(one["id"]): str(one["email"]) for one in found}

    def views(self, project: int) -> list[dict[str, Any]]:
        """Return the tabs of a project, oldest first."""
        found = self._rows("/api/dm/views", what="the tabs", params={"project": project}, names=["data"])
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
                enable_empty_annotation=False,  # that nothing fits, or is to be marked, is a choice of its own
                maximum_annotations=people,
                request_options=ONCE,
            )
        number = getattr(made, "id", None)
        if not isinstance(number, int):
            raise stranger(self.url)
        return number

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
        return self._number(path, "task_count", body=body, what=f"project {project}")

    def bring_tasks(self, project: int, body: bytes) -> list[int]:
        """Import one batch of tasks as :meth:`import_tasks` does; return their ids, in its order."""
        path, params = f"/api/projects/{project}/import", {"return_task_ids": "true"}
        made = self._send("POST", path, params=params, body=body, what=f"project {project}")
        if not holds(made, "task_count") or not isinstance(made["task_count"], int):
            raise stranger(self.url)
        return [int(one) for one in made.get("task_ids") or ()]

    def import_predictions(self, project: int, predictions: Sequence[Any]) -> int:
        """Add one batch of predictions (at most 1,000) to existing tasks; all or none of it is stored."""
        path = f"/api/projects/{project}/import/predictions"
        return self._number(path, "created", body=predictions, what=f"project {project}")

    def write_task(self, task: int, data: Mapping[str, Any]) -> None:
        """Replace a task's data: whatever is not in ``data`` is gone afterwards."""
        with self._asking(f"task {task}"):
            self._sdk.tasks.update(str(task), data=dict(data), request_options=REPEATABLE)

    def create_annotation(self, task: int, annotation: Mapping[str, Any]) -> int | None:
        """Add an annotation beside those of a task; return its id, or None where its ``unique_id`` is there already."""
        import requests

        path, headers = f"/api/tasks/{task}/annotations/", {"Content-Type": "application/json"}
        with self._asking(f"an annotation of task {task}"):
            try:
                return int(self._answer("POST", path, data=body_of(annotation), headers=headers).json()["id"])
            except requests.HTTPError as error:
                if error.response is None or error.response.status_code != 409:
                    raise
        return None

    def delete_annotation(self, annotation: int) -> None:
        """Delete one annotation; one that is gone already is no error."""
        with self._asking(f"annotation {annotation}"), gone_is_good():
            self._sdk.annotations.delete(annotation, request_options=ONCE)

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
        body = {"project": project, "data": data}
        return self._number("/api/dm/views/", "id", body=body, what="a tab")

    def write_view(self, view: int, project: int, data: Mapping[str, Any]) -> None:
        """Replace what a tab shows."""
        self._send("PUT", f"/api/dm/views/{view}/", body={"project": project, "data": data}, what="a tab")

    def delete_view(self, view: int) -> None:
        """Delete a tab; one that is gone already is no error."""
        with self._asking("a tab"), gone_is_good():
            self._sdk.views.delete(str(view), request_options=ONCE)

    def validate_config(self, project: int, label_config: str) -> None:
        """Ask the server whether a labeling config fits a project with what is in it.

        Raises
        ------
        PlatformError
            If it does not fit; names the reason.
        """
        path = f"/api/projects/{project}/validate/"
        self.send("POST", path, body={"label_config": label_config}, what="the labeling config")

    def send(self, method: str, path: str, *, body: Json, what: str) -> Json:
        """Send one request that is not repeated, and return what the server answers."""
        return self._send(method, path, body=body, what=what)

    def delete(self, path: str, *, what: str) -> None:
        """Delete what stands at a path; what is gone already is no error."""
        with self._asking(what), gone_is_good():
            self._answer("DELETE", path)

    def _send(
        self, method: str, path: str, *, body: Json, what: str, params: Mapping[str, str | int] | None = None
    ) -> Json:
        data = body if isinstance(body, bytes) else body_of(body)
        headers = {"Content-Type": "application/json"}
        with self._asking(what):
            answer = self._answer(method, path, data=data, params=params, headers=headers)
            return answer.json() if answer.content else None

    def _number(self, path: str, name: str, *, body: Json, what: str) -> int:
        """Post something; return the number that the answer holds under a name."""
        found = self._send("POST", path, body=body, what=what)
        if not holds(found, name) or not isinstance(found[name], int):
            raise stranger(self.url)
        return found[name]

    def _answer(self, method: str, path: str, **more: Any) -> Response:  # noqa: ANN401
        answer = exchange(self._session, method, f"{self.url}{path}", timeout=TIMEOUT, **more)
        if answer.status_code == 401 and self._signer.renew():  # refused before anything was done
            answer = exchange(self._session, method, f"{self.url}{path}", timeout=TIMEOUT, **more)
        return self._good(answer)

    @contextlib.contextmanager
    def _streamed(self, path: str, **params: str | int) -> Iterator[Response]:
        """Ask for an answer of any length that is not read at once."""
        more: Any = {"params": params, "timeout": TIMEOUT, "stream": True, "allow_redirects": False}
        answer = self._session.get(f"{self.url}{path}", **more)
        if answer.status_code == 401 and self._signer.renew():
            answer.close()
            answer = self._session.get(f"{self.url}{path}", **more)
        with answer:
            yield self._good(answer)

    def _good(self, answer: Response) -> Response:
        if answer.is_redirect:
            raise elsewhere(self.url, answer.headers)
        answer.raise_for_status()
        return answer

    def _asking(self, what: str) -> contextlib.AbstractContextManager[None]:
        return asking(what, url=self.url, key=self._key)
