"""Client of the user's MLflow: the tracking server, its errors in plain words, and the run of a scan."""

from __future__ import annotations

import contextlib
import getpass
import os
import sys
from collections.abc import Collection, Iterator, Mapping, Sequence
from importlib.util import find_spec
from types import MappingProxyType
from typing import TYPE_CHECKING, Literal
from urllib.parse import quote, urlsplit

from labelsift.data.formatting import error_text, without_secrets
from labelsift.errors import InputError, MissingExtraError, PlatformError
from labelsift.integrations._http import silence
from labelsift.io.secret_variables import secret_of, variable_of

if TYPE_CHECKING:
    from mlflow import MlflowClient
    from mlflow.entities import Metric, Run
    from mlflow.exceptions import MlflowException

EXPERIMENT = "labelsift"
MOST_METRICS = 1_000  # a request
MOST_EXPERIMENTS = 1_000  # that are searched where none is chosen
RUN_TAG = "labelsift_run"
SOURCE_TAG, SOURCE = "mlflow.source.name", "labelsift"  # of the runs that we make
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


@contextlib.contextmanager
def connected(uri: str) -> Iterator[MlflowClient]:
    """Open a client of a server that answers; what it refuses becomes an error in plain words.

    Raises
    ------
    PlatformError
        If nothing answers at the address within ten seconds, MLflow does not know such addresses, or refuses.
    """
    if urlsplit(uri).scheme in ("http", "https") and (why := silence(f"{uri.rstrip('/')}/health")):
        raise PlatformError(
            f"The MLflow server at {without_secrets(uri)} does not answer: {why}",
            hint="Start it, or set MLFLOW_TRACKING_URI to where it runs",
        )
    from mlflow import MlflowClient
    from mlflow.exceptions import MlflowException

    try:
        client = MlflowClient(tracking_uri=uri)
    except Exception as error:  # of the client, or of the driver of a database that it names
        raise PlatformError(
            f"MLflow cannot use {without_secrets(uri)}: {error_text(error).replace(uri, without_secrets(uri))}",
            hint="Set MLFLOW_TRACKING_URI to the address of an MLflow server",
        ) from None
    try:
        yield client
    except MlflowException as error:
        raise refusal(uri, error) from None


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


def page(uri: str, path: str) -> str:
    """Return the address of a path within MLflow's page (:func:`path_of`); empty where there is no server."""
    return f"{without_secrets(uri).rstrip('/')}/{path}" if urlsplit(uri).scheme in ("http", "https") else ""


def path_of(experiment_id: str, run_id: str = "", part: str = "") -> str:
    """Return a path within MLflow's page to an experiment, a run or a part of it, like ``artifacts/a.html``."""
    run = f"/runs/{quote(run_id)}" if run_id else ""
    run += f"/{quote(part)}" if part else ""
    # Without the workflow type MLflow 3 opens its page for language models, which shows no charts.
    return f"#/experiments/{quote(experiment_id)}{run}?workflowType=machine_learning"


@contextlib.contextmanager
def run_of_scan(
    client: MlflowClient, scan: str, *, target: str | None, title: str, ends: Collection[Origin] = ("new", "known")
) -> Iterator[tuple[Run, Origin]]:
    """Open the MLflow run of a scan, and end it as finished or failed; a run that the user started is never ended.

    ``users``: the user's active run where it fits the target, or one of theirs that holds this scan. ``known``: the run
    that we made when this scan was logged before. ``new``: made for it now.

    ``ends`` says runs of which origin are ended, ``title`` what a new one is called.

    Raises
    ------
    InputError
        If the active run already holds another scan: a run holds one.
    """
    run, origin = _find_run(client, target=target, scan=scan, title=title)
    status = "FAILED"
    try:
        yield run, origin
        status = "FINISHED"
    finally:
        if origin in ends and origin != "users" and run.info.status != status:
            with contextlib.redirect_stdout(sys.stderr):  # MLflow prints there, and --json needs the other
                client.set_terminated(run.info.run_id, status)


def log_batches(
    client: MlflowClient,
    run: Run,
    *,
    metrics: Sequence[Metric],
    params: Mapping[str, str] = MappingProxyType({}),
    tags: Mapping[str, str],
) -> int:
    """Write metrics, and params (which never change) and tags that a run does not hold; returns how many of these."""
    from mlflow.entities import Param, RunTag

    run_id, known = run.info.run_id, run.data
    for start in range(0, len(metrics), MOST_METRICS):
        client.log_batch(run_id, metrics=metrics[start : start + MOST_METRICS])
    new_params = [Param(name, value) for name, value in params.items() if name not in known.params]
    new_tags = [RunTag(name, value) for name, value in tags.items() if known.tags.get(name) != value]
    if new_params or new_tags:
        client.log_batch(run_id, params=new_params, tags=new_tags)
    return len(new_params) + len(new_tags)


def _find_run(client: MlflowClient, *, target: str | None, scan: str, title: str) -> tuple[Run, Origin]:
    active = _active_run(client, target)
    if active is not None:
        standing = active.data.tags.get(RUN_TAG, scan)
        if standing != scan:
            raise InputError(
                f"The active MLflow run {active.info.run_id} already holds the scan {standing}",
                hint="End it and log again, or log within mlflow.start_run(nested=True)",
            )
        return active, "users"
    chosen = target or os.environ.get("MLFLOW_EXPERIMENT_ID") or os.environ.get("MLFLOW_EXPERIMENT_NAME")
    known = [] if chosen else client.search_experiments(max_results=MOST_EXPERIMENTS)
    experiment = _experiment(client, target)
    places = [experiment, *(each.experiment_id for each in known if each.experiment_id != experiment)]
    runs = client.search_runs(places, f"tags.{RUN_TAG} = '{scan}'", max_results=1)
    if runs:
        # The user's own run may still be running elsewhere.
        return runs[0], "known" if runs[0].data.tags.get(SOURCE_TAG) == SOURCE else "users"
    tags = {RUN_TAG: scan, SOURCE_TAG: SOURCE, "mlflow.source.type": "LOCAL", "mlflow.user": _user()}
    return client.create_run(experiment, run_name=title[:250], tags=tags), "new"


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
