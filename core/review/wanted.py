"""What decisions give each sample, for ``apply``: the value, who decided, and the texts that they judged."""

from __future__ import annotations

import contextlib
import json
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from os import PathLike

import pyarrow as pa

from ..data.adjudication import UNDECIDED, Policy, Vote, resolve, vote_of
from ..data.review_queue import Value
from ..errors import LabelsiftError
from ..platforms import Receipt
from ..store.run_reader import read_sample_records
from ..store.store import Store


@dataclass(frozen=True)
class Wanted:
    """What people decided of one sample.

    Parameters
    ----------
    value
        The label or labels that it should have, as the project writes them; None where what stands there is right.
    person, note
        Who decided, and what an answer may say of it.
    """

    value: Value | None
    person: str = ""
    note: str = ""


def wanted_of(
    corrections: pa.Table,
    receipt: Receipt,
    *,
    policy: Policy,
    experts: Sequence[str],
    to_project: Callable[[Value], Value],
    fault: Callable[[Value], str | None],
    unsayable: Mapping[str, str],
) -> dict[str, Wanted]:
    """Return what each decided sample should say; what cannot be said is named in the receipt.

    Parameters
    ----------
    to_project
        Writes a value under the names of the project.
    fault
        Says why such a value is none of the project's; None where it is one.
    unsayable
        Action that no answer can say → what to do instead.
    """
    resolution = resolve(corrections, policy=policy, experts=experts)
    for sample, votes in resolution.conflicts.items():
        people = ", ".join(sorted({person for several in votes.values() for person in several}))
        receipt.failed[sample] = f"People differ ({people}), and the policy {policy} decides nothing"
    voters = _voters(corrections)
    wanted: dict[str, Wanted] = {}
    for sample, (action, cell) in resolution.decided.items():
        if action in unsayable:
            receipt.failed[sample] = unsayable[action]
        elif action == "keep":
            wanted[sample] = Wanted(None)
        else:
            value = to_project(json.loads(cell))
            wrong = fault(value)
            if wrong:
                receipt.failed[sample] = wrong
                continue
            person, when = voters[sample, (action, cell)]
            wanted[sample] = Wanted(value, person, f"labelsift: corrected as {person or 'people'} decided{when}")
    return wanted


def _voters(corrections: pa.Table) -> dict[tuple[str, Vote], tuple[str, str]]:
    """Return (sample, vote) → who cast it last, and when."""
    rows = [row for row in corrections.to_pylist() if row["verdict"] not in UNDECIDED]
    rows.sort(key=lambda row: (row["time"] is not None, row["time"]))
    return {
        (row["id"], vote_of(row)): (row["person"] or "", f" on {row['time']:%Y-%m-%d}" if row["time"] else "")
        for row in rows
    }


def judged_texts(corrections: pa.Table, store: str | PathLike[str] | None) -> dict[str, set[str]]:
    """Return sample id → hashes of the texts that people judged, of the runs that the store has."""
    of_run: dict[str, set[str]] = defaultdict(set)
    for run, sample in zip(corrections["run"].to_pylist(), corrections["id"].to_pylist(), strict=True):
        of_run[run or ""].add(sample)
    run_store, hashes = Store.of(store), defaultdict(set)
    for run in of_run.keys() - {""}:
        with contextlib.suppress(LabelsiftError):
            for sample, sample_shown in read_sample_records(run_store.place_of(run), sorted(of_run[run])).items():
                hashes[sample].add(sample_shown.text_hash)
    return hashes
