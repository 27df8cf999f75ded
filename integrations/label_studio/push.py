"""Pushing flagged samples into a review project: plan, diff, bounded batches, receipt."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from labelsift.errors import PlatformError
from labelsift.platforms import Mode, Receipt
from labelsift.report import Report

from . import convert
from .client import Client, body_of
from .config import config_of, review_target
from .fitting import Fitting
from .fitting import labels_of as labels_told
from .flags import Flag, flags_of, with_repeats
from .media import required
from .progress import Say, quiet
from .review import Round, announce, drop_empty_twins, open_round, round_for, rounds_of, settle
from .stored import Holdings, batches, mend_predictions, predicted, put_tabs, read_holdings
from .suggestions import issue_order
from .targets import Target

NAME = "label-studio"
BATCH = 1000  # tasks a request: about a second on the server
ROUNDS_OF_REPAIR = 3


@dataclass
class Plan:
    """What a push wants in the review project, by sample id and worst first.

    Second tasks of samples (``repeats``: id → the score that places it) stand under a key of their own.
    """

    data: dict[str, dict[str, Any]]
    predictions: dict[str, dict[str, Any]]
    tabs: list[dict[str, Any]]
    failed: dict[str, str] = field(default_factory=dict)
    repeats: Mapping[str, float] = field(default_factory=dict)

    @property
    def samples(self) -> list[str]:
        """The samples, each once."""
        return [key for key, data in self.data.items() if data["labelsift_id"] == key]


@dataclass
class Diff:
    """What has to be done so that the server holds the plan."""

    missing: list[str]
    edited: list[str]
    unpredicted: list[str]
    doubles: list[int]

    @property
    def updated(self) -> set[str]:
        """Samples whose task or prediction is written anew."""
        return {*self.edited, *self.unpredicted}


def push_review(
    client: Client,
    report: Report,
    *,
    project: str,
    mode: Mode,
    only: Sequence[str] | None = None,
    budget: int | None = None,
    repeats: Mapping[str, float] | None = None,
    blind: Collection[str] = (),
    dry_run: bool = False,
    say: Say = quiet,
    restarts: int = 2,
) -> Receipt:
    """Bring a report's flagged samples into the review project of its run.

    The same run in the same mode goes into the same review project; a new run opens the next round. Where
    another push of the run deletes the project under it, it starts over, at most ``restarts`` times.

    Raises
    ------
    InputError
        If an issue is unknown or a label cannot be shown.
    PlatformError
        If the server cannot be reached or refuses.
    """
    repeats = repeats or {}
    found = flags_of(report, only=only, budget=budget)
    flags = with_repeats([replace(flag, blind=flag.id in blind) for flag in found], repeats)
    rounds = rounds_of(client, project)
    current = round_for(rounds, run=report.run, mode=mode)
    samples = report.samples
    target = review_target(labels_of(report, flags), task=samples.task, medium=required(samples))
    number = current.number if current else 1 + max((one.number for one in rounds), default=0)
    plan = plan_review(flags, target, run=report.run, round=number, mode=mode, repeats=repeats)
    receipt = Receipt(platform=NAME, target=project, dry_run=dry_run, failed=plan.failed)
    if dry_run or not (plan.data or current):
        diff = compare(plan, read_holdings(client, current.project, repeats=plan.repeats) if current else Holdings())
        _count(receipt, plan, diff)
        receipt.details |= {"round": number, "tabs": len(plan.tabs), "predictions": len(plan.predictions)}
        return receipt
    if current is None:
        wanted = Round(of=project, run=report.run, mode=mode, number=number)
        current = open_round(client, wanted, label_config=config_of(target, mode=mode))
        if current.number != number:  # a faster push saw one round more or less
            number = current.number
            plan = plan_review(flags, target, run=report.run, round=number, mode=mode, repeats=repeats)
    try:
        return _fill(client, receipt, current, plan, say=say)
    except PlatformError:
        if restarts <= 0 or _stands(client, current):
            raise
    say(f"{current.title} was given up by another push of this run; starting over in the one that stands")
    return push_review(
        client,
        report,
        project=project,
        mode=mode,
        only=only,
        budget=budget,
        repeats=repeats,
        blind=blind,
        say=say,
        restarts=restarts - 1,
    )


def _fill(client: Client, receipt: Receipt, current: Round, plan: Plan, *, say: Say) -> Receipt:
    """Bring what the plan has and the project lacks, and its tabs."""
    if not settle(client, current):
        say(f"A batch that an earlier push announced has not arrived in {current.title}; it is sent again")
    held = read_holdings(client, current.project, repeats=plan.repeats)
    diff = compare(plan, held)
    _count(receipt, plan, diff)
    current, held = _bring(client, current, plan, held, diff, say=say)
    ids, written = put_tabs(client, current.project, plan.tabs)
    drop_empty_twins(client, current)
    _link(client, receipt, current, plan, held, tabs=ids)
    receipt.details |= {"round": current.number, "tabs_written": written}
    return receipt


def _stands(client: Client, current: Round) -> bool:
    """Tell whether the project is still there: another push may have taken it for an empty twin of its own."""
    return any(one["id"] == current.project for one in client.projects())


def labels_of(report: Report, flags: Sequence[Flag]) -> list[str]:
    """Return the labels that a review project offers: the classes, then whatever else is given or suggested."""
    seen = [*report.samples.classes, *report.classes]
    seen += report.samples.taxonomy.classes if report.samples.taxonomy else ()
    seen += [label for flag in flags for label in labels_told(flag)]
    return sorted(dict.fromkeys(seen), key=str.casefold)


def plan_review(
    flags: Sequence[Flag],
    target: Target,
    *,
    run: str,
    round: int,
    mode: Mode,
    repeats: Mapping[str, float] | None = None,
) -> Plan:
    """Turn flags into the tasks, predictions and tabs of a review project, checked before they are sent."""
    fitting = Fitting(config_of(target, mode=mode), target)
    shown = convert.metadata_shown(flags, mode=mode, taken=(target.field,))
    plan = Plan(data={}, predictions={}, tabs=[], repeats=repeats or {})
    for flag in flags:
        prediction = convert.prediction_of(flag, target, run=run, mode=mode)
        fault = fitting.fault(flag, prediction)
        if fault:
            plan.failed[flag.id] = fault
            continue
        plan.data[flag.key] = convert.task_data(flag, shown=shown, run=run, round=round, mode=mode, field=target.field)
        if prediction:
            plan.predictions[flag.key] = prediction
    issues = dict.fromkeys(issue for flag in flags for issue in flag.issues)
    plan.tabs = [convert.tab_of(issue, run=run) for issue in sorted(issues, key=issue_order)]
    return plan


def compare(plan: Plan, held: Holdings) -> Diff:
    """Find what the server lacks of a plan. Keys of a task that are not in the plan are others' business."""
    diff = Diff(missing=[], edited=[], unpredicted=[], doubles=list(held.doubles))
    for sample, wanted in plan.data.items():
        stored = held.of_sample.get(sample)
        if stored is None:
            diff.missing.append(sample)
            continue
        if any(name not in stored.data or stored.data[name] != value for name, value in wanted.items()):
            diff.edited.append(sample)
        if not predicted(stored, plan.predictions.get(sample)):
            diff.unpredicted.append(sample)
    return diff


