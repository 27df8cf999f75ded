"""Labeling batches of a slice: all its samples, also those that are not flagged, worst first.

First come samples whose label is flagged and whose prediction differs from it, then other wrong predictions, then
other flagged labels, then the rest; among these the less likely labels. Like a batch of similar samples it is kept as a
small run of its own, so that decisions on it find their texts and labels again.
"""

from __future__ import annotations

import hashlib
from dataclasses import replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from ..data.hidden_texts import hidden_columns
from ..data.schemas import Finding, findings_table, from_json, of_issue
from ..errors import InputError
from ..metrics.slice_metrics import FEWEST, PROXY, ScoredLabels, estimates, score_column, scored_labels
from .batch import kept_batch, settings_of_batch
from .named_slices import Definitions, hides, selection_of, slice_mask, slice_words

if TYPE_CHECKING:
    from ..store.run import Run

SLICE = "slice"  # the issue that the samples of such a batch have
_GIVEN = {
    "classification": "the given label",
    "multilabel": "the given labels",
    "spans": "what is marked",
}


def slice_batch(
    run: Run, *, part: str | None = None, where: str | None = None, slices: Definitions | None = None
) -> Run:
    """Return the samples of a slice as something to push: one finding each, worst first.

    The same slice of the same run makes the same batch, so that pushing it twice changes nothing, and pushing it with a
    larger budget adds to it.

    Parameters
    ----------
    part
        The name or slug of a slice, as :func:`labelsift.search.named_slices.slice_mask` takes it.
    where
        Instead: a condition in SQL.
    slices
        Definitions of named slices; those that the run keeps where None.

    Raises
    ------
    InputError
        If there is no such slice, no sample is in it, or the run is kept in no store.
    """
    if (part is None) == (where is None):
        raise InputError("A batch is of one slice", hint="Name a slice or a condition, one of both")
    if run.store is None:
        raise InputError("A batch needs a run store, which knows its samples when the decisions come", hint="Name one")
    if where is not None:
        mask, words = selection_of(run).matching(where), "what was chosen"
    else:
        mask = slice_mask(run, str(part), slices)
        # a reason names no personal value, and is read where the columns are not shown
        shown = not hides(run.samples, str(part), hidden_columns(run.facts))
        words = f"the slice {slice_words(run, str(part), slices)}" if shown else "the chosen slice"
    if not mask.any():
        raise InputError("No sample is in this slice", ids=[part or where], hint="Check its condition")
    return kept_batch(_batch(run, mask, words), run.store)


def _batch(run: Run, mask: np.ndarray, words: str) -> Run:
    data = scored_labels(run)
    everywhere = replace(data, evaluated=None)  # what a sample's prediction is plays no part in what the rate counts
    wrong = everywhere.both & ~everywhere.right
    order = _worst_first(run, np.flatnonzero(mask), wrong, data.flagged)
    rows, scores = order
    rate_words, who = _rate_words(data, mask, words)
    suggested = _suggestions(run)
    ids = run.samples.ids.take(pa.array(rows)).to_pylist()
    findings = []
    for id, row, score in zip(ids, rows.tolist(), scores.tolist(), strict=True):
        reason = f"{rate_words}{_here(everywhere, row, who)}"
        suggestion, confidence = suggested.get(id, (None, None))
        if data.flagged[row]:
            reason += " The scan doubts its label."
        findings.append(Finding(id, SLICE, score, reason, suggested=suggestion, confidence=confidence))
    digest = hashlib.sha256(repr((rate_words, sorted(ids))).encode())
    return replace(
        run,
        run=f"{run.run}-slice-{digest.hexdigest()[:8]}",
        created=datetime.now(UTC),
        samples=run.samples.take(rows),
        scores=pa.table({"id": ids, "slice_score": scores, "is_slice_issue": np.ones(len(ids), dtype=bool)}),
        findings=findings_table(findings),
        settings=settings_of_batch(run),
        facts={"rows": len(ids)},
        notes=(),
        embeddings=None,
        pred_probs=None,
        sample_links={},
    )


def _worst_first(run: Run, rows: np.ndarray, wrong: np.ndarray, flagged: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return the rows in the order in which they are asked about, and their scores: 0 the worst, 1 good."""
    likely = score_column(run, "label_score")
    likely = None if likely is None else likely.to_numpy().astype(np.float64)[rows]
    within = np.full(len(rows), 0.5) if likely is None else np.where(np.isfinite(likely), np.clip(likely, 0, 1), 0.5)
    group = 3 - 2 * wrong[rows] - flagged[rows]  # 0: both, 1: wrong, 2: flagged, 3: neither
    scores = ((group + within) / 4).astype(np.float32)
    order = np.argsort(scores, kind="stable")
    return rows[order], scores[order]


def _rate_words(data: ScoredLabels, mask: np.ndarray, words: str) -> tuple[str, str]:
    """Say how often the model differs from the labels, where enough samples count; and what to call it after that."""
    place = f"In {words}"
    if not data.source:
        return f"{place}.", ""
    figures = estimates(data, "error_rate", np.where(mask, 0, -1), 1)
    counted = int(data.both[mask].sum())
    model = "the built-in model (a proxy for yours)" if data.source == PROXY else "the model"
    if counted < FEWEST:
        return f"{place}:", model
    low, high = (float(end[0]) for end in figures.interval())
    share = f"{_whole(float(figures.value[0]))} % ({_whole(low)} to {_whole(high)})"
    return f"{place} {model} differs from {_GIVEN[data.task]} in {share} of {counted:,} samples;", "it"


def _whole(share: float) -> str:
    return f"{100 * share:.0f}"


def _here(data: ScoredLabels, row: int, who: str) -> str:
    """Say what the model says of one sample, after what it says of the slice."""
    if not data.source:
        return ""
    if data.several is None and data.predicted[row] >= 0:
        return f" here {who} says {data.classes[data.predicted[row]]}."
    if not data.both[row]:
        return " here nothing can be compared."
    given = _GIVEN[data.task]
    return f" here {who} agrees with {given}." if data.right[row] else f" here {who} differs from {given}."


def _suggestions(run: Run) -> dict[str, tuple[object, float | None]]:
    """Return what the scan suggests in place of flagged labels: id → (label or set, confidence)."""
    table = of_issue(run.findings, "label")
    table = table.filter(pc.equal(table["scope"], "sample")).select(["id", "suggested", "confidence"])
    return {
        row["id"]: (suggested, row["confidence"])
        for row in table.to_pylist()
        if (suggested := from_json(row["suggested"])) is not None
    }
