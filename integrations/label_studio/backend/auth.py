"""Basic authentication of requests, with a password from the environment; loopback only without one."""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import ipaddress
import os
import re
from pathlib import Path

from labelsift.errors import InputError

from ..client.connect import PASSWORD, PASSWORD_FILE, USER

LEAST = 12  # characters of a password
_VISIBLE = re.compile(r"[!-~]+")


def password() -> str | None:
    """Return the backend's password from the environment or the file that it names; None where there is none.

    Raises
    ------
    InputError
        If the file cannot be read or may be read by others, or the password is short or holds other characters.
        No error shows the password.
    """
    secret, file = os.environ.get(PASSWORD, "").strip(), os.environ.get(PASSWORD_FILE, "").strip()
    where = PASSWORD
    if not secret and file:
        where, secret = f"The file that {PASSWORD_FILE} names", _read(Path(file).expanduser())
    if not secret and not file:
        return None
    if len(secret) < LEAST or not _VISIBLE.fullmatch(secret):
        raise InputError(
            f"{where} holds no password of at least {LEAST} visible ASCII characters without spaces",
            hint='Make one: python -c "import secrets; print(secrets.token_urlsafe(24))"',
        )
    return secret


def _read(path: Path) -> str:
    try:
        if path.stat().st_mode & 0o077:
            raise InputError(f"Others may read the file that {PASSWORD_FILE} names", hint="Run chmod 600 on it")
        return path.read_text(encoding="ascii").strip()
    except (OSError, UnicodeDecodeError) as error:
        why = getattr(error, "strerror", None) or "it holds other characters than ASCII"
        raise InputError(
            f"The file that {PASSWORD_FILE} names cannot be read: {why}", hint="Name a file that holds the password"
        ) from None


def is_loopback(host: str) -> bool:
    """Tell whether a host can only be reached from this machine.

    >>> is_loopback("127.0.0.1"), is_loopback("localhost"), is_loopback("::1"), is_loopback("0.0.0.0")
    (True, True, True, False)
    """
    try:
        return ipaddress.ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return host == "localhost"


def require_safe(host: str, secret: str | None) -> None:
    """Refuse to serve other machines without a password.

    Raises
    ------
    InputError
        If the host is not loopback and there is no password.
    """
    if secret is None and not is_loopback(host):
        raise InputError(
            f"Without a password the backend serves this machine only, not {host}",
            hint=f"Set {PASSWORD}, or {PASSWORD_FILE} to a file with mode 0600; the user is {USER}",
        )


class Access:
    """Tells whether a request may pass.

    Parameters
    ----------
    secret
        The password; with None everybody may pass who names this machine as the host.
    """

    def __init__(self, secret: str | None) -> None:
        self.open = secret is None
        self._expected = _digest(f"{USER}:{secret}".encode())

    def allows(self, authorization: str | None) -> bool:
        """Compare the credentials of a request in constant time."""
        if self.open:
            return True
        kind, _, coded = (authorization or "").partition(" ")
        try:
            given = base64.b64decode(coded.strip(), validate=True) if kind.lower() == "basic" else b""
        except (binascii.Error, ValueError):
            given = b""
        return hmac.compare_digest(_digest(given), self._expected)

    def knows_host(self, host: str | None) -> bool:
        """Tell whether a request was meant for this machine: a page of a stranger's must not ask through a browser."""
        name = (host or "").rsplit(":", 1)[0] if not (host or "").endswith("]") else (host or "")
        return not self.open or is_loopback(name)


def _digest(value: bytes) -> bytes:
    return hashlib.sha256(value).digest()
