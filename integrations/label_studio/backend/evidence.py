"""Does an answer of a person contradict strong evidence, or agree with it? Pure functions."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Literal

from labelsift.data.label_sets import format_labels

from ..convert.regions import Value
from .models import Model
from .run_index import Opinion
from .score_texts import best, probability

# Set by judgement, not fitted to data: an answer is asked about again where it is very unlikely and another is likely.
UNLIKELY, LIKELY = 0.1, 0.7
AGREES = 0.5
Verdict = Literal["contradicts", "agrees", ""]


@dataclass(frozen=True)
class Weighed:
    """What the evidence says of an answer.

    Parameters
    ----------
    verdict
        Empty where the evidence is weak or there is none.
    reason
        For the owner: one plain sentence with figures.
    """

    verdict: Verdict
    reason: str = ""


def weigh(opinion: Opinion | None, value: Value, model: Model | None) -> Weighed:
    """Hold a person's answer against what the scan, or a model, says of the sample."""
    if opinion is None:
        return Weighed("")
    if opinion.told is not None and model is not None:
        other, confidence = best(opinion.told, model)
        return _weighed(value, probability(opinion.told, model, value), other, confidence, "the model")
    quality, other = opinion.quality, opinion.other
    if quality is None or other is None:
        return Weighed("")
    if value == opinion.given:
        likely = quality
    else:
        likely = other[1] if value == other[0] else max(1 - quality - other[1], 0.0)
    rivals = [(found, sure) for found, sure in ((opinion.given, quality), other) if found is not None]
    rival, confidence = max(rivals, key=lambda one: one[1])
    return _weighed(value, likely, rival, confidence, "the scan")


def _weighed(value: Value, likely: float | None, other: Value, confidence: float, who: str) -> Weighed:
    if likely is None:
        return Weighed("")
    if value != other and likely <= UNLIKELY and confidence >= LIKELY:
        answered, likelier = format_labels(value), format_labels(other)
        why = f"Answered {answered}, to which {who} gives {likely:.2f}; it gives {likelier} {confidence:.2f}."
        return Weighed("contradicts", why)
    if value == other and likely >= AGREES:
        return Weighed("agrees", f"Answered {format_labels(value)}, to which {who} gives {likely:.2f}.")
    return Weighed("")


def said(value: Value) -> str:
    """Write a value in the one form that is kept."""
    return json.dumps(value, ensure_ascii=False, sort_keys=True)
