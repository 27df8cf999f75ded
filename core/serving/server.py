"""HTTP server process: uvicorn with limits on who keeps it waiting, JSON logs, and an orderly end at a signal.

A connection whose request does not arrive whole in time is closed, be it its headers or its body that stalls, and so is
the oldest such connection where too many wait: nobody can hold the server's places, nor its memory.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import signal
from typing import Any, ClassVar

import uvicorn
from uvicorn.protocols.http.h11_impl import H11Protocol

from .logs import Handler, Log

ARRIVAL = 30.0  # seconds in which a request must have arrived
WAITING = 100  # connections whose request has not arrived whole
GRACE = 10  # seconds that requests under way have at the end


class Impatient(H11Protocol):
    """A connection that must send its requests in time."""

    waiting: ClassVar[dict[Impatient, asyncio.TimerHandle]] = {}  # oldest first

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Make room for a new connection."""
        super().connection_made(transport)
        if len(self.waiting) >= WAITING:
            next(iter(self.waiting)).transport.abort()
        self._watch()

    def data_received(self, data: bytes) -> None:
        """See whether the request is whole now."""
        super().data_received(data)
        self._watch()

    def connection_lost(self, exc: Exception | None) -> None:
        """Leave the place."""
        self._arrived()
        super().connection_lost(exc)

    def _watch(self) -> None:
        cycle = self.cycle
        if cycle is None or cycle.more_body or (cycle.response_complete and self.conn.trailing_data[0]):
            if self not in self.waiting and not self.transport.is_closing():
                self.waiting[self] = self.loop.call_later(ARRIVAL, self.transport.abort)
        else:
            self._arrived()

    def _arrived(self) -> None:
        if (timer := self.waiting.pop(self, None)) is not None:
            timer.cancel()


def run(app: Any, *, host: str, port: int, log: Log) -> None:  # noqa: ANN401 - an ASGI application
    """Answer until a signal ends it; then finish the requests under way."""
    config = uvicorn.Config(
        app,
        host=host,
        port=port,
        http=Impatient,
        log_config=None,
        access_log=False,
        server_header=False,
        timeout_graceful_shutdown=GRACE,
    )
    for name in ("uvicorn", "uvicorn.error", "asyncio"):
        logger = logging.getLogger(name)
        logger.handlers, logger.propagate = [Handler(log)], False
    before = signal.signal(signal.SIGTERM, lambda *_: None)  # uvicorn raises it again, once it has stopped
    try:
        with contextlib.suppress(KeyboardInterrupt):
            uvicorn.Server(config).run()
    finally:
        signal.signal(signal.SIGTERM, before)
        log.say("stopped")
