"""Erasure of samples from every run, version, pool and capture of a store, and from copies on platforms and pages.

A ``forget`` record with hashes of the ids goes into the ledger first, and a ``forgotten`` one with what was done
last. In between every part is replaced whole, so that a killed erasure leaves each part as it was or without the
samples, and the same command again finishes it; ``labelsift verify`` names an unfinished one. Whoever writes samples
meanwhile waits, and then leaves the erased ones out (see :mod:`labelsift.store.erasures`).
"""

from __future__ import annotations

import contextlib
import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from os import PathLike

import pyarrow as pa
import pyarrow.compute as pc

from .. import platforms
from ..data.adjudication import SECOND_LOOK
from ..data.hashing import id_hashes, text_hash
from ..data.textless import comparable_texts
from ..errors import InputError, LabelsiftError, StoreError
from ..search.pools import pools_of
from ..store.backend_state import erase_served
from ..store.base import DEFAULT, FORGET, FORGOTTEN, PAGES, SENT
from ..store.cache import NAME as CACHE
from ..store.explored import erase_explored
from ..store.hash_chain import HEAD, Record, now
from ..store.location import Bucket, Folder, Location
from ..store.pull_state import FOLDER as PULLS
from ..store.run_eraser import erase_from_run
from ..store.run_reader import read_samples
from ..store.sealed_text import SealedText
from ..store.store import Store
from ..store.sweep import sweep_dead
from ..texts.redaction import safe_id
from .erase_captures import captured, erase_captured
from .erase_pages import erase_pages
from .kept_rows import FACTS as ROWS
from .kept_rows import erase_kept


@dataclass
class Erased:
    """What an erasure did, or would do.

    Parameters
    ----------
    ids
        Samples that were asked for.
    runs, pools, versions, captures
        Run, pool, version or recorded training → how many of them it held.
    words
        Notes and new texts of people that were deleted from the record.
    unknown
        Ids that stood nowhere in the store.
    copies
        Other samples that have the same text; they stay.
    platforms
        Platform and project → in how many tasks or rows they stood that labelsift made there.
    pages
        Report pages that were written again without them.
    elsewhere
        Where ids, labels and scores of these samples went, but no texts: it is left alone.
    unreachable
        What could not be erased, and what a person must do about it.
    dry_run
        True where nothing was deleted.
    """

    ids: list[str]
    runs: dict[str, int] = field(default_factory=dict)
    pools: dict[str, int] = field(default_factory=dict)
    versions: dict[str, int] = field(default_factory=dict)
    captures: dict[str, int] = field(default_factory=dict)
    words: int = 0
    unknown: list[str] = field(default_factory=list)
    copies: list[str] = field(default_factory=list)
    platforms: dict[str, int] = field(default_factory=dict)
    pages: list[str] = field(default_factory=list)
    elsewhere: list[str] = field(default_factory=list)
    unreachable: list[str] = field(default_factory=list)
    dry_run: bool = False


