"""Saved view of an experiment: the headline figures of all scans of a data set as lines on one screen.

MLflow (3.15 and later) keeps what "Views → Save as new view" saves in a tag of the experiment, and so do we. Without a
view its page draws a chart a metric, in the order of the alphabet.
"""

from __future__ import annotations

import base64
import hashlib
import json
import time
import zlib
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from labelsift.data.formatting import shortened

if TYPE_CHECKING:
    from mlflow import MlflowClient

PREFIX = "mlflow.sharedViewState."
FIRST, OPEN = "Data quality", "slice.label_issue_rate"  # sections that are not folded


def save_view(
    client: MlflowClient, experiment_id: str, *, dataset: str, metrics: Iterable[str], lines: Sequence[str]
) -> str:
    """Save the view of a data set's scans, and return its path within MLflow's page; empty where that may not be.

    Saved again it is the same view; one that somebody changed or renamed on the page stays as it is.

    Parameters
    ----------
    metrics
        Names of all metrics: each goes into the section that MLflow puts it in.
    lines
        Those that are drawn as lines over the scans, on the first screen.
    """
    from mlflow.exceptions import MlflowException

    key = f"labelsift-{hashlib.sha256(dataset.encode()).hexdigest()[:12]}"
    name = f"Data quality: {shortened(dataset, 60)}"
    packed = zlib.compress(json.dumps(_state(dataset, metrics, lines)).encode(), 9)  # a tag here is short
    state = f"deflate;{base64.b64encode(packed).decode('ascii')}"
    standing = client.get_experiment(experiment_id).tags.get(PREFIX + key, "")
    view = json.loads(standing) if standing.startswith("{") else {}
    theirs = view and (view.get("name") != name or view.get("createdAt") != view.get("updatedAt"))
    if not theirs and view.get("state") != state:
        now = int(time.time() * 1000)
        envelope = {"name": name, "createdAt": now, "updatedAt": now, "state": state}
        try:
            client.set_experiment_tag(experiment_id, PREFIX + key, json.dumps(envelope))
        except MlflowException:  # who may log runs need not be allowed to change the experiment
            return ""
    mode = f"viewStateShareKey={key}&compareRunsMode=CHART&workflowType=machine_learning"
    return f"#/experiments/{quote(experiment_id)}/runs?{mode}"


def same_dataset(name: str) -> str:
    """Return MLflow's condition that a run is of the data set of that name."""
    if "'" in name and '"' in name:  # MLflow knows no escape
        return f"""params.labelsift_dataset LIKE '{name.replace("'", "_")}'"""
    mark = '"' if "'" in name else "'"
    return f"params.labelsift_dataset = {mark}{name}{mark}"


def _state(dataset: str, metrics: Iterable[str], lines: Sequence[str]) -> dict[str, Any]:
    """Return of what MLflow's page keeps (``ExperimentPageUIState`` in its sources) all that it has no default for."""
    others = sorted({name.rpartition("/")[0] for name in metrics}, key=lambda name: (name != OPEN, name))
    sections = [
        {"uuid": name, "name": name, "display": name in (FIRST, OPEN), "isReordered": True, "cardHeight": 230}
        | {"columns": 3 if name == FIRST else 2}
        for name in (FIRST, *others)
    ]
    axis = {"xAxisKey": "step", "lineSmoothness": 0}  # by default lines are smoothed
    charts = [
        {"uuid": name, "type": "LINE", "metricSectionId": FIRST, "metricKey": name, "selectedMetricKeys": [name]}
        | {"displayName": name, "runsCountToCompare": 10, "useGlobalXaxisKey": True, "useGlobalLineSmoothing": True}
        | {"range": {}, **axis}
        for name in lines
    ]
    return {
        "searchFilter": same_dataset(dataset),
        "selectedColumns": ["attributes.`Dataset`", *(f"metrics.`{name}`" for name in lines)],
        "isAccordionReordered": True,
        "hideEmptyCharts": True,
        "compareRunSections": sections,
        "compareRunCharts": charts,
        "globalLineChartConfig": axis,
    }
