"""Address and API key of the server from environment variables, never from arguments that end up in a history."""

from __future__ import annotations

from .client import Client
from .errors import SERVICE

address, key = SERVICE.address, SERVICE.secret


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
