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

from ...models.links import expit, softmax
from ...models.logistic_regression import LogisticRegression
from .span_features import SpanFeatures
from .synthetic_errors import GHOST, RIGHT, synthetic_errors
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
    usual
        float64, shape (G,): how likely anything is marked at such a place, calibrated on the given spans as they are.
    likely
        float64, shape (M,): the same of each unmarked place.
    """

    given: Sequence[tuple[int, TokenSpan]]
    chances: np.ndarray
    unmarked: Sequence[tuple[int, TokenSpan]]
    missed: np.ndarray
    usual: np.ndarray
    likely: np.ndarray


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
    if len(given) < FEWEST:
        none = np.zeros(len(unmarked))
        return SpanQuality(given, np.tile([1.0, 0, 0, 0], (len(given), 1)), unmarked, none, np.ones(len(given)), none)
    whole = set(labeled)
    forms = [some if text in whole else [] for text, some in enumerate(features.forms)]
    drawn = synthetic_errors(forms, features.given, types=features.types, seed=seed, keys=keys, shares=features.by_type)
    errors = list(drawn)
    kinds = np.array([kind for _, _, kind in errors], dtype=np.int64)
    texts_of_given, texts_of_errors = [text for text, _ in given], np.array([text for text, _, _ in errors])
    given_rows = _feature_rows(features, given)
    error_rows = _feature_rows(features, [(text, span) for text, span, _ in errors])
    chances, _ = _mixture(
        given_rows,
        error_rows,
        kinds,
        kinds=len(KINDS),
        weight=SYNTHETIC_WEIGHT,
        trusted=np.array([text in trusted for text in texts_of_given]),
        parts=parts_of(features, [*texts_of_given, *texts_of_errors.tolist()]),
    )
    missed, likely = np.zeros(len(unmarked)), np.zeros(len(unmarked))
    unmarked_rows = _feature_rows(features, unmarked) if unmarked else np.empty((0, given_rows.shape[1]), np.float32)
    if unmarked and marked:
        missed_chances, densities = _mixture(
            unmarked_rows,
            _feature_rows(features, marked),
            np.ones(len(marked), dtype=np.int64),
            kinds=2,
            weight=1.0,
            trusted=np.array([text in trusted for text, _ in unmarked]),
            parts=parts_of(features, [text for text, _ in (*unmarked, *marked)]),
        )
        missed = missed_chances[:, 1]
        likely = expit(densities[:, 1] - densities[:, 0] + np.log(len(marked) / len(unmarked)))
    ghosts = kinds == GHOST
    usual = _usual(
        given_rows,
        np.concatenate([unmarked_rows, error_rows[ghosts]]),
        parts_of(features, [*texts_of_given, *(text for text, _ in unmarked), *texts_of_errors[ghosts].tolist()]),
    )
    return SpanQuality(given, chances, unmarked, missed, usual, likely)


def _feature_rows(features: SpanFeatures, spans: Sequence[tuple[int, TokenSpan]]) -> np.ndarray:
    return np.array([features.of(text, span) for text, span in spans], dtype=np.float32)


def parts_of(features: SpanFeatures, texts: Sequence[int]) -> np.ndarray:
    """Return the part that each row is judged in, shape (n,): rows of a text and of its copies share one."""
    return np.array([features.groups[text] % PARTS for text in texts], dtype=np.int64)


def _usual(marked: np.ndarray, unmarked: np.ndarray, parts: np.ndarray) -> np.ndarray:
    """Return how likely each of some marked rows is to be marked, learned from the other parts: float64, shape (n,)."""
    rows = np.concatenate([marked, unmarked])
    rows = (rows - rows.mean(axis=0)) / (rows.std(axis=0) + 1e-6)
    codes = np.repeat([1, 0], [len(marked), len(unmarked)])
    usual = np.ones(len(marked))
    for part in np.unique(parts).tolist():
        learned_from, here = parts != part, parts[: len(marked)] == part
        if here.any() and len(np.unique(codes[learned_from])) == 2:
            model = LogisticRegression.fit(
                rows[learned_from],
                codes[learned_from],
                classes=2,
                penalty=PENALTY + 1 / len(rows),
                max_iterations=STEPS,
            )
            usual[here] = model.predict_proba(rows[: len(marked)][here])[:, 1]
    return usual


def _mixture(
    mixed: np.ndarray,
    pure: np.ndarray,
    kinds_of_pure: np.ndarray,
    *,
    kinds: int,
    weight: float,
    trusted: np.ndarray,
    parts: np.ndarray,
) -> tuple[np.ndarray, np.ndarray]:
    """Return the probability of each kind (0 = right) for rows that are mostly right, and log densities of the kinds.

    Both float64, shape (n, kinds); the densities up to a constant a row.

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
    chances, densities = np.zeros((2, len(mixed), kinds))
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
        densities = densities[: len(mixed)]
        shares = _shares(densities)
        chances = softmax(densities + np.log(shares))
        chances[trusted] = [1.0] + [0.0] * (kinds - 1)
        right = chances[:, RIGHT].astype(np.float32)
    return chances, densities


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
