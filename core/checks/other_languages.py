"""Vectors and verdicts for texts that the embedder cannot read: character LSA where there are enough to learn from."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence

import numpy as np
import pyarrow as pa

from ..models.character_lsa import FIT, CharacterLSA
from ..models.embedding import DEFAULT, MULTILINGUAL, TRANSFORMERS, Embedder
from ..models.readability import Readability, described, scripts_of
from ..models.routed_embedding import WHOLE, RoutedEmbedder, half_read, routes
from ..store.cache import digest_of, versions_of
from .context import Context
from .language import detected

_LEFT_OUT = {"label": "no label was judged", "outlier": "no outlier was looked for"}
_JUDGED = {"label": "labels", "outlier": "outliers"}


def other_languages(context: Context, embedder: Embedder, *, judging: Collection[str]) -> np.ndarray | None:
    """Embed a data set of which the embedder cannot read all, and say in one sentence what that means.

    Parameters
    ----------
    judging
        What is judged by the vectors: names among ``label`` and ``outlier``; the note speaks of these only.

    Returns
    -------
    numpy.ndarray or None
        float32, shape (n, dimensions), rows of unit length or zero; None where the embedder's own vectors will do,
        because it reads the texts, or reads all but so few that nothing can be learned from these. They are not
        judged then.
    """
    if embedder.languages is None:
        return None
    languages, texts = detected(context), context.samples.texts
    scripts = scripts_of(texts.to_pylist())
    rules = Readability.fit(embedder.languages, scripts, languages)
    readable = rules.readable(scripts, languages) | context.blank
    chosen, whole = routes(readable)
    routed = _routed(context, embedder, rules, chosen, whole=whole, scripts=scripts) if chosen.any() else None
    if routed is None:
        context.readable &= readable
        _leave_out(context, embedder, ~readable, described(np.flatnonzero(~readable), scripts, languages), judging)
        return None
    vectors = routed.vectors(texts, chosen, scripts, cached=(context.cache, context.text_hashes))
    context.projection = routed.table()
    dark = chosen & ~vectors.any(axis=1) & ~context.blank
    context.readable &= ~dark
    _tell(context, embedder, ~readable, described(np.flatnonzero(~readable), scripts, languages), judging, whole=whole)
    if dark.any() and _joined(_LEFT_OUT, judging):
        of_these = "1 of these shares" if dark.sum() == 1 else f"{int(dark.sum()):,} of these share"
        left_out = _joined(_LEFT_OUT, judging)
        context.notes.append(f"{of_these} no part of a word with another text: {left_out} there.")
    return vectors


def _routed(
    context: Context,
    embedder: Embedder,
    rules: Readability,
    chosen: np.ndarray,
    *,
    whole: bool,
    scripts: Sequence[str | None],
) -> RoutedEmbedder | None:
    """Fit the characters' projection on the chosen texts, or take it from the cache; None where they share nothing."""
    rows = np.flatnonzero(chosen & ~context.blank)

    def fit() -> pa.Table:
        texts = context.samples.texts.take(pa.array(rows)).to_pylist()
        return CharacterLSA.fit(texts, keys=context.keys[rows], seed=context.seed).table()

    digest = f"{context.texts_digest} {digest_of(rows)}"
    table = context.cache.whole(
        "characters", f"{FIT}, {versions_of('numpy', 'scipy')}, seed {context.seed}", digest, fit
    )
    characters = CharacterLSA.of(table)
    alone = whole and half_read(rules.languages, scripts).mean() < WHOLE
    return RoutedEmbedder(embedder, characters, rules, whole, alone) if not characters.empty else None


def _leave_out(
    context: Context, embedder: Embedder, unreadable: np.ndarray, named: str, judging: Collection[str]
) -> None:
    left_out = _joined(_LEFT_OUT, judging)
    if unreadable.any() and left_out:
        context.notes.append(f"{_subject(unreadable, embedder, named)}: {left_out} there. {_better(embedder)}")


def _tell(
    context: Context, embedder: Embedder, unreadable: np.ndarray, named: str, judging: Collection[str], *, whole: bool
) -> None:
    judged = _joined(_JUDGED, judging)
    if judged:
        where = "of all texts" if whole and not unreadable.all() else "there"
        context.notes.append(
            f"{_subject(unreadable, embedder, named)}: {judged} {where} are judged by the characters that texts share. "
            f"{_better(embedder)}"
        )


def _subject(unreadable: np.ndarray, embedder: Embedder, named: str) -> str:
    count = int(unreadable.sum())
    verb = ("is in" if count == 1 else "are in") if named else ("seems to be in" if count == 1 else "seem to be in")
    texts, languages = ("1 text", "a language") if count == 1 else (f"{count:,} texts", "languages")
    reader = "the default embedder" if embedder.name == DEFAULT else f"the embedder {embedder.name}"
    return f"{texts} {verb} {languages} that {reader} cannot read{named}"


def _better(embedder: Embedder) -> str:
    names = [f"{MULTILINGUAL} (16 languages)"] if embedder.name == DEFAULT else []
    return f"A multilingual model may read more: --embedder {' or '.join([*names, f'{TRANSFORMERS}<name or folder>'])}."


def _joined(phrases: Mapping[str, str], judging: Collection[str]) -> str:
    return " and ".join(phrase for issue, phrase in phrases.items() if issue in judging)
