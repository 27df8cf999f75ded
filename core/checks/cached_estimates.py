"""Cached estimates: what a scan learned from texts and labels, reused while none of that changed.

An entry is known by a hash of vectors, labels, folds, weights and whatever else the estimate is made of, and by the
version of the method: a scan of the same data with the same labels finds every bit as a scan from nothing makes it.
Nothing here can change what is estimated.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

import numpy as np

from ..label_quality.ensemble import LabelQuality
from ..label_quality.noise_model import NoiseModel
from ..label_quality.spans.marginals import SpanMarginals
from ..label_quality.spans.wrong_spans import WrongSpans
from ..models.cross_validation import Predictions, out_of_fold
from ..models.logistic_regression import LogisticRegression
from ..models.ngrams import CHARACTERS, MOST_COLUMNS, READ
from ..store.cache import Cache, digest_of_all, versions_of

if TYPE_CHECKING:
    from scipy.sparse import csr_array

_QUALITY = ("right", "wrong", "other", "share", "united", "pool")


def maker_of(method: int, what: str) -> str:
    """Name who estimates: the method, and the libraries that may change the last bits."""
    return f"{what}, method {method}, {versions_of('labelsift', 'numpy', 'scipy', 'faiss-cpu')}"


def cached_out_of_fold(
    cache: Cache,
    method: int,
    vectors: np.ndarray,
    targets: np.ndarray,
    *,
    vectors_digest: str,
    classes: int,
    folds: np.ndarray,
    seed: int,
    training: np.ndarray,
    weights: np.ndarray | None,
    start: Predictions | None,
    keys: np.ndarray,
) -> Predictions:
    """Predict as :func:`labelsift.models.cross_validation.out_of_fold` does, which explains the parameters."""

    def make() -> Mapping[str, np.ndarray]:
        made = out_of_fold(
            vectors,
            targets,
            classes=classes,
            folds=folds,
            seed=seed,
            training=training,
            weights=weights,
            start=start,
            keys=keys,
        )
        return _of_predictions(made)

    before = (None, None) if start is None else (start.pred_probs, start.penalty)
    digest = digest_of_all(vectors_digest, targets, classes, folds, seed, training, weights, *before, keys)
    maker = maker_of(method, "first fit" if start is None else "second fit")
    arrays = cache.arrays("predictions", maker, digest, make)
    models = tuple(
        (
            arrays[f"columns {fold}"],
            LogisticRegression(arrays[f"weights {fold}"], arrays[f"intercepts {fold}"], multilabel=bool(multilabel)),
        )
        for fold, multilabel in enumerate(arrays["multilabel"])
    )
    return Predictions(arrays["pred_probs"], arrays["folds"], float(arrays["penalty"][0]), models)


def _of_predictions(made: Predictions) -> Mapping[str, np.ndarray]:
    arrays = {"pred_probs": made.pred_probs, "folds": made.folds, "penalty": np.array([made.penalty])}
    arrays["multilabel"] = np.array([model.multilabel for _, model in made.models], dtype=bool)
    for fold, (columns, model) in enumerate(made.models):
        arrays |= {f"columns {fold}": columns, f"weights {fold}": model.weights, f"intercepts {fold}": model.intercepts}
    return arrays


def cached_quality(cache: Cache, maker: str, digest: str, make: Callable[[], LabelQuality]) -> LabelQuality:
    """Return the quality of labels, as one of the ways of :mod:`labelsift.label_quality.ensemble` estimates it."""
    arrays = cache.arrays("quality", maker, digest, lambda: _of_quality(make()))
    noise = NoiseModel(arrays["noise weights"], arrays["transition"])
    return LabelQuality(**{name: arrays[name] for name in _QUALITY}, noise=noise)


def _of_quality(made: LabelQuality) -> Mapping[str, np.ndarray]:
    noise = {"noise weights": made.noise.weights, "transition": made.noise.transition}
    return {name: getattr(made, name) for name in _QUALITY} | noise


def cached_ngrams(cache: Cache, digest: str, make: Callable[[], csr_array]) -> csr_array:
    """Return the sparse features of all texts, which no label goes into."""
    from scipy.sparse import csr_array

    def parts() -> Mapping[str, np.ndarray]:
        made = make()
        return {"data": made.data, "indices": made.indices, "indptr": made.indptr, "shape": np.array(made.shape)}

    maker = (
        f"{CHARACTERS} characters, {MOST_COLUMNS} columns, {READ} read, {versions_of('labelsift', 'numpy', 'scipy')}"
    )
    arrays = cache.arrays("ngrams", maker, digest, parts)
    return csr_array((arrays["data"], arrays["indices"], arrays["indptr"]), shape=tuple(arrays["shape"].tolist()))


def cached_spans(
    cache: Cache,
    method: int,
    digest: str,
    make_marginals: Callable[[], SpanMarginals],
    make_claims: Callable[[SpanMarginals], WrongSpans],
) -> tuple[SpanMarginals, WrongSpans]:
    """Return what the taggers say of every possible span, and what follows of the given ones and of all."""

    def make() -> Mapping[str, np.ndarray]:
        marginals = make_marginals()
        claims = make_claims(marginals)
        places = {"given": claims.given, "unmarked": claims.unmarked}
        return {
            **{name: np.array([(text, *span) for text, span in some]).reshape(-1, 4) for name, some in places.items()},
            "words": marginals.words,
            "spans": marginals.spans,
            "wrong": claims.wrong,
            "missed": claims.missed,
            "counts": np.array([claims.number, claims.low, claims.high, claims.learnable]),
            "types": np.array(list(claims.unlearnable), dtype=np.int64),
            "shares": np.array(list(claims.unlearnable.values()), dtype=np.float64),
        }

    arrays = cache.arrays("spans", f"{maker_of(method, 'spans')}, {versions_of('numba')}", digest, make)
    given, unmarked = (
        [(text, (first, last, kind)) for text, first, last, kind in arrays[name].tolist()]
        for name in ("given", "unmarked")
    )
    number, low, high, learnable = arrays["counts"].tolist()
    unlearnable = dict(zip(arrays["types"].tolist(), arrays["shares"].tolist(), strict=True))
    claims = WrongSpans(
        given, arrays["wrong"], unmarked, arrays["missed"], number, low, high, bool(learnable), unlearnable
    )
    return SpanMarginals(arrays["words"], arrays["spans"]), claims
