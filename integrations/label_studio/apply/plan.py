"""Plan of ``apply``: the value that decisions give each sample, who decided, and which task is the one judged."""

from __future__ import annotations

import contextlib
import json
from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from os import PathLike
from typing import Any

import pyarrow as pa
from labelsift.data.adjudication import UNDECIDED, Policy, Vote, resolve, vote_of
from labelsift.data.hashing import text_hash
from labelsift.errors import LabelsiftError
from labelsift.platforms import Receipt
from labelsift.review.suggestions import labels_in
from labelsift.store.run_reader import read_sample_records
from labelsift.store.store import Store

from ..convert.label_config import LabelControl
from ..convert.regions import Value
from ..convert.task_fields import PREFIX
from ..state.match import NUMBER

_NO_ANNOTATION = {
    "remove": "it says to remove the sample: delete the task, or leave it out of the export",
    "edit": "it changes the text: import the task anew with the new one",
    "redact": "it changes the text: import the task anew with the new one",
}


@dataclass(frozen=True)
class Wanted:
    """What people decided of one sample.

    Parameters
    ----------
    value
        The label or labels that it should have; None where what stands there is right.
    person, note
        Who decided, and what the annotation says of it.
    """

    value: Value | None
    person: str = ""
    note: str = ""


def wanted_of(
    corrections: pa.Table, target: LabelControl, receipt: Receipt, *, policy: Policy, experts: Sequence[str]
) -> dict[str, Wanted]:
    """Return what each decided sample should say; what cannot be said is named in the receipt."""
    resolution = resolve(corrections, policy=policy, experts=experts)
    for sample, votes in resolution.conflicts.items():
        people = ", ".join(sorted({person for several in votes.values() for person in several}))
        receipt.failed[sample] = f"People differ ({people}), and the policy {policy} decides nothing"
    voters = _voters(corrections)
    wanted: dict[str, Wanted] = {}
    for sample, (action, cell) in resolution.decided.items():
        if action in _NO_ANNOTATION:
            receipt.failed[sample] = f"No annotation can say the action {action}: {_NO_ANNOTATION[action]}"
        elif action == "keep":
            wanted[sample] = Wanted(None)
        else:
            value = target.names.to_project(json.loads(cell))
            wrong = _unfit(value, target)
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


def _unfit(value: Value, target: LabelControl) -> str | None:
    """Say why a value is none of the project's control; None where it is one."""
    single = target.kind in ("choice", "taxonomy")
    if isinstance(value, str) != single:
        return f"The control {target.from_name} holds {'one label' if single else 'several'}, and the decision does not"
    unknown = sorted({str(label) for label in labels_in(value)} - set(target.labels))
    return f"The labeling config has no label {', '.join(map(repr, unknown))}" if unknown else None


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


def is_same(task: Mapping[str, Any], text: str, match: str | None, judged: Collection[str]) -> bool:
    """Tell whether a task is the sample that its name says: a number may be anything's."""
    named = match is not None or bool(task["data"].get(f"{PREFIX}id"))
    return named or (bool(text) and text_hash(text) in judged)


def field_of_ids(
    pages: Iterable[Iterable[Mapping[str, Any]]], judged: Mapping[str, Collection[str]], shown: str
) -> str | None:
    """Return ``data.FIELD`` for the field that names most samples on tasks that show the texts people judged.

    None where labelsift's own field does, or no field does so for more samples than the tasks' numbers and any other.
    """
    named: dict[str, set[str]] = defaultdict(set)
    for task in (task for page in pages if judged for task in page):
        data = task["data"]
        if data.get(f"{PREFIX}id"):
            return None
        digest = text_hash(str(data.get(shown) or ""))
        for name, value in {NUMBER: task["id"], **data}.items():
            if digest in judged.get(str(value), ()):
                named[name].add(str(value))
    counts = sorted(((len(samples), name) for name, samples in named.items()), reverse=True)
    if not counts or counts[0][1] == NUMBER or (len(counts) > 1 and counts[0][0] == counts[1][0]):
        return None
    return f"data.{counts[0][1]}"
