"""Label Studio does what every labeling platform must do, on a real server."""

from __future__ import annotations

from typing import Any

import pytest
from labelsift.integrations.conformance import LabelingPlatformConformance
from labelsift.integrations.label_studio import LabelStudio
from labelsift.integrations.label_studio.client.client import Client
from labelsift.integrations.label_studio.convert.feedback import COPIES, DOUBT, EDIT, NEW_TEXT
from labelsift.integrations.label_studio.convert.label_config import label_control_of
from labelsift.integrations.label_studio.convert.regions import to_result
from labelsift.integrations.label_studio.state.rounds import Round, rounds_of


class TestLabelStudio(LabelingPlatformConformance):
    @pytest.fixture(autouse=True)
    def _client(self, client: Client) -> None:
        self.client = client

    @pytest.fixture
    def platform(self, platform: LabelStudio) -> LabelStudio:
        return platform

    @pytest.fixture
    def project(self, name: str) -> str:
        return name

    def answer(self, platform: LabelStudio, project: str, sample_id: str, value: Any) -> None:
        review, task = self._task(project, sample_id)
        target = label_control_of(self.client.project(review.project)["label_config"], project=review.title)
        body: dict[str, Any] = {"result": [], "was_cancelled": True}
        if value is not None:
            body = {"result": to_result(value, target, text=task["data"]["text"])}
        self._annotate(task, body)

    def answer_feedback(self, platform: LabelStudio, project: str, sample_id: str, feedback: str) -> None:
        _, task = self._task(project, sample_id)
        offered = [choice["alias"] for choice in task["data"]["labelsift_copies"]]
        name, choice = DOUBT if feedback == "both_fit" else COPIES, f"labelsift_{feedback}"
        assert name == DOUBT or choice in offered
        self._annotate(task, {"result": [_chosen(name, choice)]})

    def answer_text(self, platform: LabelStudio, project: str, sample_id: str, text: str | None) -> None:
        _, task = self._task(project, sample_id)
        assert task["data"]["labelsift_copies"][0]["alias"] == EDIT
        written = {"from_name": NEW_TEXT, "to_name": "text", "type": "textarea", "value": {"text": [text]}}
        self._annotate(task, {"result": [_chosen(COPIES, EDIT), *([written] if text else [])]})

    def _annotate(self, task: dict[str, Any], body: dict[str, Any]) -> None:
        self.client.send("POST", f"/api/tasks/{task['id']}/annotations/", body=body, what="an annotation")

    def _task(self, project: str, sample_id: str) -> tuple[Round, dict[str, Any]]:
        return next(
            (review, task)
            for review in rounds_of(self.client, project)
            for task in self._tasks(review.project)
            if task["data"]["labelsift_id"] == sample_id
        )

    def contents(self, platform: LabelStudio, project: str) -> dict[str, Any]:
        return {
            task["data"]["labelsift_id"]: {name: task[name] for name in ("data", "annotations", "predictions")}
            for review in rounds_of(self.client, project)
            for task in self._tasks(review.project)
        }

    def _tasks(self, project: int) -> list[dict[str, Any]]:
        include = "id,data,annotations,predictions,result,completed_by,was_cancelled,updated_at,model_version,score"
        return [task for page in self.client.tasks(project, annotations=True, include=include) for task in page]


def _chosen(name: str, choice: str) -> dict[str, Any]:
    return {"from_name": name, "to_name": "text", "type": "choices", "value": {"choices": [choice]}}
