"""Record of people's decisions: each is added once, with what the person was shown; and is read back.

A record holds no text of the data, only ids, labels, names of people and a hash of the text that was judged.
The new text of an ``edit`` and what people wrote as a note are sealed: the record holds a hash of them, and they
can be erased (see :mod:`labelsift.store.sealed_text`).
"""

from __future__ import annotations

import contextlib
import math
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from os import PathLike
from typing import Any

import pyarrow as pa

from ..data.adjudication import REPEAT
from ..data.schemas import CORRECTIONS_SCHEMA, OPTIONAL, require_columns, to_json
from ..errors import InputError, LabelsiftError
from ..store.base import DEFAULT, FORGET
from ..store.erasures import erased_ids, unfinished
from ..store.hash_chain import Record
from ..store.run_reader import SampleRecord, read_sample_records
from ..store.sealed_text import SealedText
from ..store.store import Store

DECISION = "decision"


@dataclass(frozen=True)
class Recorded:
    """What recording did.

    Parameters
    ----------
    decisions
        How many were given.
    new
        How many of them the store did not have.
    unknown_runs
        Runs that the store cannot read: of their decisions it knows neither data set nor given labels.
    """

    decisions: int
    new: int
    unknown_runs: tuple[str, ...] = ()


def record(corrections: pa.Table, *, store: str | PathLike[str] = DEFAULT, run: str | None = None) -> Recorded:
    """Add people's decisions to the append-only record of a store; those that it has already are left out.

    A decision is known by platform, person, sample, run and time. Without a time, as in a spreadsheet, it is
    new if it differs from that person's last one, and gets the present as its time.

    Parameters
    ----------
    corrections
        What ``pull`` returns; see :data:`labelsift.data.schemas.CORRECTIONS_SCHEMA`.
    run
        The run that decisions are on which name none, as in somebody's own spreadsheet: its name, the
        beginning of it, or ``latest``.

    Raises
    ------
    InputError
        For a table in another form, or a decision without a sample's id.
    StoreError
        If the record is broken or cannot be written.
    """
    rows = _rows(corrections)
    kept = Store.of(store)
    kept.prepare()
    if run is not None:
        meant = kept.find(run)
        rows = [row | {"run": row["run"] or meant} for row in rows]
    runs: dict[str, _Run] = {}
    now = datetime.now(UTC)

    def fresh(standing: Sequence[Record]) -> list[dict[str, Any]]:
        runs.update(_runs(kept, rows))
        return _fresh(_unerased(rows, standing, runs), standing, runs, now=now)

    with kept.writing():
        new = kept.ledger.append(fresh)
    unknown = tuple(name for name, run in runs.items() if run.dataset is None)
    return Recorded(len(rows), len(new), unknown)


def recorded(*, store: str | PathLike[str] = DEFAULT, dataset: str | None = None, run: str | None = None) -> pa.Table:
    """Return the recorded decisions, oldest record first, as a table in CORRECTIONS_SCHEMA.

    Parameters
    ----------
    dataset, run
        Only those on this data set, or on this run.

    Raises
    ------
    StoreError
        If the record is broken.
    """
    return as_table(decisions(Store.of(store).ledger.records(), dataset=dataset, run=run))


def decisions(records: Iterable[Record], *, dataset: str | None = None, run: str | None = None) -> list[Record]:
    """Return the records that are decisions, of one data set or run where it is named; an erased edit is none."""
    return [
        record
        for record in records
        if record.get("kind") == DECISION
        and not (record["action"] == "edit" and "value" in record.get("erased", ()))
        and (dataset is None or record["dataset"] == dataset)
        and (run is None or record["run"] == run)
    ]


def as_table(records: Sequence[Record]) -> pa.Table:
    """Turn recorded decisions into a table in CORRECTIONS_SCHEMA."""
    rows = [
        {name: record.get(name) for name in CORRECTIONS_SCHEMA.names} | {"time": datetime.fromisoformat(record["time"])}
        for record in records
    ]
    return pa.Table.from_pylist(rows, schema=CORRECTIONS_SCHEMA)


@dataclass(frozen=True)
class _Run:
    dataset: str | None = None
    fingerprint: str | None = None
    shown: Mapping[str, SampleRecord] = field(default_factory=dict)


