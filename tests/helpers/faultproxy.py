"""An HTTP proxy on loopback that fails as it is told, in front of a real server or of none at all."""

from __future__ import annotations

import contextlib
import http.client
import re
import socket
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Self
from urllib.parse import urlsplit

CUTS = ("cut before", "cut after", "cut inside")
_HOP = ("connection", "keep-alive", "transfer-encoding", "content-length", "host")


@dataclass
class Fault:
    """What happens to requests that match.

    Parameters
    ----------
    where
        A regular expression that is searched in ``METHOD /path?query``.
    does
        A status to answer with, without asking the server. ``cut before``: the connection ends before the request is
        passed on; ``cut after``: when the server has done its work, before a byte of the answer; ``cut inside``: after
        half of the answer. ``delay``: the answer comes ``seconds`` late; ``drip``: byte by byte, ``seconds`` apart.
    times
        How often; None: until it is taken away.
    skip
        So many requests that match pass first.
    """

    where: str
    does: int | str
    times: int | None = 1
    skip: int = 0
    body: str = '{"detail": "planned by a test"}'
    headers: Mapping[str, str] = field(default_factory=dict)
    seconds: float = 0.5
    happened: int = 0

    def takes(self, request: str) -> bool:
        """Tell whether this request is to fail, and count it."""
        if not re.search(self.where, request) or (self.times is not None and self.happened >= self.times):
            return False
        if self.skip:
            self.skip -= 1
            return False
        self.happened += 1
        return True


class FaultProxy:
    """A proxy with a list of faults; ``choose`` may decide for each request instead.

    Attributes
    ----------
    url
        Its address.
    target
        The server behind it; without one every request needs a fault.
    requests
        ``METHOD /path?query`` of everything that came.
    headers, bodies
        What came with each of them.
    """

    def __init__(self, target: str = "", *, choose: Callable[[str], Fault | None] | None = None) -> None:
        self.target, self.faults = target, list[Fault]()
        self.requests: list[str] = []
        self.headers: list[dict[str, str]] = []
        self.bodies: list[bytes] = []
        self._choose, self._turn = choose, threading.Lock()
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), type("Here", (_Handler,), {"proxy": self}))
        self._server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self._server.server_port}"

    def __enter__(self) -> Self:
        threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True).start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._server.shutdown()
        self._server.server_close()

    def plan(self, *faults: Fault) -> None:
        """Let these faults happen, and no others."""
        self.faults = list(faults)

    def clear(self) -> None:
        """Pass everything on from now on."""
        self._choose = None
        self.plan()

    def count(self, where: str) -> int:
        """Return how many requests matched so far."""
        return sum(bool(re.search(where, request)) for request in self.requests)

    def fault_for(self, request: str, headers: dict[str, str], body: bytes) -> Fault | None:
        """Note a request and return what is to happen to it."""
        with self._turn:
            self.requests.append(request)
            self.headers.append(headers)
            self.bodies.append(body)
            if self._choose is not None:
                return self._choose(request)
            return next((fault for fault in self.faults if fault.takes(request)), None)


class _Handler(BaseHTTPRequestHandler):
    proxy: FaultProxy

    def pass_on(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        fault = self.proxy.fault_for(f"{self.command} {self.path}", dict(self.headers.items()), body)
        does = fault.does if fault else "pass"
        if does == "cut before":
            return self.cut()
        if fault is not None and isinstance(does, int):
            return self.answer(does, {"Content-Type": "application/json", **fault.headers}, fault.body.encode())
        status, headers, content = self.asked(body)
        if does == "cut after":
            return self.cut()
        if fault is not None and does == "delay":
            time.sleep(fault.seconds)
        if fault is not None and does == "drip":
            return self.answer(status, headers, content, apart=fault.seconds)
        return self.answer(status, headers, content, whole=does != "cut inside")

    do_GET = do_POST = do_PATCH = do_DELETE = do_PUT = pass_on

    def asked(self, body: bytes) -> tuple[int, dict[str, str], bytes]:
        """Ask the server."""
        where = urlsplit(self.proxy.target)
        server = http.client.HTTPConnection(str(where.hostname), where.port or 80, timeout=300)
        kept = {name: of for name, of in self.headers.items() if name.lower() not in _HOP}
        try:
            server.request(self.command, self.path, body=body or None, headers=kept)
            answer = server.getresponse()
            content = answer.read()
        except (OSError, http.client.HTTPException):  # the server was killed: its client sees the same from here
            self.cut()
            raise ConnectionAbortedError from None
        finally:
            server.close()
        return answer.status, {name: of for name, of in answer.getheaders() if name.lower() not in _HOP}, content

    def answer(
        self, status: int, headers: Mapping[str, str], content: bytes, *, whole: bool = True, apart: float = 0.0
    ) -> None:
        with contextlib.suppress(OSError):  # whoever asked has gone
            self.send_response(status)
            for name, of in headers.items():
                self.send_header(name, of)
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content if whole and not apart else content[: len(content) // 2] if not whole else b"")
            for number in range(len(content) if apart else 0):
                self.wfile.write(content[number : number + 1])
                time.sleep(apart)
        if not whole:
            self.cut()

    def cut(self) -> None:
        """End the connection so that nobody can take it for the end of an answer."""
        self.close_connection = True
        with contextlib.suppress(OSError):
            self.connection.shutdown(socket.SHUT_RDWR)

    def handle(self) -> None:
        with contextlib.suppress(OSError):
            super().handle()

    def finish(self) -> None:
        with contextlib.suppress(OSError):
            super().finish()

    def log_message(self, format: str, *args: object) -> None:
        pass
