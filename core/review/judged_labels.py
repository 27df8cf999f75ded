"""Judged labels: people's answers on flagged labels, read from the decision log, as evidence for accept rates.

An answer says that the given label is wrong (the suggestion or another label was taken) or right (it was kept). That
both labels fit says neither, and skipped samples, repeats, changed texts and samples that were taken out say nothing.
Each person has one answer a sample, the newest. What was taken back is not evidence: decisions of a correction step
that was undone, until it is made again, and decisions on samples that were erased.
"""

from __future__ import annotations

import contextlib
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from functools import lru_cache
from types import MappingProxyType
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from ..data.adjudication import BOTH_FIT, OF_TEXT, REPEAT
from ..data.hashing import id_hash
from ..data.taxonomy import Taxonomy
from ..errors import StoreError
from ..label_quality.accept_rates import FACT, AcceptRates, JudgedLabel, accept_rates, shifted
from ..store.base import BaseStore
from ..store.run import Run
from ..store.run_info import read_facts

WRONG, RIGHT = ("accepted", "changed"), ("refused",)
ISSUES = ("label", "ambiguous")  # whose findings claim something of a label
Records = Sequence[Mapping[str, Any]]


def learned(records: Records, *, run: str | None = None, dataset: str | None = None) -> AcceptRates:
    """Return what the decisions on a run, or on all runs of a data set, teach about the claims of scans."""
    return accept_rates(judged_labels(records, run=run, dataset=dataset))


def learned_before(store: BaseStore, dataset: str, *, taxonomy: Taxonomy | None = None) -> AcceptRates:
    """Return what the decisions on all kept runs of a data set teach the next scan, of claims as they are unlearned.

    A run whose claims were moved by earlier answers keeps by how much, so that these are not counted twice.

    Parameters
    ----------
    taxonomy
        Of the samples that are scanned next: answers under older names of a class are answers on it.
    """
    records = store.ledger.records()
    named = {record["run"] for record in records if record.get("kind") == "decision" and record["dataset"] == dataset}
    moved: dict[str, AcceptRates] = {}
    for name in sorted(named - {None}):
        with contextlib.suppress(StoreError):  # a run that is gone, or cannot be read
            if kept := read_facts(store.place_of(name))["facts"].get(FACT):
                moved[name] = AcceptRates.of(kept)
    return accept_rates(judged_labels(records, dataset=dataset, moved=moved, taxonomy=taxonomy))


def judged_labels(
    records: Records,
    *,
    run: str | None = None,
    dataset: str | None = None,
    moved: Mapping[str, AcceptRates] = MappingProxyType({}),
    taxonomy: Taxonomy | None = None,
) -> list[JudgedLabel]:
    """Return the newest answer of each person on each flagged label.

    Parameters
    ----------
    records
        Of a ledger, oldest first.
    run, dataset
        Only of this run, or of this data set. Decisions on runs that the store did not know are left out.
    moved
        Run → the rates that its claims were moved by, to be taken out of them.
    taxonomy
        Gives both labels their present names. An answer between two classes that were merged since says nothing; split
        and retired classes keep their old name, and teach the shift of all.
    """
    taken_back = withdrawn(records)
    newest: dict[tuple[str, str], Mapping[str, Any]] = {}
    for decision in sorted(_answers(records, run=run, dataset=dataset), key=lambda record: record["time"]):
        newest[decision["person"], decision["id"]] = decision
    judged = [
        _judged(decision, moved.get(decision["run"]))
        for decision in newest.values()
        if decision["verdict"] in WRONG + RIGHT and decision["number"] not in taken_back
    ]
    return [_under(taxonomy, label) for label in judged if not _merged(taxonomy, label)] if taxonomy else judged


def _under(taxonomy: Taxonomy, judged: JudgedLabel) -> JudgedLabel:
    given, suggested = (taxonomy.fate(label).name or label for label in (judged.given, judged.suggested))
    return replace(judged, given=given, suggested=suggested)


def _merged(taxonomy: Taxonomy, judged: JudgedLabel) -> bool:
    """Tell whether the two classes of an answer are the same by now."""
    present = _under(taxonomy, judged)
    return present.given == present.suggested


def decided_on(records: Records, run: str) -> set[str]:
    """Return the samples that people decided on in a run, and did not take back."""
    taken_back = withdrawn(records)
    return {
        record["id"]
        for record in records
        if record.get("kind") == "decision"
        and record["run"] == run
        and record["verdict"] in (*WRONG, *RIGHT, BOTH_FIT)
        and record["number"] not in taken_back
    }


