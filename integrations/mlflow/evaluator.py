"""Evaluator ``labelsift`` of MLflow's own ``mlflow.models.evaluate``: metrics of slices and a gate.

MLflow finds it by an entry point and asks it at every evaluation of every user. So this module imports nothing heavy,
and the evaluator stands aside unless its own settings are there: MLflow does not say whether it was named.
"""

from __future__ import annotations

import json
import logging
import time
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from labelsift.errors import InputError
from mlflow.models.evaluation.base import EvaluationResult, ModelEvaluator

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd
    from labelsift.evaluation import Evaluation
    from labelsift.metrics.gates.results import GateResult
    from mlflow import MlflowClient
    from mlflow.data.evaluation_dataset import EvaluationDataset
    from mlflow.entities import Run
    from mlflow.models.evaluation import EvaluationArtifact
    from mlflow.pyfunc import PyFuncModel

NAME = "labelsift"
TABLE, GATE, PASSED = "labelsift_slices", "labelsift_gate", "gate/passed"
_logger = logging.getLogger(__name__)


class SliceEvaluator(ModelEvaluator):
    """Evaluates a classifier slice by slice.

    ``evaluator_config`` holds what :class:`labelsift.evaluation.EvaluationSettings` reads. What MLflow's own evaluators
    take beside it, ``extra_metrics`` and ``custom_artifacts``, is left to them.
    """

    @classmethod
    def can_evaluate(cls, *, model_type: str, evaluator_config: Mapping[str, Any], **kwargs: object) -> bool:
        """Tell whether slices or gates are asked for, of whatever model: what was asked for is not passed over."""
        return bool({"slices", "gates"} & set(_own(evaluator_config)))

    def evaluate(  # pyright: ignore[reportIncompatibleMethodOverride] - the base names no result
        self,
        *,
        model_type: str,
        dataset: EvaluationDataset,
        run_id: str,
        evaluator_config: Mapping[str, Any],
        model: PyFuncModel | None = None,
        extra_metrics: object = None,
        custom_artifacts: object = None,
        predictions: str | None = None,
        model_id: str | None = None,
        **kwargs: object,
    ) -> EvaluationResult:
        """Log metrics of slices, their table and the gate into the run of an evaluation.

        Raises
        ------
        InputError
            For another kind of model than a classifier, and as :func:`labelsift.evaluation.evaluation`.
        """
        import pandas as pd
        from labelsift.evaluation import EvaluationSettings, evaluation
        from mlflow import MlflowClient

        from .gate import measured

        settings = EvaluationSettings.of(_own(evaluator_config))
        if model_type != "classifier":
            raise InputError(
                f"The evaluator {NAME} judges classifiers, and this is evaluated as {model_type or 'no model type'}",
                hint='Say model_type="classifier", or leave labelsift out',
            )
        features = dataset.features_data
        if not isinstance(features, pd.DataFrame):
            features = pd.DataFrame(features, columns=dataset.feature_names)
        predicted = dataset.predictions_data if model is None else _predictions(model, features, predictions)
        labels, name = dataset.labels_data, dataset.name or "data"
        if predicted is None or labels is None:
            missing = "predictions" if predicted is None else "targets"
            raise InputError(f"There are no {missing}", hint=f'Name their column: {missing}="…"')
        result = evaluation(features, labels, predicted, settings, run=run_id, name=name)
        if not result.metrics:
            _logger.warning("Fewer than 10 rows have a target and a prediction, so no slice can be measured")
        client, metrics = MlflowClient(), dict(result.metrics)
        run = client.get_run(run_id)
        artifacts = _write_table(client, run, result)
        if result.gate is not None:
            artifacts |= _write_gate(client, run, result.gate)
            metrics |= {PASSED: float(result.gate.passed)} | measured(result.gate.as_dict())
        if model_id is None:  # else MLflow logs the metrics of the result, with the model
            _log(client, run, metrics, dataset)
        return EvaluationResult(metrics=metrics, artifacts=artifacts, run_id=run_id)


def _own(config: Mapping[str, Any] | None) -> Mapping[str, Any]:
    """Return our settings, be they a level deeper, as of several evaluators."""
    config = config or {}
    own = config.get(NAME, config)
    return own if isinstance(own, Mapping) else {}


def _predictions(model: PyFuncModel, features: pd.DataFrame, output: str | None) -> np.ndarray:
    """Return the classes that a model predicts: shape (n,).

    A model gets the columns that it was fitted on, where it says which: those that are only sliced by are none of them.
    """
    from labelsift.evaluation import classes_in
    from mlflow.exceptions import MlflowException

    try:
        fitted = list(model.get_raw_model().feature_names_in_)
    except (AttributeError, NotImplementedError, MlflowException):  # no such model, or fitted without names
        fitted = list(features.columns)
    return classes_in(model.predict(features[fitted]), rows=len(features), column=output)


def _log(client: MlflowClient, run: Run, metrics: Mapping[str, float], dataset: EvaluationDataset) -> None:
    """Write metrics at step 0, where MLflow draws bars, with the data set that they are of."""
    from mlflow.entities import Metric

    from .client import log_batches

    now, of = int(time.time() * 1000), {"dataset_name": dataset.name, "dataset_digest": dataset.digest}
    entries = [Metric(name, value, now, 0, run_id=run.info.run_id, **of) for name, value in metrics.items()]
    log_batches(client, run, metrics=entries, tags={})


def _write_table(client: MlflowClient, run: Run, result: Evaluation) -> dict[str, EvaluationArtifact]:
    """Write the slices in place of earlier ones, and enter them where MLflow's page and ``result.tables`` look."""
    from labelsift.render.tracker_panels.figures import plain
    from labelsift.render.tracker_panels.files import table_json
    from mlflow.models.evaluation.artifacts import JsonEvaluationArtifact

    from .artifacts import TABLES_TAG

    name, content = f"{TABLE}.json", table_json(plain(result.slices))
    client.log_text(run.info.run_id, content, name)
    entries, ours = json.loads(run.data.tags.get(TABLES_TAG, "[]")), {"path": name, "type": "table"}
    if ours not in entries:
        client.set_tag(run.info.run_id, TABLES_TAG, json.dumps([*entries, ours]))
    return {TABLE: JsonEvaluationArtifact(f"{run.info.artifact_uri}/{name}", json.loads(content))}


def _write_gate(client: MlflowClient, run: Run, result: GateResult) -> dict[str, EvaluationArtifact]:
    """Write a gate as files and tags."""
    from labelsift.render.gate_markdown import gate_markdown
    from mlflow.models.evaluation.artifacts import JsonEvaluationArtifact

    from .artifacts import FOLDER
    from .gate import is_valid, keep

    plain = result.as_dict()
    keep(client, run, plain, summary=gate_markdown(result), valid=is_valid(plain))
    return {GATE: JsonEvaluationArtifact(f"{run.info.artifact_uri}/{FOLDER}/gate.json", plain)}
