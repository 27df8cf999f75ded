"""Diagnosis of the connection to W&B: login, server, key."""

from __future__ import annotations

import os

from labelsift.data.formatting import error_text
from labelsift.errors import LabelsiftError
from labelsift.io.secret_variables import secret_of

from .client import KEY, PATIENCE, mode, require, require_answer


def diagnosis() -> dict[str, str]:
    """Say what keeps runs from reaching W&B; empty when they do, or when the user wants them offline."""
    try:
        require()
        import wandb

        if mode() != "online":
            if os.environ.get("WANDB_MODE"):
                return {}
            return {"login": "Not logged in to W&B: runs are written offline. Run `wandb login`, or set WANDB_API_KEY"}
        require_answer(wandb.setup().settings.base_url)
        try:
            viewer = wandb.Api(timeout=PATIENCE, api_key=secret_of(KEY, what="the key")).viewer
        except Exception as error:  # whatever the client raises is what is wrong
            return {"connection": f"W&B cannot be reached, or refuses the key: {error_text(error)}"}
    except LabelsiftError as error:
        return {"connection": str(error)}
    return {} if viewer else {"login": "W&B does not know the key. Run `wandb login --relogin`"}
