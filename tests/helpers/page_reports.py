"""Reports with more than the page's own tests make: what a check says of a data set, and vectors for a map."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pyarrow as pa
from labelsift.data.schemas import Finding, findings_table
from labelsift.report import Report


def with_check(report: Report, issue: str, rows: list[int], *findings: Finding, kinds: str = "", **said: Any) -> Report:
    """Return the report with a check that flagged some rows, and said something of the data set."""
    ids = report.samples.ids.to_pylist()
    flags = np.isin(np.arange(len(ids)), rows)
    scores = report.scores.append_column(f"{issue}_score", pa.array(np.where(flags, 0.1, 1).astype(np.float32)))
    made = [
        Finding(ids[row], issue, 0.1, f"Reason {place}.", kind=kinds[place] if kinds else "")
        for place, row in enumerate(rows)
    ]
    return replace(
        report,
        scores=scores.append_column(f"is_{issue}_issue", pa.array(flags)),
        findings=pa.concat_tables([report.findings, findings_table([*made, *findings])]),
        facts=report.facts | {"checks": report.facts.get("checks", {}) | ({issue: said} if said else {})},
    )


def with_vectors(report: Report, groups: int = 3, seed: int = 0) -> Report:
    """Return the report with vectors of which those of one group lie together."""
    rng = np.random.default_rng(seed)
    rows = len(report.samples)
    vectors = rng.normal(size=(groups, 32))[np.arange(rows) % groups] + 0.3 * rng.normal(size=(rows, 32))
    return replace(report, embeddings=(vectors / np.linalg.norm(vectors, axis=1, keepdims=True)).astype(np.float32))
