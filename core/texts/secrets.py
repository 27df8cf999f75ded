"""Secrets in a text: keys and tokens of the common services, private keys, passwords, high-entropy assignments."""

from __future__ import annotations

from .matches import Match, settled
from .plain_form import plain
from .secret_assignments import named_secrets
from .secret_patterns import SERVICES, service_keys

VERSION = 1  # of what is found; one more with each change that finds something else
# Of two matches that overlap the earlier kind stays: first what holds others, last what only a word names.
_OF_SERVICES = dict.fromkeys(kind for kind, _ in SERVICES if kind != "api_key")
KINDS = ("private_key", *_OF_SERVICES, "database_url", "bearer_token", "password", "api_key")


def secrets(text: str) -> tuple[Match, ...]:
    """Return where a text holds a secret, sorted, without overlaps.

    >>> secrets("my password is Snoopy1969!")
    (Match(start=15, end=26, kind='password'),)
    """
    text = plain(text)
    return settled([*service_keys(text), *named_secrets(text)], order=KINDS)
