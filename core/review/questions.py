"""Questions above an item: what is given and what may fit better; neither where people judge blind."""

from __future__ import annotations

from collections.abc import Sequence

from ..data.formatting import shortened
from ..data.review_queue import Dispute, ReviewItem, Span
from ..data.samples import Task
from .actions import question_of

# Header and reason of a task that is asked blind in a project whose others show the labels.
NOT_SHOWN: dict[Task, tuple[str, str]] = {
    "classification": ("Which label fits?", "No label is shown here, on purpose."),
    "multilabel": ("Which labels fit?", "No label is shown here, on purpose."),
    "spans": ("What is to be marked here?", "Nothing is shown here, on purpose: mark everything, not a part of it."),
}
_MOST = 3  # disputes or spans in a header
_QUOTED = 60  # characters of marked words
_COUNTED = 4  # so often may words stand in a text until they are told apart by those around them
_AROUND = 18  # characters of these, on both sides
_PLACES = ("1st", "2nd", "3rd", "4th")


def header_of(flag: ReviewItem) -> str:
    """Write the line above the text: what is given, and what may fit better.

    >>> header_of(ReviewItem("a", 1, ("label",), {"label": 0.1}, "…", "card_arrival", "lost_card", 0.9, ""))
    'Labeled card_arrival. Maybe lost_card?'
    >>> header_of(ReviewItem("a", 1, ("outlier",), {"outlier": 0.1}, "…", "card_arrival", None, None, ""))
    'Labeled card_arrival. Is that right?'
    >>> header_of(ReviewItem("a", 1, ("ambiguous",), {"ambiguous": 0.3}, "…", "card_arrival", "lost_card", 0.3, ""))
    'Labeled card_arrival. Or lost_card? Both may fit.'
    >>> paris = ([0, 5, "PER"], [0, 5, "LOC"])
    >>> spans = {"task": "spans", "disputes": (paris,)}
    >>> header_of(ReviewItem("a", 1, ("span",), {"span": 0.1}, "Paris won", [paris[0]], [paris[1]], 0.9, "", **spans))
    '“Paris” is marked PER. Maybe LOC?'
    >>> header_of(ReviewItem("a", 1, ("pii",), {"pii": 0.1}, "…", "x", None, None, "", actions=("redact", "keep")))
    'Labeled x. Mask the personal data or keep it as it is?'
    """
    if flag.disputes:
        questions = [_dispute(dispute, flag.text) for dispute in flag.disputes[:_MOST]]
        more = len(flag.disputes) - _MOST
        return " ".join([*questions, *([f"And {more} more: see below."] if more > 0 else [])])
    asked = question_of(flag)
    if flag.labelless and not flag.copies:
        return asked
    given = _given(flag)
    if flag.suggested is not None and flag.issues[0] == "ambiguous":
        return f"{given} Or {flag.suggested}? Both may fit."
    if flag.suggested is not None:
        maybe = _change(flag.given or [], flag.suggested) if flag.task == "multilabel" else flag.suggested
        return f"{given} Maybe {maybe}?"
    if "keep_copies" in flag.copies:  # no label is in dispute
        return f"{given} Drop this copy, or keep both?"
    if asked and "keep" in flag.actions:
        return f"{given} {asked}"
    # The reason, below, says what is odd about it.
    return f"{given} {'Is that right?' if flag.given is not None else 'Which fits?'}"


def _given(flag: ReviewItem) -> str:
    if flag.labelless:
        return "Found twice."
    if flag.given is None:
        return "Not labeled."
    if flag.task == "classification":
        return f"Labeled {flag.given}."
    if flag.task == "multilabel":
        return f"Labeled {_joined(flag.given)}." if flag.given else "Labeled with no label."
    marks = [f"{_words(span, flag.text)} {span[2]}" for span in flag.given[:_MOST]]
    marks += [f"{len(flag.given) - _MOST} more"] if len(flag.given) > _MOST else []
    return f"Marked so far: {', '.join(marks) or 'nothing'}."


def _change(given: Sequence[str], suggested: Sequence[str]) -> str:
    """Say what differs between two sets.

    >>> _change(["insult", "toxic"], ["toxic"]), _change(["toxic"], ["threat", "toxic"]), _change(["a"], [])
    ('without insult', 'also threat', 'no label at all')
    >>> _change(["insult"], ["threat"]), _change([], ["threat"])
    ('threat instead of insult', 'threat')
    """
    gone = [label for label in given if label not in suggested]
    come = [label for label in suggested if label not in given]
    if not suggested:
        return "no label at all"
    if gone and come:
        return f"{_joined(come)} instead of {_joined(gone)}"
    if gone:
        return f"without {_joined(gone)}"
    return f"also {_joined(come)}" if given else _joined(come)


def _joined(labels: Sequence[str]) -> str:
    return " and ".join([", ".join(labels[:-1]), labels[-1]] if len(labels) > 1 else labels)


def _dispute(dispute: Dispute, text: str) -> str:
    old, new = dispute
    if old is None:
        return f"{_words(new, text)} is not marked. Maybe {new[2]}?" if new is not None else ""
    marked = f"{_words(old, text)} is marked {old[2]}."
    if new is None:
        return f"{marked} Maybe it should not be marked?"
    if list(old[:2]) == list(new[:2]):
        return f"{marked} Maybe {new[2]}?"
    return f"{marked} Maybe {_words(new, text)}{'' if old[2] == new[2] else f' as {new[2]}'} instead?"


def _words(span: Span, text: str) -> str:
    """Quote the words of a span, and say which they are where they stand in the text more than once."""
    start, end = int(span[0]), int(span[1])
    quoted = f"“{shortened(_plain(text[start:end]), _QUOTED)}”"
    count = text.count(text[start:end])
    if count < 2:
        return quoted
    if count <= _COUNTED:
        return f"{quoted} ({_PLACES[text.count(text[start:end], 0, start)]} of {count})"
    before, after = text[max(start - _AROUND, 0) : start], text[end : end + _AROUND]
    if start > _AROUND:  # without the rest of a word that was cut
        before = f"… {before.partition(' ')[2] or before}"
    if end + _AROUND < len(text):
        after = f"{after.rpartition(' ')[0] or after} …"
    return f"{quoted} (in “{_plain(before + text[start:end] + after)}”)"


def _plain(text: str) -> str:
    return " ".join(text.split())
