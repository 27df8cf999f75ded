"""Accept rates: beta-shrunk shifts of the claimed log odds, learned from people's answers, by run and by confusion.

A scan claims of each label how likely it is wrong. Each answer of a person is evidence on that claim. Two shifts of the
log odds are learned, one inside the other: one for all labels, and from there one for each confusion (given →
suggested). A shift has the prior of Greenland's log-F: it counts as if a number of labels had been judged, half of them
wrong, at the shift of the level above. So few answers change little, and many decide. Confusions differ: what many
answers say of one is little about the others, which keep the spread of that prior until somebody answers on them.

:data:`LEAST` judged labels are needed before anything changes. A label that several people judged counts once. Nobody
has more than half of all weight: whoever answered more than all others is scaled down to them, and where there is no
second voice the scan's own claim gets as much weight as the one person. Nothing is kept: the same answers, in any
order, give the same shifts.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from ..models.links import expit, log_odds

FACT = "accept_rates"  # among a run's facts: the shifts that its claims were moved by
LEAST = 10  # judged labels, and answers of other people from which they are a second voice
STRENGTH = 10.0  # labels that the claim counts for, against all answers
# Chosen on replays (benchmarks/decisions): labels that the shift of all counts for, against the answers on one
# confusion; standard deviation of the tilt before anybody answered; how much of a rise holds for labels not flagged.
CONFUSION_STRENGTH, TILT, RISE = 4.0, 0.3, 0.25
FARTHEST = 12.0  # shift either way: odds of 160,000
_HALVINGS = 50

Confusion = tuple[str, str]


@dataclass(frozen=True, order=True)
class JudgedLabel:
    """What one person said of one flagged label.

    Parameters
    ----------
    sample, person
        Who said it of which sample.
    given, suggested
        The confusion.
    claimed
        The probability that the scan gave to the label being wrong, 0..1.
    wrong
        The person took the suggestion or another label.
    """

    sample: str
    person: str
    given: str
    suggested: str
    claimed: float
    wrong: bool


@dataclass(frozen=True)
class Shift:
    """How far the log odds of wrong labels are from what was claimed, with a standard error."""

    value: float = 0.0
    error: float = 0.0


@dataclass(frozen=True)
class AcceptRates:
    """What people's answers say about a scan's claims.

    Parameters
    ----------
    judged, wrong
        Labels that people judged, and those that most of them found wrong; where as many say so as not, it is neither.
    shift
        Of all labels.
    unlimited
        The same where one person may have all the weight: it differs only where somebody was held back.
    confusions
        Confusion → its shift, in place of that of all; confusions without an answer have none.
    tilt, center
        How much the shifts grow with each unit of the claimed log odds above those of the judged labels, on average. It
        moves no score; it says how far the answers on some labels hold for likelier and for less likely ones.
    """

    judged: int = 0
    wrong: int = 0
    shift: Shift = field(default_factory=Shift)
    unlimited: Shift = field(default_factory=Shift)
    confusions: Mapping[Confusion, Shift] = field(default_factory=dict)
    tilt: Shift = field(default_factory=Shift)
    center: float = 0.0

    @property
    def enough(self) -> bool:
        """Tell whether there are answers enough to change anything."""
        return self.judged >= LEAST

    @property
    def plain(self) -> dict[str, Any]:
        """The shifts as JSON can hold them, for a run's facts; :meth:`of` reads them."""
        pairs = [[*confusion, round(own.value, 6)] for confusion, own in sorted(self.confusions.items())]
        return {"judged": self.judged, "wrong": self.wrong, "shift": round(self.shift.value, 6), "confusions": pairs}

    @classmethod
    def of(cls, kept: Mapping[str, Any]) -> AcceptRates:
        """Read what a run keeps of the shifts that its claims were moved by; their errors are not kept."""
        confusions = {(given, suggested): Shift(value) for given, suggested, value in kept["confusions"]}
        return cls(kept["judged"], kept["wrong"], Shift(kept["shift"]), Shift(kept["shift"]), confusions)

    def shift_of(self, given: str | None, suggested: str | None) -> float:
        """Return the shift of one confusion: that of all where nobody answered on it."""
        return self.confusions.get((given or "", suggested or ""), self.shift).value

    def shifts(self, confusions: Sequence[Confusion]) -> np.ndarray:
        """Return the shift of each label: float64, shape (n,)."""
        return np.array([self.confusions.get(each, self.shift).value for each in confusions], dtype=np.float64)

    def expected(self, claimed: np.ndarray, confusions: Sequence[Confusion]) -> np.ndarray:
        """Return the probability of each label that people will find it wrong: float64, shape (n,).

        Where somebody was held back, the mean of that and of what it is where that person has all the weight.
        """
        free = [self._freedom(each) for each in confusions]
        limited = self.shifts(confusions) + self.tilt.value * (log_odds(claimed) - self.center)
        unlimited = limited + np.array(free) * (self.unlimited.value - self.shift.value)
        return (shifted(claimed, limited) + shifted(claimed, unlimited)) / 2

    def drawn_of_all(self, *, draws: int, seed: int = 0) -> np.ndarray:
        """Draw the shift of all labels from what is not known of it: float64, shape (draws,).

        Where somebody was held back, half of the draws are those in which that person has all the weight.
        """
        rng = np.random.default_rng([seed, 0])
        limited = self.shift.value + self.shift.error * rng.standard_normal(draws)
        unlimited = self.unlimited.value + self.unlimited.error * rng.standard_normal(draws)
        return np.where(np.arange(draws) % 2, unlimited, limited)

    def drawn(self, confusions: Sequence[Confusion], *, draws: int, seed: int = 0) -> np.ndarray:
        """Draw the shifts of confusions, beside :meth:`drawn_of_all`: shape (draws, confusions).

        One without an answer is as far from that of all as confusions are from each other.
        """
        common, rng = self.drawn_of_all(draws=draws, seed=seed), np.random.default_rng([seed, 1])
        drawn = np.empty((draws, len(confusions)))
        for position, confusion in enumerate(confusions):
            own = self.confusions.get(confusion, Shift(self.shift.value, 2 / CONFUSION_STRENGTH**0.5))
            moved = self._freedom(confusion) * (common - self.shift.value)
            drawn[:, position] = own.value + moved + own.error * rng.standard_normal(draws)
        return drawn

    def _freedom(self, confusion: Confusion) -> float:
        """Return how far a confusion follows the shift of all: as far as its own answers leave it free, 0..1."""
        own = self.confusions.get(confusion)
        return 1.0 if own is None else min(own.error**2 * CONFUSION_STRENGTH / 4, 1.0)


