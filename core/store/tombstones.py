"""Tombstones: what stays of erased rows, so that the rest can still be proven to be the rest.

A fingerprint is a sum of the rows' hashes. A tombstone keeps what the erased rows add to it, as one number, so
that the rows that stand plus the tombstone give the fingerprint of the scan. Of each sample it keeps a hash of
the id, by which a returning sample is known (:func:`labelsift.data.hashing.id_hash`).
"""

from __future__ import annotations

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
