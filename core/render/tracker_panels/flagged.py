"""Flagged table for trackers: findings worst first, the first thousand as a table and all of them as a file."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from ...data.formatting import format_span
from ...data.hidden_texts import HiddenTexts
from ...data.issues import issue_named
from ...data.label_sets import format_labels
from ...texts.redaction import masked

if TYPE_CHECKING:
    from ...store.run import Run

SHOWN = 1_000  # a longer table is slow to open on a tracker's page
_PLACES = 6  # float32 scores would otherwise show digits that mean nothing


def flagged_table(run: Run, *, with_text: bool = False) -> pa.Table:
    """Return every finding about a sample: label issues first, then the other issues, each worst first.

    Scores of different issues do not compare, and every exact duplicate scores 0. A reason, and a given or suggested
    value that is not one of the data set's labels, could carry text and is left out.

    Parameters
    ----------
    with_text
        Add the columns ``reason`` and ``text``, with personal data and secrets masked.

    Returns
    -------
    pyarrow.Table
        ``id, given, suggested, confidence, score, issue, link``: the labels in words, "" for none; the link is to the
        sample's task on a labeling platform.
    """
    findings = run.findings.filter(pc.equal(run.findings["scope"], "sample"))
    issues = findings["issue"].combine_chunks().dictionary_encode()
    ranks = np.array([issue_named(issue).rank for issue in issues.dictionary.to_pylist()], dtype=np.int64)
    codes = issues.indices.to_numpy()
    order = np.lexsort((findings["score"].to_numpy(), ranks[codes] if len(codes) else codes))
    findings = findings.take(pa.array(order))
    labels = set(run.samples.classes) | set(run.classes)
    columns = {
        "id": findings["id"],
        "given": _labels(findings["given"], labels),
        "suggested": _labels(findings["suggested"], labels),
        "confidence": _rounded(findings["confidence"]),
        "score": _rounded(findings["score"]),
        "issue": findings["issue"],
        "link": _links(findings["id"], run.sample_links),
    }
    if with_text:
        columns["reason"] = pa.array(map(masked, findings["reason"].to_pylist()), pa.string())  # of spans: a quotation
        hidden, ids = HiddenTexts(run.findings, run.scores.column_names), findings["id"].to_pylist()
        texts = run.samples.texts.take(pa.array(run.samples.positions(ids))).to_pylist()
        columns["text"] = pa.array([hidden.masked(id, text) for id, text in zip(ids, texts, strict=True)], pa.string())
    return pa.table(columns)


def _links(ids: pa.ChunkedArray, links: Mapping[str, str]) -> pa.Array:
    if not links:
        return pa.repeat("", len(ids))
    return pa.array([links.get(id, "") for id in ids.to_pylist()], pa.string())


def _labels(column: pa.ChunkedArray, labels: set[str]) -> pa.Array:
    """Return labels in words; each different value is looked at once."""
    encoded = column.combine_chunks().dictionary_encode()
    words = pa.array([_label(cell, labels) for cell in encoded.dictionary.to_pylist()], pa.string())
    return pc.fill_null(words.take(encoded.indices), "")


def _label(cell: str, labels: set[str]) -> str:
    value = json.loads(cell)
    if isinstance(value, list) and format_span(value, None) is None:
        return format_labels(value) if all(isinstance(label, str) and label in labels for label in value) else ""
    value = format_span(value, None) or value
    return value if isinstance(value, str) and value in labels else ""


def _rounded(column: pa.ChunkedArray) -> pa.ChunkedArray:
    """Round, NaN and infinity being none."""
    values = column.cast(pa.float64())
    return pc.round(pc.if_else(pc.is_finite(values), values, pa.scalar(None, pa.float64())), _PLACES)
