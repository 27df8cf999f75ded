"""Planted errors of the demo data: wrong labels, exact and near duplicates.

Every function changes the tickets in place or returns new ones, and writes what it did into the
ticket's truth. Nothing of it shows in the fields that become the data set.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field, replace
from random import Random

from .phrasing import with_typo

# Each intent with those that people mix it up with, the most confused first.
CLOSEST = {
    "refund_request": ("damaged_item", "unknown_charge"),
    "billing_question": ("unknown_charge", "change_plan"),
    "unknown_charge": ("refund_request", "billing_question"),
    "delivery_status": ("damaged_item", "refund_request"),
    "damaged_item": ("delivery_status", "app_bug"),
    "login_problem": ("account_security", "app_bug"),
    "account_security": ("login_problem", "app_bug"),
    "cancel_subscription": ("change_plan", "billing_question"),
    "change_plan": ("billing_question", "cancel_subscription"),
    "app_bug": ("damaged_item", "login_problem"),
}
INTENTS = tuple(CLOSEST)

MISLABELS = {"closest": 36, "second": 14, "random": 10}  # 60 in all
WORST_SLICE = {"state": "CA", "gender": "f"}
IN_WORST_SLICE = 18  # of the 60; about one row in fourteen lies there
EXACT_PAIRS, EXACT_CONFLICTS, EXACT_RESTYLED = 20, 4, 4  # conflicts and restyled ones are among the pairs
NEAR_PAIRS, NEAR_CONFLICTS = 24, 4
NEAR = 0.8  # planted near duplicates are at least this alike, by every measure
_NEAR_LENGTH = 20  # words; one edit in a shorter text goes below NEAR
_POLITE = ("Thank you!", "Thanks a lot.", "Please help.", "Many thanks", "Please hurry.", "Kind regards")
_FILLERS = ("really", "just", "also", "please", "now", "still", "actually")


@dataclass
class Ticket:
    """One row in the making, with its truth."""

    text: str
    intent: str  # the true one; empty for a text that has none
    label: str
    template: str
    fields: dict[str, str] = field(default_factory=dict)
    kind: str = "clean"
    group: str = ""
    detail: str = ""
    duplicate: str = ""  # exact | near, for both members of a pair

    @property
    def in_worst_slice(self) -> bool:
        """Whether the ticket lies in the slice with the worse labels."""
        return all(self.fields[name] == value for name, value in WORST_SLICE.items())


def mislabel(tickets: list[Ticket], draw: Random) -> None:
    """Give 60 of the tickets a wrong label, 18 of them in the worst slice."""
    inside = [ticket for ticket in tickets if ticket.in_worst_slice]
    outside = [ticket for ticket in tickets if not ticket.in_worst_slice]
    hows = [how for how, count in MISLABELS.items() for _ in range(count)]
    draw.shuffle(hows)
    chosen = draw.sample(inside, IN_WORST_SLICE) + draw.sample(outside, len(hows) - IN_WORST_SLICE)
    for ticket, how in zip(chosen, hows, strict=True):
        first, second = CLOSEST[ticket.intent]
        others = [intent for intent in INTENTS if intent not in (ticket.intent, first, second)]
        ticket.label = {"closest": first, "second": second, "random": draw.choice(others)}[how]
        ticket.kind, ticket.detail = "mislabel", how


def duplicates(tickets: list[Ticket], draw: Random) -> list[Ticket]:
    """Return copies of some clean tickets, exact and near; at most one of a template."""
    free = [ticket for ticket in tickets if ticket.kind == "clean" and not ticket.in_worst_slice]
    draw.shuffle(free)
    templates: set[str] = set()
    copies: list[Ticket] = []
    for long, pairs in ((True, NEAR_PAIRS), (False, EXACT_PAIRS)):
        for number in range(pairs):
            base = next(
                ticket
                for ticket in free
                if ticket.kind == "clean"
                and ticket.template not in templates
                and (not long or len(ticket.text.split()) >= _NEAR_LENGTH)
            )
            templates.add(base.template)
            copies.append(_near(base, number, draw) if long else _exact(base, number, draw))
    return copies


def _exact(base: Ticket, number: int, draw: Random) -> Ticket:
    text, detail = base.text, "same bytes"
    if number >= EXACT_PAIRS - EXACT_RESTYLED:
        text, detail = _restyled(base.text, number)
    return _pair(base, text, f"exact-{number + 1}", detail, draw if number < EXACT_CONFLICTS else None)


def _restyled(text: str, number: int) -> tuple[str, str]:
    styles = (
        (text.upper(), "upper case"),
        (text.lower() if text != text.lower() else text.capitalize(), "other case"),
        (text.replace(" ", "  ", 3), "double spaces"),
        (f"{text}\n", "closing line break"),
    )
    return styles[number % len(styles)]


def _near(base: Ticket, number: int, draw: Random) -> Ticket:
    while True:
        text, edits = base.text, []
        for _ in range(draw.choice((1, 1, 2))):
            text, edit = _edited(text, draw)
            edits.append(edit)
        alike = normalized(text) == normalized(base.text)
        if not alike and min(similarities(text, base.text)) >= NEAR:
            break
    return _pair(base, text, f"near-{number + 1}", "+".join(edits), draw if number < NEAR_CONFLICTS else None)


def _edited(text: str, draw: Random) -> tuple[str, str]:
    edit = draw.choice(("typo", "word dropped", "word added", "words swapped", "politeness", "end cut"))
    parts = text.split(" ")
    position = draw.randrange(1, len(parts) - 1)
    if edit == "typo":
        return with_typo(text, draw), edit
    if edit == "politeness":
        return text + ("" if text[-1] in ".!?" else ".") + " " + draw.choice(_POLITE), edit
    if edit == "word dropped":
        del parts[position]
    elif edit == "word added":
        parts.insert(position, draw.choice(_FILLERS))
    elif edit == "words swapped":
        parts[position - 1], parts[position] = parts[position], parts[position - 1]
    else:
        parts.pop()
    return " ".join(parts), edit


def _pair(base: Ticket, text: str, group: str, detail: str, conflict: Random | None) -> Ticket:
    duplicate = group.partition("-")[0]
    base.kind = "conflicting_labels" if conflict else f"{duplicate}_duplicate"
    base.group, base.detail, base.duplicate = group, detail, duplicate
    copy = replace(base, text=text, fields=dict(base.fields))
    if conflict:
        wrong = conflict.choice((base, copy))  # either side, so that the file tells nothing
        wrong.label = CLOSEST[base.intent][0]
    return copy


def normalized(text: str) -> str:
    """Fold case and white space: exact duplicates are equal after this.

    >>> normalized("  Where IS it? ")
    'where is it?'
    """
    return " ".join(text.lower().split())


def _jaccard(grams: set[str], other: set[str]) -> float:
    return len(grams & other) / len(grams | other) if grams or other else 1.0


def _words(text: str) -> list[str]:
    return re.findall(r"\w+", text.lower())


def similarities(text: str, other: str) -> tuple[float, float, float]:
    """Return the Jaccard similarity of the sets of words, of three words in a row, of five characters in a row: 0..1.

    A check for near duplicates may use any of them, so planted pairs are alike by all three and other pairs by none.
    """
    pairs = (
        (set(_words(text)), set(_words(other))),
        (_grams(_words(text), 3, " "), _grams(_words(other), 3, " ")),
        (_grams(list(normalized(text)), 5, ""), _grams(list(normalized(other)), 5, "")),
    )
    words, trigrams, characters = (_jaccard(*pair) for pair in pairs)
    return words, trigrams, characters


def _grams(parts: list[str], size: int, glue: str) -> set[str]:
    return {glue.join(parts[start : start + size]) for start in range(max(1, len(parts) - size + 1))}
