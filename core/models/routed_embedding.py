"""Routed embedding: each text by the embedder that reads it, or by character LSA, in blocks of one vector space.

Texts that the embedder can read have its vector in the first block, the others theirs in the second, and zeros
elsewhere: two texts of different blocks have nothing in common, and a linear model learns each block from its own
texts. Where the embedder can read next to nothing of a data set there is the second block alone. An embedder that
has learned many languages says something of others in their script: those have both, with half of the weight each.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa

from ..data.scripts import LATIN
from ..store.cache import Cache, digest_of
from .character_lsa import NAME, CharacterLSA
from .embedding import Embedder, cached_vectors, embed, normalize
from .languages import Languages, detect, encode_languages
from .readability import Readability, scripts_of

FEWEST, LEAST_SHARE = 50, 0.02  # unreadable texts, and of all: fewer teach nothing about their labels
WHOLE = 0.2  # share of texts that the embedder reads, below which it has no say in a data set
PROJECTION = "projection"  # the setting of a run that tells its projection from others
_RULES = b"labelsift"
_MARK = "+"


def routes(readable: np.ndarray) -> tuple[np.ndarray, bool]:
    """Decide which texts go to the characters: (bool, shape (n,); whether all of them do, as a whole)."""
    n, unreadable = len(readable), int((~readable).sum())
    if unreadable and readable.sum() < WHOLE * n:
        return np.ones(n, dtype=bool), True
    if unreadable < max(FEWEST, LEAST_SHARE * n):
        return np.zeros(n, dtype=bool), False
    return ~readable, False


def half_read(languages: Collection[str], scripts: Sequence[str | None]) -> np.ndarray:
    """Tell the texts that an embedder of several languages says something of, whatever their language: bool, (n,)."""
    several = len(languages) > 1
    return np.array([several and script == LATIN for script in scripts], dtype=bool)


@dataclass(frozen=True)
class RoutedEmbedder:
    """An embedder with the character LSA of one data set beside it; an :class:`labelsift.models.embedding.Embedder`.

    Parameters
    ----------
    first
        Reads some languages.
    characters
        Fitted on texts in the others.
    rules
        Tell which those are.
    whole
        Every text goes to the characters.
    alone
        There is no block of the embedder.
    """

    first: Embedder
    characters: CharacterLSA
    rules: Readability
    whole: bool = False
    alone: bool = False
    languages = None
    maker = None

    @property
    def name(self) -> str:
        """Of both, as a run names its embedder."""
        return f"{self.first.name}{_MARK}{NAME}"

    @property
    def dimensions(self) -> int:
        """Of both blocks."""
        return self.characters.dimensions + (0 if self.alone else self.first.dimensions)

    def embed(self, texts: Sequence[str]) -> np.ndarray:
        """Return one vector a text: float32, shape (len(texts), dimensions), of length 1 or 0."""
        return self.vectors(pa.chunked_array([texts], pa.string()), *self.routed(texts))

    def routed(self, texts: Sequence[str]) -> tuple[np.ndarray, list[str | None]]:
        """Tell which texts the embedder cannot read, bool, shape (n,), and their scripts: what :meth:`vectors` asks."""
        scripts = scripts_of(texts)
        unreadable = np.ones(len(texts), dtype=bool)
        if not self.whole:
            unreadable = ~self.rules.readable(scripts, Languages.of(encode_languages(detect(texts))))
        return unreadable, scripts

    def vectors(
        self,
        texts: pa.ChunkedArray,
        unreadable: np.ndarray,
        scripts: Sequence[str | None],
        *,
        cached: tuple[Cache, pa.FixedSizeBinaryArray] | None = None,
    ) -> np.ndarray:
        """Return the vectors of texts that are known to be readable or not: float32, shape (n, dimensions).

        Parameters
        ----------
        unreadable
            bool, shape (n,).
        scripts
            Of the texts.
        cached
            The cache that is asked first, and the hashes of the texts.
        """
        start = self.dimensions - self.characters.dimensions
        vectors = np.zeros((len(texts), self.dimensions), dtype=np.float32)
        by_first = (
            np.zeros(len(texts), dtype=bool) if self.alone else ~unreadable | half_read(self.rules.languages, scripts)
        )
        for model, rows, block in (
            (self.first, np.flatnonzero(by_first), slice(0, start)),
            (self.characters, np.flatnonzero(unreadable), slice(start, None)),
        ):
            if len(rows):
                some = texts.take(pa.array(rows))
                if cached is None:
                    vectors[rows, block] = embed(some, model)
                else:
                    vectors[rows, block] = cached_vectors(cached[0], some, cached[1].take(pa.array(rows)), model)
        return normalize(vectors)

    def table(self) -> pa.Table:
        """Return what a run keeps to embed other texts: the projection, with the rules beside it."""
        rules = [",".join(sorted(self.rules.languages)), ",".join(sorted(self.rules.doubted))]
        rules += [str(int(self.whole)), str(int(self.alone))]
        return self.characters.table().replace_schema_metadata({_RULES: "|".join(rules)})

    @classmethod
    def of(cls, first: Embedder, table: pa.Table) -> RoutedEmbedder:
        """Read what :meth:`table` wrote, beside the embedder of the run."""
        languages, doubted, whole, alone = (table.schema.metadata or {})[_RULES].decode().split("|")
        rules = Readability(frozenset(languages.split(",")), frozenset(filter(None, doubted.split(","))))
        return cls(first, CharacterLSA.of(table), rules, whole == "1", alone == "1")


def routed_facts(first: Embedder | None, table: pa.Table | None) -> dict[str, str]:
    """Return what a run says of its routed embedder: its name, and which projection it is; nothing without one."""
    if first is None or table is None:
        return {}
    routed = RoutedEmbedder.of(first, table)
    return {"embedder": routed.name, PROJECTION: digest_of(routed.characters.maker.encode())[:10]}


def vector_space(settings: Mapping[str, Any]) -> str | None:
    """Return the name of the space that a run's vectors lie in, from its settings: of the embedder and projection."""
    name, projection = settings.get("embedder"), settings.get(PROJECTION)
    return f"{name}:{projection}" if projection else name


def first_name(name: str) -> str:
    """Return the name of the embedder in that of a routed one.

    >>> first_name("wordllama+characters"), first_name("wordllama")
    ('wordllama', 'wordllama')
    """
    return name.removesuffix(f"{_MARK}{NAME}")
