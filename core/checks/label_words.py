"""Words of flagged texts that speak for the suggested label, kept as places in the evidence of their findings.

Asked is the model behind the out-of-sample probabilities, and of its folds the one that has not seen the sample; see
:mod:`labelsift.label_quality.word_occlusion`. Texts of the data set at large are asked beside the flagged ones, so that
it is known what an arbitrary word does. A model of the user's own is asked where a scan is given what explains it; the
evidence says so, as what is said beside the words need not be of that model.

Kept are places and weights, never a word, and nothing that touches personal data or a secret.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import accumulate
from typing import Any

import numpy as np
import pyarrow as pa

from ..data.class_names import in_order
from ..data.hidden_texts import HIDING
from ..data.samples import Samples
from ..data.schemas import USERS, WORDS, WORDS_OF, Finding
from ..data.stable_draws import drawn
from ..errors import InputError, LabelsiftError
from ..label_quality.word_occlusion import Explainer, Places, Word, log_odds, telling, without, word_places
from ..models.embedding import DEFAULT, MULTILINGUAL, Embedder, StaticEmbedder, embed, normalize
from ..models.logistic_regression import LogisticRegression
from ..models.routed_embedding import RoutedEmbedder
from ..texts.redaction import matches
from .context import Context

ASKED, ASKED_OF_USERS = 2_000, 200  # flagged texts, the worst ones; of a model of the user's, which may be slow
BESIDE = 100  # texts of the data set at large
PARTS = {DEFAULT: 1.0, MULTILINGUAL: 1.0}  # of all characters: how many an embedder reads once more, if it is fast
PART = 0.1  # by a slow one, or one that is not known: a tenth of the time that it took
ROOM = 10_000  # characters that it reads in any case
AT_ONCE = 100  # texts whose vectors are in memory
_UNNAMED = re.compile(r"LABEL_(\d+)")  # as transformers calls an output that was not named
LIKE = 0.02  # by which a probability may differ from what the scan predicted

Models = Mapping[int, tuple[np.ndarray, LogisticRegression]]  # fold → the classes that its model knows, and the model
Asked = tuple[int, str, Finding | None]  # row, class, and the finding that the words are for; None of a text beside


@dataclass(frozen=True)
class LabelWords:
    """Settings of the check.

    Parameters
    ----------
    words
        Whether to look for the words of flagged texts that speak for the suggested label.
    """

    words: bool = True


def tell_words(context: Context, embedder: Embedder | None, explain: Explainer | None = None) -> None:
    """Put the places of words into the evidence of findings about labels: ``[[start, end, weight], …]``.

    Parameters
    ----------
    embedder
        What the vectors were made by; None where the user brought them.
    explain
        Explains the user's own model, which is asked instead of the scan's. Where it fails, a note says so.
    """
    result = context.results.get("label")
    if result is None or not context.samples.has_texts or not context.settings(LabelWords).words:
        return
    rows = {id: row for row, id in enumerate(context.ids(np.arange(len(context))))}
    flagged = [
        (rows[finding.id], label, finding) for finding in result.findings if (label := _label_of(finding)) is not None
    ]
    flagged.sort(key=lambda question: (question[2].score, question[2].id))
    if explain is not None:
        _tell_users(context, explain, flagged)
    elif embedder is not None:
        asked, words = _of_scans(context, embedder, flagged)
        _keep(context, asked, words, {})


def names_of(explain: Explainer | None, samples: Samples) -> dict[str, str]:
    """Return label → the class that what explains the user's model knows it by; labels that it does not know lack.

    Names that name nothing, which transformers gives by default (``LABEL_0``), stand for the labels in sorted order.

    Raises
    ------
    InputError
        If it knows none of the labels.
    """
    labels, classes = in_order(samples.classes), getattr(explain, "classes", None)
    if classes is None or not labels or samples.task == "spans":
        return {label: label for label in labels}
    names = [str(name) for name in classes]
    if set(names) & set(labels):
        return {name: name for name in names}
    numbers = {int(matched[1]): matched[0] for matched in map(_UNNAMED.fullmatch, names) if matched}
    if len(numbers) == len(names) == len(labels):
        return dict(zip(labels, (numbers[number] for number in sorted(numbers)), strict=True))
    raise InputError(
        "The model that explain asks knows none of the labels, its classes are",
        ids=names,
        hint=f"Name the class of each of its outputs as the labels are ({', '.join(labels[:3])} …): classes=[…]",
    )


def _tell_users(context: Context, explain: Explainer, flagged: Sequence[Asked]) -> None:
    try:
        asked, words = _of_users(context, explain, flagged)
        _keep(context, asked, words, {WORDS_OF: USERS})
    except Exception as error:
        # What an error of others says may quote a text.
        why = str(error) if isinstance(error, LabelsiftError) else f"What explains it failed: {type(error).__name__}."
        context.notes.append(f"No words of your own model are told. {why}")


def _keep(context: Context, asked: Sequence[Asked], words: Sequence[Sequence[Word]], more: Mapping[str, Any]) -> None:
    hidden = _hidden(context)
    matched = []
    for (row, _, finding), some in zip(asked, words, strict=True):
        if finding is not None and some:
            matched.append((finding, _kept(_whole(context, row), some, hidden.get(finding.id, []))))
    for finding, kept in matched:  # all or none
        finding.evidence |= {WORDS: kept, **more} if kept else {}


def _label_of(finding: Finding) -> str | None:
    """Name the label that words may speak for, suggested or missing; of one too many there is none."""
    if finding.scope != "sample" or finding.kind == "extra":
        return None
    label = finding.evidence.get("label") if finding.kind == "missing" else finding.suggested
    return label if isinstance(label, str) else None


def _text(context: Context, row: int) -> str:
    return context.samples.texts[row].as_py() or ""


def _whole(context: Context, row: int) -> str:
    return context.whole_texts[row].as_py() or ""


def _of_users(
    context: Context, explain: Explainer, flagged: Sequence[Asked]
) -> tuple[list[Asked], Sequence[Sequence[Word]]]:
    """Ask what explains the user's model; of the texts beside it is asked for their own label."""
    names = names_of(explain, context.samples)
    asked = [question for question in flagged if question[1] in names][:ASKED_OF_USERS]
    if not asked:
        return [], []
    beside = _beside(context, {row for row, *_ in asked})
    asked += [(row, label, None) for row in beside if (label := context.label(row)) in names]
    if any(name != label for label, name in names.items()):
        pairs = ", ".join(f"{name} for {label}" for label, name in list(names.items())[:3])
        context.notes.append(
            "The model that explain asks does not name its classes, so they were taken for the labels in sorted order, "
            f"{pairs}{' …' if len(names) > 3 else ''}; if their order is another, name them (classes=…)."
        )
    words = explain([_whole(context, row) for row, *_ in asked], [names[label] for _, label, _ in asked])
    if len(words) != len(asked):
        raise InputError(f"Of {len(asked):,} texts {len(words):,} were explained", hint="Return the words of each text")
    return asked, words


