"""Push into a project that stands already: fields and suggestions on the tasks of its flagged samples.

Only the flagged tasks are written, one by one, because Label Studio replaces the whole data of a
task: it is read again just before, and every key that is not labelsift's goes back as it was.
"""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from labelsift.data.formatting import spelled_time
from labelsift.data.review_queue import ReviewItem, ReviewQueue
from labelsift.platforms import PushRequest, Receipt
from labelsift.review.batches import Say, batches, quiet
from labelsift.review.blind import visible_metadata
from labelsift.review.dealing import groups_of
from labelsift.review.matching import require_kind
from labelsift.review.upsert import StoredTask, predicted

from ..client.client import NAME, Client
from ..convert import tabs
from ..convert import task_fields as convert
from ..convert.label_config import LabelControl, label_control_of
from ..state.match import CREATED, Matched, find_project, match_tasks
from ..state.server_state import mend_predictions, prediction_seconds, put_tabs, same_prediction, untouched
from .dry_run import SECONDS_A_WRITE, too_many
from .plan import Deal
from .validate import fault_of_new, require_medium

_HOW_ANSWERED = (
    f"click the rows of “{tabs.TAB_PREFIX}{tabs.REVIEW}”: {{:,}} of these tasks have an answer, and Label All Tasks"
    " passes over those. The present label is ticked there, and its key takes it off: choose another and press Update,"
    " or leave the task as it is. Without --match these samples get a review project, where none of this happens"
)
_OWN_CONFIG = "Push without --match: that makes a review project with a config of its own"
CHUNK = 25  # tasks read again at once, just before they are written
BATCH = 500


@dataclass
class Work:
    """What a push has to do in an existing project."""

    tasks: dict[str, list[StoredTask]]  # sample id → its tasks
    fields: dict[str, dict[str, Any]] = field(default_factory=dict)  # sample id → labelsift's fields
    predictions: dict[str, dict[str, Any]] = field(default_factory=dict)
    missing: list[ReviewItem] = field(default_factory=list)
    edited: dict[str, list[StoredTask]] = field(default_factory=dict)
    unpredicted: dict[str, list[StoredTask]] = field(default_factory=dict)

    @property
    def writes(self) -> int:
        """How many tasks are written anew."""
        return sum(map(len, self.edited.values()))

    @property
    def suggestions(self) -> int:
        """How many predictions are sent."""
        return sum(map(len, self.unpredicted.values())) + len(self.missing)


