"""Predictions for texts that no run has seen: the run's embedder, a linear model, the nearest samples of the run."""

from __future__ import annotations

import threading
from collections import Counter, OrderedDict
from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pyarrow as pa

from ..data.hashing import text_hash
from ..data.label_sets import format_labels
from ..data.review_queue import Value
from ..models.embedding import Embedder, embed
from ..models.languages import Languages, detect, encode_languages
from ..models.readability import Readability, scripts_of
from ..models.threads import limited_threads
from ..models.vector_index import VectorIndex
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
        self,
        run_index: RunIndex,
        embedder: Embedder | None = None,
        index: VectorIndex | None = None,
        model: Model | None = None,
    ) -> None:
        self.run_index, self.embedder, self.index, self.model = run_index, embedder, index, model
        self._remembered: OrderedDict[str, Prediction] = OrderedDict()
        self._lock = threading.Lock()

    @property
    def able(self) -> bool:
        """Whether unseen texts can be judged at all."""
        return self.embedder is not None and self.model is not None

    def remembered(self, text: str, trained: Model | None) -> Prediction | None:
        """Return how a text was judged by this model, or else the run's, before; None where it was not."""
        key = self._key(text, trained)
        with self._lock:
            if key in self._remembered:
                self._remembered.move_to_end(key)
            return self._remembered.get(key)

    @limited_threads()
    def judge(self, texts: Sequence[str], trained: Model | None) -> list[Prediction]:
        """Judge texts, and remember the judgements; nothing is said of what the embedder cannot read."""
        known = {text: self.remembered(text, trained) for text in texts}
        missing = [text for text, prediction in known.items() if prediction is None]
        new = dict(zip(missing, self._judged(missing, trained or self.model), strict=True))
        with self._lock:
            self._remembered |= {self._key(text, trained): prediction for text, prediction in new.items()}
            while len(self._remembered) > REMEMBERED:
                self._remembered.popitem(last=False)
        return [known[text] or new[text] for text in texts]

    def _key(self, text: str, trained: Model | None) -> str:
        return f"{trained.version if trained else ''} {text_hash(text)}"

    def _judged(self, texts: Sequence[str], model: Model | None) -> list[Prediction]:
        if self.embedder is None or self.index is None or model is None or not texts:
            return [NOTHING] * len(texts)
        vectors = embed(pa.chunked_array([[text[:LONGEST] for text in texts]], pa.string()), self.embedder)
        near = self.index.search(vectors, min(SEEN, len(self.run_index)))
        sound = vectors.any(axis=1) & readable_by(self.embedder, texts)
        judged = zip(sound, model.linear.predict_proba(vectors), *near, strict=True)
        return [
            self._prediction(probabilities, rows, cosines, model) if fits else NOTHING
            for fits, probabilities, rows, cosines in judged
        ]

    def judge_rows(self, rows: Sequence[int], trained: Model | None) -> list[Prediction]:
        """Return what a model of verified labels says of samples of the run; without one, what the scan says."""
        scan = [self.run_index.prediction(row) for row in rows]
        if trained is None or self.index is None or not rows:
            return scan
        predictions = []
        probabilities_of = trained.linear.predict_proba(self.index.vectors(np.array(rows)))
        for before, probabilities in zip(scan, probabilities_of, strict=True):
            value, confidence = best(probabilities, trained)
            says = f"says {format_labels(value)} ({confidence:.2f})."
            reason = f"A model fitted on {trained.learned:,} verified labels {says}"
            new = replace(before, value=value, confidence=confidence, reason=reason, probabilities=probabilities)
            predictions.append(compared(new, before.given, trained))
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


def readable_by(embedder: Embedder, texts: Sequence[str]) -> np.ndarray:
    """Tell which texts an embedder reads: bool, shape (n,). Its vectors of others say nothing of what they mean."""
    if embedder.languages is None:
        return np.ones(len(texts), dtype=bool)
    languages = Languages.of(encode_languages(detect(texts)))
    return Readability(embedder.languages).readable(scripts_of(texts), languages)


def compared(prediction: Prediction, given: Value | None, model: Model | None) -> Prediction:
    """Return a model's prediction with the label that a person gave, and how likely that is."""
    if prediction.probabilities is None or model is None:
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
