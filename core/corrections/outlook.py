"""Outlook of a review: how many of the judged labels were wrong, how many wrong ones are left, and when to stop.

The share so far has Clopper and Pearson's interval. What is left has two parts. For flagged labels that nobody judged,
the claims are moved by the learned accept rates (:mod:`labelsift.label_quality.accept_rates`). For labels that were
never flagged there are two sources: random probes where people judged some (the beta-binomial of
:mod:`labelsift.corrections.probe_estimates`), and else the scan's own range, whose upper end the answers move. The
range is the 2.5 % and 97.5 % quantiles of draws of the sum.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from ..label_quality.accept_rates import LEAST, AcceptRates, Confusion, raised
from ..models.links import expit, log_odds
from .probe_estimates import Stratum, unjudged_errors

LEVEL = 0.2  # share of wrong labels among the next ones below which it is time to stop
NEXT = 50  # questions that come next
DRAWS = 2_000
_BINS = 64


@dataclass(frozen=True)
class OpenLabels:
    """Labels of a run that nobody judged.

    Parameters
    ----------
    flagged, elsewhere
        Probability of each flagged and of each other label that it is wrong, as the scan claims: float64, shapes (n,),
        (m,).
    confusions
        Of each flagged label.
    most
        The most wrong labels that the scan leaves possible among those that it did not flag.
    probed
        The labels that were not flagged, and what people said of random ones; None without probes.
    """

    flagged: np.ndarray
    confusions: Sequence[Confusion]
    elsewhere: np.ndarray
    most: float
    probed: Stratum | None = None


@dataclass(frozen=True)
class Outlook:
    """What can be said of one run's review; all but the counts is None before :data:`LEAST` labels are judged.

    Parameters
    ----------
    judged, wrong
        Flagged labels that people judged, and those that they found wrong.
    share
        Interval of the share of wrong ones, 95 %.
    left, left_range
        Wrong labels that nobody judged, with 95 %.
    open
        Questions that were asked and are open.
    next_share
        Which share of the next :data:`NEXT` open questions finds a wrong label.
    worth
        Open questions that find one with a probability of ``level`` or more.
    level
        Below which it is time to stop.
    minutes
        That the questions worth asking take, as long as those before took; None where nobody measured.
    """

    judged: int
    wrong: int
    open: int
    level: float = LEVEL
    share: tuple[float, float] | None = None
    left: int | None = None
    left_range: tuple[int, int] | None = None
    next_share: float | None = None
    worth: int | None = None
    minutes: float | None = None

    def as_dict(self) -> dict[str, Any]:
        """Return the figures for ``--json``, with the sentence."""
        return asdict(self) | {"says": str(self)}

    def __str__(self) -> str:
        if self.share is None or self.left is None or self.left_range is None:
            labels = {0: "No label is", 1: "1 label is"}.get(self.judged, f"{self.judged:,} labels are")
            return f"{labels} judged: nothing can be said yet, it takes {LEAST}"
        low, high = (round(100 * end) for end in self.share)
        least, most = self.left_range
        parts = [
            f"{self.wrong:,} of {self.judged:,} were wrong ({low}–{high} %)",
            f"about {self.left:,} ({least:,}–{most:,}) are left",
        ]
        if self.minutes is not None and self.worth:
            parts.append(f"{_duration(self.minutes)} at this pace")
        return "; ".join(parts) + f". {self._advice()}"

    def _advice(self) -> str:
        if not self.open or self.next_share is None or self.worth is None:
            return "No question is open."
        level = f"{self.level:.0%}".replace("%", " %")
        coming = min(NEXT, self.open)
        share = f"of the next {coming:,} about {self.next_share:.0%}".replace("%", " %") + " are wrong"
        if self.next_share < self.level:
            return f"It is time to stop: {share}, fewer than {level}."
        if self.worth >= self.open:
            return f"Go on: {share}."
        return f"Go on: {share}; after about {self.worth:,} more it is fewer than {level}, and time to stop."


def outlook(
    rates: AcceptRates,
    labels: OpenLabels,
    questions: np.ndarray,
    *,
    level: float = LEVEL,
    seconds: float | None = None,
) -> Outlook:
    """Say what the answers on a run mean for the rest of it.

    Parameters
    ----------
    questions
        Probability of each open question, in the order of the queue, that its label is wrong, as learned: shape (k,).
    seconds
        That an answer takes; None where nobody measured.
    """
    if not rates.enough:
        return Outlook(rates.judged, rates.wrong, len(questions), level)
    left, low, high = labels_left(rates, labels)
    worth = int((questions >= level).sum())
    return Outlook(
        judged=rates.judged,
        wrong=rates.wrong,
        open=len(questions),
        level=level,
        share=interval(rates.wrong, rates.judged),
        left=left,
        left_range=(low, high),
        next_share=float(questions[:NEXT].mean()) if len(questions) else None,
        worth=worth,
        minutes=None if seconds is None else round(worth * seconds / 60, 1),
    )


def interval(count: int, of: int) -> tuple[float, float]:
    """Return Clopper and Pearson's 95 % interval of a share.

    >>> [round(end, 3) for end in interval(38, 50)]
    [0.618, 0.869]
    """
    from scipy.special import betaincinv  # type: ignore[import-untyped]

    low = float(betaincinv(count, of - count + 1, 0.025)) if count else 0.0
    return low, float(betaincinv(count + 1, of - count, 0.975)) if count < of else 1.0


def labels_left(rates: AcceptRates, labels: OpenLabels, *, seed: int = 0) -> tuple[int, int, int]:
    """Return about how many wrong labels nobody judged, with the 2.5 % and the 97.5 % quantile."""
    rng = np.random.default_rng(seed)
    groups = sorted(set(labels.confusions))
    drawn = rates.drawn(groups, draws=DRAWS, seed=seed)
    common = rates.drawn_of_all(draws=DRAWS, seed=seed)
    tilt = rates.tilt.value + rates.tilt.error * rng.standard_normal(DRAWS)[:, None]
    flagged, spread = np.zeros(DRAWS), np.zeros(DRAWS)
    place = {confusion: position for position, confusion in enumerate(groups)}
    own = np.array([place[confusion] for confusion in labels.confusions], dtype=np.int64)
    for position in range(len(groups)):
        odds, counts = _binned(labels.flagged[own == position])
        share = expit(odds + drawn[:, [position]] + tilt * (odds - rates.center))
        flagged += share @ counts
        spread += (share * (1 - share)) @ counts
    flagged = np.clip(flagged + np.sqrt(spread) * rng.standard_normal(DRAWS), 0, len(own))
    total = flagged + _elsewhere(labels, common, rng)
    # Without probes nobody knows that there is any wrong label elsewhere, and without a wrong one that there is any.
    low = np.quantile(total if _probed(labels) else flagged, 0.025)
    low = low if rates.wrong or (labels.probed is not None and labels.probed.errors) else 0.0
    return round(float(total.mean())), int(np.floor(low)), int(np.ceil(np.quantile(total, 0.975)))


def _probed(labels: OpenLabels) -> bool:
    return labels.probed is not None and labels.probed.judged >= LEAST


def _elsewhere(labels: OpenLabels, shift: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Draw the number of wrong labels among those that were not flagged."""
    size = len(labels.elsewhere)
    if not size:
        return np.zeros(len(shift))
    ceiling = max(labels.most, float(labels.elsewhere.sum())) / size
    most = size * raised(ceiling, shift)
    if labels.probed is None or not _probed(labels):
        return most * rng.random(len(shift))
    drawn = unjudged_errors(labels.probed, rng, len(shift)).astype(np.float64)
    possible = drawn <= most
    # The scan's range narrows what the probes leave open, unless the two contradict each other.
    return rng.choice(drawn[possible], len(drawn)) if possible.mean() >= LEVEL else drawn


