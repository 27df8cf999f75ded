"""What a key tells of itself: its kind and how long it lasts, without asking anybody."""

from __future__ import annotations

import base64
import json
import os
import re
import stat
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Literal

from ..enable.ml_backend import PASSWORD_FILE
from .errors import KEY, KEY_FILE

Kind = Literal["legacy", "personal", "access", "unknown"]
SOON = timedelta(days=14)
_WHERE = "Account & Settings → Personal Access Token"


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
        ends = claims.get("exp")
        return KeyFacts(kind, datetime.fromtimestamp(ends, UTC) if ends else None)
    except (ValueError, TypeError, AttributeError, OverflowError, OSError):
        return KeyFacts("unknown")


def key_problems(key: str, *, now: datetime) -> Iterator[tuple[str, str]]:
    """Yield what is wrong with a key → how to mend it."""
    facts = facts_of(key)
    if facts.kind == "access":
        yield (
            f"{KEY} holds an access token, which lasts five minutes and is refused as a key",
            f"Copy the personal access token that it was made from: {_WHERE}",
        )
    elif facts.expires and facts.expires <= now:
        yield f"The personal access token expired on {facts.expires:%Y-%m-%d}", f"Make a new one: {_WHERE}"


def key_notes(key: str, *, now: datetime) -> Iterator[tuple[str, str]]:
    """Yield what is good to know of a key."""
    facts = facts_of(key)
    if facts.expires and now < facts.expires <= now + SOON:
        yield (
            f"The personal access token expires on {facts.expires:%Y-%m-%d}",
            f"Make a new one before: {_WHERE}",
        )


def open_files() -> Iterator[tuple[str, str]]:
    """Yield a problem for each file of a secret that other accounts of this machine can read."""
    for variable in (KEY_FILE, PASSWORD_FILE):
        file = os.environ.get(variable, "").strip()
        try:
            mode = Path(file).expanduser().stat().st_mode if file else 0
        except (OSError, RuntimeError):  # connect and serve say so
            continue
        if mode & (stat.S_IRGRP | stat.S_IROTH):
            # Without its name: somebody may have put the key itself there.
            yield f"The file named by {variable} can be read by other accounts", f'chmod 600 "${variable}"'
