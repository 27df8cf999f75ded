"""Data frame of a run: one row a sample with its labels as plain values, not as JSON."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from ..data.schemas import from_json, issues_in
from ..errors import MissingExtraError

if TYPE_CHECKING:
    import pandas as pd

    from ..store.run import Run

OWN = ("text", "given", "suggested", "confidence", "score", "issues")


def frame(run: Run) -> pd.DataFrame:
    """Return one row a sample, by id, in the order of the data; see :meth:`labelsift.report.Report.to_pandas`."""
    try:
        import pandas as pd
    except ImportError:
        raise MissingExtraError("pandas", "pandas", purpose="A data frame") from None
    ids, samples = run.samples.ids.to_pylist(), run.samples
    given = [None] * len(ids) if samples.given is None else samples.given.to_pylist()
    if samples.task != "classification":
        given = [from_json(cell) for cell in given]
    suggested: dict[str, tuple[Any, float | None]] = {}
    for row in run.findings.select(["id", "scope", "suggested", "confidence"]).to_pylist():  # worst first
        if row["scope"] == "sample" and (value := from_json(row["suggested"])) is not None:
            suggested.setdefault(row["id"], (value, row["confidence"]))
    flags = {issue: run.scores[f"is_{issue}_issue"].to_numpy(zero_copy_only=False) for issue in issues_in(run.scores)}
    issues: list[list[str]] = [[] for _ in ids]
    for issue, flagged in flags.items():
        for row in np.flatnonzero(flagged == True):  # noqa: E712 - where a check judged nothing there are nulls
            issues[row].append(issue)
    score = next((name for name in ("label_score", "span_score") if name in run.scores.column_names), None)
    columns: dict[str, Any] = {"text": samples.texts.to_pylist()} if samples.has_texts and not samples.textless else {}
    columns |= {
        "given": given,
        "suggested": [suggested.get(id, (None, None))[0] for id in ids],
        "confidence": np.array([suggested.get(id, (None, None))[1] for id in ids], dtype=np.float32),
        "score": run.scores[score].to_numpy() if score else np.full(len(ids), np.nan, dtype=np.float32),
        "issues": issues,
    }
    for name, values in zip(samples.metadata.column_names, samples.metadata.columns, strict=True):
        columns[f"metadata.{name}" if name in OWN else name] = values.to_pandas().to_numpy()
    return pd.DataFrame(columns, index=pd.Index(ids, name="id"))
