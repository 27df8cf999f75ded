"""The run store: every scan is kept in a folder.

.labelsift/                  mode 0700: it holds raw text
  format.json                {"format": 1}
  .gitignore                 *
  corrections/               what people decided (see :mod:`labelsift.ledger`)
  pools/<name>/              unlabeled samples to search (see :mod:`labelsift.pools`)
  cache/                     what scans made of the texts alone (see :mod:`labelsift.cache`)
  runs/<run>/                written under another name first, then renamed: whole or not at all
                             (what is in it: :mod:`labelsift.runfolder`)
"""

from __future__ import annotations

import json
import os
import re
import secrets
import shutil
import time
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from .annotations import Annotations, annotated
from .assignment import ASSIGNED, Assignment, assignment_of
from .cache import NAME as CACHE
from .cache import Cache
from .errors import InputError, StoreError
from .evidence import reopened
from .ledger import Ledger, Record
from .memory import verified
from .pools import Pool, Pools
from .probing import ROUND, Plan, round_of
from .report import Report
from .runfolder import LINKS, RunInfo, broken, read_info, read_run, read_samples, write_run
from .samples import Samples
from .vectors import VectorIndex, kept_index

DEFAULT = ".labelsift"
FORMAT = 1
LATEST = "latest"
SENT = "sent"  # the kind of a record that says where a run's samples went
_FORGOTTEN = 86_400  # seconds after which a half-written run belongs to nobody any more


def run_name(created: datetime, fingerprint: str) -> str:
    """Return a name that sorts by time and is unlike any other: 20261123-101500-4f2a1c."""
    return f"{created:%Y%m%d-%H%M%S}-{fingerprint[:2]}{secrets.token_hex(4)}"


