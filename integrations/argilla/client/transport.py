"""Transport to one Argilla server as one account: JSON requests, checked answers, errors in plain words.

Everything goes through requests. Argilla's own client cannot sort, wipes metadata that a partial update leaves out, and
fails on numpy's numbers; as published it cannot even be imported without a package that it does not name.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any

from labelsift.errors import MissingExtraError
from labelsift.integrations._http import exchange, session_for
from labelsift.integrations._service import rows_hold
from labelsift.integrations._transport import Json, JsonTransport, Params

from .errors import SERVICE, refused

if TYPE_CHECKING:
    from requests import Response

_TEXTS = ("name", "status", "inserted_at", "updated_at", "username", "role")
_KINDS: dict[str, Any] = {  # what stands under these names, where it is asked for
    **dict.fromkeys(_TEXTS, str),
    **dict.fromkeys(("fields", "settings"), dict),
    **dict.fromkeys(("items", "users", "responses", "suggestions"), list),
    **{"total": int, "external_id": (str, type(None)), "metadata": (dict, type(None))},
}
TIMEOUT = 300  # seconds; a batch with vectors takes some ten on a busy server


def body_of(value: Json) -> bytes:
    """Write a request's body; a number that is none (NaN) is refused here, as the server would."""
    return json.dumps(value, ensure_ascii=False, allow_nan=False).encode("utf-8", "replace")


class Transport(JsonTransport):
    """Requests to a server.

    Parameters
    ----------
    url
        The server's address, as in the browser.
    key
        The API key of an account.

    Raises
    ------
    MissingExtraError
        If requests is not installed.
    """

    service, refused = SERVICE, staticmethod(refused)

    def __init__(self, url: str, key: str) -> None:
        self.url = url.rstrip("/")
        self._key = key
        if find_spec("requests") is None:  # Argilla's own package does not bring it along
            raise MissingExtraError("requests", "argilla", purpose="Argilla")
        self._session = session_for(self.url)
        self._session.headers["X-Argilla-Api-Key"] = key

    def rows(self, path: str, *, what: str, names: Sequence[str] = (), params: Params | None = None) -> Json:
        """Return the items that a path answers, which must all have ``names``."""
        rows = self.get(path, what=what, params=params, names=["items"])["items"]
        return self._checked_rows(rows, names)

    def _fits(self, answer: Mapping[str, Any], names: Sequence[str]) -> bool:
        return all(isinstance(answer[name], _KINDS.get(name, object)) for name in names)

    def _checked_rows(self, rows: Json, names: Sequence[str]) -> Json:
        if not (rows_hold(rows, *names, of=str) and all(self._fits(row, names) for row in rows)):
            raise SERVICE.stranger(self.url)
        return rows

    def _answer(
        self, method: str, path: str, *, body: Json = None, params: Params | None = None, expected: float = 0.0
    ) -> Response:
        more: dict[str, Any] = {"params": params, "timeout": max(TIMEOUT, 3 * expected)}
        if body is not None:
            data = body if isinstance(body, bytes) else body_of(body)
            more |= {"data": data, "headers": {"Content-Type": "application/json"}}
        return self._good(exchange(self._session, method, f"{self.url}/api/v1{path}", **more))
