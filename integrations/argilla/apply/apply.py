"""Writer of decisions into the dataset that the samples are from (``labelsift apply argilla DATASET``).

Beside what people answered comes one response a record, of the account whose key is used; nobody else's is touched.
A record that got one is marked in its metadata (``labelsift_applied``), by which an undo, a second call and a reader of
exports know labelsift's response as long as it stands as it was written.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property, partial
from typing import Any

import pyarrow as pa
from labelsift.data.hashing import text_hash
from labelsift.errors import InputError
from labelsift.io.formats.argilla import APPLIED, mark_of
from labelsift.platforms import ApplyRequest, Receipt
from labelsift.review.batches import Say, quiet
from labelsift.review.wanted import Wanted, judged_texts, wanted_of

from ..client.client import NAME, Client
from ..read import Target, target_of
from ..state.match import Record, value_finder, write_items

SECONDS_A_RECORD = 0.02  # on a busy machine with SQLite
_FILES = "Apply the decisions to files instead: labelsift correct FILE"
_ANEW = "it changes the text: log the record anew with the new one"
_NO_RESPONSE = {
    "remove": "it says to remove the sample: delete the record, or leave it out of the export",
    "edit": _ANEW,
    "redact": _ANEW,
}
UNSAYABLE = {action: f"No response can say the action {action}: {why}" for action, why in _NO_RESPONSE.items()}


@dataclass(frozen=True)
class Work:
    """What is to be written to one record.

    Parameters
    ----------
    create
        The value of the response that labelsift's account shall give; None for none.
    standing
        Id of labelsift's response, which is changed, or deleted where there is nothing to create.
    """

    record: str
    sample: str
    create: Any = None
    standing: str = ""
    marked: bool = False

    @property
    def due(self) -> bool:
        """Whether something is to be written."""
        return self.create is not None or bool(self.standing) or self.marked


def apply_corrections(client: Client, corrections: pa.Table, request: ApplyRequest, *, say: Say = quiet) -> Receipt:
    """Write one response a record where people decided on another label than all submitted ones say.

    Parameters
    ----------
    corrections
        In CORRECTIONS_SCHEMA; with ``undo`` an empty table means all of labelsift's responses in the dataset.
    request
        Its ``match`` is as in :func:`..state.match.value_finder`; without it a record is the sample of its external id,
        or of the server's, unless it is known to show another text than people judged. ``undo`` deletes exactly what
        was written: never a response that somebody gave, or has changed.

    Returns
    -------
    Receipt
        By samples: ``created`` have a new response, ``updated`` another one or none any more. ``failed`` names
        conflicts and whatever no response can say.

    Raises
    ------
    InputError
        If there is no such dataset, it is a review dataset of labelsift's, its labels cannot be answered alone, or no
        record is one of these samples.
    PlatformError
        If the server cannot be reached or refuses.
    """
    target = target_of(client.dataset(request.project), hint=_FILES)
    dataset, question = target.dataset, target.question
    if question.required and not request.undo:
        raise InputError(
            f"Argilla takes no response to {dataset.title} without an answer to: {', '.join(question.required)}",
            hint=f"labelsift decides on {question.name} alone, and Argilla makes no question optional. {_FILES}",
        )
    receipt = Receipt(platform=NAME, target=dataset.title, dry_run=request.dry_run)
    wanted: dict[str, Wanted] = {}
    judged: Mapping[str, set[str]] = {}
    if not request.undo:
        wanted = wanted_of(
            corrections,
            receipt,
            policy=request.policy,
            experts=request.experts,
            to_project=question.names.to_project,
            fault=partial(_unfit, target=target),
            unsayable=UNSAYABLE,
        )
        judged = judged_texts(corrections, request.store) if request.match is None else {}
    plan = _Plan(client, target, request, wanted, judged, set(corrections["id"].to_pylist()), receipt)
    work = [item for page in client.records(dataset.id) for item in plan.of_page(page)]
    if not request.undo:
        _name_missing(wanted, work, receipt)
    due = [item for item in work if item.due]
    created = {item.sample for item in due if item.create is not None and not item.standing}
    updated = {item.sample for item in due} - created
    receipt.created, receipt.updated = len(created), len(updated)
    receipt.unchanged = len({item.sample for item in work} - created - updated - receipt.failed.keys())
    receipt.details |= {
        "responses_written": sum(item.create is not None for item in due),
        "responses_deleted": sum(bool(item.standing) and item.create is None for item in due),
        "account": plan.me["username"],
        "estimated_seconds": round(len(due) * SECONDS_A_RECORD),
        "dataset_id": dataset.id,
    }
    receipt.links = {"dataset": client.link(dataset.id, status="submitted")}
    if due and not request.dry_run:
        plan.write({item.record for item in due}, say=say)
    return receipt


@dataclass(frozen=True)
class _Plan:
    """Compares records with what is wanted of them, and writes what differs."""

    client: Client
    target: Target
    request: ApplyRequest
    wanted: Mapping[str, Wanted]
    judged: Mapping[str, set[str]]
    scope: set[str]
    receipt: Receipt

    @cached_property
    def me(self) -> Mapping[str, Any]:
        """The account of the key."""
        return self.client.me()

    @cached_property
    def value(self) -> Callable[[Record], str | None]:
        """A function from a record to its sample."""
        return value_finder(self.request.match, self.target.dataset)

    def of_page(self, page: Sequence[Record]) -> Iterator[Work]:
        """Yield what is to be done with the records that are concerned."""
        for record in page:
            sample = self.value(record)
            look = self._undone if self.request.undo else self._compared
            if sample is not None and (work := look(record, sample)) is not None:
                yield work

    def write(self, records: set[str], *, say: Say) -> None:
        """Read the records again, page by page, and write what is still to be done."""
        dataset, done = self.target.dataset, 0
        if APPLIED not in dataset.metadata and not dataset.about.get("allow_extra_metadata"):
            settings = {"name": APPLIED, "title": "Decided (labelsift)", "settings": {"type": "terms"}}
            self.client.add_setting(dataset.id, "metadata-properties", {**settings, "visible_for_annotators": False})
        for page in self.client.records(dataset.id):
            items, samples = [], {}
            for record in page:
                work = next(self.of_page([record]), None) if record["id"] in records else None
                if work is None or not work.due:
                    continue
                if work.create is None and work.standing:  # before its mark: without a response the mark says nothing
                    self.client.delete_response(work.standing)
                items.append(self._item(record, work))
                samples[work.record] = work.sample
            write_items(self.client, dataset.id, items, samples=samples)
            done += len(items)
            say(f"{done:,} of {len(records):,} records written")

    def _item(self, record: Record, work: Work) -> dict[str, Any]:
        metadata = {name: value for name, value in (record.get("metadata") or {}).items() if name != APPLIED}
        if work.create is None:
            return {"id": work.record, "metadata": metadata or None}
        question, user = self.target.question, str(self.me["id"])
        values = {question.name: {"value": question.to_answer(work.create)}}
        return {
            "id": work.record,
            "metadata": metadata | {APPLIED: mark_of(user, work.create)},
            "responses": [{"user_id": user, "status": "submitted", "values": values}],
        }

    def _own(self, record: Record) -> tuple[Mapping[str, Any] | None, bool]:
        """Return the response of the account itself, and whether it stands as labelsift wrote it."""
        user = str(self.me["id"])
        own = next((said for said in record.get("responses") or () if said["user_id"] == user), None)
        mark = (record.get("metadata") or {}).get(APPLIED)
        value = self.target.question.response(own.get("values")) if own else None
        return own, bool(own and own["status"] == "submitted" and mark == mark_of(user, value))

    def _undone(self, record: Record, sample: str) -> Work | None:
        if APPLIED not in (record.get("metadata") or {}) or (self.scope and sample not in self.scope):
            return None
        own, ours = self._own(record)
        if own and not ours:
            self.receipt.failed[sample] = "Somebody has changed the correction since, so it is theirs now and stays"
        return Work(record["id"], sample, standing=str(own["id"]) if own and ours else "", marked=True)

    def _compared(self, record: Record, sample: str) -> Work | None:
        wanted, question = self.wanted.get(sample), self.target.question
        if wanted is None:
            return None
        text = str(record["fields"].get(self.target.field) or "")
        judged = self.judged.get(sample)
        if judged and self.target.medium == "text" and text_hash(text) not in judged:
            self.receipt.failed[sample] = (
                f"Its record shows another text than the one that people judged; if it is the sample all the same, say "
                f"so: --match {self.request.match or 'external_id'}"
            )
            return None
        if wanted.value is not None and question.kind == "span" and (wrong := question.fault(wanted.value, text=text)):
            self.receipt.failed[sample] = f"The decided spans do not fit the record: {wrong}"
            return None
        own, ours = self._own(record)
        standing, marked = str(own["id"]) if own and ours else "", APPLIED in (record.get("metadata") or {})
        if wanted.value is None:
            return Work(record["id"], sample, standing=standing, marked=marked and not (own and not ours))
        said = [response for response in record.get("responses") or () if response["status"] == "submitted"]
        theirs = [question.response(response.get("values")) for response in said if response is not own or not ours]
        if ours and own and question.response(own.get("values")) == wanted.value:
            return Work(record["id"], sample)
        if theirs and all(value == wanted.value for value in theirs):
            return Work(record["id"], sample, standing=standing, marked=marked and bool(standing))
        if own and not ours:
            self.receipt.failed[sample] = (
                f"The account {self.me['username']} has answered this record itself, and labelsift would replace that: "
                "use the key of an account that only labelsift has"
            )
            return None
        return Work(record["id"], sample, create=wanted.value, standing=standing)


def _unfit(value: Any, target: Target) -> str | None:  # noqa: ANN401 -- a Value
    question = target.question
    if unknown := question.unknown(value):
        names = ", ".join(map(repr, unknown))
        return (
            f"The question {question.name} has no label {names}, and Argilla changes no labels of a dataset that is "
            "published: make a new dataset with them, or apply the decisions to files"
        )
    return question.fault(value, text="") if question.kind != "span" or isinstance(value, str) else None


def _name_missing(wanted: Mapping[str, Wanted], work: Sequence[Work], receipt: Receipt) -> None:
    here = {item.sample for item in work} | receipt.failed.keys()
    places = "--match external_id, --match fields.NAME or --match metadata.NAME"
    if wanted and not here & wanted.keys():
        raise InputError(
            f"No record of {receipt.target} is a sample of these decisions",
            ids=list(wanted),
            hint=f"Name what holds the samples' ids: {places}",
        )
    missing = f"No record of {receipt.target} is this sample; name what holds the ids: {places}"
    receipt.failed |= {sample: missing for sample in wanted if sample not in here}
