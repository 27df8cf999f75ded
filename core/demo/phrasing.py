"""Text generator of the demo data: templates with slots, openings, closings and typos.

The files in ``texts/`` hold one template a line. In a template ``[a|b]`` is one of these (it may be
nested), ``{order}`` a slot that is filled at random, ``//`` parts sentences, and a sentence that
begins with ``?`` may be left out. All persons, numbers and companies are invented; personal data is
made from ranges that are reserved for examples (example.com, 555-01xx, test cards, 192.0.2.0/24).
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from random import Random

TEXTS = Path(__file__).with_name("texts")
CITIES = (
    "Austin Boise Fresno Tulsa Portland Denver Tampa Buffalo Savannah Madison Reno Dayton Spokane Tucson Raleigh Omaha "
    "Oakland Chicago Lubbock Albany Salem Memphis Sacramento Mobile Toledo Duluth"
).split()
MONTHS = "January February March April May June July August September October November December".split()
DAYS = "Monday Tuesday Wednesday Thursday Friday Saturday".split()
PRODUCTS = (
    "Spool Mini|Spool Pro printer|label printer|hand scanner|charging dock|starter kit|desktop printer|receipt printer|"
    "travel printer|barcode scanner|Spool Duo|ring scanner"
).split("|")
DEVICES = "iPhone 13|iPhone 15|Pixel 7|Galaxy S22|iPad|Windows laptop|MacBook|Android tablet|Chromebook".split("|")
BROWSERS = "Chrome Firefox Safari Edge Opera".split()
FEES = "platform fee|true-up|usage overage|regulatory fee|seat adjustment|service surcharge|proration".split("|")
CARDS = (
    "4111 1111 1111 1111",
    "4242 4242 4242 4242",
    "5555 5555 5555 4444",
    "6011 1111 1111 1117",
    "3782 822463 10005",
)
IBANS = (
    "DE89 3704 0044 0532 0130 00",
    "GB29 NWBK 6016 1331 9268 19",
    "FR14 2004 1010 0505 0001 3M02 606",
    "ES91 2100 0418 4502 0005 1332",
)
PERSONAL = ("email", "phone", "card", "iban", "ip")  # the slots that count as personal data
PHONE_OPENINGS = ("Caller:", "Voicemail:", "Call transcript:", "Taken by phone:")


def _date(draw: Random) -> str:
    month, day = draw.choice(MONTHS), draw.randint(1, 28)
    return draw.choice((f"{month} {day}", f"{month[:3]} {day}", f"{draw.randint(1, 12)}/{day}"))


def _amount(draw: Random) -> str:
    return f"${draw.randint(9, 480)}" + draw.choice(("", ".00", ".90", ".50", ".99"))


SLOTS: dict[str, Callable[[Random], str]] = {
    "amount": _amount,
    "browser": lambda draw: draw.choice(BROWSERS),
    "card": lambda draw: draw.choice(CARDS),
    "city": lambda draw: draw.choice(CITIES),
    "date": _date,
    "day": lambda draw: draw.choice(DAYS),
    "days": lambda draw: str(draw.randint(4, 29)),
    "device": lambda draw: draw.choice(DEVICES),
    "email": lambda draw: (
        f"{draw.choice(('ana', 'office', 'kim', 'r.lund', 'shop'))}{draw.randint(2, 98)}@example."
        + draw.choice(("com", "org", "net"))
    ),
    "err": lambda draw: draw.choice(("E-", "0x", "")) + str(draw.randint(201, 989)),
    "fee": lambda draw: draw.choice(FEES),
    "iban": lambda draw: draw.choice(IBANS),
    "invoice": lambda draw: f"INV-{draw.randint(10_000, 99_999)}",
    "ip": lambda draw: f"{draw.choice(('192.0.2', '198.51.100', '203.0.113'))}.{draw.randint(2, 250)}",
    "last4": lambda draw: str(draw.randint(1001, 9899)),
    "minutes": lambda draw: str(draw.choice((20, 25, 35, 40, 45, 50, 90))),
    "month": lambda draw: draw.choice(MONTHS),
    "order": lambda draw: f"{draw.choice(('', '#', 'LS-'))}{draw.randint(10_000, 99_999)}",
    "pct": lambda draw: str(draw.choice((5, 10, 15, 20, 25, 30, 60))),
    "phone": lambda draw: f"({draw.choice((212, 310, 415, 503, 617))}) 555-01{draw.randint(0, 99):02d}",
    "product": lambda draw: draw.choice(PRODUCTS),
    "products": lambda draw: draw.choice(PRODUCTS) + "s",
    "seats": lambda draw: str(draw.randint(3, 24)),
    "ticket": lambda draw: f"T{draw.randint(100_000, 999_999)}",
    "track": lambda draw: f"LSX{draw.randint(100_000, 999_999)}",
    "version": lambda draw: f"{draw.randint(4, 8)}.{draw.randint(0, 9)}.{draw.randint(0, 9)}",
}


@dataclass(frozen=True)
class Template:
    """One hand-written text with slots; ``name`` is its file and line, as ``app_bug:7``."""

    name: str
    intent: str
    text: str

    @property
    def personal(self) -> str:
        """The kinds of personal data that the template asks for, joined by ``+``."""
        return "+".join(slot for slot in PERSONAL if f"{{{slot}}}" in self.text)


@cache
def lines(name: str) -> tuple[str, ...]:
    """Return the lines of ``texts/<name>.txt`` in file order."""
    return tuple((TEXTS / f"{name}.txt").read_text(encoding="utf-8").splitlines())


def templates(name: str) -> list[Template]:
    """Read the templates of one intent, or of a file whose lines begin with ``intent:``."""
    read = []
    for number, line in enumerate(lines(name), 1):
        intent, colon, text = line.partition(": ")
        named = bool(colon) and re.fullmatch(r"[a-z]+(_[a-z]+)+", intent) is not None
        read.append(Template(f"{name}:{number}", intent if named else name, text if named else line))
    return read


def fill(text: str, draw: Random, *, plan: str = "pro") -> str:
    """Write one text from a template: sentences, alternatives and slots are drawn.

    >>> fill("[Hello|Hello] // {plan}", Random(1), plan="free")
    'Hello free'
    """
    sentences = [sentence.strip() for sentence in text.split("//")]
    kept = [
        sentence.removeprefix("?").strip()
        for sentence in sentences
        if not sentence.startswith("?") or draw.random() < 0.6
    ]
    text = " ".join(kept)
    while "[" in text:  # innermost first
        text = re.sub(r"\[([^\[\]]*)\]", lambda match: draw.choice(match[1].split("|")), text)
    used: set[str] = set()

    def value(match: re.Match[str]) -> str:
        if match[1] == "plan":
            return plan
        drawn = SLOTS[match[1]](draw)
        while drawn in used:  # "a dock instead of the dock" makes no sense
            drawn = SLOTS[match[1]](draw)
        used.add(drawn)
        return drawn

    text = re.sub(r"\{(\w+)\}", value, text)
    text = " ".join(text.split())  # an alternative may be empty
    return re.sub(r" ([,.?!])(?=\s|$)", r"\1", text).replace(".,", ",")


def dressed(text: str, draw: Random, *, channel: str) -> str:
    """Put a text into the manner of its channel: opening, closing, lower case, typos."""
    opening, closing, lower, typos = {
        "email": (0.75, 0.7, 0.02, 0.1),
        "app": (0.35, 0.4, 0.15, 0.25),
        "chat": (0.3, 0.3, 0.35, 0.35),
        "phone": (0.5, 0.2, 0.0, 0.05),
    }[channel]
    gap = "\n\n" if channel == "email" and draw.random() < 0.25 else " "
    if draw.random() < opening:
        first = draw.choice(PHONE_OPENINGS if channel == "phone" else lines("openings"))
        text = fill(first, draw) + gap + text
    if draw.random() < closing:
        # a text that ends without a stop needs one before the next sentence
        text += ("" if text[-1] in ".!?" else ".") + gap + fill(draw.choice(lines("closings")), draw)
    if draw.random() < lower:
        text = text.lower()
    for _ in range(draw.choice((1, 1, 2)) if draw.random() < typos else 0):
        text = with_typo(text, draw)
    return text


def with_typo(text: str, draw: Random) -> str:
    """Misspell one word of five letters or more: two letters swapped, one dropped or one doubled."""
    words = list(re.finditer(r"(?<![\w@.#-])[A-Za-z]{5,}(?![\w@.-])", text))
    if not words:
        return text
    word = draw.choice(words)
    start = word.start() + draw.randint(1, len(word[0]) - 3)
    a, b = text[start], text[start + 1]
    return text[:start] + draw.choice((b + a if a != b else a, b, a + a + b)) + text[start + 2 :]