def _of_scans(
    context: Context, embedder: Embedder, flagged: Sequence[Asked]
) -> tuple[list[Asked], Sequence[Sequence[Word]]]:
    """Ask the model of each row's fold, where it finds the suggested label likeliest."""
    pred_probs, models = context.pred_probs, _models(context)
    several = context.samples.task == "multilabel"
    if pred_probs is None or not models or not flagged:
        return [], []

    def likeliest(row: int) -> int:
        return int(np.nan_to_num(pred_probs[row]).argmax())

    codes = {name: code for code, name in enumerate(context.classes)}
    asked = [
        (row, label, finding)
        for row, label, finding in flagged[:ASKED]
        if (pred_probs[row, codes[label]] > 0.5 if several else likeliest(row) == codes[label])
    ]
    beside = _beside(context, {row for row, *_ in asked}) if asked else []
    asked += [(row, context.classes[likeliest(row)], None) for row in beside]
    asked = [question for question in asked if codes[question[1]] in _model_of(context, models, question[0])[0]]
    texts = [_text(context, row) for row, *_ in asked]
    places = [word_places(text) for text in texts]
    if not _cheap(context, embedder):
        whole = sum(map(len, context.samples.texts.to_pylist()))
        room = max(PARTS.get(embedder.name, PART) * whole, ROOM)
        count = sum(finding is not None for *_, finding in asked)  # those come first
        chosen = _within(room * 3 / 4, texts[:count], places[:count])
        chosen += [count + number for number in _within(room / 4, texts[count:], places[count:])]
        asked, texts = [asked[number] for number in chosen], [texts[number] for number in chosen]
        places = [places[number] for number in chosen]
    weights = []
    for (row, label, _), vectors in zip(asked, _blocks(context, embedder, texts, places), strict=True):
        classes, model = _model_of(context, models, row)
        probabilities = model.predict_proba(vectors)
        column = int(np.flatnonzero(classes == codes[label])[0])
        odds = log_odds(probabilities, column, several=several)
        like = abs(float(probabilities[0, column]) - float(pred_probs[row, codes[label]])) <= LIKE
        weights.append(odds[0] - odds[1:] if like else np.full(len(odds) - 1, np.nan))
    return asked, telling(places, weights)


