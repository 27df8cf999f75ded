"""Progress of the review: open and decided samples by issue, acceptance of suggestions, labeling time."""

from __future__ import annotations

import contextlib
import statistics
from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from os import PathLike
from typing import Any

import pyarrow as pa

from ..data.adjudication import BOTH_FIT, REPEAT, SECOND_LOOK, SKIPPED, UNCLEAR, UNDECIDED
from ..errors import LabelsiftError
from ..review.actions import concerned
from ..review.judged_labels import ISSUES, learned, withdrawn
from ..store.base import DEFAULT
from ..store.hash_chain import Record
from ..store.run_info import RunInfo
from ..store.run_reader import read_flagged, read_label_claims, read_sample_records
from ..store.store import Store
from .outlook import LEVEL, asked_next, open_labels, outlook
from .probe_estimates import judged_probes
from .record import decisions

UNKNOWN = "unknown"  # the issue of samples whose run the store does not have
LONGEST = 600.0  # seconds of one decision that count: a page that was left open is no work
_OUTCOMES = ("accepted", "changed", "refused", BOTH_FIT)


def queue(
    *, store: str | PathLike[str] = DEFAULT, dataset: str | None = None, level: float = LEVEL
) -> list[dict[str, Any]]:
    """Return one row a run and issue, newest run first: what people were asked, and what came of it.

    A run's round is known once it was pushed to a platform with addresses, or somebody decided on it; other
    runs are left out. A sample with several issues counts in each. A sample is decided if anybody decided on
    it on that run, unclear or skipped if people only said so, and open otherwise, also where a label was taken off.

    Parameters
    ----------
    level
        Share of wrong labels among the next questions below which it is time to stop, 0..1.

    Returns
    -------
    list
        ``run, dataset, rounds, issue, asked, open, decided, unclear, skipped, accepted, changed, refused, both_fit``;
        the last four count decisions, and a sample can have several; and ``outlook``, the same for all rows of a run:
        see :class:`labelsift.corrections.outlook.Outlook`; None where no label of the run was asked about.

    Raises
    ------
    StoreError
        If there is no store, or the record is broken.
    """
    kept = Store.of(store)
    runs = [info for info in kept.runs() if dataset is None or info.dataset == dataset]
    by_run: dict[str | None, list[Record]] = defaultdict(list)
    records = kept.ledger.records()
    for decision in decisions(records):
        if decision.get("asked") != REPEAT:
            by_run[decision["run"]].append(decision)
    rows: list[dict[str, Any]] = []
    for info in runs:
        of_run = by_run[info.run]
        flagged, pushed = read_flagged(kept.place_of(info.run))
        asked = pushed | {decision["id"] for decision in of_run}
        rounds = sorted({decision["round"] for decision in of_run if decision["round"]})
        by_issue: dict[str, set[str]] = defaultdict(set)
        for id, issue in flagged:
            if id in asked:
                by_issue[issue].add(id)
        unflagged = {decision["id"] for decision in of_run} - set().union(*by_issue.values())
        if unflagged:  # comes last
            by_issue["not flagged"] = unflagged
        of_labels = set().union(*(by_issue.get(issue, ()) for issue in ISSUES))
        ahead = _outlook(kept, info, records, of_labels, level=level) if of_labels else None
        for issue, ids in by_issue.items():
            row = {"run": info.run, "dataset": info.dataset, "rounds": rounds, "issue": issue}
            counts = counts_of(ids, [decision for decision in of_run if decision["id"] in ids])
            rows.append(row | counts | {"outlook": ahead})
    return rows


def _outlook(
    store: Store, info: RunInfo, records: Sequence[Record], asked: Collection[str], *, level: float
) -> dict[str, Any]:
    """Say what the answers on a run's labels mean for the rest of it."""
    rates = learned(records, run=info.run)
    taken_back = withdrawn(records)
    valid = [each for each in decisions(records, dataset=info.dataset) if each["number"] not in taken_back]
    judged = {decision["id"] for decision in valid if decision["verdict"] not in UNDECIDED}
    answered = {decision["id"] for decision in valid if decision["run"] == info.run} | judged
    claims, facts = read_label_claims(store.place_of(info.run))
    labels = open_labels(claims, facts, judged=judged, probed=judged_probes(records, info.run))
    questions = asked_next(rates, claims, asked=set(asked) - answered)
    times = [
        min(decision["seconds"], LONGEST)
        for decision in valid
        if decision["run"] == info.run and decision["verdict"] not in UNDECIDED and (decision["seconds"] or -1) >= 0
    ]
    seconds = statistics.fmean(times) if times else None
    return outlook(rates, labels, questions, level=level, seconds=seconds).as_dict()


def counts_of(ids: set[str], of_issue: Sequence[Record]) -> dict[str, int]:
    """Count samples that people were asked about by what became of them, and the decisions by their verdict."""
    decided = {decision["id"] for decision in of_issue if decision["verdict"] not in UNDECIDED}
    unclear = {decision["id"] for decision in of_issue if decision["verdict"] == UNCLEAR} - decided
    skipped = {decision["id"] for decision in of_issue if decision["verdict"] == SKIPPED} - decided - unclear
    verdicts = Counter(decision["verdict"] for decision in of_issue)
    counts = {"asked": len(ids), "open": len(ids - decided - unclear - skipped), "decided": len(decided)}
    counts |= {"unclear": len(unclear), "skipped": len(skipped)}
    return counts | {name: verdicts[name] for name in _OUTCOMES}


