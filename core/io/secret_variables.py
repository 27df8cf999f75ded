"""Secrets in environment variables, or in files that a variable's ``_FILE`` variant names; no error shows one."""

from __future__ import annotations

import os
from pathlib import Path

from ..errors import InputError


def variable_of(name: str) -> str:
    """Name the variable of the environment that is set, one that names a file included; "" for neither."""
    return next((variable for variable in (name, f"{name}_FILE") if os.environ.get(variable, "").strip()), "")


def secret_of(name: str, *, what: str) -> str | None:
    """Return what a variable holds, or the file that its ``_FILE`` variant names; None where neither is set.

    Parameters
    ----------
    name
        Of the variable.
    what
        It holds, for the hint: ``the key``.

    Raises
    ------
    InputError
        If the file cannot be read or is empty. It is not named: somebody may have put the secret itself there.
    """
    variable = variable_of(name)
    value = os.environ.get(variable, "").strip()
    if variable in (name, ""):
        return value or None
    try:
        secret = Path(value).expanduser().read_text(encoding="utf-8").strip()
    except (OSError, RuntimeError, UnicodeDecodeError) as error:
        why = getattr(error, "strerror", None) or "it is no text, or its folder is not there"
        raise InputError(f"The file named by {variable} cannot be read: {why}", hint=f"Let it hold {what}") from None
    if not secret:
        raise InputError(f"The file named by {variable} is empty", hint=f"Write {what} into it")
    return secret
