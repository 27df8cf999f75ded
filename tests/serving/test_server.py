"""The HTTP server: who stalls is closed, who floods is refused, and others are served meanwhile."""

from __future__ import annotations

import http.client
import io
import socket
import threading
from collections.abc import Iterator
from typing import Any

import pytest
import uvicorn
from fastapi import FastAPI, Request
from labelsift.serving import guard, server
from labelsift.serving.guard import Guard
from labelsift.serving.logs import Log

HEAD = b"POST /hint HTTP/1.1\r\nhost: 127.0.0.1\r\ncontent-type: application/json\r\n"


@pytest.fixture
def port(monkeypatch: pytest.MonkeyPatch) -> Iterator[int]:
    monkeypatch.setattr(server, "ARRIVAL", 0.3)
    monkeypatch.setattr(server, "WAITING", 5)
    app = FastAPI()

    @app.post("/hint")
    async def hint(request: Request) -> dict[str, Any]:
        return {"length": len(await request.body())}

    guarded = Guard(app, secret=None, user="u", limits={"/hint": 10_000}, hints="/hint", log=Log(io.StringIO()))
    config = uvicorn.Config(guarded, port=0, http=server.Impatient, log_config=None, access_log=False)
    running = uvicorn.Server(config)
    listening = socket.socket()
    listening.bind(("127.0.0.1", 0))
    listening.listen()
    thread = threading.Thread(target=running.run, kwargs={"sockets": [listening]}, daemon=True)
    thread.start()
    yield listening.getsockname()[1]
    running.should_exit = True
    thread.join(20)
    listening.close()
    assert not server.Impatient.waiting


def stalled(port: int, start: bytes) -> socket.socket:
    made = socket.create_connection(("127.0.0.1", port), timeout=20)
    made.sendall(start)
    return made


def post(port: int, body: bytes, connection: http.client.HTTPConnection | None = None) -> int:
    used = connection or http.client.HTTPConnection("127.0.0.1", port, timeout=20)
    used.request("POST", "/hint", body, {"content-type": "application/json"})
    answer = used.getresponse()
    answer.read()
    if connection is None:
        used.close()
    return answer.status


def ended(connection: socket.socket) -> bool:
    """Wait for the end of a connection; what comes before it does not matter."""
    try:
        while connection.recv(1000):
            pass
    except ConnectionResetError:
        pass
    connection.close()
    return True


@pytest.mark.slow
@pytest.mark.parametrize(
    "start", [b"", HEAD[:30], HEAD + b"content-length: 100\r\n\r\n{"], ids=["none", "head", "body"]
)
def test_a_request_that_stalls_is_closed(port, start):
    assert ended(stalled(port, start))


def test_a_second_request_on_a_connection_that_stalls_is_closed_too(port):
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=20)
    assert post(port, b"{}", connection) == 200
    assert connection.sock is not None
    connection.sock.sendall(HEAD[:40])
    assert ended(connection.sock)


def test_of_too_many_that_wait_the_oldest_goes_and_a_real_request_is_served(port, monkeypatch):
    monkeypatch.setattr(server, "ARRIVAL", 600)
    waiting = [stalled(port, HEAD[:30])]
    until_read = http.client.HTTPConnection("127.0.0.1", port, timeout=20)
    assert post(port, b"{}", until_read) == 200  # the first was taken before
    waiting += [stalled(port, HEAD[:30]) for _ in range(5)]
    assert ended(waiting[0])
    assert post(port, b"{}") == 200
    for connection in (*waiting, until_read):
        connection.close()


def test_bodies_have_a_limit_each_and_together(port, monkeypatch):
    monkeypatch.setattr(guard, "OTHERS", 1000)
    assert post(port, b"x" * 1000) == 200
    assert post(port, b"x" * 1001) == 413
    monkeypatch.setattr(guard, "UNSIGNED_BUDGET", 1500)
    half = stalled(port, HEAD + b"content-length: 900\r\n\r\n" + b"x" * 899)
    assert post(port, b"x" * 100) == 200  # both fit, and the first was read before
    assert post(port, b"x" * 900) == 503
    half.sendall(b"x")
    assert half.recv(100).startswith(b"HTTP/1.1 200")
    half.close()
    assert post(port, b"x" * 900) == 200  # the memory is free again
