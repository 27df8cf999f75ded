"""Payment cards and bank accounts: Luhn's check with issuers and lengths, IBAN by ISO 7064 mod 97-10 with its length.

Of random digits Luhn's check lets a tenth through, so a card must also begin as its issuer's do, have their length, and
be written as a card is; a long number that a word before calls an order's, a parcel's or a device's is none.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from .matches import Match
from .plain_form import before

# First digits (from, to) → lengths. ISO/IEC 7812 ranges as the networks publish them (2025).
ISSUERS = (
    (4, 4, (16, 19)),  # Visa; it gives out none of 13 digits any more
    (51, 55, (16,)),  # Mastercard
    (2221, 2720, (16,)),
    (34, 34, (15,)),  # American Express
    (37, 37, (15,)),
    (6011, 6011, (16, 19)),  # Discover
    (644, 659, (16, 19)),
    (3528, 3589, (16,)),  # JCB
    (300, 305, (14,)),  # Diners Club
    (36, 36, (14,)),
    (38, 39, (14,)),
    (62, 62, (16, 17, 18, 19)),  # UnionPay
    (2200, 2204, (16,)),  # Mir
    (5018, 5018, (16, 19)),  # Maestro
    (5020, 5020, (16, 19)),
    (5038, 5038, (16, 19)),
    (6304, 6304, (16, 19)),
    (6759, 6763, (16, 19)),
    (60, 60, (16,)),  # RuPay
    (81, 82, (16,)),
    (508, 508, (16,)),
)
_CARD = re.compile(r"(?<!\d)(?<!\d[.,-])\d(?:[ -]{0,2}\d){12,18}(?![A-Za-z0-9]|[.,-]\d)")
_LAYOUTS = {
    (4, 4, 4, 4),
    (4, 6, 5),
    (4, 6, 4),
    (4, 4, 4, 4, 3),
    (4, 4, 4, 4, 1),
    (4, 4, 4, 4, 2),
    (6, 13),
    (4, 4, 4, 3),
}
_BRAND = re.compile(r"(?:visa|jcb|amex|card|mc|cc|karte|carte|tarjeta)\Z")
_OTHER_NUMBER = re.compile(
    r"order|track|parcel|shipment|sendung|bestell|envío|envio|seguimiento|pedido|commande|colis|ordine|imei|iccid"
    r"|serial"
    r"|transaction|invoice|ticket|reference|\bref\b|case|barcode|\bean\b|\bgtin\b|siret|siren|cnpj|uuid|\bsku\b|batch"
    r"|注文|追跡|номер заказа|games"
)
_CARD_WORD = re.compile(r"card|karte|carte|tarjeta|cartão|cartao|carta di|visa|master|amex|カード|карт|卡号|kart|kort")

# Country → characters of an IBAN; SWIFT's IBAN registry, release 99 (2024).
IBAN_LENGTHS = {
    **dict.fromkeys(("NO",), 15),
    **dict.fromkeys(("BE",), 16),
    **dict.fromkeys(("DK", "FI", "FK", "FO", "GL", "NL", "SD"), 18),
    **dict.fromkeys(("MK", "SI"), 19),
    **dict.fromkeys(("AT", "BA", "EE", "KZ", "LT", "LU", "MN", "XK"), 20),
    **dict.fromkeys(("CH", "CR", "HR", "LI", "LV"), 21),
    **dict.fromkeys(("BG", "BH", "DE", "GB", "GE", "IE", "ME", "RS", "VA"), 22),
    **dict.fromkeys(("AE", "GI", "IL", "IQ", "OM", "SO", "TL"), 23),
    **dict.fromkeys(("AD", "CZ", "ES", "MD", "PK", "RO", "SA", "SE", "SK", "TN", "VG"), 24),
    **dict.fromkeys(("LY", "PT", "ST"), 25),
    **dict.fromkeys(("IS", "TR"), 26),
    **dict.fromkeys(("BI", "DJ", "FR", "GR", "IT", "MC", "MR", "SM"), 27),
    **dict.fromkeys(("AL", "AZ", "BY", "CY", "DO", "GT", "HN", "HU", "LB", "NI", "PL", "SV"), 28),
    **dict.fromkeys(("BR", "EG", "PS", "QA", "UA"), 29),
    **dict.fromkeys(("JO", "KW", "MU", "YE"), 30),
    **dict.fromkeys(("MT", "SC"), 31),
    **dict.fromkeys(("LC",), 32),
    **dict.fromkeys(("RU",), 33),
}
_IBAN_START = re.compile(r"(?<![A-Za-z0-9])[A-Za-z]{2}\d{2}(?=[ .-]?[A-Za-z0-9])")
_BETWEEN = " .-"
_LONGEST = 34 + 12  # characters with what parts them


def card_numbers(text: str) -> Iterator[Match]:
    """Yield payment card numbers: in one piece or in a card's groups, of a known issuer, with a valid check digit."""
    for match in _CARD.finditer(text):
        pieces = re.split(r"[ -]+", match[0])
        digits = "".join(pieces)
        if not (is_card(digits) and (len(pieces) == 1 or tuple(map(len, pieces)) in _LAYOUTS)):
            continue
        words = before(text, match.start())
        if text[match.start() - 1 : match.start()].isascii() and words[-1:].isalnum() and not _BRAND.search(words):
            continue
        if not _CARD_WORD.search(words) and (_OTHER_NUMBER.search(words) or (len(digits) > 16 and len(pieces) == 1)):
            continue
        yield Match(match.start(), match.end(), "card")


