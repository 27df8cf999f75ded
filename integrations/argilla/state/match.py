"""Match of a dataset's records to samples, and writes of labelsift's part of a record beside all that is others'."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from labelsift.data.formatting import listed
from labelsift.errors import InputError
from labelsift.review.batches import batches

from ..client.client import BATCH, Client
from ..client.read import Dataset

Record = Mapping[str, Any]  # as the server describes it
EXTERNAL_ID, NUMBER = "external_id", "id"


def sample_of(record: Record) -> str:
    """Return what a record's sample is called where nothing else is said: its external id, else the server's."""
    return str(record.get(EXTERNAL_ID) or record[NUMBER])


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
    """Change records in batches: each names itself by the server's ``id``, and only what it changes.

    Without a key ``fields`` the server keeps a record's texts, and everything else that is not named; metadata it takes
    as a whole, so an item holds them merged.

    Parameters
    ----------
    samples
        The server's id → sample, for errors.
    """
    for batch in batches(iter(items), size=BATCH):
        client.upsert(dataset, batch, ids=[samples[item["id"]] for item in batch])
