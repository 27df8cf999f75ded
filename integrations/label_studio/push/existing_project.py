"""Push into a project that stands already: fields and suggestions on the tasks of its flagged samples.

Only the flagged tasks are written, one by one, because Label Studio replaces the whole data of a
task: it is read again just before, and every key that is not labelsift's goes back as it was.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from labelsift.data.review_queue import ReviewItem, ReviewQueue
from labelsift.errors import InputError
from labelsift.platforms import Mode, PushRequest, Receipt
from labelsift.review.batches import Say, batches, quiet
from labelsift.review.blind import visible_metadata
from labelsift.review.dealing import groups_of
from labelsift.review.upsert import StoredTask, predicted

from ..client.client import Client
from ..convert import tabs
from ..convert import task_fields as convert
from ..convert.label_config import LabelControl, label_control_of
from ..state.match import CREATED, Matched, find_project, match_tasks
from ..state.server_state import mend_predictions, own_predictions, put_tabs, same_prediction, untouched
from .dry_run import SECONDS_A_WRITE, require_few
from .plan import Deal
from .validate import fault_of_new, require_kind, require_medium, unknown_labels

NAME = "label-studio"
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
    match, mode, dry_run, run = request.match or "", request.mode, request.dry_run, queue.run
    project = find_project(client, request.project)
    target = label_control_of(project["label_config"] or "", project=project["title"])
    require_kind(queue.samples.task, target, project=project["title"])
    if request.create:
        require_medium(queue.samples, target, project=project["title"])
    number, name = int(project["id"]), match.removeprefix("data.")
    receipt = Receipt(platform=NAME, target=project["title"], dry_run=dry_run)
    items = _known_labels(queue.items, target, receipt)
    matched = match_tasks(client, number, queue, name=name)
    items = _same_texts(items, matched, target, receipt)
    deal = Deal(groups=groups_of(items), lanes=request.lanes)
    work = plan_work(items, matched, target, run=run, mode=mode, deal=deal)
    here = f"No task of {project['title']} has this sample in data.{name}"
    left_out = {
        item.id: why for item in work.missing if (why := fault_of_new(item, target) if request.create else here)
    }
    receipt.failed |= left_out
    items = [item for item in items if item.id not in left_out]
    work.missing = [item for item in work.missing if item.id not in left_out]
    receipt.created, receipt.updated = len(work.missing), len({*work.edited, *work.unpredicted})
    receipt.unchanged = len(items) - receipt.created - receipt.updated
    writes = sum(map(len, work.edited.values()))
    receipt.details |= {"round": matched.round, "writes": writes, "estimated_seconds": round(writes * SECONDS_A_WRITE)}
    if dry_run:
        issues = (issue for item in items for issue in item.issues)
        wanted = tabs.project_tabs(issues, run=run, grouped=bool(deal.groups), since="", lanes=deal.lanes)
        receipt.details |= {"project": project["title"], "tab_titles": [tab["title"] for tab in wanted]}
    try:
        require_few(writes, project=project["title"], match=match, anyway=request.anyway)
    except InputError as error:
        if not dry_run:
            raise
        receipt.details["instead"] = f"{error}"
    if dry_run:
        return receipt
    say(f"{writes:,} tasks to write, about {receipt.details['estimated_seconds']} seconds")
    if work.missing:
        _create(client, number, work, target, name=name, mode=mode)
        matched = match_tasks(client, number, queue, name=name)
        work = plan_work(items, matched, target, run=run, mode=mode, deal=deal)
    doubles = untouched(client, number, matched.doubles)
    if doubles:
        client.delete_tasks(number, doubles)
    _predict(client, project, work, run=run, mode=mode)
    _write(client, number, work, say=say)
    _finish(client, receipt, number, items, work, deal=deal, run=run)
    return receipt


def _known_labels(items: Sequence[ReviewItem], target: LabelControl, receipt: Receipt) -> list[ReviewItem]:
    bad = {item.id: unknown for item in items if (unknown := unknown_labels(item, target))}
    hint = "give the choice that means it this alias"
    receipt.failed |= {
        id: f"The labeling config has no label {', '.join(map(repr, labels))}: {hint}" for id, labels in bad.items()
    }
    return [item for item in items if item.id not in bad]


def _same_texts(items: list[ReviewItem], matched: Matched, target: LabelControl, receipt: Receipt) -> list[ReviewItem]:
    """Leave out samples with spans whose task shows another text: places in one are not those in the other."""
    if target.kind != "labels":
        return items
    bad = {
        item.id
        for item in items
        for stored in matched.tasks.get(item.id, ())
        if str(stored.data.get(target.field)).replace("\r", " ") != item.text
    }
    receipt.failed |= dict.fromkeys(sorted(bad), f"Its task shows another text in data.{target.field}")
    return [item for item in items if item.id not in bad]


def plan_work(
    items: Sequence[ReviewItem],
    matched: Matched,
    target: LabelControl,
    *,
    run: str,
    mode: Mode,
    deal: Deal,
) -> Work:
    """Compare what is wanted with what the tasks hold."""
    tasks = matched.tasks
    work = Work(tasks=tasks)
    for item in items:
        work.fields[item.id] = convert.fields_of(item, run=run, round=matched.round, mode=mode) | deal.fields(item)
        prediction = convert.prediction_of(item, target, run=run, mode=mode, whole=True)
        if prediction is not None:
            work.predictions[item.id] = prediction
        if item.id not in tasks:
            work.missing.append(item)
            continue
        edited = [stored for stored in tasks[item.id] if merged(stored.data, work.fields[item.id]) != stored.data]
        unpredicted = [stored for stored in tasks[item.id] if not predicted(stored, prediction, same=same_prediction)]
        if edited:
            work.edited[item.id] = edited
        if unpredicted:
            work.unpredicted[item.id] = unpredicted
    return work


def merged(data: dict[str, Any], fields: dict[str, Any]) -> dict[str, Any]:
    """Return a task's data with labelsift's fields in place of those of an earlier run.

    >>> merged({"text": "a", "labelsift_outlier_score": 0.1}, {"labelsift_id": "7"})
    {'text': 'a', 'labelsift_id': '7'}
    """
    return {name: value for name, value in data.items() if not convert.is_own(name)} | fields


def _create(client: Client, project: int, work: Work, target: LabelControl, *, name: str, mode: Mode) -> None:
    """Make tasks, without predictions: with them the server would choose what is pre-filled."""
    shown = visible_metadata(work.missing, mode=mode, taken=(target.field, name))
    made = []
    for item in work.missing:
        own = {target.field: item.text} | ({} if name == target.field else {name: item.id})
        data = own | work.fields[item.id] | convert.metadata_of(item, shown=shown)
        made.append({"data": data, "meta": {CREATED: True}})
    for batch in batches(made, size=BATCH):
        client.import_tasks(project, batch)


def _predict(client: Client, project: dict[str, Any], work: Work, *, run: str, mode: Mode) -> None:
    """Bring the predictions of this run in place of those of earlier runs; others' stay."""
    number, version = int(project["id"]), convert.model_version(run)
    predictions = own_predictions(client, number).values()
    standing = {str(prediction["model_version"]) for of_task in predictions for prediction in of_task}
    for old in sorted(standing - {version}):  # a request deletes all predictions of a version, of every task
        client.delete_predictions(number, old)
    wrong = []
    for sample, tasks in work.unpredicted.items():
        for stored in tasks:
            kept = tuple(one for one in stored.predictions if one["model_version"] == version)
            left = StoredTask(task=stored.task, data=stored.data, predictions=kept)
            wrong.append((left, work.predictions.get(sample)))
    mend_predictions(client, number, wrong, size=BATCH)
    now = project.get("model_version") or ""
    if mode == "prefill" and now != version and work.predictions:
        client.set_model_version(number, version)
    elif mode != "prefill" and now.startswith(convert.model_version("")):
        client.set_model_version(number, "")


