"""Client of the user's MLflow: the tracking server, its errors in plain words, and the run of a scan."""

from __future__ import annotations

import contextlib
import getpass
import os
import sys
from importlib.util import find_spec
from typing import TYPE_CHECKING, Literal
from urllib.parse import quote, urlsplit

from labelsift.data.formatting import error_text, without_secrets
from labelsift.errors import InputError, MissingExtraError, PlatformError
from labelsift.integrations._http import silence
from labelsift.io.secret_variables import secret_of, variable_of

if TYPE_CHECKING:
    from mlflow import MlflowClient
    from mlflow.entities import Run
    from mlflow.exceptions import MlflowException

EXPERIMENT = "labelsift"
RUN_TAG = "labelsift_run"
Origin = Literal["users", "known", "new"]


def tracking_uri() -> str:
    """Return the tracking server: ``MLFLOW_TRACKING_URI``, else the file that ``MLFLOW_TRACKING_URI_FILE`` names.

    Without either, what MLflow itself says.

    Raises
    ------
    InputError
        If the file cannot be read.
    MissingExtraError
        If mlflow is not installed.
    """
    if find_spec("mlflow") is None:
        raise MissingExtraError("mlflow", "mlflow", purpose="Logging to MLflow")
    if variable_of("MLFLOW_TRACKING_URI").endswith("_FILE"):
        return str(secret_of("MLFLOW_TRACKING_URI", what="the address"))
    if "mlflow" not in sys.modules:
        # Whoever imported mlflow before us has decided for themselves.
        os.environ.setdefault("MLFLOW_DISABLE_TELEMETRY", "true")
        os.environ.setdefault("MLFLOW_ENABLE_ARTIFACTS_PROGRESS_BAR", "false")
    import mlflow

    return mlflow.get_tracking_uri()


def connect(uri: str) -> MlflowClient:
    """Return a client of a server that answers.

    Raises
    ------
    PlatformError
        If nothing answers at the address within ten seconds, or MLflow does not know such addresses.
    """
    if urlsplit(uri).scheme in ("http", "https") and (why := silence(f"{uri.rstrip('/')}/health")):
        raise PlatformError(
            f"The MLflow server at {without_secrets(uri)} does not answer: {why}",
            hint="Start it, or set MLFLOW_TRACKING_URI to where it runs",
        )
    from mlflow import MlflowClient

    try:
        return MlflowClient(tracking_uri=uri)
    except Exception as error:  # of the client, or of the driver of a database that it names
        raise PlatformError(
            f"MLflow cannot use {without_secrets(uri)}: {error_text(error).replace(uri, without_secrets(uri))}",
            hint="Set MLFLOW_TRACKING_URI to the address of an MLflow server",
        ) from None


def refusal(uri: str, error: MlflowException) -> PlatformError:
    """Say in one line what an error of MLflow's client means, without the page that a server may have answered."""
    from mlflow.exceptions import RestException

    # MLflow tells its errors as JSON with a code; the client wraps any other answer as it came.
    message, _, foreign = error.message.partition(". Response body:")
    stranger = error.error_code == "ENDPOINT_NOT_FOUND" or "valid JSON" in message or not message.strip()
    if isinstance(error, RestException):
        stranger = "error_code" not in error.json
    if stranger:
        return PlatformError(
            f"The server at {without_secrets(uri)} does not answer like MLflow",
            hint="Set MLFLOW_TRACKING_URI to the address of an MLflow server and of nothing else",
        )
    what = f"MLflow at {uri} refused: {message.splitlines()[0]}"
    what += ": its answer is not MLflow's" if foreign else ""
    return PlatformError(without_secrets(what), hint="`labelsift doctor mlflow` looks at it")


def page(uri: str, *, experiment_id: str, run_id: str = "") -> str:
    """Return the address of an experiment's or a run's page; empty where there is no server."""
    if urlsplit(uri).scheme not in ("http", "https"):
        return ""
    run = f"/runs/{quote(run_id)}" if run_id else ""
    # Without the workflow type MLflow 3 opens its page for language models, which shows no charts.
    return f"{without_secrets(uri).rstrip('/')}/#/experiments/{quote(experiment_id)}{run}?workflowType=machine_learning"


def find_run(client: MlflowClient, *, target: str | None, run: str, title: str) -> tuple[Run, Origin]:
    """Return the MLflow run for a scan, and where it is from.

    ``users``: the user's active run, where it fits the target; it is never ended. ``known``: the run
    that this scan was logged into before. ``new``: made for it.

    Raises
    ------
    InputError
        If the active run already holds another scan: a run holds one.
    """
    active = _active_run(client, target)
    if active is not None:
        held = active.data.tags.get(RUN_TAG, run)
        if held != run:
            raise InputError(
                f"The active MLflow run {active.info.run_id} already holds the scan {held}",
                hint="End it and log again, or log within mlflow.start_run(nested=True)",
            )
        return active, "users"
    experiment = _experiment(client, target)
    runs = client.search_runs([experiment], f"tags.{RUN_TAG} = '{run}'", max_results=1)
    if runs:
        return runs[0], "known"
    tags = {RUN_TAG: run, "mlflow.source.name": "labelsift", "mlflow.source.type": "LOCAL", "mlflow.user": _user()}
    return client.create_run(experiment, run_name=title[:250], tags=tags), "new"


def finish(client: MlflowClient, run_id: str, status: str) -> None:
    """End a run of ours; what MLflow prints goes to standard error, as ``--json`` needs the other."""
    with contextlib.redirect_stdout(sys.stderr):
        client.set_terminated(run_id, status)


def _active_run(client: MlflowClient, target: str | None) -> Run | None:
    import mlflow

    active = mlflow.active_run()
    run_id = active.info.run_id if active else os.environ.get("MLFLOW_RUN_ID")
    if not run_id:
        return None
    run = client.get_run(run_id)
    if target is not None and client.get_experiment(run.info.experiment_id).name != target:
        return None
    return run


def _experiment(client: MlflowClient, target: str | None) -> str:
    """Return the id of the target, else of the experiment that the user has set, else of our own."""
    # mlflow.set_experiment() sets the variable, too.
    if target is None and (chosen := os.environ.get("MLFLOW_EXPERIMENT_ID")):
        return chosen
    name = target or os.environ.get("MLFLOW_EXPERIMENT_NAME") or EXPERIMENT
    experiment = client.get_experiment_by_name(name)
    if experiment is None:
        return client.create_experiment(name)
    if experiment.lifecycle_stage != "active":
        raise InputError(
            f"The MLflow experiment {name} is deleted", hint="Restore it on MLflow's page, or name another"
        )
    return experiment.experiment_id


def _user() -> str:
    try:
        return getpass.getuser()
    except (KeyError, OSError):  # a container without a user's name
        return ""
