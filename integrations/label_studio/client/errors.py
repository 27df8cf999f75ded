"""What can go wrong between labelsift and a Label Studio server: asked again, or said so that a person can mend it."""

from __future__ import annotations

import contextlib
import json
import re
import time
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from labelsift.errors import PlatformError

if TYPE_CHECKING:
    from requests import Response, Session

URL, KEY, KEY_FILE = "LABEL_STUDIO_URL", "LABEL_STUDIO_API_KEY", "LABEL_STUDIO_API_KEY_FILE"
_BUSY = (429, 502, 503, 504)
_LATER = {408: "waited too long", 409: "was at odds with another change", 429: "has too much to do"}
_SHOWN = 300  # characters of a server's answer in a message
WAIT = 30.0  # seconds at most between two requests, however long a busy server asks for
WHOLE = 900.0  # seconds for the whole of an answer: one that trickles in would never run into a timeout
_TOKEN = re.compile(r"eyJ[\w-]+\.[\w-]+\.[\w-]*")  # a personal access token, or the access token got for it


def session_for(url: str) -> Session:
    """Return a session that asks again where that is harmless: reads, of a server that is busy or restarting."""
    import requests
    from requests.adapters import HTTPAdapter
    from urllib3.util import Retry

    class Impatient(Retry):
        def get_retry_after(self, response: Any) -> float | None:  # noqa: ANN401 -- its type differs by version
            asked = super().get_retry_after(response)
            return None if asked is None else min(asked, WAIT)

    session = requests.Session()
    retry = Impatient(
        total=4,
        connect=2,
        backoff_factor=0.3,
        status_forcelist=_BUSY,
        allowed_methods=("GET",),
        raise_on_status=False,  # the last answer says more than that there were too many
    )
    session.mount(url, HTTPAdapter(max_retries=retry))
    return session


def exchange(session: Session, method: str, url: str, *, timeout: float, **more: Any) -> Response:  # noqa: ANN401
    """Send a request and read its whole answer within ``WHOLE`` seconds; what redirects is not followed.

    The key must reach nobody but the server that it was given for, and neither must the texts in a request.
    """
    import requests

    end = time.monotonic() + WHOLE
    with session.request(method, url, timeout=timeout, stream=True, allow_redirects=False, **more) as answer:
        content = bytearray()
        read = getattr(answer.raw, "read1", answer.raw.read)  # urllib3 before 2.2 can only wait for a whole piece
        while piece := read(1 << 16, decode_content=True):
            content += piece
            if time.monotonic() > end:
                raise requests.Timeout
        answer._content = bytes(content)  # what reading it whole would have done
        return answer


