"""Hashes that stores hold: another value would make erased samples and judged texts unknown."""

from __future__ import annotations

import hashlib

import pyarrow as pa
import pytest
from labelsift.data.hashing import header_digest, id_hash, id_hashes, row_digests, text_hash


@pytest.mark.parametrize(
    ("hashed", "stored"),
    [
        (id_hash("T0005"), "6b4990312f4bafe390cff5227d734083"),
        (id_hash("ü"), "641e6d2c3c00fab558bfd8ab9a1eed84"),
        (text_hash("é"), "d4b1b0202b21bb84e60a3d272ecab0db"),
        (header_digest(["id", "text"]), 137538039745726961212279769137866253483),
    ],
)
def test_the_values_that_stores_hold(hashed, stored):
    assert hashed == stored


def test_an_ids_hash_is_blake2b_with_a_name_of_its_own():
    assert id_hash("a") == hashlib.blake2b(b"a", digest_size=16, person=b"labelsift id").hexdigest() != text_hash("a")
    assert id_hashes(["b", "a"]) == sorted([id_hash("a"), id_hash("b")])


def test_a_row_is_known_by_all_of_its_cells_and_their_borders():
    def digests(*columns: list[str | None]) -> list[str]:
        return [digest.hex() for digest in row_digests([pa.chunked_array([pa.array(c, pa.string())]) for c in columns])]

    assert digests(["a", None], ["b", "c"]) == ["c04e17957d4ca3123b3afdaab02e4023", "8d1121b46714fc1e3d187638a257b823"]
    cells = [("ab", ""), ("a", "b"), ("", "ab"), (None, "ab"), ("-", "ab")]
    assert len(set(digests(*map(list, zip(*cells, strict=True))))) == len(cells)


def test_values_that_stand_in_many_rows_hash_as_any_others():
    rows = [("x", "Köln"), ("y", None), ("x", ""), ("x", "1:a"), ("y", "Köln")] * 9
    together = [pa.chunked_array([pa.array(column, pa.string())]) for column in zip(*rows, strict=True)]
    one_by_one = [
        next(row_digests([pa.chunked_array([pa.array([cell], pa.string())]) for cell in row])) for row in rows
    ]
    assert list(row_digests(together)) == one_by_one
