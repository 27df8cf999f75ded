"""Run: the result of one scan as plain data."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import numpy as np
import pyarrow as pa

from ..data.samples import Samples
from ..data.schemas import ANNOTATORS_SCHEMA
from .base import BaseStore


@dataclass
class Run:
    """The result of a scan.

    Parameters
    ----------
    run
        The run's name in the store, for example ``20261123-101500-4f2a``.
    created
        When the scan ended (UTC).
    samples, scores, findings
        What was scanned and found; the tables are in the schemas of :mod:`labelsift.data.schemas`.
    classes
        The class of each column of ``pred_probs``.
    settings
        What the scan was told: embedder, folds, seed, budget …
    facts
        What is known of the data set as a whole: rows, language shares, metrics of the proxy model …
    notes
        Sentences that a reader must know to judge the findings.
    embeddings
        float32, shape (n, d), rows of unit length (zero where a text has no token), or None.
    pred_probs
        float32, shape (n, classes), out of sample, or None. Rows are NaN where nothing could be said.
    projection
        What texts in languages that the embedder cannot read are embedded by (see
        :mod:`labelsift.models.routed_embedding`): numbers by hash bucket, no n-gram; None where there were no such
        texts, or the run was kept without texts.
    sample_links
        Sample id → the address of its task on the last platform that it was pushed to.
    store
        The run store that keeps this run, or None.
    log_length
        How many records the store's log had when the samples were read, so that later erasures are known; None where
        they come from no store, and no scan.
    """

    run: str
    created: datetime
    samples: Samples
    scores: pa.Table
    findings: pa.Table
    classes: tuple[str, ...] = ()
    settings: dict[str, Any] = field(default_factory=dict)
    facts: dict[str, Any] = field(default_factory=dict)
    notes: tuple[str, ...] = ()
    embeddings: np.ndarray | None = None
    pred_probs: np.ndarray | None = None
    projection: pa.Table | None = None
    sample_links: dict[str, str] = field(default_factory=dict)
    store: BaseStore | None = None
    log_length: int | None = None

    def annotators(self) -> pa.Table:
        """Return how good each annotator is: ``annotator, labels, agreement, quality, method``, the weakest first.

        ``agreement`` is with the consensus where others labeled the sample, too; ``quality`` CROWDLAB's. Both are null
        where nothing can be said. No row where the samples have no annotators.
        """
        return pa.Table.from_pylist(self.facts.get("annotators", []), schema=ANNOTATORS_SCHEMA)
