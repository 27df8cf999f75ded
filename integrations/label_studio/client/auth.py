"""Signing requests: the access token of a personal access token lives for minutes, a push for longer.

The SDK fetches a new one when the clock says that it must. A server whose clock differs, or that gets a request after
it has waited in front of it, refuses the old one with 401, before it does anything: then the request goes once more,
with a new one.
"""

from __future__ import annotations

from collections.abc import Generator
from typing import TYPE_CHECKING

import httpx
from label_studio_sdk.core.api_error import ApiError

if TYPE_CHECKING:
    from label_studio_sdk import LabelStudio as SDK
    from requests import PreparedRequest

_REFRESH = "/api/token/refresh/"


class Signer(httpx.Auth):
    """Puts the key of an account, or a fresh token got for it, into requests."""

    sdk: SDK  # given as soon as it is made, which needs the client below

    def client(self, *, timeout: float) -> httpx.Client:
        """Return the HTTP client for the SDK; it follows no redirection, which would take the key along."""
        hooks = {"response": [_refusal]}
        return httpx.Client(auth=self, timeout=timeout, follow_redirects=False, event_hooks=hooks)

    def sign(self, request: PreparedRequest) -> PreparedRequest:
        """Sign a request of the package requests."""
        request.headers["Authorization"] = self._authorization()
        return request

    def renew(self) -> bool:
        """Give up the access token, so that the next request gets a new one; False where the key itself is sent."""
        tokens = self.sdk._client_wrapper._tokens_client
        if tokens._use_legacy_token:
            return False
        tokens._access_token = None
        return True

    def auth_flow(self, request: httpx.Request) -> Generator[httpx.Request, httpx.Response, None]:
        """Send a request of the SDK once more where its access token has run out; the SDK itself has signed it."""
        answer = yield request
        if answer.status_code == 401 and not request.url.path.endswith(_REFRESH) and self.renew():
            request.headers["Authorization"] = self._authorization()
            yield request

    def _authorization(self) -> str:
        return self.sdk._client_wrapper.get_headers()["Authorization"]


def _refusal(answer: httpx.Response) -> None:
    """Say what the server refused a new token with; the SDK would stumble over an answer that is no JSON."""
    if answer.request.url.path.endswith(_REFRESH) and answer.status_code != 200:
        body = answer.read().decode(errors="replace")
        try:
            parsed = answer.json()
        except ValueError:
            parsed = body
        raise ApiError(status_code=answer.status_code, headers=dict(answer.headers), body=parsed)
