"""A report made by hand whose flagged samples are pushed to labeling platforms."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime

import pyarrow as pa
from labelsift.data.samples import Samples
from labelsift.data.schemas import Finding, findings_table
from labelsift.report import Report

CLASSES = ("card_arrival", "lost_or_stolen_card", "refund", "top_up")


def build_queue(
    rows: int = 12,
    *,
    run: str = "20261123-101500-4f2a",
    classes: Sequence[str] = CLASSES,
    texts: Sequence[str] | None = None,
    flagged: int | None = None,
) -> Report:
    """Build a report whose flagged samples get worse towards the end of the file; every fifth is an outlier too.

    The last sample of all is an outlier only, with the lowest score: it must still come after the disputed labels.
    """
    texts = texts or [f"Message {row}: my card has not arrived, what now?" for row in range(rows)]
    rows = len(texts)
    ids = [f"t{row:05d}" for row in range(rows)]
    labels = [classes[row % len(classes)] for row in range(rows)]
    findings = []
    for row in range(rows - (flagged or rows), rows):
        given, other = labels[row], classes[(row + 1) % len(classes)]
        if row < rows - 1:
            why = f"Labeled {given}; 9 of its 10 nearest samples and the model (0.94) say {other}"
            score = (rows - row) / (rows + 1)
            findings.append(Finding(ids[row], "label", score, why, given=given, suggested=other, confidence=0.94))
        if row % 5 == 0 or row == rows - 1:
            findings.append(Finding(ids[row], "outlier", 0.0 if row == rows - 1 else 0.2, "Unlike every other sample"))
    findings.append(Finding("refund", "imbalance", 0.1, "Only 3 samples", scope="class"))
    return Report(
        run=run,
        created=datetime(2026, 11, 23, 10, 15, tzinfo=UTC),
        samples=Samples(
            pa.table({"id": ids, "text": list(texts), "label": labels}),
            pa.table({"channel": [("mail", "phone")[row % 2] for row in range(rows)]}),
            "tickets",
        ),
        scores=pa.table({"id": ids}),
        findings=findings_table(findings),
        classes=tuple(classes),
    )
