"""Base of the run store: its location, its runs by name, its decision log, notes and links."""

from __future__ import annotations

import contextlib
import json
import os
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from functools import cached_property
from os import PathLike
from pathlib import Path
from typing import Any

from ..errors import InputError, StoreError
from .cache import NAME as CACHE
from .cache import Cache
from .format import MARK, check_format, prepare
from .hash_chain import Record, now
from .ledger import Ledger
from .location import Folder, Location, location_of
from .locking import locked
from .pull_state import FOLDER as PULLS
from .run_info import FACTS, LINKS, RunInfo, UnwrittenError, beginning_with, broken, read_facts, read_info
from .run_notes import Annotations, annotated
from .sweep import remove_run

DEFAULT = ".labelsift"
LATEST = "latest"
SENT = "sent"  # the kind of a record that says where a run's samples went
FORGET, FORGOTTEN = "forget", "forgotten"  # kinds of the records with which an erasure begins and ends
LOCK = "lock"  # held by all who write samples, and by an erasure alone
CAPTURES = "captures"  # the folder of recorded trainings
WAIT = 60.0  # seconds that an erasure waits for those who write
PAGES = REPORT_PAGE, COMPARISON_PAGE = "report page", "comparison page"  # where they are no platform's


@dataclass(frozen=True)
class RunTarget:
    """A run on a platform: what a record of the log says of where its samples went."""

    run: str
    platform: str
    target: str


