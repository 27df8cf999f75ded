"""Erasure: what labelsift keeps of some samples is deleted from every run, version and pool.

A ``forget`` record with hashes of the ids goes into the ledger first, and a ``forgotten`` one with what was done
last. In between every part is replaced whole, so that a killed erasure leaves each part as it was or without the
samples, and the same command again finishes it; ``labelsift verify`` names an unfinished one.
"""

from __future__ import annotations

import json
import os
import secrets
import shutil
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from .errors import InputError, LabelsiftError, StoreError
from .keptrows import erase_kept
from .ledger import Record
from .places import Folder
from .runfolder import FACTS, LINKS, broken, read_facts, read_samples, tables_in
from .store import DEFAULT, Store
from .tombstones import id_hashes, merged
from .words import Words

FORGET = "forget"
FORGOTTEN = "forgotten"
ERASED = "(This sentence quoted an erased text.)"
_QUOTED = 12  # characters from which on an erased text within a sentence is no chance


@dataclass
class Erased:
    """What an erasure did, or would do.

    Parameters
    ----------
    ids
        Samples that were asked for.
    runs, pools, versions
        Run, pool or version → how many of them it held.
    words
        Notes and new texts of people that were deleted from the record.
    unknown
        Ids that stood nowhere in the store.
    copies
        Other samples that have the same text; they stay.
    unreachable
        What could not be erased, and what a person must do about it.
    dry_run
        True where nothing was deleted.
    """

    ids: list[str]
    runs: dict[str, int] = field(default_factory=dict)
    pools: dict[str, int] = field(default_factory=dict)
    versions: dict[str, int] = field(default_factory=dict)
    words: int = 0
    unknown: list[str] = field(default_factory=list)
    copies: list[str] = field(default_factory=list)
    unreachable: list[str] = field(default_factory=list)
    dry_run: bool = False


def forget(ids: Sequence[str], *, store: str | Path = DEFAULT, reason: str = "", dry_run: bool = False) -> Erased:
    """Erase samples from a store: texts, labels, vectors, probabilities, findings, links and people's words on them.

    Their ids stay in the record of decisions, and a hash of each id in the tombstone. Called again it does what a
    killed call left undone.

    Parameters
    ----------
    reason
        Kept in the record, for example the number of a request.

    Raises
    ------
    InputError
        If no id is given, or none of them stands in the store or was ever erased from it.
    StoreError
        If there is no store, the record is broken, or a folder cannot be written.
    """
    wanted = list(dict.fromkeys(ids))
    if not wanted:
        raise InputError("No sample is named", cure="Give the ids of the samples to forget")
    kept = Store(store)
    found = _plan(kept, wanted)
    found.dry_run = dry_run
    records = kept.ledger.records()
    hashes = id_hashes(wanted)
    before = {one for record in records if record.get("kind") == FORGET for one in record["ids"]}
    if len(found.unknown) == len(wanted) and not before & set(hashes):
        raise InputError(
            f"{kept.folder} holds no sample with these ids", ids=wanted, cure="Check the ids: labelsift runs"
        )
    if dry_run:
        return found
    begun = {"kind": FORGET, "ids": hashes, "reason": Words(reason) if reason else "", "time": _now()}
    number = kept.ledger.append(lambda _: [begun])[0]["number"]
    try:
        kept_hashes = _erase(kept, set(wanted), found)
    except OSError as error:
        raise StoreError(
            f"The erasure in {kept.folder} is unfinished ({error.strerror})",
            cure="Mend that, and call forget with the same ids again",
        ) from error
    done = {
        "kind": FORGOTTEN,
        "forget": number,
        "time": _now(),
        "kept": kept_hashes,
        "unreachable": len(found.unreachable),
    }
    kept.ledger.append(lambda _: [done | {"runs": found.runs, "pools": found.pools, "words": found.words}])
    return found


def unfinished(records: Sequence[Record]) -> list[Record]:
    """Return the erasures that were begun and not ended, nor by a later one of the same samples."""
    ended = {one["forget"] for one in records if one.get("kind") == FORGOTTEN}
    asked = [one for one in records if one.get("kind") == FORGET]
    done = [set(one["ids"]) for one in asked if one["number"] in ended]
    return [one for one in asked if one["number"] not in ended and not any(set(one["ids"]) <= ids for ids in done)]


def _plan(kept: Store, wanted: list[str]) -> Erased:
    found = Erased(wanted)
    known: set[str] = set()
    texts: set[str] = set()
    among = pa.array(wanted, pa.string())
    runs = kept.runs()
    for one in runs:
        samples = read_samples(kept.folder / "runs" / one.run)
        mine = pc.is_in(samples.ids, value_set=among)
        if pc.any(mine).as_py():
            theirs = samples.table.filter(mine)
            found.runs[one.run] = len(theirs)
            known.update(theirs["id"].to_pylist())
            texts.update(theirs["text"].to_pylist())
            same = pc.and_(pc.invert(mine), pc.is_in(samples.texts, value_set=pa.array(sorted(texts), pa.string())))
            found.copies += [id for id in samples.ids.filter(same).to_pylist() if id not in found.copies]
    for name in kept.pools.names():
        there = set(kept.pools.open(name).column("id").to_pylist()) & set(wanted)
        if there:
            found.pools[name] = len(there)
            known |= there
    for folder in _versions(kept):
        count = len(set(json.loads((folder / "rows.json").read_text()).get("ids", ())) & set(wanted))
        if count:
            found.versions[folder.name] = count
    found.unknown = [one for one in wanted if one not in known]
    found.unreachable = [f"{error}. It may hold these samples: labelsift runs rm" for error in kept.broken()]
    return found


