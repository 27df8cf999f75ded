"""Pushing flagged samples into a review dataset: plan, diff, bounded batches, receipt."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np
from labelsift.data.formatting import spelled_time
from labelsift.data.media import required
from labelsift.data.review_queue import ReviewItem, ReviewQueue, sample_of
from labelsift.errors import InputError, PlatformError
from labelsift.platforms import PushRequest, Receipt
from labelsift.review.batches import Say, batches, prefetch, quiet
from labelsift.review.dealing import parts_of
from labelsift.review.overlap import joined, overlap_of
from labelsift.review.suggestions import labels_to_choose
from labelsift.review.upsert import Diff, Holdings, StoredTask, compare, count

from ..client.client import BATCH, NAME, Client
from ..client.errors import RefusedError
from ..client.read import Dataset
from ..client.transport import body_of
from ..convert import review_schema
from ..convert.record_fields import again_id
from ..state.holdings import holdings_of, leave_to_others, question_names, unindexed
from ..state.rounds import Round, open_round, round_for, rounds_in
from .plan import Plan, plan_review

_TEXT = f"fields.{review_schema.TEXT}"
SECONDS_A_RECORD = 0.02  # on a busy machine with SQLite
# Stands below the guidelines while a push changes records; a dataset's metadata cannot be changed.
WRITES = "labelsift is changing records of this dataset. Where this line stays, a push was interrupted: push again."


def push_review(client: Client, queue: ReviewQueue, request: PushRequest, *, say: Say = quiet) -> Receipt:
    """Bring a queue into the review dataset of its run.

    The same run in the same mode goes into the same dataset; a new run opens the next round. What two people answer
    goes into a dataset of its own, because how many people answer is a setting of datasets.

    Raises
    ------
    InputError
        If a label cannot be shown, or the request does not fit what was pushed before.
    PlatformError
        If the server cannot be reached or refuses.
    """
    required(queue.samples)
    space, name = client.workspace_of(request.project)
    datasets = client.datasets(space["id"])
    rounds = [round for round in rounds_in(datasets) if round.of == name]
    if "/" in name and name == request.project and not rounds:  # rather a slip in a workspace's name than a dataset's
        raise InputError(
            f"The account sees no workspace {name.partition('/')[0]}",
            hint=f"Name one that there is; if the / belongs to the dataset's name, write {space['name']}/{name}",
        )
    run, mode = queue.run, request.mode
    overlap = overlap_of(rounds, run=run, mode=mode, asked=request.overlap)
    main = round_for(rounds, run=run, mode=mode)
    number = main.number if main else 1 + max((round.number for round in rounds), default=0)
    receipt = Receipt(platform=NAME, target=request.project, dry_run=request.dry_run)
    for part, items in parts_of(
        [item for item in queue.items if not item.first_copy], run=run, overlap=overlap
    ).items():
        wanted = Round(name, run, mode, number, queue.samples.task, part, overlap if part else 0.0)
        current = round_for(rounds, run=run, mode=mode, part=part)
        pusher = _Pusher(client, queue, request, workspace=space, say=say)
        receipt = joined(receipt, pusher.push(items, wanted=wanted, current=current), part=part)
    return receipt


class _Pusher:
    """Brings one part of a round into its dataset."""

    def __init__(
        self, client: Client, queue: ReviewQueue, request: PushRequest, *, workspace: Mapping[str, Any], say: Say
    ) -> None:
        self._client, self._queue, self._request, self._say = client, queue, request, say
        self._workspace = workspace
        self._labels = labels_to_choose(queue)

    def push(self, items: Sequence[ReviewItem], *, wanted: Round, current: Round | None) -> Receipt:
        dataset = self._dataset(current) if current else None
        plan = self._plan(items, wanted, dataset)
        if dataset is not None:
            items, plan = self._fitting(items, plan, wanted, dataset)
        receipt = Receipt(platform=NAME, target=self._request.project, dry_run=self._request.dry_run)
        if self._request.dry_run or not (plan.data or dataset):
            diff = compare(plan, self._holdings(dataset, plan) if dataset else Holdings())
            count(receipt, plan, diff)
            if plan.data or dataset:
                receipt.details |= _described(wanted, plan, diff, stands=dataset is not None)
            return receipt
        if dataset is None:
            current = open_round(self._client, wanted, workspace=self._workspace["id"], settings=plan.settings)
            dataset = self._dataset(current)
        try:
            self._bring(receipt, dataset, plan)
        except RefusedError as error:
            if error.status != 404:
                raise
            raise PlatformError(
                f"{dataset.title} was deleted while samples were sent to it",
                hint="Run the same command again: it is made anew",
            ) from None
        self._link(receipt, items, dataset, plan, wanted)
        return receipt

    def _dataset(self, current: Round) -> Dataset:
        about = self._client.get(f"/datasets/{current.dataset}", what=current.name, names=["id", "name", "guidelines"])
        return self._client.settings_of(about, workspace=self._workspace["name"])

    def _plan(self, items: Sequence[ReviewItem], wanted: Round, dataset: Dataset | None) -> Plan:
        vectors = self._queue.vectors
        return plan_review(
            items,
            self._labels,
            run=wanted.run,
            mode=wanted.mode,
            task=wanted.task,
            dimensions=int(vectors([]).shape[1]) if vectors else None,
            definitions=self._request.definitions,
            standing={name: (row["title"], row["settings"]["type"]) for name, row in dataset.metadata.items()}
            if dataset
            else None,
        )

    def _fitting(
        self, items: Sequence[ReviewItem], plan: Plan, wanted: Round, dataset: Dataset
    ) -> tuple[Sequence[ReviewItem], Plan]:
        """Refuse labels that a dataset which stands cannot take; ask only what can be answered there."""
        decisions = _options(dataset.questions.get(review_schema.DECISION))
        offered = _options(dataset.questions.get(review_schema.LABEL))
        lacking = [label for label in self._labels if label not in offered]
        if lacking:
            raise InputError(
                f"{dataset.title} does not offer these labels, and Argilla changes none once a dataset is published",
                ids=lacking,
                hint="Scan again and push that: a new run gets a dataset of its own",
            )
        if review_schema.offered_in(items) - decisions:
            items = [item.alone for item in items]
            return items, self._plan(items, wanted, dataset)
        return items, plan

    def _holdings(self, dataset: Dataset, plan: Plan) -> Holdings:
        """Return what the dataset holds; what others suggest there is taken out of the plan."""
        keys = {external_id: key for key, external_id in plan.external_ids.items()}
        keys |= {again_id(sample_of(key)): key for key in plan.external_ids if sample_of(key) != key}
        records = (record for page in self._client.records(dataset.id) for record in page)
        holdings = holdings_of(records, question_names(dataset), keys)
        leave_to_others(plan, holdings)
        return holdings

    def _bring(self, receipt: Receipt, dataset: Dataset, plan: Plan) -> None:
        """Send what is missing, mend what differs, and what a push left in doubt that died.

        What the server answered for is stored and in the search index. So a dead push leaves at most one batch in the
        database only: records that it made are not found there, and whether it changed some tells its note.
        """
        holdings = self._holdings(dataset, plan)
        diff = compare(plan, holdings)
        count(receipt, plan, diff)
        lacking = [
            (kind, settings)
            for kind, name, standing in (
                ("metadata-properties", "metadata", dataset.metadata),
                ("vectors-settings", "vectors", dataset.vectors),
            )
            for settings in plan.settings[name]
            if settings["name"] not in standing
        ]
        noted = WRITES in (dataset.about["guidelines"] or "")
        writes = bool(lacking or diff.updated)
        if writes and not noted:
            self._note(dataset.id, WRITES)
        for kind, settings in lacking:  # what may be added to a dataset that is published
            self._client.add_setting(dataset.id, kind, settings)
        doubtful = set(plan.data) if noted or lacking else self._unindexed(dataset, plan, holdings)
        self._send(
            dataset, plan, holdings, [key for key in plan.data if key in {*diff.missing, *diff.updated, *doubtful}]
        )
        if writes or noted:
            self._note(dataset.id, "")

    def _note(self, dataset: str, note: str) -> None:
        about = self._client.get(f"/datasets/{dataset}", what="a dataset", names=["guidelines"])
        theirs = (about["guidelines"] or "").replace(WRITES, "").rstrip()
        self._client.write_dataset(dataset, {"guidelines": "\n\n".join(filter(None, (theirs, note))) or None})

    def _unindexed(self, dataset: Dataset, plan: Plan, holdings: Holdings) -> set[str]:
        standing = {plan.external_ids[key]: key for key in plan.data if key in holdings.of_sample}
        if not standing or self._client.indexed(dataset.id) >= len(holdings.of_sample):
            return set()
        return {standing[external_id] for external_id in unindexed(self._client, dataset.id, list(standing))}

    def _send(self, dataset: Dataset, plan: Plan, holdings: Holdings, keys: Sequence[str]) -> None:
        """Write records in batches, worst first: of those that stand there only what differs."""
        questions = {name: str(row["id"]) for name, row in dataset.questions.items()}
        standing = {key: holdings.of_sample[key] for key in keys if key in holdings.of_sample}
        for key, stored in standing.items():  # Argilla keeps a suggestion that is not sent
            gone = [id for name, id in stored.meta["own"].items() if name not in plan.predictions.get(key, {})]
            if gone:
                self._client.delete_suggestions(str(stored.task), gone)
        # The server holds new spans against the text that it has. So new texts go first.
        new_texts = [key for key, stored in standing.items() if stored.data.get(_TEXT) != plan.data[key][_TEXT]]
        for some in (new_texts[start : start + BATCH] for start in range(0, len(new_texts), BATCH)):
            fields = [_changed(plan, standing[key], key)["fields"] for key in some]
            ids = [{"external_id": plan.external_ids[key]} for key in some]
            records = [id | {"fields": texts} for id, texts in zip(ids, fields, strict=True)]
            self._client.upsert(dataset.id, records, ids=[sample_of(key) for key in some])
        done = 0
        if len(keys) > BATCH:
            self._say(f"{len(keys):,} records to send, about {spelled_time(len(keys) * SECONDS_A_RECORD)}")
        records = self._records(plan, standing, keys, questions)
        for batch, body in prefetch((batch, body_of({"items": batch})) for batch in batches(records, size=BATCH)):
            samples = [sample_of(key) for key in keys[done : done + len(batch)]]
            self._client.upsert(dataset.id, body, ids=samples)
            done += len(batch)
            self._say(f"{done:,} of {len(keys):,} records sent to {dataset.name}")

    def _records(
        self, plan: Plan, standing: Mapping[str, StoredTask], keys: Sequence[str], questions: Mapping[str, str]
    ) -> Iterable[dict[str, Any]]:
        for start in range(0, len(keys), BATCH):
            some = keys[start : start + BATCH]
            vectors = self._vectors(some)
            for key in some:
                record: dict[str, Any] = {"external_id": plan.external_ids[key]}
                record |= _changed(plan, standing.get(key), key)
                suggestions = plan.predictions.get(key, {})
                if suggestions:
                    record["suggestions"] = [
                        {"question_id": questions[name], **suggestion} for name, suggestion in suggestions.items()
                    ]
                yield record | ({"vectors": {review_schema.VECTOR: vectors[key]}} if key in vectors else {})

    def _vectors(self, keys: Sequence[str]) -> dict[str, list[float]]:
        if self._queue.vectors is None:
            return {}
        rows = self._queue.vectors([sample_of(key) for key in keys]).astype(float).round(6)
        # Without length there is no angle, and a vector that is none would take its batch along.
        good = (bool(row.any() and np.isfinite(row).all()) for row in rows)
        return {key: row.tolist() for key, row, fits in zip(keys, rows, good, strict=True) if fits}

    def _link(
        self,
        receipt: Receipt,
        items: Sequence[ReviewItem],
        dataset: Dataset,
        plan: Plan,
        wanted: Round,
    ) -> None:
        client, rank = self._client, review_schema.RANK
        receipt.links = {
            name: client.link(dataset.id, **place) for name, place in review_schema.links_of(items).items()
        }
        for item in items:
            if item.key in plan.data and not item.again:
                place = f"{rank}.ge{item.rank}.le{item.rank}"
                receipt.sample_links[item.id] = client.link(dataset.id, sort=f"metadata.{rank}.asc", metadata=place)
        receipt.details |= {
            "round": wanted.number,
            "dataset_id": dataset.id,
            "dataset": dataset.title,
            "records": len(plan.data),
            "people_a_record": dataset.about["distribution"]["min_submitted"],
        }


def _changed(plan: Plan, stored: StoredTask | None, key: str) -> dict[str, Any]:
    """Return the fields and the metadata of a record, where they differ; what is others' in them stays."""
    changed = {}
    for part in ("fields", "metadata"):
        before = _part(stored.data, f"{part}.") if stored else None
        after = {**(before or {}), **_part(plan.data[key], f"{part}.")}
        if after != before:
            changed[part] = after
    return changed


def _part(data: Mapping[str, Any], prefix: str) -> dict[str, Any]:
    return {name.removeprefix(prefix): value for name, value in data.items() if name.startswith(prefix)}


def _options(question: Mapping[str, Any] | None) -> set[str]:
    return {option["value"] for option in question["settings"]["options"]} if question else set()


def _described(wanted: Round, plan: Plan, diff: Diff, *, stands: bool) -> dict[str, Any]:
    """Return the plan of one review dataset for a receipt's details."""
    seconds = (len(diff.missing) + len(diff.updated)) * SECONDS_A_RECORD
    return {
        "round": wanted.number,
        "dataset": f"{wanted.name} ({'stands already' if stands else 'will be made'})",
        "people_a_record": 2 if wanted.part else 1,
        "suggestions": len(plan.predictions),
        "estimated_time": spelled_time(max(round(seconds), 1)),
    }
