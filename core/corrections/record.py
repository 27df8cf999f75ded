"""Recording people's decisions in a store: each once, with what they were shown; and reading them back.

A record holds no text of the data, only ids, labels, names of people and a hash of the text that was judged.
The new text of an ``edit`` and what people wrote as a note are sealed: the record holds a hash of them, and they
can be erased (see :mod:`labelsift.store.sealed_text`).
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pyarrow as pa

from ..data.adjudication import REPEAT
from ..data.schemas import CORRECTIONS_SCHEMA, OPTIONAL, to_json
from ..errors import InputError, LabelsiftError
from ..store.base import DEFAULT
from ..store.hash_chain import Record
from ..store.run_reader import Shown, read_shown
from ..store.sealed_text import Words
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


def record(corrections: pa.Table, *, store: str | Path = DEFAULT, run: str | None = None) -> Recorded:
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
    kept = Store(store)
    kept.prepare()
    if run is not None:
        meant = kept.find(run)
        rows = [row | {"run": row["run"] or meant} for row in rows]
    runs = {name: _run(kept, name, [row["id"] for row in rows if row["run"] == name]) for name in _named(rows)}
    now = datetime.now(UTC)
    new = kept.ledger.append(lambda standing: _fresh(rows, standing, runs, now=now))
    unknown = tuple(name for name, run in runs.items() if run.dataset is None)
    return Recorded(len(rows), len(new), unknown)


def recorded(*, store: str | Path = DEFAULT, dataset: str | None = None, run: str | None = None) -> pa.Table:
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
    return as_table(decisions(Store(store).ledger.records(), dataset=dataset, run=run))


def decisions(records: Iterable[Record], *, dataset: str | None = None, run: str | None = None) -> list[Record]:
    """Return the records that are decisions, of one data set or run where it is named; an erased edit is none."""
    return [
        one
        for one in records
        if one.get("kind") == DECISION
        and not (one["action"] == "edit" and "value" in one.get("erased", ()))
        and (dataset is None or one["dataset"] == dataset)
        and (run is None or one["run"] == run)
    ]


def as_table(records: Sequence[Record]) -> pa.Table:
    """Turn recorded decisions into a table in CORRECTIONS_SCHEMA."""
    rows = [
        {name: one.get(name) for name in CORRECTIONS_SCHEMA.names} | {"time": datetime.fromisoformat(one["time"])}
        for one in records
    ]
    return pa.Table.from_pylist(rows, schema=CORRECTIONS_SCHEMA)


@dataclass(frozen=True)
class _Run:
    dataset: str | None = None
    fingerprint: str | None = None
    shown: Mapping[str, Shown] = field(default_factory=dict)


def _rows(corrections: pa.Table) -> list[dict[str, Any]]:
    missing = [name for name in CORRECTIONS_SCHEMA.names if name not in (*corrections.column_names, *OPTIONAL)]
    if missing:
        raise InputError(
            "The corrections have no such column", ids=missing, cure=f"They need {', '.join(CORRECTIONS_SCHEMA.names)}"
        )
    for name in OPTIONAL:
        if name not in corrections.column_names:
            corrections = corrections.append_column(name, pa.nulls(len(corrections), pa.string()))
    try:
        rows = corrections.select(CORRECTIONS_SCHEMA.names).cast(CORRECTIONS_SCHEMA).to_pylist()
    except pa.ArrowException as error:
        raise InputError(f"The corrections have another form ({error})", cure="Give what pull returns") from None
    nameless = [at for at, row in enumerate(rows, start=1) if row["id"] is None]
    if nameless:
        raise InputError("Some decisions name no sample, in rows", ids=nameless, cure="Give each its sample's id")
    return rows


def _named(rows: Iterable[Mapping[str, Any]]) -> list[str]:
    return sorted({row["run"] for row in rows if row["run"]})


def _run(store: Store, name: str, ids: Sequence[str]) -> _Run:
    try:
        info = next((one for one in store.runs() if one.run == name), None)
        return _Run(info.dataset, info.fingerprint, read_shown(store.place_of(name), ids)) if info else _Run()
    except LabelsiftError:  # a decision is kept also where its run is broken
        return _Run()


def _fresh(
    rows: Iterable[Mapping[str, Any]], standing: Iterable[Record], runs: Mapping[str, _Run], *, now: datetime
) -> list[dict[str, Any]]:
    """Return entries for the decisions that are not recorded yet."""
    known: set[tuple[Any, ...]] = set()
    last: dict[tuple[Any, ...], tuple[Any, ...]] = {}
    for one in decisions(standing):
        known.add((*_maker(one), one["time"]))
        last[_maker(one)] = _said(one)
    entries: list[dict[str, Any]] = []
    for row in rows:
        entry = _entry(row, runs.get(row["run"] or "", _Run()), now=now)
        repeated = last.get(_maker(entry)) == _said(entry) if row["time"] is None else None
        if repeated or (repeated is None and (*_maker(entry), entry["time"]) in known):
            continue
        known.add((*_maker(entry), entry["time"]))
        last[_maker(entry)] = _said(entry)
        entries.append(entry)
    return entries


def _maker(one: Mapping[str, Any]) -> tuple[Any, ...]:
    return (one["platform"], one["person"], one["id"], one["run"], one.get("asked") == REPEAT)


def _said(one: Mapping[str, Any]) -> tuple[Any, ...]:
    return (one["action"], one["verdict"], one["value"], one["note"])


def _entry(row: Mapping[str, Any], run: _Run, *, now: datetime) -> dict[str, Any]:
    shown = run.shown.get(row["id"])
    seconds = row["seconds"]
    return {
        **row,
        "kind": DECISION,
        "time": (row["time"] or now).astimezone(UTC).isoformat(timespec="microseconds"),
        "seconds": round(seconds, 3) if seconds is not None and abs(seconds) < float("inf") else None,
        "recorded": now.isoformat(timespec="seconds"),
        "dataset": run.dataset,
        "fingerprint": run.fingerprint,
        "given": to_json(shown.given) if shown else None,
        "text_hash": shown.text_hash if shown else None,
        "issues": list(shown.issues) if shown else [],
        "evidence": _evidence(shown),
        "note": Words(row["note"]) if row["note"] else row["note"],
        "value": Words(row["value"]) if row["action"] == "edit" and row["value"] is not None else row["value"],
    }


def _evidence(shown: Shown | None) -> dict[str, Any] | None:
    """Return what the scan said of the label; None where it did not judge it."""
    if shown is None or shown.score is None or not math.isfinite(shown.score):
        return None
    sure = shown.confidence
    confidence = round(sure, 6) if sure is not None and math.isfinite(sure) else None
    return {"score": round(shown.score, 6), "suggested": shown.suggested, "confidence": confidence}
