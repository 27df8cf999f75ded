"""Span error classifier: how likely each given span is wrong, in which way, and where one is missing.

A multinomial logistic regression over span features tells the given spans from synthetic errors of three kinds (see
:mod:`labelsift.label_quality.spans.synthetic_errors`), and a second one tells likely unmarked places from likely marked
ones. Some of the given spans are errors themselves: this is learning from positive and unlabeled data, with the errors
as the positives (Elkan & Noto 2008). So each round estimates how many errors of each kind there are (Saerens, Latinne &
Decaestecker 2002), weighs a given span by how likely it is right, and learns again.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from ...models.links import softmax
from ...models.logistic_regression import LogisticRegression
from .span_features import SpanFeatures
from .synthetic_errors import GHOST, RIGHT, SHIFTED, WRONG_TAG, synthetic_errors
from .tokens import TokenSpan

KINDS = ("right", "ghost", "wrong_tag", "shifted")
ROUNDS = 8  # chosen, as everything here, on errors that were injected with the seeds 100 to 102
PENALTY, STEPS = 2e-3, 60
SYNTHETIC_WEIGHT = 1 / 3
FIRST_SHARE = 0.05  # of a kind of error, from which its estimate starts
PARTS = 3
IMPOSSIBLE = -1e3  # log density
FEWEST = 10  # given spans from which anything can be learned


@dataclass(frozen=True)
class SpanQuality:
    """Estimated quality of G given spans, and M unmarked places.

    Parameters
    ----------
    given
        (text, span) of each given span.
    chances
        float64, shape (G, 4): that it is right, a ghost, of a wrong type, or shifted.
    unmarked
        (text, span) of each likely place that no given span overlaps.
    missed
        float64, shape (M,): that a span was missed there.
    """

    given: Sequence[tuple[int, TokenSpan]]
    chances: np.ndarray
    unmarked: Sequence[tuple[int, TokenSpan]]
    missed: np.ndarray


def score_spans(
    features: SpanFeatures,
    labeled: Sequence[int],
    *,
    seed: int,
    trusted: frozenset[int] = frozenset(),
    keys: np.ndarray | None = None,
) -> SpanQuality:
    """Judge the given spans of some texts.

    Parameters
    ----------
    labeled
        The texts that have been marked.
    trusted
        Texts that people verified: never suspects.
    keys
        uint64, shape (texts,): what synthetic errors are drawn by; by default the texts' positions.
    """
    given = [(text, span) for text in labeled for span in features.given[text]]
    unmarked: list[tuple[int, TokenSpan]] = []
    marked: list[tuple[int, TokenSpan]] = []
    for text in labeled:
        for _, span in features.unmarked(text):
            overlaps = any(span[0] <= last and first <= span[1] for first, last, _ in features.given[text])
            (marked if overlaps else unmarked).append((text, span))
    empty = SpanQuality(given, np.tile([1.0, 0, 0, 0], (len(given), 1)), unmarked, np.zeros(len(unmarked)))
    if len(given) < FEWEST:
        return empty
    whole = set(labeled)
    forms = [some if text in whole else [] for text, some in enumerate(features.forms)]
    errors = list(synthetic_errors(forms, features.given, types=features.types, seed=seed, keys=keys))
    chances = _mixture(
        _feature_rows(features, given),
        _feature_rows(features, [(text, span) for text, span, _ in errors]),
        np.array([kind for _, _, kind in errors]),
        kinds=len(KINDS),
        weight=SYNTHETIC_WEIGHT,
        trusted=np.array([text in trusted for text, _ in given]),
        parts=_parts(features, [text for text, _ in given], [text for text, _, _ in errors]),
    )
    missed = np.zeros(len(unmarked))
    if unmarked and marked:
        missed = _mixture(
            _feature_rows(features, unmarked),
            _feature_rows(features, marked),
            np.ones(len(marked), dtype=np.int64),
            kinds=2,
            weight=1.0,
            trusted=np.array([text in trusted for text, _ in unmarked]),
            parts=_parts(features, [text for text, _ in unmarked], [text for text, _ in marked]),
        )[:, 1]
    return SpanQuality(given, chances, unmarked, missed)


def _feature_rows(features: SpanFeatures, spans: Sequence[tuple[int, TokenSpan]]) -> np.ndarray:
    return np.array([features.of(text, span) for text, span in spans], dtype=np.float32)


def _parts(features: SpanFeatures, mixed: Sequence[int], pure: Sequence[int]) -> np.ndarray:
    """Return the part that each row is judged in: rows of a text and of its copies share one."""
    return np.array([features.groups[text] % PARTS for text in (*mixed, *pure)])


def _mixture(
    mixed: np.ndarray,
    pure: np.ndarray,
    kinds_of_pure: np.ndarray,
    *,
    kinds: int,
    weight: float,
    trusted: np.ndarray,
    parts: np.ndarray,
) -> np.ndarray:
    """Return the probability of each kind (0 = right) for rows that are mostly right: float64, shape (n, kinds).

    Parameters
    ----------
    mixed
        Their features, shape (n, features).
    pure, kinds_of_pure
        Features of rows whose kind is known, none of them right.
    weight
        Of a pure row in learning, against 1 of a mixed one.
    trusted
        bool, shape (n,): mixed rows that are right.
    parts
        Of all rows, the mixed ones first: each part is judged by what was learned from the others, or a few errors
        would be learned by heart as right.
    """
    rows = np.concatenate([mixed, pure])
    rows = (rows - rows.mean(axis=0)) / (rows.std(axis=0) + 1e-6)
    codes = np.concatenate([np.zeros(len(mixed), dtype=np.int64), kinds_of_pure])
    right = np.ones(len(mixed), dtype=np.float32)
    chances = np.zeros((len(mixed), kinds))
    models: dict[int, LogisticRegression] = {}
    penalty = PENALTY + 1 / len(rows)
    for _ in range(ROUNDS):
        weights = np.concatenate([np.maximum(right, 1e-4), np.full(len(pure), weight, dtype=np.float32)])
        densities = np.zeros((len(rows), kinds))
        for part in np.unique(parts).tolist():
            learned_from, here = parts != part, parts == part
            if not learned_from.any():
                learned_from = here
            models[part] = LogisticRegression.fit(
                rows[learned_from],
                codes[learned_from],
                classes=kinds,
                penalty=penalty,
                weights=weights[learned_from].astype(np.float32),
                start=models.get(part),
                max_iterations=STEPS,
            )
            learned_weight = np.bincount(codes[learned_from], weights[learned_from], minlength=kinds)
            chance = np.maximum(models[part].predict_proba(rows[here]).astype(np.float64), 1e-12)
            densities[here] = np.log(chance / np.maximum(learned_weight, 1e-9))
            densities[np.ix_(here, learned_weight == 0)] = IMPOSSIBLE  # with a single type there is no wrong one
        shares = _shares(densities[: len(mixed)])
        chances = softmax(densities[: len(mixed)] + np.log(shares))
        chances[trusted] = [1.0] + [0.0] * (kinds - 1)
        right = chances[:, RIGHT].astype(np.float32)
    return chances


def _shares(mixed: np.ndarray) -> np.ndarray:
    """Estimate the share of each kind among the mixed rows: float64, shape (kinds,).

    By expectation maximisation, as if one row of each kind of error had been seen besides: without that, a kind of
    which there are a few would be taken for none at all.

    Parameters
    ----------
    mixed
        Log densities of each kind up to a constant a row, shape (n, kinds).
    """
    kinds = mixed.shape[1]
    besides = np.full(kinds, 1 / len(mixed))
    besides[RIGHT] = 0
    shares = np.full(kinds, FIRST_SHARE)
    shares[RIGHT] = 1 - FIRST_SHARE * (kinds - 1)
    for _ in range(100):
        shares = softmax(mixed + np.log(shares)).mean(axis=0) + besides
        shares = np.maximum(shares / shares.sum(), 1e-9)
    return shares


def likeliest_errors(quality: SpanQuality) -> tuple[np.ndarray, np.ndarray]:
    """Return (kind, probability) of the likeliest error of each given span: GHOST, WRONG_TAG or SHIFTED."""
    kinds = quality.chances[:, [GHOST, WRONG_TAG, SHIFTED]].argmax(axis=1) + 1
    return kinds, quality.chances[np.arange(len(kinds)), kinds]