def is_card(digits: str) -> bool:
    """Tell whether digits are a card number by issuer, length and Luhn's check.

    >>> is_card("4111111111111111"), is_card("4111111111111112")
    (True, False)
    """
    if len(set(digits)) < 3 and not digits.startswith("4111"):  # 4111 1111 … is the number that everybody tests with
        return False
    known = any(
        low <= int(digits[: len(str(low))]) <= high and len(digits) in lengths for low, high, lengths in ISSUERS
    )
    return known and luhn_valid(digits)


def luhn_valid(digits: str) -> bool:
    """Tell whether the last digit fits the others (ISO/IEC 7812-1, annex B)."""
    total = 0
    for place, digit in enumerate(map(int, reversed(digits))):
        total += digit if place % 2 == 0 else digit * 2 - 9 * (digit > 4)
    return total % 10 == 0


def ibans(text: str) -> Iterator[Match]:
    """Yield IBANs in one piece or in groups, of their country's length, with valid check digits."""
    done = 0
    for match in _IBAN_START.finditer(text):
        length = IBAN_LENGTHS.get(match[0][:2].upper())
        if length is None or match.start() < done:
            continue
        end = _end_of(text, match.start(), length)
        if end and is_iban("".join(filter(str.isalnum, text[match.start() : end]))):
            done = end
            yield Match(match.start(), end, "iban")


def _end_of(text: str, start: int, length: int) -> int:
    """Return where so many letters and digits end, each after one character between at most; 0 where they do not."""
    count = 0
    for place in range(start, min(start + _LONGEST, len(text))):
        character = text[place]
        if character.isascii() and character.isalnum():
            count += 1
            if count == length:
                following = text[place + 1 : place + 2]
                return 0 if following.isascii() and following.isalnum() else place + 1
        elif character not in _BETWEEN or text[place - 1] in _BETWEEN:
            return 0
    return 0


def is_iban(value: str) -> bool:
    """Tell whether letters and digits are an IBAN by their country's length and ISO 7064 mod 97-10.

    >>> is_iban("DE89370400440532013000"), is_iban("DE88370400440532013000")
    (True, False)
    """
    value = value.upper()
    if len(value) != IBAN_LENGTHS.get(value[:2]) or not value.isascii() or not value.isalnum():
        return False
    return int("".join(str(int(character, 36)) for character in value[4:] + value[:4])) % 97 == 1