def _erase(kept: Store, wanted: set[str], found: Erased) -> dict[str, str]:
    """Erase from each part in turn; return version → the hash of what it keeps now."""
    runs = kept.folder / "runs"
    for left in runs.glob(".*"):
        if not _writing(left):
            shutil.rmtree(left, ignore_errors=True)
    for one in kept.runs():
        erase_from_run(runs / one.run, wanted)
    for name in kept.pools.names():
        try:
            if name in found.pools:
                kept.pools.remove(name, sorted(set(kept.pools.open(name).column("id").to_pylist()) & wanted))
            kept.pools.sweep(name)
        except LabelsiftError as error:
            found.unreachable.append(str(error))
    hashes = {}
    for folder in _versions(kept):
        if (now := erase_kept(folder, wanted)) is not None:
            hashes[folder.name] = now
    found.words = kept.ledger.erase_words(wanted)
    return hashes


def erase_from_run(folder: Path, ids: Collection[str]) -> int:
    """Erase samples from a run, and clear away what an earlier, killed erasure left; return how many it held."""
    facts = read_facts(folder)
    samples = read_samples(folder)
    gone = pc.is_in(samples.ids, value_set=pa.array(sorted(ids), pa.string())).to_numpy(zero_copy_only=False)
    rows = np.flatnonzero(gone)
    if len(rows):
        theirs = samples.take(rows)
        facts |= _tombstone(facts, digest=theirs.digest, ids=theirs.ids.to_pylist())
        facts["tables"] = f"without-{secrets.token_hex(6)}"
        quoted = [text for text in theirs.texts.to_pylist() if len(text) >= _QUOTED]
        _rewrite(tables_in(folder), folder / facts["tables"], ~gone, ids=ids, quoted=quoted)
        flags = _column(folder / facts["tables"], "scores", "is_label_issue")
        facts |= {
            "rows": len(samples) - len(rows),
            "label_issues": pc.sum(flags).as_py() or 0 if flags is not None else 0,
        }
        _unlink(folder, ids)
        Folder(folder).replace(FACTS, json.dumps(facts, ensure_ascii=False, indent=1).encode())
    if "tombstone" in facts:
        _unlink(folder, ids)
        (folder / "index.faiss").unlink(missing_ok=True)
        for path in [*folder.glob("*.lance"), *folder.glob("without-*"), *folder.glob(".*")]:
            if path.name != facts["tables"]:
                shutil.rmtree(path) if path.is_dir() else path.unlink()
    return len(rows)


def _tombstone(facts: dict[str, Any], *, digest: int, ids: Sequence[str]) -> dict[str, Any]:
    old = facts.get("tombstone", {})
    new = {"digest": merged(old.get("digest"), digest), "ids": sorted({*old.get("ids", ()), *id_hashes(ids)})}
    said = f"{len(new['ids']):,} erased on request since the scan; what the scan counted still counts them"
    notes = [one for one in facts["notes"] if "erased on request" not in one]
    return {"tombstone": new, "notes": [*notes, f"Samples of this run: {said}."]}


def _rewrite(old: Path, new: Path, stays: np.ndarray, *, ids: Collection[str], quoted: Sequence[str]) -> None:
    import lance

    mask = pa.array(stays)
    new.mkdir(mode=0o700)
    try:
        for path in old.glob("*.lance"):
            table = lance.dataset(str(path)).to_table()
            table = _findings(table, ids, quoted) if path.stem == "findings" else table.filter(mask)
            lance.write_dataset(table, str(new / path.name), mode="create")
    except (OSError, ValueError, pa.ArrowException) as error:
        shutil.rmtree(new, ignore_errors=True)
        raise broken(old, error) from None


def _findings(table: pa.Table, ids: Collection[str], quoted: Sequence[str]) -> pa.Table:
    """Leave out the findings on erased samples, and every mention of them in the others."""
    rows = [
        row | {"related_ids": [one for one in row["related_ids"] or () if one not in ids]}
        for row in table.to_pylist()
        if not (row["scope"] == "sample" and row["id"] in ids)
    ]
    for row in rows:
        if any(text in (row["reason"] or "") for text in quoted):
            row["reason"] = ERASED
        if any(json.dumps(text, ensure_ascii=False)[1:-1] in (row["evidence"] or "") for text in quoted):
            row["evidence"] = "{}"
    return pa.Table.from_pylist(rows, table.schema)


def _unlink(folder: Path, ids: Collection[str]) -> None:
    if (folder / LINKS).exists():
        links = json.loads(Folder(folder).read(LINKS))
        if links.keys() & set(ids):
            Folder(folder).replace(LINKS, json.dumps({id: to for id, to in links.items() if id not in ids}).encode())


def _column(place: Path, table: str, name: str) -> pa.ChunkedArray | None:
    import lance

    found = lance.dataset(str(place / f"{table}.lance"))
    return found.to_table(columns=[name])[name] if name in found.schema.names else None


def _versions(kept: Store) -> list[Path]:
    return sorted(path for path in (kept.folder / "versions").glob("[!.]*") if (path / "rows.json").exists())


def _writing(half: Path) -> bool:
    """Tell whether the process that writes a hidden folder, ``.<run>.<process>``, is alive."""
    process = half.name.rpartition(".")[2]
    if half.name.startswith(".removed.") or not process.isdigit():
        return False
    try:
        os.kill(int(process), 0)
    except OSError:
        return False
    return True


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="microseconds")
