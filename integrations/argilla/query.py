"""Search in a dataset by the raw endpoint: sorted, filtered, by text, and similar to several records, with scores.

Argilla's own client cannot sort and keeps the scores of similar records to itself.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from labelsift.data.formatting import listed
from labelsift.errors import InputError

from .client.client import Client
from .client.connect import connect
from .client.read import Dataset
from .convert.review_schema import VECTOR
from .state.match import EXTERNAL_ID, Record, sample_of

_RECORD = ("id", EXTERNAL_ID, "status", "inserted_at", "updated_at")
_PARTS = {"suggestion": "value", "suggestion.score": "score", "suggestion.agent": "agent"}


@dataclass(frozen=True)
class Hit:
    """One record: its sample's id, the record as the server describes it, and the search engine's score of it.

    The greater the score, the more similar, or the better the text fits; None where neither was asked.
    """

    id: str
    score: float | None
    record: Record


def search(
    project: str,
    *,
    sort: Sequence[str] = (),
    filters: Mapping[str, Any] | None = None,
    like: Sequence[str] = (),
    text: str | None = None,
    vector: str | None = None,
    limit: int = 100,
    client: Client | None = None,
) -> list[Hit]:
    """Return the records of a dataset that fit, in the order that was asked.

    A name is that of a metadata property; ``status``, ``inserted_at``, ``updated_at``, ``external_id`` or ``id``;
    ``label.suggestion``, ``label.suggestion.score`` or ``label.suggestion.agent`` of a question ``label``;
    ``label.response``, what was answered to it; or ``response.status``.

    Parameters
    ----------
    sort
        Names, the first one first; with a minus before it the greatest comes first.
    filters
        Name → a value, a list of which one must fit, or (from, to), where None leaves an end open. All must fit.
    like
        External ids of records: those similar to them, nearest first and without them. Of several records the mean of
        their vectors (each of length 1) is what others are near to.
    text
        Words that the fields hold.
    vector
        Name of the vectors that similarity is about; by default labelsift's, else the only ones.
    limit
        At most so many; a search reaches 10,000 records, and one for similar ones 1,000.

    Raises
    ------
    InputError, PlatformError
        If there is no such dataset, name, record or vector; if the server cannot be reached or refuses.
    """
    if like and sort:
        raise InputError("Similar records come nearest first", hint="Leave out sort, or like")
    client = client or connect()
    dataset = client.dataset(project)
    query: dict[str, Any] = {"text": {"q": text}} if text else {}
    if like:
        query["vector"] = _near(client, dataset, list(dict.fromkeys(like)), vector)
    scopes = [(_scope(name.removeprefix("-"), dataset), name.startswith("-")) for name in sort]
    order = [{"scope": scope, "order": "desc" if falling else "asc"} for scope, falling in scopes]
    wanted = [_filter(_scope(name, dataset), value) for name, value in (filters or {}).items()]
    pages = client.search(dataset.id, filters=wanted, sort=order, query=query, limit=limit + len(like))
    hits = [Hit(sample_of(record), score if query else None, record) for page in pages for record, score in page]
    return [hit for hit in hits if hit.record[EXTERNAL_ID] not in like][:limit]


def _scope(name: str, dataset: Dataset) -> dict[str, Any]:
    question, _, part = name.partition(".")
    if name in dataset.metadata:
        return {"entity": "metadata", "metadata_property": name}
    if name in _RECORD:
        return {"entity": "record", "property": name}
    if name == "response.status":
        return {"entity": "response", "property": "status"}
    if question in dataset.questions and part == "response":
        return {"entity": "response", "question": question}
    if question in dataset.questions and part in _PARTS:
        return {"entity": "suggestion", "question": question, "property": _PARTS[part]}
    further = [f"{question}.{part}" for question in dataset.questions for part in (*_PARTS, "response")]
    hint = f"There is: {listed([*dataset.metadata, *_RECORD, 'response.status', *further], most=40)}"
    raise InputError(f"{dataset.title} has nothing called {name} to sort or filter by", hint=hint)


def _filter(scope: Mapping[str, Any], value: Any) -> dict[str, Any]:  # noqa: ANN401 -- a value, several, or a range
    if isinstance(value, tuple):
        return {"type": "range", "scope": scope, "ge": value[0], "le": value[1]}
    values = list(value) if isinstance(value, (list, set, frozenset)) else [value]
    return {"type": "terms", "scope": scope, "values": [str(value) for value in values]}


def _near(client: Client, dataset: Dataset, like: Sequence[str], vector: str | None) -> dict[str, Any]:
    """Return the query for what is near the mean of some records' vectors."""
    names = list(dataset.vectors)
    name = vector or (VECTOR if VECTOR in names or len(names) != 1 else names[0])
    if name not in names:
        raise InputError(f"{dataset.title} has no vectors {name}", hint=f"There is: {listed(names) or 'none'}")
    records = client.named(dataset.id, like, include=(f"vectors:{name}",))
    vectors = {id: (record.get("vectors") or {}).get(name) for id, record in records.items()}
    lacking = [id for id in like if not vectors.get(id)]
    if lacking:
        hint = "A push brings vectors onto flagged records; push without a budget, or name others"
        raise InputError(f"These records are not in {dataset.title}, or have no vector {name}", ids=lacking, hint=hint)
    rows = np.array([vectors[id] for id in like], dtype=float)
    mean = (rows / np.linalg.norm(rows, axis=1, keepdims=True)).mean(axis=0)
    return {"name": name, "value": mean.tolist()}
