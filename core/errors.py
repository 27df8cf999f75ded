"""Every error that labelsift raises on purpose, as one small tree.

LabelsiftError            exit code 4
├── InputError            exit code 2   the call or the data was wrong
│   └── MissingExtraError               an optional package is not installed
├── StoreError            exit code 2   the run store cannot be read or written
└── PlatformError         exit code 3   a platform refused or could not be reached
"""

from __future__ import annotations

from collections.abc import Iterable

SHOWN_IDS = 5


class LabelsiftError(Exception):
    """What went wrong, which samples it concerns and how to mend it.

    Parameters
    ----------
    what
        One sentence that names the cause.
    ids
        The sample ids or row numbers concerned; the first five are shown.
    hint
        What the user can do about it.
    """

    exit_code = 4

    def __init__(self, what: str, *, ids: Iterable[object] = (), hint: str = "") -> None:
        self.what = what
        self.ids = tuple(str(one) for one in ids)
        self.hint = hint
        super().__init__(what)

    def __str__(self) -> str:
        parts = [self.what.rstrip(".")]
        if self.ids:
            more = len(self.ids) - SHOWN_IDS
            parts[0] += ": " + ", ".join(self.ids[:SHOWN_IDS]) + (f" and {more:,} more" if more > 0 else "")
        if self.hint:
            parts.append(self.hint.rstrip("."))
        return ". ".join(parts) + "."


class InputError(LabelsiftError):
    """The call or the data was wrong."""

    exit_code = 2


class MissingExtraError(InputError):
    """An optional package is needed for what was asked."""

    def __init__(self, package: str, extra: str, *, purpose: str) -> None:
        super().__init__(
            f"{purpose} needs the package {package}, which is not installed",
            hint=f'Install it with: pip install "labelsift[{extra}]"',
        )


class StoreError(LabelsiftError):
    """The run store cannot be read or written."""

    exit_code = 2


class PlatformError(LabelsiftError):
    """A platform could not be reached, or refused."""

    exit_code = 3
