"""Neighbors of an MLflow run: its data set and the version before, the scan before, the models that it led to."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Sequence
from typing import TYPE_CHECKING
from urllib.parse import quote

from labelsift.data.formatting import shortened
from labelsift.errors import InputError

from .client import RUN_TAG
from .view import same_dataset

if TYPE_CHECKING:
    from labelsift.data.samples import Samples
    from labelsift.render.tracker_panels.panels import Parent
    from labelsift.store.run import Run as ScanRun
    from mlflow import MlflowClient
    from mlflow.entities import Run
    from mlflow.entities.model_registry import ModelVersion

FINGERPRINT_TAG = "labelsift_fingerprint"
PARENT_TAG, CHILD_TAG, MODEL_TAG = "labelsift_parent_run", "labelsift_corrected_run", "labelsift_model"
VERDICT_LENGTH = 500


def neighbors(client: MlflowClient, run: Run, report: ScanRun, parent: Parent | None) -> tuple[Run | None, Run | None]:
    """Return the run of the version that the samples were made of, and the one to compare with, in this experiment.

    The latter is of the newest earlier scan of the data set, else the former.
    """
    of_scan = f"tags.{RUN_TAG} = '{parent.run}'" if parent else ""
    made_of = next(iter(client.search_runs([run.info.experiment_id], of_scan, max_results=1)), None) if parent else None
    runs = client.search_runs([run.info.experiment_id], same_dataset(report.samples.name))
    names = {each.data.tags.get(RUN_TAG, report.run): each for each in runs}
    earlier = [name for name in names if name < report.run]  # a scan's name begins with its time
    return made_of, names[max(earlier)] if earlier else made_of


def log_dataset(client: MlflowClient, run: Run, samples: Samples, before: Parent | None, parent: Run | None) -> None:
    """Enter the data set with its fingerprint as the digest; a new version names the one before, and its MLflow run.

    MLflow keeps what it was told first of a data set and of a run's input: once more changes nothing.
    """
    from mlflow.entities import Dataset, DatasetInput, InputTag

    made_of = {"parent": before.fingerprint} if before else {}
    profile = {"num_rows": len(samples), "num_classes": len(samples.classes)} | made_of  # what MLflow's page shows
    dataset = Dataset(
        name=samples.name[:500],
        digest=samples.fingerprint,
        source_type="labelsift",
        source=json.dumps({"fingerprint": samples.fingerprint} | made_of),
        profile=json.dumps(profile),
    )
    tags = {"mlflow.data.context": "dq-audit"}
    tags |= {"labelsift.parent": before.fingerprint} if before else {}
    tags |= {"labelsift.parent_run": parent.info.run_id} if parent else {}
    entry = DatasetInput(dataset, [InputTag(name, value) for name, value in tags.items()])
    client.log_inputs(run.info.run_id, [entry])


def model_version(client: MlflowClient, name: str) -> ModelVersion:
    """Return a registered version by ``NAME/VERSION``; raise an InputError that names those there are."""
    from mlflow.exceptions import MlflowException

    model, _, number = name.removeprefix("models:/").rpartition("/")
    try:
        return client.get_model_version(model, number)
    except MlflowException as error:
        if error.error_code not in ("RESOURCE_DOES_NOT_EXIST", "INVALID_PARAMETER_VALUE"):
            raise
    named = model.replace("'", "_")  # MLflow knows no escape
    known = [version.version for version in client.search_model_versions(f"name = '{named}'")]
    newest = ", ".join(map(str, sorted(map(int, known))[-5:]))
    raise InputError(
        f"MLflow has no version {number} of a registered model {model}",
        hint=f"Its newest versions are {newest}" if known else "Name one as on its page: --model NAME/VERSION",
    )


def registered(client: MlflowClient, run: Run, named: Sequence[ModelVersion]) -> list[ModelVersion]:
    """Return the versions of models that a run belongs to: those that are named, and those registered from it."""
    from mlflow.exceptions import MlflowException

    versions = list(named)
    with contextlib.suppress(MlflowException):  # a server without a registry of models
        versions += client.search_model_versions(f"run_id = '{run.info.run_id}'")
    return list({(version.name, version.version): version for version in versions}.values())


def link(
    client: MlflowClient,
    run: Run,
    parent: Run | None,
    models: Sequence[ModelVersion],
    *,
    verdict: str,
    address: str,
) -> dict[str, str]:
    """Tag the neighbors of a run with it, and return the run's own tags that name them.

    A version of a model is told the run's id, its verdict and its address.
    """
    tags = {"labelsift_run_id": run.info.run_id, "labelsift_page": address}
    tags["labelsift_verdict"] = shortened(verdict, VERDICT_LENGTH)
    for version in models:
        for key, value in tags.items():
            if value and version.tags.get(key) != value:
                client.set_model_version_tag(version.name, version.version, key, value)
    names = [f"models:/{version.name}/{version.version}" for version in models]
    if parent is not None and parent.data.tags.get(CHILD_TAG) != run.info.run_id:
        client.set_tag(parent.info.run_id, CHILD_TAG, run.info.run_id)
    return ({MODEL_TAG: ", ".join(sorted(names))} if names else {}) | (
        {PARENT_TAG: parent.info.run_id} if parent else {}
    )


def model_page(version: ModelVersion) -> str:
    """Return the address of a model's version within MLflow's page."""
    return f"#/models/{quote(version.name)}/versions/{quote(str(version.version))}"


def comparison_page(*runs: Run) -> str:
    """Return the path within MLflow's page to charts of some runs of an experiment, metric by metric.

    Not to its page of compared runs: in 3.17.2 names and values scroll apart there.
    """
    ids = ", ".join(f"'{run.info.run_id}'" for run in runs)
    chosen = f"compareRunsMode=CHART&searchFilter={quote(f'attributes.run_id IN ({ids})')}"
    return f"#/experiments/{quote(runs[0].info.experiment_id)}/runs?{chosen}&workflowType=machine_learning"
