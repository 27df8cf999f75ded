"""A push that dies in the middle: the next one leaves every sample exactly once."""

from __future__ import annotations

import random
import threading
import time
from collections import Counter
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
import requests
from killed_push import end, start_push
from labelsift.errors import PlatformError
from labelsift.integrations.label_studio.push import review_project as push
from labelsift.integrations.label_studio.state import rounds as review

PUSH, SDK = "labelsift.integrations.label_studio.push.review_project", "label_studio_sdk"


def samples_in(tasks_of, project: int) -> Counter[str]:
    return Counter(task["data"]["labelsift_id"] for task in tasks_of(project))


@pytest.mark.parametrize(
    ("moments", "rows", "batch"), [(3, 400, 100), pytest.param(30, 5000, push.BATCH, marks=pytest.mark.soak)]
)
@pytest.mark.timeout(3600)
def test_killed_at_any_moment_the_next_push_ends_exact(
    platform, make_queue, name, client, counts, tmp_path, monkeypatch, moments, rows, batch
):
    monkeypatch.setattr(push, "BATCH", batch)
    report = make_queue(rows)
    process = start_push(report, "label-studio", name, tmp_path, module=PUSH, batch=batch, first=SDK)
    began = time.monotonic()
    assert process.wait() == 0
    takes = time.monotonic() - began  # with what such a process imports on its way
    end(process)
    rng = random.Random(20261123)
    arrived = []
    for moment in range(moments):
        project = f"{name} moment {moment}"
        process = start_push(report, "label-studio", project, tmp_path, module=PUSH, batch=batch, first=SDK)
        # One moment in each slice of the push, so that creating, sending and checking are all hit.
        time.sleep(takes * (moment + rng.random()) / moments)
        end(process)

        receipt = report.push("label-studio", project=project)

        number = receipt.details["project_id"]
        assert counts(number) == (rows, rows - 1, 6)
        ids = Counter(task["data"]["labelsift_id"] for page in client.tasks(number) for task in page)
        assert len(ids) == rows
        assert set(ids.values()) == {1}
        assert len([listed for listed in client.projects() if listed["title"].startswith(f"{project} ·")]) == 1
        arrived.append(rows - receipt.created)
        client.delete_project(number)
    # Moments that all fell before the first batch or after the last would prove nothing.
    assert min(arrived) < rows
    assert max(arrived) > 0


class Holding(BaseHTTPRequestHandler):
    """Passes everything on, but holds the import of tasks until it is released."""

    target = ""
    reached: threading.Event
    release: threading.Event

    def pass_on(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        if self.path.partition("?")[0].endswith("/import"):
            self.reached.set()
            self.release.wait(120)
        headers = {key: value for key, value in self.headers.items() if key.lower() not in ("host", "connection")}
        answer = requests.request(self.command, self.target + self.path, data=body, headers=headers, timeout=120)
        try:
            self.send_response(answer.status_code)
            self.send_header("Content-Type", answer.headers.get("Content-Type", "application/json"))
            self.send_header("Content-Length", str(len(answer.content)))
            self.end_headers()
            self.wfile.write(answer.content)
        except OSError:
            pass  # the sender is dead, which is the point

    do_GET = do_POST = do_PATCH = do_DELETE = do_PUT = pass_on

    def log_message(self, format: str, *args: object) -> None:
        pass


@pytest.fixture
def holding(server) -> Iterator[tuple[str, type[Holding]]]:
    handler = type(
        "HoldingHere", (Holding,), {"target": server.url, "reached": threading.Event(), "release": threading.Event()}
    )
    proxy = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    threading.Thread(target=proxy.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{proxy.server_port}", handler
    handler.release.set()
    proxy.shutdown()
    proxy.server_close()


def die_while_the_server_works(holding, monkeypatch, report, name, folder) -> type[Holding]:
    url, handler = holding
    with monkeypatch.context() as patch:
        patch.setenv("LABEL_STUDIO_URL", url)
        process = start_push(report, "label-studio", name, folder, module=PUSH, batch=push.BATCH, first=SDK)
        assert handler.reached.wait(60)
        end(process)
    return handler


def test_a_batch_that_the_server_is_still_storing_is_waited_for(
    platform, make_queue, name, holding, monkeypatch, tmp_path, tasks_of
):
    report = make_queue(50)
    handler = die_while_the_server_works(holding, monkeypatch, report, name, tmp_path)
    threading.Timer(4, handler.release.set).start()

    receipt = report.push("label-studio", project=name)

    assert (receipt.created, receipt.unchanged) == (0, 50)
    assert set(samples_in(tasks_of, receipt.details["project_id"]).values()) == {1}


def test_a_batch_that_comes_later_than_anybody_waits_is_cleaned_up_by_the_next_push(
    platform, make_queue, name, holding, monkeypatch, tmp_path, tasks_of, client
):
    report = make_queue(50)
    handler = die_while_the_server_works(holding, monkeypatch, report, name, tmp_path)
    monkeypatch.setattr(review, "PATIENCE", 0.5)
    receipt = report.push("label-studio", project=name)
    assert receipt.created == 50
    handler.release.set()
    project = receipt.details["project_id"]
    deadline = time.monotonic() + 30
    while client.project(project)["task_number"] < 100 and time.monotonic() < deadline:
        time.sleep(0.2)

    assert set(samples_in(tasks_of, project).values()) == {2}
    receipt = report.push("label-studio", project=name)
    assert receipt.details["doubles_removed"] == 50
    assert set(samples_in(tasks_of, project).values()) == {1}


def test_a_server_that_dies_is_named_and_the_next_push_completes(platform, make_queue, name, server, counts):
    report = make_queue(600)
    timer = threading.Timer(1.5, server.kill)
    timer.start()
    with pytest.raises(PlatformError) as refused:
        while True:  # until the kill falls into one
            make_queue(600, run=f"r{time.monotonic()}").push("label-studio", project=name)
    assert refused.value.exit_code == 3
    assert server.api_key not in str(refused.value)
    timer.join()
    server.start()
    receipt = report.push("label-studio", project=name)
    assert counts(receipt.details["project_id"]) == (600, 599, 6)
