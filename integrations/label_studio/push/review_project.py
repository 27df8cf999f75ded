"""Pushing flagged samples into a review project: plan, diff, bounded batches, receipt."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from labelsift.data.media import required
from labelsift.data.review_queue import ReviewItem, ReviewQueue
from labelsift.errors import PlatformError
from labelsift.platforms import PushRequest, Receipt
from labelsift.review.batches import Say, batches, prefetch, quiet
from labelsift.review.dealing import groups_of, parts_of
from labelsift.review.overlap import joined, overlap_of
from labelsift.review.suggestions import labels_to_choose
from labelsift.review.upsert import Diff, Holdings, StoredTask, compare, count

from ..client.client import NAME, Client
from ..client.transport import body_of
from ..convert import tabs
from ..convert.review_config import review_target
from ..convert.task_fields import BESIDE, ORIGIN
from ..state.match import sources_of
from ..state.rounds import Round, announce, drop_empty_twins, open_round, round_for, rounds_of, settle
from ..state.server_state import mend_predictions, put_tabs, read_holdings, same_prediction
from .dry_run import describe
from .plan import Common, Deal, Plan, plan_review

BATCH = 2500  # tasks a request: one to four seconds on the server
ROUNDS_OF_REPAIR = 3


class _GoneError(Exception):
    """Another push of the run has deleted the project that was being filled."""


def push_review(
    client: Client, queue: ReviewQueue, request: PushRequest, *, say: Say = quiet, restarts: int = 2
) -> Receipt:
    """Bring a queue into the review project of its run.

    The same run in the same mode goes into the same review project; a new run opens the next round. What two people
    answer goes into a project of its own, because that is a setting of projects. Where another push of the run deletes
    a project under it, it starts over, at most ``restarts`` times.

    Raises
    ------
    InputError
        If a label cannot be shown, or the request does not fit what was pushed before.
    PlatformError
        If the server cannot be reached or refuses.
    """
    project, run, mode = request.project, queue.run, request.mode
    rounds = rounds_of(client, project)
    filled = [round for round in rounds if round.tasks or round.part]
    overlap = overlap_of(filled, run=run, mode=mode, asked=request.overlap)
    main = round_for(rounds, run=run, mode=mode)
    number = main.number if main else 1 + max((round.number for round in rounds), default=0)
    sources = None
    linked = main is None or ORIGIN in client.project(main.project)["label_config"]
    if request.link or (linked and mode != "blind"):
        sources = sources_of(client, queue, project=project, field=request.link)
    common = Common(
        target=review_target(labels_to_choose(queue), task=queue.samples.task, medium=required(queue.samples)),
        mode=mode,
        repeats=queue.repeats,
        definitions=request.definitions,
        deal=Deal(
            groups={} if queue.repeats else groups_of(queue.items),  # where some come back, a group would tell which
            lanes=request.lanes,
            sources=sources,
        ),
    )
    receipt = Receipt(platform=NAME, target=project, dry_run=request.dry_run)
    for part, items in parts_of(queue.items, run=run, overlap=overlap).items():
        wanted = Round(of=project, run=run, mode=mode, number=number, part=part, twice=overlap if part else 0.0)
        current = round_for(rounds, run=run, mode=mode, part=part)
        try:
            done = _push_part(client, items, common, wanted=wanted, current=current, dry_run=request.dry_run, say=say)
        except _GoneError as gone:
            if restarts <= 0:
                raise PlatformError(*gone.args) from None
            say(f"{wanted.title} was given up by another push of this run; starting over in the one that stands")
            return push_review(client, queue, request, say=say, restarts=restarts - 1)
        receipt = joined(receipt, done, part=part)
    if sources:
        leading = sum(item.id in sources and not item.first_copy for item in queue.items)  # that one is not asked about
        receipt.details["linked"] = f"{leading:,} to the tasks of {project}, which stay as they are"
    if not request.dry_run:
        receipt.details["press"] = f"each in a lane of their own: {tabs.AS_DISPLAYED}" if request.lanes else tabs.ALL
    return receipt


def _push_part(
    client: Client,
    items: Sequence[ReviewItem],
    common: Common,
    *,
    wanted: Round,
    current: Round | None,
    dry_run: bool,
    say: Say,
) -> Receipt:
    """Bring one part of a round into its review project."""
    if current:  # a page from before has no place for other samples
        config = client.project(current.project)["label_config"] or ""
        common = replace(common, beside=BESIDE in config)
    items = [item for item in items if not item.first_copy] if common.beside else [item.alone for item in items]
    plan = plan_review(items, common, run=wanted.run, round=wanted.number)
    receipt = Receipt(platform=NAME, target=wanted.of, dry_run=dry_run)
    if dry_run or not (plan.data or current):
        holdings = read_holdings(client, current.project, repeats=plan.repeats) if current else Holdings()
        diff = compare(plan, holdings, same=same_prediction)
        count(receipt, plan, diff)
        if plan.data or current:
            receipt.details |= describe(wanted, plan, diff, stands=current is not None)
        return receipt
    if current is None:
        current = open_round(client, wanted, label_config=plan.label_config)
        if current.number != wanted.number:  # a faster push saw one round more or less
            plan = plan_review(items, common, run=wanted.run, round=current.number)
    try:
        return _fill(client, receipt, current, plan, say=say)
    except PlatformError as error:
        if _stands(client, current):
            raise
        raise _GoneError(str(error)) from None


def _fill(client: Client, receipt: Receipt, current: Round, plan: Plan, *, say: Say) -> Receipt:
    """Bring what the plan has and the project lacks, and its tabs."""
    if not settle(client, current):
        say(f"A batch that an earlier push announced has not arrived in {current.title}; it is sent again")
    holdings = read_holdings(client, current.project, repeats=plan.repeats)
    # What else stands there, or comes in between, makes the server's counts another one in the end, and is looked at.
    before = len(holdings.of_sample), sum(len(stored.predictions) for stored in holdings.of_sample.values())
    diff = compare(plan, holdings, same=same_prediction)
    count(receipt, plan, diff)
    current, holdings = _bring(client, current, plan, holdings, diff, before=before, say=say)
    ids, written = put_tabs(client, current.project, plan.tabs)
    drop_empty_twins(client, current)
    _link(client, receipt, current, plan, holdings, shown=ids)
    receipt.details |= {"round": current.number, "tabs_written": written}
    return receipt


def _stands(client: Client, current: Round) -> bool:
    """Tell whether the project is still there: another push may have taken it for an empty twin of its own."""
    return any(project["id"] == current.project for project in client.projects())


def _bring(
    client: Client, current: Round, plan: Plan, holdings: Holdings, diff: Diff, *, before: tuple[int, int], say: Say
) -> tuple[Round, Holdings]:
    """Send what is missing, mend what differs, and look again until the server holds the plan."""
    for turn in range(ROUNDS_OF_REPAIR):
        if diff.doubles:
            client.delete_tasks(current.project, diff.doubles)
        current, arrived = _send(client, current, plan, diff.missing, say=say)
        for sample in diff.edited:
            stored = holdings.of_sample[sample]
            client.write_task(stored.task, stored.data | plan.data[sample])
        wrong = [(holdings.of_sample[sample], plan.predictions.get(sample)) for sample in diff.unpredicted]
        mend_predictions(client, current.project, wrong, tasks=len(plan.data))
        if not (diff.missing or diff.updated or diff.doubles):
            return announce(client, current, None), holdings
        if not (turn or diff.updated or diff.doubles) and len(arrived) == len(diff.missing):
            sent = len(arrived), sum(key in plan.predictions for key in arrived)
            if _size(client, current) == (before[0] + sent[0], before[1] + sent[1]):
                # All of it was taken, and nobody else brought anything: there is nothing to look for.
                holdings.of_sample |= arrived
                return announce(client, current, None), holdings
        holdings = read_holdings(client, current.project, repeats=plan.repeats)
        diff = compare(plan, holdings, same=same_prediction)
    if diff.missing or diff.doubles:
        raise PlatformError(
            f"{current.title} still lacks {len(diff.missing)} samples and holds {len(diff.doubles)} twice",
            ids=[plan.data[key]["labelsift_id"] for key in diff.missing],
            hint="Somebody else is changing it: run the same command again when they are done",
        )
    return announce(client, current, None), holdings


def _send(
    client: Client, current: Round, plan: Plan, missing: Sequence[str], *, say: Say
) -> tuple[Round, dict[str, StoredTask]]:
    """Send tasks in batches, worst first; return them as the server says that it holds them."""
    arrived: dict[str, StoredTask] = {}
    done = 0
    tasks = (_task(plan, sample) for sample in missing)
    # Made before the note, so that next to no time lies between it and the request.
    for batch, body in prefetch((batch, body_of(batch)) for batch in batches(tasks, size=BATCH)):
        current = announce(client, current, _sign_of(batch, plan.repeats))
        made = client.import_tasks(current.project, body)
        keys = missing[done : done + len(batch)]
        for key, id, task in zip(keys, made, batch, strict=False):  # too few, and everything is read again
            arrived[key] = StoredTask(task=id, data=task["data"], predictions=tuple(task["predictions"]))
        done += len(batch)
        say(f"{done:,} of {len(missing):,} tasks sent to {current.title}")
    return current, arrived


def _size(client: Client, current: Round) -> tuple[int, int]:
    """Return how many tasks and predictions the server counts in a project."""
    project = client.project(current.project)
    return int(project.get("task_number") or 0), int(project.get("total_predictions_number") or 0)


def _sign_of(batch: Sequence[dict[str, Any]], repeats: Mapping[str, float]) -> str:
    """Return the sample that tells whether a batch has arrived: the first one that has no other task."""
    ids = [str(task["data"]["labelsift_id"]) for task in batch]
    return next((id for id in ids if id not in repeats), ids[0])


def _task(plan: Plan, sample: str) -> dict[str, Any]:
    prediction = plan.predictions.get(sample)
    return {"data": plan.data[sample], "predictions": [prediction] if prediction else []}


def _link(
    client: Client, receipt: Receipt, current: Round, plan: Plan, holdings: Holdings, *, shown: dict[str, int]
) -> None:
    page = f"{client.url}/projects/{current.project}/data"
    of_tab = {title: f"{page}?tab={view}" for title, view in shown.items()}
    receipt.links = {"review": of_tab[tabs.REVIEW]} | of_tab
    receipt.sample_links = {sample: f"{page}?task={holdings.of_sample[sample].task}" for sample in plan.samples}
    receipt.details |= {
        "project_id": current.project,
        "project": current.title,
        "tasks": sum(sample in holdings.of_sample for sample in plan.data),
        "predictions": sum(len(holdings.of_sample[sample].predictions) for sample in plan.data),
        "tabs": len(shown),
    }
