"""The queue: what of each round is open, decided and skipped, by issue."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from ..data.adjudication import REPEAT
from ..store.base import DEFAULT
from ..store.hash_chain import Record
from ..store.run_reader import read_flagged
from ..store.store import Store
from .record import decisions

OUTCOMES = ("accepted", "changed", "refused")


def queue(*, store: str | Path = DEFAULT, dataset: str | None = None) -> list[dict[str, Any]]:
    """Return one row a run and issue, newest run first: what people were asked, and what came of it.

    A run's round is known once it was pushed to a platform with addresses, or somebody decided on it; other
    runs are left out. A sample with several issues counts in each. A sample is decided if anybody decided on
    it on that run, skipped if people only skipped it, and open otherwise.

    Returns
    -------
    list
        ``run, dataset, rounds, issue, asked, open, decided, skipped, accepted, changed, refused``. The last
        three count decisions, of which a sample can have several.

    Raises
    ------
    StoreError
        If there is no store, or the record is broken.
    """
    kept = Store(store)
    runs = [one for one in kept.runs() if dataset is None or one.dataset == dataset]
    made = [one for one in decisions(kept.ledger.records()) if one.get("asked") != REPEAT]
    rows: list[dict[str, Any]] = []
    for one in runs:
        of_run = [decision for decision in made if decision["run"] == one.run]
        flagged, asked = read_flagged(kept.place_of(one.run))
        asked = asked | {decision["id"] for decision in of_run}
        rounds = sorted({decision["round"] for decision in of_run if decision["round"]})
        for issue, ids in _by_issue(flagged, asked, of_run).items():
            told = {"run": one.run, "dataset": one.dataset, "rounds": rounds, "issue": issue}
            rows.append(told | _counts(ids, [decision for decision in of_run if decision["id"] in ids]))
    return rows


def _by_issue(flagged: Iterable[tuple[str, str]], asked: set[str], of_run: Sequence[Record]) -> Mapping[str, set[str]]:
    """Return issue → the samples that people were asked about; those that nobody flagged come last."""
    found: dict[str, set[str]] = {}
    for id, issue in flagged:
        if id in asked:
            found.setdefault(issue, set()).add(id)
    rest = {one["id"] for one in of_run} - set().union(*found.values())
    return found | ({"not flagged": rest} if rest else {})


def _counts(ids: set[str], of_issue: Sequence[Record]) -> dict[str, int]:
    decided = {one["id"] for one in of_issue if one["verdict"] != "skipped"}
    skipped = {one["id"] for one in of_issue} - decided
    verdicts = Counter(one["verdict"] for one in of_issue)
    counts = {"asked": len(ids), "open": len(ids - decided - skipped), "decided": len(decided), "skipped": len(skipped)}
    return counts | {name: verdicts[name] for name in OUTCOMES}
