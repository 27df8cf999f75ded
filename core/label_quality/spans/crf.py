"""Linear-chain conditional random field (Lafferty et al. 2001).

Labels are numbered 0 = outside, 1 + 2t = first word of a span of type t, 2 + 2t = inside one; what cannot follow has
weight zero. Training is AdaGrad (Duchi et al. 2011), one text after the other, with a Gaussian prior whose share a text
is spread over the words that have a feature. It stops after a few rounds: a model that has learned its texts by heart
has learned their errors, too. Everything that is asked of the model comes out of one forward and backward pass.
"""

from __future__ import annotations

from types import ModuleType
from typing import NamedTuple

import numpy as np

from ...errors import MissingExtraError
from .token_features import Features

# Chosen on errors that were injected with the seeds 100 and 101 (benchmarks/RESULTS.md).
ROUNDS, RATE, PRIOR, FIRST = 6, 0.05, 10.0, 0.01


def loops() -> ModuleType:
    """Return the compiled loops: importing numba takes half a second, and only spans need it. There is no slower way.

    Raises
    ------
    MissingExtraError
        Without numba.
    """
    try:
        from . import crf_numba as compiled
    except (ImportError, OSError):  # missing, too old for this numpy, or without its shared library
        raise MissingExtraError("numba", "spans", purpose="Judging spans") from None
    return compiled


class Chain(NamedTuple):
    """Weights float32 (features, labels); transitions float64 (labels, labels); first label's float64 (labels,)."""

    weights: np.ndarray
    transitions: np.ndarray
    first: np.ndarray


def allowed(types: int) -> np.ndarray:
    """Tell which label may follow which: bool, shape (2 * types + 2, 2 * types + 1); the last row is the beginning."""
    labels = 2 * types + 1
    may = np.ones((labels + 1, labels), dtype=np.bool_)
    for inside in range(2, labels, 2):
        may[:, inside] = False
        may[[inside - 1, inside], inside] = True
    return may


def fit(features: Features, starts: np.ndarray, tags: np.ndarray, texts: np.ndarray, *, types: int, seed: int) -> Chain:
    """Learn from some texts.

    Parameters
    ----------
    features
        Of all words.
    starts
        int64, shape (n + 1,): the first word of each text.
    tags
        int32, one a word.
    texts
        int64: the numbers of the texts to learn from.
    """
    longest = int(np.diff(starts)[texts].max(initial=1))
    parameters = loops().fit_chain(
        features.numbers, features.ends, features.count, starts, tags, texts, allowed(types), longest, seed,
        ROUNDS, RATE, PRIOR, FIRST,
    )  # fmt: skip
    return Chain(*parameters)


def marginals(
    features: Features,
    starts: np.ndarray,
    texts: np.ndarray,
    chain: Chain,
    *,
    types: int,
    words_out: np.ndarray,
    spans_out: np.ndarray,
) -> None:
    """Write the model's probabilities for some texts.

    Parameters
    ----------
    words_out
        float32, shape (T, labels): of each label at each word.
    spans_out
        float32, shape (T, longest, types): that a span of a type begins at a word and ends after so many more.
    """
    longest = int(np.diff(starts)[texts].max(initial=1))
    loops().marginals_of_texts(
        features.numbers, features.ends, starts, texts, chain.weights, chain.transitions, chain.first, allowed(types),
        longest, words_out, spans_out,
    )  # fmt: skip


def marginals_of_scores(
    scores: np.ndarray, starts: np.ndarray, transitions: np.ndarray, *, words_out: np.ndarray, spans_out: np.ndarray
) -> None:
    """Do as :func:`marginals` for another model's scores of each word's labels: float64, shape (T, labels)."""
    types = spans_out.shape[2]
    longest = int(np.diff(starts).max(initial=1))
    loops().marginals_of_scores(scores, starts, transitions, allowed(types), longest, words_out, spans_out)
