"""Addresses of crypto wallets by their checksums: Base58Check, Bech32 and Bech32m, and EIP-55's mixed case.

Bitcoin, Litecoin, Dogecoin and Tron; Ethereum and what has its form. An Ethereum address in one case has no checksum
and is known by its form alone. Addresses without a checksum (Solana, Monero's parts) are not looked for.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator

from .keccak import keccak_256
from .matches import Match

_BASE58 = "123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz"
_VALUE58 = {character: value for value, character in enumerate(_BASE58)}
_CHARSET32 = "qpzry9x8gf2tvdw0s3jn54khce6mua7l"
_GENERATOR32 = (0x3B6A57B2, 0x26508E6D, 0x1EA119FA, 0x3D4233DD, 0x2A1462B3)
# Version bytes of addresses: Bitcoin (P2PKH, P2SH), Litecoin (P2PKH, P2SH), Dogecoin (P2PKH, P2SH), Tron.
VERSIONS = frozenset({0x00, 0x05, 0x30, 0x32, 0x1E, 0x16, 0x41})
_WALLET = re.compile(
    r"(?<![A-Za-z0-9])(?:"
    r"(?P<base58>[13LMDA9T][1-9A-HJ-NP-Za-km-z]{25,33})"
    r"|(?P<bech32>(?:bc|ltc)1[02-9ac-hj-np-z]{38,59}|(?:BC|LTC)1[02-9AC-HJ-NP-Z]{38,59})"
    r"|(?P<hex>0x[0-9A-Fa-f]{40})"
    r")(?![A-Za-z0-9])"
)
_FEWEST_DIGITS = 6  # different ones in an Ethereum address of somebody; 0x000…0 belongs to nobody


def wallet_addresses(text: str) -> Iterator[Match]:
    """Yield the addresses of wallets whose checksum fits."""
    for match in _WALLET.finditer(text):
        checks = {"base58": _is_base58check, "bech32": _is_segwit, "hex": _is_ethereum}
        if checks[str(match.lastgroup)](match[0]):
            yield Match(match.start(), match.end(), "wallet")


def _is_base58check(value: str) -> bool:
    number = 0
    for character in value:
        number = number * 58 + _VALUE58[character]
    if number >> 200:
        return False
    data = number.to_bytes(25, "big")
    checksum = hashlib.sha256(hashlib.sha256(data[:-4]).digest()).digest()[:4]
    return data[0] in VERSIONS and data[-4:] == checksum


def _is_segwit(value: str) -> bool:
    """Check an address of BIP 173 (version 0) or BIP 350 (later versions)."""
    prefix, _, data = value.lower().partition("1")
    values = [_CHARSET32.index(character) for character in data]
    checksum = 1
    for part in (*(ord(character) >> 5 for character in prefix), 0, *(ord(c) & 31 for c in prefix), *values):
        top = checksum >> 25
        checksum = (checksum & 0x1FFFFFF) << 5 ^ part
        for bit, generator in enumerate(_GENERATOR32):
            checksum ^= generator if top >> bit & 1 else 0
    return checksum == (1 if values[0] == 0 else 0x2BC830A3)


def _is_ethereum(value: str) -> bool:
    """Check the mixed case of EIP-55; one case alone has no checksum."""
    digits = value[2:]
    if len(set(digits.lower())) < _FEWEST_DIGITS:
        return False
    if digits in (digits.lower(), digits.upper()):
        return True
    hashed = keccak_256(digits.lower().encode()).hex()
    return all(
        character.isdigit() or character.isupper() == (int(nibble, 16) > 7)
        for character, nibble in zip(digits, hashed, strict=False)
    )
