"""What is said of a record that comes with or without a label: reason, and quality where the evidence is about it."""

from __future__ import annotations

from ..data.label_sets import format_labels
from ..data.review_queue import Value
from ..review.suggestions import labels_in
from .evidence import weigh
from .models import Model
from .run_index import Prediction
from .score_texts import compared

NOTHING_KNOWN = "Nothing can be said of this text: the run's embedder cannot read it."


def reason_of(prediction: Prediction) -> str:
    """Return one plain sentence for people: why this is suggested, or that nothing can be.

    >>> reason_of(Prediction("refund", 0.9731))
    'The scan gives refund 0.97.'
    """
    if prediction.value is None:
        return NOTHING_KNOWN
    if prediction.reason or prediction.confidence is None:
        return prediction.reason
    return f"The scan gives {format_labels(labels_in(prediction.value))} {prediction.confidence:.2f}."


def quality_of(prediction: Prediction, given: Value | None, model: Model | None) -> tuple[float | None, bool]:
    """Return how likely a label is right, 0..1, and whether strong evidence contradicts it.

    Parameters
    ----------
    given
        The label that the record has; None leaves that of the run, where it has one.

    Returns
    -------
    tuple
        None where nothing is known of this label.
    """
    if given is not None:
        prediction = compared(prediction, given, model)
        if prediction.given != given:  # the run judged another one
            return None, False
    if prediction.quality is None:
        return None, False
    verdict, _ = weigh(prediction, prediction.given, model)
    return float(round(prediction.quality, 6)), verdict == "contradicts"
