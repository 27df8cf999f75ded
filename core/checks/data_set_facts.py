"""Verdicts and tables of the checks about the data set as a whole, as plain values that a run keeps."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

from .context import Result


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
