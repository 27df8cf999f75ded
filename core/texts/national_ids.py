"""Numbers of persons that states give: those of nine countries by form, a word nearby and their check digits.

The check digits are python-stdnum's (extra ``pii``). With it an id whose form and checksum let less than one of 100
random numbers through is found by itself; where they prove little, a word nearby must name it. Without the extra a
word nearby must name every one, save those that nothing else looks like.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cache
from importlib import import_module

from .matches import Match
from .plain_form import before

COUNTRIES = ("US", "GB", "ES", "FR", "DE", "IT", "NL", "BR", "IN")
WORDS_WITHIN = 48  # characters before a number, and 24 after it, in which a word names it


@dataclass(frozen=True)
class NationalId:
    """One kind of number.

    Parameters
    ----------
    country
        Two letters, ISO 3166.
    form
        How it is written; the group ``plain`` matches where it is written as nothing else is.
    words
        What calls it so, in lower case.
    module
        Of python-stdnum; "" where there are no check digits.
    certain
        Its check digits suffice, with python-stdnum.
    unlike
        Its form suffices, without python-stdnum, too.
    """

    country: str
    form: re.Pattern[str]
    words: re.Pattern[str]
    module: str = ""
    certain: bool = False
    unlike: bool = False


def _form(pattern: str) -> re.Pattern[str]:
    return re.compile(rf"(?<![A-Za-z0-9])(?<!\d[.,/-])(?:{pattern})(?![A-Za-z0-9]|[.,/-]\d)", re.IGNORECASE | re.ASCII)


def _words(pattern: str) -> re.Pattern[str]:
    return re.compile(rf"(?<![^\W_])(?:{pattern})(?![^\W\d_])")


_SSN = _words(r"ssn|social security|social|ss ?#|ss ?no|ssn ?#|taxpayer id|itin")
_DNI = _words(r"dni|nif|nie|documento nacional|documento|identidad|d\.n\.i\.?")
_IDNR = _words(
    r"steuer-?id|id-?nr\.?|idnr|steuer-?idnr\.?|(?:steuer)?identifikationsnummer|steuerliche|tin|steuer-?nummer"
)

IDS = (
    NationalId("US", _form(r"\d{3}-\d{2}-\d{4}"), _SSN, "us.ssn", certain=True, unlike=True),
    NationalId("US", _form(r"\d{3} \d{2} \d{4}|\d{9}"), _SSN, "us.ssn"),
    NationalId(
        "GB",
        _form(r"(?!BG|GB|NK|KN|TN|NT|ZZ)[A-CEGHJ-PR-TW-Z][A-CEGHJ-NPR-TW-Z] ?\d{2} ?\d{2} ?\d{2} ?[A-D]"),
        _words(r"ni|nino|n\.i\.|national insurance|hmrc|nat ins|insurance no"),
    ),
    NationalId("GB", _form(r"\d{3}[ -]?\d{3}[ -]?\d{4}"), _words(r"nhs|nhs no|nhs number"), "gb.nhs"),
    NationalId("ES", _form(r"\d{2}\.?\d{3}\.?\d{3}[ -]?[A-Z]"), _DNI, "es.dni"),
    NationalId("ES", _form(r"[XYZ][ -]?\d{7}[ -]?[A-Z]"), _DNI, "es.nie"),
    NationalId(
        "FR",
        _form(r"[12] ?\d{2} ?(?:0[1-9]|1[0-2]|[2-9]\d) ?(?:\d{2}|2[AB]) ?\d{3} ?\d{3} ?\d{2}"),
        _words(r"sécu|secu|sécurité sociale|securite sociale|nir|insee|vitale|assuré|assure|nss"),
        "fr.nir",
        certain=True,
    ),
    NationalId("DE", _form(r"\d{2} \d{3} \d{3} \d{3}"), _IDNR, "de.idnr", certain=True),
    NationalId("DE", _form(r"\d{11}"), _IDNR, "de.idnr"),
    NationalId(
        "IT",
        _form(r"[A-Z]{6}\d{2}[A-EHLMPRST]\d{2}[A-Z]\d{3}[A-Z]"),
        _words(r"codice fiscale|c\.?f\.?|cod\.? ?fisc\.?"),
        "it.codicefiscale",
        certain=True,
        unlike=True,
    ),
    NationalId(
        "NL",
        _form(r"\d{4}\.?\d{2}\.?\d{3}|\d{3}[ .]\d{3}[ .]\d{3}"),
        _words(r"bsn|burgerservicenummer|sofi-?nummer|burger service nummer"),
        "nl.bsn",
    ),
    NationalId("BR", _form(r"\d{3}\.\d{3}\.\d{3}-\d{2}"), _words("cpf"), "br.cpf", certain=True),
    NationalId("BR", _form(r"\d{9}-?\d{2}"), _words("cpf"), "br.cpf"),
    NationalId(
        "IN",
        _form(r"[2-9]\d{3}[ -]?\d{4}[ -]?\d{4}"),
        _words(r"aadhaar|aadhar|adhaar|adhar|uidai|uid|आधार"),
        "in_.aadhaar",
    ),
    NationalId(
        "IN", _form(r"[A-Z]{3}[ABCFGHLJPT][A-Z]\d{4}[A-Z]"), _words(r"pan|pan card|pan no|income tax"), "in_.pan"
    ),
)
# A text without it has none of these forms: six digits with single separators, or letters and digits as in Britain,
# Italy and India.
_SOME = re.compile(
    r"\d(?:[ .-]?\d){5}|[XYZxyz][ -]?\d|[A-Za-z]{2} ?\d\d ?\d\d ?\d\d|[A-Za-z]{6}\d\d[A-Za-z]|[A-Za-z]{5}\d{4}[A-Za-z]"
)


def national_ids(text: str, *, countries: tuple[str, ...] = COUNTRIES) -> Iterator[Match]:
    """Yield the numbers of persons of these countries."""
    if not _SOME.search(text):
        return
    for entry in IDS:
        if entry.country not in countries:
            continue
        is_valid = _validator(entry.module) if entry.module else None
        enough = entry.unlike or (entry.certain and is_valid is not None)
        for match in entry.form.finditer(text):
            if len(set(filter(str.isalnum, match[0]))) < 3 or (is_valid and not is_valid(match[0].upper())):
                continue  # 111.111.111-11 has the right check digits, and is nobody's
            near = before(text, match.start(), WORDS_WITHIN) + " \n " + text[match.end() : match.end() + 24].lower()
            if enough or entry.words.search(near):
                yield Match(match.start(), match.end(), "national_id")


def has_check_digits() -> bool:
    """Tell whether python-stdnum is installed."""
    return _validator("us.ssn") is not None


@cache
def _validator(module: str) -> Callable[[str], bool] | None:
    try:
        return import_module(f"stdnum.{module}").is_valid
    except ImportError:
        return None
