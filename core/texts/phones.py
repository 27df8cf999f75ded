"""Phone numbers: digits in a number's form, valid by ``phonenumbers`` (Google's libphonenumber metadata).

A number is looked up as international with a + or 00, else in the region that was named, else, where a word before
calls it a phone number, in the regions of :data:`REGIONS`. Without region and word only the two layouts of North
America count, (212) 555-0147 and 212-555-0147: digits alone are mostly some other number.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from .matches import Match
from .plain_form import before

# Where a word says that it is a phone number, but nothing says whose: the regions of most internet users, by language.
REGIONS = (
    *("US", "GB", "DE", "FR", "ES", "IT", "NL", "BR", "IN", "MX", "JP", "CN", "KR", "RU", "TR", "PL", "AU", "ZA"),
    *("NG", "AR", "PT", "SE", "CH", "AT", "BE", "DK", "NO", "FI", "CZ", "GR", "HU", "IE", "ID", "PH", "VN", "SG"),
    *("AE", "SA", "EG", "KE", "PK", "UA", "RO", "IL", "CO", "CL", "PE", "NZ", "HK", "TW", "TH", "MY"),
)
_NUMBER = re.compile(
    r"(?<![A-Za-z0-9])(?<!\d[.,/-])(?:\+ ?|00(?=[1-9]))?\(?\d(?:[ ./()-]{0,3}\d){6,15}(?![A-Za-z0-9]|[.,/:-]\d)"
)
_NORTH_AMERICA = re.compile(r"(?:\+?1[ .-]?)?(?:\([2-9]\d\d\) ?[2-9]\d\d[ .-]\d{4}|[2-9]\d\d([.-])[2-9]\d\d\1\d{4})")
_PHONE_WORD = re.compile(
    r"(?:(?<![^\W_])(?:phone|phones|telephone|tel|tél|téléphone|telefono|teléfono|telefone|telefon|telefoon|telefono"
    r"|telefonnummer|telefoonnummer|telefonszám|mobile|mobil|móvil|movil|mob|cell|cellphone|cel|cell phone|cellulare"
    r"|celular|handy|handynummer|mobilnummer|rufnummer|telemóvel|telemovel|gsm|natel|fax|whatsapp|zap|hotline|landline"
    r"|hp|ph|portable|puhelin|телефон|тел|моб|звоните|τηλέφωνο|κινητό|telefonu|cep|numret|komórka"
    r"|(?:call|text|ring|dial|reach|phone|contact|sms|anrufen|zurückrufen|erreichbar|appelez|appeler|llamar|llama"
    r"|llámame"
    r"|llámeme|chiamare|chiamami|ligar|ligue|bellen|bel|ringen|ring|dzwonić|volejte|позвоните)"
    r"(?: (?:me|us|him|her|back|moi|nous|mich|uns|mij|til))?(?: (?:on|at|under|unter|op|på|au|al|an|to|mig på))?"
    r"|(?:my|mein|meine|meiner|mon|mi|mio|meu|mijn|min|mój|мой) (?:phone |cell )?(?:number|nr|no|nummer|numéro|número"
    r"|numero|numer|номер|line|phone))"
    r"|電話|携帯|手机|手機|电话|電話番号|전화|번호|điện thoại|फ़ोन|मोबाइल|هاتف|جوال|טלפון)"
    # Between the word and the number: a few short words without a digit, such as "number is" or "番号は".
    r"(?:[ .:#=('\"/,*-]{0,3}(?:number|no|nr|num|numero|número|numéro|nummer|n°|nº|is|are|es|è|é|est|ist|lautet|now"
    r"|番号|は|号|号码|是|line|office|work|home|house|after|please|pls|phone|mobile|it|again|direct|the|shop|bank|mum|on|at|to"
    r"|under|me|was|number:)(?![a-z]))"
    r"{0,3}[ .:#=('\"/,*-]{0,4}\Z"
)
_OTHER_NUMBER = re.compile(
    r"\b(?:order|tracking|parcel|invoice|ticket|reference|ref|case|customer|client|member|account|serial|transaction"
    r"|bestell\w*|kunden\w*|rechnung\w*|commande|pedido|ordine|bestelling|model|iban|sort code|isbn|imei|contract"
    r"|policy"
    r"|envío|seguimiento|colis|sendung\w*|track & trace|konto\w*|version|batch|nhs|ssn|bsn|siret)\b[^\d]{0,20}\Z"
)
_DATE_LIKE = re.compile(
    r"(?:(?:19|20)\d\d[./-][01]?\d[./-][0-3]?\d|[0-3]?\d[./-][01]?\d[./-](?:19|20)?\d\d)(?![./-]?\d)|(?:19|20)\d{6}\b"
)


def phone_numbers(text: str, *, region: str | None) -> Iterator[Match]:
    """Yield the phone numbers; ``region`` is where a number without + or 00 belongs (two letters, ISO 3166)."""
    for match in _NUMBER.finditer(text):
        start, end = _without_brackets(text, match.start(), match.end())
        value = text[start:end]
        if _DATE_LIKE.match(value):
            continue
        if _is_phone(value, before(text, start, 60), region):
            yield Match(start, end, "phone")


def _without_brackets(text: str, start: int, end: int) -> tuple[int, int]:
    """Leave out a bracket that stands around the number, not in it."""
    if text[start] == "(" and ")" not in text[start:end]:
        start += 1
    return start, end


def _is_phone(value: str, words: str, region: str | None) -> bool:
    if value.startswith("+"):
        return _is_valid(value.replace("+ ", "+"), None)
    if _OTHER_NUMBER.search(words):
        return False
    named = bool(_PHONE_WORD.search(words))
    if value.startswith("00") and (named or " " in value):
        return _is_valid("+" + value[2:], None)
    if _NORTH_AMERICA.fullmatch(value) and _is_valid(value, "US"):
        return True
    if region and _is_valid(value, region) and (named or _is_national(value, region)):
        return True
    return named and any(_is_valid(value, other) for other in REGIONS)


def _is_valid(value: str, region: str | None) -> bool:
    from phonenumbers import NumberParseException, is_valid_number, parse

    try:
        return is_valid_number(parse(value, region))
    except NumberParseException:
        return False


def _is_national(value: str, region: str) -> bool:
    """Tell whether a number is written as people of the region do: with its prefix and parted, or in its groups."""
    from phonenumbers import PhoneNumberFormat, format_number, parse

    groups = re.findall(r"\d+", value)
    if len(groups) < 2:
        return False
    if value.startswith("(") or (value.startswith("0") and len(groups[0]) < 6):
        return True
    written = format_number(parse(value, region), PhoneNumberFormat.NATIONAL)
    return groups == re.findall(r"\d+", written)
