"""One real Label Studio for all of these tests, and reports to push to it."""

from __future__ import annotations

import itertools
import json
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from labelsift.findings import Finding, findings_table
from labelsift.integrations.label_studio import LabelStudio
from labelsift.integrations.label_studio.client import Client
from labelsift.integrations.label_studio.server import LabelStudioServer
from labelsift.report import Report
from labelsift.samples import Samples

CLASSES = ("card_arrival", "lost_or_stolen_card", "refund", "top_up")
_numbers = itertools.count(1)


def build_queue(
    rows: int = 12,
    *,
    run: str = "20261123-101500-4f2a",
    classes: Sequence[str] = CLASSES,
    texts: Sequence[str] | None = None,
    flagged: int | None = None,
) -> Report:
    """Build a report whose flagged samples get worse towards the end of the file; every fifth is an outlier too.

    The last sample of all is an outlier only, with the lowest score: it must still come after the disputed labels.
    """
    texts = texts or [f"Message {at}: my card has not arrived, what now?" for at in range(rows)]
    rows = len(texts)
    ids = [f"t{at:05d}" for at in range(rows)]
    labels = [classes[at % len(classes)] for at in range(rows)]
    found = []
    for at in range(rows - (flagged or rows), rows):
        given, other = labels[at], classes[(at + 1) % len(classes)]
        if at < rows - 1:
            why = f"Labeled {given}; 9 of its 10 nearest samples and the model (0.94) say {other}"
            score = (rows - at) / (rows + 1)
            found.append(Finding(ids[at], "label", score, why, given=given, suggested=other, confidence=0.94))
        if at % 5 == 0 or at == rows - 1:
            found.append(Finding(ids[at], "outlier", 0.0 if at == rows - 1 else 0.2, "Unlike every other sample"))
    found.append(Finding("refund", "imbalance", 0.1, "Only 3 samples", scope="class"))
    return Report(
        run=run,
        created=datetime(2026, 11, 23, 10, 15, tzinfo=UTC),
        samples=Samples(
            pa.table({"id": ids, "text": list(texts), "label": labels}),
            pa.table({"channel": [("mail", "phone")[at % 2] for at in range(rows)]}),
            "tickets",
        ),
        scores=pa.table({"id": ids}),
        findings=findings_table(found),
        classes=tuple(classes),
    )


@pytest.fixture(scope="session")
def make_queue() -> Callable[..., Report]:
    return build_queue


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LabelStudioServer]:
    with LabelStudioServer(tmp_path_factory.mktemp("label-studio")) as running:
        yield running


@pytest.fixture
def platform(server: LabelStudioServer, monkeypatch: pytest.MonkeyPatch) -> LabelStudio:
    for name, value in server.variables().items():
        monkeypatch.setenv(name, value)
    return LabelStudio()


@pytest.fixture(scope="session")
def client(server: LabelStudioServer) -> Client:
    return Client(server.url, server.api_key)


@pytest.fixture
def name() -> str:
    """A project name that no other test uses."""
    return f"Tickets {next(_numbers)}"


@pytest.fixture(scope="session")
def tasks_of(client: Client) -> Callable[[int], list[dict[str, Any]]]:
    """Every task of a project, in the order in which it was imported."""
    return lambda project: [task for page in client.tasks(project, annotations=True) for task in page]


@pytest.fixture(scope="session")
def counts(client: Client) -> Callable[[int], tuple[int, int, int]]:
    """What the server says that a project holds: tasks, predictions, tabs."""

    def count(project: int) -> tuple[int, int, int]:
        found = client.project(project)
        return found["task_number"], found["total_predictions_number"], len(client.views(project))

    return count


@pytest.fixture
def golden() -> Callable[[str, object], None]:
    """Compare with a JSON file under golden/; a changed file shows in the review of the change."""

    def compare(name: str, made: object) -> None:
        path = Path(__file__).parent / "golden" / f"{name}.json"
        assert json.loads(path.read_text(encoding="utf-8")) == made

    return compare


@pytest.fixture(scope="session")
def second_person(server: LabelStudioServer, client: Client) -> tuple[int, str]:
    """The number and the e-mail address of another account, made by an invitation as people do it."""
    import requests

    email = "second@example.com"
    link = client.get("/api/invite", what="an invitation")["invite_url"]
    with requests.Session() as session:
        page = f"{server.url}/user/signup/?{link.partition('?')[2]}"
        session.get(page, timeout=60).raise_for_status()
        told = {"email": email, "password": "second-password-1", "csrfmiddlewaretoken": session.cookies["csrftoken"]}
        session.post(page, data=told, headers={"Referer": page}, timeout=60).raise_for_status()
    return next((id, mail) for id, mail in client.people().items() if mail == email)
