"""API keys: what a key says of itself, and the Authorization header of a request.

A personal access token is exchanged for access tokens that live for minutes, a push for longer. A new one is fetched
when the clock says so, and when the server refuses the old one with 401 before it does anything: its clock may differ.
"""

from __future__ import annotations

import base64
import json
import re
import threading
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Literal

from .errors import refused

if TYPE_CHECKING:
    from requests import PreparedRequest

Kind = Literal["legacy", "personal", "access", "unknown"]


@dataclass(frozen=True)
class KeyFacts:
    """What kind of a key it is, and when it expires; None where it does not say so.

    ``legacy``: 40 hexadecimal characters, as long as the organization allows it. ``personal``: a personal access token,
    a JWT of the type refresh. ``access``: what a personal access token is exchanged for, good for five minutes.
    """

    kind: Kind
    expires: datetime | None = None


def facts_of(key: str) -> KeyFacts:
    """Read a key; nothing is checked, as only the server can.

    >>> facts_of("0123456789abcdef0123456789abcdef01234567").kind, facts_of("hello").kind
    ('legacy', 'unknown')
    """
    if re.fullmatch(r"[0-9a-f]{40}", key):
        return KeyFacts("legacy")
    parts = key.split(".")
    if len(parts) != 3:
        return KeyFacts("unknown")
    try:
        claims = json.loads(base64.urlsafe_b64decode(parts[1] + "=" * (-len(parts[1]) % 4)))
        kinds: dict[object, Kind] = {"refresh": "personal", "access": "access"}
        kind = kinds.get(claims.get("token_type"), "unknown")
        expires = claims.get("exp")
        return KeyFacts(kind, datetime.fromtimestamp(expires, UTC) if expires else None)
    except (ValueError, TypeError, AttributeError, OverflowError, OSError):
        return KeyFacts("unknown")


class Credentials:
    """The authentication of a requests session: the key itself, or an access token that was got for it.

    Parameters
    ----------
    key
        A legacy token, or a personal access token: a JWT, which says when it expires.
    fetch
        Gets an access token from the server.

    Raises
    ------
    PlatformError
        If the key has expired.
    """

    def __init__(self, key: str, fetch: Callable[[], str]) -> None:
        self._key, self._fetch = key, fetch
        expires = facts_of(key).expires
        if expires is not None and expires < datetime.now(UTC):
            raise refused(401, "the key has expired", "the key")
        self._personal = expires is not None
        self._token = ""
        self._lock = threading.Lock()

    def __call__(self, request: PreparedRequest) -> PreparedRequest:
        """Sign a request."""
        request.headers["Authorization"] = f"Bearer {self._access()}" if self._personal else f"Token {self._key}"
        return request

    def renew(self) -> bool:
        """Give up the access token, so that the next request gets a new one; False where the key itself is sent."""
        self._token = ""
        return self._personal

    def _access(self) -> str:
        with self._lock:
            expires = facts_of(self._token).expires
            if not self._token or (expires is not None and expires < datetime.now(UTC)):
                self._token = self._fetch()
            return self._token