@dataclass(frozen=True)
class Agreement:
    """What people said of the samples that were flagged for one issue.

    Parameters
    ----------
    issue
        A sample with several issues counts in each; ``unknown`` where the store does not have the run.
    accepted, changed, refused, both_fit, unclear, skipped
        Decisions: the suggestion was taken; another label was chosen; the given one was kept; it was kept because
        both fit; nobody can tell; no answer.
    seconds
        The median time of a decision, skipped ones aside; None where the platform measured none.
    """

    issue: str
    accepted: int = 0
    changed: int = 0
    refused: int = 0
    both_fit: int = 0
    unclear: int = 0
    skipped: int = 0
    seconds: float | None = None

    @property
    def decided(self) -> int:
        """How many decisions take or refuse the suggestion, as neither skipped ones nor "both fit" do."""
        return self.accepted + self.changed + self.refused

    @property
    def share(self) -> float | None:
        """Which share of the decisions took the suggestion, 0..1; None without decisions."""
        return self.accepted / self.decided if self.decided else None


def agreement(corrections: pa.Table, *, store: str | PathLike[str] = DEFAULT) -> tuple[Agreement, ...]:
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
    issues = _issues(rows, Store.of(store))
    by_issue: dict[str, list[Mapping[str, Any]]] = defaultdict(list)
    for row in rows:
        for issue in concerned(row["action"], issues.get((row["run"], row["id"]), (UNKNOWN,))):
            by_issue[issue].append(row)
    counted = [_agreement(issue, of_issue) for issue, of_issue in by_issue.items()]
    return tuple(sorted(counted, key=lambda entry: (entry.issue == UNKNOWN, -entry.decided, entry.issue)))


def _issues(rows: list[dict[str, Any]], store: Store) -> dict[tuple[str, str], tuple[str, ...]]:
    """Return (run, sample id) → what the sample was flagged for."""
    ids_by_run: dict[str, list[str]] = defaultdict(list)
    for row in rows:
        if row["run"]:
            ids_by_run[row["run"]].append(row["id"])
    issues: dict[tuple[str, str], tuple[str, ...]] = {}
    for run, ids in ids_by_run.items():
        with contextlib.suppress(LabelsiftError):
            samples = read_sample_records(store.place_of(run), list(dict.fromkeys(ids)))
            issues |= {(run, id): sample.issues for id, sample in samples.items() if sample.issues}
    return issues


def _agreement(issue: str, rows: list[Mapping[str, Any]]) -> Agreement:
    verdicts = Counter(row["verdict"] for row in rows)
    counts = {name: verdicts[name] for name in (*_OUTCOMES, UNCLEAR, SKIPPED)}
    seconds = [row["seconds"] for row in rows if row["seconds"] is not None and row["verdict"] not in UNDECIDED]
    return Agreement(issue, **counts, seconds=round(statistics.median(seconds), 1) if seconds else None)


@dataclass(frozen=True)
class LabelingTime:
    """Time of people.

    Parameters
    ----------
    decisions
        How many they made.
    hours
        The time of those whose platform tells it, at most ten minutes each.
    untimed
        Decisions whose time nobody knows, as in a spreadsheet.
    capped
        Decisions that took longer than the ten minutes that count.
    accepted
        Decisions for the label that labelsift suggested: no independent yardstick.
    """

    decisions: int
    hours: float
    untimed: int
    capped: int
    accepted: int

    def __str__(self) -> str:
        timed = f"{self.hours:.1f} hours for {self.decisions - self.untimed:,} decisions"
        capped = f"; {self.capped:,} of them counted as ten minutes" if self.capped else ""
        untimed = f"; {self.untimed:,} further decisions without a time" if self.untimed else ""
        return f"{timed}{capped}{untimed}; {self.accepted:,} accepted a suggestion"


def rounds_between(runs: Iterable[RunInfo], *, old: str, new: str) -> set[str]:
    """Return the runs whose decisions led from one run to another: the old one, and later ones before the new one."""
    by_name = {info.run: info for info in runs}
    first, last = by_name[old].created, by_name[new].created
    same = [info for info in by_name.values() if info.dataset == by_name[old].dataset]
    return {old} | {info.run for info in same if first < info.created < last}


def labeling_time(records: Iterable[Record], *, runs: Collection[str], until: datetime) -> LabelingTime:
    """Add up the time of the decisions on some runs that were made before a moment."""
    made = [
        decision
        for decision in decisions(records)
        if decision["run"] in runs and datetime.fromisoformat(decision["time"]) < until
    ]
    seconds = [decision["seconds"] for decision in made if decision["seconds"] is not None and decision["seconds"] >= 0]
    return LabelingTime(
        decisions=len(made),
        hours=sum(min(time, LONGEST) for time in seconds) / 3600,
        untimed=len(made) - len(seconds),
        capped=sum(time > LONGEST for time in seconds),
        accepted=sum(decision["verdict"] == "accepted" for decision in made),
    )
