"""The client of a Label Studio server: writes projects, tasks, annotations, predictions and tabs; reads by Reader."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from labelsift.store.cache_folder import one_at_a_time

from .errors import SERVICE
from .read import Reader

NAME = "label-studio"  # the platform's


class Client(Reader):
    """Writes to a server; made as :class:`.transport.Transport` says."""

    def create_project(
        self, *, title: str, description: str, label_config: str, model_version: str, people: int = 1
    ) -> int:
        """Create a project whose stream serves tasks in the order of import, each to so many people; return its id."""
        body = {
            "title": title,
            "description": description,
            "label_config": label_config,
            "model_version": model_version,
            "sampling": "Sequential sampling",
            "show_collab_predictions": True,
            "enable_empty_annotation": False,  # that nothing fits, or is to be marked, is a choice of its own
            "maximum_annotations": people,
        }
        return self._number("/api/projects/", "id", body=body, what=f"a new project {title}")

    def set_model_version(self, project: int, version: str) -> None:
        """Set the model version whose predictions are pre-filled; the server wants one that has predictions."""
        self.write_project(project, {"model_version": version})

    def write_project(self, project: int, fields: Mapping[str, Any], *, what: str = "") -> None:
        """Set some fields of a project."""
        self.send("PATCH", f"/api/projects/{project}/", body=fields, what=what or f"project {project}")

    def write_config(self, project: int, config: str) -> None:
        """Replace the labeling config of a project."""
        self.write_project(project, {"label_config": config}, what=f"the labeling config of project {project}")

    def delete_project(self, project: int) -> None:
        """Delete a project with everything in it; one that is gone already is no error.

        Never two at once: Label Studio 1.23.2 sets the receivers of all of Django's model signals aside while it
        deletes a project (``temporary_disconnect_all_signals``). A deletion that begins during another one finds none
        to set aside, and if it ends last, it leaves none. Until its next start the server then counts no answers, and
        makes no columns for fields that tasks are given and no tokens for new accounts.
        """
        with one_at_a_time(f"delete a project of {self.url}"):
            self.delete(f"/api/projects/{project}/", what=f"project {project}")

    def import_tasks(self, project: int, tasks: Sequence[Any] | bytes) -> list[int]:
        """Import one batch of tasks with their predictions, all or none of it; return their ids, in its order.

        ``tasks`` may be the bytes that :func:`body_of` made, so that nothing is left to do but to send them.
        """
        path, params, what = f"/api/projects/{project}/import", {"return_task_ids": "true"}, f"project {project}"
        answer = self.send("POST", path, params=params, body=tasks, what=what, names=["task_count"])
        if not isinstance(answer["task_count"], int):
            raise SERVICE.stranger(self.url)
        return [int(task) for task in answer.get("task_ids") or ()]

    def import_predictions(self, project: int, predictions: Sequence[Any], *, expected: float = 0.0) -> None:
        """Add one batch of predictions to existing tasks; all or none of it is stored.

        The server stores them at once, and answers when it has counted the predictions of every task of the project.
        """
        path, what = f"/api/projects/{project}/import/predictions", f"{len(predictions):,} predictions"
        self.send("POST", path, body=predictions, what=what, names=["created"], expected=expected)

    def create_prediction(self, prediction: Mapping[str, Any]) -> None:
        """Add one prediction to a task."""
        self._number("/api/predictions/", "id", body=prediction, what=f"a prediction for task {prediction['task']}")

    def write_task(self, task: int, data: Mapping[str, Any]) -> None:
        """Replace a task's data: whatever is not in ``data`` is gone afterwards."""
        self.send("PATCH", f"/api/tasks/{task}/", body={"data": dict(data)}, what=f"task {task}")

    def create_annotation(self, task: int, annotation: Mapping[str, Any]) -> int | None:
        """Add an annotation beside those of a task; return its id, or None where its ``unique_id`` is there already."""
        import requests

        with self._asking(f"an annotation of task {task}"):
            try:
                return int(self._answer("POST", f"/api/tasks/{task}/annotations/", body=annotation).json()["id"])
            except requests.HTTPError as error:
                if error.response is None or error.response.status_code != 409:
                    raise
        return None

    def delete_annotation(self, annotation: int) -> None:
        """Delete one annotation; one that is gone already is no error."""
        self.delete(f"/api/annotations/{annotation}/", what=f"annotation {annotation}")

    def delete_tasks(self, project: int, tasks: Sequence[int]) -> None:
        """Delete tasks with everything in them."""
        body = {"selectedItems": {"all": False, "included": list(tasks)}}
        params = {"id": "delete_tasks", "project": project}
        self.send("POST", "/api/dm/actions", params=params, body=body, what=f"{len(tasks)} tasks")

    def delete_prediction(self, prediction: int) -> None:
        """Delete one prediction; one that is gone already is no error."""
        self.delete(f"/api/predictions/{prediction}/", what=f"prediction {prediction}")

    def delete_predictions(self, project: int, version: str) -> None:
        """Delete all predictions of one model version."""
        path = f"/api/projects/{project}/model-versions/"
        self.send("DELETE", path, body={"model_version": version}, what=f"the predictions of {version}")

    def create_view(self, project: int, data: Mapping[str, Any]) -> int:
        """Create a tab; return its id."""
        body = {"project": project, "data": data}
        return self._number("/api/dm/views/", "id", body=body, what="a tab")

    def write_view(self, view: int, project: int, data: Mapping[str, Any]) -> None:
        """Replace what a tab shows."""
        self.send("PUT", f"/api/dm/views/{view}/", body={"project": project, "data": data}, what="a tab")

    def delete_view(self, view: int) -> None:
        """Delete a tab; one that is gone already is no error."""
        self.delete(f"/api/dm/views/{view}/", what="a tab")

    def validate_config(self, project: int, label_config: str) -> None:
        """Ask the server whether a labeling config fits a project with what is in it.

        Raises
        ------
        PlatformError
            If it does not fit; names the reason.
        """
        path = f"/api/projects/{project}/validate/"
        self.send("POST", path, body={"label_config": label_config}, what="the labeling config")