class Store:
    """A folder of runs.

    Raises
    ------
    InputError
        For an address, such as ``s3://bucket``.
    """

    def __init__(self, folder: str | Path = DEFAULT) -> None:
        address = re.match(r"([a-z][a-z0-9+.-]+):/", os.fspath(folder), re.IGNORECASE)  # a drive has one letter
        if address:
            raise InputError(
                f"The run store lies in a folder, not at an address ({address[1]}://…)",
                cure="Name a folder, such as .labelsift, and copy it to a bucket when nobody writes to it",
            )
        self.folder = Path(folder)

    def save(self, report: Report) -> None:
        """Keep a report; a run that was interrupted while it was saved leaves nothing behind that is read.

        Raises
        ------
        StoreError
            If the folder cannot be written, the disk is full, or the store has another format.
        """
        runs = self.prepare()
        half = runs / f".{report.run}.{os.getpid()}"
        try:
            half.mkdir(mode=0o700)
            write_run(report, half)
            half.rename(runs / report.run)
        except (OSError, ValueError, pa.ArrowException) as error:
            why = str(error).partition("\n")[0]
            raise StoreError(
                f"The run could not be kept in {self.folder} ({why})",
                cure="Free some space, name another --store, or keep nothing: --no-store",
            ) from error
        finally:
            shutil.rmtree(half, ignore_errors=True)

    @property
    def ledger(self) -> Ledger:
        """The record of what people decided."""
        return Ledger(self.folder / "corrections")

    def cache(self, dataset: str) -> Cache:
        """Return the cache of a data set's scans."""
        return Cache(self.folder / CACHE, dataset)

    def verified(self, samples: Samples, *, but: str) -> dict[str, frozenset[str]]:
        """Return the samples that people verified as they stand, on other runs than this one, and for which issues."""
        return verified(samples, self.ledger.records(), but=but)

    def reopened(self, samples: Samples, scores: pa.Table, *, but: str) -> frozenset[str]:
        """Return the samples that people decided on, and against whose label the evidence is another one now."""
        return reopened(samples, scores, self.ledger.records(), but=but)

    def annotations(self, run: str) -> Annotations:
        """Return what people say of a run: tags, notes, the model that it led to."""
        return annotated(self.ledger.records()).get(run, Annotations())

    def annotate(self, run: str, entry: Mapping[str, Any]) -> None:
        """Add what a person says of a run to the ledger; see :mod:`labelsift.annotations`."""
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
            raise StoreError(f"{self.folder} holds {what}", cure="Scan first: labelsift scan FILE --text … --label …")
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
        return read_run(self.folder / "runs" / self.find(run, dataset=dataset), store=self)

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
        return read_samples(self.folder / "runs" / self.find(run), ids)

    def kept_index(self, run: str, vectors: np.ndarray) -> VectorIndex:
        """Open the index of a run's embeddings, or build it, and keep it where that took long."""
        return kept_index(self.folder / "runs" / run / "index.faiss", vectors)

    @property
    def pools(self) -> Pools:
        """The pools of unlabeled samples."""
        return Pools(self.folder / "pools")

    def pool(self, name: str) -> Pool:
        """Open a pool of unlabeled samples."""
        return self.pools.open(name)

    def remove(self, run: str) -> None:
        """Remove a run for good: out of sight first, so that a cut removal leaves no half of it to be read."""
        folder = self.folder / "runs" / run
        gone = folder.with_name(f".removed.{run}.{os.getpid()}")
        try:
            folder.rename(gone)
            shutil.rmtree(gone)
        except OSError as error:
            raise StoreError(
                f"{run} could not be removed ({error.strerror})", cure="Check the folder's rights"
            ) from error

    def sent(self, run: str, *, platform: str, target: str, match: str | None = None, with_text: bool = True) -> None:
        """Record where a run's samples went, once, so that what was sent can be found again."""
        entry = {
            "kind": SENT,
            "run": run,
            "platform": platform,
            "target": target,
            "match": match,
            "with_text": with_text,
        }
        time = datetime.now(UTC).isoformat(timespec="microseconds")
        self.ledger.append(
            lambda standing: [] if any(entry.items() <= one.items() for one in standing) else [entry | {"time": time}]
        )

    def planned(self, run: str, *, but: tuple[str, str] | None = None) -> set[str]:
        """Return the samples of a run that are asked about blind, in rounds with probes or by an assignment.

        Parameters
        ----------
        but
            A platform and its project, whose assignment does not count.
        """
        records = [one for one in self.ledger.records() if one.get("run") == run]
        rounds = {id for one in records if one.get("kind") == ROUND for id in one["scores"]}
        elsewhere = [one for one in records if one.get("kind") == ASSIGNED and (one["platform"], one["target"]) != but]
        return rounds | {id for one in elsewhere for id in one["blind"]}

    def repeats(self, run: str, *, platform: str, target: str) -> Mapping[str, float]:
        """Return the samples that have a second task in a project, each with the score that places it."""
        plan = round_of(self.ledger.records(), run=run, platform=platform, target=target)
        return plan.repeats if plan else {}

    def decided(self, run: str) -> set[str]:
        """Return the samples of a run that people decided on."""
        return {one["id"] for one in self.ledger.records() if one.get("kind") == "decision" and one["run"] == run}

    def decisions(self) -> list[Record]:
        """Return the records of everybody's decisions on all runs, oldest first."""
        return [one for one in self.ledger.records() if one.get("kind") == "decision"]

    def keep_batch(self, batch: Report) -> Report:
        """Keep a batch of similar samples, and return it; the one that is kept already where there is one."""
        if not (self.folder / "runs" / batch.run).exists():
            self.save(batch)
        return self.load(batch.run)

    def plan_round(self, run: str, *, platform: str, target: str, make: Callable[[], Plan], keep: bool = True) -> Plan:
        """Return the plan of a run's round with probes in a project; made, and recorded, if there is none yet."""
        standing = round_of(self.ledger.records(), run=run, platform=platform, target=target)
        if standing is not None or not keep:
            return standing or make()
        plan, time = make(), datetime.now(UTC).isoformat(timespec="microseconds")
        entry = plan.record(run=run, platform=platform, target=target) | {"time": time}
        self.ledger.append(
            lambda records: [] if round_of(records, run=run, platform=platform, target=target) else [entry]
        )
        return round_of(self.ledger.records(), run=run, platform=platform, target=target) or plan

    def assign(
        self, run: str, *, platform: str, target: str, make: Callable[[], Assignment] | None = None, keep: bool = True
    ) -> Assignment:
        """Return who is asked blind in a project's round in mode choose; made, and recorded, if it is not yet."""
        standing = assignment_of(self.ledger.records(), run=run, platform=platform, target=target)
        if standing is not None or make is None or not keep:
            return standing or (make() if make else Assignment())
        made, time = make(), datetime.now(UTC).isoformat(timespec="microseconds")
        entry = made.record(run=run, platform=platform, target=target) | {"time": time}
        self.ledger.append(
            lambda records: [] if assignment_of(records, run=run, platform=platform, target=target) else [entry]
        )
        return assignment_of(self.ledger.records(), run=run, platform=platform, target=target) or made

    def save_links(self, run: str, links: dict[str, str]) -> None:
        """Keep the addresses of a run's tasks on the platform that it was pushed to."""
        folder = self.folder / "runs" / run
        if folder.exists():
            _replace(folder / LINKS, json.dumps(links))

    def _examined(self) -> tuple[list[RunInfo], dict[str, StoreError]]:
        """Return (readable runs, newest first; name of each broken run → why, newest first)."""
        self._check_format()
        whole: list[RunInfo] = []
        damaged: dict[str, StoreError] = {}
        for folder in sorted((self.folder / "runs").glob("[!.]*"), reverse=True):
            try:
                info = read_info(folder)
                if info.run != folder.name:
                    raise broken(folder, ValueError(f"it calls itself {info.run}"))
                whole.append(info)
            except StoreError as error:
                damaged[folder.name] = error
        return sorted(whole, key=lambda one: one.created, reverse=True), damaged

    def prepare(self) -> Path:
        """Make the store's folder ready for a run, and clear away what killed writers left behind.

        Returns
        -------
        Path
            The folder of the runs.
        """
        runs = self.folder / "runs"
        self._require_own()
        try:
            self.folder.mkdir(parents=True, exist_ok=True, mode=0o700)
            self.folder.chmod(0o700)
            (self.folder / ".gitignore").write_text("*\n")
            if not (self.folder / "format.json").exists():
                _replace(self.folder / "format.json", json.dumps({"format": FORMAT}))
            runs.mkdir(exist_ok=True, mode=0o700)
            for half in runs.glob(".*"):
                if time.time() - half.stat().st_mtime > _FORGOTTEN:
                    shutil.rmtree(half, ignore_errors=True)
        except FileNotFoundError:  # another writer cleared it away
            pass
        except OSError as error:
            raise StoreError(
                f"{self.folder} cannot be written ({error.strerror})", cure="Name another --store, or none"
            ) from error
        self._check_format()
        return runs

    def _require_own(self) -> None:
        """Refuse a folder with other things in it: making it private and ignored by git would harm them."""
        try:
            foreign = {path.name for path in self.folder.iterdir()} if self.folder.exists() else set()
        except OSError as error:
            raise StoreError(
                f"{self.folder} cannot be written ({error.strerror})", cure="Name another --store, or none"
            ) from error
        if "format.json" not in foreign and not all(name.startswith((".gitignore", ".format")) for name in foreign):
            raise StoreError(
                f"{self.folder} is not empty and no run store", cure="Name a new folder, such as .labelsift"
            )

    def _check_format(self) -> None:
        mark = self.folder / "format.json"
        try:
            found = json.loads(mark.read_text()).get("format")
        except (FileNotFoundError, NotADirectoryError):
            raise StoreError(
                f"{self.folder} is no run store", cure="Scan first: labelsift scan FILE --text … --label …"
            ) from None
        except (OSError, ValueError, AttributeError) as error:
            raise StoreError(
                f"{mark} cannot be read ({error})",
                cure=f'Write {{"format": {FORMAT}}} into it, or name another --store',
            ) from None
        if found != FORMAT:
            age = "newer" if isinstance(found, int) and found > FORMAT else "unknown"
            raise StoreError(
                f"{self.folder} has the {age} format {found}; this labelsift reads format {FORMAT}",
                cure="Update labelsift, or name another --store",
            )


def _replace(path: Path, text: str) -> None:
    """Write a file whole or not at all, also when two processes do it at once."""
    half = path.with_name(f".{path.name}.{os.getpid()}")
    half.write_text(text)
    half.replace(path)


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
