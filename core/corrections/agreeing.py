"""How often people agree with the suggestions, issue by issue, and how long a decision takes them."""

from __future__ import annotations

import contextlib
import statistics
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa

from ..data.adjudication import REPEAT, SECOND_LOOK
from ..errors import LabelsiftError
from ..store.base import DEFAULT
from ..store.run_reader import read_shown
from ..store.store import Store

UNKNOWN = "unknown"  # the issue of samples whose run the store does not have


@dataclass(frozen=True)
class Agreement:
    """What people said of the samples that were flagged for one issue.

    Parameters
    ----------
    issue
        A sample with several issues counts in each; ``unknown`` where the store does not have the run.
    accepted, changed, refused, skipped
        Decisions: the suggestion was taken; another label was chosen; the given one was kept; no answer.
    seconds
        The median time of a decision, skipped ones aside; None where the platform measured none.
    """

    issue: str
    accepted: int = 0
    changed: int = 0
    refused: int = 0
    skipped: int = 0
    seconds: float | None = None

    @property
    def decided(self) -> int:
        """How many decisions there are, skipped ones aside."""
        return self.accepted + self.changed + self.refused

    @property
    def share(self) -> float | None:
        """Which share of the decisions took the suggestion, 0..1; None without decisions."""
        return self.accepted / self.decided if self.decided else None


def agreement(corrections: pa.Table, *, store: str | Path = DEFAULT) -> tuple[Agreement, ...]:
    """Count how people's decisions agree with the suggestions, by issue; the most frequent issue first.

    Parameters
    ----------
    corrections
        What ``pull`` returns; see :data:`labelsift.data.schemas.CORRECTIONS_SCHEMA`. What was asked once more to see
        whether people agree with themselves, or as a second look, does not count.
    store
        The folder that keeps the runs: it knows what each sample was flagged for.
    """
    rows = [row for row in corrections.to_pylist() if row.get("asked") not in (REPEAT, SECOND_LOOK)]
    issues = _issues(rows, Store(store))
    found: dict[str, list[Mapping[str, Any]]] = defaultdict(list)
    for row in rows:
        for issue in issues.get((row["run"], row["id"]), (UNKNOWN,)):
            found[issue].append(row)
    counted = [_counted(issue, several) for issue, several in found.items()]
    return tuple(sorted(counted, key=lambda one: (one.issue == UNKNOWN, -one.decided, one.issue)))


def _issues(rows: list[dict[str, Any]], store: Store) -> dict[tuple[str, str], tuple[str, ...]]:
    of_run: dict[str, list[str]] = defaultdict(list)
    for row in rows:
        if row["run"]:
            of_run[row["run"]].append(row["id"])
    found: dict[tuple[str, str], tuple[str, ...]] = {}
    for run, ids in of_run.items():
        with contextlib.suppress(LabelsiftError):
            shown = read_shown(store.place_of(run), list(dict.fromkeys(ids)))
            found |= {(run, id): one.issues for id, one in shown.items() if one.issues}
    return found


def _counted(issue: str, rows: list[Mapping[str, Any]]) -> Agreement:
    counts = {
        name: sum(row["verdict"] == name for row in rows) for name in ("accepted", "changed", "refused", "skipped")
    }
    seconds = [row["seconds"] for row in rows if row["seconds"] is not None and row["verdict"] != "skipped"]
    return Agreement(issue, **counts, seconds=round(statistics.median(seconds), 1) if seconds else None)