def _write(client: Client, project: int, work: Work, *, say: Say) -> None:
    todo = {stored.task: work.fields[sample] for sample, tasks in work.edited.items() for stored in tasks}
    began, done = time.monotonic(), 0
    for at in range(0, len(todo), CHUNK):
        chunk = list(todo)[at : at + CHUNK]
        for page in client.tasks(project, ids=chunk):
            for task in page:
                wanted = merged(task["data"], todo[task["id"]])
                if wanted != task["data"]:
                    client.write_task(int(task["id"]), wanted)
        done += len(chunk)
        left = (time.monotonic() - began) / done * (len(todo) - done)
        say(f"{done:,} of {len(todo):,} tasks written, about {left:.0f} seconds left")


def _finish(
    client: Client, receipt: Receipt, project: int, items: Sequence[ReviewItem], work: Work, *, deal: Deal, run: str
) -> None:
    views = [view["data"] for view in client.views(project)]
    # At the end: who answered while this push was writing may not have seen the item, and is asked.
    since = tabs.since_of(views, run=run) or client.now()
    issues = (issue for item in items for issue in item.issues)
    wanted = tabs.project_tabs(issues, run=run, grouped=bool(deal.groups), since=since, lanes=deal.lanes)
    if not views:
        # Label Studio makes its own first tab only in a project that has none.
        wanted.insert(0, {"title": "Default", "type": "list", "target": "tasks", "filters": {}})
    ids, written = put_tabs(client, project, wanted)
    page = f"{client.url}/projects/{project}/data"
    receipt.links = {"project": page} | {title: f"{page}?tab={view}" for title, view in ids.items()}
    receipt.sample_links = {
        item.id: f"{page}?task={work.tasks[item.id][0].task}" for item in items if item.id in work.tasks
    }
    receipt.details |= {"project_id": project, "tabs": len(ids), "tabs_written": written}
