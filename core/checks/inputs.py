"""Inputs of the checks, made when the first check needs them: vectors, neighbour graph, out-of-fold pred_probs."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from ..models.cross_validation import rarest_labels
from ..models.embedding import Embedder, cached_vectors
from ..models.neighbors import cached_graph, neighbor_count
from ..models.stable_folds import assign_folds
from .class_notes import rare
from .context import Context
from .other_languages import other_languages
from .registry import Check


@dataclass
class Inputs:
    """Fills the context of one scan.

    Parameters
    ----------
    chosen
        The checks that run.
    vectors
        Those that the user brought, or None.
    embedder
        Makes the vectors otherwise, or None where there are no texts.
    folds
        Of the cross-validation.
    say
        Called with a short sentence as each step begins.
    """

    context: Context
    chosen: Sequence[Check]
    vectors: np.ndarray | None
    embedder: Embedder | None
    folds: int
    say: Callable[[str], None]

    def provide(self, check: Check) -> None:
        """Make what a check needs and is not there yet."""
        context = self.context
        if check.needs & {"vectors", "pred_probs"} and context.vectors is None:
            context.vectors = self.vectors if self.embedder is None else self._embed(self.embedder)
        if context.vectors is not None and context.graph is None:
            self.say("Finding nearest neighbours")
            judging_labels = any("labels" in other.needs for other in self.chosen)
            k = neighbor_count(len(context), votes=judging_labels)
            context.graph = cached_graph(context.cache, context.vectors, k, seed=context.seed, keys=context.keys)
        if "pred_probs" in check.needs and context.pred_probs is None and context.vectors is not None:
            self.say(f"Predicting out of sample ({self.folds} folds)")
            self._predict()

    def _embed(self, embedder: Embedder) -> np.ndarray:
        context = self.context
        self.say(f"Embedding {len(context):,} texts")
        by_vectors = {check.issue for check in self.chosen} - ({"label"} if context.pred_probs is not None else set())
        vectors = other_languages(context, embedder, judging=by_vectors)
        if vectors is None:
            vectors = cached_vectors(context.cache, context.samples.texts, context.text_hashes, embedder)
        return vectors

    def _predict(self) -> None:
        context = self.context
        targets = strata = labels = context.codes
        if context.samples.task == "multilabel":
            members = context.members
            targets = np.where(members < 0, np.nan, members).astype(np.float32)
            strata, labels = rarest_labels(members), np.nonzero(members == 1)[1]
        context.fold_of = assign_folds(
            strata, context.same_text, folds=self.folds, seed=context.seed, keys=context.keys
        )
        context.predictions = context.predict(targets)
        context.pred_probs = context.predictions.pred_probs
        context.notes += rare(labels, context.classes, folds=self.folds)
