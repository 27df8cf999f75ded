"""Issue changes between two runs: how many flags each issue has, and why those of the shared samples came or went.

A flag that came or went on a sample that somebody changed or decided on is fixed or has appeared. On any other sample
it may have gone because people's answers recalibrated the claims, because another version of the method judged, or
because a model was fitted anew. Each is counted apart; what is left is the evidence's, and counts as fixed or appeared.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from ..data.schemas import issues_in
from ..store.run import Run
from .alignment import MatchedRows
from .recalibration import ClaimsBefore
from .refit_noise import method_of, wavering
from .slice_metrics import score_column

CLAIMS = ("label", "ambiguous")  # issues whose flags follow the claims on a label
CAUSES = ("recalibrated", "other_method", "wavered")  # for which a flag counts neither as fixed nor as appeared
_COUNTS = ("old", "new", "fixed", "appeared", *CAUSES)


def issue_changes(
    old: Run,
    new: Run,
    matched: MatchedRows,
    *,
    untouched: np.ndarray,
    refitted: bool,
    before: ClaimsBefore | None,
) -> tuple[pa.Table, np.ndarray]:
    """Count the flags of two runs.

    Parameters
    ----------
    untouched
        bool, shape (shared,): see :func:`labelsift.metrics.refit_noise.untouched_samples`.
    refitted
        Whether the runs differ by their data alone, or by versions of the method.
    before
        See :func:`labelsift.metrics.recalibration.claims_before`.

    Returns
    -------
    pyarrow.Table
        See ``issues`` of :class:`labelsift.metrics.compare.Comparison`.
    numpy.ndarray
        The samples whose label flag was recalibrated: bool, shape (shared,).
    """
    other_method = method_of(old) != method_of(new)
    moved = np.zeros(len(untouched), dtype=bool)
    was, now = _flags(old, matched.old, "label"), _flags(new, matched.new, "label")
    if before is not None and was is not None and now is not None:
        moved = untouched & (was != now) & (before.flagged == was)
    rows = []
    for issue in dict.fromkeys([*issues_in(old.scores), *issues_in(new.scores)]):
        columns = [score_column(run, f"is_{issue}_issue") for run in (old, new)]
        row: dict[str, Any] = {"issue": issue}
        row["old"], row["new"] = (None if column is None else pc.sum(column).as_py() for column in columns)
        was, now = _flags(old, matched.old, issue), _flags(new, matched.new, issue)
        if was is not None and now is not None:
            flips = was != now
            recalibrated = flips & moved if issue in CLAIMS else np.zeros_like(moved)
            by_method = flips & untouched & other_method & ~recalibrated
            wavered = flips & ~recalibrated & ~by_method & refitted
            wavered &= _wavering(old, new, matched, issue, untouched, before)
            rest = flips & ~recalibrated & ~by_method & ~wavered
            row |= {"fixed": int((rest & ~now).sum()), "appeared": int((rest & now).sum())}
            by_cause = zip(CAUSES, (recalibrated, by_method, wavered), strict=True)
            row |= {cause: int(rows_of.sum()) for cause, rows_of in by_cause}
        rows.append(row)
    columns_of = [("issue", pa.string()), *((name, pa.int64()) for name in _COUNTS)]
    return pa.Table.from_pylist(rows, schema=pa.schema(columns_of)), moved


def _flags(run: Run, rows: pa.Array, issue: str) -> np.ndarray | None:
    """Tell which of some samples have an issue: bool, shape (shared,); None where the run did not look for it."""
    column = score_column(run, f"is_{issue}_issue")
    return None if column is None else column.take(rows).to_numpy().astype(bool)


def _wavering(
    old: Run, new: Run, matched: MatchedRows, issue: str, untouched: np.ndarray, before: ClaimsBefore | None
) -> np.ndarray:
    scores = [score_column(run, f"{issue}_score") for run in (old, new)]
    if scores[0] is None or scores[1] is None:
        return np.zeros(len(untouched), dtype=bool)
    earlier, later = scores[0].take(matched.old), scores[1].take(matched.new)
    if issue == "label" and before is not None:  # what answers moved it by is no refit noise
        later = pa.array(before.score, from_pandas=True)
    return wavering(earlier, later, untouched)
