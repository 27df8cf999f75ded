"""Keccak-256, the hash of Ethereum: SHA-3 before its padding was changed.

Bertoni, Daemen, Peeters and Van Assche, The Keccak reference (2011).
"""

from __future__ import annotations

_ROUNDS, _RATE, _WORD = 24, 136, (1 << 64) - 1


def keccak_256(data: bytes) -> bytes:
    """Return the hash of some bytes: 32 bytes.

    >>> keccak_256(b"").hex()[:16]
    'c5d2460186f7233c'
    """
    padded = bytearray(data) + b"\x01"
    padded += bytes(-len(padded) % _RATE)
    padded[-1] |= 0x80
    lanes = [[0] * 5 for _ in range(5)]
    for block in range(0, len(padded), _RATE):
        for lane in range(_RATE // 8):
            start = block + 8 * lane
            lanes[lane % 5][lane // 5] ^= int.from_bytes(padded[start : start + 8], "little")
        lanes = _permuted(lanes)
    return b"".join(lanes[lane % 5][lane // 5].to_bytes(8, "little") for lane in range(4))


def _permuted(lanes: list[list[int]]) -> list[list[int]]:
    """Apply the 24 rounds of Keccak-f[1600]: theta, rho and pi, chi, iota."""
    register = 1
    for _ in range(_ROUNDS):
        parity = [column[0] ^ column[1] ^ column[2] ^ column[3] ^ column[4] for column in lanes]
        mixed = [parity[(x - 1) % 5] ^ _rotated(parity[(x + 1) % 5], 1) for x in range(5)]
        lanes = [[lanes[x][y] ^ mixed[x] for y in range(5)] for x in range(5)]
        x, y, moving = 1, 0, lanes[1][0]
        for step in range(24):
            x, y = y, (2 * x + 3 * y) % 5
            moving, lanes[x][y] = lanes[x][y], _rotated(moving, (step + 1) * (step + 2) // 2)
        for y in range(5):
            row = [lanes[x][y] for x in range(5)]
            for x in range(5):
                lanes[x][y] = row[x] ^ (~row[(x + 1) % 5] & row[(x + 2) % 5])
        for bit in range(7):
            register = (register << 1 ^ (register >> 7) * 0x71) % 256
            if register & 2:
                lanes[0][0] ^= 1 << ((1 << bit) - 1)
    return lanes


def _rotated(word: int, bits: int) -> int:
    bits %= 64
    return (word << bits | word >> 64 - bits) & _WORD
