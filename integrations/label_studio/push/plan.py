"""Plan of a push into a review project: tasks, predictions, tabs and labeling config. Pure functions."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from labelsift.data.review_queue import ReviewItem
from labelsift.platforms import Mode
from labelsift.review.blind import visible_metadata
from labelsift.review.dealing import lane_of
from labelsift.review.upsert import TaskPlan

from ..convert import tabs
from ..convert import task_fields as convert
from ..convert.label_config import LabelControl
from ..convert.review_config import config_of
from .validate import Fitting


@dataclass(frozen=True)
class Deal:
    """Where the items of a push stand beside each other and elsewhere.

    Parameters
    ----------
    groups
        Sample id → its cluster of duplicates.
    lanes
        How many; 0 for none.
    sources
        Sample id → the address of its task in an existing project; None where nothing is linked.
    """

    groups: Mapping[str, str] = field(default_factory=dict)
    lanes: int = 0
    sources: Mapping[str, str] | None = None

    def fields(self, item: ReviewItem) -> dict[str, Any]:
        """Return the fields of a task that say so."""
        fields: dict[str, Any] = {"labelsift_lane": lane_of(item.rank, self.lanes)} if self.lanes else {}
        if item.id in self.groups and not item.blind:  # the others of its group show their labels
            fields["labelsift_group"] = self.groups[item.id]
        if self.sources is not None:  # the task there shows the label
            fields |= convert.source_fields(None if item.blind else self.sources.get(item.id))
        return fields


@dataclass(frozen=True)
class Common:
    """What is the same for all parts of a push: where labels stand, how the items are dealt out, what comes back."""

    target: LabelControl
    mode: Mode = "choose"
    deal: Deal = field(default_factory=Deal)
    repeats: Mapping[str, float] = field(default_factory=dict)
    definitions: Mapping[str, str] = field(default_factory=dict)
    beside: bool = True  # the page has a place for other samples


@dataclass
class Plan(TaskPlan):
    """What a push wants in the review project: beside tasks and predictions its tabs and labeling config.

    Parameters
    ----------
    repeats
        Sample id → the score that places its second task, which stands under a key of its own.
    """

    tabs: list[dict[str, Any]] = field(default_factory=list)
    repeats: Mapping[str, float] = field(default_factory=dict)
    label_config: str = ""


def plan_review(items: Sequence[ReviewItem], common: Common, *, run: str, round: int) -> Plan:
    """Turn items into the tasks, predictions and tabs of a review project, checked before they are sent."""
    target, mode = common.target, common.mode
    label_config = config_of(target, mode=mode, linked=common.deal.sources is not None, definitions=common.definitions)
    fitting = Fitting(label_config, target)
    shown = visible_metadata(items, mode=mode, taken=(target.field,))
    plan = Plan(repeats=common.repeats, label_config=label_config)
    for item in items:
        prediction = convert.prediction_of(item, target, run=run, mode=mode)
        fault = fitting.fault(item, prediction)
        if fault:
            plan.failed[item.id] = fault
            continue
        if prediction:
            plan.predictions[item.key] = prediction
        data = convert.task_data(
            item,
            shown=shown,
            run=run,
            round=round,
            mode=mode,
            field=target.field,
            medium=target.medium,
            definitions=common.definitions,
            beside=common.beside,
        )
        plan.data[item.key] = data | common.deal.fields(item)
    issues = (issue for item in items for issue in item.issues)
    grouped = any(item.id in common.deal.groups for item in items)
    plan.tabs = tabs.queue_tabs(issues, run=run, grouped=grouped, lanes=common.deal.lanes)
    return plan
