"""Push into a dataset that stands already: metadata, vectors and suggestions on the records of its flagged samples.

Texts, fields, questions, what others wrote and every response stay as they are. Argilla replaces metadata as a whole,
so each record is read again just before, and written with everything that it has.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from labelsift.data.formatting import listed, spelled_time
from labelsift.data.review_queue import ReviewItem, ReviewQueue
from labelsift.errors import InputError
from labelsift.platforms import PushRequest, Receipt
from labelsift.review.batches import Say, quiet
from labelsift.review.blind import visible_metadata
from labelsift.review.matching import require_kind, sample_finder

from ..client.client import NAME, Client
from ..convert import review_schema
from ..convert.record_fields import fitting
from ..read import Target, target_of
from ..state.holdings import question_names
from ..state.match import EXTERNAL_ID, NUMBER, Record, entries_of, value_finder, write_items
from .existing_plan import Change, ExistingPlan, is_taken, require_properties, settings_of

SECONDS_A_RECORD = 0.02  # on a busy machine with SQLite
MANY = 20_000  # records from which a push into a dataset wants to be told so
_OWN_DATASET = "Push without --match: that makes a review dataset with questions of its own"
Json = dict[str, Any]


@dataclass
class Matched:
    """The records of a dataset by what a push has to do with them.

    Parameters
    ----------
    samples
        The server's id of a record → its sample, of those that are flagged.
    records
        Sample → how many records hold it.
    changed
        The server's ids of the records to write.
    external_ids
        Those of all records.
    updated
        Samples of which a record is written.
    cleared, completed, taken, stale
        How many records show no more what an earlier run found; how many flagged ones are completed, and hold somebody
        else's suggestion; how many suggestions of labelsift's go.
    """

    samples: dict[str, str] = field(default_factory=dict)
    records: dict[str, int] = field(default_factory=dict)
    changed: set[str] = field(default_factory=set)
    external_ids: set[str] = field(default_factory=set)
    updated: set[str] = field(default_factory=set)
    cleared: int = 0
    completed: int = 0
    taken: int = 0
    stale: int = 0


def push_existing(client: Client, queue: ReviewQueue, request: PushRequest, *, say: Say = quiet) -> Receipt:
    """Bring what was found onto the records of an existing dataset, in batches of at most 500.

    Samples that have no record there are named in the receipt, unless the request wants records for them. In mode
    choose a record shows given and suggested label and the reason as metadata; in mode prefill it also gets a
    suggestion, unless somebody else's stands there; in mode blind it shows neither label nor reason.

    Raises
    ------
    InputError
        If there is no such dataset, it cannot hold what is asked, it has no such place, or so many records would be
        written that it takes very long. Nothing is sent then.
    PlatformError
        If the server cannot be reached or refuses.
    """
    dataset = client.dataset(request.project)
    target = target_of(dataset, hint=_OWN_DATASET)
    where = f"the question {target.question.name} of {dataset.title}"
    require_kind(queue.samples.task, target.question.task, where=where, hint=_OWN_DATASET)
    value = value_finder(request.match, dataset)
    if request.create:
        _require_creatable(target, request)
    require_properties(dataset)
    push = _Push(client, queue, request, target, say)
    say(f"Reading the records of {dataset.title}")
    push.look(value)
    receipt = push.receipt
    new = [item for item in push.items.values() if item.id not in push.matched.records]
    here = f"No record of {dataset.title} has this sample in {request.match}"
    other = f"{here}, and one that has another sample there has this external id"
    refused = {item.id: here for item in new if not request.create}
    refused |= {item.id: other for item in new if request.create and item.id in push.matched.external_ids}
    receipt.failed |= refused
    new = [item for item in new if item.id not in refused]
    writes = len(push.matched.changed) + len(new)
    receipt.created, receipt.updated = len(new), len(push.matched.updated)
    receipt.unchanged = len(push.matched.records) - receipt.updated
    receipt.details |= {
        "round": push.plan.round,
        "question": target.question.name,
        "records": sum(push.matched.records.values()) + len(new),
        "completed": push.matched.completed,
        "cleared": push.matched.cleared,
        "stale_suggestions": push.matched.stale,
        "estimated_time": spelled_time(max(round(writes * SECONDS_A_RECORD), 1)),
        "dataset": dataset.title,
        "dataset_id": dataset.id,
    } | ({"notes": list(target.notes)} if target.notes else {})
    if writes > MANY and not request.anyway:
        refusal = InputError(
            f"{writes:,} records of {dataset.title} would be written, which takes about "
            f"{spelled_time(writes * SECONDS_A_RECORD)}",
            hint="Push the worst with --budget, or all of them with --anyway",
        )
        if not request.dry_run:
            raise refusal
        receipt.details["instead"] = str(refusal)
    if not request.dry_run:
        push.write(new)
        push.link()
    return receipt


class _Push:
    """The steps of a push into an existing dataset."""

    def __init__(self, client: Client, queue: ReviewQueue, request: PushRequest, target: Target, say: Say) -> None:
        self._client, self._queue, self._request, self._target, self._say = client, queue, request, target, say
        self._dataset = target.dataset
        self._questions = question_names(target.dataset)
        self.receipt = Receipt(platform=NAME, target=target.dataset.title, dry_run=request.dry_run)
        self.items = self._fitting()
        self.matched = Matched()
        self.plan = self._plan(1)

    def _plan(self, round: int) -> ExistingPlan:
        return ExistingPlan(self._target.question, self._queue.run, self._request.mode, round, self._queue.samples.task)

    def _fitting(self) -> dict[str, ReviewItem]:
        items = {item.id: item.alone for item in self._queue.items}
        for id, item in list(items.items()):
            if unknown := self._target.question.unknown(item.suggested):
                names = ", ".join(map(repr, unknown))
                self.receipt.failed[id] = (
                    f"The question {self._target.question.name} has no label {names}, and Argilla changes no labels of "
                    "a dataset that is published: push without --match"
                )
                del items[id]
        return items

    def look(self, value: Any) -> None:  # noqa: ANN401 -- a function from records to values
        """Read all records: which are flagged samples', and what differs from what is wanted."""
        find, kept, rounds = sample_finder(self._queue.samples), list[Record](), dict[str, int]()
        for page in self._client.records(self._dataset.id):
            for record in page:
                self.matched.external_ids.add(str(record[EXTERNAL_ID]))
                entries = entries_of(record.get("metadata"))
                rounds |= {entry["run"]: entry["round"] for entry in entries}
                named = value(record)
                sample = find(named) if named is not None else None
                if sample in self.items or sample in self.receipt.failed:
                    self.matched.samples[record["id"]] = str(sample)
                if sample in self.items or review_schema.RUN in (record.get("metadata") or {}):
                    kept.append(record)
        run = self._queue.run
        self.plan = self._plan(rounds.get(run) or 1 + max(rounds.values(), default=0))
        for record in kept:
            sample = self.matched.samples.get(record["id"], "")
            item = self.items.get(sample)
            shown = str(record["fields"].get(self._target.field)).replace("\r", " ")
            if item is not None and item.task == "spans" and shown != item.text:  # in which \r stands as a space
                self.receipt.failed[sample] = f"Its record shows another text in fields.{self._target.field}"
                del self.items[sample]
                item = None
            change = self.plan.change_of(record, item, self._questions)
            self.matched.changed |= {record["id"]} if change else set()
            self.matched.stale += len(change.stale)
            self.matched.cleared += bool(change.item) and item is None
            if item is not None:
                self.matched.records[sample] = 1 + self.matched.records.get(sample, 0)
                self.matched.completed += record["status"] == "completed"
                self.matched.taken += is_taken(record, self._target.question)
                self.matched.updated |= {sample} if change else set()

    def write(self, new: Sequence[ReviewItem]) -> None:
        """Add the settings that are missing, then read the records again and write what differs, then the new ones."""
        vectors = self._queue.vectors
        dimensions = int(vectors([]).shape[1]) if vectors else None
        if self.matched.changed or new:
            for kind, settings in settings_of(self._dataset, mode=self._request.mode, dimensions=dimensions):
                self._client.add_setting(self._dataset.id, kind, settings)
        standing = self._dataset.vectors.get(review_schema.VECTOR)
        if vectors and standing is not None and standing["dimensions"] != dimensions:
            vectors = None  # of another model
            self.receipt.details["vectors"] = "None: the dataset has others' dimensions, which Argilla does not change"
        done, total = 0, len(self.matched.changed) + len(new)
        for page in self._client.records(self._dataset.id) if self.matched.changed else ():
            changes: dict[str, Change] = {}
            for record in page:
                if record["id"] in self.matched.changed:
                    item = self.items.get(self.matched.samples.get(record["id"], ""))
                    changes[record["id"]] = self.plan.change_of(record, item, self._questions)
            for id, change in changes.items():
                if change.stale:
                    self._client.delete_suggestions(id, change.stale)
            written = [change.item for change in changes.values() if change.item]
            self._send(written, {id: self.matched.samples.get(id, id) for id in changes}, vectors)
            done += len(written)
            self._say(f"{done:,} of {total:,} records written")
        self._send([self._new(item) for item in new], {item.id: item.id for item in new}, vectors)

    def _send(self, items: Sequence[Json], samples: Mapping[str, str], vectors: Any) -> None:  # noqa: ANN401
        if vectors is not None:
            ids = [samples[item.get("id") or item["external_id"]] for item in items]
            flagged = [id in self.items for id in ids]
            rows = iter(vectors([id for id in ids if id in self.items]).astype(float).round(6))
            for item, has in zip(items, flagged, strict=True):
                if has and (row := next(rows)).any():
                    item["vectors"] = {review_schema.VECTOR: row.tolist()}
        write_items(self._client, self._dataset.id, items, samples=samples)

    def _new(self, item: ReviewItem) -> Json:
        place, _, name = str(self._request.match).partition(".")
        shown = visible_metadata(self._queue.items, mode=self._request.mode, taken=())
        kinds = {name: row["settings"]["type"] for name, row in self._dataset.metadata.items() if name in shown}
        metadata = {name: fitting(item.metadata.get(name), kind) for name, kind in kinds.items()}
        metadata = {name: value for name, value in metadata.items() if value is not None}
        fields = {self._target.field: item.text}
        if place == "metadata":
            metadata[name] = item.id
        elif place == "fields" and name != self._target.field:
            fields[name] = item.id
        return self.plan.new_record(item, fields=fields, metadata=metadata)

    def link(self) -> None:
        """Say where everything is: the whole queue worst first, each issue, each sample."""
        client, rank, run = self._client, review_schema.RANK, self._queue.run
        items = [item for item in self.items.values() if self._request.create or item.id in self.matched.records]
        links = review_schema.links_of(items)
        links["review"]["metadata"] = f"{review_schema.RUN}.{run}"
        self.receipt.links = {name: client.link(self._dataset.id, **place) for name, place in links.items()}
        for item in items:
            place = f"{rank}.ge{item.rank}.le{item.rank}"
            link = client.link(self._dataset.id, sort=f"metadata.{rank}.asc", metadata=place)
            self.receipt.sample_links[item.id] = link
        completed, taken = self.matched.completed, self.matched.taken
        if completed:
            self.receipt.details["answered"] = (
                f"{completed:,} of these records are completed: who answered one finds it under Submitted, and nobody "
                "else is asked. Raise the minimum of submitted responses in the dataset's settings (a worker of "
                "Argilla's then opens them), or push without --match: that makes a dataset where all are asked"
            )
        if taken and self._request.mode != "choose":
            effect = "no draft of labelsift's" if self._request.mode == "prefill" else "a label in mode blind, too"
            self.receipt.details["others_suggestions"] = f"{taken:,} records show somebody else's suggestion: {effect}"


def _require_creatable(target: Target, request: PushRequest) -> None:
    """Refuse to make records that the next push would not find, or that the dataset would not take."""
    place, _, name = str(request.match).partition(".")
    needed = {key for key, field in target.dataset.fields.items() if field.get("required")} - {target.field}
    needed -= {name} if place == "fields" else set()
    hint = "Leave out create: what has a record already is written"
    if request.match == NUMBER:
        raise InputError("A new record gets an id of the server's own, by which no push would find it", hint=hint)
    if target.medium != "text":
        raise InputError(f"{target.dataset.title} shows {target.medium}s, and the samples have texts", hint=hint)
    if needed:
        raise InputError(f"Records of {target.dataset.title} need more fields: {listed(sorted(needed))}", hint=hint)
