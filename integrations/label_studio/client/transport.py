"""Transport to one Label Studio server as one account: signed JSON requests, checked answers, errors in plain words.

Everything goes through requests. label-studio-sdk builds and converts an object of every task that passes, so labelsift
uses it for labeling configs only.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any

from labelsift.errors import MissingExtraError
from labelsift.integrations._http import exchange, session_for
from labelsift.integrations._service import holds, rows_hold
from labelsift.integrations._transport import Json, JsonTransport, Params

from .auth import Credentials
from .errors import SERVICE, refused

if TYPE_CHECKING:
    from requests import PreparedRequest, Response

TIMEOUT = 300  # seconds; an import of thousands of tasks takes a minute on a busy server


def body_of(value: Json) -> bytes:
    """Write a request's body."""
    return json.dumps(value, ensure_ascii=False).encode()


class Transport(JsonTransport):
    """Requests to a server.

    Parameters
    ----------
    url
        The server's address, as in the browser.
    key
        A personal access token or a legacy token.

    Raises
    ------
    MissingExtraError
        If label-studio-sdk or requests is not installed.
    PlatformError
        If the key has expired.
    """

    service, refused = SERVICE, staticmethod(refused)

    def __init__(self, url: str, key: str) -> None:
        self.url = url.rstrip("/")
        self._key = key
        for package in ("label_studio_sdk", "requests"):
            if find_spec(package) is None:
                raise MissingExtraError("label-studio-sdk", "label-studio", purpose="Label Studio")
        self._credentials = Credentials(key, self._access_token)
        self._session = session_for(self.url)
        self._session.auth = self._credentials

    def _rows(self, path: str, *, what: str, names: Sequence[str], params: Params | None = None) -> Json:
        """Return the list that a path answers, whose objects must all have ``names``."""
        rows = self.get(path, what=what, params=params)
        if not rows_hold(rows, *names):
            raise SERVICE.stranger(self.url)
        return rows

    def _number(self, path: str, name: str, *, body: Json, what: str) -> int:
        """Post something; return the number that the answer holds under a name."""
        answer = self.send("POST", path, body=body, what=what, names=[name])
        if not isinstance(answer[name], int):
            raise SERVICE.stranger(self.url)
        return answer[name]

    def _access_token(self) -> str:
        """Exchange the key for an access token, by a request that is not signed."""

        def unsigned(request: PreparedRequest) -> PreparedRequest:
            return request

        url, body = f"{self.url}/api/token/refresh/", _json({"refresh": self._key})
        answer = self._good(exchange(self._session, "POST", url, timeout=TIMEOUT, auth=unsigned, **body)).json()
        if not holds(answer, "access"):
            raise SERVICE.stranger(self.url)
        return str(answer["access"])

    def _answer(
        self, method: str, path: str, *, body: Json = None, params: Params | None = None, expected: float = 0.0
    ) -> Response:
        more = {"params": params, "timeout": max(TIMEOUT, 3 * expected)} | ({} if body is None else _json(body))
        answer = exchange(self._session, method, f"{self.url}{path}", **more)
        if answer.status_code == 401 and self._credentials.renew():  # refused before anything was done
            answer = exchange(self._session, method, f"{self.url}{path}", **more)
        return self._good(answer)


def _json(body: Json) -> dict[str, Any]:
    """Return the arguments of a request with this body: bytes as they are, anything else as JSON."""
    data = body if isinstance(body, bytes) else body_of(body)
    return {"data": data, "headers": {"Content-Type": "application/json"}}
