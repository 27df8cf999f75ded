"""HTTP for adapters: a requests session with urllib3's retries, prompt and whole answers, reachability.

The retries are for what may be repeated. A read that fails because the server is busy or restarting is asked again, and
so is PATCH, which sets a state. A second POST would make a second object.
"""

from __future__ import annotations

import socket
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
    from requests.adapters import HTTPAdapter
    from urllib3.util import Retry

PATIENCE = 10.0  # seconds to wait for a server to answer at all
WAIT = 30.0  # seconds at most between two requests, however long a busy server asks for
WHOLE = 900.0  # seconds for the whole of an answer: one that trickles in would never run into a timeout
_BUSY = (429, 502, 503, 504)
_CHUNK = 1 << 16
_QUICKACK = getattr(socket, "TCP_QUICKACK", None)  # Linux alone has it


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
    session.mount(url, _acknowledging(retry))
    return session


def _acknowledging(retry: Retry) -> HTTPAdapter:
    """Return an adapter of requests that acknowledges the head of every answer at once.

    Django's own server, which ``label-studio start`` runs, writes the head and the body of an answer apart. The body
    waits until the head is acknowledged (Nagle's algorithm, RFC 896), which Linux puts off for 40 ms on a connection
    that was used before. That doubles the time of most requests.
    """
    from requests.adapters import HTTPAdapter
    from urllib3 import HTTPConnectionPool
    from urllib3.connection import HTTPConnection

    class Connection(HTTPConnection):
        def getresponse(self) -> Any:  # noqa: ANN401 -- its type differs by version
            if self.sock is not None and _QUICKACK is not None:
                self.sock.setsockopt(socket.IPPROTO_TCP, _QUICKACK, 1)  # holds for some packets only
            return super().getresponse()

    class Pool(HTTPConnectionPool):
        ConnectionCls = Connection  # pyright: ignore[reportAssignmentType] -- urllib3's own class does not fit either

    class Adapter(HTTPAdapter):
        def init_poolmanager(self, *args: Any, **more: Any) -> None:  # noqa: ANN401 -- requests' own
            super().init_poolmanager(*args, **more)
            self.poolmanager.pool_classes_by_scheme = self.poolmanager.pool_classes_by_scheme | {"http": Pool}

    return Adapter(max_retries=retry)


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
