"""Erasure of samples from one run: tables written again without them, and a tombstone in their place."""

from __future__ import annotations

import json
import secrets
from collections.abc import Collection, Mapping
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from ..data.hashing import id_hashes, merged_tombstone
from ..data.samples import Samples
from ..data.schemas import to_json
from ..data.textless import without_rows
from .arrow_files import IDS, PROJECTION, rewrite_projection, write_ids
from .location import Location
from .run_info import FACTS, LINKS, REWRITTEN, WRITTEN, broken, read_links, tables_in
from .run_reader import read_samples

ERASED = "(This sentence quoted an erased text.)"
QUOTED = 12  # characters from which on an erased text within a sentence is no chance


def erase_from_run(folder: Location, ids: Collection[str]) -> int:
    """Erase samples from a run, and clear away what an earlier, killed erasure left; return how many it held."""
    while (count := _erased(folder, ids)) is None:
        pass  # somebody else erased from the run meanwhile: again, from what stands now
    return count


def _erased(folder: Location, ids: Collection[str]) -> int | None:
    """Do it once; None where run.json was changed by somebody else meanwhile."""
    samples = read_samples(folder)
    _unlink(folder, ids)
    standing = folder.read(FACTS)
    facts = json.loads(standing)
    gone = pc.is_in(samples.ids, value_set=pa.array(sorted(ids), pa.string())).to_numpy(zero_copy_only=False)
    rows = np.flatnonzero(gone)
    if len(rows):
        theirs = samples.take(rows)
        old = tables_in(folder, facts)
        facts |= tombstone_in(facts, theirs)
        facts["tables"] = f"{REWRITTEN}{secrets.token_hex(6)}"
        try:
            _rewrite(old, folder / facts["tables"], ~gone, ids=ids, gone=theirs)
            facts["settings"] = without_mentions(facts.get("settings", {}), ids, theirs)
            flags = _column(folder / facts["tables"], "scores", "is_label_issue")
            facts |= {
                "rows": len(samples) - len(rows),
                "label_issues": pc.sum(flags).as_py() or 0 if flags is not None else 0,
            }
            swapped = folder.swap(FACTS, standing, json.dumps(facts, ensure_ascii=False, indent=1).encode())
        except (OSError, ValueError, pa.ArrowException) as error:
            folder.delete(facts["tables"])
            raise broken(folder, error) from None
        if not swapped:
            folder.delete(facts["tables"])
            return None
    if "tombstone" in facts:
        for name in ("index.faiss", IDS, PROJECTION):
            folder.delete(name)
        for name in folder.children():
            if name.endswith(".lance") or (name.startswith((REWRITTEN, WRITTEN)) and name != facts["tables"]):
                folder.delete(name)
        folder.sweep()
    return len(rows)


def tombstone_in(facts: Mapping[str, Any], gone: Samples) -> dict[str, Any]:
    """Return what is to be changed in a run's facts once some samples are erased."""
    old, ids = facts.get("tombstone", {}), id_hashes(gone.ids.to_pylist())
    new = {"digest": merged_tombstone(old.get("digest"), gone.digest), "ids": sorted({*old.get("ids", ()), *ids})}
    sentence = f"{len(new['ids']):,} erased on request since the scan; what the scan counted still counts them"
    notes = [note for note in facts["notes"] if "erased on request" not in note]
    digest = {"kept_digest": without_rows(facts["kept_digest"], gone)} if "kept_digest" in facts else {}
    return {"tombstone": new, "notes": [*notes, f"Samples of this run: {sentence}."], **digest}


def without_mentions(settings: Mapping[str, Any], ids: Collection[str], gone: Samples) -> dict[str, Any]:
    """Return a run's settings whose named slices do not mention erased samples: neither their ids nor their texts."""
    if not settings.get("slices"):
        return dict(settings)
    quoted = [quoted_id(id) for id in ids]
    quoted += [text for text in gone.texts.to_pylist() if len(text) >= QUOTED]
    kept: dict[str, Any] = {}
    for name, slice_ in settings["slices"].items():
        if isinstance(slice_, str):
            if not any(words in slice_ for words in quoted):
                kept[name] = slice_
        elif like := [id for id in slice_["like"] if id not in ids]:
            kept[name] = slice_ | {"like": like}
    return {**settings, "slices": kept}


def quoted_id(id: str) -> str:
    """Write an id as a condition in SQL names it."""
    return "'" + id.replace("'", "''") + "'"


def _rewrite(old: Location, new: Location, stays: np.ndarray, *, ids: Collection[str], gone: Samples) -> None:
    import lance

    mask = pa.array(stays)
    for name in old.children():
        if not name.endswith(".lance"):
            continue
        table = lance.dataset(old.lance(name)).to_table()
        table = findings_without(table, ids, gone) if name == "findings.lance" else table.filter(mask)
        lance.write_dataset(table, new.lance(name), mode="create")
        if name == "samples.lance":
            write_ids(table["id"], new)
            rewrite_projection(old, new, table["text"].to_pylist() if "text" in table.column_names else [])


def findings_without(table: pa.Table, ids: Collection[str], gone: Samples) -> pa.Table:
    """Leave out the findings on erased samples, and every mention of them in the others."""
    quoted = [text for text in gone.texts.to_pylist() if len(text) >= QUOTED]
    rows = [
        row | {"related_ids": [related for related in row["related_ids"] or () if related not in ids]}
        for row in table.to_pylist()
        if not (row["scope"] == "sample" and row["id"] in ids)
    ]
    for row in rows:
        row["evidence"] = _without(row["evidence"], ids)
        if any(text in (row["reason"] or "") for text in quoted):
            row["reason"] = ERASED
        if any(json.dumps(text, ensure_ascii=False)[1:-1] in (row["evidence"] or "") for text in quoted):
            row["evidence"] = "{}"
    return pa.Table.from_pylist(rows, table.schema)


def _without(evidence: str | None, ids: Collection[str]) -> str | None:
    """Leave out the contrast pairs that name an erased sample; see :mod:`labelsift.checks.systematic`."""
    if not evidence or '"contrast"' not in evidence:
        return evidence
    content = json.loads(evidence)
    if not isinstance(content, dict) or not isinstance(content.get("contrast"), list):
        return evidence
    return to_json(content | {"contrast": [pair for pair in content["contrast"] if not set(pair) & set(ids)]})


def _unlink(folder: Location, ids: Collection[str]) -> None:
    try:
        links = read_links(folder)
    except ValueError as error:
        raise broken(folder, error) from None
    if links.keys() & set(ids):
        folder.replace(LINKS, json.dumps({id: to for id, to in links.items() if id not in ids}).encode())


def _column(place: Location, table: str, name: str) -> pa.ChunkedArray | None:
    import lance

    data = lance.dataset(place.lance(f"{table}.lance"))
    return data.to_table(columns=[name])[name] if name in data.schema.names else None
