"""Lineage of a corrected data set: the version before, and what was done to it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True)
class Lineage:
    """Where a corrected data set comes from.

    Parameters
    ----------
    parent
        The fingerprint of the version before.
    policy
        How differing decisions were settled; ``taxonomy`` for a step that only changed the taxonomy, ``redact`` for one
        that masked personal data.
    applied
        Action, or change of the taxonomy → number of samples.
    conflicts
        Ids of the samples that people disagree on; nothing was changed there.
    earlier
        The fingerprints of the versions before the parent, newest first.
    """

    parent: str
    policy: str
    applied: Mapping[str, int]
    conflicts: tuple[str, ...]
    earlier: tuple[str, ...] = ()
