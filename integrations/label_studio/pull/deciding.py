"""What a person's answer decides about a given label and a suggestion, for every kind of labels."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from ..convert.label_config import Target
from ..convert.regions import Value


@dataclass(frozen=True)
class Decision:
    """What was decided.

    Parameters
    ----------
    action, verdict, value
        As in CORRECTIONS_SCHEMA; ``value`` not yet written as JSON.
    """

    action: str
    verdict: str
    value: Value | None


def decided(
    answer: Value | None, *, given: Value | None, suggested: Value | None, target: Target, skipped: bool
) -> Decision:
    """Compare an answer with what was given and what was suggested.

    An answer that repeats the given label refuses the suggestion, one that repeats the suggestion accepts it. The order
    of labels and spans does not matter.
    """
    if skipped:
        return Decision("keep", "skipped", given)
    if given is not None and _same(answer, given):
        return Decision("keep", "refused", answer)
    verdict = "accepted" if suggested is not None and _same(answer, suggested) else "changed"
    return Decision("respan" if target.kind == "labels" else "relabel", verdict, answer)


def _same(one: Value | None, other: Value | None) -> bool:
    return _plain(one) == _plain(other)


def _plain(value: Value | None) -> Any:  # noqa: ANN401 - comparable
    if isinstance(value, list):
        return sorted(tuple(one) if isinstance(one, (list, tuple)) else (one,) for one in value)
    return value