@contextlib.contextmanager
def asking(what: str, *, url: str, key: str) -> Iterator[None]:
    """Turn the errors of the SDK and of requests into a PlatformError without secrets.

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
    import httpx
    import requests
    from label_studio_sdk.core.api_error import ApiError
    from urllib3.exceptions import HTTPError as Broken

    # "from None" throughout: the errors hold the request with its key.
    try:
        yield
    except ApiError as error:
        status = error.status_code or 0
        if 300 <= status < 400:
            raise elsewhere(url, {name.lower(): of for name, of in (error.headers or {}).items()}) from None
        if status < 400 or (status == 404 and not isinstance(error.body, dict)):  # the SDK found no JSON
            raise stranger(url) from None
        raise _refused(status, _said(error.body, key=key), what=what) from None
    except requests.HTTPError as error:
        status, body = (error.response.status_code, error.response.text) if error.response is not None else (0, "")
        if status == 404 and "detail" not in body:
            raise stranger(url) from None
        raise _refused(status, _said(body, key=key), what=what) from None
    except (ValueError, TypeError, AttributeError):
        # No JSON, or one that the SDK stumbles over; before RequestException, as requests' is both.
        raise stranger(url) from None
    except (httpx.HTTPError, requests.RequestException, Broken, OSError) as error:
        raise PlatformError(
            f"Label Studio at {url} could not be reached ({type(error).__name__}) when asked for {what}",
            cure=f"See that it runs and that {URL} is its address; then run the same command again",
        ) from None


@contextlib.contextmanager
def gone_is_good() -> Iterator[None]:
    """Let a deletion pass whose object somebody else has just deleted."""
    import requests
    from label_studio_sdk.core.api_error import ApiError

    try:
        yield
    except ApiError as error:
        if error.status_code != 404:
            raise
    except requests.HTTPError as error:
        if error.response is None or error.response.status_code != 404:
            raise


def stranger(url: str) -> PlatformError:
    """Return the error for a server that answers, but not as Label Studio does."""
    return PlatformError(
        f"The server at {url} does not answer like Label Studio",
        cure=f"See that {URL} is the address of Label Studio and of nothing else, with its path where it has one",
    )


def elsewhere(url: str, headers: Mapping[str, str]) -> PlatformError:
    """Return the error for a server that sends labelsift on to another address, of which only the host is shown."""
    where = urlsplit(headers.get("location", ""))
    to = f"{where.scheme}://{where.netloc.rpartition('@')[2]}" if where.netloc else "another of its pages"
    return PlatformError(
        f"The server at {url} redirects to {to}, and the key goes nowhere but to the address that it was given for",
        cure=f"Set {URL} to the address at which the browser ends up, if that is Label Studio",
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
    return isinstance(answer, list) and all(holds(one, *names) and isinstance(one.get("id"), int) for one in answer)


def _said(body: object, *, key: str) -> str:
    """Write what a server answered as one short line without secrets; of a page in HTML only its title.

    >>> _said("<html><head><title>502 Bad Gateway</title></head><body>…", key="k" * 40)
    '502 Bad Gateway'
    """
    text = _told(body if isinstance(body, str) else json.dumps(body, default=str))
    if re.match(r"\s*<", text):
        title = re.search(r"<title[^>]*>(.*?)</title>", text, re.DOTALL | re.IGNORECASE)
        text = title[1] if title else "a page in HTML"
    text = " ".join(_TOKEN.sub("…", text.replace(key, "…")).split())
    return text if len(text) <= _SHOWN else text[:_SHOWN] + " …"


def _told(body: str) -> str:
    """Return what the server says in its JSON of an error, or the body as it is.

    >>> _told('{"detail": "Validation error", "validation_errors": {"title": ["Too long"], "x": ["Bad"]}}')
    'Validation error: title: Too long; x: Bad'
    """
    try:
        found = json.loads(body)
        detail, errors = str(found["detail"]), found.get("validation_errors") or {}
        told = [(name, one) for name, many in errors.items() for one in many]
    except (ValueError, KeyError, TypeError, AttributeError):
        return body
    named = [f"{one}" if name == "non_field_errors" else f"{name}: {one}" for name, one in told]
    return f"{detail}: {'; '.join(named)}" if named else detail


def _refused(status: int, said: str, *, what: str) -> PlatformError:
    if status == 401 and "legacy token authentication has been disabled" in said:
        return PlatformError(
            "The key is a legacy token, and the organization does not allow those",
            cure=f"Put a personal access token into {KEY} (Account & Settings → Personal Access Token), or let an "
            "owner allow legacy tokens under Organization → API Token Settings",
        )
    if status == 401:
        return PlatformError(
            "Label Studio does not accept the key",
            cure=f"Copy a valid token into {KEY}: Account & Settings → Personal Access Token. "
            "A legacy token works only where the organization allows it",
        )
    if status == 403 and "reserved network address" in said:  # no matter of the account: SSRF protection
        return PlatformError(f"Label Studio refused {what}: {said}")
    if status == 403:
        return PlatformError(f"The account may not use {what}", cure="Ask an administrator of Label Studio")
    if status == 404:
        return PlatformError(
            f"Label Studio has no {what}", cure=f"See that {URL} is the right server and that nobody deleted it"
        )
    if status >= 500:
        return PlatformError(
            f"Label Studio failed with {status} when asked for {what}: {said}",
            cure="Its log holds the reason; then run the same command again: nothing is done twice",
        )
    if status in _LATER:
        return PlatformError(
            f"Label Studio {_LATER[status]} when asked for {what} ({status})",
            cure="Run the same command again in a minute: nothing is done twice",
        )
    return PlatformError(
        f"Label Studio refused {what} with {status}: {said}",
        cure="If its words do not tell why, its log does; the same command may be run again: nothing is done twice",
    )
