"""Transport of JSON to one server as one account: what a client asks, sends and deletes, with answers checked."""

from __future__ import annotations

import contextlib
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from ._service import Refused, Service, gone_is_good, holds

if TYPE_CHECKING:
    from requests import Response

Json = Any  # whatever a JSON text can hold
Params = Mapping[str, Any]


class JsonTransport:
    """Requests of JSON; a platform says how one is signed and answered.

    Attributes
    ----------
    service, refused
        What messages say of the server, and the platform's own errors.
    url
        The server's address.
    """

    service: Service
    refused: Refused
    url: str
    _key: str

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
        what: str,
        body: Json = None,
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

    def delete(self, path: str, *, what: str, params: Params | None = None) -> None:
        """Delete what stands at a path; what is gone already is no error."""
        with self._asking(what), gone_is_good():
            self._answer("DELETE", path, params=params)

    def _answer(
        self, method: str, path: str, *, body: Json = None, params: Params | None = None, expected: float = 0.0
    ) -> Response:
        """Return the whole answer to a signed request, if it is a good one."""
        raise NotImplementedError

    def _good(self, answer: Response) -> Response:
        """Return an answer that neither leads elsewhere nor refuses."""
        if answer.is_redirect:
            raise self.service.elsewhere(self.url, answer.headers)
        answer.raise_for_status()
        return answer

    def _checked(self, answer: Json, names: Sequence[str]) -> Json:
        if names and not (holds(answer, *names) and self._fits(answer, names)):
            raise self.service.stranger(self.url)
        return answer

    def _fits(self, answer: Mapping[str, Any], names: Sequence[str]) -> bool:
        """Tell whether the values under these names are of the kinds that the platform gives them."""
        return True

    def _asking(self, what: str) -> contextlib.AbstractContextManager[None]:
        return self.service.asking(what, url=self.url, key=self._key, refused=self.refused)
