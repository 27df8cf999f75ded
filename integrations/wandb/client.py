"""Client of the user's W&B: login, online or offline, and the start of a run. Never asks questions."""

from __future__ import annotations

import contextlib
import netrc
import os
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from labelsift.data.formatting import error_text, without_secrets
from labelsift.errors import InputError, MissingExtraError, PlatformError
from labelsift.integrations._http import silence
from labelsift.io.secret_variables import secret_of, variable_of

if TYPE_CHECKING:
    from wandb import Run

Place = tuple[str | None, str]  # entity and project
PROJECT = "labelsift"
JOB_TYPE = "data-quality"
PATIENCE = 10  # seconds
KEY = "WANDB_API_KEY"
RUN, DIGEST = "labelsift_run", "labelsift_digest"  # keys of a run's config: which scan it holds, and what of it


def require() -> None:
    """Refuse where wandb is missing, and switch its crash reports off unless the user has a say.

    Raises
    ------
    MissingExtraError
        If wandb is not installed.
    """
    if find_spec("wandb") is None:
        raise MissingExtraError("wandb", "wandb", purpose="Logging to W&B")
    if "wandb" not in sys.modules:
        os.environ.setdefault("WANDB_ERROR_REPORTING", "false")


def logged_in(base_url: str) -> bool:
    """Whether wandb would find credentials for the server: it asks a person otherwise, or fails."""
    if variable_of(KEY) or os.environ.get("WANDB_IDENTITY_TOKEN_FILE"):
        return True
    try:
        logins = netrc.netrc(os.environ.get("NETRC") or None)
    except (OSError, netrc.NetrcParseError):
        return False
    hosts = {urlsplit(base_url).netloc, urlsplit(base_url).netloc.replace("app.", "api.", 1)}
    return any(logins.authenticators(host) for host in hosts)


def mode() -> str:
    """Return ``online``, ``offline`` or ``disabled``: what the user set, else offline without a login."""
    import wandb

    settings = wandb.setup().settings
    asked = os.environ.get("WANDB_MODE")  # wandb reads it once, so a later word of the user's counts here
    chosen = {"dryrun": "offline", "run": "online"}.get(asked or settings.mode, asked or settings.mode)
    if asked or chosen != "online":
        return chosen
    return "online" if settings.api_key or logged_in(settings.base_url) else "offline"


def place(target: str | None) -> Place:
    """Return entity and project of a target: ``project``, ``entity/project``, or what the user has set."""
    entity, _, project = (target or os.environ.get("WANDB_PROJECT") or PROJECT).rpartition("/")
    return entity or None, project


def run_id(run: str, suffix: str = "") -> str:
    """Return the id of our own W&B run of a scan: online, the same scan goes into the same W&B run."""
    return (os.environ.get("WANDB_RUN_ID") or f"labelsift-{run}") + suffix


def _start(target: str | None, id: str, how: str) -> Run:
    """Start a run of our own that takes along nothing of the machine, the code or the console."""
    import wandb

    if how == "online":
        require_answer(wandb.setup().settings.base_url)
    entity, project = place(target)
    return wandb.init(
        project=project,
        entity=entity,
        id=id,
        job_type=JOB_TYPE,
        resume="allow" if how == "online" else None,
        mode=how,  # pyright: ignore[reportArgumentType] -- one of wandb's own words
        settings=wandb.Settings(
            api_key=secret_of(KEY, what="the key") if how == "online" else None,
            host="",  # names of machines, and of folders, are names of people often enough
            program="labelsift",
            console="off",  # what the user's program prints may hold texts
            save_code=False,
            disable_code=True,
            disable_git=True,
            x_save_requirements=False,
            x_disable_stats=True,
            x_disable_machine_info=True,
            quiet=True,
            login_timeout=PATIENCE,
        ),
    )


@dataclass(frozen=True)
class Opened:
    """A W&B run to write into: the run, whether it is ours, and the mode as it is shown."""

    run: Run
    ours: bool
    how: str

    @property
    def folder(self) -> str:
        """The folder of an offline run; empty for one that is online."""
        return str(Path(self.run.dir).parent) if self.run.offline else ""


@contextlib.contextmanager
def opened(run: str, *, target: str | None, how: str, suffix: str = "") -> Iterator[Opened]:
    """Give the user's active run, which stays open, or one of our own, which is finished on leaving.

    Raises
    ------
    PlatformError
        If W&B refuses or cannot be reached.
    InputError
        If the user's own run already holds another scan.
    """
    import wandb

    active = wandb.run
    if active is not None and (holds := active.config.get(RUN, run)) != run:
        raise InputError(
            f"The active W&B run {active.id} already holds the scan {holds}",
            hint="Finish it and log again, so that each scan has a run of its own",
        )
    try:
        if active is not None:
            yield Opened(active, ours=False, how="the active run")
            return
        started = _start(target, run_id(run, suffix), how)
        try:
            yield Opened(started, ours=True, how=how)
        except BaseException:
            started.finish(exit_code=1)
            raise
        started.finish()
    except (wandb.Error, OSError) as error:
        raise PlatformError(
            f"W&B refused: {error_text(error)}",
            hint="`labelsift doctor wandb` looks at the connection; WANDB_MODE=offline logs without one",
        ) from error


def require_answer(base_url: str) -> None:
    """Refuse where the server does not answer.

    Raises
    ------
    PlatformError
        If nothing answers at its address.
    """
    if why := silence(base_url):
        raise PlatformError(
            f"The W&B server at {without_secrets(base_url)} does not answer: {why}",
            hint="Set WANDB_MODE=offline to log without it, or WANDB_BASE_URL to where it runs",
        )
