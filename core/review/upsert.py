"""Upsert of review tasks: what a push wants, what the platform holds, and what differs; so twice changes nothing."""

from __future__ import annotations

import operator
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from ..data.review_queue import sample_of
from ..platforms import Receipt

Prediction = Mapping[str, Any]


@dataclass(frozen=True)
class StoredTask:
    """One task as the platform holds it.

    Parameters
    ----------
    task
        Its id on the platform, a number or a text.
    data, meta
        Everything that the task shows, also what others wrote, and what it does not show.
    predictions
        Those of labelsift's.
    touched
        True where a person has answered or begun to.
    """

    task: Any
    data: dict[str, Any]
    meta: dict[str, Any] = field(default_factory=dict)
    predictions: tuple[dict[str, Any], ...] = ()
    touched: bool = False


@dataclass
class Holdings:
    """The tasks of one project by sample id, and the doubles that a dead push left.

    Parameters
    ----------
    of_sample
        Sample id → its task; a second task of a sample stands under the key of its review item.
    doubles
        Ids of tasks that repeat another one and that nobody has answered.
    """

    of_sample: dict[str, StoredTask] = field(default_factory=dict)
    doubles: list[Any] = field(default_factory=list)

    @classmethod
    def of(cls, tasks: Iterable[tuple[str, StoredTask]]) -> Holdings:
        """Sort tasks, oldest first, by the keys of their items.

        Where two tasks hold the same sample, those that a person has answered stay, else the oldest; so two pushes that
        clean up at the same time keep the same one.
        """
        by_key: dict[str, list[StoredTask]] = {}
        for key, task in tasks:
            by_key.setdefault(key, []).append(task)
        held = cls()
        for key, several in by_key.items():
            kept = next((task for task in several if task.touched), several[0])
            held.of_sample[key] = kept
            held.doubles += [task.task for task in several if task.task != kept.task and not task.touched]
        return held


@dataclass
class TaskPlan:
    """What a push wants in a review project, by the keys of review items and worst first.

    Parameters
    ----------
    data
        What each task shows of labelsift's; other fields of a task are others' business.
    predictions
        Suggestions, of the tasks that have one.
    failed
        Sample id → why the platform cannot hold it.
    """

    data: dict[str, dict[str, Any]] = field(default_factory=dict)
    predictions: dict[str, dict[str, Any]] = field(default_factory=dict)
    failed: dict[str, str] = field(default_factory=dict)

    @property
    def samples(self) -> list[str]:
        """The samples, each once."""
        return [key for key in self.data if sample_of(key) == key]


@dataclass
class Diff:
    """What has to be done so that the platform holds the plan."""

    missing: list[str] = field(default_factory=list)
    edited: list[str] = field(default_factory=list)
    unpredicted: list[str] = field(default_factory=list)
    doubles: list[Any] = field(default_factory=list)

    @property
    def updated(self) -> set[str]:
        """Samples whose task or prediction is written anew."""
        return {*self.edited, *self.unpredicted}


def compare(plan: TaskPlan, held: Holdings, *, same: Callable[[Prediction, Prediction], bool] = operator.eq) -> Diff:
    """Find what the platform lacks of a plan.

    Parameters
    ----------
    same
        Tells whether a stored prediction is the wanted one, for platforms that add something to what they store.
    """
    diff = Diff(doubles=list(held.doubles))
    for key, wanted in plan.data.items():
        stored = held.of_sample.get(key)
        if stored is None:
            diff.missing.append(key)
            continue
        if any(name not in stored.data or stored.data[name] != value for name, value in wanted.items()):
            diff.edited.append(key)
        if not predicted(stored, plan.predictions.get(key), same=same):
            diff.unpredicted.append(key)
    return diff


def predicted(
    stored: StoredTask, wanted: Prediction | None, *, same: Callable[[Prediction, Prediction], bool] = operator.eq
) -> bool:
    """Tell whether a task holds exactly the wanted prediction of labelsift's, or none where none is wanted."""
    if wanted is None:
        return not stored.predictions
    return len(stored.predictions) == 1 and same(stored.predictions[0], wanted)


def count(receipt: Receipt, plan: TaskPlan, diff: Diff) -> None:
    """Put what is to be done into a receipt; second tasks of samples count, too."""
    receipt.failed |= plan.failed
    receipt.created, receipt.updated = len(diff.missing), len(diff.updated)
    receipt.unchanged = len(plan.data) - receipt.created - receipt.updated
    if diff.doubles:
        receipt.details["doubles_removed"] = len(diff.doubles)
