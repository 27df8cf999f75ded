"""What a push wants in a review project, and what the server lacks of it. Pure functions."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from labelsift.review.blind import visible_metadata
from labelsift.review.items import Flag
from labelsift.review.suggestions import issue_order
from labelsift.store.run import Run

from ..convert import tabs
from ..convert import task_fields as convert
from ..convert.label_config import Target
from ..convert.review_config import config_of
from ..state import task_links as links
from ..state.server_state import Holdings, predicted
from .dealing import Deal
from .validate import Fitting
from .validate import labels_of as labels_told


@dataclass(frozen=True)
class Common:
    """What is the same for all parts of a push: where labels stand, how the flags are dealt out, what comes back."""

    target: Target
    deal: Deal = field(default_factory=Deal)
    repeats: Mapping[str, float] = field(default_factory=dict)


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
    label_config: str = ""

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


def labels_of(report: Run, flags: Sequence[Flag]) -> list[str]:
    """Return the labels that a review project offers: the classes, then whatever else is given or suggested."""
    seen = [*report.samples.classes, *report.classes]
    seen += report.samples.taxonomy.classes if report.samples.taxonomy else ()
    seen += [label for flag in flags for label in labels_told(flag)]
    return sorted(dict.fromkeys(seen), key=str.casefold)


def plan_review(flags: Sequence[Flag], common: Common, *, run: str, round: int, mode: str) -> Plan:
    """Turn flags into the tasks, predictions and tabs of a review project, checked before they are sent."""
    asked: Any = mode  # one of MODES
    target = common.target
    label_config = config_of(target, mode=asked)
    if common.deal.sources is not None:
        label_config = links.linked(label_config)
    fitting = Fitting(label_config, target)
    shown = visible_metadata(flags, mode=asked, taken=(target.field,))
    plan = Plan(data={}, predictions={}, tabs=[], repeats=common.repeats, label_config=label_config)
    for flag in flags:
        prediction = convert.prediction_of(flag, target, run=run, mode=asked)
        fault = fitting.fault(flag, prediction)
        if fault:
            plan.failed[flag.id] = fault
            continue
        if prediction:
            plan.predictions[flag.key] = prediction
        data = convert.task_data(flag, shown=shown, run=run, round=round, mode=asked, field=target.field)
        plan.data[flag.key] = data | common.deal.fields(flag)
    issues = dict.fromkeys(issue for flag in flags for issue in flag.issues)
    grouped = any(flag.id in common.deal.groups for flag in flags)
    plan.tabs = tabs.queue_tabs(run=run, grouped=grouped, lanes=common.deal.lanes)
    first = 1 + common.deal.lanes  # the queue and its lanes, then the issues, then the rest
    plan.tabs[first:first] = [tabs.tab_of(issue, run=run) for issue in sorted(issues, key=issue_order)]
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
