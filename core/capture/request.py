"""Request of a capture: what :func:`labelsift.watch` was asked, in the form that adapters read."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ..errors import InputError
from ..store.base import DEFAULT

Ids = str | Callable[[Any], Sequence[Any]]


@dataclass(frozen=True)
class WatchRequest:
    """What is to be recorded of a training; for the parameters see :func:`labelsift.capture.watch.watch`."""

    ids: Ids | None = None
    classes: Sequence[str] | None = None
    classifier: str | None = None
    embedding: str | None = None
    data: Any = None
    every: int = 1
    scan: bool = True
    explain: bool = False
    name: str | None = None
    store: str | Path = DEFAULT

    def __post_init__(self) -> None:
        if self.every < 1:
            raise InputError(f"Every {self.every}th epoch cannot be recorded", hint="Give 1 or more")
        if self.name is not None and (Path(self.name).name != self.name or self.name.startswith(".")):
            raise InputError(f"{self.name!r} is no name of a capture", hint="Use letters, digits, - and _")
