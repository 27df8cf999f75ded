"""Erasure of samples: deletes what labelsift brought of them, and nothing that was there before."""

from __future__ import annotations

from collections.abc import Sequence

from labelsift.io.formats.argilla import APPLIED, mark_of

from .client.client import BATCH, Client
from .convert.record_fields import again_id
from .convert.review_schema import PREFIX, WHY
from .convert.why import without
from .read import target_of
from .state.holdings import own_suggestions, question_names
from .state.match import sample_of, write_items
from .state.rounds import rounds_in
from .state.second_look_dataset import find


def erase_records(client: Client, ids: Sequence[str], *, project: str, dry_run: bool) -> int:
    """Delete the samples' records in all review datasets of ``project``; return in how many records they stood.

    A record goes with everything in it, people's answers, too; where a sample stands beside another one's text, only
    that copy goes. Among ``ids`` may be the keys of second looks.
    """
    wanted = {*ids, *map(again_id, ids)}
    space, name = client.workspace_of(project)
    datasets, count = client.datasets(space["id"]), 0
    places = [review.dataset for review in rounds_in(datasets) if review.of == name]
    if (looks := find(datasets, name)) is not None:
        places.append(str(looks["id"]))
    for place in places:
        gone, left = [], []
        for record in (record for page in client.records(place, include=()) for record in page):
            why = str(record["fields"].get(WHY) or "")
            if record["external_id"] in wanted:
                gone.append(record["id"])
            elif (now := without(why, ids)) != why:
                left.append({"id": record["id"], "fields": {**record["fields"], WHY: now}})
        if not dry_run:
            client.delete_records(place, gone)
            for start in range(0, len(left), BATCH):
                some = left[start : start + BATCH]
                client.upsert(place, some, ids=[record["id"] for record in some])
        count += len(gone) + len(left)
    return count


def erase_parts(client: Client, ids: Sequence[str], *, project: str, dry_run: bool) -> int:
    """Take what is labelsift's from the samples' records in a dataset of the user's; return how many records that were.

    That is its metadata, its suggestions and the responses that ``apply`` wrote, unless a person changed them since. A
    vector stays: Argilla deletes none.
    """
    dataset, wanted, items = client.dataset(project), set(ids), []
    question, questions = (
        target_of(dataset, hint="Name the dataset that was pushed to").question,
        question_names(dataset),
    )
    for record in (record for page in client.records(dataset.id) for record in page):
        metadata = record.get("metadata") or {}
        suggestions = [str(made["id"]) for made in own_suggestions(record, questions).values()]
        left = {name: value for name, value in metadata.items() if not name.startswith(PREFIX)}
        if sample_of(record) not in wanted or not (suggestions or left != metadata):
            continue
        items.append({"id": record["id"], "metadata": left or None})
        if dry_run:
            continue
        if suggestions:
            client.delete_suggestions(record["id"], suggestions)
        for response in record["responses"]:
            if metadata.get(APPLIED) == mark_of(response["user_id"], question.response(response.get("values"))):
                client.delete_response(str(response["id"]))
    if not dry_run:
        write_items(client, dataset.id, items, samples={item["id"]: item["id"] for item in items})
    return len(items)
