"""One server of Label Studio and one account on it: how a request goes there, and an answer comes back.

label-studio-sdk writes what is single; pages and batches go as plain JSON through requests, because the
SDK builds and converts an object of every task that passes. Only calls that may be repeated are retried: a
second import of the same batch would double its tasks.
"""

from __future__ import annotations

import contextlib
import json
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from labelsift.errors import MissingExtraError

from .errors import asking, elsewhere, exchange, gone_is_good, holds, rows_hold, session_for, stranger

if TYPE_CHECKING:
    from label_studio_sdk import LabelStudio as SDK
    from requests import Response

Json = Any  # whatever a JSON text can hold
TIMEOUT = 300  # seconds; an import of thousands of tasks takes a minute on a busy server


def body_of(value: Json) -> bytes:
    """Write a request's body."""
    return json.dumps(value, ensure_ascii=False).encode()


class Wire:
    """The way to a server.

    Parameters
    ----------
    url
        The server's address, as in the browser.
    key
        A personal access token or a legacy token.

    Raises
    ------
    MissingExtraError
        If label-studio-sdk is not installed.
    """

    def __init__(self, url: str, key: str) -> None:
        self.url = url.rstrip("/")
        self._key = key
        try:
            from label_studio_sdk import LabelStudio as SDK
        except ImportError as error:
            raise MissingExtraError("label-studio-sdk", "label-studio", purpose="Label Studio") from error
        from .auth import Signer

        self._signer = Signer()
        with self._asking("the key"):
            # With the slash, or the SDK would ask for access tokens above the path that an address may have.
            self._sdk: SDK = SDK(
                base_url=f"{self.url}/", api_key=key, httpx_client=self._signer.client(timeout=TIMEOUT), max_retries=0
            )
        self._signer.sdk = self._sdk
        self._session = session_for(self.url)
        self._session.auth = self._signer.sign

    def get(
        self, path: str, *, what: str, params: Mapping[str, str | int] | None = None, names: Sequence[str] = ()
    ) -> Json:
        """Return the JSON that a path answers; ``what`` names it in an error, and it must hold ``names``."""
        with self._asking(what):
            found = self._answer("GET", path, params=params).json()
        if names and not holds(found, *names):
            raise stranger(self.url)
        return found

    def send(self, method: str, path: str, *, body: Json, what: str) -> Json:
        """Send one request that is not repeated, and return what the server answers."""
        return self._send(method, path, body=body, what=what)

    def delete(self, path: str, *, what: str) -> None:
        """Delete what stands at a path; what is gone already is no error."""
        with self._asking(what), gone_is_good():
            self._answer("DELETE", path)

    def _rows(
        self, path: str, *, what: str, names: Sequence[str], params: Mapping[str, str | int] | None = None
    ) -> Json:
        """Return the list that a path answers, whose objects must all have ``names``."""
        found = self.get(path, what=what, params=params)
        if not rows_hold(found, *names):
            raise stranger(self.url)
        return found

    def _send(
        self, method: str, path: str, *, body: Json, what: str, params: Mapping[str, str | int] | None = None
    ) -> Json:
        data = body if isinstance(body, bytes) else body_of(body)
        headers = {"Content-Type": "application/json"}
        with self._asking(what):
            answer = self._answer(method, path, data=data, params=params, headers=headers)
            return answer.json() if answer.content else None

    def _number(self, path: str, name: str, *, body: Json, what: str) -> int:
        """Post something; return the number that the answer holds under a name."""
        found = self._send("POST", path, body=body, what=what)
        if not holds(found, name) or not isinstance(found[name], int):
            raise stranger(self.url)
        return found[name]

    def _answer(self, method: str, path: str, **more: Any) -> Response:  # noqa: ANN401
        answer = exchange(self._session, method, f"{self.url}{path}", timeout=TIMEOUT, **more)
        if answer.status_code == 401 and self._signer.renew():  # refused before anything was done
            answer = exchange(self._session, method, f"{self.url}{path}", timeout=TIMEOUT, **more)
        return self._good(answer)

    @contextlib.contextmanager
    def _streamed(self, path: str, **params: str | int) -> Iterator[Response]:
        """Ask for an answer of any length that is not read at once."""
        more: Any = {"params": params, "timeout": TIMEOUT, "stream": True, "allow_redirects": False}
        answer = self._session.get(f"{self.url}{path}", **more)
        if answer.status_code == 401 and self._signer.renew():
            answer.close()
            answer = self._session.get(f"{self.url}{path}", **more)
        with answer:
            yield self._good(answer)

    def _good(self, answer: Response) -> Response:
        if answer.is_redirect:
            raise elsewhere(self.url, answer.headers)
        answer.raise_for_status()
        return answer

    def _asking(self, what: str) -> contextlib.AbstractContextManager[None]:
        return asking(what, url=self.url, key=self._key)
