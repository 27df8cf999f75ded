"""Wrong spans: probability of each kind of error, their estimated number with its range, from several votes.

Each given span answers three questions, and each unmarked place one: is anything to be marked here, with these bounds,
of this type; was something missed. Three things speak on each:

- **Confident disagreement.** Calibrated out-of-fold probabilities say how common an answer is among its like. By how
  much another answer is likelier is the evidence; how much that weighs is a prior, as nothing in the data tells a rare
  right answer from an error: of all given spans :data:`USUAL` shares are taken to be wrong in each way, most likely
  those whose answers are furthest from likely, and never surer than :data:`MOST`. Where the tagger is weak, most
  disagreement is its own, so that each weighs less. Missed spans are taken to be the commoner, the more often the
  tagger's sure places are unmarked, against what its probabilities allow for.
- **A floor of wrong types.** Among spans whose type is clear others stand all the same
  (:mod:`labelsift.label_quality.confident_rows`): Bayes' rule under that noise.
- **The judge of planted errors** (:mod:`labelsift.label_quality.spans.score_spans`), which knows errors that look like
  slips.

An error is taken to be missed by all votes independently (noisy or: Pearl 1988). The number is the sum of the
probabilities; the likeliest errors, as many, are flagged. Its range goes from what floor and judge are all but sure of
to most of what the calibrated probabilities cannot foresee, as if each answer were a draw from them.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from ...models.links import expit, log_odds
from ..confident_rows import noise_rates
from ..learnability import DATASET, LEAST_RECALL, permutation_score
from ..wrong_labels import CERTAINTY, SPREAD, probabilities
from .score_spans import FEWEST, SpanQuality, parts_of, score_spans
from .span_choices import bounds_choices, type_choices
from .span_features import SpanFeatures
from .synthetic_errors import GHOST, SHIFTED, WRONG_TAG
from .tokens import TokenSpan, tags

# Chosen on made noise of two kinds (benchmarks/made_spans), as everything here.
USUAL = {GHOST: 0.01, WRONG_TAG: 0.005, SHIFTED: 0.015}  # shares of the given spans
USUALLY_MISSED = 0.1  # of the given spans, where the tagger's sure places are unmarked as often as it expects
MOST = 0.7  # probability of an error that disagreement alone can give
JUDGED_MISSED = 0.7  # of the judge's probability that a span was missed: its examples are marked ones
ALL_BUT_SURE = 0.7  # of floor or judge
CLEAR = 1 / 3  # by which another type is likelier from which on a floor of errors counts in full
SURE = 0.5  # probability of a sure place


@dataclass(frozen=True)
class WrongSpans:
    """What can be said about G given spans and M unmarked places.

    Parameters
    ----------
    given, unmarked
        (text, span) of each.
    wrong
        float64, shape (G, 3): that it is a ghost, of a wrong type, shifted; 0 where nothing can be claimed.
    missed
        float64, shape (M,): that a span was missed there.
    number, low, high
        Estimated errors, and the range of that.
    learnable
        The words tell the spans at all.
    unlearnable
        Types of which no span is called a wrong type, with the share of their spans that the model finds.
    """

    given: Sequence[tuple[int, TokenSpan]]
    wrong: np.ndarray
    unmarked: Sequence[tuple[int, TokenSpan]]
    missed: np.ndarray
    number: int = 0
    low: int = 0
    high: int = 0
    learnable: bool = False
    unlearnable: Mapping[int, float] = field(default_factory=dict)

    @property
    def likeliest(self) -> tuple[np.ndarray, np.ndarray]:
        """(kind, probability) of the likeliest error of each given span: GHOST, WRONG_TAG or SHIFTED."""
        kinds = self.wrong.argmax(axis=1)
        return kinds + 1, self.wrong[np.arange(len(kinds)), kinds]


def wrong_spans(
    features: SpanFeatures, labeled: Sequence[int], *, seed: int, trusted: frozenset[int] = frozenset()
) -> WrongSpans:
    """Estimate which spans of some texts are wrong, and where some are missing.

    Parameters
    ----------
    labeled
        The texts that have been marked.
    trusted
        Texts that people verified: never suspects.
    """
    quality = score_spans(features, labeled, seed=seed, trusted=trusted)
    given, unmarked = quality.given, quality.unmarked
    nothing = WrongSpans(given, np.zeros((len(given), 3)), unmarked, np.zeros(len(unmarked)))
    if len(given) < FEWEST or not _learnable(features, labeled):
        return nothing
    asked = np.array([text not in trusted for text, _ in given])
    asked_unmarked = np.array([text not in trusted for text, _ in unmarked], dtype=bool)
    parts = parts_of(features, [text for text, _ in given])
    votes = quality.chances[:, 1:].copy()
    wrong, unforeseen = np.zeros((len(given), 3)), 0.0
    wrong[:, GHOST - 1] = _disagreement(1 - 2 * quality.usual, USUAL[GHOST] * len(given))
    unforeseen += float((1 - quality.usual).sum())
    bounds, other_bounds = bounds_choices(features, given, parts)
    wrong[:, SHIFTED - 1] = _disagreement(other_bounds - bounds, USUAL[SHIFTED] * len(given), power=2)
    unforeseen += float((1 - bounds).sum())
    unlearnable: dict[int, float] = {}
    if features.types > 1:
        kinds = type_choices(features, given, parts).astype(np.float32)
        wrong[:, WRONG_TAG - 1], by_noise, unlearnable = _wrong_types(kinds, given)
        votes[:, WRONG_TAG - 1] = np.maximum(votes[:, WRONG_TAG - 1], by_noise)
        codes = np.array([kind for _, (_, _, kind) in given])
        unforeseen += float((1 - kinds[np.arange(len(codes)), codes]).sum())
    places = expit((log_odds(quality.likely) + log_odds(_tagged(features, unmarked))) / 2)
    usual = USUALLY_MISSED * _unmarked_among_sure(features, quality) * len(given)
    missed = _either(_disagreement(places, usual), JUDGED_MISSED * quality.missed) * asked_unmarked
    unforeseen += float(places.sum())
    wrong = _either(wrong, votes) * asked[:, None]
    number = round(float(wrong.max(axis=1).sum() + missed.sum()))
    sure = np.concatenate([votes.max(axis=1) * asked, quality.missed * asked_unmarked])
    low = float(sure[sure > ALL_BUT_SURE].sum())
    low = int(max(low - CERTAINTY * np.sqrt(low), 0))
    high = int(np.ceil(SPREAD * unforeseen))
    return WrongSpans(
        given, wrong, unmarked, missed, number, min(low, number), max(high, number), learnable=True,
        unlearnable=unlearnable,
    )  # fmt: skip


def _learnable(features: SpanFeatures, labeled: Sequence[int]) -> bool:
    """Tell whether the tagger knows what is marked better than chance, word by word."""
    codes, rows = [], []
    for text in labeled:
        start, count = int(features.words.starts[text]), len(features.forms[text])
        codes.append((tags(features.given[text], count) + 1) // 2)
        rows.append(np.arange(start, start + count))
    of_words = features.marginals.words[np.concatenate(rows)]
    pool = np.concatenate([of_words[:, :1], of_words[:, 1::2] + of_words[:, 2::2]], axis=1)
    return permutation_score(pool, np.concatenate(codes)) >= DATASET


def _disagreement(margin: np.ndarray, usual: float, *, power: int = 1) -> np.ndarray:
    """Return probabilities that rise with the margin of another answer and sum to the usual number, or to less."""
    evidence = np.clip(margin, 0, 1) ** power
    return min(usual / max(float(evidence.sum()), 1e-9), MOST) * evidence


def _either(first: np.ndarray, second: np.ndarray) -> np.ndarray:
    return 1 - (1 - first) * (1 - second)


def _wrong_types(
    pool: np.ndarray, given: Sequence[tuple[int, TokenSpan]]
) -> tuple[np.ndarray, np.ndarray, dict[int, float]]:
    """Return the probabilities of a wrong type by disagreement and by noise, and the types that are not judged.

    Noise counts the less, the less clearly another type is likelier: between two types that nothing tells apart, half of all
    clear spans are exceptions, and none is wrong for that.
    """
    codes = np.array([kind for _, (_, _, kind) in given])
    rows = np.arange(len(codes))
    sizes = np.bincount(codes, minlength=pool.shape[1])
    hits = np.bincount(codes, weights=pool.argmax(axis=1) == codes, minlength=pool.shape[1])
    recall = hits / np.maximum(sizes, 1)
    unlearnable = {int(kind): float(recall[kind]) for kind in np.flatnonzero((sizes > 0) & (recall < LEAST_RECALL))}
    if permutation_score(pool, codes) < DATASET:
        return (
            np.zeros(len(codes)),
            np.zeros(len(codes)),
            0.0,
            {int(kind): float(recall[kind]) for kind in np.flatnonzero(sizes)},
        )
    rates = noise_rates(pool, codes)
    by_noise, _ = probabilities(pool, codes, rows, rates, None)
    others = pool.copy()
    others[rows, codes] = 0
    margin = others.max(axis=1) - pool[rows, codes]
    by_noise = rates.floor * by_noise * np.clip(margin / CLEAR, 0, 1)
    wrong = _disagreement(margin, USUAL[WRONG_TAG] * len(codes))
    judged = ~np.isin(codes, list(unlearnable))
    return wrong * judged, by_noise * judged, unlearnable


def _tagged(features: SpanFeatures, places: Sequence[tuple[int, TokenSpan]]) -> np.ndarray:
    """Return the tagger's probability of a span of any type with some bounds: float64, shape (n,)."""
    return np.array([features.any_type(text, first, last) for text, (first, last, _) in places], dtype=np.float64)


def _unmarked_among_sure(features: SpanFeatures, quality: SpanQuality) -> float:
    """Return how many of the tagger's sure places are unmarked, as a share of what its probabilities expect."""
    unmarked, marked = _tagged(features, quality.unmarked), _tagged(features, quality.given)
    unmarked, marked = unmarked[unmarked > SURE], marked[marked > SURE]
    expected = float((1 - unmarked).sum() + (1 - marked).sum())
    return len(unmarked) / max(expected, 1.0)
