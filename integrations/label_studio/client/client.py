"""A Label Studio server as labelsift speaks to it: what it reads (:mod:`.reader`), and what it writes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from .errors import gone_is_good, holds, stranger
from .read import Reader
from .transport import TIMEOUT, body_of

REPEATABLE: Any = {"max_retries": 3, "timeout_in_seconds": TIMEOUT}
ONCE: Any = {"max_retries": 0, "timeout_in_seconds": TIMEOUT}


class Client(Reader):
    """Writes projects, tasks, annotations, predictions and tabs; made and read as :class:`.reader.Reader` says."""

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
