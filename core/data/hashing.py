"""Content hashes of texts, ids and rows (BLAKE2b), tombstones of erased rows, and sample ids made from texts.

A hash stands where a text must not be kept, or is too long to compare. A text that can be guessed can be confirmed by
its hash.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Sequence

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

_BATCH = 65_536  # rows whose values are Python objects at the same time
_RARE = 4  # times that a value must stand on average, to be written once


def text_hash(text: str) -> str:
    """Return the hash by which a judged text is known again: 128 bits, 32 hex digits."""
    return text_digest(text).hex()


def id_hash(id: str) -> str:
    """Return the hash by which an erased sample is known again: 128 bits, 32 hex digits."""
    return hashlib.blake2b(_encoded(id), digest_size=16, person=b"labelsift id").hexdigest()


def id_hashes(ids: Iterable[str]) -> list[str]:
    """Return the hashes of several ids, sorted."""
    return sorted(map(id_hash, ids))


def text_digest(text: str, *, size: int = 16) -> bytes:
    """Return ``size`` bytes that stand for a text."""
    return hashlib.blake2b(_encoded(text), digest_size=size).digest()


def _encoded(text: str) -> bytes:
    return text.encode("utf-8", "surrogatepass")


def header_digest(names: Iterable[str]) -> int:
    """Return a number that stands for the names of columns in their order."""
    return int.from_bytes(text_digest("".join(map(_framed, names))), "big")


def row_digests(columns: Sequence[pa.ChunkedArray]) -> Iterator[bytes]:
    """Return 16 bytes for each row of these columns."""
    table = pa.table(list(columns), names=[str(number) for number in range(len(columns))])
    for batch in table.to_batches(max_chunksize=_BATCH):
        yield from map(text_digest, map("".join, zip(*map(_all_framed, batch.columns), strict=True)))


def digest_sum(digests: Iterable[bytes]) -> int:
    """Return the sum of digests modulo 2**128: the same in any order, and rows can be taken out of it again."""
    return sum(int.from_bytes(digest, "big") for digest in digests) % 2**128


def merged_tombstone(tombstone: str | None, digest: int) -> str:
    """Return a tombstone that covers further erased rows; see :attr:`labelsift.data.samples.Samples.digest`.

    A fingerprint is a sum of the rows' hashes. A tombstone keeps what erased rows add to it, as one number, so that the
    rows that stand plus the tombstone give the fingerprint of the scan.

    >>> merged_tombstone("ff" * 16, 1), merged_tombstone(None, 255)
    ('00000000000000000000000000000000', '000000000000000000000000000000ff')
    """
    return f"{(int(tombstone or '0', 16) + digest) % 2**128:032x}"


def whole_fingerprint(fingerprint: str, tombstone: str | None) -> str:
    """Return the fingerprint that the rows had together with the erased ones."""
    return merged_tombstone(tombstone, int(fingerprint, 16))


def _framed(value: object) -> str:
    """Write a value behind its length, so that no value can pass for two, or for an absent one."""
    if value is None:
        return "-"
    text = str(value)
    return f"{len(text)}:{text}"


def _all_framed(column: pa.Array) -> list[str]:
    """Write the values of a column; what stands in many rows is written once."""
    if not pa.types.is_string(column.type):
        return list(map(_framed, column.to_pylist()))
    coded = column.dictionary_encode()
    if len(coded.dictionary) * _RARE > len(column):
        return list(map(_framed, column.to_pylist()))
    framed = [*map(_framed, coded.dictionary.to_pylist()), _framed(None)]
    return list(map(framed.__getitem__, pc.fill_null(coded.indices, -1).to_pylist()))


def text_ids(texts: pa.ChunkedArray) -> pa.ChunkedArray:
    """Make ids from texts, for data without an id column.

    The id is a hash of the text, never of the label, so that a corrected label keeps its sample;
    a repeated text gets ``-2``, ``-3`` … in file order.
    """
    hashes = np.empty(len(texts), dtype=np.uint64)
    for rows, batch in _batches(texts):
        hashes[rows] = np.frombuffer(b"".join(text_digest(text, size=8) for text in batch), dtype=np.uint64)
    occurrences = _occurrences(hashes)
    pieces = []
    for rows, batch in _batches(texts):
        digits = hashes[rows].tobytes().hex()
        ids = [digits[start : start + 16] for start in range(0, 16 * len(batch), 16)]
        for position in np.flatnonzero(occurrences[rows] > 1).tolist():
            ids[position] += f"-{occurrences[rows.start + position]}"
        pieces.append(pa.array(ids, pa.string()))
    return pa.chunked_array(pieces, pa.string())


def _batches(texts: pa.ChunkedArray) -> Iterator[tuple[slice, list[str]]]:
    start = 0
    for batch in pa.table({"text": texts}).to_batches(max_chunksize=_BATCH):
        yield slice(start, start + len(batch)), batch["text"].to_pylist()
        start += len(batch)


def repeats(values: np.ndarray) -> np.ndarray:
    """Return the rows whose value stands in another row as well: int64, in order.

    >>> repeats(np.array([5, 7, 5])).tolist()
    [0, 2]
    """
    ordered = np.sort(values)
    repeated = np.unique(ordered[1:][ordered[1:] == ordered[:-1]])
    return np.flatnonzero(np.isin(values, repeated)) if len(repeated) else np.empty(0, dtype=np.int64)


def _occurrences(values: np.ndarray) -> np.ndarray:
    """Return the occurrence number of each row's value, from 1 on: int32, shape (n,)."""
    numbers = np.ones(len(values), dtype=np.int32)
    rows = repeats(values)
    rows = rows[np.argsort(values[rows], kind="stable")]
    starts = np.flatnonzero(np.diff(values[rows], prepend=~values[rows[:1]]))
    sizes = np.diff(starts, append=len(rows))
    numbers[rows] = np.arange(1, len(rows) + 1) - np.repeat(starts, sizes)
    return numbers
