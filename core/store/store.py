"""The run store: every scan is kept in a folder, or below a prefix of a bucket.

.labelsift/                  mode 0700: it holds raw text, but for runs without (:mod:`labelsift.data.textless`)
  format.json                {"format": 1}
  .gitignore                 *
  corrections/               what people decided (see :mod:`labelsift.store.ledger`)
  enabled/                   what `enable` changed in projects of platforms, so that `disable` can take it back
  pools/<name>/              unlabeled samples to search (see :mod:`labelsift.search.pools`)
  pulls/                     what was pulled from platforms (see :mod:`labelsift.store.pull_state`)
  cache/                     what scans made of the texts alone (see :mod:`labelsift.store.cache`)
  runs/<run>/                whole or not there (:mod:`labelsift.store.run_writer`); what is in it:
  :mod:`labelsift.store.run_reader`
"""

from __future__ import annotations

import json
import secrets
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from ..data.samples import Samples
from ..errors import InputError, StoreError
from ..models.vector_index import VectorIndex, kept_index
from ..report import Report
from ..search.pools import Pool, Pools
from .cache import NAME as CACHE
from .cache import Cache
from .format import check_format, prepare
from .location import Folder, Place, place_of, plain
from .run_notes import Annotations, annotated
from .run_reader import FACTS, LINKS, RunInfo, UnwrittenError, broken, read_facts, read_info, read_run, read_samples
from .run_writer import remove_run, write_run
from .runrecords import RunRecords

DEFAULT = ".labelsift"
LATEST = "latest"


def run_name(created: datetime, fingerprint: str) -> str:
    """Return a name that sorts by time and is unlike any other: 20261123-101500-4f2a1c."""
    return f"{created:%Y%m%d-%H%M%S}-{fingerprint[:2]}{secrets.token_hex(4)}"


