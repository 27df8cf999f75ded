"""Server of a platform: its address and key from the environment, and its refusals as PlatformError without secrets."""

from __future__ import annotations

import contextlib
import json
import os
import re
import socket
import stat
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from labelsift.data.formatting import shortened
from labelsift.errors import InputError, PlatformError
from labelsift.io.secret_variables import secret_of, variable_of

_LATER = {408: "waited too long", 409: "was at odds with another change", 429: "has too much to do"}
SECONDS = 1.0  # for a connection, as much as Label Studio waits for one
_LONGEST = 300  # characters of a server's answer in a message
_TOKEN = re.compile(r"eyJ[\w-]+\.[\w-]+\.[\w-]*")  # a JSON web token
_LOOPBACK = ("localhost", "127.0.0.1", "::1")
_VISIBLE = re.compile(r"[!-~]+")  # what an address and a key are made of; anything else breaks the request


class UnansweredError(PlatformError):
    """Nobody knows whether the server did what it was asked for; ``status`` is its answer, 0 where none came.

    ``cut`` where the connection ended, or never began.
    """

    status = 0
    cut = False


Refused = Callable[[int, str, str], PlatformError | None]


@dataclass(frozen=True)
class Service:
    """What messages say of a server, and where its address and key stand.

    Parameters
    ----------
    name
        The platform, as people call it.
    url, key
        Environment variables of the address and the key; the key's may end with ``_FILE``, too.
    example
        An address, for the hint.
    where
        How people get a key.
    detail
        Reads what the server says out of its answer to a refused request.
    """

    name: str
    url: str
    key: str
    example: str
    where: str
    detail: Callable[[str], str] = lambda body: body

    def address(self) -> str:
        """Return the server's address.

        Raises
        ------
        InputError
            If the variable is not set or holds no address; nothing that it holds is shown.
        """
        url = os.environ.get(self.url, "").strip()
        hint = f"Set {self.url} to the address of {self.name}, for example {self.example}"
        if not url:
            raise InputError(f"{self.url} is not set", hint=hint)
        try:
            parts = urlsplit(url)
            good = parts.scheme in ("http", "https") and bool(parts.hostname) and (parts.port or 1) > 0
        except ValueError:  # a port or an IPv6 address that is none
            raise InputError(f"{self.url} does not hold an address", hint=hint) from None
        if "@" in parts.netloc:
            raise InputError(
                f"{self.url} holds a user name or a password",
                hint=f"Take them out: labelsift signs in with {self.key} only, and an address turns up in links",
            )
        if not good or not _VISIBLE.fullmatch(url) or parts.query or parts.fragment:
            raise InputError(f"{self.url} does not hold an address", hint=hint)
        return url

    def secret(self) -> str:
        """Return the key; raises as :meth:`address`."""
        file = f"{self.key}_FILE"
        where = f"The file that {file} names" if variable_of(self.key) == file else self.key
        secret = secret_of(self.key, what="the key")
        if secret is None:
            raise InputError(f"Neither {self.key} nor {file} is set", hint=self.where)
        if not _VISIBLE.fullmatch(secret):
            raise InputError(
                f"{where} holds more than a key: a line break, a space or a character that is not ASCII",
                hint=f"Copy it again. {self.where}",
            )
        return secret

    def in_the_clear(self) -> dict[str, str]:
        """Return a note, and what to do, where the key goes to another machine without encryption."""
        url = urlsplit(self.address())
        if url.scheme != "http" or url.hostname in _LOOPBACK:
            return {}
        return {f"The key goes to {url.hostname} unencrypted": f"Put {self.name} behind https"}

    @contextlib.contextmanager
    def asking(self, what: str, *, url: str, key: str, refused: Refused) -> Iterator[None]:
        """Turn the errors of requests into a PlatformError without secrets.

        Parameters
        ----------
        what
            What the server was asked for, for the message: ``project 3``.
        url, key
            The server, and the secret that must not be shown even if the server repeats it.
        refused
            Status, the server's words and ``what`` → the platform's own error; None for that of :meth:`refused`.

        Raises
        ------
        PlatformError
            If the server cannot be reached or refuses.
        """
        import requests
        from urllib3.exceptions import HTTPError as Broken
        from urllib3.exceptions import ReadTimeoutError

        # "from None" throughout: the errors hold the request with its key.
        try:
            yield
        except requests.HTTPError as error:
            status, body = (error.response.status_code, error.response.text) if error.response is not None else (0, "")
            if status == 404 and "detail" not in body:
                raise self.stranger(url) from None
            message = self.message(body, key=key)
            raise refused(status, message, what) or self.refused(status, message, what=what) from None
        except (ValueError, TypeError, AttributeError):
            # No JSON, or one of another shape; before RequestException, as requests' error is both.
            raise self.stranger(url) from None
        except (requests.RequestException, Broken, OSError) as error:
            reason = getattr(error.args[0], "reason", None) if error.args else None  # of the last of several requests
            if isinstance(error, requests.ReadTimeout) or isinstance(reason or error, ReadTimeoutError):
                happened, hint = (
                    "has not answered in time",
                    "It may still be at work on it: run the same command again later",
                )
            else:
                happened = f"could not be reached ({type(error).__name__})"
                hint = f"See that it runs and that {self.url} is its address; then run the same command again"
            unanswered = UnansweredError(
                f"{self.name} at {url} {happened} when asked for {what}", hint=f"{hint}: nothing is done twice"
            )
            unanswered.cut = happened.startswith("could not")
            raise unanswered from None

    def stranger(self, url: str) -> PlatformError:
        """Return the error for a server that answers, but not as the platform does."""
        return PlatformError(
            f"The server at {url} does not answer like {self.name}",
            hint=f"See that {self.url} is the address of {self.name} and of nothing else, with its path where it has "
            "one",
        )

    def elsewhere(self, url: str, headers: Mapping[str, str]) -> PlatformError:
        """Return the error for a server that sends labelsift on to another address, of which only the host is shown."""
        where = urlsplit(headers.get("location", ""))
        to = f"{where.scheme}://{where.netloc.rpartition('@')[2]}" if where.netloc else "another of its pages"
        return PlatformError(
            f"The server at {url} redirects to {to}, and the key goes nowhere but to the address that it was given for",
            hint=f"Set {self.url} to the address at which the browser ends up, if that is {self.name}",
        )

    def message(self, body: str, *, key: str) -> str:
        """Write what a server answered as one short line without secrets; of a page in HTML only its title."""
        text = self.detail(body)
        if re.match(r"\s*<", text):
            title = re.search(r"<title[^>]*>(.*?)</title>", text, re.DOTALL | re.IGNORECASE)
            text = title[1] if title else "a page in HTML"
        return shortened(" ".join(_TOKEN.sub("…", text.replace(key, "…")).split()), _LONGEST)

    def refused(self, status: int, message: str, *, what: str) -> PlatformError:
        """Return the error for a status of the server, with its message where that says more than the status."""
        if status == 401:
            return PlatformError(f"{self.name} does not accept the key", hint=f"{self.where}; put it into {self.key}")
        if status == 403:
            return PlatformError(f"The account may not use {what}", hint=f"Ask an administrator of {self.name}")
        if status == 404:
            return PlatformError(
                f"{self.name} has no {what}", hint=f"See that {self.url} is the right server and that nobody deleted it"
            )
        if status >= 500:
            failed = UnansweredError(
                f"{self.name} failed with {status} when asked for {what}: {message}",
                hint="Its log holds the reason; then run the same command again: nothing is done twice",
            )
            failed.status = status
            return failed
        if status in _LATER:
            return PlatformError(
                f"{self.name} {_LATER[status]} when asked for {what} ({status})",
                hint="Run the same command again in a minute: nothing is done twice",
            )
        return PlatformError(
            f"{self.name} refused {what} with {status}: {message}",
            hint="If its words do not tell why, its log does; the same command may be run again: nothing is done twice",
        )