def _models(context: Context) -> Models:
    predictions, folds = context.predictions, context.fold_of
    if predictions is None or folds is None:
        return {}
    numbers = np.unique(folds[folds >= 0]).tolist()
    return dict(zip(numbers, predictions.models, strict=True)) if len(numbers) == len(predictions.models) else {}


def _model_of(context: Context, models: Models, row: int) -> tuple[np.ndarray, LogisticRegression]:
    assert context.fold_of is not None  # noqa: S101 - there are models
    return models[int(context.fold_of[row])]


def _beside(context: Context, flagged: set[int]) -> list[int]:
    """Draw rows of the data set at large, with a label, that were predicted."""
    usable = context.readable & ~context.blank
    if context.pred_probs is not None:
        usable = usable & np.isfinite(context.pred_probs).any(axis=1)
    if context.fold_of is not None:
        usable = usable & (context.fold_of >= 0)
    chosen = drawn(np.flatnonzero(usable), BESIDE, keys=context.keys, seed=context.seed, purpose="words")
    return [row for row in chosen.tolist() if row not in flagged]


def _cheap(context: Context, embedder: Embedder) -> bool:
    """Tell whether leaving out words costs no more than reading the text once."""
    return isinstance(embedder, StaticEmbedder) and context.projection is None


def _within(room: float, texts: Sequence[str], places: Sequence[Places]) -> list[int]:
    """Choose the texts whose words can be left out within so many characters, in the order of the texts."""
    chosen, used = [], 0.0
    for number, (text, words) in enumerate(zip(texts, places, strict=True)):
        cost = len(text) * (len(words) + 1)
        if words and used + cost <= room:
            chosen.append(number)
            used += cost
    return chosen


def _blocks(
    context: Context, embedder: Embedder, texts: Sequence[str], places: Sequence[Places]
) -> Iterator[np.ndarray]:
    """Yield what :func:`_vectors` returns, of some texts at once: all of them may be a million vectors."""
    for start in range(0, len(texts), AT_ONCE):
        rows = slice(start, start + AT_ONCE)
        yield from _vectors(context, embedder, texts[rows], places[rows])


def _vectors(context: Context, embedder: Embedder, texts: Sequence[str], places: Sequence[Places]) -> list[np.ndarray]:
    """Return the vectors of each text, whole and without each word: float32, shape (1 + words, dimensions)."""
    if isinstance(embedder, StaticEmbedder) and _cheap(context, embedder):
        return [normalize(vectors) for vectors in embedder.without(texts, places)]
    several = [[text, *(without(text, some) for some in words)] for text, words in zip(texts, places, strict=True)]
    counts = list(map(len, several))
    every = pa.chunked_array([[text for some in several for text in some]], pa.string())
    if context.projection is None:
        vectors = embed(every, embedder)
    else:  # a text keeps its way also without a word
        routed = RoutedEmbedder.of(embedder, context.projection)
        unreadable, scripts = routed.routed(texts)
        again = [script for script, count in zip(scripts, counts, strict=True) for _ in range(count)]
        vectors = routed.vectors(every, np.repeat(unreadable, counts), again)
    return np.split(vectors, list(accumulate(counts))[:-1])


def _hidden(context: Context) -> dict[str, list[tuple[int, int]]]:
    """Return sample → the places in which its scan found personal data or secrets."""
    places: dict[str, list[tuple[int, int]]] = {}
    for result in (context.results[issue] for issue in HIDING if issue in context.results):
        for finding in result.findings:
            if finding.scope == "sample":
                places.setdefault(finding.id, []).extend(span[:2] for span in finding.evidence.get("spans", ()))
    return places


def _kept(text: str, words: Sequence[Word], hidden: list[tuple[int, int]]) -> list[list[float]]:
    """Return the places of words of which none touches what is hidden, or what is found to be hidden now."""
    closed = [*hidden, *((match.start, match.end) for match in matches(text))]
    return [
        [int(start), int(end), round(float(word.weight), 3)]  # an explainer of the user's may return those of NumPy
        for word in words
        if not any(first < end and start < last for start, end in word.places for first, last in closed)
        for start, end in word.places
    ]