def push_existing(client: Client, queue: ReviewQueue, request: PushRequest, *, say: Say = quiet) -> Receipt:
    """Bring suggestions and labelsift's fields onto the tasks of an existing project.

    Samples that have no task there are named in the receipt, unless the request wants tasks for them.

    Raises
    ------
    InputError
        If there is no such project, its labeling config does not fit, no task has the field, or so many tasks would
        be written that it takes very long; names the other ways.
    PlatformError
        If the server cannot be reached or refuses.
    """
    project, name = find_project(client, request.project), (request.match or "").removeprefix("data.")
    title, number = project["title"], int(project["id"])
    target = label_control_of(project["label_config"] or "", project=title)
    where = f"{target.from_name} in the labeling config of {title}"
    require_kind(queue.samples.task, target.task, where=where, hint=_OWN_CONFIG)
    if request.create:
        require_medium(queue.samples, target, project=title)
    receipt = Receipt(platform=NAME, target=title, dry_run=request.dry_run)
    size, began = int(project.get("task_number") or 0), time.monotonic()
    say(f"Reading the {size:,} tasks of {title}")
    matched = match_tasks(client, number, queue, name=name)
    reading = time.monotonic() - began
    receipt.failed = {item.id: why for item in queue.items if (why := _misfit(item, matched, target))}
    items = [item.alone for item in queue.items if item.id not in receipt.failed]
    push = _Push(client, project, queue.run, request, target, name, Deal(groups=groups_of(items), lanes=request.lanes))
    here = f"No task of {title} has this sample in data.{name}"
    for item in items:
        if item.id not in matched.tasks and (why := fault_of_new(item, target) if request.create else here):
            receipt.failed[item.id] = why
    items = [item for item in items if item.id not in receipt.failed]
    work = push.compared(items, matched)
    receipt.created, receipt.updated = len(work.missing), len({*work.edited, *work.unpredicted})
    receipt.unchanged = len(items) - receipt.created - receipt.updated
    seconds = work.writes * SECONDS_A_WRITE + min(prediction_seconds(work.suggestions, tasks=size))
    receipt.details |= {"round": matched.round, "writes": work.writes, "estimated_seconds": round(reading + seconds)}
    refusal = too_many(work.writes, project=title, match=request.match or "", anyway=request.anyway)
    if request.dry_run:
        titles = [tab["title"] for tab in push.wanted_tabs(items, since="")]
        receipt.details |= {"project": title, "tab_titles": titles} | ({"instead": f"{refusal}"} if refusal else {})
        return receipt
    if refusal:
        raise refusal
    if work.writes or work.suggestions:
        left = spelled_time(seconds)
        say(f"{work.writes:,} tasks to write and {work.suggestions:,} suggestions to send, about {left}")
    if work.missing:
        push.create(work)
        matched = match_tasks(client, number, queue, name=name)
        work = push.compared(items, matched)
    doubles = untouched(client, number, matched.doubles)
    if doubles:
        client.delete_tasks(number, doubles)
    # The fields first: who finds a suggestion finds why, and a pull knows the project, also if the rest fails.
    push.write(work, say=say)
    push.predict(work, say=say)
    push.finish(receipt, items, work)
    return receipt


def _misfit(item: ReviewItem, matched: Matched, target: LabelControl) -> str | None:
    """Say why the project cannot show what is said of a sample; None where it can."""
    unknown = target.names.unknown(item.suggested)
    if unknown:
        names = ", ".join(map(repr, unknown))
        return f"The labeling config has no label {names}: give the choice that means it this alias"
    texts = {str(stored.data.get(target.field)).replace("\r", " ") for stored in matched.tasks.get(item.id, ())}
    if target.kind == "labels" and texts - {item.text}:  # places in one text are not those in another
        return f"Its task shows another text in data.{target.field}"
    return None


def merged(data: Mapping[str, Any], fields: Mapping[str, Any]) -> dict[str, Any]:
    """Return a task's data with labelsift's fields in place of those of an earlier run.

    >>> merged({"text": "a", "labelsift_outlier_score": 0.1}, {"labelsift_id": "7"})
    {'text': 'a', 'labelsift_id': '7'}
    """
    return {name: value for name, value in data.items() if not convert.is_own(name)} | dict(fields)


