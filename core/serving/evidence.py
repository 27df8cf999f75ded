"""A person's answer against the scan's or a model's prediction: contradicts strong evidence, agrees, or neither."""

from __future__ import annotations

from typing import Literal

from ..data.label_sets import format_labels
from ..data.review_queue import Value
from .models import Model
from .run_index import Prediction
from .score_texts import best, probability

# Set by judgement, not fitted to data: an answer is asked about again where it is very unlikely and others are likely.
UNLIKELY, LIKELY = 0.1, 0.7
AGREES = 0.5
Verdict = Literal["contradicts", "agrees", ""]  # empty where the evidence is weak or there is none


def weigh(prediction: Prediction | None, value: Value, model: Model | None) -> tuple[Verdict, str]:
    """Compare a person's answer with what the scan, or a model, predicts for the sample.

    Returns
    -------
    tuple
        The verdict, and the reason for the owner: one plain sentence with figures.
    """
    if prediction is None:
        return "", ""
    if prediction.probabilities is not None and model is not None:
        other, confidence = best(prediction.probabilities, model)
        return _verdict(value, probability(prediction.probabilities, model, value), other, confidence, "the model")
    quality, other = prediction.quality, prediction.other
    if quality is None or other is None:
        return "", ""
    if value == prediction.given:
        likely = quality
    else:
        likely = other[1] if value == other[0] else max(1 - quality - other[1], 0.0)
    rivals = [other] if prediction.given is None else [(prediction.given, quality), other]
    rival, confidence = max(rivals, key=lambda pair: pair[1])
    # A scan weighs the given label against the suggested one: an answer that is neither contradicts both together.
    against = sum(share for label, share in rivals if label != value)
    return _verdict(value, likely, rival, confidence, "the scan", against=against)


def _verdict(
    value: Value, likely: float | None, other: Value, confidence: float, who: str, *, against: float | None = None
) -> tuple[Verdict, str]:
    strong = (confidence if against is None else against) >= LIKELY
    if likely is not None and value != other and likely <= UNLIKELY and strong:
        figures = f"{who} gives {likely:.2f}; it gives {format_labels(other)} {confidence:.2f}."
        return "contradicts", f"Answered {format_labels(value)}, to which {figures}"
    if likely is not None and value == other and likely >= AGREES:
        return "agrees", f"Answered {format_labels(value)}, to which {who} gives {likely:.2f}."
    return "", ""
