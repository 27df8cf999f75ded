"""Predictions for texts that no run has seen: the run's embedder, a linear model, the nearest samples of the run."""

from __future__ import annotations

import threading
from collections import Counter, OrderedDict
from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pyarrow as pa
from labelsift.data.hashing import text_hash
from labelsift.data.label_sets import format_labels
from labelsift.models.embedding import Embedder, embed
from labelsift.models.vector_index import VectorIndex

from ..convert.regions import Value
from .models import Model
from .run_index import NEIGHBOURS, NOTHING, Prediction, RunIndex

SEEN = 10  # nearest samples that a reason counts
LONGEST = 20_000  # characters of a text that are read: what comes after changes a mean of tokens little
REMEMBERED = 2_000  # texts whose judgement is kept


class Scorer:
    """Judges texts by what a run has learned.

    Parameters
    ----------
    run_index
        The run's samples.
    embedder
        The run's own; None where it brought vectors, so that no text can be embedded.
    index
        Of the run's vectors, one a sample, in the order of its samples.
    model
        None where nothing could be learned.
    """

    def __init__(
        self, run_index: RunIndex, embedder: Embedder | None, index: VectorIndex | None, model: Model | None
    ) -> None:
        self.run_index, self.embedder, self.index, self.model = run_index, embedder, index, model
        self._remembered: OrderedDict[str, Prediction] = OrderedDict()
        self._lock = threading.Lock()

    @property
    def able(self) -> bool:
        """Whether unseen texts can be judged at all."""
        return self.embedder is not None and self.model is not None

    def remembered(self, text: str, model: Model | None) -> Prediction | None:
        """Return how a text was judged by this model before; None where it was not."""
        key = _key(text, model)
        with self._lock:
            if key in self._remembered:
                self._remembered.move_to_end(key)
            return self._remembered.get(key)

    def judge(self, texts: Sequence[str], model: Model | None) -> list[Prediction]:
        """Judge texts, and remember the judgements; nothing is said of one without a token that the embedder knows."""
        known = {text: self.remembered(text, model) for text in texts}
        missing = [text for text, prediction in known.items() if prediction is None]
        new = dict(zip(missing, self._judged(missing, model), strict=True))
        with self._lock:
            self._remembered |= {_key(text, model): prediction for text, prediction in new.items()}
            while len(self._remembered) > REMEMBERED:
                self._remembered.popitem(last=False)
        return [known[text] or new[text] for text in texts]

    def _judged(self, texts: Sequence[str], model: Model | None) -> list[Prediction]:
        if self.embedder is None or model is None or not texts:
            return [NOTHING] * len(texts)
        vectors = embed(pa.chunked_array([[text[:LONGEST] for text in texts]], pa.string()), self.embedder)
        probabilities = model.linear.predict_proba(vectors)
        near = self.index.search(vectors, min(SEEN, len(self.run_index))) if self.index is not None else None
        predictions: list[Prediction] = []
        for i in range(len(texts)):
            rows, cosines = (near[0][i], near[1][i]) if near is not None else (np.empty(0, int), np.empty(0))
            predictions.append(
                self._prediction(probabilities[i], rows, cosines, model) if vectors[i].any() else NOTHING
            )
        return predictions

    def vectors(self, rows: Sequence[int]) -> np.ndarray:
        """Return the vectors of samples of the run: float32, shape (n, dimensions)."""
        if self.index is None:
            return np.empty((0, 0), dtype=np.float32)
        return np.stack([self.index.vector(row) for row in rows]) if rows else np.empty((0, self.index.dimensions))

    def judge_rows(self, rows: Sequence[int], model: Model) -> list[Prediction]:
        """Judge samples of the run by a model that was fitted on verified labels."""
        if not rows or self.index is None:
            return []
        predictions = []
        for row, probabilities in zip(rows, model.linear.predict_proba(self.vectors(rows)), strict=True):
            value, confidence = best(probabilities, model)
            reason = (
                f"A model fitted on {model.learned:,} verified labels says {format_labels(value)} ({confidence:.2f})."
            )
            scan = self.run_index.prediction(row)
            new = replace(scan, value=value, confidence=confidence, reason=reason, probabilities=probabilities)
            predictions.append(compared(new, self.run_index.given(row), model))
        return predictions

    def _prediction(self, probabilities: np.ndarray, rows: np.ndarray, cosines: np.ndarray, model: Model) -> Prediction:
        value, confidence = best(probabilities, model)
        near = [(int(row), float(cosine)) for row, cosine in zip(rows, cosines, strict=True) if row >= 0]
        labels = Counter(self.run_index.label_of(row) for row, _ in near)
        if model.linear.multilabel:
            reason = f"The model gives {format_labels(value)} a probability of {confidence:.2f}."
        else:
            agree = labels[str(value)]
            reason = f"{agree} of its {len(near)} nearest samples and the model ({confidence:.2f}) say {value}."
        neighbours = tuple(self.run_index.neighbour(row, cosine) for row, cosine in near[:NEIGHBOURS])
        return Prediction(value, confidence, reason=reason, neighbours=neighbours, probabilities=probabilities)


def compared(prediction: Prediction, given: Value | None, model: Model) -> Prediction:
    """Return a model's prediction with the label that a person gave, and how likely that is."""
    if prediction.probabilities is None:
        return prediction
    value, confidence = best(prediction.probabilities, model)
    other = (value, confidence) if value != given else None
    quality = probability(prediction.probabilities, model, given)
    return replace(prediction, given=given, quality=quality, other=other)


def best(probabilities: np.ndarray, model: Model) -> tuple[Value, float]:
    """Return the value that a row of probabilities says, and how likely it is.

    Of labels apart, the set of those above one half, and the probability that all of it is right.
    """
    if model.linear.multilabel:
        chosen = probabilities > 0.5
        return [model.classes[column] for column in np.flatnonzero(chosen)], _all_right(chosen, probabilities)
    column = int(probabilities.argmax())
    return model.classes[column], float(probabilities[column])


def probability(probabilities: np.ndarray, model: Model, value: Value | None) -> float | None:
    """Return how likely a value is by a row of probabilities; None for what the model has never seen."""
    if value is None:
        return None
    if model.linear.multilabel:
        if not isinstance(value, list) or not set(value) <= set(model.classes):
            return None
        chosen = np.isin(np.array(model.classes), value)
        return _all_right(chosen, probabilities)
    return float(probabilities[model.classes.index(value)]) if value in model.classes else None


def _all_right(chosen: np.ndarray, probabilities: np.ndarray) -> float:
    """Return the probability that just the chosen labels apply, taken as independent."""
    return float(np.prod(np.where(chosen, probabilities, 1 - probabilities)))


def _key(text: str, model: Model | None) -> str:
    return f"{model.version if model else ''} {text_hash(text)}"
