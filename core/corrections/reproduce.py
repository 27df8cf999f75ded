"""Reproduction of a run: its exact rows, and the proof by fingerprint that they are."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa

from ..data.hashing import whole_fingerprint
from ..data.samples import ROLES, Samples
from ..data.textless import require_texts, same_rows
from ..store.base import DEFAULT, LATEST
from ..store.run_info import read_facts
from ..store.run_reader import read_samples
from ..store.store import Store


@dataclass(frozen=True)
class Reproduced:
    """What came out.

    Parameters
    ----------
    run, dataset
        What was reproduced.
    rows
        How many rows stand.
    erased
        How many were erased since the scan.
    fingerprint
        Of what was scanned.
    found
        Of the rows that stand, together with the tombstone of the erased ones.
    samples
        The rows.
    kept
        Whether they are the rows that were kept: of a run without texts the hash cannot show a changed label.
    """

    run: str
    dataset: str
    rows: int
    erased: int
    fingerprint: str
    found: str
    samples: Samples
    kept: bool = True

    @property
    def identical(self) -> bool:
        """Whether these are the rows of the scan, but for erased ones."""
        return self.found == self.fingerprint and self.kept

    def __str__(self) -> str:
        if not self.identical:
            return f"not what was scanned: fingerprint {self.found[:12]}, scanned {self.fingerprint[:12]}"
        return f"identical except {self.erased:,} erased" if self.erased else "identical"

    @property
    def table(self) -> pa.Table:
        """The rows as one table: id, text, label, split, predicted, then the metadata under its own names."""
        table = self.samples.table
        for name in self.samples.metadata.column_names:
            column = f"metadata.{name}" if name in ROLES or name in table.column_names else name
            table = table.append_column(column, self.samples.metadata[name])
        return table


def reproduce(run: str = LATEST, *, store: str | Path = DEFAULT) -> Reproduced:
    """Restore the rows of a run as they were scanned, and compare their hash with the scan's.

    Raises
    ------
    StoreError
        If there is no such run, or it cannot be read.
    InputError
        If it was kept without texts.
    """
    kept = Store(store)
    result = proof(kept, kept.find(run))
    require_texts(
        result.samples, "Reproducing", run=result.run, hint="labelsift verify proves the hashes of its rows; scan again"
    )
    return result


def proof(store: Store, name: str) -> Reproduced:
    """Compare the hash of what is kept of a run's rows with the scan's, also where their texts are not kept.

    Parameters
    ----------
    name
        The whole name of a run.

    Raises
    ------
    StoreError
        If it cannot be read.
    """
    folder = store.place_of(name)
    facts, samples = read_facts(folder), read_samples(folder)
    tombstone = facts.get("tombstone", {})
    fingerprint = whole_fingerprint(samples.fingerprint, tombstone.get("digest"))
    erased = len(tombstone.get("ids", ()))
    kept = same_rows(samples, facts.get("kept_digest"))
    return Reproduced(name, samples.name, len(samples), erased, facts["fingerprint"], fingerprint, samples, kept)
