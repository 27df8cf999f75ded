"""Redaction: marks such as ``[EMAIL_1]`` in place of personal data and secrets, and pseudonyms in place of ids.

The same value has the same number within one text, by first appearance. Nothing of a value, and no hash of it, goes
into its mark, so nobody can turn a redacted text back.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence

from ..errors import InputError
from .account_numbers import card_numbers, ibans
from .matches import Match, settled
from .network_addresses import email_addresses
from .personal_data import KINDS, personal_data
from .phones import phone_numbers
from .plain_form import plain
from .secret_patterns import service_keys
from .secrets import KINDS as SECRET_KINDS
from .secrets import secrets

_SHORTEST_REPEAT = 3  # characters of a value that is masked wherever it stands
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


class Marks:
    """Marks of values, numbered by kind in the order in which they come; one instance a row, for all of its cells.

    Parameters of :meth:`mark`: upper and lower case of a value are the same one.
    """

    def __init__(self) -> None:
        self._numbers: dict[tuple[str, str], int] = {}
        self._counts: dict[str, int] = {}
        self.values: dict[str, str] = {}  # value as it is written → kind

    def mark(self, kind: str, value: str) -> str:
        """Return what stands for a value."""
        key = (kind, value.casefold())
        if key not in self._numbers:
            self._counts[kind] = self._counts.get(kind, 0) + 1
            self._numbers[key] = self._counts[kind]
        self.values.setdefault(value, kind)
        return f"[{kind.upper()}_{self._numbers[key]}]"

    def add(self, text: str, spans: Iterable[tuple[int, int, str]]) -> None:
        """Give the values of a cell their numbers."""
        for start, end, kind in joined(spans, length=len(text)):
            self.mark(kind, text[start:end])


def redact(text: str, spans: Iterable[tuple[int, int, str]], *, marks: Marks | None = None) -> str:
    """Return a text with a mark in place of each span, and of each value of a span wherever else it stands.

    Parameters
    ----------
    spans
        Start, end (Python characters) and kind, in any order: what :func:`matches` returns, or the evidence of a
        finding. Overlapping ones become one mark, of the first one's kind; parts outside the text are left out.
    marks
        Those of the row, where it has more cells than this one.

    >>> redact("a@b.example wrote to c@d.example, not a@b.example", [(0, 11, "email"), (21, 32, "email")])
    '[EMAIL_1] wrote to [EMAIL_2], not [EMAIL_1]'
    """
    marks = marks or Marks()
    parts, done = [], 0
    for start, end, mark in replaced(text, spans, marks=marks):
        parts += [text[done:start], mark]
        done = end
    return "".join([*parts, text[done:]])


def replaced(text: str, spans: Iterable[tuple[int, int, str]], *, marks: Marks) -> list[tuple[int, int, str]]:
    """Return start, end and mark of all that is replaced, by their start."""
    spans = list(spans)
    marks.add(text, spans)
    whole = joined([*spans, *_repeats(text, marks.values)], length=len(text))
    return [(start, end, marks.mark(kind, text[start:end])) for start, end, kind in whole]


def _repeats(text: str, values: Mapping[str, str]) -> Iterator[tuple[int, int, str]]:
    """Yield where values stand as words of their own; in time that grows with the text and their different lengths."""
    lengths: dict[str, set[int]] = {}
    for value in values:
        if len(value) >= _SHORTEST_REPEAT:
            lengths.setdefault(value[0], set()).add(len(value))
    if not lengths:
        return
    for first in re.finditer(f"[{re.escape(''.join(lengths))}]", text):
        start = first.start()
        if start and text[start - 1].isalnum() and text[start].isalnum():
            continue
        for length in lengths[first[0]]:
            end = start + length
            kind = values.get(text[start:end]) if end <= len(text) else None
            if kind and not (text[end - 1].isalnum() and text[end : end + 1].isalnum()):
                yield start, end, kind


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


def finder(
    *, kinds: Collection[str] = (), region: str | None = None, names: bool = True
) -> Callable[[str], Sequence[Match]]:
    """Return a function from a text to its :func:`matches`, of some kinds only if they are named.

    Raises
    ------
    InputError
        If there is no such kind.
    """
    known = {*SECRET_KINDS, *KINDS}
    if unknown := sorted(set(kinds) - known):
        raise InputError("There is no such kind", ids=unknown, hint=f"There are: {', '.join(sorted(known))}")

    def find(text: str) -> Sequence[Match]:
        matched = matches(text, region=region, names=names)
        return [match for match in matched if match.kind in kinds] if kinds and matched else matched

    return find


def masked(text: str, *, region: str | None = None, names: bool = True) -> str:
    """Return a text with marks in place of its personal data and secrets."""
    return redact(text, matches(text, region=region, names=names))


def quoted_words(text: str, start: int, end: int) -> str:
    """Return some words of a text on one line, with marks in place of personal data and secrets that they touch.

    What only words nearby call personal, such as names, stays: it is what spans are mostly about.

    >>> quoted_words("Write to jo@mail.example today", 9, 24), quoted_words("Ann in Paris", 7, 12)
    ('[EMAIL_1]', 'Paris')
    """
    touched = [
        (max(first, start) - start, min(last, end) - start, kind)
        for first, last, kind in matches(text, names=False)
        if first < end and start < last
    ]
    return " ".join(redact(text[start:end], touched).split())


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
    matched = [match for match in service_keys(form) if match.kind not in _DOUBTFUL_IN_IDS]
    matched += [*email_addresses(form), *ibans(form)]
    matched += [match for match in card_numbers(form) if not form[match.start : match.end].isdigit()]
    if "+" in form:
        numbers = phone_numbers(form, region=None)
        matched += [match for match in numbers if form[match.start] == "+"]
    return settled(matched, order=(*SECRET_KINDS, *KINDS))