def _bring(
    client: Client, current: Round, plan: Plan, held: Holdings, diff: Diff, *, say: Say
) -> tuple[Round, Holdings]:
    """Send what is missing, mend what differs, and look again until the server holds the plan."""
    for _ in range(ROUNDS_OF_REPAIR):
        if diff.doubles:
            client.delete_tasks(current.project, diff.doubles)
        done = 0
        for batch in batches([_task(plan, sample) for sample in diff.missing], size=BATCH):
            body = body_of(batch)  # first, so that next to no time lies between the note and the request
            current = announce(client, current, _sign_of(batch, plan.repeats))
            client.import_tasks(current.project, body)
            done += len(batch)
            say(f"{done:,} of {len(diff.missing):,} tasks sent to {current.title}")
        for sample in diff.edited:
            stored = held.of_sample[sample]
            client.write_task(stored.task, stored.data | plan.data[sample])
        wrong = [(held.of_sample[sample], plan.predictions.get(sample)) for sample in diff.unpredicted]
        mend_predictions(client, current.project, wrong, size=BATCH)
        if not (diff.missing or diff.updated or diff.doubles):
            return announce(client, current, None), held
        held = read_holdings(client, current.project, repeats=plan.repeats)
        diff = compare(plan, held)
    if diff.missing or diff.doubles:
        raise PlatformError(
            f"{current.title} still lacks {len(diff.missing)} samples and holds {len(diff.doubles)} twice",
            ids=[plan.data[key]["labelsift_id"] for key in diff.missing],
            cure="Somebody else is changing it: run the same command again when they are done",
        )
    return announce(client, current, None), held


def _sign_of(batch: Sequence[dict[str, Any]], repeats: Mapping[str, float]) -> str:
    """Return the sample that tells whether a batch has arrived: the first one that has no other task."""
    ids = [str(task["data"]["labelsift_id"]) for task in batch]
    return next((one for one in ids if one not in repeats), ids[0])


def _task(plan: Plan, sample: str) -> dict[str, Any]:
    prediction = plan.predictions.get(sample)
    return {"data": plan.data[sample], "predictions": [prediction] if prediction else []}


def _count(receipt: Receipt, plan: Plan, diff: Diff) -> None:
    receipt.created, receipt.updated = len(diff.missing), len(diff.updated)
    receipt.unchanged = len(plan.data) - receipt.created - receipt.updated
    if diff.doubles:
        receipt.details["doubles_removed"] = len(diff.doubles)


def _link(
    client: Client, receipt: Receipt, current: Round, plan: Plan, held: Holdings, *, tabs: dict[str, int]
) -> None:
    page = f"{client.url}/projects/{current.project}/data"
    receipt.links = {"review": page} | {title: f"{page}?tab={view}" for title, view in tabs.items()}
    receipt.sample_links = {sample: f"{page}?task={held.of_sample[sample].task}" for sample in plan.samples}
    receipt.details |= {
        "project_id": current.project,
        "project": current.title,
        "tasks": sum(sample in held.of_sample for sample in plan.data),
        "predictions": sum(len(held.of_sample[sample].predictions) for sample in plan.data),
        "tabs": len(tabs),
    }
