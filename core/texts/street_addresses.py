"""Postal addresses: a street's name with its number as ten languages write them, post boxes, Japanese block numbers.

A capital name and a street word or ending and a number make an address; where streets share their words with anything
else ("Via", "5 Star Road", "Lane") a word for an address must stand before it, or punctuation after it. Towns and
postal codes alone are none. Street names in lower case are found after such a word only.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from .matches import Match
from .plain_form import before

_CAPITAL_LETTER = re.compile("[A-ZÀ-ÖØ-ÞŁŚŻŽŠČŘĄĘ一-龥]")  # every pattern but that of boxes needs one
_CAPITAL = r"[A-ZÀ-ÖØ-ÞŁŚŻŽŠČŘĄĘ][\w'’.-]{1,30}"
_NAMES = rf"{_CAPITAL}(?:[ -]{_CAPITAL}){{0,3}}"
_HOUSE = r"\d{1,4}(?: ?[a-zA-Z](?![\w]))?(?:[-/]\d{1,3})?"
# What a number before a unit is, or one that goes on: no house.
_NO_UNIT = (
    r"(?![\d.,:]\d|\d)(?! ?(?:uhr|km|min|minuten|minutes?|stunden?|tage?|days?|hours?|€|\$|euro?s?|%|prozent|percent"
    r"|gb|mb|kg|cm"
    r"|mm|m|l|ml|st|nd|rd|th|mal|times|veces|volte|jahre|years|personen|people|plätze|punkte)(?![^\W\d_]))"
)
_ENGLISH_END = (
    r"Street|St|Avenue|Ave|Road|Rd|Lane|Ln|Drive|Dr|Boulevard|Blvd|Court|Ct|Close|Parkway|Pkwy|Way|Place|Pl|Crescent"
    r"|Terrace|Square|Highway|Hwy|Gardens|Grove|Hill|Mews|Row|Walk|Circle|Cir|Trail|Quay|Rise|Park"
)
# The word alone makes an address of what follows a number: nothing else is called so.
_SURE_END = r"Street|St|Avenue|Ave|Road|Rd|Boulevard|Blvd|Parkway|Pkwy|Crescent|Terrace|Mews|Ln|Pl|Hwy"
_ENGLISH_NAME = r"(?:[A-ZÀ-Þ][\w'’-]{1,30}|(?:St|Mt|Dr)\.|\d{1,3}(?:st|nd|rd|th))"
_PARTICLE = (
    r"(?:(?:de la|de los|de las|de l['’]|del|della|dello|delle|dei|degli|de|du|des|da|do|das|dos|di|d['’]|la|le|les|el"
    r"|los|las) ?){0,2}"
)

_ENGLISH = re.compile(
    r"(?<![\w.,/-])(?<!\d )\d{1,5}[A-Z]?(?:-\d{1,4})? (?:[NSEW]{1,2}\.? )?"
    rf"(?:The (?:Crescent|Avenue|Close|Terrace|Square|Green|Drive|Grove|Lane)"
    rf"|{_ENGLISH_NAME}(?: {_ENGLISH_NAME}){{0,3}}?"
    rf" (?P<end>{_ENGLISH_END})\b(?:(?<=St|Rd|Ln|Dr|Pl)\.|(?<=Ave|Hwy|Cir)\.|(?<=Blvd|Pkwy)\.)?)"
    r"(?:,? (?:Apt|Apartment|Suite|Ste|Unit|Flat|#)\.? ?\d{0,4}[A-Za-z]?\b)?"
)
_FOREIGN = (
    (  # German and Dutch compounds; Scandinavian ones
        re.compile(
            r"(?<![\w-])(?:[A-ZÄÖÜÅØ][\wäöüßéåø-]{2,28}?(?:straße|strasse|str\.|weg|platz|allee|gasse|damm|ufer"
            r"|chaussee"
            r"|straat|laan|gracht|plein|kade|dijk|singel|steeg|gatan|vägen|gata|veien|vejen|gade)"
            r"|(?:[A-ZÄÖÜ][\wäöüß]{2,20} ){1,2}(?:Straße|Strasse|Str\.|Weg|Platz|Allee|Gasse|Ring|Damm|Ufer))"
            rf" {_HOUSE}{_NO_UNIT}"
        ),
        True,
    ),
    (  # French
        re.compile(
            r"(?<![\w.,/-])\d{1,4}(?: ?(?:bis|ter|quater))?,? (?:rue|avenue|av\.|boulevard|bd|place|impasse|allée"
            r"|allées"
            rf"|chemin|quai|cours|route|square|passage|Rue|Avenue|Boulevard|Place) {_PARTICLE}{_NAMES}"
        ),
        True,
    ),
    (  # Spanish and Portuguese
        re.compile(
            r"(?<![\w-])(?:Calle|calle|C/|Avenida|avenida|Avda\.?|Av\.|Paseo|Pº|Camino|Ronda|Travesía|Rua|rua"
            rf"|Travessa|Alameda|Praça|Estrada|Rodovia) ?{_PARTICLE}{_NAMES},? ?(?:n[º°o.]{{1,2}} ?)?{_HOUSE}{_NO_UNIT}"
        ),
        True,
    ),
    (  # what other things are called, too
        re.compile(
            r"(?<![\w-])(?:Via|via|Viale|Piazza|Corso|Largo|Vicolo|Piazzale|Plaza|plaza|ul\.|Ul\.|al\.|os\.|Carrera"
            r"|Cra\.?)"
            rf" {_PARTICLE}{_NAMES},? ?(?:n[º°o.]{{1,2}} ?)?{_HOUSE}{_NO_UNIT}"
        ),
        False,
    ),
    (
        re.compile(
            rf"(?<![\w-])(?:Am|An der|An den|Auf dem|Auf der|Im|In der|In den|Zum|Zur) {_NAMES} {_HOUSE}{_NO_UNIT}"
        ),
        False,
    ),
)
_BOX = re.compile(
    r"(?<!\w)(?:P\.? ?O\.? ?Box|Post Office Box|Postfach|Boîte postale|Apartado(?: de correos)?"
    r"|Postbus) \d[\d ]{0,6}\d?",
    re.IGNORECASE,
)
_JAPANESE = re.compile(
    r"(?:東京都|北海道|(?:京都|大阪)府|[一-龥]{2,3}県)[一-龥ぁ-んァ-ヶー]{1,14}?[市区町村郡][一-龥ぁ-んァ-ヶー]{0,12}"
    r"\d{1,4}(?:丁目|番地?|号|-)(?:\d{1,4}(?:番地?|号|-)?){0,3}"
)
_ADDRESS_WORD = re.compile(
    r"(?<![^\W_])(?:address|ship(?:ped)? to|deliver(?:ed)? to|send (?:it )?to|sent to|live[sd]?(?: at| in)?|moved to"
    r"|located at|home"
    r"|reside|mail(?:ed)? to|house|it's|its|adresse|anschrift|wohne|wohnhaft|wohnt|lieferadresse|rechnung|liefern"
    r"|paket|bitte an"
    r"|habite|livrer|domicil\w*|dirección|direccion|vivo|enviar|domicilio|abito|indirizzo|spedire|residente"
    r"|consegna\w*|abita"
    r"|moro|endereço|entregar|woon|woont|adres|bezorgen|adresa|adress|mieszkam|ul|ulica|住所|送り先)(?![^\W\d_])"
    r"|(?:\b(?:at|to|from)|:) \Z"
)
_AFTER_WORD = re.compile(
    rf"(?<![^\W_])(?:address|adresse|adres|adresa|adress|indirizzo|endereço|dirección|住所)(?: is| ist| est| es| è"
    rf"| é)?[:\s]{{1,3}}(?P<street>{_NAMES},? {_HOUSE}{_NO_UNIT})",
    re.IGNORECASE,
)
# Words that make a street's word another thing: "2 Fast Lane passes", "45 Street Fighter games".
_NO_STREET = re.compile(
    r"\b(?:Fast|Main|Slow|Star|Way|Memory|Bus|Wall|Sesame|Lovers|Test) (?:Lane|Street|Road)\b|Street (?:Fighter|View)"
    r"|Court TV"
)


def addresses(text: str) -> Iterator[Match]:
    """Yield streets with their numbers, post boxes and Japanese block numbers."""
    for match in _BOX.finditer(text):
        yield Match(match.start(), match.end(), "address")
    if not _CAPITAL_LETTER.search(text):
        return
    yield from _english(text)
    for pattern, is_sure in (*_FOREIGN, (_JAPANESE, True)):
        for match in pattern.finditer(text):
            if is_sure or _named(text, match):
                yield Match(match.start(), match.end(), "address")
    for match in _AFTER_WORD.finditer(text):
        if match["street"][0].isupper():
            yield Match(match.start("street"), match.end("street"), "address")


def _english(text: str) -> Iterator[Match]:
    for match in _ENGLISH.finditer(text):
        if _NO_STREET.search(text, match.start(), min(match.end() + 8, len(text))):
            continue
        is_sure = match["end"] in _SURE_END.split("|") and len(match[0].split(" ", 1)[0]) > 1
        if is_sure or _named(text, match) or _is_end(text, match.end()):
            yield Match(match.start(), match.end(), "address")


def _named(text: str, match: re.Match[str]) -> bool:
    """Tell whether a word before calls it an address."""
    return bool(_ADDRESS_WORD.search(before(text, match.start())))


def _is_end(text: str, end: int) -> bool:
    """Tell whether a line ends here, or a town follows after a comma."""
    return text[end : end + 1] in ("", "\n", ";") or bool(re.match(r", [A-Z]", text[end : end + 3]))