class BaseStore:
    """A store as far as it needs no run as a whole, so that a run can name its store.

    Parameters
    ----------
    where
        A folder, or ``s3://bucket/prefix``; the keys of a bucket come from ``AWS_ACCESS_KEY_ID`` and its like.

    Raises
    ------
    InputError
        For an address of another kind, or with a key in it.
    """

    def __init__(self, where: str | PathLike[str] = DEFAULT) -> None:
        self.place = location_of(where)
        self._erases = False

    def __fspath__(self) -> str:
        """Return its address, so that an open store can stand where an address is expected."""
        return str(self.place)

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
                hint="Name a folder for them: --store .labelsift",
            )
        return self.place.path

    @cached_property
    def ledger(self) -> Ledger:
        """The record of what people decided; it follows its chain once, and again what was added since."""
        return Ledger(self.place / "corrections")

    def place_of(self, run: str) -> Location:
        """Return where a run of this whole name lies; a name that leads elsewhere, as a server may tell it, is none."""
        if not run or run.startswith(".") or "/" in run or "\\" in run:
            raise StoreError(f"No run is called {run!r}", hint="See labelsift runs")
        return self.place / "runs" / run

    def prepare(self) -> Location:
        """Make the store ready for a run, and clear away what killed writers left behind; return where the runs are."""
        prepare(self.place)
        return self.place / "runs"

    @contextlib.contextmanager
    def writing(self) -> Iterator[None]:
        """Hold off erasures while samples, or what people said of them, are written; several may write at once.

        Nothing can be held off in a bucket: who writes there looks for erasures again afterwards, and what was kept
        of pulls meanwhile is deleted.
        """
        with contextlib.ExitStack() as stack:
            before = None
            if not isinstance(self.place, Folder):
                before = self.erasures()
            elif (self.place.path / MARK).exists():
                with contextlib.suppress(OSError):  # where no lock can be made, nothing else can be written
                    stack.enter_context(locked(self.place.path / LOCK, shared=True))
            yield
            if before is not None and self.erasures() != before:
                self.place.delete(PULLS)

    @contextlib.contextmanager
    def erasing(self) -> Iterator[None]:
        """Wait until nobody writes samples, and hold off who wants to: what is half-written now, nobody writes.

        Raises
        ------
        StoreError
            If somebody writes for longer than WAIT; a writer that was killed does not.
        """
        check_format(self.place)
        lock = locked(self.place.path / LOCK, wait=WAIT) if isinstance(self.place, Folder) else contextlib.nullcontext()
        try:
            stack = contextlib.ExitStack()
            stack.enter_context(lock)
        except TimeoutError:
            raise StoreError(
                f"Another command writes into {self.place}, and nothing was erased yet",
                hint="Call forget again once the scan, push or pull there has ended",
            ) from None
        except OSError as error:
            raise StoreError(f"{self.place} cannot be written ({error.strerror})", hint="Check the rights") from None
        with stack:
            self._erases = True
            try:
                yield
            finally:
                self._erases = False

    def erasures(self, since: int = 0) -> list[Record]:
        """Return the erasures that were begun, those behind the first ``since`` records of the log."""
        return [record for record in self.ledger.examine()[0][since:] if record.get("kind") == FORGET]

    def cache(self, dataset: str) -> Cache:
        """Return the cache of a data set's scans; a store in a bucket has none.

        Once something is erased it keeps nothing more: an erased text may be among what the scan has read. While this
        store erases it has none either: who writes into the cache would wait for the end of the erasure.
        """
        if self._erases:
            return Cache()
        before = len(self.erasures())

        @contextlib.contextmanager
        def guard() -> Iterator[bool]:
            with self.writing():
                yield len(self.erasures()) == before

        return Cache(self.folder / CACHE if isinstance(self.place, Folder) else None, dataset, guard=guard)

    def runs(self) -> list[RunInfo]:
        """Return all runs that can be read, newest first."""
        return self._examined()[0]

    def broken(self) -> list[StoreError]:
        """Say of each run that cannot be read why, newest first."""
        return list(self._examined()[1].values())

    def find(self, run: str = LATEST, *, dataset: str | None = None) -> str:
        """Return the name of a run: ``latest``, ``tag:<tag>`` (the newest), or a name's beginning.

        A run goes before its batches, whose names begin with its own.

        Raises
        ------
        StoreError
            If there is none, more than one, or the one that is meant cannot be read.
        """
        if not run:
            raise StoreError("An empty name names no run", hint="See labelsift runs")
        whole, damaged = self._examined()
        runs = [info for info in whole if dataset is None or info.dataset == dataset]
        if run.startswith("tag:"):
            annotations = annotated(self.ledger.records())
            runs = [info for info in runs if run.removeprefix("tag:") in annotations.get(info.run, Annotations()).tags]
            if not runs:
                raise StoreError(f"No run has the {run.replace(':', ' ', 1)}", hint="See labelsift runs")
            return runs[0].run
        if run == LATEST:
            runs = [info for info in runs if not info.batch]
        if any(info.run == run for info in runs):
            return run
        newest = runs[0].run if runs else ""
        for name, error in damaged.items():  # never answer with an older run than the one that is meant
            if name > newest if run == LATEST else name.startswith(run):
                raise error
        if not runs:
            what = f"no run of {dataset}" if dataset else "no run yet"
            raise StoreError(f"{self.place} holds {what}", hint="Scan first: labelsift scan FILE --text … --label …")
        if run == LATEST:
            return newest
        return beginning_with(run, runs)

    def has(self, run: str) -> bool:
        """Tell whether there is a run of this whole name, be it broken."""
        try:
            return run in (self.place / "runs").children() and bool(read_facts(self.place_of(run)))
        except StoreError as error:
            return not isinstance(error, UnwrittenError)

    def remove(self, run: str) -> None:
        """Remove a run for good."""
        try:
            with self.writing():
                remove_run(self.place / "runs", run)
        except OSError as error:
            raise StoreError(
                f"{run} could not be removed ({error.strerror})", hint="Check the rights to the store"
            ) from error

    def save_links(self, run: str, links: dict[str, str]) -> None:
        """Keep the addresses of a run's tasks on the platform that it was pushed to."""
        try:
            if self.has(run):
                self.place_of(run).replace(LINKS, json.dumps(links).encode())
        except OSError as error:
            raise StoreError(
                f"The addresses of the tasks could not be kept in {self.place} ({error.strerror})",
                hint="Free some space; then push again: nothing is done twice",
            ) from error

    def annotate(self, run: str, entry: Mapping[str, Any]) -> None:
        """Add what a person says of a run to the ledger; see :mod:`labelsift.store.run_notes`."""
        dataset = next((info.dataset for info in self.runs() if info.run == run), None)
        about = {"run": run, "dataset": dataset, "time": now()}
        self.ledger.append(lambda _: [{**entry, **about}])

    def annotations(self, run: str) -> Annotations:
        """Return what people say of a run: tags, notes, the model that it led to."""
        return annotated(self.ledger.records()).get(run, Annotations())

    def sent(
        self, where: RunTarget, *, match: str | None = None, with_text: bool = True, mode: str | None = None
    ) -> None:
        """Record where a run's samples went, once, so that what was sent can be found again; ``mode`` is a push's."""
        entry = {"kind": SENT, **asdict(where), "match": match, "with_text": with_text}
        entry |= {"mode": mode} if mode else {}
        self.ledger.append(
            lambda standing: (
                [] if any(entry.items() <= record.items() for record in standing) else [entry | {"time": now()}]
            )
        )

    def wrote(self, run: str, page: str, path: str | PathLike[str]) -> None:
        """Record where a page with texts of a run was written; a store that cannot be written keeps no record."""
        with contextlib.suppress(StoreError):
            self.sent(RunTarget(run, page, os.path.abspath(path)))

    def decisions(self) -> list[Record]:
        """Return the records of everybody's decisions on all runs, oldest first."""
        return [record for record in self.ledger.records() if record.get("kind") == "decision"]

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
        # By number first: a clock that once ran ahead must not make its run the latest for years.
        return sorted(whole, key=lambda info: (info.number, info.created), reverse=True), damaged
