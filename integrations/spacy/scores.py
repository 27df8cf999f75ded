"""Scores of a spaCy component for a batch of texts: logits a text, or a token."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from labelsift.capture.logits import of_probabilities
from labelsift.errors import InputError

_LEAST = 1e-7
BEAM, DENSITY = 16, 1e-4  # parses that are kept, and how likely one must be beside the best
OUTSIDE = "O"
_FACTORIES = {
    "classification": ("textcat", "textcat_multilabel"),
    "multilabel": ("textcat_multilabel",),
    "spans": ("ner", "beam_ner", "spancat", "spancat_singlelabel"),
}


def component(nlp: Any, name: str | None, task: str) -> tuple[str, str]:  # noqa: ANN401 - a Language
    """Return name and factory of the component that judges labels of a task: the named one, else the first.

    Raises
    ------
    InputError
        If there is none.
    """
    fitting = [
        (own, factory)
        for own in nlp.component_names
        if (factory := nlp.get_pipe_meta(own).factory) in _FACTORIES[task] and name in (None, own)
    ]
    if not fitting:
        asked = "" if name is None else f" {name!r}"
        raise InputError(
            f"The pipeline has no component{asked} that judges labels of {task}",
            ids=nlp.component_names,
            hint=f"It takes one of: {', '.join(_FACTORIES[task])}; name it: classifier=…",
        )
    return fitting[0]


def columns_of(pipe: Any, factory: str) -> list[str]:  # noqa: ANN401 - a component
    """Return what the columns of the component's scores stand for; empty before it is initialized."""
    labels = [str(label) for label in pipe.labels]
    return [OUTSIDE, *labels] if labels and factory in ("ner", "beam_ner") else labels


def text_logits(pipe: Any, factory: str, docs: Sequence[Any]) -> np.ndarray:  # noqa: ANN401
    """Return logits of texts, shape (n, labels): log p where one label is right, the log odds of each elsewhere."""
    scores = _array(pipe.predict(docs))
    if factory == "textcat":
        return of_probabilities(scores)
    clipped = np.clip(scores.astype(np.float64), _LEAST, 1 - _LEAST)
    return np.log(clipped / (1 - clipped))


def token_logits(pipe: Any, factory: str, docs: Sequence[Any], columns: Sequence[str]) -> list[np.ndarray]:  # noqa: ANN401
    """Return logits of tokens, for each doc (tokens, columns).

    Of ``ner`` the logarithm of each type's share of a beam of parses (Goldberg & Nivre 2012 describe the search): spans
    of one parse do not overlap, so the shares of all types and of ``O`` sum to one. Of ``spancat``, whose spans may
    overlap, the log odds of the surest span that covers the token.
    """
    place = {name: column for column, name in enumerate(columns)}
    result = []
    if factory in ("ner", "beam_ner"):
        for doc, entities in zip(docs, _entities(pipe, docs), strict=True):
            shares = np.zeros((len(doc), len(columns)))
            for (start, end, label), share in entities.items():
                shares[start:end, place[label]] += share
            shares[:, 0] = np.maximum(1 - shares[:, 1:].sum(axis=1), 0)
            result.append(of_probabilities(shares))
        return result
    indices, scores = pipe.predict(docs)
    spans, values, begin = _array(indices.dataXd), _array(scores), 0
    labels = [place[str(label)] for label in pipe.labels]
    for doc, length in zip(docs, _array(indices.lengths).tolist(), strict=True):
        best = np.full((len(doc), len(columns)), _LEAST)
        for (start, end), row in zip(
            spans[begin : begin + length].tolist(), values[begin : begin + length], strict=True
        ):
            best[start:end, labels] = np.maximum(best[start:end, labels], row[: len(labels)])
        begin += length
        best = np.clip(best, _LEAST, 1 - _LEAST)
        result.append(np.log(best / (1 - best)))
    return result


def _entities(pipe: Any, docs: Sequence[Any]) -> list[dict[tuple[int, int, str], float]]:  # noqa: ANN401
    full = [doc for doc in docs if len(doc)]
    beams = pipe.beam_parse(full, beam_width=BEAM, beam_density=DENSITY) if full else []
    scored = iter(pipe.scored_ents(beams) if full else [])
    return [next(scored) if len(doc) else {} for doc in docs]


def _array(values: Any) -> np.ndarray:  # noqa: ANN401 - of numpy or cupy
    return np.asarray(values.get() if hasattr(values, "get") else values)
