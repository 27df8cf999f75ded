"""Metrics of a slice by scikit-learn's names: what each needs, whether high is good, and of what labels it is told."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from ..data.samples import TASKS, Task
from ..errors import InputError

Need = Literal["judged labels", "predictions", "probabilities"]


@dataclass(frozen=True)
class Metric:
    """One metric of a slice.

    Parameters
    ----------
    name
        scikit-learn's, where it has one.
    title
        For people.
    high_is_good
        False for rates of what is wrong. A calibration gap is good near 0; above it the model is surer than right,
        which is the side that harms.
    needs
        What it is counted from.
    of_class
        Whether it can be told of one class.
    tasks
        The kinds of labels that it is told of.
    """

    name: str
    title: str
    high_is_good: bool
    needs: Need = "predictions"
    of_class: bool = False
    tasks: tuple[Task, ...] = TASKS


METRICS: Mapping[str, Metric] = {
    metric.name: metric
    for metric in (
        Metric("accuracy", "Accuracy", True),
        Metric("error_rate", "Error rate", False),
        Metric("precision", "Precision", True, of_class=True),
        Metric("recall", "Recall", True, of_class=True),
        Metric("f1", "F1", True, of_class=True),
        Metric("micro_f1", "Micro F1", True),
        Metric("weighted_f1", "Weighted F1", True),
        Metric("label_issue_rate", "Label-issue rate", False, needs="judged labels"),
        Metric(
            "calibration_gap",
            "Calibration gap",
            False,
            needs="probabilities",
            tasks=("classification",),
        ),
    )
}


def metric_named(name: str, task: Task, label: str | None = None) -> Metric:
    """Return a metric by its name.

    Parameters
    ----------
    label
        The class that it is to be told of, or None.

    Raises
    ------
    InputError
        For an unknown name, one that these labels do not have, and a class of a metric that is told of all alone.
    """
    metric = METRICS.get(name)
    if metric is None:
        raise InputError(f"There is no slice metric called {name}", hint=f"Use one of {', '.join(METRICS)}")
    if task not in metric.tasks:
        others = ", ".join(other.name for other in METRICS.values() if task in other.tasks)
        kind = {"multilabel": "sets of labels", "spans": "spans"}.get(task, "single labels")
        raise InputError(f"There is no {name} of {kind}", hint=f"Use one of {others}")
    if label is not None and not metric.of_class:
        others = ", ".join(other.name for other in METRICS.values() if other.of_class)
        raise InputError(f"There is no {name} of one class", hint=f"Of one class there are {others}")
    return metric
