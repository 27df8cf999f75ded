"""``NAME://PROJECT``: the project of an installed labeling platform as a data set."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import TYPE_CHECKING
from urllib.parse import unquote

from .. import platforms
from ..errors import InputError

if TYPE_CHECKING:
    from ..data.samples import Samples

_ADDRESS = re.compile(r"([a-z][a-z0-9+.-]*)://(.+)", re.DOTALL)


def project_of(source: object) -> tuple[str, str] | None:
    """Return (platform, project) of an address of an installed platform; None for whatever else.

    >>> project_of("s3://bucket/tickets.csv"), project_of("tickets.csv")
    (None, None)
    """
    found = _ADDRESS.fullmatch(source) if isinstance(source, str) else None
    if found is None or found[1] not in platforms.names():
        return None
    return found[1], unquote(found[2])


def read_project(
    platform: str,
    project: str,
    *,
    id: str | None,
    split: str | None,
    predicted: str | None,
    metadata: Sequence[str],
    given: Sequence[str],
    name: str | None,
) -> Samples:
    """Read the tasks of a project with the labels that people gave.

    Parameters
    ----------
    given
        Arguments that say where labels stand, which the project says itself.

    Raises
    ------
    InputError
        If the platform's projects cannot be read, or ``given`` names something.
    PlatformError
        If the platform cannot be reached or refuses.
    """
    if given:
        raise InputError(
            f"The project says itself where its labels stand, so {given[0]} has no meaning", cure="Leave it out"
        )
    source = platforms.labeler(platform, "read")
    return source.read(project, id=id, split=split, predicted=predicted, metadata=metadata, name=name)
