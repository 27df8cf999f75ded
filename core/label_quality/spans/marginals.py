"""Marginal probabilities of every possible span of a text, from a tagger that has not seen the text's own spans."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from ...data.stable_draws import drawn
from ...errors import InputError
from . import crf
from .token_features import Features
from .tokens import Tokens, TokenSpan, tags

LONGEST = 8  # words of a span: longer ones are judged by their words alone
MOST_TEXTS = 20_000  # that one fold's model learns from
AGAIN = -4.0  # log weight of a new span of the type that just ended, for a model that does not tell the two apart


@dataclass(frozen=True)
class SpanMarginals:
    """Probabilities for T words.

    Parameters
    ----------
    words
        float32, shape (T, 2 * types + 1): of each label (see :mod:`labelsift.label_quality.spans.crf`) at each word.
    spans
        float32, shape (T, longest, types): that a span of a type begins at a word and ends after so many more.
    """

    words: np.ndarray
    spans: np.ndarray

    @cached_property
    def marked(self) -> np.ndarray:
        """Of any span at each word: float32, shape (T,)."""
        return self.words[:, 1:].sum(axis=1)

    @cached_property
    def any_type(self) -> np.ndarray:
        """Of a span of any type at each place: float32, shape (T, longest)."""
        return self.spans.sum(axis=2)

    @classmethod
    def empty(cls, words: Tokens, types: int) -> SpanMarginals:
        """Return room for the probabilities of some words."""
        count = int(words.starts[-1])
        longest = int(min(LONGEST, np.diff(words.starts).max(initial=1)))
        return cls(
            np.zeros((count, 2 * types + 1), dtype=np.float32), np.zeros((count, longest, types), dtype=np.float32)
        )


def out_of_fold_marginals(
    words: Tokens,
    features: Features,
    given: Sequence[Sequence[TokenSpan | None]],
    folds: np.ndarray,
    *,
    types: int,
    seed: int,
    keys: np.ndarray | None = None,
) -> SpanMarginals:
    """Judge each text by a tagger that was learned on the other folds.

    Parameters
    ----------
    given
        The spans of each text, in words.
    folds
        int16, shape (n,): -1 for unlabeled texts, which nobody learns from and nothing is said of.
    keys
        uint64, shape (n,): what is drawn by, see :mod:`labelsift.data.stable_draws`; by default the texts' positions.
    """
    marginals = SpanMarginals.empty(words, types)
    tagged = [tags(spans, len(places)) for spans, places in zip(given, words.places, strict=True)]
    labels = np.concatenate(tagged) if tagged else np.empty(0, dtype=np.int32)
    for fold in np.unique(folds[folds >= 0]):
        learned = np.flatnonzero((folds != fold) & (folds >= 0))
        learned = drawn(learned, MOST_TEXTS, keys=keys, seed=seed, purpose="span training")
        held_out = np.flatnonzero(folds == fold)
        chain = crf.fit(features, words.starts, labels, learned, types=types, seed=seed)
        crf.marginals(
            features, words.starts, held_out, chain, types=types, words_out=marginals.words, spans_out=marginals.spans
        )
    return marginals


def marginals_from_token_probs(
    words: Tokens, probabilities: Sequence[np.ndarray], classes: Sequence[str], types: Sequence[str]
) -> SpanMarginals:
    """Turn a model's probabilities for each word into those of spans, under the rule that a span has one type.

    Parameters
    ----------
    probabilities
        Of each text: shape (words, classes).
    classes
        Of each column: ``O`` and either ``B-type`` and ``I-type`` or only the types.
    types
        In the order of the result.
    """
    labels = _labels(classes, types)
    count = 2 * len(types) + 1
    scores = np.full((int(words.starts[-1]), count), -30.0)
    stacked = np.concatenate([np.asarray(array, dtype=np.float64).reshape(-1, len(classes)) for array in probabilities])
    for column, targets in enumerate(labels):
        for label in targets:
            scores[:, label] = np.log(np.maximum(stacked[:, column], 1e-9))
    transitions = np.zeros((count, count))
    if any(len(targets) > 1 for targets in labels):
        for first in range(1, count, 2):
            transitions[[first, first + 1], first] = AGAIN
    marginals = SpanMarginals.empty(words, len(types))
    crf.marginals_of_scores(scores, words.starts, transitions, words_out=marginals.words, spans_out=marginals.spans)
    return marginals


def _labels(classes: Sequence[str], types: Sequence[str]) -> list[list[int]]:
    """Return the labels that each class speaks for: both of a type where the model does not tell them apart."""
    place = {name: number for number, name in enumerate(types)}
    tagged = all(name == "O" or name[:2] in ("B-", "I-") for name in classes)
    labels: list[list[int]] = []
    for name in classes:
        if name == "O":
            labels.append([0])
        elif tagged:
            labels.append([(1 if name[0] == "B" else 2) + 2 * place[name[2:]]])
        else:
            labels.append([1 + 2 * place[name], 2 + 2 * place[name]])
    return labels


def types_of(classes: Sequence[str]) -> tuple[str, ...]:
    """Return the types that the classes of a token model speak of, sorted.

    >>> types_of(["O", "B-city", "I-city"]), types_of(["O", "city"])
    (('city',), ('city',))
    """
    tagged = all(name == "O" or name[:2] in ("B-", "I-") for name in classes)
    if "O" not in classes:
        raise InputError(
            "The classes of token_pred_probs have no O, the words outside of spans", hint="Name the column O"
        )
    return tuple(sorted({name[2:] if tagged else name for name in classes if name != "O"}))
