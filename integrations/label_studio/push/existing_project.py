"""Pushing flagged samples onto the tasks of a project that stands already.

Only the flagged tasks are written, one by one, because Label Studio replaces the whole data of a
task: it is read again just before, and every key that is not labelsift's goes back as it was.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from labelsift.errors import InputError
from labelsift.platforms import Mode, PushOptions, Receipt
from labelsift.review.blind import visible_metadata
from labelsift.review.items import Flag, flags_of
from labelsift.store.run import Run

from ..client.client import Client
from ..convert import tabs
from ..convert import task_fields as convert
from ..convert.label_config import Target, target_of
from ..state.match import CREATED, Matched, find_project, match_tasks
from ..state.server_state import Stored, batches, mend_predictions, own_predictions, predicted, put_tabs, untouched
from .dealing import Deal, groups_of
from .dry_run import SECONDS_A_WRITE, require_few
from .progress import Say, quiet
from .validate import fault_of_new, require_kind, require_medium, unknown_labels

NAME = "label-studio"
CHUNK = 25  # tasks read again at once, just before they are written
BATCH = 500


@dataclass
class Work:
    """What a push has to do in an existing project."""

    tasks: dict[str, list[Stored]]  # sample id → its tasks
    fields: dict[str, dict[str, Any]] = field(default_factory=dict)  # sample id → labelsift's fields
    predictions: dict[str, dict[str, Any]] = field(default_factory=dict)
    missing: list[Flag] = field(default_factory=list)
    edited: dict[str, list[Stored]] = field(default_factory=dict)
    unpredicted: dict[str, list[Stored]] = field(default_factory=dict)


def push_existing(
    client: Client,
    report: Run,
    *,
    project: str,
    match: str,
    mode: Mode,
    create: bool = False,
    only: Sequence[str] | None = None,
    budget: int | None = None,
    options: PushOptions | None = None,
    dry_run: bool = False,
    say: Say = quiet,
) -> Receipt:
    """Bring suggestions and labelsift's fields onto the tasks of an existing project.

    Parameters
    ----------
    match
        ``data.FIELD``: the field of the tasks that holds the sample id, or the sample's text.
    create
        Make tasks for the flagged samples that have none; else they are named in the receipt.

    Raises
    ------
    InputError
        If there is no such project, its labeling config does not fit, no task has the field, or so many tasks would
        be written that it takes very long; names the other ways.
    PlatformError
        If the server cannot be reached or refuses.
    """
    options = options or PushOptions()
    if options.twice or options.link:
        raise InputError(
            "How many people answer a task, and links to other tasks, belong to a review project",
            cure="Leave out --match, or --twice and --link",
        )
    flags = flags_of(report, only=only, budget=budget)
    found = find_project(client, project)
    target = target_of(found["label_config"] or "", project=found["title"])
    require_kind(report.samples.task, target, project=found["title"])
    if create:
        require_medium(report.samples, target, project=found["title"])
    number, name = int(found["id"]), match.removeprefix("data.")
    receipt = Receipt(platform=NAME, target=found["title"], dry_run=dry_run)
    flags = _known_labels(flags, target, receipt)
    matched = match_tasks(client, number, report, name=name)
    flags = _same_texts(flags, matched, target, receipt)
    deal = Deal(groups=groups_of(report, flags), lanes=options.lanes)
    work = plan_work(flags, matched, target, run=report.run, mode=mode, deal=deal)
    here = f"No task of {found['title']} has this sample in data.{name}"
    left_out = {flag.id: why for flag in work.missing if (why := fault_of_new(flag, target) if create else here)}
    receipt.failed |= left_out
    flags = [flag for flag in flags if flag.id not in left_out]
    work.missing = [flag for flag in work.missing if flag.id not in left_out]
    receipt.created, receipt.updated = len(work.missing), len({*work.edited, *work.unpredicted})
    receipt.unchanged = len(flags) - receipt.created - receipt.updated
    writes = sum(map(len, work.edited.values()))
    receipt.details |= {"round": matched.round, "writes": writes, "estimated_seconds": round(writes * SECONDS_A_WRITE)}
    if dry_run:
        issues = (issue for flag in flags for issue in flag.issues)
        wanted = tabs.project_tabs(issues, run=report.run, grouped=bool(deal.groups), since="", lanes=deal.lanes)
        receipt.details |= {"project": found["title"], "tab_titles": [tab["title"] for tab in wanted]}
    try:
        require_few(writes, project=found["title"], match=match, anyway=options.anyway)
    except InputError as error:
        if not dry_run:
            raise
        receipt.details["instead"] = f"{error}"
    if dry_run:
        return receipt
    say(f"{writes:,} tasks to write, about {receipt.details['estimated_seconds']} seconds")
    if work.missing:
        _create(client, number, work, target, name=name, mode=mode)
        matched = match_tasks(client, number, report, name=name)
        work = plan_work(flags, matched, target, run=report.run, mode=mode, deal=deal)
    doubles = untouched(client, number, matched.doubles)
    if doubles:
        client.delete_tasks(number, doubles)
    _predict(client, found, work, run=report.run, mode=mode)
    _write(client, number, work, say=say)
    _finish(client, receipt, number, flags, work, deal=deal, run=report.run)
    return receipt


def _known_labels(flags: list[Flag], target: Target, receipt: Receipt) -> list[Flag]:
    bad = {flag.id: unknown for flag in flags if (unknown := unknown_labels(flag, target))}
    cure = "give the choice that means it this alias"
    receipt.failed |= {
        id: f"The labeling config has no label {', '.join(map(repr, labels))}: {cure}" for id, labels in bad.items()
    }
    return [flag for flag in flags if flag.id not in bad]


def _same_texts(flags: list[Flag], matched: Matched, target: Target, receipt: Receipt) -> list[Flag]:
    """Leave out samples with spans whose task shows another text: places in one are not those in the other."""
    if target.kind != "labels":
        return flags
    bad = {
        flag.id
        for flag in flags
        for one in matched.tasks.get(flag.id, ())
        if str(one.data.get(target.field)).replace("\r", " ") != flag.text
    }
    receipt.failed |= dict.fromkeys(sorted(bad), f"Its task shows another text in data.{target.field}")
    return [flag for flag in flags if flag.id not in bad]


def plan_work(
    flags: Sequence[Flag],
    matched: Matched,
    target: Target,
    *,
    run: str,
    mode: Mode,
    deal: Deal,
) -> Work:
    """Compare what is wanted with what the tasks hold."""
    tasks = matched.tasks
    work = Work(tasks=tasks)
    for flag in flags:
        work.fields[flag.id] = convert.fields_of(flag, run=run, round=matched.round, mode=mode) | deal.fields(flag)
        prediction = convert.prediction_of(flag, target, run=run, mode=mode, whole=True)
        if prediction is not None:
            work.predictions[flag.id] = prediction
        if flag.id not in tasks:
            work.missing.append(flag)
            continue
        edited = [one for one in tasks[flag.id] if merged(one.data, work.fields[flag.id]) != one.data]
        unpredicted = [one for one in tasks[flag.id] if not predicted(one, prediction)]
        if edited:
            work.edited[flag.id] = edited
        if unpredicted:
            work.unpredicted[flag.id] = unpredicted
    return work


def merged(data: dict[str, Any], fields: dict[str, Any]) -> dict[str, Any]:
    """Return a task's data with labelsift's fields in place of those of an earlier run.

    >>> merged({"text": "a", "labelsift_outlier_score": 0.1}, {"labelsift_id": "7"})
    {'text': 'a', 'labelsift_id': '7'}
    """
    return {name: value for name, value in data.items() if not convert.is_own(name)} | fields


def _create(client: Client, project: int, work: Work, target: Target, *, name: str, mode: Mode) -> None:
    """Make tasks, without predictions: with them the server would choose what is pre-filled."""
    shown = visible_metadata(work.missing, mode=mode, taken=(target.field, name))
    made = []
    for flag in work.missing:
        own = {target.field: flag.text} | ({} if name == target.field else {name: flag.id})
        data = own | work.fields[flag.id] | convert.metadata_of(flag, shown=shown)
        made.append({"data": data, "meta": {CREATED: True}})
    for batch in batches(made, size=BATCH):
        client.import_tasks(project, batch)


def _predict(client: Client, project: dict[str, Any], work: Work, *, run: str, mode: Mode) -> None:
    """Bring the predictions of this run in place of those of earlier runs; others' stay."""
    number, version = int(project["id"]), convert.model_version(run)
    held = {str(one["model_version"]) for found in own_predictions(client, number).values() for one in found}
    for old in sorted(held - {version}):  # a request deletes all predictions of a version, of every task
        client.delete_predictions(number, old)
    wrong = []
    for sample, tasks in work.unpredicted.items():
        for stored in tasks:
            kept = tuple(one for one in stored.predictions if one["model_version"] == version)
            left = Stored(task=stored.task, data=stored.data, predictions=kept)
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
    client: Client, receipt: Receipt, project: int, flags: Sequence[Flag], work: Work, *, deal: Deal, run: str
) -> None:
    views = [view["data"] for view in client.views(project)]
    # At the end: who answered while this push was writing may not have seen the flag, and is asked.
    since = tabs.since_of(views, run=run) or client.now()
    issues = (issue for flag in flags for issue in flag.issues)
    wanted = tabs.project_tabs(issues, run=run, grouped=bool(deal.groups), since=since, lanes=deal.lanes)
    if not views:
        # Label Studio makes its own first tab only in a project that has none.
        wanted.insert(0, {"title": "Default", "type": "list", "target": "tasks", "filters": {}})
    ids, written = put_tabs(client, project, wanted)
    page = f"{client.url}/projects/{project}/data"
    receipt.links = {"project": page} | {title: f"{page}?tab={view}" for title, view in ids.items()}
    receipt.sample_links = {
        flag.id: f"{page}?task={work.tasks[flag.id][0].task}" for flag in flags if flag.id in work.tasks
    }
    receipt.details |= {"project_id": project, "tabs": len(ids), "tabs_written": written}
