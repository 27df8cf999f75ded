"""The suite of every labeling platform, against the real server; people answer through the interface of the page."""

from __future__ import annotations

from typing import Any

import pytest
from labelsift.integrations.argilla import Argilla
from labelsift.integrations.argilla.client.client import Client
from labelsift.integrations.argilla.convert.review_schema import DECISION, GIVEN, LABEL, NEW_TEXT, OTHER
from labelsift.integrations.argilla.convert.values import to_argilla
from labelsift.integrations.argilla.state.rounds import rounds_in
from labelsift.integrations.conformance import LabelingPlatformConformance
from labelsift.platforms import LabelingPlatform
from labelsift.review.verdicts import Feedback


class TestArgilla(LabelingPlatformConformance):
    @pytest.fixture
    def platform(self, platform: Argilla) -> Argilla:
        return platform

    @pytest.fixture(autouse=True)
    def _client(self, client: Client) -> None:
        self.client = client

    def answer(self, platform: LabelingPlatform, project: str, sample_id: str, value: Any) -> None:
        record = self._record(project, sample_id)
        if value is None:
            self.client.respond(record["id"], {}, status="discarded")
        else:
            self.client.respond(record["id"], {DECISION: OTHER, LABEL: to_argilla(value)})

    def answer_feedback(self, platform: LabelingPlatform, project: str, sample_id: str, feedback: Feedback) -> None:
        decision = GIVEN if feedback == "keep" else feedback
        self.client.respond(self._record(project, sample_id)["id"], {DECISION: decision})

    def answer_text(self, platform: LabelingPlatform, project: str, sample_id: str, text: str | None) -> None:
        record = self._record(project, sample_id)
        # The page sends the proposed text along, as its field is filled in beforehand.
        written = text or next(made["value"] for made in record["suggestions"])
        self.client.respond(record["id"], {DECISION: "edit", NEW_TEXT: written})

    def contents(self, platform: LabelingPlatform, project: str) -> dict[str, Any]:
        seen = {}
        for record in self._records(project):
            answers = [(said["status"], said["values"]) for said in record["responses"]]
            suggestions = [(made["question_id"], made["value"], made["agent"]) for made in record["suggestions"]]
            seen[record["external_id"]] = record["fields"], record["metadata"], suggestions, answers
        return seen

    def _record(self, project: str, sample_id: str) -> Any:
        return next(record for record in self._records(project) if record["external_id"] == sample_id)

    def _records(self, project: str) -> list[Any]:
        space = self.client.workspaces()[0]
        reviews = [review for review in rounds_in(self.client.datasets(space["id"])) if review.of == project]
        return [record for review in reviews for page in self.client.records(review.dataset) for record in page]