def accept_rates(answers: Iterable[JudgedLabel]) -> AcceptRates:
    """Learn from answers: at most one of each person on each sample."""
    ordered = sorted(answers)
    votes: dict[str, list[bool]] = defaultdict(list)
    for answer in ordered:
        votes[answer.sample].append(answer.wrong)
    settled = [2 * sum(of_sample) - len(of_sample) for of_sample in votes.values()]
    judged, wrong = sum(balance != 0 for balance in settled), sum(balance > 0 for balance in settled)
    if judged < LEAST:
        return AcceptRates(judged, wrong)
    odds = log_odds(np.array([answer.claimed for answer in ordered]))
    verdicts = np.array([answer.wrong for answer in ordered], dtype=np.float64)
    plain = np.array([1 / len(votes[answer.sample]) for answer in ordered])
    weights, claim = _limited(ordered, plain)
    rows: dict[Confusion, list[int]] = defaultdict(list)
    for row, answer in enumerate(ordered):
        rows[answer.given, answer.suggested].append(row)
    limited, free = (_counted(rows.values(), each) for each in (weights, plain))
    claim = max(claim * limited.sum() / weights.sum(), STRENGTH)
    common, unlimited = (
        _shift(odds, verdicts, limited, strength=claim),
        _shift(odds, verdicts, free, strength=STRENGTH),
    )
    confusions = {
        confusion: _shift(odds[own], verdicts[own], weights[own], strength=CONFUSION_STRENGTH, center=common.value)
        for confusion, own in rows.items()
    }
    center = float(plain @ odds / plain.sum())
    # Within confusions: those that are asked of first differ from others, whatever is claimed.
    moved = np.array([confusions[answer.given, answer.suggested].value for answer in ordered])
    tilt = _tilt(odds + moved, verdicts, plain, odds - center)
    return AcceptRates(judged, wrong, common, unlimited, confusions, tilt, center)


