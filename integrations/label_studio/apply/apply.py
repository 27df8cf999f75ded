"""Writer of decisions into the project that the samples are from (``labelsift apply label-studio PROJECT``).

Beside what people annotated comes one more annotation a task, by the account of who decided; nothing that stands there
is changed. What is wanted is compared with what stands, so that a second call writes nothing, and a decision that was
taken back takes its annotation with it. A task that got one says so in its data (``labelsift_correction``: the number
of that annotation), because a csv file or JSON_MIN shows no other mark.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import pyarrow as pa
from labelsift.data.spans import fault
from labelsift.errors import InputError, PlatformError
from labelsift.platforms import ApplyRequest, Receipt
from labelsift.review.batches import Say, quiet
from labelsift.review.wanted import Wanted, judged_texts, wanted_of

from ..client.client import NAME, Client
from ..client.read import SAID
from ..convert.correction import CORRECTION, annotation_of, is_correction, is_marked, mark_of
from ..convert.label_config import LabelControl
from ..convert.regions import Value, from_result
from ..convert.task_fields import PREFIX
from ..read import readable
from ..state.match import NUMBER, find_project
from ..state.rounds import rounds_in
from .plan import UNSAYABLE, field_of_ids, is_same, unfit

CHUNK = 25  # tasks read again at once, just before their data is written
Task = Mapping[str, Any]  # a task as the server describes it
SECONDS_A_TASK = 0.7  # two writes, on a busy server


@dataclass
class Work:
    """What is to be written to one task."""

    task: int
    sample: str
    delete: list[int] = field(default_factory=list)
    create: dict[str, Any] | None = None
    kept: int | None = None  # the correction that stands already
    noted: object = None  # the one that the task's data names

    @property
    def done(self) -> bool:
        """Whether everything is as it should be."""
        return not self.delete and self.create is None and self.noted == self.kept


def apply_corrections(client: Client, corrections: pa.Table, request: ApplyRequest, *, say: Say = quiet) -> Receipt:
    """Write one annotation a task where people decided on another label than stands there.

    Parameters
    ----------
    corrections
        In CORRECTIONS_SCHEMA; with ``undo`` an empty table means all of labelsift's annotations in the project.
    request
        Its ``match`` is ``data.FIELD``, by default ``labelsift_id``, which a push writes; where no task has one, the
        field that names most of the samples, else the task's number, as ``label-studio://`` reads it. But a sample
        that is called 7 need not be the task 7, so then the task must show the very text that people judged. ``id``
        says that the samples are called by the tasks' numbers. ``undo`` deletes exactly what was written: never an
        annotation that a person made, or has changed.

    Returns
    -------
    Receipt
        By samples: ``created`` have a new annotation, ``updated`` a newer one or none any more. ``failed`` names
        conflicts and whatever no annotation can say.

    Raises
    ------
    InputError
        If there is no such project, it is a review project of labelsift's, or its labeling config does not fit.
    PlatformError
        If the server cannot be reached or refuses.
    """
    project = find_project(client, request.project)
    if rounds_in([project]):  # the next pull would take what is written there for a person's answer
        raise InputError(
            f"{project['title']} is a review project of labelsift's own",
            hint="Name the project that the samples are from; what people decide here is brought by labelsift pull",
        )
    receipt = Receipt(platform=NAME, target=str(project["title"]), dry_run=request.dry_run)
    target, number = readable(project), int(project["id"])
    judged = judged_texts(corrections, request.store) if request.match is None else {}
    match = request.match or field_of_ids(client.tasks(number, include="id,data"), judged, target.field)
    tasks = (task for page in client.tasks(number, annotations=True, include=SAID) for task in page)
    if request.undo:
        work = list(_undoing(tasks, set(corrections["id"].to_pylist()), match, receipt))
    else:
        wanted = wanted_of(
            corrections,
            receipt,
            policy=request.policy,
            experts=request.experts,
            to_project=target.names.to_project,
            fault=partial(unfit, target=target),
            unsayable=UNSAYABLE,
        )
        accounts = {email: id for id, email in client.people().items()}
        work = []
        for task in tasks:
            sample, text = sample_of(task, match), str(task["data"].get(target.field) or "")
            if sample not in wanted or not is_same(task, text, request.match, judged.get(sample, ())):
                continue
            wrong = fault(map(tuple, wanted[sample].value or ()), text) if target.kind == "labels" else None
            if wrong:
                receipt.failed[sample] = f"The decided spans do not fit the task's text: {wrong}"
                continue
            work.append(_compared(task, sample, wanted[sample], target, accounts.get(wanted[sample].person), text))
        _name_missing(wanted, work, receipt)
    _count(work, receipt)
    due = [item for item in work if not item.done]
    receipt.details |= {
        "annotations_written": sum(item.create is not None for item in due),
        "annotations_deleted": sum(len(item.delete) for item in due),
        "estimated_seconds": round(len(due) * SECONDS_A_TASK),
        "project_id": number,
    }
    if not request.dry_run:
        _write(client, number, due, say=say)
    page = f"{client.url}/projects/{number}/data"
    receipt.links = {"project": page}
    receipt.sample_links = {item.sample: f"{page}?task={item.task}" for item in work}
    return receipt


def _compared(task: Task, sample: str, wanted: Wanted, target: LabelControl, person: int | None, text: str) -> Work:
    number = int(task["id"])
    standing = [annotation for annotation in task.get("annotations") or () if not annotation.get("was_cancelled")]
    own = [annotation for annotation in standing if is_correction(annotation)]
    work = Work(number, sample, noted=task["data"].get(CORRECTION))
    if wanted.value is None:
        work.delete = [annotation["id"] for annotation in own]
        return work
    mark = mark_of(number, person, wanted.value)
    same = [annotation["id"] for annotation in own if annotation["import_id"] == mark]
    work.delete = [annotation["id"] for annotation in own if annotation["id"] not in same[:1]]
    work.kept = same[0] if same else None
    others = [annotation for annotation in standing if not is_correction(annotation)]
    theirs = [from_result(annotation.get("result") or (), target) for annotation in others]
    changed = any(is_marked(annotation) and annotation["import_id"] == mark for annotation in others)
    agreed = bool(theirs) and all(_plain(value) == _plain(wanted.value) for value in theirs)
    if not same and not agreed and not changed:
        work.create = annotation_of(number, wanted.value, target, person=person, text=text, note=wanted.note)
    return work


def _plain(value: Value | None) -> object:
    return sorted(map(json.dumps, value)) if isinstance(value, list) else value


def sample_of(task: Task, match: str | None) -> str:
    """Return the id of the sample that a task holds."""
    if match is not None:
        name = match.removeprefix("data.")
        return str(task["data"].get(name, task["id"] if name == NUMBER else ""))
    return str(task["data"].get(f"{PREFIX}id") or task["id"])


def _undoing(tasks: Iterable[Task], scope: set[str], match: str | None, receipt: Receipt) -> Iterator[Work]:
    for task in tasks:
        sample = sample_of(task, match)
        marked = [annotation for annotation in task.get("annotations") or () if is_marked(annotation)]
        if (scope and sample not in scope) or not (marked or CORRECTION in task["data"]):
            continue
        if any(not is_correction(annotation) for annotation in marked):
            receipt.failed[sample] = "Somebody has changed the correction since, so it is theirs now and stays"
        due = [annotation["id"] for annotation in marked if is_correction(annotation)]
        yield Work(int(task["id"]), sample, due, noted=task["data"].get(CORRECTION))


def _name_missing(wanted: Mapping[str, Wanted], work: Sequence[Work], receipt: Receipt) -> None:
    here = {item.sample for item in work} | receipt.failed.keys()
    missing = (
        f"No task of {receipt.target} is this sample, or shows its text; name the field that holds the ids: "
        f"--match data.FIELD, or --match {NUMBER} where they are the tasks' numbers"
    )
    if wanted and not here & wanted.keys():
        raise InputError(
            f"No task of {receipt.target} is a sample of these decisions",
            ids=list(wanted),
            hint="Name the field of the tasks that holds the samples' ids: --match data.FIELD; or --match "
            f"{NUMBER}, where they are the tasks' numbers",
        )
    receipt.failed |= {sample: missing for sample in wanted if sample not in here}


def _count(work: Sequence[Work], receipt: Receipt) -> None:
    created = {item.sample for item in work if item.create is not None and not item.delete}
    updated = {item.sample for item in work if item.delete} - created
    receipt.created, receipt.updated = len(created), len(updated)
    receipt.unchanged = len({item.sample for item in work} - created - updated - receipt.failed.keys())


def _write(client: Client, project: int, work: Sequence[Work], *, say: Say) -> None:
    """Write annotations first and then what the tasks say of them, a few tasks at a time."""
    for start in range(0, len(work), CHUNK):
        chunk = work[start : start + CHUNK]
        for item in chunk:
            if item.create is not None:
                number = client.create_annotation(item.task, item.create)
                item.kept = number if number is not None else _standing(client, project, item)
            for annotation in item.delete:  # last, so that there is always one to prefer
                client.delete_annotation(annotation)
        _tell(client, project, {item.task: item.kept for item in chunk})
        say(f"{min(start + CHUNK, len(work)):,} of {len(work):,} tasks")


def _standing(client: Client, project: int, work: Work) -> int:
    """Return the correction that somebody else wrote in the same moment."""
    mark = (work.create or {}).get("import_id")
    for page in client.tasks(project, annotations=True, include=SAID, ids=[work.task]):
        for annotation in (annotation for task in page for annotation in task["annotations"]):
            if annotation["import_id"] == mark:
                return int(annotation["id"])
    raise PlatformError(
        f"Label Studio refused the correction of task {work.task}, and has none",
        hint="Run the same command again in a minute: nothing is done twice",
    )


def _tell(client: Client, project: int, corrections: Mapping[int, int | None]) -> None:
    """Write the number of each task's correction into its data, and take it away where there is none."""
    for page in client.tasks(project, ids=list(corrections)):
        for task in page:
            number = corrections[task["id"]]
            data = {name: value for name, value in task["data"].items() if name != CORRECTION}
            wanted = data if number is None else data | {CORRECTION: number}
            if wanted != task["data"]:
                client.write_task(int(task["id"]), wanted)
