"""Match of a dataset's records to samples, and writes of labelsift's part of a record beside all that is others'."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from labelsift.data.formatting import listed
from labelsift.errors import InputError
from labelsift.io.annotated_tasks import ID as SAMPLE
from labelsift.io.formats.argilla import APPLIED
from labelsift.review.batches import batches

from ..client.client import BATCH, Client
from ..client.read import Dataset
from ..convert.review_schema import PREFIX

Record = Mapping[str, Any]  # as the server describes it
EXTERNAL_ID, NUMBER = "external_id", "id"
PUSHES = f"{PREFIX}pushes"  # metadata: what was pushed onto a record, as :func:`entries_of` reads it


def sample_of(record: Record) -> str:
    """Return what a record's sample is called: as a push wrote it, else its external id, else the server's."""
    return str((record.get("metadata") or {}).get(SAMPLE) or record.get(EXTERNAL_ID) or record[NUMBER])


def value_finder(match: str | None, dataset: Dataset) -> Callable[[Record], str | None]:
    """Return a function from a record to the value that names its sample.

    Parameters
    ----------
    match
        ``external_id``, ``id`` (the server's), ``fields.NAME`` or ``metadata.NAME``; None for :func:`sample_of`.

    Raises
    ------
    InputError
        If the dataset has no such place.
    """
    if match is None:
        return sample_of
    place, _, name = match.partition(".")
    if match in (EXTERNAL_ID, NUMBER):
        return lambda record: None if record.get(match) is None else str(record[match])
    extra = place == "metadata" and dataset.about.get("allow_extra_metadata") and name
    if not (extra or name in {"fields": dataset.fields, "metadata": dataset.metadata}.get(place, {})):
        places = [EXTERNAL_ID, NUMBER, *(f"fields.{name}" for name in dataset.fields)]
        places += [f"metadata.{name}" for name in dataset.metadata if not name.startswith("labelsift_")]
        raise InputError(f"{dataset.title} has no place {match}", hint=f"It has: {listed(places, most=30)}")
    return lambda record: None if (value := (record.get(place) or {}).get(name)) is None else str(value)


def write_items(client: Client, dataset: str, items: Sequence[dict[str, Any]], *, samples: Mapping[str, str]) -> None:
    """Create or change records in batches: one that is there names itself by the server's ``id``, and what it changes.

    Without a key ``fields`` the server keeps a record's texts, and everything else that is not named; metadata it takes
    as a whole, so an item holds them merged.

    Parameters
    ----------
    samples
        The server's id (of a new one the external id) → sample, for errors.
    """
    for batch in batches(iter(items), size=BATCH):
        client.upsert(dataset, batch, ids=[samples[item.get(NUMBER) or item[EXTERNAL_ID]] for item in batch])


def entries_of(metadata: Mapping[str, Any] | None) -> list[dict[str, Any]]:
    """Return the pushes that a record keeps: run, mode, round, task, and ``since``, the last answer before it.

    Where labels are shown, also what was ``given`` and ``suggested``.
    """
    try:
        return list(json.loads((metadata or {})[PUSHES]))
    except (KeyError, TypeError, ValueError):
        return []


def without_own(metadata: Mapping[str, Any] | None) -> dict[str, Any]:
    """Return a record's metadata without what a push shows; what later pulls and undos need stays."""
    return {
        name: value
        for name, value in (metadata or {}).items()
        if not name.startswith(PREFIX) or name in (SAMPLE, PUSHES, APPLIED)
    }
