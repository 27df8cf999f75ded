"""Offline verification of a store: the hash chain of decisions, and the fingerprints of the runs."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from ..errors import StoreError
from ..store.base import DEFAULT, FORGOTTEN
from ..store.erasures import unfinished
from ..store.hash_chain import GENESIS, Record
from ..store.run_info import RunInfo
from ..store.store import Store
from .file_versions import versions
from .kept_rows import folder_of, hash_of_kept
from .record import decisions
from .reproduce import proof


@dataclass(frozen=True)
class Verification:
    """What was found.

    Parameters
    ----------
    records
        How many records the chain has, up to the first broken one.
    last_hash
        Of the last whole record. Noted elsewhere, it shows later whether the record was written anew.
    runs
        How many runs have the samples that they were made of.
    problems
        What was changed, cut or moved; nothing where all is well.
    notes
        What is no damage, but worth knowing.
    """

    records: int
    last_hash: str
    runs: int
    problems: tuple[str, ...]
    notes: tuple[str, ...] = ()


def verify(*, store: str | Path = DEFAULT, expect: str | None = None) -> Verification:
    """Check the chain of the record, the samples of every run against their fingerprint, and what undo needs.

    Scores, findings and vectors are not covered by the fingerprint.

    Parameters
    ----------
    expect
        A ``last_hash`` of earlier, or its beginning: the record must still contain it.

    Raises
    ------
    StoreError
        If there is no store.
    """
    kept = Store(store)
    runs = kept.runs()
    records, problem = kept.ledger.examine()
    problems = [f"Record of corrections: {problem}"] if problem else []
    hashes = [GENESIS, *(record["hash"] for record in records)]
    if expect and not any(hash.startswith(expect.lower()) for hash in hashes):
        problems.append(f"Record of corrections: it does not contain {expect}, so it was written anew or cut")
    problems += [
        f"Record {record['number']}: an erasure of {len(record['ids']):,} samples was begun and not finished; call"
        " labelsift forget with the same ids again"
        for record in unfinished(records)
    ]
    broken = kept.broken()
    damaged = [*map(str, broken), *_changed_runs(kept, runs)]
    problems += [*damaged, *_strange_runs(records, runs), *_changed_steps(kept, records)]
    unread = 0 if problem else kept.ledger.unread()
    note = f"{unread:,} bytes behind the last record belong to no finished append; nobody reads them"
    whole_runs = len(runs) + len(broken) - len(damaged)
    return Verification(len(records), hashes[-1], whole_runs, tuple(problems), (note,) if unread else ())


def _changed_runs(store: Store, runs: Iterable[RunInfo]) -> Iterator[str]:
    for info in runs:
        try:
            result = proof(store, info.run)
        except StoreError as error:
            yield str(error)
            continue
        except ValueError:  # of Arrow: rows are missing on one side
            yield f"Run {info.run}: its samples were changed (they and their metadata have different numbers of rows)"
            continue
        if result.found != info.fingerprint:
            hashes = f"fingerprint {result.found[:12]}, scanned {info.fingerprint[:12]}"
            yield f"Run {info.run}: its samples were changed ({hashes})"
        elif not result.kept:
            yield f"Run {info.run}: its samples were changed (they are not the rows that were kept without texts)"


def _strange_runs(records: Iterable[Record], runs: Iterable[RunInfo]) -> Iterator[str]:
    """Say which runs have another fingerprint than when people decided on them."""
    fingerprints = {info.run: info.fingerprint for info in runs}
    judged = dict.fromkeys(
        (record["run"], record["fingerprint"]) for record in decisions(records) if record["fingerprint"]
    )
    for run, fingerprint in judged:
        if run in fingerprints and fingerprints[run] != fingerprint:
            yield f"Run {run}: people decided on other samples (fingerprint {fingerprint[:12]})"


def _changed_steps(store: Store, records: Sequence[Record]) -> Iterator[str]:
    """Say which versions cannot be undone as they were made, because what was kept for that was changed."""
    newest = {(record["parent"], record["fingerprint"]): record for record in versions(records)}
    after_erasure = {
        name: hash for record in records if record.get("kind") == FORGOTTEN for name, hash in record["kept"].items()
    }
    for (parent, fingerprint), step in newest.items():
        what = f"Version {fingerprint[:12]} of {step['dataset']}: the rows that were kept to undo it"
        try:
            folder = folder_of(store, parent=parent, fingerprint=fingerprint)
            if hash_of_kept(folder) != after_erasure.get(folder.name, step["before_hash"]):
                yield f"{what} were changed"
        except OSError as error:
            yield f"{what} are missing ({error.strerror})"
