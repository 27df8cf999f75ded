"""Facts of a whole data set that a run keeps: verdicts and tables of the checks, size, the model's agreement."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

import numpy as np

from .context import Context, Result


def facts_in(results: Mapping[str, Result]) -> dict[str, dict[str, Any]]:
    """Return issue → ``verdict`` and ``tables`` (see :class:`labelsift.checks.context.FactTable`), where there are any.

    >>> import numpy as np
    >>> facts_in({"empty": Result(np.ones(1), np.zeros(1, dtype=bool), []),
    ...           "non_iid": Result.of_data_set([], verdict="The rows are sorted by label.")})
    {'non_iid': {'verdict': 'The rows are sorted by label.', 'tables': []}}
    """
    return {
        issue: {
            "verdict": result.verdict,
            "tables": [
                asdict(table) | {"columns": list(table.columns), "shares": list(table.shares)}
                for table in result.tables
            ],
        }
        for issue, result in results.items()
        if result.verdict or result.tables
    }


def describe(context: Context) -> None:
    """Keep the size of the data, and how often the model agrees with the labels."""
    given, label = context.samples.given, context.results.get("label")
    labeled = 0 if given is None else len(given) - given.null_count
    context.facts.update({"rows": len(context), "labeled": labeled, "classes": len(context.classes)})
    if context.samples.task != "classification":
        return
    if context.pred_probs is not None and labeled:
        known = (context.codes >= 0) & np.isfinite(context.pred_probs).all(axis=1)
        if label is not None:
            known &= np.isfinite(label.score)  # of a text that cannot be judged the model's word means nothing
        right = context.pred_probs[known].argmax(axis=1) == context.codes[known]
        context.facts["agreement_with_model"] = float(right.mean()) if known.any() else None
