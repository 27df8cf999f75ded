"""Basic authentication of requests, with a password from the environment; loopback only without one."""

from __future__ import annotations

import base64
import hashlib
import hmac
import ipaddress
import os
import re
from pathlib import Path

from ..errors import InputError
from ..io.secret_variables import secret_of, variable_of

# Of every live server; the password stands in one of the variables.
USER, PASSWORD, PASSWORD_FILE = "labelsift", "LABELSIFT_BACKEND_PASSWORD", "LABELSIFT_BACKEND_PASSWORD_FILE"
LEAST = 12  # characters of a password
_VISIBLE = re.compile(r"[!-~]+")


def password(variable: str) -> str | None:
    """Return the server's own password, as :func:`.secret_of` does, if it is fit for one.

    Raises
    ------
    InputError
        If the file cannot be read or may be read by others, or the password is short or holds other characters.
        No error shows the password.
    """
    secret, where = secret_of(variable, what="the password"), variable
    if secret is not None and variable_of(variable) != variable:
        where = f"The file that {variable}_FILE names"
        if Path(os.environ[f"{variable}_FILE"].strip()).expanduser().stat().st_mode & 0o077:
            raise InputError(f"Others may read the file that {variable}_FILE names", hint="Run chmod 600 on it")
    if secret is not None and (len(secret) < LEAST or not _VISIBLE.fullmatch(secret)):
        raise InputError(
            f"{where} holds no password of at least {LEAST} visible ASCII characters without spaces",
            hint='Make one: python -c "import secrets; print(secrets.token_urlsafe(24))"',
        )
    return secret


def is_loopback(host: str) -> bool:
    """Tell whether a host can only be reached from this machine.

    >>> is_loopback("127.0.0.1"), is_loopback("localhost"), is_loopback("::1"), is_loopback("0.0.0.0")
    (True, True, True, False)
    """
    try:
        return ipaddress.ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return host == "localhost"


def require_safe(host: str, secret: str | None, *, variable: str, user: str) -> None:
    """Refuse to serve other machines without a password.

    Raises
    ------
    InputError
        If the host is not loopback and there is no password.
    """
    if secret is None and not is_loopback(host):
        raise InputError(
            f"Without a password the backend serves this machine only, not {host}",
            hint=f"Set {variable}, or {variable}_FILE to a file with mode 0600; the user is {user}",
        )


def allows(authorization: str | None, secret: str | None, *, user: str) -> bool:
    """Compare the credentials of a request in constant time; with None for a password everybody may pass."""
    kind, _, coded = (authorization or "").partition(" ")
    expected = base64.b64encode(f"{user}:{secret}".encode()).decode()
    right = hmac.compare_digest(_digest(coded.strip()), _digest(expected))
    return secret is None or (right and kind.lower() == "basic")


def is_this_machine(host: str) -> bool:
    """Tell whether a request was meant for this machine: a page of a stranger's must not ask through a browser."""
    return is_loopback(host if host.endswith("]") else host.rsplit(":", 1)[0])


def _digest(value: str) -> bytes:
    return hashlib.sha256(value.encode()).digest()
