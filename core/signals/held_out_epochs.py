"""Partners among epochs: which evaluation of held-out rows belongs to which epoch of the training."""

from __future__ import annotations

from collections.abc import Sequence

from .epoch_files import EpochFiles

Numbers = Sequence[int | None]


def numbers_of(epochs: EpochFiles) -> Numbers:
    """Return the caller's number of each epoch; None for each of plain arrays."""
    return epochs.numbers or (None,) * len(epochs.logits)


def numbered(training: Numbers, evaluated: Numbers) -> bool:
    """Tell whether both sides have numbers that the caller gave."""
    return any(number is not None for number in training) and any(number is not None for number in evaluated)


def partners(training: Numbers, evaluated: Numbers) -> list[tuple[int, int]]:
    """Return positions of (epoch of the training, evaluation) that belong together, each epoch at most once.

    By the caller's numbers where both sides have some, else counted from the last on. Of several evaluations of one
    epoch the last counts. A number that the training has more than once (taken up again from before) is paired in
    order where it was evaluated as often, and not at all otherwise: nobody knows which was evaluated.

    Parameters
    ----------
    training, evaluated
        The number of each epoch, None where none was given.

    >>> partners(range(6), [1, 3, 9])
    [(1, 0), (3, 1)]
    >>> partners([None] * 5, [None] * 2)
    [(3, 0), (4, 1)]
    >>> partners([0, 1, 1, 2], [0, 1, 2, 2])
    [(0, 0), (3, 3)]
    """
    if not numbered(training, evaluated):
        both = min(len(training), len(evaluated))
        return [(len(training) - back, len(evaluated) - back) for back in range(both, 0, -1)]
    pairs = []
    for number in sorted({number for number in training if number is not None}):
        trained = [place for place, other in enumerate(training) if other == number]
        judged = [place for place, other in enumerate(evaluated) if other == number]
        if len(trained) == len(judged):
            pairs += zip(trained, judged, strict=True)
        elif len(trained) == 1 and judged:
            pairs.append((trained[0], judged[-1]))
    return sorted(pairs)


def uncertain(training: Numbers, evaluated: Numbers) -> str:
    """Say what nobody could tell about how epochs and evaluations belong together; "" where all is known.

    >>> uncertain(range(3), [4, 5])
    'Of a set of evaluations none has the number of a recorded epoch of your training, so that the set does not count.'
    >>> uncertain([None] * 20, [None] * 4)[:59]
    'Your training has 20 epochs and 4 evaluations without numbe'
    >>> uncertain([0, 1], [1]), uncertain([None] * 2, [None] * 2)
    ('', '')
    """
    if not numbered(training, evaluated):
        if len(training) == len(evaluated):
            return ""
        return (
            f"Your training has {len(training):,} epochs and {len(evaluated):,} evaluations without numbers that both"
            " share: they were taken from the last on, which is wrong where epochs in between were not evaluated."
            " Number both: DynamicsWriter.batch(…, epoch=…)."
        )
    if partners(training, evaluated):
        return ""
    return (
        "Of a set of evaluations none has the number of a recorded epoch of your training, so that the set does not"
        " count."
    )
