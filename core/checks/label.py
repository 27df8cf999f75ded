"""Label errors of single-label data: a two-round ensemble of out-of-fold estimators under a noise transition matrix.

The estimators are weighed by how well they explain the given labels under a model of label noise, which ranks the
labels (:mod:`labelsift.label_quality.ensemble`, :mod:`labelsift.label_quality.noise_model`). With ``pred_probs`` that
the user brought, those alone are used. How likely each label is wrong, and how many are, is a question of its own:
:mod:`labelsift.label_quality.wrong_labels`. ``label_score`` is the probability that the given label is right, in the
order of that ranking. The suggestion is the likeliest other class, and the confidence its probability.

Flagged is what is likelier wrong than right, or the ``budget`` worst. Labels that people verified are never suspects,
and count threefold in every estimator. What people said on earlier runs moves the probabilities
(:mod:`labelsift.label_quality.accept_rates`). What else is worth a look is left to :mod:`labelsift.checks.ambiguous`.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

from ..data.formatting import FEWEST_JUDGED
from ..data.schemas import Finding
from ..data.stable_draws import drawn
from ..label_quality.accept_rates import FACT, raised, shifted
from ..label_quality.calibration import calibrated, error_count, expected_precision
from ..label_quality.ensemble import EnsembleInputs, LabelQuality, quality_from_ensemble, quality_from_pred_probs
from ..label_quality.neighbor_votes import votes
from ..label_quality.pred_probs_warnings import in_sample_warning
from ..label_quality.score_labels import worst
from ..label_quality.wrong_labels import PROVEN, WRONG, WrongLabels, wrong_labels
from ..models.links import expit
from ..models.ngrams import ngram_features
from ..signals.training_dynamics import combine
from ..store.cache import digest_of_all
from .cached_estimates import cached_ngrams, cached_quality, maker_of
from .context import Context, Result
from .label_words import LabelWords
from .registry import check
from .trained_model import told_by_training

if TYPE_CHECKING:
    from scipy.sparse import csr_array

SHOWN = 10  # neighbours that a reason counts
BUDGETS = (100, 500)  # for which the expected precision is kept
APART = 0.2  # of two probabilities, from which a reader would wonder


@check(
    "label",
    group="labels",
    needs=("labels", "pred_probs"),
    after=("language", "near_duplicate"),
    settings=LabelWords,
    title="Suspicious labels",
    one="suspicious label",
    many="suspicious labels",
    meaning="Another label seems to fit better.",
    rank=10,
)
def label(context: Context) -> Result:
    """Score the given label of every row that can be judged, and flag those that are likely wrong.

    A row without a score has no suggestion either.
    """
    n = len(context)
    if context.pred_probs is None:
        raise ValueError("the label check needs pred_probs")
    judged = (context.codes >= 0) & ~context.blank
    if not context.brought_pred_probs:
        judged &= context.readable  # a model that the user brought reads what our embedder cannot
    judged &= np.isfinite(context.pred_probs.sum(axis=1))  # a row's sum is finite where all of it is
    if len(context.classes) < 2 or not judged.any():
        nothing = np.full(n, np.nan, dtype=np.float32)
        return Result(nothing, np.zeros(n, dtype=bool), [], np.full(n, -1, dtype=np.int32), nothing.copy())
    quality = _quality(context, judged)
    suspicion = calibrated(quality.wrong, error_count(quality.wrong, quality.united))
    trained = told_by_training(context, suspicion, quality.pool, judged)
    if trained is not None:
        suspicion = 1 - combine((1 - suspicion).astype(np.float32), trained).astype(np.float64)
    judged &= np.isfinite(suspicion)
    claims = wrong_labels(quality.pool, suspicion, context.codes, judged, keys=context.keys)
    claims = _learned(context, claims, quality.other)
    wrong = claims.wrong
    scored = np.isfinite(wrong)  # of what cannot be judged, no other class can be said to be better
    score = (1 - wrong).astype(np.float32)
    suggested = np.where(scored, quality.other, -1).astype(np.int32)
    share = np.divide(quality.share, quality.wrong, out=np.ones(n), where=quality.wrong > 0)  # of what is wrong
    confidence = np.where(scored, np.minimum(share, 1) * wrong, np.nan).astype(np.float32)
    seen = np.zeros(n, dtype=bool) if context.verified is None else context.verified  # a person has looked
    asked = np.where(scored & ~seen, wrong, np.nan)
    with np.errstate(invalid="ignore"):
        is_issue = asked >= WRONG if context.budget is None else worst(-asked, context.budget)
    context.label_claims, context.suspicion = claims, np.where(scored & ~seen, suspicion, np.nan)
    context.facts["label_errors"] = _estimates(context, claims, asked, is_issue)
    rows = np.flatnonzero(is_issue)
    findings = [_finding(context, row, score, suggested, confidence, trained) for row in rows.tolist()]
    return Result(score, is_issue, findings, suggested, confidence)


def _learned(context: Context, claims: WrongLabels, other: np.ndarray) -> WrongLabels:
    """Move the claims by what people said on earlier runs, and keep by how much; nothing where that is too little."""
    rates = context.accept_rates
    if rates is None or not rates.enough or not claims.learnable:
        return claims
    rows = np.flatnonzero(np.isfinite(claims.wrong))
    pairs = zip(context.codes[rows].tolist(), other[rows].tolist(), strict=True)
    shifts = rates.shifts([(context.classes[given], context.classes[code]) for given, code in pairs])
    wrong = claims.wrong.copy()
    wrong[rows] = shifted(wrong[rows], shifts)
    n = max(len(rows), 1)
    low = n * float(shifted(np.array(claims.low / n), min(rates.shift.value, 0.0))) if claims.low else 0.0
    high = n * float(raised(min(claims.high / n, 1.0), rates.shift.value))
    context.facts[FACT] = rates.plain
    context.notes.append(
        f"How likely each label is wrong follows what people said on earlier runs: of {rates.judged:,} judged labels"
        f" {rates.wrong:,} were wrong (--no-learn leaves that out)"
    )
    return replace(claims, wrong=wrong, low=int(low), high=int(np.ceil(high)))


def _quality(context: Context, judged: np.ndarray) -> LabelQuality:
    pred_probs = context.pred_probs
    assert pred_probs is not None  # noqa: S101 - the caller has looked
    if context.predictions is None or context.vectors is None or context.graph is None:
        if context.graph is not None and context.brought_pred_probs:
            _suspect_in_sample(context, pred_probs, judged & context.readable)
        digest = digest_of_all(pred_probs, context.codes, judged, context.seed, context.keys)
        return cached_quality(
            context.cache,
            maker_of(context.method, "pred_probs"),
            digest,
            lambda: quality_from_pred_probs(pred_probs, context.codes, judged, seed=context.seed, keys=context.keys),
        )
    inputs = EnsembleInputs(
        vectors=context.vectors,
        graph=context.graph,
        predictions=context.predictions,
        codes=context.codes,
        classes=len(context.classes),
        judged=judged,
        learnable=context.readable & ~context.blank,
        trusted=np.zeros(len(context), dtype=bool) if context.verified is None else context.verified,
        counts=context.weights,
        seed=context.seed,
        keys=context.keys,
    )
    digest = digest_of_all(
        context.vectors_digest,  # the graph is made of them, the features of the texts
        context.texts_digest if context.samples.has_texts else None,
        inputs.graph.rows.shape[1],
        inputs.predictions.pred_probs,
        inputs.predictions.folds,
        inputs.predictions.penalty,
        inputs.codes,
        inputs.classes,
        inputs.judged,
        inputs.learnable,
        inputs.trusted,
        inputs.counts,
        inputs.seed,
        inputs.keys,
    )
    return cached_quality(
        context.cache,
        maker_of(context.method, "ensemble"),
        digest,
        lambda: quality_from_ensemble(replace(inputs, ngrams=_ngrams(context))),
    )


def _ngrams(context: Context) -> csr_array | None:
    """Return the features of the texts, from the cache where it holds them."""
    if not context.samples.has_texts:
        return None
    texts = context.samples.texts
    return cached_ngrams(context.cache, context.texts_digest, lambda: ngram_features(texts.to_pylist()))


def _suspect_in_sample(context: Context, pred_probs: np.ndarray, judged: np.ndarray) -> None:
    """Say so where the user's probabilities look as if the model had learned the very labels that it judges."""
    rows = drawn(np.flatnonzero(judged), 20_000, keys=context.keys, seed=context.seed, purpose="in sample")
    if context.graph is None or not len(rows):
        return
    near, similar = context.graph.rows[rows], context.graph.similarities[rows]
    shares = votes(near, similar, context.codes, classes=len(context.classes))
    positions, codes = np.arange(len(rows)), context.codes[rows]
    given = shares[positions, codes]
    shares[positions, codes] = -1
    note = in_sample_warning(given, shares.max(axis=1), pred_probs[rows, codes])
    context.notes += [note] if note else []