def rescored(
    run: Run, of_sample: Mapping[str, Sequence[Mapping[str, Any]]], rates: AcceptRates
) -> dict[str, list[dict[str, Any]]]:
    """Return the findings of samples with the scores that people's answers give to what is said of their labels.

    The score of a suspicious or ambiguous label is then the probability that it is right, and the confidence falls and
    rises as that of being wrong does.
    """
    if "suggested_label" not in run.scores.column_names:
        return {}
    rows = run.scores.filter(pc.is_in(run.scores["id"], value_set=pa.array(sorted(of_sample), pa.string())))
    claimed = 1 - rows["label_score"].to_numpy().astype(np.float64)
    place = {id: position for position, id in enumerate(rows["id"].to_pylist())}
    given = run.samples.given
    cells = given.take(pa.array(run.samples.positions(list(place)))).to_pylist() if given is not None else []
    pairs = zip(cells, rows["suggested_label"].to_pylist(), strict=True)
    wrong = shifted(claimed, rates.shifts([(label or "", other or "") for label, other in pairs]))
    again: dict[str, list[dict[str, Any]]] = {}
    for id, findings in of_sample.items():
        now, before = (float(values[place[id]]) for values in (wrong, claimed))
        moved = {"score": 1 - now} if np.isfinite(now) else {}
        again[id] = [
            {**row, **moved, "confidence": _confidence(row["confidence"], before, now)}
            if row["issue"] in ISSUES and moved
            else dict(row)
            for row in findings
        ]
    return again


def _confidence(confidence: float | None, before: float, now: float) -> float | None:
    return None if confidence is None or before <= 0 else min(confidence / before, 1.0) * now


def withdrawn(records: Records) -> set[int]:
    """Return the numbers of the decisions that were undone with their correction step, or whose sample was erased."""
    decided: dict[int, Mapping[str, Any]] = {}
    undone: set[int] = set()
    erased: set[int] = set()
    steps: list[Mapping[str, Any]] = []
    if not any(record.get("kind") in ("undo", "forget") for record in records):
        return undone
    for record in records:
        kind = record.get("kind")
        if kind == "decision":
            decided[record["number"]] = record
        elif kind == "version":  # applies every decision on the data set again
            undone -= {number for number in undone if decided[number]["dataset"] == record["dataset"]}
            steps.append(record)
        elif kind == "undo":
            undone |= _applied(record, steps, decided)
        elif kind == "forget":
            gone = set(record["ids"])
            erased |= {number for number, decision in decided.items() if _hash(decision["id"]) in gone}
    return undone | erased


_hash = lru_cache(maxsize=200_000)(id_hash)  # each erasure asks again


def _applied(undo: Mapping[str, Any], steps: Records, decided: Mapping[int, Mapping[str, Any]]) -> set[int]:
    """Return the decisions that the undone step applied, and no step before it."""
    same = [step for step in steps if step["dataset"] == undo["dataset"]]
    made = next((step for step in reversed(same) if step["fingerprint"] == undo["parent"]), None)
    if made is None:
        return set()
    before = max((step["number"] for step in same if step["fingerprint"] == made["parent"]), default=-1)
    return {
        number
        for number, decision in decided.items()
        if before < number < made["number"] and decision["dataset"] == undo["dataset"]
    }


def _answers(records: Records, *, run: str | None, dataset: str | None) -> Iterable[Mapping[str, Any]]:
    return (
        record
        for record in records
        if record.get("kind") == "decision"
        and (run is None or record["run"] == run)
        and (dataset is None or record["dataset"] == dataset)
        and record.get("asked") != REPEAT
        and record["action"] not in ("remove", *OF_TEXT)
        and record.get("evidence")
        and record["given"]
        and any(issue in ISSUES for issue in record["issues"])
    )


def _judged(decision: Mapping[str, Any], moved: AcceptRates | None) -> JudgedLabel:
    evidence = decision["evidence"]
    given, suggested = json.loads(decision["given"]) or "", evidence["suggested"] or ""
    claimed = 1 - evidence["score"]
    if moved is not None:
        claimed = float(shifted(np.array(claimed), -moved.shift_of(given, suggested)))
    return JudgedLabel(
        sample=decision["id"],
        person=decision["person"],
        given=given,
        suggested=suggested,
        claimed=claimed,
        wrong=decision["verdict"] in WRONG,
    )
