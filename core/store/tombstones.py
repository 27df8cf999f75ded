"""Tombstones of erased rows: hash sums that prove that the rest of the rows is unchanged.

A fingerprint is a sum of the rows' hashes. A tombstone keeps what the erased rows add to it, as one number, so
that the rows that stand plus the tombstone give the fingerprint of the scan. Of each sample it keeps a hash of
the id, by which a returning sample is known. An id that can be guessed can be confirmed by its hash.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable

_MODULUS = 2**128


def merged(tombstone: str | None, digest: int) -> str:
    """Return a tombstone that covers further rows; see :attr:`labelsift.data.samples.Samples.digest`.

    >>> merged("ff" * 16, 1), merged(None, 255)
    ('00000000000000000000000000000000', '000000000000000000000000000000ff')
    """
    return f"{(int(tombstone or '0', 16) + digest) % _MODULUS:032x}"


def whole(fingerprint: str, tombstone: str | None) -> str:
    """Return the fingerprint that the rows had together with the erased ones."""
    return merged(tombstone, int(fingerprint, 16))


def id_hash(id: str) -> str:
    """Return the hash by which an erased sample is known again: 128 bits of BLAKE2b."""
    return hashlib.blake2b(id.encode("utf-8", "surrogatepass"), digest_size=16, person=b"labelsift id").hexdigest()


def id_hashes(ids: Iterable[str]) -> list[str]:
    """Return the hashes of several ids, sorted."""
    return sorted(map(id_hash, ids))
