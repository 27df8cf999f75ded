"""E-mail and IP addresses in a text, by their form.

An IP address that cannot be a person's is left out: loopback, private, link-local and multicast ones, and four small
numbers without a word that calls them an address, which are mostly a version (1.2.3.4).
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from ipaddress import AddressValueError, IPv4Address, IPv6Address

from .matches import Match
from .plain_form import before

LONGEST_LOCAL, LONGEST_DOMAIN = 64, 255  # RFC 5321, 4.5.3.1
_LATIN = "A-Za-z0-9\u00c0-\u024f"
# Text in another script stands beside an address without a space, so that an address is of one script.
_LOCAL_REVERSED = re.compile(rf"[{_LATIN}._%+'-]+"), re.compile(r"[\w.%+'-]+")
_DOMAIN = re.compile(rf"[{_LATIN}.-]+"), re.compile(r"[\w.-]+")
_LABEL = re.compile(r"[^\W_](?:[\w-]{0,61}[^\W_])?")
_USER_OF_URL = re.compile(r"//[^\s/@]{0,200}\Z")
FILE_ENDINGS = frozenset(
    "png jpg jpeg gif webp svg bmp tif tiff ico pdf css js ts jsx tsx json xml yml yaml html htm php py rb rs cpp csv "
    "txt md log zip gz tar jar exe dll docx xlsx mp3 mp4 avi mov local localdomain lan".split()
)

_IPV4 = re.compile(r"(?<![A-Za-z0-9.-])\d{1,3}\.\d{1,3}\.\d{1,3}\.\d{1,3}(?![A-Za-z0-9]|[.-]\d)")
_IPV6 = re.compile(r"(?<![A-Za-z0-9:.])[0-9A-Fa-f]{1,4}(?::{1,2}[0-9A-Fa-f]{1,4}){2,7}(?![A-Za-z0-9:])")
_SMALL = 40  # octets below it make a number that may be a version
_VERSION_WORD = re.compile(
    r"(?:\b(?:v|ver|version|versión|versão|versione|release|build|firmware|driver|chapter|section|sect|kapitel"
    r"|abschnitt|chapitre|capítulo|paragraph|clause|article|update|updated|upgraded?|kernel|patch|app|sdk|package"
    r"|assembly|library|lib|php|java|python|windows|chrome|firefox|safari|android|ios|revision|rev|chipset|model)"
    r"\b[^\d\n]{0,14}(?:[\d.]{3,15} (?:to|auf|->|→|and|from) )?|[A-Za-z]/|\bv|§ ?|[<>=]=|\^|~)\Z"
)
_ADDRESS_WORD = re.compile(r"\b(?:ip|ipv4|host|login|logged|from|client|remote|addr|address|server|dns|vpn)\b|айпи")


def email_addresses(text: str) -> Iterator[Match]:
    """Yield the e-mail addresses: of any script, not the user in a URL, nor a name of a file or a package's version."""
    place = text.find("@")
    while place >= 0:
        local, domain = _local_part(text, place), _domain(text, place)
        if local and domain and not _is_no_mail(text, place - local, place + 1 + domain):
            yield Match(place - local, place + 1 + domain, "email")
        place = text.find("@", place + 1)


def _local_part(text: str, place: int) -> int:
    """Return how many characters the part before an @ has, 0 for none."""
    reversed_before = text[max(place - LONGEST_LOCAL, 0) : place][::-1]
    match = next((match for pattern in _LOCAL_REVERSED if (match := pattern.match(reversed_before))), None)
    return len(match[0].rstrip(".'-%+")) if match and not match[0].startswith(".") else 0


def _domain(text: str, place: int) -> int:
    """Return how many characters the domain after an @ has, 0 where it is none."""
    for pattern in _DOMAIN:
        match = pattern.match(text, place + 1, place + 1 + LONGEST_DOMAIN)
        if not match:
            continue
        name = match[0].rstrip(".-")
        labels = name.split(".")
        ending = labels[-1].lower()
        is_top = len(ending) >= 2 and (ending.isalpha() or ending.startswith("xn--")) and ending not in FILE_ENDINGS
        if len(labels) > 1 and is_top and all(map(_LABEL.fullmatch, labels)):
            return len(name)
    return 0


def _is_no_mail(text: str, start: int, end: int) -> bool:
    """Tell the user of a URL (``https://user@host``) and of a copy over ssh (``git@host:path``)."""
    if _USER_OF_URL.search(text[max(start - 210, 0) : start]):
        return True
    return text[start:end].startswith("git@") and text[end : end + 1] in (":", "/")


def ip_addresses(text: str) -> Iterator[Match]:
    """Yield the IP addresses, version 4 and 6, that can be a person's."""
    for match in _IPV4.finditer(text):
        octets = [int(part) for part in match[0].split(".")]
        if max(octets) > 255 or not _is_public(IPv4Address(bytes(octets))):
            continue
        words = before(text, match.start())
        is_small = max(octets) < _SMALL and not _ADDRESS_WORD.search(words)
        if not is_small and not _VERSION_WORD.search(words):
            yield Match(match.start(), match.end(), "ip_address")
    for match in _IPV6.finditer(text):
        try:
            address = IPv6Address(match[0])
        except AddressValueError:
            continue
        # Only 2000::/3 is given to anybody; short ones such as 7::30 are rather a time or a ratio.
        if int(address) >> 125 == 1 and len(match[0].replace(":", "")) >= 8:
            yield Match(match.start(), match.end(), "ip_address")


def _is_public(address: IPv4Address) -> bool:
    number = int(address)
    if number >> 24 in (0, 10, 127) or number >> 28 >= 14:  # this network, private, loopback, multicast and reserved
        return False
    return number >> 16 not in (0xA9FE, 0xC0A8) and number >> 20 != 0xAC1  # link-local, private
