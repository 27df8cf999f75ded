"""Decisions in a dataset of the user's own, into which flagged samples were pushed with ``match``.

A decision is what a person submitted or discarded on a flagged record after it was pushed. A push writes into each
record when the last answer before it was given, by the server's own clock: what stood there before is what was judged,
and decides nothing. So answers between two pushes belong to the first, and none is lost that nobody pulled.
"""

from __future__ import annotations

import contextlib
from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping
from os import PathLike
from typing import Any

import pyarrow as pa
from labelsift.data.samples import Task
from labelsift.errors import InputError, LabelsiftError
from labelsift.io.formats.argilla import APPLIED, mark_of
from labelsift.review.answers import Answer, correction_of, corrections_table
from labelsift.review.blind import labels_of_blind
from labelsift.review.suggestions import labels_in
from labelsift.store.run_info import read_facts
from labelsift.store.store import Store

from ..client.client import NAME, Client
from ..convert.label_question import LabelQuestion
from ..convert.review_schema import RANK
from ..read import target_of
from ..state.match import Record, entries_of, sample_of
from ..state.rounds import STATE, rounds_in
from .review_dataset import DECIDED, Row, answered, decisions_in
from .second_looks import second_looks

Said = tuple[Mapping[str, Any], Record, Mapping[str, Any]]  # a response, its record, and the push that it answers


def pull_project(client: Client, *, project: str, store: str | PathLike[str] | None = None) -> pa.Table:
    """Return every decision in the review datasets of ``project`` and in the dataset of this name, oldest first.

    Raises
    ------
    InputError
        If nothing was pushed under this name, or a run is not in the store that alone knows the given labels.
    PlatformError
        If the server cannot be reached or refuses.
    """
    space, name = client.workspace_of(project)
    datasets, kept = client.datasets(space["id"]), Store.of(store)
    rounds = rounds_in(datasets)
    reviews = [review for review in rounds if review.of == name]
    about = next((row for row in datasets if row["name"] == name and STATE not in (row.get("metadata") or {})), None)
    dataset = client.settings_of(about, workspace=space["name"]) if about else None
    people = client.people()
    rows = list(second_looks(client, kept, people, workspace=space, name=name))
    pushed = dataset is not None and RANK in dataset.metadata
    if not reviews and not pushed and not rows:
        names = ", ".join(sorted({review.of for review in rounds}))
        known = f"Pushed so far: {names}" if names else "Push first: labelsift push argilla DATASET"
        what = "and nothing was pushed into the dataset of this name" if dataset else "and no dataset of this name"
        raise InputError(f"Argilla has no review dataset that was pushed as {project}, {what}", hint=known)
    rows += [row for review in reviews for row in decisions_in(client, review, kept, people, target=project)]
    drafts = sum(client.responses(review.dataset, ["draft"]) for review in reviews)
    if dataset is not None and pushed:
        target = target_of(dataset, hint="The question that was pushed to is gone: restore it, then pull")
        said = [
            answer for record in answered(client, dataset.id) for answer in _since(record, target.question, DECIDED)
        ]
        rows += _rows(said, target.question, people, kept, project=dataset.title)
        status = {"entity": "response", "property": "status"}
        begun = client.search(dataset.id, filters=[{"type": "terms", "scope": status, "values": ["draft"]}])
        drafts += sum(len(list(_since(record, target.question, ["draft"]))) for page in begun for record, _ in page)
    return corrections_table(rows, drafts=drafts)


def _since(record: Record, question: LabelQuestion, statuses: Collection[str]) -> Iterator[Said]:
    """Yield what people said of a record since it was pushed, in responses of some statuses; not what ``apply`` did."""
    entries, mark = entries_of(record.get("metadata")), (record.get("metadata") or {}).get(APPLIED)
    for response in record.get("responses") or ():
        before = [entry for entry in entries if str(entry["since"]) < str(response["updated_at"])]
        applied = mark is not None and mark == mark_of(response["user_id"], question.response(response.get("values")))
        if before and not applied and response["status"] in statuses:
            yield response, record, before[-1]


def _rows(
    said: list[Said], question: LabelQuestion, people: Mapping[str, str], store: Store, *, project: str
) -> Iterator[Row]:
    by_run: dict[tuple[str, Task], list[Said]] = defaultdict(list)
    for answer in said:
        by_run[answer[2]["run"], answer[2]["task"]].append(answer)
    for (run, task), answers in by_run.items():
        hidden = [sample_of(record) for _, record, entry in answers if "given" not in entry]
        labels_of = labels_of_blind(store, run, hidden, task=task, project=project)
        classes = _classes(store, run)
        for response, record, entry in answers:
            given, suggested = labels_of.get(sample_of(record)) or (entry["given"], entry["suggested"])
            labels = [*classes, *labels_in(given), *labels_in(suggested)]
            skipped = response["status"] == "discarded"
            value = None if skipped else question.names.to_data(question.response(response.get("values")), labels)
            if value is None and not skipped:  # another question was answered
                continue
            if task == "classification" and isinstance(value, list) and len(value) == 1:
                value = value[0]
            user = str(response["user_id"])
            answer = Answer(
                id=sample_of(record),
                value=value,
                skipped=skipped,
                person=people.get(user, user),
                time=f"{response['updated_at']}+00:00",
                given=given,
                suggested=suggested,
                run=run,
                round=str(entry["round"]),
                asked=entry["mode"],
            )
            yield correction_of(answer, platform=NAME, task=question.task)


def _classes(store: Store, run: str) -> list[str]:
    with contextlib.suppress(LabelsiftError, KeyError, TypeError):
        return [str(label) for label in read_facts(store.place_of(run))["classes"]]
    return []
