"""Errors of a Label Studio server as PlatformError: what was asked for, why it failed, how to mend it, no secret."""

from __future__ import annotations

import contextlib
import json
import re
from collections.abc import Iterator, Mapping
from typing import Any
from urllib.parse import urlsplit

from labelsift.data.formatting import shortened
from labelsift.errors import PlatformError

URL, KEY, KEY_FILE = "LABEL_STUDIO_URL", "LABEL_STUDIO_API_KEY", "LABEL_STUDIO_API_KEY_FILE"
_LATER = {408: "waited too long", 409: "was at odds with another change", 429: "has too much to do"}
_LONGEST = 300  # characters of a server's answer in a message
_TOKEN = re.compile(r"eyJ[\w-]+\.[\w-]+\.[\w-]*")  # a personal access token, or the access token got for it


class UnansweredError(PlatformError):
    """Nobody knows whether the server did what it was asked for."""


@contextlib.contextmanager
def asking(what: str, *, url: str, key: str) -> Iterator[None]:
    """Turn the errors of requests into a PlatformError without secrets.

    Parameters
    ----------
    what
        What the server was asked for, for the message: ``project 3``.
    url, key
        The server, and the secret that must not be shown even if the server repeats it.

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
            raise stranger(url) from None
        raise refused(status, _message(body, key=key), what=what) from None
    except (ValueError, TypeError, AttributeError):
        # No JSON, or one of another shape; before RequestException, as requests' error is both.
        raise stranger(url) from None
    except (requests.RequestException, Broken, OSError) as error:
        reason = getattr(error.args[0], "reason", None) if error.args else None  # of the last of several requests
        if isinstance(error, requests.ReadTimeout) or isinstance(reason or error, ReadTimeoutError):
            happened, hint = (
                "has not answered in time",
                "It may still be at work on it: run the same command again later",
            )
        else:
            happened = f"could not be reached ({type(error).__name__})"
            hint = f"See that it runs and that {URL} is its address; then run the same command again"
        raise UnansweredError(
            f"Label Studio at {url} {happened} when asked for {what}", hint=f"{hint}: nothing is done twice"
        ) from None


@contextlib.contextmanager
def gone_is_good() -> Iterator[None]:
    """Let a deletion pass whose object somebody else has just deleted."""
    import requests

    try:
        yield
    except requests.HTTPError as error:
        if error.response is None or error.response.status_code != 404:
            raise


def stranger(url: str) -> PlatformError:
    """Return the error for a server that answers, but not as Label Studio does."""
    return PlatformError(
        f"The server at {url} does not answer like Label Studio",
        hint=f"See that {URL} is the address of Label Studio and of nothing else, with its path where it has one",
    )


def elsewhere(url: str, headers: Mapping[str, str]) -> PlatformError:
    """Return the error for a server that sends labelsift on to another address, of which only the host is shown."""
    where = urlsplit(headers.get("location", ""))
    to = f"{where.scheme}://{where.netloc.rpartition('@')[2]}" if where.netloc else "another of its pages"
    return PlatformError(
        f"The server at {url} redirects to {to}, and the key goes nowhere but to the address that it was given for",
        hint=f"Set {URL} to the address at which the browser ends up, if that is Label Studio",
    )


def holds(answer: Any, *names: str) -> bool:  # noqa: ANN401 -- whatever a server may answer
    """Tell whether an answer is an object with these names.

    >>> holds({"results": []}, "results"), holds([], "results")
    (True, False)
    """
    return isinstance(answer, dict) and all(name in answer for name in names)


def rows_hold(answer: Any, *names: str) -> bool:  # noqa: ANN401 -- whatever a server may answer
    """Tell whether an answer is a list of objects that all have these names and a number as their id.

    >>> rows_hold([{"id": 1, "email": ""}], "email"), rows_hold([], "email")
    (True, True)
    >>> rows_hold([None]), rows_hold([{"id": 1}], "email"), rows_hold([{"id": "x"}]), rows_hold({"id": 1})
    (False, False, False, False)
    """
    return isinstance(answer, list) and all(holds(row, *names) and isinstance(row.get("id"), int) for row in answer)


def _message(body: str, *, key: str) -> str:
    """Write what a server answered as one short line without secrets; of a page in HTML only its title.

    >>> _message("<html><head><title>502 Bad Gateway</title></head><body>…", key="k" * 40)
    '502 Bad Gateway'
    """
    text = _detail(body)
    if re.match(r"\s*<", text):
        title = re.search(r"<title[^>]*>(.*?)</title>", text, re.DOTALL | re.IGNORECASE)
        text = title[1] if title else "a page in HTML"
    text = " ".join(_TOKEN.sub("…", text.replace(key, "…")).split())
    return shortened(text, _LONGEST)


def _detail(body: str) -> str:
    """Return what the server says in its JSON of an error, or the body as it is.

    >>> _detail('{"detail": "Validation error", "validation_errors": {"title": ["Too long"], "x": ["Bad"]}}')
    'Validation error: title: Too long; x: Bad'
    """
    try:
        answer = json.loads(body)
        detail, errors = str(answer["detail"]), answer.get("validation_errors") or {}
        messages = [(name, message) for name, several in errors.items() for message in several]
    except (ValueError, KeyError, TypeError, AttributeError):
        return body
    named = [message if name == "non_field_errors" else f"{name}: {message}" for name, message in messages]
    return f"{detail}: {'; '.join(map(str, named))}" if named else detail


def refused(status: int, message: str, *, what: str) -> PlatformError:
    """Return the error for a status of the server, with its message where that says more than the status."""
    if status == 401 and "legacy token authentication has been disabled" in message:
        return PlatformError(
            "The key is a legacy token, and the organization does not allow those",
            hint=f"Put a personal access token into {KEY} (Account & Settings → Personal Access Token), or let an "
            "owner allow legacy tokens under Organization → API Token Settings",
        )
    if status == 401:
        return PlatformError(
            "Label Studio does not accept the key",
            hint=f"Copy a valid token into {KEY}: Account & Settings → Personal Access Token. "
            "A legacy token works only where the organization allows it",
        )
    if status == 403 and "reserved network address" in message:  # no matter of the account: SSRF protection
        return PlatformError(f"Label Studio refused {what}: {message}")
    if status == 403:
        return PlatformError(f"The account may not use {what}", hint="Ask an administrator of Label Studio")
    if status == 404:
        return PlatformError(
            f"Label Studio has no {what}", hint=f"See that {URL} is the right server and that nobody deleted it"
        )
    if status >= 500:
        return UnansweredError(
            f"Label Studio failed with {status} when asked for {what}: {message}",
            hint="Its log holds the reason; then run the same command again: nothing is done twice",
        )
    if status in _LATER:
        return PlatformError(
            f"Label Studio {_LATER[status]} when asked for {what} ({status})",
            hint="Run the same command again in a minute: nothing is done twice",
        )
    return PlatformError(
        f"Label Studio refused {what} with {status}: {message}",
        hint="If its words do not tell why, its log does; the same command may be run again: nothing is done twice",
    )
