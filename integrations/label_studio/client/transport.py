"""Transport to one Label Studio server as one account: signed JSON requests, checked answers, errors in plain words.

Everything goes through requests. label-studio-sdk builds and converts an object of every task that passes, so labelsift
uses it for labeling configs only.
"""

from __future__ import annotations

import contextlib
import json
from collections.abc import Mapping, Sequence
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any

from labelsift.errors import MissingExtraError
from labelsift.integrations._http import exchange, session_for
from labelsift.integrations._service import gone_is_good, holds, rows_hold

from .auth import Credentials
from .errors import SERVICE, refused

if TYPE_CHECKING:
    from requests import PreparedRequest, Response

Json = Any  # whatever a JSON text can hold
Params = Mapping[str, str | int]
TIMEOUT = 300  # seconds; an import of thousands of tasks takes a minute on a busy server


def body_of(value: Json) -> bytes:
    """Write a request's body."""
    return json.dumps(value, ensure_ascii=False).encode()


class Transport:
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

    def __init__(self, url: str, key: str) -> None:
        self.url = url.rstrip("/")
        self._key = key
        for package in ("label_studio_sdk", "requests"):
            if find_spec(package) is None:
                raise MissingExtraError("label-studio-sdk", "label-studio", purpose="Label Studio")
        self._credentials = Credentials(key, self._access_token)
        self._session = session_for(self.url)
        self._session.auth = self._credentials

    def get(self, path: str, *, what: str, params: Params | None = None, names: Sequence[str] = ()) -> Json:
        """Return the JSON that a path answers; ``what`` names it in an error, and it must hold ``names``."""
        with self._asking(what):
            answer = self._answer("GET", path, params=params).json()
        return self._checked(answer, names)

    def send(
        self,
        method: str,
        path: str,
        *,
        body: Json,
        what: str,
        params: Params | None = None,
        names: Sequence[str] = (),
        expected: float = 0.0,
    ) -> Json:
        """Send one request, and return what the server answers; only PATCH is repeated, of a server that is busy.

        ``expected`` are the seconds that an answer may well take, where it is many.
        """
        with self._asking(what):
            answer = self._answer(method, path, body=body, params=params, expected=expected)
            content = answer.json() if answer.content else None
        return self._checked(content, names)

    def _checked(self, answer: Json, names: Sequence[str]) -> Json:
        if names and not holds(answer, *names):
            raise SERVICE.stranger(self.url)
        return answer

    def delete(self, path: str, *, what: str) -> None:
        """Delete what stands at a path; what is gone already is no error."""
        with self._asking(what), gone_is_good():
            self._answer("DELETE", path)

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

    def _good(self, answer: Response) -> Response:
        if answer.is_redirect:
            raise SERVICE.elsewhere(self.url, answer.headers)
        answer.raise_for_status()
        return answer

    def _asking(self, what: str) -> contextlib.AbstractContextManager[None]:
        return SERVICE.asking(what, url=self.url, key=self._key, refused=refused)


def _json(body: Json) -> dict[str, Any]:
    """Return the arguments of a request with this body: bytes as they are, anything else as JSON."""
    data = body if isinstance(body, bytes) else body_of(body)
    return {"data": data, "headers": {"Content-Type": "application/json"}}
