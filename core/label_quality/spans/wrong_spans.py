"""Wrong spans: probability of each kind of error, their estimated number with its range, from several votes.

Each given span answers three questions, and each unmarked place one: is anything to be marked here, with these bounds,
of this type; was something missed. Three things speak on each:

- **Confident disagreement.** Calibrated out-of-fold probabilities say how common an answer is among its like. By how
  much another answer is likelier is the evidence; how much that weighs is a prior, as nothing in the data tells a rare
  right answer from an error. Of all given spans :data:`USUAL` shares are taken to be wrong in each way, or
  :data:`LEAST` of the disagreement, which counts the more, the more of the given spans the tagger is sure of: where it
  is weak, most disagreement is its own. What the judge finds already is taken off. Missed spans are taken to be the
  commoner, the more often the tagger's sure places are unmarked, against what its probabilities allow for. No error is
  surer than :data:`MOST` by this alone.
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
from ..wrong_labels import CERTAINTY, probabilities
from .score_spans import FEWEST, SpanQuality, parts_of, score_spans
from .span_choices import bounds_choices, type_choices
from .span_features import SpanFeatures
from .synthetic_errors import GHOST, SHIFTED, WRONG_TAG
from .tokens import TokenSpan, tags

# Chosen on made noise of two kinds (benchmarks/made_spans), as everything here.
USUAL = {GHOST: 0.005, WRONG_TAG: 0.005, SHIFTED: 0.01}  # shares of the given spans
LEAST = {GHOST: 0.3, WRONG_TAG: 0.0, SHIFTED: 0.9}  # shares of the disagreement, with a tagger that is always sure
USUALLY_MISSED = 0.1  # of the given spans, where the tagger's sure places are unmarked as often as it expects
LEAST_MISSED = 0.9  # share of the disagreement, likewise
MOST = 0.7  # probability of an error that disagreement alone can give
JUDGED_MISSED = 0.7  # of the judge's probability that a span was missed: its examples are marked ones
ALL_BUT_SURE = 0.7  # of floor or judge
CLEAR = 1 / 3  # by which another type is likelier from which on a floor of errors counts in full
SPREAD = 0.85  # of what the calibrated probabilities do not foresee, in the range
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
    features: SpanFeatures,
    labeled: Sequence[int],
    *,
    seed: int,
    trusted: frozenset[int] = frozenset(),
    keys: np.ndarray | None = None,
) -> WrongSpans:
    """Estimate which spans of some texts are wrong, and where some are missing.

    Parameters
    ----------
    labeled
        The texts that have been marked.
    trusted
        Texts that people verified: never suspects.
    keys
        uint64, shape (texts,): what is drawn by, see :mod:`labelsift.data.stable_draws`; by default their positions.
    """
    quality = score_spans(features, labeled, seed=seed, trusted=trusted, keys=keys)
    given, unmarked = quality.given, quality.unmarked
    nothing = WrongSpans(given, np.zeros((len(given), 3)), unmarked, np.zeros(len(unmarked)))
    if len(given) < FEWEST or not _learnable(features, labeled):
        return nothing
    asked = np.array([text not in trusted for text, _ in given])
    asked_unmarked = np.array([text not in trusted for text, _ in unmarked], dtype=bool)
    votes = quality.chances[:, 1:].copy()
    margins, by_noise, unforeseen, unlearnable = _margins(features, quality)
    votes[:, WRONG_TAG - 1] = np.maximum(votes[:, WRONG_TAG - 1], by_noise)
    votes[:, WRONG_TAG - 1] *= ~np.isin([kind for _, (_, _, kind) in given], list(unlearnable))
    tagged, tagged_unmarked = _tagged(features, given), _tagged(features, unmarked)
    sure = float((tagged > SURE).mean())
    wrong = np.zeros((len(given), 3))
    for kind, margin in margins.items():
        found = float(quality.chances[:, kind].sum())
        disagreement = _disagreement(margin, USUAL[kind] * len(given), least=LEAST[kind] * sure, found=found)
        wrong[:, kind - 1] = _either(disagreement, votes[:, kind - 1]) * asked
    places = expit((log_odds(quality.likely) + log_odds(tagged_unmarked)) / 2)
    common = _unmarked_among_sure(tagged, tagged_unmarked)
    missed = _disagreement(places, USUALLY_MISSED * common * len(given), least=LEAST_MISSED * common * sure)
    missed = _either(missed, JUDGED_MISSED * quality.missed) * asked_unmarked
    unforeseen += float(places.sum())
    number = round(float(wrong.max(axis=1).sum() + missed.sum()))
    voted = np.concatenate([votes.max(axis=1) * asked, quality.missed * asked_unmarked])
    low = float(voted[voted > ALL_BUT_SURE].sum())
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


def _margins(
    features: SpanFeatures, quality: SpanQuality
) -> tuple[dict[int, np.ndarray], np.ndarray, float, dict[int, float]]:
    """Return by how much another answer is likelier, for each question that can be asked of the given spans.

    Returns
    -------
    tuple
        Kind of error → margins of shape (G,); the probability of a wrong type by noise, shape (G,); how many answers
        the calibrated probabilities do not foresee; and the types that are not judged.
    """
    given = quality.given
    codes = np.array([kind for _, (_, _, kind) in given])
    parts = parts_of(features, [text for text, _ in given])
    bounds, other_bounds = bounds_choices(features, given, parts)
    margins = {GHOST: 1 - 2 * quality.usual, SHIFTED: other_bounds - bounds}
    unforeseen = float((1 - quality.usual).sum() + (1 - bounds).sum())
    if features.types < 2:
        return margins, np.zeros(len(codes)), unforeseen, {}
    kinds = type_choices(features, given, parts).astype(np.float32)
    unlearnable = _unlearnable(kinds, codes)
    judged = ~np.isin(codes, list(unlearnable))
    margin, by_noise = _wrong_types(kinds, codes)
    margins[WRONG_TAG] = np.where(judged, margin, 0)
    return margins, by_noise, unforeseen + float((1 - kinds[np.arange(len(codes)), codes]).sum()), unlearnable


def _disagreement(margin: np.ndarray, usual: float, *, least: float, found: float = 0.0) -> np.ndarray:
    """Return probabilities that rise with the margin of another answer, and sum to how many are likely to be wrong."""
    evidence = np.clip(margin, 0, 1)
    total = max(float(evidence.sum()), 1e-9)
    return float(np.clip((max(usual, least * total) - found) / total, 0, MOST)) * evidence


def _either(first: np.ndarray, second: np.ndarray) -> np.ndarray:
    return 1 - (1 - first) * (1 - second)


def _unlearnable(pool: np.ndarray, codes: np.ndarray) -> dict[int, float]:
    """Return the types of which the model finds next to none, all where it tells none, with the share that it finds."""
    sizes = np.bincount(codes, minlength=pool.shape[1])
    hits = np.bincount(codes, weights=pool.argmax(axis=1) == codes, minlength=pool.shape[1])
    recall = hits / np.maximum(sizes, 1)
    none = permutation_score(pool, codes) < DATASET
    return {int(kind): float(recall[kind]) for kind in np.flatnonzero((sizes > 0) & ((recall < LEAST_RECALL) | none))}


def _wrong_types(pool: np.ndarray, codes: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return by how much another type is likelier, and the probability of a wrong type by noise.

    Noise counts the less, the less clearly another type is likelier: between two types that nothing tells apart, half
    of all clear spans are exceptions, and none is wrong for that.
    """
    rows = np.arange(len(codes))
    rates = noise_rates(pool, codes)
    by_noise, _ = probabilities(pool, codes, rows, rates, None)
    others = pool.copy()
    others[rows, codes] = 0
    margin = others.max(axis=1) - pool[rows, codes]
    by_noise = rates.floor * by_noise * np.clip(margin / CLEAR, 0, 1)
    return margin, by_noise


def _tagged(features: SpanFeatures, places: Sequence[tuple[int, TokenSpan]]) -> np.ndarray:
    """Return the tagger's probability of a span of any type with some bounds: float64, shape (n,)."""
    return np.array([features.any_type(text, first, last) for text, (first, last, _) in places], dtype=np.float64)


def _unmarked_among_sure(marked: np.ndarray, unmarked: np.ndarray) -> float:
    """Return how many of the tagger's sure places are unmarked, as a share of what its probabilities expect."""
    unmarked, marked = unmarked[unmarked > SURE], marked[marked > SURE]
    expected = float((1 - unmarked).sum() + (1 - marked).sum())
    return len(unmarked) / max(expected, 1.0)
