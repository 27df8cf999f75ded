"""Judging texts that no run has seen: the run's embedder, a linear model, and the nearest samples of the same run."""

from __future__ import annotations

import threading
from collections import Counter, OrderedDict
from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pyarrow as pa
from labelsift.data.label_sets import shown
from labelsift.models.embedding import Embedder, embed
from labelsift.models.vector_index import VectorIndex
from labelsift.review.verified import text_hash

from ..convert.regions import Value
from .models import Model
from .run_index import NEIGHBOURS, Known, Opinion

SEEN = 10  # nearest samples that a reason counts
LONGEST = 20_000  # characters of a text that are read: what comes after changes a mean of tokens little
REMEMBERED = 2_000  # texts whose judgement is kept


class Scorer:
    """Judges texts by what a run has learned.

    Parameters
    ----------
    known
        The run's samples.
    embedder
        The run's own; None where it brought vectors, so that no text can be embedded.
    index
        Of the run's vectors, one a sample, in the order of its samples.
    model
        None where nothing could be learned.
    """

    def __init__(self, known: Known, embedder: Embedder | None, index: VectorIndex | None, model: Model | None) -> None:
        self.known, self.embedder, self.index = known, embedder, index
        self.model = model
        self._remembered: OrderedDict[str, Opinion | None] = OrderedDict()
        self._lock = threading.Lock()

    @property
    def able(self) -> bool:
        """Whether unseen texts can be judged at all."""
        return self.embedder is not None and self.model is not None

    def remembered(self, text: str, model: Model | None) -> tuple[bool, Opinion | None]:
        """Tell whether a text was judged by this model before, and how."""
        key = _key(text, model)
        with self._lock:
            if key not in self._remembered:
                return False, None
            self._remembered.move_to_end(key)
            return True, self._remembered[key]

    def judge(self, texts: Sequence[str], model: Model | None) -> list[Opinion | None]:
        """Judge texts, and remember the judgements; None where a text has no token that the embedder knows."""
        if self.embedder is None or model is None:
            return [None] * len(texts)
        vectors = embed(pa.chunked_array([[one[:LONGEST] for one in texts]], pa.string()), self.embedder)
        probabilities = model.linear.predict_proba(vectors)
        near = self.index.search(vectors, min(SEEN, len(self.known))) if self.index is not None else None
        found: list[Opinion | None] = []
        for at in range(len(texts)):
            rows, cosines = (near[0][at], near[1][at]) if near is not None else (np.empty(0, int), np.empty(0))
            known = bool(vectors[at].any())
            found.append(self._opinion(probabilities[at], rows, cosines, model) if known else None)
        with self._lock:
            for text, one in zip(texts, found, strict=True):
                self._remembered[_key(text, model)] = one
            while len(self._remembered) > REMEMBERED:
                self._remembered.popitem(last=False)
        return found

    def vectors(self, rows: Sequence[int]) -> np.ndarray:
        """Return the vectors of samples of the run: float32, shape (n, dimensions)."""
        if self.index is None:
            return np.empty((0, 0), dtype=np.float32)
        return np.stack([self.index.vector(row) for row in rows]) if rows else np.empty((0, self.index.dimensions))

    def judge_rows(self, rows: Sequence[int], model: Model) -> list[Opinion]:
        """Judge samples of the run by a model that was fitted on verified labels."""
        if not rows or self.index is None:
            return []
        found = []
        for row, told in zip(rows, model.linear.predict_proba(self.vectors(rows)), strict=True):
            reason = f"A model fitted on {model.learned:,} verified labels"
            value, confidence = best(told, model)
            given = self.known.given(row)
            quality = probability(told, model, given)
            told_by = f"{reason} says {shown(value)} ({confidence:.2f})."
            other = (value, confidence) if value != given else None
            scan = self.known.opinion(row)
            found.append(
                Opinion(value, confidence, given, quality, other, told_by, scan.neighbours, scan.flagged, told)
            )
        return found

    def _opinion(self, told: np.ndarray, rows: np.ndarray, cosines: np.ndarray, model: Model) -> Opinion:
        value, confidence = best(told, model)
        near = [(int(row), float(cosine)) for row, cosine in zip(rows, cosines, strict=True) if row >= 0]
        labels = Counter(self.known.label_of(row) for row, _ in near)
        if model.linear.multilabel:
            reason = f"The model gives {shown(value)} a probability of {confidence:.2f}."
        else:
            agree = labels[str(value)]
            reason = f"{agree} of its {len(near)} nearest samples and the model ({confidence:.2f}) say {value}."
        neighbours = tuple(self.known.neighbour(row, cosine) for row, cosine in near[:NEIGHBOURS])
        return Opinion(value, confidence, reason=reason, neighbours=neighbours, told=told)


def weighed(opinion: Opinion, given: Value | None, model: Model) -> Opinion:
    """Hold what a model says of a text against the label that a person gave it."""
    if given is None or opinion.told is None:
        return opinion
    quality = probability(opinion.told, model, given)
    value, confidence = best(opinion.told, model)
    other = (value, confidence) if value != given else None
    return replace(opinion, given=given, quality=quality, other=other)


def best(told: np.ndarray, model: Model) -> tuple[Value, float]:
    """Return the value that a row of probabilities says, and how likely it is.

    Of labels apart, the set of those above one half, and the probability that all of it is right.
    """
    if model.linear.multilabel:
        chosen = told > 0.5
        return [model.classes[at] for at in np.flatnonzero(chosen)], float(np.prod(np.where(chosen, told, 1 - told)))
    at = int(told.argmax())
    return model.classes[at], float(told[at])


def probability(told: np.ndarray, model: Model, value: Value | None) -> float | None:
    """Return how likely a value is by a row of probabilities; None for what the model has never seen."""
    if value is None:
        return None
    if model.linear.multilabel:
        if not isinstance(value, list) or not set(value) <= set(model.classes):
            return None
        chosen = np.isin(np.array(model.classes), value)
        return float(np.prod(np.where(chosen, told, 1 - told)))
    return float(told[model.classes.index(value)]) if value in model.classes else None


def _key(text: str, model: Model | None) -> str:
    return f"{model.version if model else ''} {text_hash(text)}"
