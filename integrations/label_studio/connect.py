"""Finding the server and the key: from the environment, never from arguments that end up in a history."""

from __future__ import annotations

import os
from pathlib import Path

from labelsift.errors import InputError

from .answers import KEY, KEY_FILE, URL
from .client import Client


def connect() -> Client:
    """Make a client from LABEL_STUDIO_URL and LABEL_STUDIO_API_KEY or LABEL_STUDIO_API_KEY_FILE.

    Raises
    ------
    InputError
        If one of them is missing or unreadable.
    MissingExtraError
        If label-studio-sdk is not installed.
    """
    url, key, file = (os.environ.get(name, "").strip() for name in (URL, KEY, KEY_FILE))
    if not key and file:
        try:
            key = Path(file).expanduser().read_text(encoding="utf-8").strip()
        except (OSError, UnicodeDecodeError) as error:
            raise InputError(f"The file named by {KEY_FILE} cannot be read", cure=str(error)) from error
    if not url.startswith(("http://", "https://")):
        raise InputError(
            f"{URL} does not hold an address" if url else f"{URL} is not set",
            cure=f"Set {URL} to the address of Label Studio, for example http://localhost:8080",
        )
    if not key:
        raise InputError(
            f"Neither {KEY} nor {KEY_FILE} is set",
            cure="Make a token in Label Studio under Account & Settings → Personal Access Token",
        )
    return Client(url, key)
