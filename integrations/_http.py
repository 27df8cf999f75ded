"""HTTP for adapters: a requests session with urllib3's retries, whole answers within a time limit, reachability.

The retries are for what may be repeated. A read that fails because the server is busy or restarting is asked again, and
so is PATCH, which sets a state. A second POST would make a second object.
"""

from __future__ import annotations

import ssl
import time
import urllib.error
import urllib.request
from http.client import HTTPException
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from labelsift.data.formatting import without_secrets

if TYPE_CHECKING:
    from requests import Response, Session

PATIENCE = 10.0  # seconds to wait for a server to answer at all
WAIT = 30.0  # seconds at most between two requests, however long a busy server asks for
WHOLE = 900.0  # seconds for the whole of an answer: one that trickles in would never run into a timeout
_BUSY = (429, 502, 503, 504)
_CHUNK = 1 << 16


def silence(url: str) -> str:
    """Return why a server does not answer, empty when it does: the platforms' clients retry for minutes before.

    Any answer counts, also a refusal; so does a certificate that cannot be checked, as clients have
    settings of their own for that.

    Parameters
    ----------
    url
        An address with http or https.
    """
    if urlsplit(url).scheme not in ("http", "https"):
        return f"{without_secrets(url)} is not an http address"
    try:
        urllib.request.urlopen(without_secrets(url), timeout=PATIENCE).close()  # noqa: S310 -- http and https only
    except urllib.error.HTTPError:
        return ""
    except (OSError, HTTPException, ValueError) as error:
        reason = getattr(error, "reason", error)
        return "" if isinstance(reason, ssl.SSLError) else str(reason)
    return ""


def session_for(url: str) -> Session:
    """Return a session for one server that repeats GET and PATCH requests of a server that is busy or restarting."""
    import requests
    from requests.adapters import HTTPAdapter
    from urllib3.util import Retry

    class Impatient(Retry):
        def get_retry_after(self, response: Any) -> float | None:  # noqa: ANN401 -- its type differs by version
            seconds = super().get_retry_after(response)
            return None if seconds is None else min(seconds, WAIT)

    session = requests.Session()
    retry = Impatient(
        total=4,
        connect=2,
        backoff_factor=0.3,
        status_forcelist=_BUSY,
        allowed_methods=("GET", "PATCH"),
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
        while piece := read(_CHUNK, decode_content=True):
            content += piece
            if time.monotonic() > end:
                raise requests.Timeout
        answer._content = bytes(content)  # what reading it whole would have done
        return answer
