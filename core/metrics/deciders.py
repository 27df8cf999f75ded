"""Who changed a label: people's decisions in the store's record, beside the relabels between two runs.

A decision explains a relabel if it is on the same sample, was made before the newer run ended, chose the new label, and
was shown the old one (as far as the record tells what it was shown). A label that somebody changed by hand in just that
way is put down to the people who had decided so.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

import pyarrow as pa

from ..data.issues import words
from ..data.label_sets import said
from ..store.run import Run

# Of each relabel the people who decided it, each with their newest word: ISO time, reason, and their own note.
DECIDED = pa.list_(pa.struct([(name, pa.string()) for name in ("person", "time", "why", "note")]))
_VERDICTS = {
    "accepted": "took the suggestion",
    "changed": "chose another label than the suggested one",
    "refused": "refused the suggestion",
}


def with_deciders(relabeled: pa.Table, old: Run, new: Run, *, renamed: Mapping[str, str]) -> pa.Table:
    """Add the column ``decided`` to a table of relabels; empty lists where the newer run's store knows nobody.

    Parameters
    ----------
    relabeled
        Table ``id, old, new``: the newer run's ids, labels under its taxonomy.
    renamed
        New id → the id that the sample had in the older run.

    Raises
    ------
    StoreError
        If the store's record is broken.
    """
    records = new.store.decisions() if new.store is not None and relabeled.num_rows else []
    found = _by_change(records, old, new)
    rows = zip(*(relabeled[name].to_pylist() for name in ("id", "old", "new")), strict=True)
    people = []
    for id_, before, after in rows:
        ids = dict.fromkeys((id_, renamed.get(id_, id_)))
        known = {who: told for one in ids for was in (before, ...) for who, told in found.get((one, was, after), ())}
        people.append(sorted(known.values(), key=lambda one: one["time"]))
    return relabeled.append_column("decided", pa.array(people, DECIDED))


def _by_change(
    records: Iterable[Mapping[str, Any]], old: Run, new: Run
) -> dict[tuple[Any, ...], list[tuple[str, dict[str, Any]]]]:
    """Return (sample, label shown, or ... where nobody knows it, label chosen) → (person, decision), oldest first."""
    found: dict[tuple[Any, ...], list[tuple[str, dict[str, Any]]]] = {}
    datasets = {old.samples.name, new.samples.name, None}
    for one in records:
        made = one["action"] == "relabel" and one["verdict"] != "skipped" and one["dataset"] in datasets
        if not made or datetime.fromisoformat(one["time"]) > new.created:
            continue
        shown = ... if one["given"] is None else _present(one["given"], new)
        told = {name: one[name] or None for name in ("person", "time", "note")} | {"why": _why(one)}
        found.setdefault((one["id"], shown, _present(one["value"], new)), []).append((one["person"], told))
    return found


def _present(cell: str | None, new: Run) -> object:
    """Return a label out of a JSON cell, under its present name."""
    try:
        label = said(json.loads(cell)) if cell is not None else None
    except ValueError:
        return cell
    taxonomy = new.samples.taxonomy
    return (taxonomy.fate(label).name or label) if taxonomy and isinstance(label, str) else _hashable(label)


def _hashable(value: object) -> object:
    return value if isinstance(value, str) or value is None else json.dumps(value, sort_keys=True)


def _why(one: Mapping[str, Any]) -> str:
    flagged = f"flagged as {', '.join(words(issue).one for issue in one['issues'])}" if one["issues"] else ""
    return "; ".join(part for part in (flagged, _VERDICTS.get(one["verdict"] or "", "")) if part)