def forget(
    ids: Sequence[str], *, store: str | PathLike[str] = DEFAULT, reason: str = "", dry_run: bool = False
) -> Erased:
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
        If there is no store, the record is broken, a folder cannot be written, or another command writes for long.
    """
    if not ids:
        raise InputError("No sample is named", hint="Give the ids of the samples to forget")
    kept = Store.of(store)
    wanted = _as_kept(kept, ids)
    with contextlib.nullcontext() if dry_run else kept.erasing():
        return _forget(kept, wanted, reason=reason, dry_run=dry_run)


def _as_kept(kept: Store, ids: Sequence[str]) -> list[str]:
    """Return ids as the store has them: a pseudonym for one that holds personal data, unless it was kept itself."""
    hidden = {id for id in ids if safe_id(id) != id}
    if not hidden:
        return list(dict.fromkeys(ids))
    there = {id for info in kept.runs() for id in read_samples(kept.place_of(info.run)).ids.to_pylist() if id in hidden}
    there |= captured(kept, hidden)[1]
    there |= {id for name in _pools(kept) for id in pools_of(kept).open(name).column("id").to_pylist() if id in hidden}
    return list(dict.fromkeys(name for id in ids for name in ([safe_id(id)] + [id] * (id in there))))


def _forget(kept: Store, wanted: list[str], *, reason: str, dry_run: bool) -> Erased:
    result = _plan(kept, wanted)
    result.dry_run = dry_run
    records = kept.ledger.records()
    hashes = id_hashes(wanted)
    before = {hash for record in records if record.get("kind") == FORGET for hash in record["ids"]}
    if len(result.unknown) == len(wanted) and not before & set(hashes):
        raise InputError(
            f"{kept.place} holds no sample with these ids", ids=wanted, hint="Check the ids: labelsift runs"
        )
    if dry_run:
        _erase_copies(kept, records, wanted, result)
        return result
    begun = {"kind": FORGET, "ids": hashes, "reason": SealedText(reason) if reason else "", "time": now()}
    number = kept.ledger.append(lambda _: [begun])[0]["number"]
    try:
        kept_hashes = _erase(kept, set(wanted), result)
        _erase_copies(kept, records, wanted, result)
    except OSError as error:
        raise StoreError(
            f"The erasure in {kept.place} is unfinished ({error.strerror})",
            hint="Mend that, and call forget with the same ids again",
        ) from error
    done = {
        "kind": FORGOTTEN,
        "forget": number,
        "time": now(),
        "kept": kept_hashes,
        "unreachable": len(result.unreachable),
    }
    counts = {name: getattr(result, name) for name in ("runs", "pools", "captures", "words")}
    kept.ledger.append(lambda _: [done | counts])
    return result


def _plan(kept: Store, wanted: list[str]) -> Erased:
    plan = Erased(wanted)
    found: set[str] = set()
    texts: set[str] = set()  # or their hashes, where a run has no texts
    among = pa.array(wanted, pa.string())
    runs = [(info.run, read_samples(kept.place_of(info.run))) for info in kept.runs()]
    contents = comparable_texts(*(samples for _, samples in runs))
    for (run, samples), content in zip(runs, contents, strict=True):
        asked = pc.is_in(samples.ids, value_set=among)
        theirs = samples.ids.filter(asked)
        if len(theirs):
            plan.runs[run] = len(theirs)
            found.update(theirs.to_pylist())
            texts.update(content.filter(asked).to_pylist())
    for (_, samples), content in zip(runs, contents, strict=True):
        same = pc.is_in(content, value_set=pa.array(sorted(texts - {"", text_hash("")}), pa.string()))
        others = pc.and_(same, pc.invert(pc.is_in(samples.ids, value_set=among)))
        plan.copies += [id for id in samples.ids.filter(others).to_pylist() if id not in plan.copies]
    unread = [f"{error}. It may hold these samples: labelsift runs rm" for error in kept.broken()]
    for name in _pools(kept):
        try:
            ids = set(pools_of(kept).open(name).column("id").to_pylist()) & set(wanted)
        except LabelsiftError as error:
            unread.append(str(error))
            continue
        if ids:
            plan.pools[name] = len(ids)
            found |= ids
    for folder in _versions(kept):
        try:
            count = len(set(json.loads(folder.read(ROWS))["ids"]) & set(wanted))
        except (OSError, ValueError, LookupError, TypeError) as error:
            unread.append(f"{folder} cannot be read ({error}). It may hold rows of these samples: delete it")
            continue
        if count:
            plan.versions[folder.name] = count
    plan.captures, held, unreadable = captured(kept, wanted)
    found |= held
    unread += unreadable
    plan.unknown = [id for id in wanted if id not in found]
    plan.unreachable = unread
    return plan


def _erase(kept: Store, wanted: set[str], result: Erased) -> dict[str, str]:
    """Erase from each part in turn; return version → the hash of what it keeps now."""
    halves = [f"runs/{half}" for half in sweep_dead(kept.place / "runs")]
    halves += [f"versions/{half}" for half in sweep_dead(kept.place / "versions", last=ROWS)]
    result.unreachable += [
        f"{kept.place}/{half} is being written, or its writer was killed elsewhere: call forget again tomorrow"
        for half in halves
    ]
    if isinstance(kept.place, Bucket) and kept.place.keeps_versions(f"corrections/{HEAD}"):
        result.unreachable.append(f"{kept.place} keeps old versions of what is deleted: let a lifecycle rule end them")
    if isinstance(kept.place, Folder):
        kept.place.delete(CACHE)  # the next scan makes it again, without them
        result.unreachable += [
            f"An explorer of {run} is open and may still show them: stop it (Ctrl-C where labelsift explore runs)"
            for run in erase_explored(kept)
        ]
        erase_served(kept.place, wanted, runs=result.runs)  # first: whose models they are, the runs tell
        pools_of(kept).sweep_unmade()
    kept.place.delete(PULLS)  # the next pull reads everything anew
    for info in kept.runs():
        erase_from_run(kept.place_of(info.run), wanted)
    for name in _pools(kept):
        try:
            if name in result.pools:
                pools_of(kept).remove(name, sorted(set(pools_of(kept).open(name).column("id").to_pylist()) & wanted))
            pools_of(kept).sweep(name)
        except LabelsiftError as error:
            result.unreachable.append(str(error))
    result.unreachable += erase_captured(kept, wanted)
    hashes = {}
    for folder in _versions(kept):
        with contextlib.suppress(ValueError, LookupError, TypeError):  # the plan names what cannot be read
            if (now := erase_kept(folder, wanted)) is not None:
                hashes[folder.name] = now
    result.words = kept.ledger.erase_words(wanted)
    return hashes


def _erase_copies(kept: Store, records: Sequence[Record], wanted: list[str], result: Erased) -> None:
    """Erase what was sent to platforms or written as a page; what cannot be is named, with the way to do it by hand."""
    pages, unreachable = erase_pages(kept, records, wanted, runs=result.runs, dry_run=result.dry_run)
    result.pages += pages
    result.unreachable += unreachable
    looks: dict[tuple[str, str], list[str]] = {}  # tasks that hold a text under a key in place of its sample's id
    for record in records:
        if record.get("kind") == SECOND_LOOK and record.get("id") in wanted:
            looks.setdefault((record["platform"], record["target"]), []).append(record["key"])
    sent = [
        (record["platform"], record["target"], record["match"], record["with_text"])
        for record in records
        if record.get("kind") == SENT and record["platform"] not in PAGES
    ]
    places = dict.fromkeys([*sent, *((*where, None, True) for where in looks)])
    counts: dict[tuple[str, bool], int] = {}
    for name, target, match, with_text in places:
        where = f"{name} {target}"
        try:
            platform = platforms.get(name)
            if "forget" in platform.capabilities:
                asked = [*wanted, *looks.pop((name, target), ())] if match is None else wanted
                count = platform.forget(asked, project=target, match=match, dry_run=result.dry_run)
                key = where, match is None
                # A dry run meets the same copies under each field that was ever matched by.
                counts[key] = max(counts.get(key, 0), count) if result.dry_run else counts.get(key, 0) + count
                result.platforms[where] = counts.get((where, True), 0) + counts.get((where, False), 0)
            elif with_text:
                result.unreachable.append(f"{where} may hold texts of them: delete them there by hand")
            else:
                result.elsewhere.append(where)
        except LabelsiftError as error:
            result.unreachable.append(f"{where}: {error}")


def _pools(kept: Store) -> list[str]:
    return pools_of(kept).names() if isinstance(kept.place, Folder) else []


def _versions(kept: Store) -> list[Location]:
    versions = kept.place / "versions"
    return [versions / name for name in versions.children() if ROWS in (versions / name).children()]
