"""Writer of a run's panels into one MLflow run; the same scan again changes nothing that is equal.

The scalars of a data set's scans are a line: those of earlier scans stand at their steps and times. Slices stand at
step 0, where MLflow draws bars.
"""

from __future__ import annotations

import html
import re
import time
from typing import TYPE_CHECKING

from labelsift.corrections.tracked_panels import tracked_panels
from labelsift.platforms import LogRequest, Receipt
from labelsift.render.tracker_panels.description import described
from labelsift.render.tracker_panels.panels import Panels
from labelsift.render.tracker_panels.scalars import HEADLINE
from labelsift.render.verdict import HEADING
from labelsift.store.run import Run as ScanRun

from .artifacts import FOLDER, NOTE, write_artifacts
from .client import RUN_TAG, connected, log_batches, page, path_of, run_of_scan, tracking_uri
from .related import (
    FINGERPRINT_TAG,
    comparison_page,
    link,
    log_dataset,
    model_page,
    model_version,
    neighbors,
    registered,
)
from .view import save_view

if TYPE_CHECKING:
    from collections.abc import Sequence

    from mlflow import MlflowClient
    from mlflow.entities import Metric, Run
    from mlflow.entities.model_registry import ModelVersion

# Facts of which a later log may say something else, and so tags: a param never changes.
CHANGING = {f"labelsift_{name}" for name in ("classes", "error_rate_of", "not_sliced", "queue", "rows", "version")}
ANCHOR = "dq/rows"  # its points tell which scans stand in a run, and at which steps
LINES = 9  # scalars on the first screen of the saved view
BESIDE = ("_low", "_high", "/labeled", "/judged", "/queue_decided", "/findings_cut")  # scalars that are not


def write(report: ScanRun, request: LogRequest) -> Receipt:
    """Log a report and say what was written.

    Raises
    ------
    PlatformError
        If the server does not answer or refuses.
    InputError
        If the user's active run already holds another scan, or there is no such version of a model.
    """
    uri = tracking_uri()
    content = tracked_panels(report, every=request.every, with_text=request.with_text)
    with connected(uri) as client:
        models = [model_version(client, request.model)] if request.model else []  # refused before anything is made
        with run_of_scan(client, report.run, target=request.target, title=content.title) as (run, origin):
            names, changed, tags = write_artifacts(client, run, report, content, with_text=request.with_text)
            models = registered(client, run, models)
            parent, before = neighbors(client, run, report, content.parent)
            paths = _paths(client, run, content, parent, before, models)
            tags |= {RUN_TAG: report.run, FINGERPRINT_TAG: report.samples.fingerprint}
            tags |= link(client, run, parent, models, verdict=_verdict(content), address=page(uri, paths["run"]))
            tags[NOTE] = described(run.data.tags.get(NOTE, ""), content.summary, paths | {"run": ""})
            points = _points(client, run, content)
            tags |= {name: value for name, value in content.params.items() if name in CHANGING}
            params = {name: value for name, value in content.params.items() if name not in CHANGING}
            others = log_batches(client, run, metrics=points, params=params, tags=tags)
            log_dataset(client, run, report.samples, content.parent, parent)
    rows, new, changed = len(content.flagged.rows), origin == "new", bool(changed or points or others)
    return Receipt(
        platform="mlflow",
        target=run.info.run_id,
        created=rows * new,
        updated=rows * (changed and not new),
        unchanged=rows * (not changed and not new),
        links={name: address for name, path in paths.items() if (address := page(uri, path))},
        details={
            "run_id": run.info.run_id,
            "experiment_id": run.info.experiment_id,
            "new_run": new,
            "metrics": len(content.metrics | content.slice_metrics),
            "metrics_written": len(points),
            "params": len(params),
            "artifacts": len(names),
            "flagged_rows": rows,
            "flagged_total": content.flagged_total,
        },
    )


def _points(client: MlflowClient, run: Run, content: Panels) -> list[Metric]:
    """Return the points that a run lacks: the line of the scans, and slices at step 0, where MLflow draws bars.

    A scan keeps the step that it has in this run, also where an earlier one was removed since. A figure that changed
    since the last log, such as how long the queue is, gets a newer point at its step, as MLflow takes none back.
    """
    from mlflow.entities import Metric

    known, own = run.data.metrics, content.step
    history = client.get_metric_history(run.info.run_id, ANCHOR) if ANCHOR in known else []
    placed = {(point.timestamp, point.step) for point in history}
    times = {step: round(seconds * 1000) for step, seconds in content.times.items()}
    steps = {step: step for step in times}
    if times[own] in dict(placed):  # this scan stands there, and says which others do
        there = {step: step if (made, step) in placed else dict(placed).get(made) for step, made in times.items()}
        steps = {step: place for step, place in there.items() if place is not None}
    lines = [(name, value, step) for step, values in content.earlier if step in steps for name, value in values.items()]
    points = [Metric(name, value, times[step], steps[step]) for name, value, step in lines if name not in known]
    figures = [(name, value, steps[own]) for name, value in content.metrics.items()]
    figures += [(name, value, 0) for name, value in content.slice_metrics.items()]
    now = round(time.time() * 1000)
    return points + [
        Metric(name, value, now if name in known else times[own], step)
        for name, value, step in figures
        if known.get(name) != value
    ]


def _paths(
    client: MlflowClient,
    run: Run,
    content: Panels,
    parent: Run | None,
    before: Run | None,
    models: Sequence[ModelVersion],
) -> dict[str, str]:
    """Return what can be opened on MLflow's page: words → path."""
    here = (run.info.experiment_id, run.info.run_id)
    files = {"report": "report.html", "flagged rows": "flagged.json", "slices": "slices.json"}
    paths = {"run": path_of(*here)}
    paths |= {words: path_of(*here, f"artifacts/{FOLDER}/{name}") for words, name in files.items()}
    names = [*content.metrics, *content.slice_metrics]
    lines = [name for name in dict.fromkeys([*HEADLINE, *content.metrics]) if not name.endswith(BESIDE)][:LINES]
    if view := save_view(client, here[0], dataset=content.params["labelsift_dataset"], metrics=names, lines=lines):
        paths["all scans"] = view
    if parent is not None:
        paths["version before"] = path_of(parent.info.experiment_id, parent.info.run_id)
    if before is not None:
        paths["compare with the scan before"] = comparison_page(before, run)
    return paths | {f"model {version.name} {version.version}": model_page(version) for version in models}


def _verdict(content: Panels) -> str:
    """Return the verdict's first sentence as plain text."""
    line = content.summary.partition("\n")[0].removeprefix(HEADING)
    return html.unescape(re.sub(r"\\(.)", r"\1", line))