def _estimates(context: Context, claims: WrongLabels, asked: np.ndarray, is_issue: np.ndarray) -> dict[str, Any]:
    """Return what is estimated of all labels: counts with their range, and precisions where something proves them.

    Without a floor or a tail of errors, and before people have answered, what a doubtful label is nobody knows: the
    range of the number is all that can be said.
    """
    flagged, judged = int(is_issue.sum()), int(np.isfinite(asked).sum())
    likely = int((asked >= WRONG).sum())
    evidence = max(claims.rates.floor, claims.rates.tail)
    precise = judged >= FEWEST_JUDGED and (evidence >= PROVEN or "accept_rates" in context.facts)
    return {
        "number": likely,
        "range": [min(claims.low, likely), max(min(claims.high, judged), likely)] if claims.learnable else None,
        "noise_rate": round(claims.rates.rate, 4),
        "evidence": round(evidence, 4),
        "learnable": claims.learnable,
        "unlearnable": {context.classes[code]: round(share, 4) for code, share in claims.unlearnable.items()},
        "expected_precision": expected_precision(asked[is_issue], flagged) if flagged and precise else None,
        "expected_precision_at": {
            str(budget): expected_precision(asked, budget) for budget in BUDGETS if budget <= judged and precise
        },
    }


def _finding(
    context: Context,
    row: int,
    score: np.ndarray,
    suggested: np.ndarray,
    confidence: np.ndarray,
    trained: np.ndarray | None,
) -> Finding:
    given, other = context.label(row), context.classes[suggested[row]]
    near = context.labeled_neighbors(row)[:SHOWN]
    agree = int((context.codes[near] == suggested[row]).sum())
    probability, given_probability = 0.0, None
    training = None if trained is None or np.isnan(trained[row]) else float(expit(trained[row]))
    if context.pred_probs is not None:
        probability = float(context.pred_probs[row, suggested[row]])
        given_probability = round(float(context.pred_probs[row, context.codes[row]]), 4)
    return Finding(
        id=context.ids(np.array([row]))[0],
        issue="label",
        score=float(score[row]),
        given=given,
        suggested=other,
        confidence=float(confidence[row]),
        reason=_reason(
            given,
            other,
            agree=agree,
            near=len(near),
            probability=probability,
            sure=float(confidence[row]),
            training=training,
        ),
        related_ids=context.ids(near),
        evidence={
            "model": round(probability, 4),
            "given_prob": given_probability,
            "neighbors": len(near),
            "neighbors_suggested": agree,
            "neighbors_given": int((context.codes[near] == context.codes[row]).sum()),
        }
        | ({} if training is None else {"training": round(training, 4)}),
    )


