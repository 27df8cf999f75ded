"""Made labels: texts and vectors whose true classes are known, and labels with errors of many kinds.

Texts are words drawn from the list of their class, of a partner class that is like it, or of no class; vectors are
normal clusters that stand in pairs. Both know the true probability of each class, so that errors can be put where a
person would make them. The seeds 300 to 309 are for choosing settings, 310 to 319 for reports.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import numpy as np

TOPICS = """
bank loan mortgage interest credit deposit branch account cheque savings
flight airport luggage pilot runway gate boarding seat cabin departure
recipe oven butter flour pepper kitchen sauce garlic bake dessert
football goal referee striker league stadium coach penalty match trophy
doctor nurse surgery patient fever clinic vaccine symptom dose hospital
guitar concert album singer drummer melody chorus band lyrics studio
election senator ballot parliament minister campaign vote coalition policy mayor
planet telescope orbit comet galaxy astronaut rocket lunar satellite gravity
garden tulip soil compost shovel seedling hedge pruning lawn greenhouse
laptop keyboard software browser password server download monitor printer update
car engine brake tyre gearbox steering petrol mechanic clutch bumper
school teacher homework pupil exam classroom lesson grade textbook tuition
court judge lawyer verdict witness appeal trial jury evidence sentence
rain thunder forecast snow breeze humidity storm drought cloud temperature
film actor director scene cinema screenplay premiere sequel comedy audition
dog puppy leash kennel collar bark vet breed paw fetch
train platform conductor carriage ticket timetable railway station delay commuter
shirt trousers jacket zipper sleeve fabric cotton tailor button hem
house tenant landlord rent lease balcony basement renovation plumber roof
fish boat harbour net anchor sailor tide lobster captain dock
coffee espresso latte barista roast mug beans cappuccino filter cream
insurance premium claim liability coverage damage broker accident deductible insurer
parcel courier shipping address warehouse tracking delivery customs postage pickup
painting gallery sculpture canvas brush portrait exhibition curator museum sketch
chess bishop knight pawn checkmate opening tournament opponent board rook
farm tractor harvest barley cattle barn milk orchard fence plough
phone battery charger screen signal roaming contract handset message call
wine vineyard grape bottle cork cellar tasting vintage barrel sommelier
mountain summit glacier hiking trail ridge climber tent valley peak
wedding bride groom bouquet vows ceremony ring guest banquet toast
"""
ASPECTS = """
lost missing gone vanished stolen
broken cracked faulty torn shattered
expensive pricey costly overpriced dear
cancel stop terminate withdraw quit
slow late sluggish waiting overdue
change modify switch amend adjust
refund return repay reimburse money
explain meaning question understand clarify
praise great lovely wonderful excellent
dirty filthy smelly stained grubby
"""
COMMON = (
    "the a my this that is was we they it please today about with for and but so very really when where how just still "
    "again need want have got over under more some other after before"
).split()
OBJECTS = 15  # topics that are crossed with the aspects where there are more classes than topics
SPREAD, DIMENSIONS = 0.12, 32
HUMAN = "human-like"


class Drawn(NamedTuple):
    """Samples: texts or vectors, true classes, P(class | sample) of shape (n, classes), and what a weak model sees."""

    texts: list[str] | None
    vectors: np.ndarray | None
    truth: np.ndarray
    posterior: np.ndarray
    seen: np.ndarray


@dataclass(frozen=True)
class Condition:
    """One kind of data with one kind of errors."""

    name: str
    kind: str
    draw: Callable[..., Drawn]
    rows: int
    classes: int
    errors: Callable[[np.random.Generator, Drawn, int], np.ndarray]
    settings: Mapping[str, Any] = field(default_factory=dict)

    def make(self, seed: int) -> tuple[Drawn, np.ndarray]:
        """Return the samples and their given classes."""
        rng = np.random.default_rng([seed, *self.name.encode()])
        drawn = self.draw(rng, self.rows, self.classes, **self.settings)
        return drawn, self.errors(rng, drawn, self.classes)


def topics(
    rng: np.random.Generator,
    rows: int,
    classes: int,
    *,
    purity: float = 0.4,
    leak: float = 0.06,
    words: tuple[int, int] = (7, 20),
    shares: np.ndarray | None = None,
) -> Drawn:
    """Draw texts; ``purity`` and ``leak`` are the shares of words of the own and of the partner class."""
    lists = [line.split() for line in TOPICS.strip().split("\n")]
    aspects = [line.split() for line in ASPECTS.strip().split("\n")]
    if classes <= len(lists):
        own = [lists[topic] for topic in rng.permutation(len(lists))[:classes]]
    else:
        pairs = [lists[topic] + 2 * aspect for topic in range(OBJECTS) for aspect in aspects]
        own = [pairs[pair] for pair in rng.permutation(len(pairs))[:classes]]
    vocabulary = sorted({word for each in own for word in each} | set(COMMON))
    place = {word: number for number, word in enumerate(vocabulary)}
    chances = np.zeros((classes, len(vocabulary)))
    for code, each in enumerate(own):
        np.add.at(chances[code], [place[word] for word in each], 1 / len(each))
    common = np.zeros(len(vocabulary))
    common[[place[word] for word in COMMON]] = 1 / len(COMMON)
    mixed = purity * chances + leak * chances[partner(np.arange(classes), classes)] + (1 - purity - leak) * common
    shares = np.full(classes, 1 / classes) if shares is None else shares
    truth = rng.choice(classes, rows, p=shares)
    texts, counts = [], np.zeros((rows, len(vocabulary)), dtype=np.float32)
    for row, code in enumerate(truth.tolist()):
        drawn = rng.choice(len(vocabulary), rng.integers(*words), p=mixed[code])
        np.add.at(counts[row], drawn, 1)
        texts.append(" ".join(vocabulary[word] for word in drawn) + f" {rng.integers(100, 9_999)}")
    return Drawn(texts, None, truth, softmax(counts @ np.log(mixed + 1e-12).T + np.log(shares)), counts)


def clusters(
    rng: np.random.Generator, rows: int, classes: int, *, half_gap: float = 2.0, shares: np.ndarray | None = None
) -> Drawn:
    """Draw vectors of unit length; the classes of a pair lie ``2 × half_gap`` standard deviations apart."""
    centers = rng.normal(size=(classes, DIMENSIONS))
    centers /= np.linalg.norm(centers, axis=1, keepdims=True)
    ways = rng.normal(size=(classes // 2, DIMENSIONS))
    ways /= np.linalg.norm(ways, axis=1, keepdims=True)
    paired = 2 * (classes // 2)
    centers[1:paired:2] = centers[0:paired:2] + 2 * half_gap * SPREAD * ways
    shares = np.full(classes, 1 / classes) if shares is None else shares
    truth = rng.choice(classes, rows, p=shares)
    places = centers[truth] + SPREAD * rng.normal(size=(rows, DIMENSIONS))
    distances = np.square(places[:, None] - centers[None]).sum(axis=2)
    posterior = softmax(-distances / (2 * SPREAD**2) + np.log(shares))
    vectors = (places / np.linalg.norm(places, axis=1, keepdims=True)).astype(np.float32)
    return Drawn(None, vectors, truth, posterior, vectors)


def softmax(logits: np.ndarray) -> np.ndarray:
    """Return probabilities: rows sum to one."""
    exponentials = np.exp(logits - logits.max(axis=1, keepdims=True))
    return exponentials / exponentials.sum(axis=1, keepdims=True)


def partner(codes: np.ndarray, classes: int) -> np.ndarray:
    """Return the class that is like each class."""
    other = codes ^ 1
    return np.where(other < classes, other, 0)


Errors = Callable[[np.random.Generator, Drawn, int], np.ndarray]


def none() -> Errors:
    """Make no error."""
    return lambda rng, drawn, classes: drawn.truth.copy()


def shuffled() -> Errors:
    """Give each sample the label of another one."""
    return lambda rng, drawn, classes: rng.permutation(drawn.truth)


def uniform(rate: float) -> Errors:
    """Replace labels by any other class."""

    def errors(rng: np.random.Generator, drawn: Drawn, classes: int) -> np.ndarray:
        n = len(drawn.truth)
        return np.where(rng.random(n) < rate, (drawn.truth + rng.integers(1, classes, n)) % classes, drawn.truth)

    return errors


def near(rate: float) -> Errors:
    """Replace labels by the class that is like theirs."""

    def errors(rng: np.random.Generator, drawn: Drawn, classes: int) -> np.ndarray:
        return np.where(rng.random(len(drawn.truth)) < rate, partner(drawn.truth, classes), drawn.truth)

    return errors


def hard(rate: float) -> Errors:
    """Replace labels the likelier, the likelier another class is: that one is given."""

    def errors(rng: np.random.Generator, drawn: Drawn, classes: int) -> np.ndarray:
        rows = np.arange(len(drawn.truth))
        others = np.sqrt(drawn.posterior)
        others[rows, drawn.truth] = 0
        total = others.sum(axis=1)
        chance = total / (total + 1)
        factor = _solved(lambda factor: np.minimum(factor * chance, 0.9).mean(), rate)
        wrong = (rng.random(len(rows)) < np.minimum(factor * chance, 0.9)) & (total > 0)
        given = drawn.truth.copy()
        for row in np.flatnonzero(wrong):
            given[row] = rng.choice(classes, p=others[row] / total[row])
        return given

    return errors


def annotated(rate: float, people: int = 3) -> Errors:
    """Take the majority of people, who share some of their misreadings and have others of their own."""

    def errors(rng: np.random.Generator, drawn: Drawn, classes: int) -> np.ndarray:
        shape = drawn.posterior.shape
        rows, likely = np.arange(shape[0]), np.maximum(np.log(drawn.posterior + 1e-12), -12)
        shared, tie = rng.normal(size=shape), rng.random(shape)
        own = [rng.gumbel(size=shape) for _ in range(people)]

        def majority(blur: float) -> np.ndarray:
            votes = 1e-3 * tie
            for misread in own:
                votes[rows, (likely + blur * (shared + 0.6 * misread)).argmax(axis=1)] += 1
            return votes.argmax(axis=1)

        return majority(_solved(lambda blur: (majority(blur) != drawn.truth).mean(), rate))

    return errors


def weak_model(rate: float) -> Errors:
    """Take over errors of a model that has seen few rows."""

    def errors(rng: np.random.Generator, drawn: Drawn, classes: int) -> np.ndarray:
        seen, truth = drawn.seen - drawn.seen.mean(axis=0), drawn.truth
        few = rng.choice(len(truth), min(max(4 * classes, 30), len(truth)), replace=False)
        centers = np.zeros((classes, seen.shape[1]))
        for code in np.unique(truth[few]):
            centers[code] = seen[few][truth[few] == code].mean(axis=0)
        centers /= np.linalg.norm(centers, axis=1, keepdims=True) + 1e-9
        scores = seen @ centers.T
        predicted = scores.argmax(axis=1)
        lead = scores.max(axis=1) - scores[np.arange(len(truth)), truth]
        mistaken = np.flatnonzero(predicted != truth)
        surest = mistaken[np.argsort(-lead[mistaken])][: int(1.3 * rate * len(truth))]
        taken = rng.permutation(surest)[: int(rate * len(truth))]
        given = truth.copy()
        given[taken] = predicted[taken]
        return given

    return errors


def swapped(share: float) -> Errors:
    """Exchange the labels of a share of two classes, as somebody does who mixes them up."""

    def errors(rng: np.random.Generator, drawn: Drawn, classes: int) -> np.ndarray:
        given, mixed_up = drawn.truth.copy(), rng.random(len(drawn.truth)) < share
        for code, other in ((0, 1), (1, 0)):
            given[mixed_up & (drawn.truth == code)] = other
        return given

    return errors


def dumped(share: float) -> Errors:
    """Give the first class to so many others that this share of its rows is wrong."""

    def errors(rng: np.random.Generator, drawn: Drawn, classes: int) -> np.ndarray:
        given, others = drawn.truth.copy(), np.flatnonzero(drawn.truth != 0)
        number = int((drawn.truth == 0).sum() * share / (1 - share))
        given[rng.permutation(others)[:number]] = 0
        return given

    return errors


def within(pairs: int, errors: Errors) -> Errors:
    """Make errors in the first pairs of classes alone, as where a guideline is misread; the others are right."""

    def some(rng: np.random.Generator, drawn: Drawn, classes: int) -> np.ndarray:
        return np.where(drawn.truth < 2 * pairs, errors(rng, drawn, classes), drawn.truth)

    return some


def _solved(rate_of: Callable[[float], float], rate: float) -> float:
    """Find where a rising function reaches the rate, by bisection of the logarithm."""
    low, high = 1e-6, 1e6
    for _ in range(60):
        middle = float(np.sqrt(low * high))
        low, high = (middle, high) if rate_of(middle) < rate else (low, middle)
    return low


def _last(classes: int, share: float) -> np.ndarray:
    return np.append(np.full(classes - 1, (1 - share) / (classes - 1)), share)


def _falling(classes: int, factor: float = 0.72) -> np.ndarray:
    return factor ** np.arange(classes) / (factor ** np.arange(classes)).sum()


VAGUE = {"purity": 0.25, "leak": 0.1, "words": (6, 16)}
FAINT = {"purity": 0.12, "leak": 0.06, "words": (6, 16)}
CLEAN = "without errors"
CONDITIONS = (
    Condition("8 topics", CLEAN, topics, 1_500, 8, none()),
    Condition("6 vague topics", CLEAN, topics, 1_500, 6, none(), VAGUE),
    Condition("150 classes of texts", CLEAN, topics, 6_000, 150, none(), {"purity": 0.6, "leak": 0.0}),
    Condition("120 texts", CLEAN, topics, 120, 4, none()),
    Condition("2 faint topics", CLEAN, topics, 1_000, 2, none(), FAINT),
    Condition("clusters apart", CLEAN, clusters, 3_000, 8, none(), {"half_gap": 3.2}),
    Condition("clusters, 2 % overlap", CLEAN, clusters, 3_000, 8, none()),
    Condition("clusters, 7 % overlap", CLEAN, clusters, 3_000, 8, none(), {"half_gap": 1.5}),
    Condition("clusters, 16 % overlap", CLEAN, clusters, 1_000, 4, none(), {"half_gap": 1.0}),
    Condition("60 vectors", CLEAN, clusters, 60, 2, none(), {"half_gap": 2.5}),
    Condition("faint topics, 8 % rare", "rare", topics, 1_500, 2, none(), FAINT | {"shares": _last(2, 0.08)}),
    Condition("topics, one of 1 %", "rare", topics, 3_000, 6, uniform(0.05), {"shares": _last(6, 0.01)}),
    Condition("unbalanced clusters", "rare", clusters, 2_000, 8, uniform(0.05), {"shares": _falling(8)}),
    Condition("unbalanced, no errors", "rare", clusters, 2_000, 8, none(), {"half_gap": 1.6, "shares": _falling(8)}),
    Condition("unbalanced topics", "rare", topics, 2_000, 10, near(0.1), {"shares": _falling(10)}),
    Condition("3 topics shuffled", "random", topics, 600, 3, shuffled()),
    Condition("5 topics, 90 rows shuffled", "random", topics, 90, 5, shuffled()),
    Condition("8 clusters shuffled", "random", clusters, 2_000, 8, shuffled()),
    Condition("2 clusters shuffled", "random", clusters, 300, 2, shuffled()),
    Condition(
        "unbalanced, shuffled", "random", topics, 1_000, 4, shuffled(), {"shares": np.array([0.7, 0.2, 0.05, 0.05])}
    ),
    Condition("topics, two swapped", "swapped", topics, 1_500, 8, swapped(0.35)),
    Condition("clusters, two swapped", "swapped", clusters, 2_000, 8, swapped(0.3), {"half_gap": 3.0}),
    Condition("a class as a dump", "swapped", topics, 1_500, 8, dumped(0.6)),
    Condition("topics, 1 % uniform", "plain", topics, 3_000, 10, uniform(0.01)),
    Condition("topics, 3 % uniform", "plain", topics, 1_500, 10, uniform(0.03)),
    Condition("2 vague topics, 5 % uniform", "plain", topics, 800, 2, uniform(0.05), VAGUE),
    Condition("20 topics, 10 % uniform", "plain", topics, 1_500, 20, uniform(0.1)),
    Condition("topics, 20 % uniform", "plain", topics, 2_000, 6, uniform(0.2)),
    Condition("200 texts, 10 % uniform", "plain", topics, 200, 4, uniform(0.1)),
    Condition("150 classes, 5 % uniform", "plain", topics, 6_000, 150, uniform(0.05), {"purity": 0.6, "leak": 0.0}),
    Condition("topics, 3 % near", "plain", topics, 2_000, 12, near(0.03)),
    Condition("topics, 10 % near", "plain", topics, 2_000, 12, near(0.1)),
    Condition("topics, 20 % near", "plain", topics, 1_500, 8, near(0.2)),
    Condition("clusters, 5 % uniform", "plain", clusters, 3_000, 8, uniform(0.05)),
    Condition("7 % overlap, 5 % uniform", "plain", clusters, 3_000, 8, uniform(0.05), {"half_gap": 1.5}),
    Condition("clusters, 5 % near", "plain", clusters, 3_000, 8, near(0.05)),
    Condition("7 % overlap, 5 % near", "plain", clusters, 3_000, 8, near(0.05), {"half_gap": 1.5}),
    Condition("clusters, 20 % uniform", "plain", clusters, 1_000, 5, uniform(0.2), {"half_gap": 2.5}),
    Condition("10,000 vectors, 10 % uniform", "plain", clusters, 10_000, 30, uniform(0.1), {"half_gap": 2.2}),
    Condition("60 vectors, 5 % uniform", "plain", clusters, 60, 3, uniform(0.05), {"half_gap": 3.0}),
    Condition("topics, 5 % hard", HUMAN, topics, 1_500, 8, hard(0.05)),
    Condition("topics, 15 % hard", HUMAN, topics, 2_000, 6, hard(0.15)),
    Condition("clusters, 5 % hard", HUMAN, clusters, 3_000, 8, hard(0.05)),
    Condition("7 % overlap, 10 % hard", HUMAN, clusters, 3_000, 8, hard(0.1), {"half_gap": 1.5}),
    Condition("topics, people 10 %", HUMAN, topics, 2_000, 4, annotated(0.1)),
    Condition("topics, people 20 %", HUMAN, topics, 2_000, 4, annotated(0.2)),
    Condition("20 topics, people 12 %", HUMAN, topics, 2_500, 20, annotated(0.12)),
    Condition("clusters, people 10 %", HUMAN, clusters, 2_000, 6, annotated(0.1)),
    Condition("7 % overlap, people 20 %", HUMAN, clusters, 2_000, 4, annotated(0.2), {"half_gap": 1.5}),
    Condition("vague topics, weak model 10 %", HUMAN, topics, 1_500, 6, weak_model(0.1), VAGUE),
    Condition("clusters, weak model 10 %", HUMAN, clusters, 2_000, 6, weak_model(0.1), {"half_gap": 1.5}),
)
QUICK = frozenset(
    {
        "8 topics",
        "6 vague topics",
        "clusters, 7 % overlap",
        "topics, one of 1 %",
        "3 topics shuffled",
        "clusters, two swapped",
        "topics, 3 % uniform",
        "topics, 10 % near",
        "clusters, 5 % near",
        "topics, 15 % hard",
        "7 % overlap, people 20 %",
        "200 texts, 10 % uniform",
    }
)
BLURRED = {"purity": 0.3, "leak": 0.15, "words": (6, 16)}
MISREAD = (
    "some pairs misread"  # for replayed reviews: here an unlikely label is an error, there it is as right as another
)
MIXED = (
    Condition("7 % overlap, 1 of 4 pairs hard", MISREAD, clusters, 6_000, 8, within(1, hard(0.15)), {"half_gap": 1.5}),
    Condition("16 % overlap, 2 of 4 pairs hard", MISREAD, clusters, 6_000, 8, within(2, hard(0.1)), {"half_gap": 1.0}),
    Condition("7 % overlap, 2 of 5 people", MISREAD, clusters, 6_000, 10, within(2, annotated(0.2)), {"half_gap": 1.5}),
    Condition("topics, 1 of 4 pairs hard", MISREAD, topics, 3_000, 8, within(1, hard(0.15)), BLURRED),
    Condition("topics, 2 of 4 pairs hard", MISREAD, topics, 3_000, 8, within(2, hard(0.1)), BLURRED),
    Condition("topics, 2 of 5 pairs, people", MISREAD, topics, 3_000, 10, within(2, annotated(0.1)), VAGUE),
)
