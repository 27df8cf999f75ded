"""Predictions of a large project: few requests, and after a silence the server is asked whether they arrived."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import pytest
from labelsift.data.formatting import spelled_time
from labelsift.errors import PlatformError
from labelsift.integrations._service import UnansweredError
from labelsift.integrations.label_studio.client.client import Client
from labelsift.integrations.label_studio.client.errors import refused
from labelsift.integrations.label_studio.state import server_state
from labelsift.integrations.label_studio.state.server_state import mend_predictions, prediction_seconds
from labelsift.review.upsert import StoredTask

WANTED = {"model_version": "labelsift/r", "result": []}


class Server(Client):
    """Stores what is sent, and answers as it is told."""

    def __init__(self, error: PlatformError | None = None, *, stores: bool = True, after: int = 0) -> None:
        super().__init__("http://127.0.0.1:9", "k" * 40)
        self.error, self.stores, self.after = error, stores, after
        self.requests: list[tuple[int, float]] = []
        self.held: set[int] = set()
        self.asked = 0

    def import_predictions(self, project: int, predictions: Sequence[Any], *, expected: float = 0.0) -> None:
        self.requests.append((len(predictions), expected))
        if self.stores:
            self.held |= {prediction["task"] for prediction in predictions}
        if self.error is not None:
            raise self.error

    def create_prediction(self, prediction: Mapping[str, Any]) -> None:
        self.requests.append((1, 0.0))
        if self.stores:
            self.held.add(prediction["task"])
        if self.error is not None:
            raise self.error

    def has_prediction(self, task: int, version: str) -> bool:
        assert version == "labelsift/r"
        self.asked += 1
        return task in self.held and self.asked > self.after


@pytest.fixture(autouse=True)
def impatient(monkeypatch):
    monkeypatch.setattr(server_state, "PATIENCE", 1.0)


def wrong(count: int) -> list[tuple[StoredTask, Mapping[str, Any] | None]]:
    return [(StoredTask(task, {}), WANTED) for task in range(1, count + 1)]


def test_many_predictions_go_in_one_request_that_is_waited_for_as_long_as_the_server_counts():
    server = Server()
    mend_predictions(server, 7, wrong(2000), tasks=100_000)
    ((count, expected),) = server.requests
    assert count == 2000
    assert expected > 390  # RAN: six and a half minutes for 100,000 tasks


def test_few_predictions_in_a_large_project_go_one_by_one_which_counts_nothing():
    server = Server()
    mend_predictions(server, 7, wrong(200), tasks=100_000)
    assert server.requests == [(1, 0.0)] * 200
    singly, together = prediction_seconds(200, tasks=100_000)
    assert (spelled_time(singly), spelled_time(together)) == ("80 seconds", "7 minutes")


SILENCES = [UnansweredError("silent"), refused(504, "Gateway Time-out", "predictions")]


@pytest.mark.slow
@pytest.mark.parametrize("error", SILENCES, ids=["timeout", "504"])
@pytest.mark.parametrize("after", [0, 1])
@pytest.mark.parametrize(("tasks", "requests"), [(10, 1), (100_000, 5)])
def test_what_was_stored_before_the_silence_is_no_failure(error, after, tasks, requests):
    server = Server(error, after=after)
    mend_predictions(server, 7, wrong(5), tasks=tasks)
    assert server.held == {1, 2, 3, 4, 5}
    assert (len(server.requests), server.asked) == (requests, after + requests)


@pytest.mark.slow
def test_what_was_not_stored_is_a_failure_and_a_refusal_is_not_asked_about():
    lost = Server(SILENCES[0], stores=False)
    with pytest.raises(UnansweredError, match="silent"):
        mend_predictions(lost, 7, wrong(5), tasks=10)
    assert lost.asked > 1
    denied = Server(refused(400, "bad", "predictions"), stores=False)
    with pytest.raises(PlatformError, match="with 400"):
        mend_predictions(denied, 7, wrong(5), tasks=10)
    assert denied.asked == 0