@dataclass(frozen=True)
class _Push:
    """The steps of a push into an existing project; ``match`` is the field that names the samples."""

    client: Client
    project: Mapping[str, Any]
    run: str
    request: PushRequest
    target: LabelControl
    match: str
    deal: Deal

    @property
    def number(self) -> int:
        return int(self.project["id"])

    def compared(self, items: Sequence[ReviewItem], matched: Matched) -> Work:
        """Compare what is wanted with what the tasks hold."""
        mode, work = self.request.mode, Work(tasks=matched.tasks)
        for item in items:
            fields = convert.fields_of(item, run=self.run, round=matched.round, mode=mode) | self.deal.fields(item)
            work.fields[item.id] = fields
            prediction = convert.prediction_of(item, self.target, run=self.run, mode=mode, whole=True)
            if prediction is not None:
                work.predictions[item.id] = prediction
            tasks = matched.tasks.get(item.id)
            if tasks is None:
                work.missing.append(item)
                continue
            if edited := [stored for stored in tasks if merged(stored.data, fields) != stored.data]:
                work.edited[item.id] = edited
            if wrong := [stored for stored in tasks if not predicted(stored, prediction, same=same_prediction)]:
                work.unpredicted[item.id] = wrong
        return work

    def wanted_tabs(self, items: Sequence[ReviewItem], *, since: str) -> list[tabs.Tab]:
        issues, deal = (issue for item in items for issue in item.issues), self.deal
        return tabs.project_tabs(issues, run=self.run, grouped=bool(deal.groups), since=since, lanes=deal.lanes)

    def create(self, work: Work) -> None:
        """Make tasks, without predictions: with them the server would choose what is pre-filled."""
        text = self.target.field
        shown = visible_metadata(work.missing, mode=self.request.mode, taken=(text, self.match))
        made = []
        for item in work.missing:
            own = {text: item.text} | ({} if self.match == text else {self.match: item.id})
            data = own | work.fields[item.id] | convert.metadata_of(item, shown=shown)
            made.append({"data": data, "meta": {CREATED: True}})
        for batch in batches(made, size=BATCH):
            self.client.import_tasks(self.number, batch)

    def predict(self, work: Work, *, say: Say) -> None:
        """Bring the predictions of this run in place of those of earlier runs; others' stay."""
        client, number, version = self.client, self.number, convert.model_version(self.run)
        size = int(self.project.get("task_number") or 0)
        if work.suggestions:
            say(f"Sending {work.suggestions:,} suggestions; a request may wait until the server has counted all tasks")
        for old in sorted(client.model_versions(number).keys() - {version}):  # on every task, in one request
            if old.startswith(convert.model_version("")):
                client.delete_predictions(number, old)
        wrong = []
        for sample, tasks in work.unpredicted.items():
            for stored in tasks:
                left = tuple(of_run for of_run in stored.predictions if of_run["model_version"] == version)
                wrong.append((replace(stored, predictions=left), work.predictions.get(sample)))
        mend_predictions(client, number, wrong, tasks=size)
        now = self.project.get("model_version") or ""
        if self.request.mode == "prefill" and now != version and work.predictions:
            client.set_model_version(number, version)
        elif self.request.mode != "prefill" and now.startswith(convert.model_version("")):
            client.set_model_version(number, "")

    def write(self, work: Work, *, say: Say) -> None:
        todo = {stored.task: work.fields[sample] for sample, tasks in work.edited.items() for stored in tasks}
        began = time.monotonic()
        for start in range(0, len(todo), CHUNK):
            chunk = list(todo)[start : start + CHUNK]
            for page in self.client.tasks(self.number, ids=chunk):
                for task in page:
                    wanted = merged(task["data"], todo[task["id"]])
                    if wanted != task["data"]:
                        self.client.write_task(int(task["id"]), wanted)
            done = start + len(chunk)
            left = (time.monotonic() - began) / done * (len(todo) - done)
            say(f"{done:,} of {len(todo):,} tasks written, about {spelled_time(left)} left")

    def finish(self, receipt: Receipt, items: Sequence[ReviewItem], work: Work) -> None:
        """Make the tabs, and say where everything is."""
        client, number = self.client, self.number
        views = [view["data"] for view in client.views(number)]
        # At the end: who answered while this push was writing may not have seen the item, and is asked.
        wanted = self.wanted_tabs(items, since=tabs.since_of(views, run=self.run) or client.now())
        if not views:
            wanted.insert(0, tabs.DEFAULT_TAB)
        ids, written = put_tabs(client, number, wanted)
        page = f"{client.url}/projects/{number}/data"
        receipt.links = {"project": page} | {title: f"{page}?tab={view}" for title, view in ids.items()}
        receipt.sample_links = {
            item.id: f"{page}?task={work.tasks[item.id][0].task}" for item in items if item.id in work.tasks
        }
        answered = sum(any(stored.touched for stored in work.tasks.get(item.id, ())) for item in items)
        receipt.details |= {"project_id": number, "tabs": len(ids), "tabs_written": written}
        in_tab = f"in “{tabs.TAB_PREFIX}{tabs.REVIEW}” {tabs.AS_DISPLAYED}"
        receipt.details["press"] = _HOW_ANSWERED.format(answered) if answered else in_tab
