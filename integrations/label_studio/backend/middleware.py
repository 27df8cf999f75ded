"""ASGI middleware before every request: checks credentials, host and size of the body.

The body is read here, at most as far as the limit, so that no request can fill the memory; what is refused is never
parsed.
"""

from __future__ import annotations

import json
import time
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

from .auth import Access
from .logs import Log

Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]

MEGABYTE = 1_000_000
LIMITS = {"/predict": 100 * MEGABYTE, "/webhook": 32 * MEGABYTE, "/setup": 8 * MEGABYTE}
OTHERS = MEGABYTE
HINTS = "/webhook"  # may come without credentials: see backend/worker.py
SIGNED = "labelsift.signed"  # of a scope: whether the request carried the credentials


class Guard:
    """Lets a request pass to ``app``, or answers 401, 403, 413 or 415 itself; logs every request by its path.

    Parameters
    ----------
    access
        Who may ask.
    any_host
        Passes requests for whatever host, for tests.
    """

    def __init__(self, app: Any, *, access: Access, log: Log, any_host: bool = False) -> None:  # noqa: ANN401
        self._app, self._access, self._log, self._any_host = app, access, log, any_host

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        began, status, answering = time.perf_counter(), 500, False

        async def seen(message: Message) -> None:
            nonlocal status, answering
            if message["type"] == "http.response.start":
                status, answering = message["status"], True
            await send(message)

        path = scope["path"]
        try:
            refused, body = await self._examined(scope, receive)
            if refused is not None:
                await _answer(seen, *refused)
            else:
                await self._app(scope, _replayed(body, receive), seen)
        except Exception as error:  # the last place to say so without a traceback that holds a text
            self._log.failed("failed", error, path=_known(path))
            if not answering:
                await _answer(seen, 500, "labelsift failed; its log says where")
        finally:
            seconds = round(time.perf_counter() - began, 4)
            self._log.say("request", method=_known(scope["method"]), path=_known(path), status=status, seconds=seconds)

    async def _examined(self, scope: Scope, receive: Receive) -> tuple[tuple[int, str] | None, bytes]:
        headers = {name.lower(): value for name, value in scope["headers"]}
        scope[SIGNED] = self._access.allows(_text(headers.get(b"authorization")))
        if not scope[SIGNED] and scope["path"] != HINTS:
            return (401, "The credentials are missing or wrong"), b""
        if not self._any_host and not self._access.knows_host(_text(headers.get(b"host"))):
            return (403, "Without a password this server answers its own machine only"), b""
        if scope["method"] == "POST" and b"json" not in headers.get(b"content-type", b""):
            return (415, "Send JSON"), b""
        most = LIMITS.get(scope["path"], OTHERS)
        length = _text(headers.get(b"content-length"))
        if length and length.isdigit() and int(length[:15]) > most:
            return (413, f"The body is larger than {most // MEGABYTE} MB"), b""
        body = bytearray()
        while True:
            message = await receive()
            body += message.get("body", b"")
            if len(body) > most:
                return (413, f"The body is larger than {most // MEGABYTE} MB"), b""
            if message["type"] == "http.disconnect" or not message.get("more_body"):
                return None, bytes(body)


def _replayed(body: bytes, receive: Receive) -> Receive:
    given = False

    async def again() -> Message:
        nonlocal given
        if given:
            return await receive()
        given = True
        return {"type": "http.request", "body": body, "more_body": False}

    return again


async def _answer(send: Send, status: int, detail: str) -> None:
    body = json.dumps({"detail": detail}).encode()
    headers = [(b"content-type", b"application/json"), (b"content-length", str(len(body)).encode())]
    if status == 401:
        headers.append((b"www-authenticate", b'Basic realm="labelsift"'))
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body})


def _text(value: bytes | None) -> str | None:
    return None if value is None else value.decode("latin-1")


def _known(path: str) -> str:
    """Return a path or a method that is ours, else a mark: what strangers write belongs into no log."""
    ours = ("/health", "/setup", "/predict", "/webhook", "/versions", "/job_status", "/openapi.json")
    return path if path in ours or path in ("GET", "POST", "HEAD", "PUT", "PATCH", "DELETE", "OPTIONS") else "(other)"
