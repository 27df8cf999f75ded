"""Address and API key of the server from environment variables, never from arguments that end up in a history."""

from __future__ import annotations

import os
import re
from urllib.parse import urlsplit

from labelsift.errors import InputError
from labelsift.io.secret_variables import secret_of, variable_of

from .client import Client
from .errors import KEY, KEY_FILE, URL

# The backend's password, which enable gives to Label Studio and serve asks for.
USER, PASSWORD, PASSWORD_FILE = "labelsift", "LABELSIFT_BACKEND_PASSWORD", "LABELSIFT_BACKEND_PASSWORD_FILE"
_VISIBLE = re.compile(r"[!-~]+")  # what an address and a key are made of; anything else breaks the request


def connect() -> Client:
    """Make a client from LABEL_STUDIO_URL and LABEL_STUDIO_API_KEY or LABEL_STUDIO_API_KEY_FILE.

    White space around them does not matter. No error shows the key, or an address that may hold a password.

    Raises
    ------
    InputError
        If one of them is missing, unreadable or cannot be what it should be.
    MissingExtraError
        If label-studio-sdk is not installed.
    """
    return Client(address(), key())


def address() -> str:
    """Return the server's address; see :func:`connect`."""
    url = os.environ.get(URL, "").strip()
    hint = f"Set {URL} to the address of Label Studio, for example http://localhost:8080"
    if not url:
        raise InputError(f"{URL} is not set", hint=hint)
    try:
        parts = urlsplit(url)
        good = parts.scheme in ("http", "https") and bool(parts.hostname) and (parts.port or 1) > 0
    except ValueError:  # a port or an IPv6 address that is none
        raise InputError(f"{URL} does not hold an address", hint=hint) from None
    if "@" in parts.netloc:
        raise InputError(
            f"{URL} holds a user name or a password",
            hint=f"Take them out: labelsift signs in with {KEY} only, and an address turns up in links",
        )
    if not good or not _VISIBLE.fullmatch(url) or parts.query or parts.fragment:
        raise InputError(f"{URL} does not hold an address", hint=hint)
    return url


def key() -> str:
    """Return the key; see :func:`connect`."""
    where = f"The file that {KEY_FILE} names" if variable_of(KEY) == KEY_FILE else KEY
    secret = secret_of(KEY, what="the key")
    if secret is None:
        raise InputError(
            f"Neither {KEY} nor {KEY_FILE} is set",
            hint="Make a token in Label Studio under Account & Settings → Personal Access Token",
        )
    if not _VISIBLE.fullmatch(secret):
        raise InputError(
            f"{where} holds more than a key: a line break, a space or a character that is not ASCII",
            hint="Copy the token again: Account & Settings → Personal Access Token",
        )
    return secret
