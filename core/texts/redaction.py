"""Redaction: marks such as ``[EMAIL_1]`` in place of personal data and secrets, and pseudonyms in place of ids.

The same value has the same number within one text, by first appearance. Nothing of a value, and no hash of it, goes
into its mark, so nobody can turn a redacted text back.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable

from .account_numbers import card_numbers, ibans
from .matches import Match, settled
from .network_addresses import email_addresses
from .personal_data import KINDS, personal_data
from .phones import phone_numbers
from .plain_form import plain
from .secret_patterns import service_keys
from .secrets import KINDS as SECRET_KINDS
from .secrets import secrets

PSEUDONYM = "id-"  # what a pseudonym begins with
_DOUBTFUL_IN_IDS = frozenset({"api_key", "azure_key", "database_url"})  # forms that an id of its own may have


def matches(text: str, *, region: str | None = None, names: bool = True) -> tuple[Match, ...]:
    """Return where a text holds personal data or a secret, sorted, without overlaps; a secret goes first.

    Parameters
    ----------
    region
        Two letters of the country whose national phone numbers are recognized; without it only those with a +, and
        those that a word nearby calls so.
    names
        Whether to look for names by cue words.
    """
    hidden = secrets(text)
    personal = personal_data(text, region=region, names=names)
    if not hidden or not personal:
        return hidden or personal
    return settled([*hidden, *personal], order=(*(match.kind for match in hidden), *KINDS))


def redact(text: str, spans: Iterable[tuple[int, int, str]]) -> str:
    """Return a text with a mark in place of each span.

    Parameters
    ----------
    spans
        Start, end (Python characters) and kind, in any order: what :func:`matches` returns, or the evidence of a
        finding. Overlapping ones become one mark, of the first one's kind; parts outside the text are left out.

    >>> redact("a@b.example wrote to c@d.example, not a@b.example", [(0, 11, "email"), (21, 32, "email"),
    ...     (38, 49, "email")])
    '[EMAIL_1] wrote to [EMAIL_2], not [EMAIL_1]'
    """
    numbers: dict[tuple[str, str], int] = {}
    counts: dict[str, int] = {}
    parts, done = [], 0
    for start, end, kind in joined(spans, length=len(text)):
        value = (kind, text[start:end].casefold())
        if value not in numbers:
            counts[kind] = counts.get(kind, 0) + 1
            numbers[value] = counts[kind]
        parts += [text[done:start], f"[{kind.upper()}_{numbers[value]}]"]
        done = end
    return "".join([*parts, text[done:]])


def joined(spans: Iterable[tuple[int, int, str]], *, length: int) -> list[tuple[int, int, str]]:
    """Return spans by their start, within a text of ``length`` characters, those that overlap as one."""
    whole: list[tuple[int, int, str]] = []
    for start, end, kind in sorted((max(start, 0), min(end, length), kind) for start, end, kind in spans):
        if start >= end:
            continue
        if whole and start < whole[-1][1]:
            first, last, name = whole[-1]
            whole[-1] = (first, max(last, end), name)
        else:
            whole.append((start, end, kind))
    return whole


def masked(text: str, *, region: str | None = None, names: bool = True) -> str:
    """Return a text with marks in place of its personal data and secrets."""
    return redact(text, matches(text, region=region, names=names))


def pseudonym(id: str) -> str:
    """Return what stands for an id: ``id-`` and 12 hexadecimal digits of its SHA-256.

    >>> pseudonym("jo@mail.example")
    'id-bfc57bb373fd'
    """
    return PSEUDONYM + hashlib.sha256(id.encode("utf-8", "surrogatepass")).hexdigest()[:12]


def safe_id(id: str) -> str:
    """Return an id as it is kept: itself, or its pseudonym where it holds unmistakable personal data or a secret.

    >>> safe_id("order-4071882934"), safe_id("jo@mail.example")
    ('order-4071882934', 'id-bfc57bb373fd')
    """
    return pseudonym(id) if unmistakable(id) else id


def unmistakable(id: str) -> tuple[Match, ...]:
    """Return what an id holds that can be nothing else: ids are often long numbers, of which some pass a check digit.

    An e-mail address, a valid IBAN, an international phone number with its +, a card number in groups, a key with a
    service's prefix.
    """
    form = plain(id)
    found = [match for match in service_keys(form) if match.kind not in _DOUBTFUL_IN_IDS]
    found += [*email_addresses(form), *ibans(form)]
    found += [match for match in card_numbers(form) if not form[match.start : match.end].isdigit()]
    if "+" in form:
        numbers = phone_numbers(form, region=None)
        found += [match for match in numbers if form[match.start] == "+"]
    return settled(found, order=(*SECRET_KINDS, *KINDS))