class Store(RunRecords):
    """A folder of runs, or a prefix in a bucket with them.

    Parameters
    ----------
    where
        A folder, or ``s3://bucket/prefix``; the keys of a bucket come from ``AWS_ACCESS_KEY_ID`` and its like.

    Raises
    ------
    InputError
        For an address of another kind, or with a key in it.
    """

    def __init__(self, where: str | Path = DEFAULT) -> None:
        super().__init__(place_of(where))

    @property
    def folder(self) -> Path:
        """The store's folder on this machine.

        Raises
        ------
        InputError
            If the store lies in a bucket.
        """
        if not isinstance(self.place, Folder):
            raise InputError(
                f"Pools, and what else is mapped into memory, lie in a folder, and {self.place} is none",
                cure="Name a folder for them: --store .labelsift",
            )
        return self.place.path

    def place_of(self, run: str) -> Place:
        """Return where a run of this whole name lies; a name that leads elsewhere, as a server may tell it, is none."""
        if not run or run.startswith(".") or "/" in run or "\\" in run:
            raise StoreError(f"No run is called {run!r}", cure="See labelsift runs")
        return self.place / "runs" / run

    def save(self, report: Report) -> None:
        """Keep a report; a run that was interrupted while it was saved leaves nothing behind that is read.

        Raises
        ------
        StoreError
            If the store cannot be written, the disk is full, or the store has another format.
        """
        runs = self.prepare()
        try:
            write_run(report, runs)
        except (OSError, ValueError, pa.ArrowException) as error:
            raise StoreError(
                f"The run could not be kept in {self.place} ({plain(error)})",
                cure="Free some space, name another --store, or keep nothing: --no-store",
            ) from error

    def cache(self, dataset: str) -> Cache:
        """Return the cache of a data set's scans; a store in a bucket has none."""
        return Cache(self.folder / CACHE if isinstance(self.place, Folder) else None, dataset)

    def annotate(self, run: str, entry: Mapping[str, Any]) -> None:
        """Add what a person says of a run to the ledger; see :mod:`labelsift.store.run_notes`."""
        dataset = next((one.dataset for one in self.runs() if one.run == run), None)
        told = {"run": run, "dataset": dataset, "time": datetime.now(UTC).isoformat(timespec="microseconds")}
        self.ledger.append(lambda _: [{**entry, **told}])

    def runs(self) -> list[RunInfo]:
        """Return all runs that can be read, newest first."""
        return self._examined()[0]

    def broken(self) -> list[StoreError]:
        """Say of each run that cannot be read why, newest first."""
        return list(self._examined()[1].values())

    def find(self, run: str = LATEST, *, dataset: str | None = None) -> str:
        """Return the name of a run: ``latest``, ``tag:<tag>`` (the newest), or a name's beginning.

        Raises
        ------
        StoreError
            If there is none, more than one, or the one that is meant cannot be read.
        """
        whole, damaged = self._examined()
        runs = [one for one in whole if dataset is None or one.dataset == dataset]
        if run.startswith("tag:"):
            told = annotated(self.ledger.records())
            runs = [one for one in runs if run.removeprefix("tag:") in told.get(one.run, Annotations()).tags]
            if not runs:
                raise StoreError(f"No run has the {run.replace(':', ' ', 1)}", cure="See labelsift runs")
            return runs[0].run
        if run == LATEST:
            runs = [one for one in runs if not one.batch]
        newest = runs[0].run if runs else ""
        for name, error in damaged.items():  # never answer with an older run than the one that is meant
            if name > newest if run == LATEST else name.startswith(run):
                raise error
        if not runs:
            what = f"no run of {dataset}" if dataset else "no run yet"
            raise StoreError(f"{self.place} holds {what}", cure="Scan first: labelsift scan FILE --text … --label …")
        if run == LATEST:
            return newest
        matching = [one.run for one in runs if one.run.startswith(run)]
        if len(matching) != 1:
            known = ", ".join(one.run for one in runs[:5])
            raise StoreError(
                f"{len(matching)} runs match {run}" if matching else f"There is no run {run}",
                cure=f"Newest runs: {known}",
            )
        return matching[0]

    def load(self, run: str = LATEST, *, dataset: str | None = None) -> Report:
        """Return the report of a run."""
        return read_run(self.place_of(self.find(run, dataset=dataset)), store=self)

    def samples(self, run: str, ids: Sequence[str]) -> Samples:
        """Return some samples of a run, in the order of their ids, without loading the run.

        Parameters
        ----------
        run
            A run's name or its beginning, or ``latest``.

        Raises
        ------
        InputError
            If the run has no samples of these ids.
        StoreError
            If there is no such run, or it cannot be read.
        """
        return read_samples(self.place_of(self.find(run)), ids)

    def kept_index(self, run: str, vectors: np.ndarray) -> VectorIndex:
        """Open the index of a run's embeddings, or build it, and keep it where that took long, but not in a bucket."""
        if not isinstance(self.place, Folder):
            return VectorIndex.build(vectors)
        return kept_index(self.folder / "runs" / run / "index.faiss", vectors)

    @property
    def pools(self) -> Pools:
        """The pools of unlabeled samples; a bucket has none, because faiss maps an index from a folder into memory."""
        return Pools(self.folder / "pools")

    def pool(self, name: str) -> Pool:
        """Open a pool of unlabeled samples."""
        return self.pools.open(name)

    def remove(self, run: str) -> None:
        """Remove a run for good."""
        try:
            remove_run(self.place / "runs", run)
        except OSError as error:
            raise StoreError(
                f"{run} could not be removed ({error.strerror})", cure="Check the rights to the store"
            ) from error

    def keep_batch(self, batch: Report) -> Report:
        """Keep a batch of similar samples, and return it; the one that is kept already where there is one."""
        if not self._has(batch.run):
            self.save(batch)
        kept = self.load(batch.run)
        return replace(kept, samples=batch.samples) if kept.samples.textless else kept  # for the push that follows

    def save_links(self, run: str, links: dict[str, str]) -> None:
        """Keep the addresses of a run's tasks on the platform that it was pushed to."""
        try:
            if self._has(run):
                self.place_of(run).replace(LINKS, json.dumps(links).encode())
        except OSError as error:
            raise StoreError(
                f"The addresses of the tasks could not be kept in {self.place} ({error.strerror})",
                cure="Free some space; then push again: nothing is done twice",
            ) from error

    def _has(self, run: str) -> bool:
        """Tell whether there is a run of this whole name, be it broken."""
        try:
            return run in (self.place / "runs").children() and bool(read_facts(self.place_of(run)))
        except StoreError as error:
            return not isinstance(error, UnwrittenError)

    def _examined(self) -> tuple[list[RunInfo], dict[str, StoreError]]:
        """Return (readable runs, newest first; name of each broken run → why, newest first)."""
        check_format(self.place)
        whole: list[RunInfo] = []
        damaged: dict[str, StoreError] = {}
        runs = self.place / "runs"
        contents = runs.read_many(f"{name}/{FACTS}" for name in reversed(runs.children()))
        for path, content in contents.items():
            name = path.partition("/")[0]
            run = runs / name
            try:
                info = read_info(run, content)
                if info.run != name:
                    raise broken(run, ValueError(f"it calls itself {info.run}"))
                whole.append(info)
            except UnwrittenError:
                continue
            except StoreError as error:
                damaged[name] = error
        return sorted(whole, key=lambda one: one.created, reverse=True), damaged

    def prepare(self) -> Place:
        """Make the store ready for a run, and clear away what killed writers left behind; return where the runs are."""
        prepare(self.place)
        return self.place / "runs"


def load(run: str = LATEST, *, dataset: str | None = None, store: str | Path = DEFAULT) -> Report:
    """Load the report of a run from a store.

    Parameters
    ----------
    run
        A run's name or its beginning, or ``latest``.
    dataset
        Take the latest run of this data set.
    """
    return Store(store).load(run, dataset=dataset)
