"""Gates in MLflow: the run of the scan is tagged, and MLflow's own validation gives the same answer.

``mlflow.validate_evaluation_results`` compares a metric with a number. Where a condition fails on evidence the metric
is the p-value and the number 5 %, else the value and its threshold. What could not be measured is a metric that is
missing, which MLflow does not let pass either.
"""

from __future__ import annotations

import json
import logging
import math
import tempfile
import time
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from labelsift.data.formatting import shortened
from labelsift.metrics.gates.conditions import parsed
from labelsift.metrics.gates.decisions import ALPHA
from labelsift.platforms import GateNote, Receipt
from labelsift.store.run import Run as ScanRun

from .artifacts import FOLDER
from .client import connected, log_batches, page, path_of, run_of_scan, tracking_uri

if TYPE_CHECKING:
    from mlflow import MlflowClient
    from mlflow.entities import Run
    from mlflow.models import MetricThreshold
    from mlflow.models.evaluation import EvaluationResult

TAG, SUMMARY_TAG, VALIDATION_TAG = "labelsift_gate", "labelsift_gate_summary", "labelsift_gate_validation"
MOST = 200  # slices that become metrics, what failed first


def write(report: ScanRun, note: GateNote) -> Receipt:
    """Write the result of a gate into the run of its scan, in place of an earlier one.

    Raises
    ------
    PlatformError
        If the server does not answer or refuses.
    InputError
        If the user's active run already holds another scan.
    """
    uri, result = tracking_uri(), note.result
    title = f"{report.samples.name} gate"
    with (
        connected(uri) as client,
        run_of_scan(client, report.run, target=note.target, title=title, ends=("new",)) as (run, origin),
    ):
        valid = is_valid(result)
        written = _write(client, run, result, summary=note.summary, valid=valid)
    link = page(uri, path_of(run.info.experiment_id, run.info.run_id))
    return Receipt(
        platform="mlflow",
        target=run.info.run_id,
        created=written,
        links={"run": link} if link else {},
        details={"status": result["status"], "validation": valid, "metrics": written, "new_run": origin == "new"},
    )


def _write(client: MlflowClient, run: Run, result: Mapping[str, Any], *, summary: str, valid: bool) -> int:
    """Write tags, files and metrics; returns how many metrics."""
    from mlflow.entities import Metric

    now = int(time.time() * 1000)
    values = {name: value for name, value in measured(result).items() if run.data.metrics.get(name) != value}
    log_batches(client, run, metrics=[Metric(name, value, now, 0) for name, value in values.items()], tags={})
    keep(client, run, result, summary=summary, valid=valid)
    return len(measured(result))


def keep(client: MlflowClient, run: Run, result: Mapping[str, Any], *, summary: str, valid: bool) -> None:
    """Write the result of a gate as files, and what became of it as tags."""
    with tempfile.TemporaryDirectory(prefix="labelsift-") as folder:
        (Path(folder) / "gate.json").write_text(json.dumps(result, indent=1, allow_nan=False), encoding="utf-8")
        (Path(folder) / "gate.md").write_text(summary, encoding="utf-8")
        client.log_artifacts(run.info.run_id, folder, FOLDER)
    tags = {
        TAG: result["status"],
        SUMMARY_TAG: shortened(summary.partition("\n")[0].lstrip("# "), 500),
        VALIDATION_TAG: "passed" if valid else "failed",
    }
    log_batches(client, run, metrics=(), tags=tags)


def is_valid(result: Mapping[str, Any]) -> bool:
    """Tell whether MLflow's own validation lets the result of a gate pass."""
    import mlflow
    from mlflow.models.evaluation.validation import ModelValidationFailedException

    logger = logging.getLogger("mlflow.models.evaluation.validation")
    before = logger.level
    logger.setLevel(logging.WARNING)  # it would say that it passed beside what the gate says
    try:
        mlflow.validate_evaluation_results(thresholds(result), evaluation(result))
    except ModelValidationFailedException:
        return False
    finally:
        logger.setLevel(before)
    return True


def evaluation(result: Mapping[str, Any]) -> EvaluationResult:
    """Return the result of a gate as MLflow's evaluation of a model; see :func:`thresholds`."""
    from mlflow.models.evaluation import EvaluationResult

    return EvaluationResult(metrics=measured(result, most=None), artifacts={})


def thresholds(result: Mapping[str, Any]) -> dict[str, MetricThreshold]:
    """Return what ``mlflow.validate_evaluation_results`` must hold a gate's :func:`evaluation` against.

    Parameters
    ----------
    result
        ``GateResult.as_dict()``.
    """
    from mlflow.models import MetricThreshold

    limits = {}
    for name, row in _named(result).items():
        condition = parsed(row["condition"])
        if condition.proof == "strict":
            limit = round(float(row["threshold"]), 12)
            if condition.operator in (">", "<"):  # MLflow lets equal values pass
                limit = math.nextafter(limit, math.inf if condition.at_least else -math.inf)
            limits[name] = MetricThreshold(threshold=limit, greater_is_better=condition.at_least)
        else:  # a p-value: of evidence against the condition, or of the proof of it
            proven = condition.proof == "proven"
            limit = ALPHA if proven else math.nextafter(ALPHA, 1)  # at 5 % sharp evidence against it counts
            limits[name] = MetricThreshold(threshold=limit, greater_is_better=not proven)
    for position, condition in enumerate(result["conditions"], start=1):
        if condition["status"] == "not measurable":
            limits[f"gate.{position}.not_measurable"] = MetricThreshold(threshold=0.0, greater_is_better=True)
    return limits


def measured(result: Mapping[str, Any], *, most: int | None = MOST) -> dict[str, float]:
    """Return the metrics that decide, by name; the first ``most``."""
    metrics = {}
    for name, row in list(_named(result).items())[:most]:
        value = row["value"] if parsed(row["condition"]).proof == "strict" else row["p_value"]
        metrics[name] = round(float(value), 12)
    return metrics


def _named(result: Mapping[str, Any]) -> dict[str, Mapping[str, Any]]:
    """Return the rows that were judged, by the name of the metric that decides on them."""
    places = {condition["condition"]: place for place, condition in enumerate(result["conditions"], start=1)}
    rows = {}
    for row in result["rows"]:
        if row["status"] in ("passed", "failed", "within chance"):
            kind = row["metric"] if parsed(row["condition"]).proof == "strict" else f"{row['metric']}.p"
            rows[f"gate.{places[row['condition']]}.{kind}/{row['slug']}"] = row
    return rows
