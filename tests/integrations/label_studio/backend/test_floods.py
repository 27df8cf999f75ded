"""A backend beside a real Label Studio, while strangers flood it and stall: a minute of it (`make soak`)."""

from __future__ import annotations

import contextlib
import http.client
import itertools
import json
import socket
import sqlite3
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import requests
from backend_process import BackendServer
from labelsift.serving.database import OF_SOURCE

from .conftest import CONFIG, LABELS, until
from .test_real_server import Project, project, start  # noqa: F401 - fixtures

SECONDS = 60
STRANGER = "127.0.0.2"  # another source than Label Studio's 127.0.0.1
MEMORY = 50_000_000  # bytes that it may take more than at rest


def _resident(pid: int) -> int:
    return int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * 4096


def _flood(port: int, over: threading.Event, bodies: Any, counts: dict[int, int]) -> None:
    headers = {"content-type": "application/json"}
    while not over.is_set():
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=20, source_address=(STRANGER, 0))
        try:
            while not over.is_set():
                path, body = next(bodies)
                connection.request("POST", path, body, headers)
                answer = connection.getresponse()
                answer.read()
                counts[answer.status] = counts.get(answer.status, 0) + 1
        except (OSError, http.client.HTTPException):  # closed before all of a body was sent
            counts[0] = counts.get(0, 0) + 1
        connection.close()


def _stall(port: int, over: threading.Event) -> None:
    """Keep 150 connections open, of which half stall in their headers and half in their bodies."""
    held: list[socket.socket] = []
    starts = itertools.cycle(
        [
            b"POST /webhook HTTP/1.1\r\nhost: x\r\ncontent-",
            b"POST /webhook HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\ncontent-length: 900000\r\n\r\n"
            + b'{"action": "'
            + b"x" * 60_000,
        ]
    )
    while not over.is_set():
        with contextlib.suppress(OSError):
            made = socket.create_connection(("127.0.0.1", port), timeout=5, source_address=(STRANGER, 0))
            made.sendall(next(starts))
            held.append(made)
        if len(held) >= 150:
            held.pop(0).close()
        over.wait(0.05)
    for made in held:
        made.close()


def _event(number: int, **more: Any) -> tuple[str, bytes]:
    event = {"action": "ANNOTATION_CREATED", "project": {"id": 0}, "annotation": {"id": number, "task": number}} | more
    return "/webhook", json.dumps(event).encode()


@pytest.mark.server
@pytest.mark.soak
@pytest.mark.timeout(600)
def test_floods_and_stalled_bodies_hold_up_nothing(
    start: Callable[..., BackendServer],  # noqa: F811
    project: Project,  # noqa: F811
    store: Path,
) -> None:
    backend = start(str(project.number), options=("--second-look",))
    project.connect(backend)
    queue = sqlite3.connect(store / "backend" / "queue.sqlite3", timeout=30)

    def noted(annotation: int) -> bool:
        return bool(queue.execute("SELECT 1 FROM answers WHERE annotation = ?", [annotation]).fetchall())

    first = project.answer("t0003", LABELS[0])["id"]  # what it takes at all is in memory from here on
    project.open("unseen")
    until(lambda: noted(first), seconds=30)
    assert backend._process is not None
    watcher = backend._process.pid  # of a server is the one child of who ends it
    [pid] = map(int, Path(f"/proc/{watcher}/task/{watcher}/children").read_text().split())
    at_rest = _resident(pid)
    of = {"id": project.number}
    ids = itertools.count(10**6)
    many = [{"id": number} for number in range(20_000)]
    configs = (CONFIG.replace("</View>", f"<!-- {number} {'x' * 500_000} --></View>") for number in itertools.count())
    big = b'{"action": "' + b"x" * 20_000_000 + b'"}'
    floods = [
        *((_event(next(ids), project=of) for _ in itertools.count()) for _ in range(3)),
        (_event(0, action="ANNOTATIONS_DELETED", project=of, annotations=many) for _ in itertools.count()),
        (_event(next(ids), project=of, task={"text": "x" * 800_000}) for _ in itertools.count()),
        (("/webhook", big) for _ in itertools.count()),
    ]
    over, counts = threading.Event(), {}
    threads = [threading.Thread(target=_flood, args=(backend.port, over, flood, counts)) for flood in floods]
    threads.append(threading.Thread(target=_stall, args=(backend.port, over)))
    for thread in threads:
        thread.start()
    begun, waits, most, waiting, row = time.monotonic(), [], 0, 0, 0
    try:
        while time.monotonic() - begun < SECONDS:
            annotation = project.answer(f"t{row % 36 + 4:04d}", LABELS[(row + 1) % 3])["id"]
            told = time.monotonic()
            until(lambda annotation=annotation: noted(annotation), seconds=30)
            waits.append(time.monotonic() - told)
            body = {"project": f"{project.number}.1", "schema": next(configs)}
            requests.post(f"{backend.url}/setup", json=body, auth=backend.auth, timeout=20)
            most = max(most, _resident(pid))
            pending = queue.execute("SELECT COUNT(*) FROM jobs WHERE state = 'pending'").fetchone()[0]
            waiting, row = max(waiting, pending), row + 1
    finally:
        over.set()
        for thread in threads:
            thread.join()
    print(
        f"{sum(counts.values()):,} requests {counts}, {len(waits)} answers after {max(waits):.1f} s at most, "
        f"{(most - at_rest) / 1e6:.0f} MB more, {waiting:,} jobs at once"
    )
    assert counts.get(413, 0) + counts.get(0, 0), "the large bodies were refused"
    assert max(waits) <= 5
    assert waiting <= OF_SOURCE + 10
    assert most - at_rest <= MEMORY