def _reason(
    given: str | None,
    other: str,
    *,
    agree: int,
    near: int,
    probability: float,
    sure: float,
    training: float | None = None,
) -> str:
    """Name the plainest evidence, and what all of it says together where that is something else.

    >>> _reason("a", "b", agree=9, near=10, probability=0.94, sure=0.9)
    'Labeled a; 9 of its 10 nearest samples and the model (0.94) say b.'
    >>> _reason("a", "b", agree=4, near=10, probability=0.55, sure=1.0)
    'Labeled a; 4 of its 10 nearest samples say b, the model gives it 0.55. All evidence together: 0.99.'
    >>> _reason("a", "b", agree=0, near=10, probability=0.9, sure=0.45)
    'Labeled a; the model (0.90) says b. All evidence together: 0.45.'
    >>> _reason("a", "b", agree=0, near=10, probability=0.9, sure=0.9, training=0.024)
    'Labeled a; the model (0.90) says b. Your training gives a 0.02 against any other.'
    """
    together = "" if training is None else f" Your training gives {given} {min(training, 0.99):.2f} against any other."
    together += f" All evidence together: {min(sure, 0.99):.2f}." if abs(sure - probability) >= APART else ""
    neighbors = f"{agree} of its {near} nearest samples"
    if not near or not agree:
        return f"Labeled {given}; the model ({probability:.2f}) says {other}.{together}"
    if 2 * agree > near and probability >= 0.5:
        return f"Labeled {given}; {neighbors} and the model ({probability:.2f}) say {other}.{together}"
    say = "says" if agree == 1 else "say"
    return f"Labeled {given}; {neighbors} {say} {other}, the model gives it {probability:.2f}.{together}"
