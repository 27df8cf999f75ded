"""ASGI middleware before every request: checks credentials, host and size of the body.

What is refused is never parsed, of a body no more is read than its limit, and of all bodies at once no more than a
budget, so that neither one request nor many can fill the memory.
"""

from __future__ import annotations

import time
from collections.abc import Mapping

from fastapi import HTTPException
from fastapi.responses import JSONResponse
from starlette.datastructures import Headers
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from .auth import allows, is_this_machine
from .logs import Log

MEGABYTE = 1_000_000
OTHERS = MEGABYTE  # of a body where nothing else is said, and of one without credentials
BUDGET, UNSIGNED_BUDGET = 150 * MEGABYTE, 8 * MEGABYTE  # of the bodies that are read at the same time
SIGNED = "labelsift.signed"  # of a scope: whether the request carried the credentials
_METHODS = ("GET", "POST", "HEAD", "PUT", "PATCH", "DELETE", "OPTIONS")


class Guard:
    """Lets a request pass to ``app``, or answers 401, 403, 413 or 415 itself; logs every request by its path.

    Parameters
    ----------
    secret, user
        The credentials; without a password everybody may pass who names this machine as the host.
    limits
        Path → the bytes that a body may have; the paths that there are.
    hints
        The path that may be asked without credentials: what is told there must be looked up before it counts.
    any_host
        Passes requests for whatever host, for tests.
    """

    def __init__(
        self,
        app: ASGIApp,
        *,
        secret: str | None,
        user: str,
        limits: Mapping[str, int],
        hints: str,
        log: Log,
        any_host: bool = False,
    ) -> None:
        self._app, self._secret, self._user, self._log, self._any_host = app, secret, user, log, any_host
        self.limits, self._hints = dict(limits), hints
        self._read = {True: 0, False: 0}  # bytes of bodies in memory: with credentials, and without

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        began, status, size = time.perf_counter(), 500, 0
        scope[SIGNED] = signed = allows(Headers(scope=scope).get("authorization"), self._secret, user=self._user)
        known = signed and (self._secret is not None or scope["path"] != self._hints)
        most = self.limits.get(scope["path"], OTHERS) if known else OTHERS

        async def counted() -> Message:
            nonlocal size
            message = await receive()
            length = len(message.get("body", b""))
            size, self._read[known] = size + length, self._read[known] + length
            if size > most:
                raise HTTPException(413, _too_large(most), {"connection": "close"})
            if self._read[known] > (BUDGET if known else UNSIGNED_BUDGET):
                raise HTTPException(503, "Too many large bodies at once", {"connection": "close"})
            return message

        async def seen(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            await send(message)

        # What strangers write belongs into no log.
        path = scope["path"] if scope["path"] in self.limits else "(other)"
        method = scope["method"] if scope["method"] in _METHODS else "(other)"
        try:
            await (self._refusal(scope, most=most) or self._app)(scope, counted, seen)
        except Exception as error:  # answered with 500; the last place to say so without a traceback that holds a text
            self._log.failed("failed", error, path=path)
        finally:
            self._read[known] -= size
            seconds = round(time.perf_counter() - began, 4)
            self._log.say("request", method=method, path=path, status=status, seconds=seconds)

    def _refusal(self, scope: Scope, *, most: int) -> JSONResponse | None:
        """Return the answer to a request that may not pass, by its headers; None where it may."""
        headers = Headers(scope=scope)
        if not scope[SIGNED] and scope["path"] != self._hints:
            detail = {"detail": "The credentials are missing or wrong"}
            return JSONResponse(detail, 401, {"www-authenticate": 'Basic realm="labelsift"'})
        if self._secret is None and not self._any_host and not is_this_machine(headers.get("host", "")):
            return JSONResponse({"detail": "Without a password this server answers its own machine only"}, 403)
        if scope["method"] == "POST" and "json" not in headers.get("content-type", ""):
            return JSONResponse({"detail": "Send JSON"}, 415)
        length = headers.get("content-length", "")
        if length.isdigit() and int(length[:15]) > most:
            return JSONResponse({"detail": _too_large(most)}, 413, {"connection": "close"})
        return None


def _too_large(most: int) -> str:
    return f"The body is larger than {most // MEGABYTE} MB"
