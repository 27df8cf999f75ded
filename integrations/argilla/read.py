"""Reader of an existing dataset as a data set: ``ls.read("argilla://workspace/dataset")``."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from labelsift.data.media import Medium
from labelsift.data.samples import Samples, Task
from labelsift.errors import InputError
from labelsift.io.annotated_tasks import AnnotatedTasks, Answer, Role
from labelsift.io.formats.argilla import APPLIED, SUGGESTION, mark_of, value_of

from .client.client import Client
from .client.read import Dataset
from .convert.label_question import LabelQuestion, label_question_of, shown_field
from .state.match import Record, sample_of
from .state.rounds import STATE

ROLES: dict[Task, Role] = {"classification": "label", "multilabel": "labels", "spans": "spans"}
_FILE = "Export it with to_datasets().to_parquet(…), and read the file: ls.read('export.parquet', label='QUESTION')"


@dataclass(frozen=True)
class Target:
    """A dataset of the user's own, and where its labels and texts stand."""

    dataset: Dataset
    question: LabelQuestion
    field: str
    medium: Medium

    @property
    def notes(self) -> tuple[str, ...]:
        """What a reader must know of the choice among several questions."""
        if not self.question.beside:
            return ()
        others = ", ".join(self.question.beside)
        return (f"The labels of {self.dataset.title} are the answers to {self.question.name}, and not to {others}.",)


def read_dataset(
    client: Client,
    project: str,
    *,
    id: str | None = None,
    split: str | None = None,
    predicted: str | None = None,
    metadata: Sequence[str] = (),
    name: str | None = None,
) -> Samples:
    """Return the records of a dataset with the labels that people submitted, in the order in which they came.

    Drafts, discarded responses and suggestions are no labels. What ``labelsift apply`` wrote counts before people's own
    answers. A sample's id is the record's external id, and the server's where it has none. The samples of a dataset of
    images have no texts; the images' addresses are metadata.

    Parameters
    ----------
    project
        ``workspace/dataset`` or ``dataset``.
    id, split, predicted, metadata
        Names of metadata and fields; see :class:`labelsift.io.annotated_tasks.AnnotatedTasks`. ``label.suggestion`` is
        what was suggested for the question ``label``, ``label.suggestion.score`` and ``.agent`` what belongs to it.
    name
        What to call the data set; the dataset's name by default.

    Raises
    ------
    InputError
        If there is no such dataset, none of its questions holds labels, or its records do not fit.
    PlatformError
        If the server cannot be reached or refuses.
    """
    target = target_of(client.dataset(project), hint=_FILE)
    text = target.field if target.medium == "text" else None
    if text is None and metadata:
        metadata = list(dict.fromkeys([target.field, *metadata]))
    tasks = AnnotatedTasks(ROLES[target.question.task], text, id, split, predicted, metadata)
    suggested = [key for key in (id, split, predicted, *metadata) if key and SUGGESTION in key]
    people = client.people()
    for page in client.records(target.dataset.id):
        for record in page:
            data = {**(record.get("metadata") or {}), **record["fields"]}
            if suggested:
                data |= suggestions_of(record, target.dataset)
                data = {key: value for key, value in data.items() if SUGGESTION not in key or key in suggested}
            tasks.add(sample_of(record), data, list(answers_of(record, target.question, people)))
    samples = tasks.samples(name or target.dataset.name)
    return replace(samples, notes=(*samples.notes, *target.notes))


def target_of(dataset: Dataset, *, hint: str) -> Target:
    """Return where the labels and texts of a dataset of the user's own stand; ``hint`` says how to do without.

    Raises
    ------
    InputError
        If it is a review dataset of labelsift's, or holds no labels.
    """
    if STATE in (dataset.about.get("metadata") or {}):
        raise InputError(
            f"{dataset.title} is a review dataset of labelsift's own",
            hint="Name the dataset that the samples are from; what people decide here is brought by labelsift pull",
        )
    question = label_question_of(dataset, hint=hint)
    return Target(dataset, question, *shown_field(dataset, question, hint=hint))


def answers_of(record: Record, question: LabelQuestion, people: Mapping[str, str]) -> Iterator[Answer]:
    """Yield what people submitted, and the correction that labelsift wrote, if it stands as it was written."""
    mark = (record.get("metadata") or {}).get(APPLIED)
    for response in record.get("responses") or ():
        if response["status"] == "submitted":
            value, user = question.response(response.get("values")), str(response["user_id"])
            own = mark is not None and mark == mark_of(user, value)
            yield Answer(people.get(user, user), str(response["updated_at"]), value, own)


def suggestions_of(record: Record, dataset: Dataset) -> dict[str, Any]:
    """Return what is suggested on a record, under the names that Argilla's own exports have for it."""
    names = {question["id"]: name for name, question in dataset.questions.items()}
    cells: dict[str, Any] = {}
    for suggestion in record.get("suggestions") or ():
        column = f"{names[suggestion['question_id']]}{SUGGESTION}"
        cells[column] = value_of(suggestion["value"])
        cells |= {f"{column}.{part}": suggestion.get(part) for part in ("score", "agent")}
    return cells
