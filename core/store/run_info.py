"""Facts of a kept run: its run.json, read without its tables."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from ..data.formatting import error_text
from ..data.taxonomy import Taxonomy
from ..errors import StoreError
from .location import Bucket, Location

FACTS = "run.json"
LINKS = "links.json"
METHOD = "method"  # the setting that holds the version of the method; the first runs have none, and are of version 1
WRITTEN = "tables-"  # what tables in a bucket are called
REWRITTEN = "without-"  # what tables are called once rows were erased from them


class UnwrittenError(StoreError):
    """A run in a bucket whose writer is at work, or was killed: there is none yet."""


@dataclass(frozen=True)
class RunInfo:
    """One line of ``labelsift runs``."""

    run: str
    dataset: str
    created: datetime
    rows: int
    label_issues: int
    fingerprint: str
    taxonomy: Taxonomy | None = None
    parent: str | None = None
    batch: bool = False
    method: int = 1
    number: int = 0  # in the order in which the store kept them; the first runs have none


def read_info(folder: Location, content: bytes | OSError) -> RunInfo:
    """Read one line about a run from its run.json; a broken one is refused by its folder's name."""
    facts = _facts(folder, content)
    try:
        return RunInfo(
            run=facts["run"],
            dataset=facts["dataset"],
            created=datetime.fromisoformat(facts["created"]),
            rows=facts["rows"],
            label_issues=facts["label_issues"],
            fingerprint=facts["fingerprint"],
            taxonomy=taxonomy_in(facts),
            parent=facts["settings"].get("parent"),
            batch=facts["settings"].get("batch", False),
            method=int(facts["settings"].get(METHOD, 1)),
            number=int(facts.get("number", 0)),
        )
    except (KeyError, TypeError, ValueError) as error:
        raise broken(folder, error) from None


def read_facts(folder: Location) -> dict[str, Any]:
    """Read run.json.

    Raises
    ------
    UnwrittenError
        In a bucket, where it is missing: run.json is written last, so that there is no such run.
    StoreError
        If it cannot be read.
    """
    return _facts(folder, *folder.read_many([FACTS]).values())


def _facts(folder: Location, content: bytes | OSError) -> dict[str, Any]:
    try:
        if isinstance(content, OSError):
            raise content
        return json.loads(content)
    except FileNotFoundError as error:
        if isinstance(folder, Bucket):
            raise UnwrittenError(f"There is no run {folder.name}", hint="See labelsift runs") from None
        raise broken(folder, error) from None
    except (OSError, ValueError) as error:
        raise broken(folder, error) from None


def tables_in(folder: Location, facts: Mapping[str, Any] | None = None) -> Location:
    """Return where the tables of a run stand."""
    return folder / (facts or read_facts(folder)).get("tables", "")


def read_links(folder: Location) -> dict[str, str]:
    """Read the addresses of a run's tasks on the platform that it was pushed to; none before a push."""
    try:
        return json.loads(folder.read(LINKS))
    except FileNotFoundError:
        return {}


def broken(folder: Location, error: Exception) -> StoreError:
    """Say that a run cannot be read, and what to do about it."""
    why = f"{error} is missing" if isinstance(error, KeyError) else error_text(error)
    return StoreError(f"The run {folder.name} cannot be read ({why})", hint=f"Delete {folder}, and scan again")


def taxonomy_in(facts: Mapping[str, Any]) -> Taxonomy | None:
    """Return the taxonomy that a run was scanned with."""
    content = facts["settings"].get("taxonomy")
    return Taxonomy.of(content) if content else None


def beginning_with(name: str, runs: Sequence[RunInfo]) -> str:
    """Return the one run whose name begins so; a scan goes before its batches, whose names begin with its own.

    Raises
    ------
    StoreError
        If there is none, or more than one.
    """
    matching = [info for info in runs if info.run.startswith(name)]
    scans = [info.run for info in matching if not info.batch]
    if len(scans) == 1 and all(info.run.startswith(scans[0]) for info in matching):
        return scans[0]
    if len(matching) != 1:
        newest = ", ".join(info.run for info in runs[:5])
        what = f"{len(matching)} runs match {name}" if matching else f"There is no run {name}"
        raise StoreError(what, hint=f"Newest runs: {newest}")
    return matching[0].run
