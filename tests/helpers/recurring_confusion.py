"""Confusions that recur: a finding about a pair of classes, and a report that holds some."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import pyarrow as pa
from labelsift.data.schemas import Finding, findings_table, to_json
from labelsift.report import Report


def confusion(given: str, suggested: str, members: Sequence[str], *, count: int = 40) -> Finding:
    """Return a slip that recurs, with some of its samples; the first three contrast with each other."""
    contrast = [members[:3]] if members else []
    return Finding(
        to_json(sorted((given, suggested))),
        "label",
        0.1,
        f"{count} of 900 labeled {given} look like {suggested}, 4 the other way: the same mistake again and again.",
        kind="systematic",
        scope="class",
        given=given,
        suggested=suggested,
        confidence=0.9,
        related_ids=members,
        group_id="pair",
        evidence={"verdict": "slip", "count": count, "back": 4, "size_given": 900, "contrast": contrast},
    )


def with_confusions(report: Report, *findings: Finding) -> Report:
    """Return the report with further findings."""
    return replace(report, findings=pa.concat_tables([report.findings, findings_table(findings)]))
