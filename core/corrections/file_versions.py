"""Versions of a file: apply the recorded corrections, undo such a step, find the run behind a version.

A step is a record in the ledger, so that the audit shows it, and keeps the rows that it changed or removed
as they were (:mod:`labelsift.corrections.kept_rows`), so that it can be undone.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from ..data.adjudication import Policy, Vote, resolve
from ..data.apply_votes import applied, row_marks
from ..data.hashing import id_hash, whole_fingerprint
from ..data.remap import translated_table
from ..data.samples import Samples
from ..data.taxonomy import Taxonomy
from ..errors import InputError, StoreError
from ..io import row_files as rowfiles
from ..io.dialect import Form
from ..io.files import stem
from ..io.read import read
from ..io.row_files import RowFile
from ..io.whole_file import whole_file
from ..store.base import DEFAULT, FORGET
from ..store.hash_chain import Record, now
from ..store.store import Store, guarded
from .kept_rows import erased_from, folder_of, keep_rows, restored
from .masked_cells import with_masked_cells
from .record import as_table, decisions

VERSION = "version"
UNDO = "undo"


@dataclass(frozen=True)
class Version:
    """One step from a file to the next.

    Parameters
    ----------
    dataset
        Whose corrections were applied.
    parent, fingerprint
        Of the whole file before and after.
    applied
        Action → number of samples, after the policy.
    conflicts
        Sample id → vote → the people who cast it, where the policy could not decide; nothing was changed there.
    changed
        Rows that differ from the parent, removed ones counted.
    erased
        Rows that an undone version does not have again, because they were erased.
    """

    dataset: str
    parent: str
    fingerprint: str
    applied: dict[str, int] = field(default_factory=dict)
    conflicts: dict[str, dict[Vote, tuple[str, ...]]] = field(default_factory=dict)
    changed: int = 0
    erased: int = 0


@guarded
def correct(
    file: str | Path,
    out: str | Path,
    *,
    text: str = "text",
    label: str | None = None,
    id: str | None = None,
    missing: Sequence[str] | None = None,
    keep_ids: bool = False,
    form: Form = Form(),  # noqa: B008 - frozen
    dataset: str | None = None,
    policy: Policy = "majority",
    experts: Sequence[str] = (),
    new_labels: bool = False,
    taxonomy: Taxonomy | str | Path | None = None,
    store: str | Path = DEFAULT,
) -> Version:
    """Apply a store's recorded corrections to a file and write its next version; see :func:`undo`.

    Parameters
    ----------
    out
        In the same format as ``file``, and another file.
    text, label, id, missing, keep_ids, form
        As they were read for the scan, so that the samples have the same ids and labels.
    dataset
        Whose corrections; by default the data set that is called like the file.
    policy, experts, new_labels
        As in :meth:`labelsift.data.samples.Samples.apply`.
    taxonomy
        Changes of the classes, or their file: the labels of the file and the decisions go through it. By default
        that of the newest run of the data set. Labels of split and retired classes become blank.

    Raises
    ------
    InputError
        For corrections of samples that the file does not have, labels that are new to it, or another format.
    StoreError
        If the store holds no corrections of this data set, or a broken record.
    """
    rowfiles.require_other(file, out, form)
    kept = Store(store)
    dataset = dataset or stem(os.fspath(file))
    newest = next((info for info in kept.runs() if info.dataset == dataset), None)  # refuses what is no store
    read_as = {"text": text, "label": label, "id": id, "missing": missing, "keep_ids": keep_ids}
    samples = read(os.fspath(file), **read_as, **form.options)
    required = taxonomy is None  # changed classes alone make a version, too
    taxonomy = taxonomy or (newest.taxonomy if newest else None)
    mapped = samples.remap(taxonomy) if taxonomy and label else samples
    corrections = _corrections(kept, dataset, samples, required=required)
    if mapped.taxonomy is not None:
        corrections = translated_table(corrections, mapped.taxonomy)
    resolution = resolve(corrections, policy=policy, experts=experts)
    if label is None and any(action == "relabel" for action, _ in resolution.decided.values()):
        raise InputError("There are new labels, and no column for them", hint="Name it: --label COLUMN")
    classes = mapped.taxonomy.classes if mapped.taxonomy else ()
    table, keep = applied(mapped.table, resolution, new_labels=new_labels, classes=classes)
    before = rowfiles.load(file, written=form, wanted=[name for name in (text, label, id) if name])
    if len(before.table) != len(samples):
        raise InputError(f"{file} cannot be written row by row", hint="Save it as parquet, and correct that")
    after = before
    rows = np.arange(len(samples)) if mapped.taxonomy else np.sort(samples.positions(list(resolution.decided)))
    gone, touched = set(np.flatnonzero(~keep).tolist()), set()
    for role, column in (("label", label), ("text", text)):
        changes = _changes(samples.table, table, role, rows) if column else {}
        after = after.changed(str(column), {row: value for row, value in changes.items() if row not in gone})
        touched |= changes.keys()
    after, masked = with_masked_cells(after, row_marks(samples.table, resolution), but=(text, label, id))
    touched |= gone | masked
    if not keep.all():
        after = after.take(np.flatnonzero(keep))
    version = Version(
        dataset,
        before.fingerprint,
        after.fingerprint,
        resolution.counts,
        {id: dict(votes) for id, votes in resolution.conflicts.items()},
        len(touched),
    )
    entry: dict[str, Any] = {}
    if touched:
        removed = np.flatnonzero(~keep).tolist()
        folder = folder_of(kept, parent=version.parent, fingerprint=version.fingerprint)
        entry = {"policy": policy, "applied": version.applied, "conflicts": len(version.conflicts)}
        named = set(corrections["run"].to_pylist())
        last_run = next((info.run for info in kept.runs() if info.run in named), None)
        entry |= {"run": last_run, "content": content_of(table.filter(pa.array(keep)))}
        if mapped.taxonomy is not None:
            entry["taxonomy"] = mapped.taxonomy.plain
        ids = samples.ids.take(pa.array(sorted(touched))).to_pylist()
        entry["before_hash"] = keep_rows(before, folder, rows=sorted(touched), removed=removed, ids=ids)
    _write(kept, after, Path(out), version, kind=VERSION, more=entry)
    return version


@guarded
def undo(
    file: str | Path,
    out: str | Path,
    *,
    form: Form = Form(),  # noqa: B008 - frozen
    store: str | Path = DEFAULT,
) -> Version:
    """Write the version before: the file as it was when :func:`correct` was called, with the same fingerprint.

    Raises
    ------
    StoreError
        If the store did not make this file, or cannot make the one before it any more.
    """
    rowfiles.require_other(file, out, form)
    kept = Store(store)
    kept.runs()
    now = rowfiles.load(file, written=form)
    fingerprint = now.fingerprint
    made = (record for record in versions(kept.ledger.records()) if record["fingerprint"] == fingerprint)
    step = max(made, key=lambda record: record["number"], default=None)
    if step is None:
        raise StoreError(
            f"{kept.place} did not make the content of {file} (fingerprint {fingerprint[:12]})",
            hint="Undo starts from a file as `labelsift correct` wrote it; see labelsift audit",
        )
    folder = folder_of(kept, parent=step["parent"], fingerprint=fingerprint)
    then = restored(now, folder)
    erased, digest = erased_from(folder)
    version = Version(step["dataset"], fingerprint, then.fingerprint, erased=erased)
    if whole_fingerprint(then.fingerprint, digest) != step["parent"]:
        raise StoreError(
            "What came out is not the version before: the rows of the file were moved, or what the store kept of them"
            " was changed",
            hint="Undo the file as it was written; labelsift verify checks the store",
        )
    _write(kept, then, Path(out), version, kind=UNDO, more={})
    return version


def content_of(table: pa.Table) -> str:
    """Return a hash of ids, texts and labels alone, by which the next scan knows the version again."""
    columns = [name for name in ("id", "text", "label", "labels") if name in table.column_names]
    return Samples(table.select(columns), table.select([])).fingerprint


def versions(records: Sequence[Record]) -> list[Record]:
    """Return the records of steps from a version to the next, oldest first."""
    return [record for record in records if record.get("kind") == VERSION]


def parent_run(store: Store, samples: Samples) -> str | None:
    """Return the newest kept run of the version that these samples were made of, or None where nothing tells.

    Told by the lineage of the samples (:meth:`labelsift.data.samples.Samples.apply` and ``remap``), else by the
    version that ``labelsift correct`` made: the run on which people decided.
    """
    runs = store.runs()
    if samples.lineage is not None:
        for fingerprint in (samples.lineage.parent, *samples.lineage.earlier):
            run = next((info.run for info in runs if info.fingerprint == fingerprint), None)
            if run is not None:
                return run
    try:
        steps = [record for record in versions(store.ledger.records()) if record.get("run") and record.get("content")]
    except StoreError:  # a broken record is named by verify, and is no reason against a scan
        return None
    if not steps:
        return None
    content = content_of(samples.table)  # hashes every row: only where there are versions to compare with
    names = {info.run for info in runs}
    return next(
        (record["run"] for record in reversed(steps) if record["content"] == content and record["run"] in names), None
    )


def _corrections(store: Store, dataset: str, samples: Samples, *, required: bool) -> pa.Table:
    """Return the decisions on a data set, but for samples that were erased later, or removed before and are gone."""
    records = store.ledger.records()
    of_dataset = decisions(records, dataset=dataset)
    erasures = [record for record in records if record.get("kind") == FORGET]
    last = {hash: record["number"] for record in erasures for hash in record["ids"]}
    if last:
        of_dataset = [record for record in of_dataset if record["number"] > last.get(id_hash(record["id"]), -1)]
    if not of_dataset and required:
        names = sorted({record["dataset"] for record in decisions(records) if record["dataset"]})
        raise StoreError(
            f"{store.place} holds no corrections of {dataset}",
            hint=f"Name the data set: --dataset {' or '.join(names)}" if names else "Pull first: labelsift pull …",
        )
    table = as_table(of_dataset)
    absent = pc.invert(pc.is_in(table["id"], value_set=samples.ids.combine_chunks()))
    if not pc.any(absent).as_py():
        return table
    gone = [id for id, (action, _) in resolve(table.filter(absent)).decided.items() if action == "remove"]
    return table.filter(pc.invert(pc.is_in(table["id"], value_set=pa.array(gone, pa.string()))))


def _changes(old: pa.Table, new: pa.Table, role: str, rows: np.ndarray) -> dict[int, str | None]:
    """Return the cells of the decided rows that differ: row → new value."""
    if role not in new.column_names:
        return {}
    now = new[role].take(pa.array(rows)).to_pylist()
    then = old[role].take(pa.array(rows)).to_pylist()
    return {int(row): value for row, value, was in zip(rows, now, then, strict=True) if value != was}


def _write(store: Store, rows: RowFile, out: Path, version: Version, *, kind: str, more: dict[str, Any]) -> None:
    """Write the file beside its place, record the step, and move the file into its place."""
    try:
        with whole_file(out) as half:
            rowfiles.save(rows, half)
            if version.parent != version.fingerprint:
                store.ledger.append(lambda standing: _step(standing, version, kind=kind, more=more))
    except (OSError, UnicodeError) as error:
        raise InputError(f"{out} cannot be written ({error})", hint="Name another file") from None


def _step(standing: Sequence[Record], version: Version, *, kind: str, more: dict[str, Any]) -> list[dict[str, Any]]:
    step = {"kind": kind, "dataset": version.dataset, "parent": version.parent, "fingerprint": version.fingerprint}
    last = next((record for record in reversed(standing) if record.get("kind") in (VERSION, UNDO)), {})
    if all(last.get(name) == value for name, value in (step | more).items()):
        return []  # done again after it was interrupted
    return [step | more | {"time": now()}]
