"""Definitions of labels: what each one means, read from a TOML file for the people who label."""

from __future__ import annotations

import os
import tomllib
from os import PathLike
from pathlib import Path

from ..errors import InputError

FORM = 'One line a label: "card payment" = "Everything about paying by card in a shop."'


def read_definitions(path: str | PathLike[str]) -> dict[str, str]:
    """Read a file of lines ``label = "what it means"``.

    Raises
    ------
    InputError
        If it cannot be read, or holds something else than texts; names the labels.
    """
    try:
        content = tomllib.loads(Path(path).read_text(encoding="utf-8-sig"))
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(f"{os.fspath(path)} cannot be read ({error})", hint="Save it as UTF-8") from None
    except (tomllib.TOMLDecodeError, RecursionError) as error:
        raise InputError(f"{os.fspath(path)} is no TOML ({error})", hint=FORM) from None
    odd = [label for label, meaning in content.items() if not isinstance(meaning, str) or not meaning.strip()]
    if odd:
        raise InputError(f"In {os.fspath(path)} these are no definitions", ids=odd, hint=FORM)
    return {label: meaning.strip() for label, meaning in content.items()}
