"""The words in which a report speaks to people: names of the issues, numbers, shortened and defused texts."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class IssueWords:
    """How an issue is called: as a title, after a number, and in one plain sentence."""

    title: str
    one: str
    many: str
    meaning: str

    def counted(self, count: int) -> str:
        """Name a number of findings.

        >>> words("outlier").counted(1), words("outlier").counted(1200)
        ('1 outlier', '1,200 outliers')
        """
        return f"{count:,} {self.one if count == 1 else self.many}"


_WORDS = {
    "label": IssueWords(
        "Suspicious labels", "suspicious label", "suspicious labels", "Another label seems to fit better."
    ),
    "span": IssueWords(
        "Suspicious spans",
        "text with suspicious spans",
        "texts with suspicious spans",
        "Something is marked that should not be, or missing, or marked with other bounds or another type.",
    ),
    "outlier": IssueWords("Outliers", "outlier", "outliers", "Unlike every other sample."),
    "near_duplicate": IssueWords(
        "Near duplicates", "near duplicate", "near duplicates", "Almost the same text as another."
    ),
    "exact_duplicate": IssueWords(
        "Exact duplicates", "exact duplicate", "exact duplicates", "The same text as another."
    ),
    "conflicting_labels": IssueWords(
        "Conflicting labels",
        "sample with conflicting labels",
        "samples with conflicting labels",
        "The same text, but different labels.",
    ),
    "taxonomy": IssueWords(
        "Split classes",
        "sample of a split class",
        "samples of a split class",
        "Its class was split: choose the new one.",
    ),
    "leakage": IssueWords("Leakage", "leaked sample", "leaked samples", "The same sample is trained on and tested on."),
    "language": IssueWords(
        "Other language", "sample in another language", "samples in another language", "Not in the main language."
    ),
    "pii": IssueWords(
        "Personal data", "sample with personal data", "samples with personal data", "Holds data about a person."
    ),
    "secret": IssueWords("Secrets", "sample with a secret", "samples with a secret", "Holds a key or a password."),
    "empty": IssueWords("Empty texts", "empty text", "empty texts", "Nothing to read, nothing to learn."),
    "garbage": IssueWords("Garbage", "garbage text", "garbage texts", "No meaningful text."),
    "imbalance": IssueWords("Imbalance", "rare class", "rare classes", "Too few samples of a class."),
    "drift": IssueWords("Drift", "drifted slice", "drifted slices", "New samples differ from the old ones."),
    "boundary": IssueWords(
        "Boundary cases", "boundary case", "boundary cases", "Between two classes: good ones to label next."
    ),
    "similar": IssueWords(
        "Similar samples", "similar sample", "similar samples", "Like a sample that was searched for."
    ),
    "hard": IssueWords("Hard samples", "hard sample", "hard samples", "Right, but difficult to learn."),
}


def words(issue: str) -> IssueWords:
    """Return the words for an issue; an unknown one (a stranger's check) is called by its own name."""
    if issue in _WORDS:
        return _WORDS[issue]
    name = issue.replace("_", " ")
    return IssueWords(name.capitalize(), f"{name} finding", f"{name} findings", "")


SPAN_KINDS = {  # kind of a finding → after a number: one, many
    "ghost": ("mark where nothing should be marked", "marks where nothing should be marked"),
    "missed": ("span that nobody marked", "spans that nobody marked"),
    "shifted": ("span with other bounds", "spans with other bounds"),
    "wrong_tag": ("span of another type", "spans of another type"),
}


def spans_told(kinds: Sequence[tuple[str, int]]) -> list[str]:
    """Say of which kinds the findings about spans are, in one sentence or none.

    >>> spans_told([("ghost", 2), ("missed", 1)])
    ['These seem to be 2 marks where nothing should be marked and 1 span that nobody marked.']
    """
    named = [f"{count:,} {SPAN_KINDS[kind][count != 1]}" for kind, count in kinds if kind in SPAN_KINDS]
    return [f"These seem to be {listed(named)}."] if named else []


def listed(names: Sequence[str]) -> str:
    """Write several names as one list.

    >>> listed(["a"]), listed(["a", "b", "c"])
    ('a', 'a, b and c')
    """
    return ", ".join(names[:-1]) + " and " + names[-1] if len(names) > 1 else names[0]


def shown_span(value: object, text: str | None) -> str | None:
    """Write a span as people read it: the words and the type; the type alone without the text. None: it is no span.

    >>> shown_span([0, 3, "person"], "Ann left"), shown_span([0, 3, "person"], None), shown_span("refund", "Ann left")
    ('“Ann” person', 'person', None)
    """
    if not isinstance(value, list) or [type(one) for one in value] != [int, int, str]:  # a set of three labels is none
        return None
    start, end, name = value
    return name if text is None else f"“{' '.join(text[start:end].split())}” {name}"


def percent(part: float, whole: float = 1.0) -> str:
    """Write a share as a percentage that never rounds something to nothing.

    >>> [percent(*one).replace(chr(160), " ") for one in ((412, 10_003), (1, 10_000), (0, 5), (5, 5), (9999, 10_000))]
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


def expected_precision(flagged: int, told: Mapping[str, Any]) -> str:
    """Say how many of the flagged labels, and of the worst ones, are expected to be wrong; "" where nothing is known.

    Shares are rounded down and end at 99 %: an estimate promises nothing more.

    Parameters
    ----------
    flagged
        How many labels are flagged, by the scan's own estimate or within a budget.
    told
        ``facts["label_errors"]`` of a report.

    >>> known = {"expected_precision": 0.868, "expected_precision_at": {"100": 0.999}}
    >>> expected_precision(312, known).replace(chr(160), " ")
    'Of the 312 flagged labels about 86 % are expected to be wrong; of the 100 worst about 99 %.'
    """
    share = told.get("expected_precision")
    if not flagged or share is None:
        return ""
    if flagged == 1:
        return f"The flagged label is expected to be wrong with a probability of about {_at_most(share)}."
    said = f"Of the {flagged:,} flagged labels about {_at_most(share)} are expected to be wrong"
    further = {int(size): part for size, part in told.get("expected_precision_at", {}).items() if part is not None}
    size = min(further, default=flagged)
    return f"{said}; of the {size:,} worst about {_at_most(further[size])}." if size < flagged else f"{said}."


def _at_most(share: float) -> str:
    return percent(min(math.floor(100 * share + 1e-9), 99), 100) if share >= 0.01 else percent(share)


# C0 and C1 controls, bidirectional embeddings, overrides and isolates, invisible separators.
_UNSEEN = re.compile("[\x00-\x1f\x7f-\x9f\u061c\u200b\u2028-\u202e\u2060-\u2064\u2066-\u2069\ufeff\ud800-\udfff]")


def visible(text: str) -> str:
    r"""Show control characters instead of sending them to a terminal; line breaks become one mark.

    >>> visible("a\x1b[31m\r\nb")
    'a␛[31m␍␊b'
    """
    return _UNSEEN.sub(lambda found: _picture(ord(found[0])), text)


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