def _rows(corrections: pa.Table) -> list[dict[str, Any]]:
    require_columns(corrections, [name for name in CORRECTIONS_SCHEMA.names if name not in OPTIONAL])
    for name in OPTIONAL:
        if name not in corrections.column_names:
            corrections = corrections.append_column(name, pa.nulls(len(corrections), pa.string()))
    try:
        rows = corrections.select(CORRECTIONS_SCHEMA.names).cast(CORRECTIONS_SCHEMA).to_pylist()
    except pa.ArrowException as error:
        raise InputError(f"The corrections have another form ({error})", hint="Give what pull returns") from None
    nameless = [number for number, row in enumerate(rows, start=1) if row["id"] is None]
    if nameless:
        raise InputError("Some decisions name no sample, in rows", ids=nameless, hint="Give each its sample's id")
    return rows


def _runs(store: Store, rows: Iterable[Mapping[str, Any]]) -> dict[str, _Run]:
    """Return each run that is named, by its name; an empty one where it cannot be read: its decisions are kept."""
    ids: dict[str, list[str]] = defaultdict(list)
    for row in rows:
        if row["run"]:
            ids[row["run"]].append(row["id"])
    runs = {name: _Run() for name in sorted(ids)}
    for info in store.runs() if ids else ():
        if info.run in runs:
            with contextlib.suppress(LabelsiftError):
                shown = read_sample_records(store.place_of(info.run), ids[info.run])
                runs[info.run] = _Run(info.dataset, info.fingerprint, shown)
    return runs


def _unerased(
    rows: Sequence[dict[str, Any]], standing: Sequence[Record], runs: Mapping[str, _Run]
) -> list[dict[str, Any]]:
    """Leave out decisions on samples that were erased: their run holds them no more, or the erasure is under way."""
    gone = erased_ids((row["id"] for row in rows), [record for record in standing if record.get("kind") == FORGET])
    going = erased_ids(gone, unfinished(standing))
    return [
        row
        for row in rows
        if row["id"] not in gone
        or (row["id"] not in going and (not row["run"] or row["id"] in runs.get(row["run"], _Run()).shown))
    ]


def _fresh(
    rows: Iterable[Mapping[str, Any]], standing: Iterable[Record], runs: Mapping[str, _Run], *, now: datetime
) -> list[dict[str, Any]]:
    """Return entries for the decisions that are not recorded yet."""
    keys: set[tuple[Any, ...]] = set()
    last: dict[tuple[Any, ...], tuple[Any, ...]] = {}
    for record in decisions(standing):
        keys.add((*_decision_key(record), record["time"]))
        last[_decision_key(record)] = _answer(record)
    entries: list[dict[str, Any]] = []
    for row in rows:
        entry = _entry(row, runs.get(row["run"] or "", _Run()), now=now)
        repeated = last.get(_decision_key(entry)) == _answer(entry) if row["time"] is None else None
        if repeated or (repeated is None and (*_decision_key(entry), entry["time"]) in keys):
            continue
        keys.add((*_decision_key(entry), entry["time"]))
        last[_decision_key(entry)] = _answer(entry)
        entries.append(entry)
    return entries


def _decision_key(decision: Mapping[str, Any]) -> tuple[Any, ...]:
    return (decision["platform"], decision["person"], decision["id"], decision["run"], decision.get("asked") == REPEAT)


def _answer(decision: Mapping[str, Any]) -> tuple[Any, ...]:
    return (decision["action"], decision["verdict"], decision["value"], decision["note"])


def _entry(row: Mapping[str, Any], run: _Run, *, now: datetime) -> dict[str, Any]:
    sample = run.shown.get(row["id"])
    seconds = row["seconds"]
    return {
        **row,
        "kind": DECISION,
        "time": (row["time"] or now).astimezone(UTC).isoformat(timespec="microseconds"),
        "seconds": round(seconds, 3) if seconds is not None and abs(seconds) < float("inf") else None,
        "recorded": now.isoformat(timespec="seconds"),
        "dataset": run.dataset,
        "fingerprint": run.fingerprint,
        "given": to_json(sample.given) if sample else None,
        "text_hash": sample.text_hash if sample else None,
        "issues": list(sample.issues) if sample else [],
        "evidence": _evidence(sample),
        "note": SealedText(row["note"]) if row["note"] else row["note"],
        "value": SealedText(row["value"]) if row["action"] == "edit" and row["value"] is not None else row["value"],
    }


def _evidence(sample: SampleRecord | None) -> dict[str, Any] | None:
    """Return what the scan said of the label; None where it did not judge it."""
    if sample is None or sample.score is None or not math.isfinite(sample.score):
        return None
    confidence = sample.confidence
    confidence = round(confidence, 6) if confidence is not None and math.isfinite(confidence) else None
    return {"score": round(sample.score, 6), "suggested": sample.suggested, "confidence": confidence}
