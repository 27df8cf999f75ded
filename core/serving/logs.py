"""Structured logs: one JSON object a line, with named facts, never a body, a text or a token."""

from __future__ import annotations

import json
import logging
import sys
import threading
import traceback
from datetime import UTC, datetime
from pathlib import Path
from typing import TextIO

from ..data.formatting import shortened
from ..errors import LabelsiftError

Fact = str | int | float | bool | None
_LONGEST = 300  # characters of a fact


class Log:
    """Writes lines to standard error, or where it is told to.

    Examples
    --------
    >>> Log(sys.stdout).say("predict", project=3, tasks=10)  # doctest: +ELLIPSIS
    {"time": "2...+00:00", "event": "predict", "project": 3, "tasks": 10}
    """

    def __init__(self, out: TextIO | None = None) -> None:
        self._out = out
        self._lock = threading.Lock()

    def say(self, event: str, **facts: Fact) -> None:
        """Write one line; the caller names only facts that hold nothing of a request's body."""
        time = datetime.now(UTC).isoformat(timespec="milliseconds")
        short = {name: shortened(fact, _LONGEST) if isinstance(fact, str) else fact for name, fact in facts.items()}
        line = {"time": time, "event": event, **short}
        with self._lock:
            print(json.dumps(line, ensure_ascii=False), file=self._out or sys.stderr, flush=True)

    def failed(self, event: str, error: BaseException, **facts: Fact) -> None:
        """Write that something failed: the kind of the error and where it was raised; its message may hold a text.

        labelsift's own errors say what is wrong in words of ours, up to where they quote a server's answer.
        """
        if isinstance(error, LabelsiftError):
            self.say(event, **facts, error=error.what.split(": ")[0], cure=error.hint)
            return
        last = traceback.extract_tb(error.__traceback__)[-1:]
        where = f"{Path(last[0].filename).name}:{last[0].lineno}" if last else ""
        self.say(event, **facts, error=type(error).__name__, where=where)


class Handler(logging.Handler):
    """Brings the lines of the HTTP server into the same form, without their arguments."""

    def __init__(self, log: Log) -> None:
        super().__init__(logging.WARNING)
        self._log = log

    def emit(self, record: logging.LogRecord) -> None:
        """Write one line."""
        error = record.exc_info[1] if record.exc_info else None
        if error is not None:
            self._log.failed("http_server", error)
        else:
            self._log.say("http_server", message=str(record.msg))
