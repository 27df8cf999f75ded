"""Reader of project addresses, ``NAME://PROJECT``: the project of an installed labeling platform."""

from __future__ import annotations

import re
from urllib.parse import unquote

from .. import platforms
from ..data.samples import Samples
from ..errors import InputError
from .column_roles import ColumnRoles
from .source import Source

_ADDRESS = re.compile(r"([a-z][a-z0-9+.-]*)://(.+)", re.DOTALL)


def project_of(address: object) -> tuple[str, str] | None:
    """Return (platform, project) of an address of an installed platform; None for whatever else.

    >>> project_of("s3://bucket/tickets.csv"), project_of("tickets.csv")
    (None, None)
    """
    match = _ADDRESS.fullmatch(address) if isinstance(address, str) else None
    if match is None or match[1] not in platforms.names():
        return None
    return match[1], unquote(match[2])


def recognizes(source: Source, columns: ColumnRoles) -> bool:
    """Tell whether a source is the address of an installed platform's project."""
    return project_of(source.origin) is not None


def read(source: Source, columns: ColumnRoles) -> Samples:
    """Read the tasks of a project with the labels that people gave.

    Raises
    ------
    InputError
        If the platform's projects cannot be read, or ``columns`` say where labels stand, which the project says itself.
    PlatformError
        If the platform cannot be reached or refuses.
    """
    platform, project = project_of(source.origin) or ("", "")
    given = [*([columns.label] if columns.label else []), *columns.several]
    if given:
        raise InputError(
            f"The project says itself where its labels stand, so {given[0]} has no meaning", hint="Leave it out"
        )
    return platforms.labeler(platform, "read").read(
        project,
        id=columns.id,
        split=columns.split,
        predicted=columns.predicted,
        metadata=columns.metadata,
        name=source.name,
    )
