"""Latent semantic analysis of character n-grams: text vectors that are fitted on the data, whatever the language.

One to four characters in a row within a word, its borders included, weighed by TF-IDF (Salton & Buckley 1988) and
reduced by a truncated singular value decomposition (Deerwester et al. 1990) with random projections (Halko, Martinsson
& Tropp 2011). Words need no spaces between them, so that Japanese and Thai do as well as Russian. A text that was not
there at the fit is projected by the same n-grams.

A kept projection knows n-grams only by the bucket that they are hashed to (:mod:`labelsift.data.hashed_ngrams`).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa

from ..data.hashed_ngrams import BUCKETS, LONGEST, READ, bucket_counts
from ..data.stable_draws import drawn, mixed
from ..store.cache import digest_of

if TYPE_CHECKING:
    from scipy.sparse import csr_array

NAME = "characters"
DIMENSIONS = 192
FITTED_ON = 20_000  # texts, drawn; the others are projected
FEWEST_TEXTS, LARGEST_SHARE = 2, 0.2  # of the texts that a bucket occurs in: what is in more tells little
MOST_BUCKETS = 1 << 16  # the commonest: bounds what is kept to 33 MB
FIT = f"{LONGEST}-grams, {READ} characters, {BUCKETS} buckets, {DIMENSIONS} dimensions, {FITTED_ON} texts"
_OVERSAMPLED, _ITERATIONS = 16, 2  # of the random projection
_LEAST = 1e-8  # of the largest squared singular value: what is below is rounding


@dataclass(frozen=True)
class CharacterLSA:
    """A fitted projection.

    Parameters
    ----------
    buckets
        int32, shape (m,), ascending: those that carry weight.
    rarity
        float32, shape (m,): the inverse document frequency of each.
    components
        float16, shape (m, dimensions): right singular vectors.
    """

    buckets: np.ndarray
    rarity: np.ndarray
    components: np.ndarray
    name = NAME
    languages = None

    @classmethod
    def fit(cls, texts: Sequence[str], *, keys: np.ndarray, seed: int = 0) -> CharacterLSA:
        """Fit on texts; they may come in any order.

        Parameters
        ----------
        keys
            uint64, shape (n,): what the texts are drawn by, see :mod:`labelsift.data.stable_draws`.
        """
        rows = drawn(np.arange(len(texts)), FITTED_ON, keys=keys, seed=seed, purpose="characters")
        counts = _counts([str(texts[int(row)]) for row in rows])
        n = len(rows)
        frequencies = np.bincount(counts.indices, minlength=BUCKETS)
        kept = np.flatnonzero((frequencies >= FEWEST_TEXTS) & (frequencies <= max(LARGEST_SHARE * n, FEWEST_TEXTS)))
        if len(kept) > MOST_BUCKETS:
            kept = np.sort(kept[np.argsort(-frequencies[kept], kind="stable")[:MOST_BUCKETS]])
        rarity = (np.log((1 + n) / (1 + frequencies[kept])) + 1).astype(np.float32)
        features = _weighed(counts, kept, rarity)
        components = _right_singular_vectors(features, kept, min(DIMENSIONS, n, len(kept)), seed=seed)
        return cls(kept.astype(np.int32), rarity, components.astype(np.float16))

    @property
    def empty(self) -> bool:
        """Whether no two texts have a bucket in common, so that every vector is zero."""
        return not len(self.buckets)

    @property
    def dimensions(self) -> int:
        """Of the vectors."""
        return self.components.shape[1]

    @cached_property
    def maker(self) -> str:
        """What the vectors depend on: this very projection."""
        return f"{NAME} {digest_of(self.buckets)} {digest_of(self.rarity)} {digest_of(self.components)}"

    def embed(self, texts: Sequence[str]) -> np.ndarray:
        """Return one vector a text: float32, shape (len(texts), dimensions); zero where it shares nothing."""
        features = _weighed(_counts(texts), self.buckets, self.rarity)
        return np.asarray(features @ self._components, dtype=np.float32)

    @cached_property
    def _components(self) -> np.ndarray:
        return self.components.astype(np.float32)

    def table(self) -> pa.Table:
        """Return the projection as a table: ``bucket, rarity, component``, one row a bucket."""
        flat = pa.array(np.ascontiguousarray(self.components).ravel())
        vectors = pa.FixedSizeListArray.from_arrays(flat, self.dimensions)
        return pa.table({"bucket": self.buckets, "rarity": self.rarity, "component": vectors})

    @classmethod
    def of(cls, table: pa.Table) -> CharacterLSA:
        """Read a projection as :meth:`table` writes it."""
        vectors = table["component"].combine_chunks()
        components = vectors.flatten().to_numpy(zero_copy_only=False).reshape(len(table), vectors.type.list_size)
        return cls(table["bucket"].to_numpy(), table["rarity"].to_numpy(), components)


def _counts(texts: Sequence[str]) -> csr_array:
    """Count the n-grams of each text by bucket: float32, shape (len(texts), BUCKETS)."""
    from scipy.sparse import csr_array

    starts, buckets, counts = bucket_counts(texts)
    return csr_array((counts, buckets, starts), shape=(len(texts), BUCKETS))


def _weighed(counts: csr_array, kept: np.ndarray, rarity: np.ndarray) -> csr_array:
    """Weigh counts by damped frequency and rarity; each row has length 1, or 0 if it is empty."""
    features = counts[:, kept]
    features.data = (1 + np.log(features.data)) * rarity[features.indices]
    lengths = np.sqrt(features.power(2).sum(axis=1))
    features.data /= np.repeat(lengths, np.diff(features.indptr)).astype(np.float32)
    return features


def _right_singular_vectors(features: csr_array, buckets: np.ndarray, count: int, *, seed: int) -> np.ndarray:
    """Return the first right singular vectors: float32, shape (columns, count).

    The random projection is drawn by bucket, so that the order of the texts changes nothing.
    """
    if not count:
        return np.zeros((0, 1), dtype=np.float32)
    words = -(-(count + _OVERSAMPLED) // 64)
    bits = [mixed(buckets.astype(np.uint64), seed=seed, purpose=f"projection {word}") for word in range(words)]
    signs = np.unpackbits(np.stack(bits, axis=1).view(np.uint8), axis=1)[:, : count + _OVERSAMPLED]
    basis = features @ (2 * signs.astype(np.float32) - 1)
    for _ in range(_ITERATIONS):
        basis = features @ (features.T @ np.linalg.qr(basis)[0])
    projected = features.T @ np.linalg.qr(basis)[0]
    # The singular values of a tall matrix from its small product with itself: many times cheaper than its own.
    squares, vectors = np.linalg.eigh(projected.T.astype(np.float64) @ projected)
    chosen = np.argsort(-squares, kind="stable")[:count]
    chosen = chosen[squares[chosen] > _LEAST * squares.max()]
    return (projected @ (vectors[:, chosen] / np.sqrt(squares[chosen]))).astype(np.float32)
