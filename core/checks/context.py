"""Context of the checks: samples, codes, vectors, neighbours and probabilities of one scan."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, TypeVar

import numpy as np
import pyarrow as pa

from ..data.factorize import Cells, partitions
from ..data.hidden_texts import hidden_columns
from ..data.normalize import duplicate_groups, is_blank
from ..data.samples import Samples
from ..data.stable_draws import row_keys
from ..label_quality.accept_rates import AcceptRates
from ..label_quality.wrong_labels import WrongLabels
from ..models.cross_validation import Predictions
from ..models.languages import Languages
from ..models.neighbors import Graph
from ..signals.dynamics_statistics import Trajectories
from ..signals.token_probs import TokenSignals
from ..store.base import BaseStore
from ..store.cache import Cache, digest_of, digest_of_all, text_hashes, versions_of
from .cached_estimates import cached_out_of_fold
from .result import FactTable as FactTable
from .result import Result

S = TypeVar("S")
VERIFIED_WEIGHT = 3  # of a label that a person verified, against 1; chosen on injected noise (benchmarks/RESULTS.md)


@dataclass
class Context:
    """What the checks of one scan share.

    Parameters
    ----------
    samples
        The n samples.
    classes
        The class names; ``codes`` and the columns of ``pred_probs`` follow them.
    codes
        int32, shape (n,): the given labels as positions in ``classes``, -1 = unlabeled.
    vectors
        float32, shape (n, dimensions), unit length, or None.
    graph
        The nearest neighbours of every row, or None.
    pred_probs
        float32, shape (n, classes), out of sample, NaN rows where nothing can be said, or None.
    readable
        bool, shape (n,): the embedder can read the text; an unreadable one is not judged by its vector.
    detected
        Kept by :func:`labelsift.checks.language.detected`: the likeliest languages of each row.
    fold_of
        int16, shape (n,): the cross-validation folds, or None where the user brought ``pred_probs``.
    predictions
        What ``pred_probs`` come from, with the models of the folds, or None where the user brought them.
    projection
        What the vectors of texts in other languages were made by, kept with the run; or None where there are none.
    near_pairs
        Kept by :func:`labelsift.checks.near_duplicate.near_pairs`.
    tokens
        What the user's own model says of each token, for spans, or None.
    verified
        bool, shape (n,): rows whose label people verified as it stands, or None where nobody did.
    dynamics
        What became of each sample in a training, or None where the user brought no dynamics.
    accept_rates
        What people's answers on earlier runs teach about the claims, or None where that is not wanted.
    label_claims, suspicion
        Kept by :func:`labelsift.checks.label.label`: what can be said about the labels, and the ranking of those that
        nobody verified (float64, shape (n,), high = likely wrong, NaN = nothing can be said).
    results
        Issue → result of the checks that ran before.
    store
        Keeps the runs; None where nothing is kept.
    cache
        Keeps what is made of the texts, and what is estimated from them and the labels.
    method
        Version of the method, without which no estimate is kept: see :data:`labelsift.scanning.VERSION`.
    chosen_settings
        Class → the settings of a check, for those that the user set; see :meth:`settings`.
    uncut_texts
        The texts as they are, where ``samples`` have the beginnings of some; see :attr:`whole_texts`.
    facts, notes
        Filled by the checks: what holds for the whole data set, and what a reader must know.
    """

    samples: Samples
    classes: tuple[str, ...]
    codes: np.ndarray
    readable: np.ndarray
    vectors: np.ndarray | None = None
    graph: Graph | None = None
    pred_probs: np.ndarray | None = None
    fold_of: np.ndarray | None = None
    predictions: Predictions | None = None
    projection: pa.Table | None = None
    seed: int = 0
    budget: int | None = None
    detected: Languages | None = None
    near_pairs: tuple[np.ndarray, np.ndarray] | None = None
    tokens: TokenSignals | None = None
    verified: np.ndarray | None = None
    dynamics: Trajectories | None = None
    accept_rates: AcceptRates | None = None
    label_claims: WrongLabels | None = None
    suspicion: np.ndarray | None = None
    results: dict[str, Result] = field(default_factory=dict)
    store: BaseStore | None = None
    cache: Cache = field(default_factory=Cache)
    method: int = 0
    chosen_settings: Mapping[type[Any], Any] = field(default_factory=dict)
    uncut_texts: pa.ChunkedArray | None = None
    facts: dict[str, Any] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)

    def __len__(self) -> int:
        return len(self.samples)

    def settings(self, kind: type[S]) -> S:
        """Return a check's settings: those that the user set, else the defaults of their class."""
        return self.chosen_settings.get(kind) or kind()

    @property
    def whole_texts(self) -> pa.ChunkedArray:
        """The texts in full; what is no judgement of a text as a whole must not stop where judging does."""
        return self.samples.texts if self.uncut_texts is None else self.uncut_texts

    @cached_property
    def blank(self) -> np.ndarray:
        """Tell the rows whose text shows nothing: bool, shape (n,)."""
        return self._forms["blank"].to_numpy()

    @cached_property
    def same_text(self) -> np.ndarray:
        """Number the rows by their text, up to case and white space: int64, shape (n,)."""
        return self._forms["group"].to_numpy()

    @cached_property
    def _forms(self) -> pa.Table:
        if not self.samples.has_texts:  # no text is blank that nobody expected, and none is the same as another
            return pa.table({"blank": np.zeros(len(self), dtype=bool), "group": np.arange(len(self))})

        def make() -> pa.Table:
            return pa.table({"blank": is_blank(self.samples.texts), "group": duplicate_groups(self.samples.texts)})

        return self.cache.whole("forms", versions_of("pyarrow"), self.texts_digest, make)

    @cached_property
    def members(self) -> np.ndarray:
        """Tell which labels each row has where it may have several: int8, shape (n, classes), -1 = unlabeled."""
        return self.samples.members(self.classes)

    @property
    def cells(self) -> dict[str, Cells]:
        """The values of split and of each metadata column that can be counted by and told, as codes."""
        hidden = hidden_columns(self.facts)
        return {name: cells for name, cells in self._cells.items() if name not in hidden}

    @cached_property
    def _cells(self) -> dict[str, Cells]:
        return partitions(self.samples)[0]

    @property
    def texts_digest(self) -> str:
        """Hash all texts in their order, for the cache."""
        return digest_of(self.text_hashes.buffers()[1])

    @cached_property
    def weights(self) -> np.ndarray | None:
        """How much each row's label counts in training and voting: float32, shape (n,), or None for all the same."""
        if self.verified is None or not self.verified.any():
            return None
        return np.where(self.verified, np.float32(VERIFIED_WEIGHT), np.float32(1))

    @cached_property
    def text_hashes(self) -> pa.FixedSizeBinaryArray:
        """Hash each text, for the cache."""
        return text_hashes(self.samples.texts)

    @cached_property
    def keys(self) -> np.ndarray:
        """What rows are drawn and parted by: their texts and ids, in any order the same; uint64, shape (n,)."""
        return row_keys(self._ids, self.text_hashes if self.samples.has_texts else None)

    @cached_property
    def _ids(self) -> list[str]:
        return self.samples.ids.to_pylist()  # taking rows one by one from Arrow costs more than all of them at once

    @property
    def brought_pred_probs(self) -> bool:
        """Tell whether ``pred_probs`` are the user's, whose model reads what our embedder may not."""
        return self.pred_probs is not None and self.fold_of is None

    def ids(self, rows: np.ndarray) -> list[str]:
        """Return the ids of rows; positions below 0 are left out."""
        return [self._ids[row] for row in rows.tolist() if row >= 0]

    def predict(self, targets: np.ndarray, *, start: Predictions | None = None) -> Predictions:
        """Predict out of fold from the vectors, or find what was predicted of the same before."""
        assert self.vectors is not None and self.fold_of is not None  # noqa: S101 - made before a check needs them
        return cached_out_of_fold(
            self.cache,
            self.method,
            self.vectors,
            targets,
            vectors_digest=self.vectors_digest,
            classes=len(self.classes),
            folds=self.fold_of,
            seed=self.seed,
            training=self.readable & ~self.blank,
            weights=self.weights,
            start=start,
            keys=self.keys,
        )

    @cached_property
    def vectors_digest(self) -> str:
        """Hash the vectors, for the cache; only once they are there."""
        return "" if self.vectors is None else digest_of_all(self.vectors)

    def labeled_neighbors(self, row: int) -> np.ndarray:
        """Return the nearest rows that have a label; none for a text that the embedder cannot read."""
        if self.graph is None or not self.readable[row]:
            return np.empty(0, dtype=np.int32)  # its vector has neighbours, but they say nothing
        near = self.graph.rows[row]
        near = near[near >= 0]
        return near[self.codes[near] >= 0]

    def label(self, row: int) -> Any:  # noqa: ANN401 - a label, a list of labels or None
        """Return the given label of one row, or its labels where it may have several."""
        if self.samples.task == "multilabel":
            return self.samples.label_set(row)
        code = int(self.codes[row])
        return None if code < 0 else self.classes[code]