def open_files(*variables: str) -> dict[str, str]:
    """Return a problem, and its cure, for each variable whose file of a secret other accounts of this machine can read.

    Parameters
    ----------
    variables
        Names of environment variables that hold the path of a file.
    """
    problems = {}
    for variable in variables:
        file = os.environ.get(variable, "").strip()
        try:
            mode = Path(file).expanduser().stat().st_mode if file else 0
        except (OSError, RuntimeError):  # whoever reads the file says so
            continue
        if mode & (stat.S_IRGRP | stat.S_IROTH):
            # Without its name: somebody may have put the secret itself there.
            problems[f"The file named by {variable} can be read by other accounts"] = f'chmod 600 "${variable}"'
    return problems


def listens(url: str) -> bool:
    """Tell whether somebody takes connections at an address, seen from this machine."""
    with contextlib.suppress(OSError, ValueError):
        parts = urlsplit(url)
        port = parts.port or (443 if parts.scheme == "https" else 80)
        socket.create_connection((parts.hostname or "", port), timeout=SECONDS).close()
        return True
    return False


@contextlib.contextmanager
def gone_is_good() -> Iterator[None]:
    """Let a deletion pass whose object somebody else has just deleted."""
    import requests

    try:
        yield
    except requests.HTTPError as error:
        if error.response is None or error.response.status_code != 404:
            raise


def holds(answer: Any, *names: str) -> bool:  # noqa: ANN401 -- whatever a server may answer
    """Tell whether an answer is an object with these names.

    >>> holds({"results": []}, "results"), holds([], "results")
    (True, False)
    """
    return isinstance(answer, dict) and all(name in answer for name in names)


def rows_hold(answer: Any, *names: str, of: type = int) -> bool:  # noqa: ANN401 -- whatever a server may answer
    """Tell whether an answer is a list of objects that all have these names, and an id of that type.

    >>> rows_hold([{"id": 1, "email": ""}], "email"), rows_hold([], "email"), rows_hold([{"id": "7f"}], of=str)
    (True, True, True)
    >>> rows_hold([None]), rows_hold([{"id": 1}], "email"), rows_hold([{"id": "x"}]), rows_hold({"id": 1})
    (False, False, False, False)
    """
    return isinstance(answer, list) and all(holds(row, *names) and isinstance(row.get("id"), of) for row in answer)


def json_of(body: str) -> Any:  # noqa: ANN401 -- any JSON
    """Return what a body of JSON holds; None where it is none."""
    try:
        return json.loads(body)
    except ValueError:
        return None
