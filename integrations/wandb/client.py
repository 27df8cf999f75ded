"""Client of the user's W&B: login, online or offline, and the start of a run. Never asks questions."""

from __future__ import annotations

import netrc
import os
import sys
from importlib.util import find_spec
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from labelsift.data.formatting import without_secrets
from labelsift.errors import MissingExtraError, PlatformError
from labelsift.integrations._http import silence
from labelsift.io.secret_variables import secret_of, variable_of

if TYPE_CHECKING:
    from labelsift.render.tracker_panels.panels import Panels
    from wandb import Run

PROJECT = "labelsift"
JOB_TYPE = "data-quality"
PATIENCE = 10  # seconds
KEY = "WANDB_API_KEY"


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


def start(content: Panels, *, target: str | None, run: str, how: str) -> Run:
    """Start a run of our own that takes along nothing of the machine, the code or the console.

    Parameters
    ----------
    target
        ``project`` or ``entity/project``; by default what the user has set, else ``labelsift``.
    run
        The scan's name: online, the same scan goes into the same W&B run.
    how
        See :func:`mode`.

    Raises
    ------
    PlatformError
        If nothing answers at the server's address.
    """
    import wandb

    if how == "online":
        require_answer(wandb.setup().settings.base_url)
    entity, _, project = (target or os.environ.get("WANDB_PROJECT") or PROJECT).rpartition("/")
    ours = None if os.environ.get("WANDB_RUN_ID") else f"labelsift-{run}"
    return wandb.init(
        project=project,
        entity=entity or None,
        id=ours,
        name=content.title[:128],
        notes=content.summary,
        job_type=JOB_TYPE,
        resume="allow" if how == "online" else None,
        mode=how,  # pyright: ignore[reportArgumentType] -- one of wandb's own words
        settings=wandb.Settings(
            api_key=secret_of(KEY, what="the key") if how == "online" else None,
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
