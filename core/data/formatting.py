"""Formatting of numbers, spans and texts for people: percentages, lists, shortened and defused strings."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from typing import Any


def listed(names: Sequence[str], *, most: int | None = None) -> str:
    """Write several names as one list, of which no more than ``most`` are named and the others counted; "" of none.

    >>> listed(["a"]), listed(["a", "b", "c"]), listed(["a", "b", "c"], most=1)
    ('a', 'a, b and c', 'a and 2 more')
    """
    if most is not None and len(names) > most:
        names = [*names[:most], f"{len(names) - most:,} more"]
    return " and ".join(filter(None, [", ".join(names[:-1]), *names[-1:]]))


def format_span(value: object, text: str | None) -> str | None:
    """Write a span as people read it: the words and the type; the type alone without the text. None: it is no span.

    >>> format_span([0, 3, "person"], "Ann left"), format_span([0, 3, "person"], None), format_span("refund", "")
    ('“Ann” person', 'person', None)
    """
    if not isinstance(value, list) or [type(part) for part in value] != [int, int, str]:  # three labels are none
        return None
    start, end, name = value
    return name if text is None else f"“{' '.join(text[start:end].split())}” {name}"


FEWEST_JUDGED = 200  # labels below which no share of them is told: it would sound surer than it is


def percent(part: float, whole: float = 1.0) -> str:
    """Write a share as a percentage that never rounds something to nothing.

    >>> [percent(*two).replace(chr(160), " ") for two in ((412, 10_003), (1, 10_000), (0, 5), (5, 5), (9999, 10_000))]
    ['4.1 %', '< 0.1 %', '0 %', '100 %', '> 99.9 %']
    """
    if not whole or not part:
        return "0\u00a0%"
    share = 100 * part / whole
    if share < 0.1:
        return "<\u00a00.1\u00a0%"
    if 99.9 < share < 100:
        return ">\u00a099.9\u00a0%"
    return f"{share:.1f}".removesuffix(".0") + "\u00a0%"


def expected_precision(flagged: int, facts: Mapping[str, Any]) -> str:
    """Say how many of the flagged labels, and of the worst ones, are expected to be wrong.

    Where nothing proves that labels are wrong, a budget flags some all the same: then nothing but the range is told. ""
    where not even that is known, or too few labels were judged for a percentage.

    Shares are rounded down and end at 99 %: an estimate promises nothing more. The range of a share is as
    wide, in proportion, as that of the number.

    Parameters
    ----------
    flagged
        How many labels are flagged, by the scan's own estimate or within a budget.
    facts
        ``facts["label_errors"]`` of a report.

    >>> facts = {"expected_precision": 0.868, "expected_precision_at": {"100": 0.999}}
    >>> expected_precision(312, facts).replace(chr(160), " ")
    'Of the 312 flagged labels about 86 % are expected to be wrong; of the 100 worst about 99 %.'
    >>> expected_precision(80, {**facts, "number": 80, "range": [45, 158]}).replace(chr(160), " ")
    'Of the 80 flagged labels about 86 % (48 to 99 %) are expected to be wrong.'
    >>> expected_precision(100, {"expected_precision": None, "number": 0, "range": [0, 67]})
    'How many of the 100 flagged labels are wrong only people can tell: 0 to 67.'
    """
    share = facts.get("expected_precision")
    if not flagged:
        return ""
    if share is None:
        most = min(flagged, facts["range"][1]) if facts.get("range") else 0
        if flagged == 1 or not most:
            return ""
        return f"How many of the {flagged:,} flagged labels are wrong only people can tell: 0 to {most:,}."
    if flagged == 1:
        return f"The flagged label is expected to be wrong with a probability of about {_at_most(share)}."
    sentence = f"Of the {flagged:,} flagged labels about {_ranged(share, flagged, facts)} are expected to be wrong"
    budgets = {int(size): part for size, part in facts.get("expected_precision_at", {}).items() if part is not None}
    size = min(budgets, default=flagged)
    if size >= flagged:
        return f"{sentence}."
    return f"{sentence}; of the {size:,} worst about {_ranged(budgets[size], size, facts)}."


def _ranged(share: float, size: int, facts: Mapping[str, Any]) -> str:
    """Write the share of so many of the worst labels, with its range where that of the number of errors is known."""
    if not facts.get("range"):
        return _at_most(share)
    number, (low, high) = facts["number"], facts["range"]
    least = share * low / number if number else 0.0
    most = max(min(share * high / number if number else high / size, 1.0), share)
    return f"{_at_most(share)} ({math.floor(100 * least + 1e-9)} to {_at_most(most)})"


def _at_most(share: float) -> str:
    return percent(min(math.floor(100 * share + 1e-9), 99), 100) if share >= 0.01 else percent(share)


# C0 and C1 controls, bidirectional embeddings, overrides and isolates, invisible separators.
_INVISIBLE = re.compile("[\x00-\x1f\x7f-\x9f\u061c\u200b\u2028-\u202e\u2060-\u2064\u2066-\u2069\ufeff\ud800-\udfff]")


def thousands(value: int | None) -> str:
    """Write a count; a dash where it is not known."""
    return "–" if value is None else f"{value:,}"


def spelled_time(seconds: float) -> str:
    """Spell a time roughly.

    >>> spelled_time(0.2), spelled_time(42.4), spelled_time(600), spelled_time(9000)
    ('1 second', '42 seconds', '10 minutes', '2.5 hours')
    """
    if seconds < 90:
        whole = max(round(seconds), 1)
        return f"{whole} second" + "s" * (whole != 1)
    return f"{seconds / 60:.0f} minutes" if seconds < 5400 else f"{seconds / 3600:.1f} hours"


def visible(text: str) -> str:
    r"""Show control characters instead of sending them to a terminal; line breaks become one mark.

    >>> visible("a\x1b[31m\r\nb")
    'a␛[31m␍␊b'
    """
    return _INVISIBLE.sub(lambda match: _picture(ord(match[0])), text)


def _picture(code: int) -> str:
    if code < 0x20:
        return chr(0x2400 + code)
    return "\u2421" if code == 0x7F else f"<U+{code:04X}>"


def shortened(text: str, length: int) -> str:
    """Cut a text to at most ``length`` characters, marked by an ellipsis.

    >>> shortened("a long text", 7), shortened("short", 7)
    ('a long…', 'short')
    """
    return text if len(text) <= length else text[: max(length - 1, 0)].rstrip() + "…"


def without_secrets(text: str) -> str:
    """Return a text whose addresses, of any scheme, hold no user, password and query any more.

    >>> without_secrets("refused: 'postgres://me:pa/ss@db.example/x?sslkey=k'"), without_secrets("s3://bucket/prefix")
    ("refused: 'postgres://db.example/x'", 's3://bucket/prefix')
    """

    def public(match: re.Match[str]) -> str:
        scheme, (rest, _, query) = match[1], match[2].partition("?")
        if scheme.lower() in ("http://", "https://"):
            host, slash, path = rest.partition("/")
            return scheme + host.rpartition("@")[2] + slash + path
        return scheme + ("…" if "@" in query else rest.rpartition("@")[2])  # a password may hold a question mark

    return re.sub(r"([A-Za-z][\w+.-]*:/{2,3})([^\s'\"]*)", public, text)


def error_text(error: BaseException) -> str:
    r"""Return the first line of an error, or its kind, without what an address in it may hold.

    >>> error_text(ValueError("no: http://me:secret@db/x\nmore")), error_text(TimeoutError())
    ('no: http://db/x', 'TimeoutError')
    """
    return without_secrets(str(error).partition("\n")[0] or type(error).__name__)
