"""Lexicon of word clusters and token pieces from the default embedder's package, whatever the data."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from .token_features import normal

CLUSTERS = (64, 256, 1000)


@dataclass(frozen=True)
class Lexicon:
    """Of every normal form.

    Parameters
    ----------
    clusters
        The names of its clusters of k-means over the word vectors (Miller et al. 2004); none for fewer than a
        thousand different words.
    pieces
        Into how many pieces the tokenizer cuts it, and the largest of their numbers: a tokenizer that was learned by
        frequency numbers the common pieces first.
    """

    clusters: Mapping[str, Sequence[str]]
    pieces: Mapping[str, tuple[int, int]]


def lexicon(forms: Sequence[Sequence[str]], *, seed: int, grouped: bool = True) -> Lexicon:
    """Look up all words of some texts; without their clusters if they are not ``grouped``."""
    from ...models.embedding import StaticEmbedder, normalize

    words = sorted({normal(word) for some in forms for word in some})
    model = StaticEmbedder()
    pieces = dict(zip(words, ((len(ids), max(ids, default=0)) for ids in model.pieces(words)), strict=True))
    clusters: dict[str, list[str]] = {word: [] for word in words}
    if not grouped or len(words) < max(CLUSTERS):
        return Lexicon(clusters, pieces)
    import faiss

    vectors = normalize(model.embed(words))
    for size in CLUSTERS:
        means = faiss.Kmeans(
            vectors.shape[1], size, niter=10, seed=seed, spherical=True,
            min_points_per_centroid=1, max_points_per_centroid=256,
        )  # fmt: skip
        means.train(vectors)
        _, nearest = means.index.search(vectors, 1)
        for word, cluster in zip(words, nearest[:, 0].tolist(), strict=True):
            clusters[word].append(f"k{size}={cluster}")
    return Lexicon(clusters, pieces)
