"""Two hundred made values of personal data and secrets of every kind, and where a text holds one in any spelling."""

from __future__ import annotations

import html
import json
import random
import string
from collections.abc import Collection, Iterable, Mapping
from functools import cache
from urllib.parse import quote

_FIRST = "Anouk Bertram Chidi Dilara Emeka Fenna Gudrun Hamza Ingrid Jovana Kaito Lubna Marit Nkechi Ottilie".split()
_LAST = "Abernathy Brzezinski Castellano Dubrovsky Eisenhower Fitzgerald Grimaldi Hawthorne Ivanovich Jankowski".split()
_STREETS = "Oakwood Birchfield Meadowbrook Ravenscroft Thistledown Willowmere".split()


def _luhn(digits: str) -> str:
    """Return digits with the check digit of Luhn behind them."""
    total = sum(
        sum(divmod(int(digit) * (2 if place % 2 == 0 else 1), 10)) for place, digit in enumerate(reversed(digits))
    )
    return f"{digits}{-total % 10}"


def _iban(bank: str) -> str:
    rest = int(f"{bank}131400")  # D, E and 00
    return f"DE{98 - rest % 97:02}{bank}"


def _made(rng: random.Random, kind: str) -> tuple[str, str]:
    """Return a value of a kind, and a sentence in which it stands as {}."""
    digits = lambda count: "".join(rng.choices(string.digits, k=count))  # noqa: E731
    word = lambda count: "".join(rng.choices(string.ascii_letters + string.digits, k=count))  # noqa: E731
    name = f"{rng.choice(_FIRST)} {rng.choice(_LAST)}"
    card = _luhn(f"4539{digits(11)}")
    made = {
        "email": (f"{name.replace(' ', '.').lower()}{digits(3)}@mail-{digits(2)}.org", "please write to {} about it"),
        "phone": (f"+49 17{rng.randint(0, 9)} {rng.randint(2, 9)}{digits(7)}", "call me under {} today"),
        "card": (" ".join(card[place : place + 4] for place in range(0, 16, 4)), "my card {} was charged twice"),
        "iban": (_iban(digits(18)), "send the refund to {} please"),
        "ip_address": (".".join(str(rng.randint(11, 126)) for _ in range(4)), "the login came from ip {} at night"),
        "birth_date": (
            f"19{rng.randint(41, 99)}-0{rng.randint(1, 9)}-1{rng.randint(0, 9)}",
            "date of birth: {}",
        ),
        "address": (f"{rng.randint(11, 99)} {rng.choice(_STREETS)} Street", "deliver it to {}, thanks"),
        "name": (name, "hello, my name is {} and it is late"),
        "github_token": (f"ghp_{word(36)}", "use the token {} for it"),
        "aws_key": (f"AKIA{''.join(rng.choices('ABCDEFGHIJKLMNOPQRSTUVWXYZ234567', k=16))}", "the key is {} there"),
        "password": (f"{word(6)}!{word(5)}{digits(2)}", "password: {}"),
        "slack_token": (f"xoxb-{digits(12)}-{digits(12)}-{word(24)}", "the bot has {} as its token"),
    }
    return made[kind]


IN_IDS = ("email", "iban")  # kinds that are unmistakable in an id
KINDS = (
    *("email", "phone", "card", "iban", "ip_address", "birth_date", "address", "name"),
    *("github_token", "aws_key", "password", "slack_token"),
)


def planted(count: int, *, seed: int, kinds: Collection[str] = KINDS) -> list[tuple[str, str]]:
    """Return pairs of a value and a text that holds it, of all kinds in turn; no value is part of another."""
    rng = random.Random(seed)
    values: dict[str, str] = {}
    for number in range(10 * count):
        value, sentence = _made(rng, sorted(kinds)[number % len(kinds)])
        if all(value not in other and other not in value for other in values):
            values[value] = f"{sentence.format(value)} ({number})"
        if len(values) == count:
            return list(values.items())
    raise AssertionError("too few different values")


@cache
def spellings(value: str) -> frozenset[str]:
    """Return a value as text, JSON, HTML and addresses spell it."""
    plain = {value, html.escape(value), quote(value), quote(value, safe=""), quote(value).replace("%20", "+")}
    return frozenset(plain | {json.dumps(text)[1:-1] for text in plain})


def held(values: Iterable[str], content: object) -> set[str]:
    """Return the values that stand in a content: a text, bytes, or whatever JSON can say of it."""
    if isinstance(content, bytes):
        content = content.decode("utf-8", "replace")
    text = content if isinstance(content, str) else json.dumps(content, ensure_ascii=False, default=str)
    return {value for value in values if any(spelling in text for spelling in spellings(value))}


def strange(contents: Mapping[str, object], owners: Mapping[str, str]) -> dict[str, set[str]]:
    """Return what stands where it must not: id of a sample → values of others in its content.

    ``owners`` says whose each value is.
    """
    found = {id: {value for value in held(owners, content) if owners[value] != id} for id, content in contents.items()}
    return {id: values for id, values in found.items() if values}
