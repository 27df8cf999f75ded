"""Decisions in review datasets, as corrections by sample id.

Every answered record is read at each pull: Argilla moves no time when somebody changes an answer that was submitted,
so nothing that it says tells which ones did. Records that nobody answered are not read.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

from labelsift.data.adjudication import REPEAT
from labelsift.review.answers import Answer, correction_of
from labelsift.review.blind import labels_of_blind
from labelsift.review.round_ledger import recorded
from labelsift.review.rounds import Plan
from labelsift.store.base import RunTarget
from labelsift.store.run_reader import read_sample_records
from labelsift.store.store import Store

from ..client.client import NAME, Client
from ..convert.answers import read_answer, values_of
from ..convert.record_fields import again_id
from ..convert.review_schema import ISSUES, RUN
from ..state.rounds import Round

Row = dict[str, Any]
Record = Mapping[str, Any]
DECIDED = ("submitted", "discarded")


def decisions_in(
    client: Client, review: Round, store: Store, people: Mapping[str, str], *, target: str
) -> Iterator[Row]:
    """Yield every decision in a review dataset; ``target`` is what its project was called in the push.

    Raises
    ------
    InputError
        If people have decided in a blind round whose run the store does not have: it alone knows the given labels.
    PlatformError
        If the server cannot be reached or refuses.
    """
    plan = (
        recorded(store.ledger.records(), RunTarget(review.run, NAME, target), Plan) if review.mode == "blind" else None
    )
    second = {again_id(sample): sample for sample in (plan.repeats if plan else ())}
    records = [record for record in answered(client, review.dataset) if record["external_id"] is not None]
    samples = {record["id"]: second.get(id := str(record["external_id"]), id) for record in records}
    records = _of_run(records, samples, store, review.run)
    hidden = [samples[record["id"]] for record in records if values_of(record.get("metadata")) is None]
    labels = labels_of_blind(store, review.run, hidden, task=review.task, project=review.name)
    for record in records:
        sample, shown = samples[record["id"]], values_of(record.get("metadata"))
        given, suggested = (shown["given"], shown["suggested"]) if shown else labels[sample]
        mode = review.mode if shown else "blind"
        asked = REPEAT if record["external_id"] in second else mode
        issues = (record.get("metadata") or {}).get(ISSUES)
        for response in record["responses"]:
            answer = read_answer(
                response,
                sample=sample,
                task=review.task,
                given=given,
                suggested=suggested,
                mode=mode,
                people=people,
                issues=issues,
                proposed=shown or {},
            )
            if answer is not None:
                yield _row(answer, review, asked=asked)


def _row(answer: Answer, review: Round, *, asked: str) -> Row:
    answer = replace(answer, run=review.run, round=str(review.number), asked=asked)
    return correction_of(answer, platform=NAME, task=review.task)


def _of_run(records: list[Record], samples: Mapping[str, str], store: Store, run: str) -> list[Record]:
    """Leave out records that people added to the dataset themselves: the run has no such sample."""
    unsigned = [samples[record["id"]] for record in records if RUN not in (record.get("metadata") or {})]
    if not unsigned or not store.has(run):
        return records
    strange = set(unsigned) - read_sample_records(store.place_of(run), unsigned).keys()
    return [record for record in records if samples[record["id"]] not in strange]


def answered(client: Client, dataset: str) -> list[Record]:
    """Return the records on which people decided something, with their responses.

    The search index finds them. Where it does not know of all responses that the database counts, as after a crash,
    all records are read.
    """
    filters = [{"type": "terms", "scope": {"entity": "response", "property": "status"}, "values": list(DECIDED)}]
    pages = client.search(dataset, filters=filters, include=("responses",))
    records = [record for page in pages for record, _ in page]
    if _said(records) != client.responses(dataset, DECIDED):
        records = [record for page in client.records(dataset, include=("responses",)) for record in page]
    return [record for record in records if _said([record])]


def _said(records: list[Record]) -> int:
    return sum(response["status"] in DECIDED for record in records for response in record.get("responses") or ())