def shifted(probability: np.ndarray, shift: np.ndarray | float) -> np.ndarray:
    """Return probabilities with their log odds moved; a shift of 0 leaves them as they are, NaN stays NaN.

    >>> shifted(np.array([0.2, 0.5]), np.log(4)).round(6).tolist()
    [0.5, 0.8]
    """
    return np.where(np.equal(shift, 0), probability, expit(log_odds(probability) + shift))


def raised(ceiling: float, shift: np.ndarray | float) -> np.ndarray:
    """Move the most that may be wrong among labels that nobody flagged: down by the whole shift, up by a part of it.

    What people say of flagged labels holds less for others.
    """
    moved = np.minimum(shift, 0) + RISE * np.maximum(shift, 0)
    return expit(log_odds(np.array(ceiling)) + moved)


def _counted(groups: Iterable[Sequence[int]], weights: np.ndarray) -> np.ndarray:
    """Return the weights of answers such that no group has more than the strength together."""
    counted = np.empty(len(weights))
    for own in groups:
        counted[own] = weights[own] * CONFUSION_STRENGTH / (CONFUSION_STRENGTH + weights[own].sum())
    return counted


def _limited(answers: Sequence[JudgedLabel], weights: np.ndarray) -> tuple[np.ndarray, float]:
    """Return the weights of answers, and that of the claim, such that nobody has more than half of all."""
    by_person: Counter[str] = Counter()
    for answer, weight in zip(answers, weights.tolist(), strict=True):
        by_person[answer.person] += weight  # type: ignore[assignment]
    (person, most), *_ = by_person.most_common(1)
    others = float(weights.sum() - most)
    if most <= others + STRENGTH:
        return weights, STRENGTH
    if others < LEAST:
        return weights, float(most - others)
    own = np.array([answer.person == person for answer in answers])
    return np.where(own, weights * (others + STRENGTH) / most, weights), STRENGTH


def _shift(
    odds: np.ndarray, verdicts: np.ndarray, weights: np.ndarray, *, strength: float, center: float = 0.0
) -> Shift:
    """Find the likeliest shift under a log-F prior, by halving: the slope of its likelihood only falls."""
    low, high = -FARTHEST, FARTHEST
    for _ in range(_HALVINGS):
        middle = (low + high) / 2
        slope = float(weights @ (verdicts - expit(odds + middle))) + strength * (0.5 - float(expit(middle - center)))
        low, high = (middle, high) if slope > 0 else (low, middle)
    value = (low + high) / 2
    share, prior = expit(odds + value), float(expit(value - center))
    information = float(weights @ (share * (1 - share))) + strength * prior * (1 - prior)
    return Shift(value, float(1 / np.sqrt(max(information, 1e-9))))


def _tilt(odds: np.ndarray, verdicts: np.ndarray, weights: np.ndarray, distance: np.ndarray) -> Shift:
    """Find the likeliest tilt under a normal prior, by halving."""
    low, high = -3.0, 3.0
    for _ in range(_HALVINGS):
        middle = (low + high) / 2
        slope = float((weights * distance) @ (verdicts - expit(odds + middle * distance))) - middle / TILT**2
        low, high = (middle, high) if slope > 0 else (low, middle)
    value = (low + high) / 2
    share = expit(odds + value * distance)
    return Shift(value, float(1 / np.sqrt((weights * distance**2) @ (share * (1 - share)) + 1 / TILT**2)))
