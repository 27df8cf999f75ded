"""Flagged samples in a queue of Label Studio, where some come a second time."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from labelsift.review.items import Flag


def with_repeats(flags: Sequence[Flag], repeats: Mapping[str, float]) -> list[Flag]:
    """Put second flags of some samples into the queue, by their scores; they differ in score and rank only."""
    if not repeats:
        return list(flags)
    twice = [
        replace(flag, scores={flag.issues[0]: repeats[flag.id]}, again=True) for flag in flags if flag.id in repeats
    ]
    merged = sorted([*flags, *twice], key=lambda flag: flag.scores[flag.issues[0]]) if twice else flags
    return [replace(flag, rank=rank) for rank, flag in enumerate(merged, start=1)]
