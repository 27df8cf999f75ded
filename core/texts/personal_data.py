"""Personal data in a text: e-mail addresses, phones, cards, IBAN, national ids, addresses, birth dates, names."""

from __future__ import annotations

import re
from collections.abc import Iterator

from .account_numbers import card_numbers, ibans
from .birth_dates import BIRTH_WORD, birth_dates
from .matches import Match, settled
from .names import has_name_cue, person_names
from .national_ids import COUNTRIES, national_ids
from .network_addresses import email_addresses, ip_addresses
from .phones import phone_numbers
from .plain_form import plain
from .street_addresses import addresses
from .wallets import wallet_addresses

VERSION = 1  # of what is found; one more with each change that finds something else
# Of two matches that overlap the earlier kind stays: first what has a checksum.
KINDS = (*("iban", "wallet", "card", "national_id", "email", "ip_address", "birth_date", "phone", "address", "name"),)
_DIGIT = re.compile(r"\d")


def personal_data(
    text: str, *, region: str | None = None, names: bool = True, countries: tuple[str, ...] = COUNTRIES
) -> tuple[Match, ...]:
    """Return where a text holds personal data, sorted, without overlaps.

    Parameters
    ----------
    region
        Two letters (ISO 3166) of where a phone number without + belongs; without it such a one is recognized by a word
        before it, or by North America's layouts.
    names
        Whether to look for names of persons by cue words.
    countries
        Whose national ids to look for.

    >>> personal_data("Write to jo@mail.example or call +44 20 7946 0958")
    (Match(start=9, end=24, kind='email'), Match(start=33, end=49, kind='phone'))
    """
    return settled(_all(plain(text), region, names, countries), order=KINDS)


def _all(text: str, region: str | None, names: bool, countries: tuple[str, ...]) -> Iterator[Match]:
    if "@" in text:
        yield from email_addresses(text)
    if _DIGIT.search(text):
        yield from ibans(text)
        yield from wallet_addresses(text)
        yield from card_numbers(text)
        yield from national_ids(text, countries=countries)
        yield from ip_addresses(text)
        yield from phone_numbers(text, region=region)
        yield from addresses(text)
        if BIRTH_WORD.search(text):
            yield from birth_dates(text)
    if names and has_name_cue(text):
        yield from person_names(text)
