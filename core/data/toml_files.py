"""TOML files that the user writes: the definitions of labels, and what is read as a :mod:`labelsift.data.taxonomy`."""

from __future__ import annotations

import os
import tomllib
from os import PathLike
from pathlib import Path
from typing import Any

from ..errors import InputError

FORM = 'One line a label: "card payment" = "Everything about paying by card in a shop."'


def read_toml(path: str | PathLike[str], *, form: str) -> dict[str, Any]:
    """Read a file of TOML.

    Raises
    ------
    InputError
        If it cannot be read, or is no TOML; ``form`` says what it should look like.
    """
    try:
        return tomllib.loads(Path(path).read_text(encoding="utf-8-sig"))
    except (tomllib.TOMLDecodeError, RecursionError) as error:
        raise InputError(f"{os.fspath(path)} is no TOML ({error})", hint=form) from None
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(f"{os.fspath(path)} cannot be read ({error})", hint="Save it as UTF-8") from None


def read_definitions(path: str | PathLike[str]) -> dict[str, str]:
    """Read what each label means, for the people who label: a file of lines ``label = "what it means"``.

    Raises
    ------
    InputError
        If it cannot be read, or holds something else than texts; names the labels.
    """
    content = read_toml(path, form=FORM)
    odd = [label for label, meaning in content.items() if not isinstance(meaning, str) or not meaning.strip()]
    if odd:
        raise InputError(f"In {os.fspath(path)} these are no definitions", ids=odd, hint=FORM)
    return {label: meaning.strip() for label, meaning in content.items()}
