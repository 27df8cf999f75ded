"""How likely each given span is wrong, in which way, and where one is missing: learned from the data itself.

A multinomial logistic regression over the evidence tells the given spans from planted errors of three kinds (see
:mod:`labelsift.tagging.planting`), and a second one tells likely unmarked places from likely marked ones. Some of the
given spans are errors themselves; so each round weighs a given span by how likely it is right, and estimates how many
errors of each kind there are by the maximum likelihood of the mixture (Saerens, Latinne & Decaestecker 2002). This is
learning from positive and unlabeled data (Elkan & Noto 2008) with errors as the positives.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from ..linear import LinearModel, fit_linear
from .evidence import Evidence
from .planting import GHOST, RIGHT, SHIFTED, WRONG_TAG, planted
from .words import Marked

KINDS = ("right", "ghost", "wrong_tag", "shifted")
ROUNDS = 12  # chosen, as everything here, on errors that were injected with the seeds 100 to 102
PENALTY, STEPS = 1e-3, 60
PLANTED_WEIGHT = 1 / 3
FEWEST = 10  # given spans from which anything can be learned


@dataclass(frozen=True)
class Judgement:
    """What is held of G given spans and M unmarked places.

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

    given: Sequence[tuple[int, Marked]]
    chances: np.ndarray
    unmarked: Sequence[tuple[int, Marked]]
    missed: np.ndarray


def judge(evidence: Evidence, labeled: Sequence[int], *, seed: int, trusted: frozenset[int] = frozenset()) -> Judgement:
    """Judge the given spans of some texts.

    Parameters
    ----------
    labeled
        The texts that have been marked.
    trusted
        Texts that people verified: never suspects.
    """
    given = [(text, span) for text in labeled for span in evidence.given[text]]
    unmarked: list[tuple[int, Marked]] = []
    marked: list[tuple[int, Marked]] = []
    for text in labeled:
        for _, span in evidence.unmarked(text):
            overlaps = any(span[0] <= last and first <= span[1] for first, last, _ in evidence.given[text])
            (marked if overlaps else unmarked).append((text, span))
    empty = Judgement(given, np.tile([1.0, 0, 0, 0], (len(given), 1)), unmarked, np.zeros(len(unmarked)))
    if len(given) < FEWEST:
        return empty
    whole = set(labeled)
    forms = [some if text in whole else [] for text, some in enumerate(evidence.forms)]
    errors = list(planted(forms, evidence.given, types=evidence.types, seed=seed))
    chances = _mixture(
        _rows(evidence, given),
        _rows(evidence, [(text, span) for text, span, _ in errors]),
        np.array([kind for _, _, kind in errors]),
        kinds=len(KINDS),
        weight=PLANTED_WEIGHT,
        trusted=np.array([text in trusted for text, _ in given]),
    )
    missed = np.zeros(len(unmarked))
    if unmarked and marked:
        missed = _mixture(
            _rows(evidence, unmarked),
            _rows(evidence, marked),
            np.ones(len(marked), dtype=np.int64),
            kinds=2,
            weight=1.0,
            trusted=np.array([text in trusted for text, _ in unmarked]),
        )[:, 1]
    return Judgement(given, chances, unmarked, missed)


def _rows(evidence: Evidence, spans: Sequence[tuple[int, Marked]]) -> np.ndarray:
    return np.array([evidence.of(text, span) for text, span in spans], dtype=np.float32)


def _mixture(
    mixed: np.ndarray, pure: np.ndarray, kinds_of_pure: np.ndarray, *, kinds: int, weight: float, trusted: np.ndarray
) -> np.ndarray:
    """Return the probability of each kind (0 = right) for rows that are mostly right: float64, shape (n, kinds).

    Parameters
    ----------
    mixed
        Their evidence, shape (n, features).
    pure, kinds_of_pure
        Evidence of rows whose kind is known, none of them right.
    weight
        Of a pure row in learning, against 1 of a mixed one.
    """
    rows = np.concatenate([mixed, pure])
    rows = (rows - rows.mean(axis=0)) / (rows.std(axis=0) + 1e-6)
    codes = np.concatenate([np.zeros(len(mixed), dtype=np.int64), kinds_of_pure])
    right = np.ones(len(mixed), dtype=np.float32)
    chances, model = np.zeros((len(mixed), kinds)), None
    penalty = PENALTY + 1 / len(rows)
    for _ in range(ROUNDS):
        weights = np.concatenate([np.maximum(right, 1e-4), np.full(len(pure), weight, dtype=np.float32)])
        model = _fit(rows, codes, weights, kinds=kinds, penalty=penalty, start=model)
        shares = np.bincount(codes, weights, minlength=kinds)
        chances = _reweighed(model.predict_proba(rows[: len(mixed)]).astype(np.float64), shares / shares.sum())
        chances[trusted] = [1.0] + [0.0] * (kinds - 1)
        right = chances[:, RIGHT].astype(np.float32)
    return chances


def _fit(
    rows: np.ndarray, codes: np.ndarray, weights: np.ndarray, *, kinds: int, penalty: float, start: LinearModel | None
) -> LinearModel:
    return fit_linear(
        rows,
        codes,
        classes=kinds,
        penalty=penalty,
        weights=weights.astype(np.float32),
        start=start,
        max_iterations=STEPS,
    )


def _reweighed(chances: np.ndarray, shares: np.ndarray, *, steps: int = 100) -> np.ndarray:
    """Correct probabilities that were learned under other shares of the kinds than those that the rows have."""
    shares = np.maximum(shares, 1e-9)
    found, now = chances, shares
    for _ in range(steps):
        found = chances * (now / shares)
        found /= found.sum(axis=1, keepdims=True)
        now = found.mean(axis=0)
    return found


def likeliest(judgement: Judgement) -> tuple[np.ndarray, np.ndarray]:
    """Return (kind, probability) of the likeliest error of each given span: GHOST, WRONG_TAG or SHIFTED."""
    kinds = judgement.chances[:, [GHOST, WRONG_TAG, SHIFTED]].argmax(axis=1) + 1
    return kinds, judgement.chances[np.arange(len(kinds)), kinds]