def _binned(claimed: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return log odds of at most so many groups of labels, and the size of each."""
    odds = np.sort(log_odds(claimed))
    parts = np.array_split(odds, min(_BINS, len(odds)))
    return np.array([part.mean() for part in parts]), np.array([len(part) for part in parts], dtype=np.float64)


def open_labels(
    claims: pa.Table, facts: Mapping[str, Any], *, judged: Collection[str], probed: Stratum | None = None
) -> OpenLabels:
    """Return the labels of a run that nobody judged; see :func:`labelsift.store.run_reader.read_label_claims`."""
    probability = 1 - claims["label_score"].to_numpy().astype(np.float64)
    flagged = np.zeros(len(claims), dtype=bool)
    for name in ("is_label_issue", "is_ambiguous_issue"):
        if name in claims.column_names:
            flagged |= claims[name].to_numpy(zero_copy_only=False).astype(bool)
    still = np.array([id not in judged for id in claims["id"].to_pylist()], dtype=bool)
    asked = flagged & still
    chosen = claims.filter(pa.array(asked))
    pairs = zip(chosen["label"].to_pylist(), chosen["suggested_label"].to_pylist(), strict=True)
    highest = (facts.get("range") or (0, len(claims)))[1]
    return OpenLabels(
        flagged=probability[asked],
        confusions=[(given or "", suggested or "") for given, suggested in pairs],
        elsewhere=probability[~flagged & still],
        most=max(highest - float(probability[flagged].sum()), 0.0),
        probed=probed,
    )


def asked_next(rates: AcceptRates, claims: pa.Table, *, asked: Collection[str]) -> np.ndarray:
    """Return how likely each open question finds a wrong label, in the order of the queue: float64, shape (k,)."""
    rows = claims.filter(pc.is_in(claims["id"], value_set=pa.array(sorted(asked), pa.string())))
    pairs = zip(rows["label"].to_pylist(), rows["suggested_label"].to_pylist(), strict=True)
    confusions = [(given or "", suggested or "") for given, suggested in pairs]
    expected = rates.expected(1 - rows["label_score"].to_numpy().astype(np.float64), confusions)
    called = rows["is_label_issue"].to_numpy(zero_copy_only=False).astype(bool)
    return expected[np.lexsort((-expected, ~called))]


def _duration(minutes: float) -> str:
    if minutes < 1.5:
        return "1 more minute"
    return f"{round(minutes):,} more minutes" if minutes < 120 else f"{minutes / 60:.1f} more hours"
