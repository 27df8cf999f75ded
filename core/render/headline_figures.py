"""Headline figures of a run as plain values: for ``--json``, dashboards and tests."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pyarrow.compute as pc

from ..data.schemas import issues_in, of_issue
from ..metrics.slice_metrics import judged_labels

if TYPE_CHECKING:
    from ..store.run import Run


def headline_figures(run: Run) -> dict[str, Any]:
    """Return run, data set, counts and rates of its issues, facts, notes and settings."""
    rows = len(run.samples)
    flagged = {name: pc.sum(run.scores[f"is_{name}_issue"]).as_py() or 0 for name in issues_in(run.scores)}
    judged = int(judged_labels(run).sum())
    if "span_score" in run.scores.column_names:
        judged = rows - run.scores["span_score"].null_count
    return {
        "run": run.run,
        "dataset": run.samples.name,
        "fingerprint": run.samples.fingerprint,
        "created": run.created.isoformat(),
        "rows": rows,
        "labeled": run.facts.get("labeled", 0),
        "judged": judged,
        "classes": len(run.samples.classes),
        "issues": {
            name: {"count": count, "rate": count / of if of else None}
            if run.scores[f"{name}_score"].null_count < rows
            else {"count": of_issue(run.findings, name).num_rows, "rate": None}  # of classes or the data set
            for name, count in flagged.items()
            for of in (judged if name in ("label", "span") else rows,)
        },
        "findings": run.findings.num_rows,
        "facts": run.facts,
        "notes": list(run.notes),
        "settings": run.settings,
    }
