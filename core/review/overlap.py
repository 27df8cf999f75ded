"""Overlap of a round: the share of its items that two people answer, and the receipts of its two parts as one."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from ..errors import InputError
from ..platforms import Receipt
from .dealing import OVERLAP

WHOLE = ("labeling_config",)  # details that are the same for both parts


class RoundPart(Protocol):
    """What a platform knows of a part of a round that stands there."""

    @property
    def run(self) -> str:
        """The run that was pushed."""
        ...

    @property
    def mode(self) -> str:
        """The mode in which it was."""
        ...

    @property
    def part(self) -> str:
        """Empty, or ``OVERLAP``."""
        ...

    @property
    def overlap(self) -> float:
        """Of the second part: the share of the items."""
        ...


def overlap_of(rounds: Sequence[RoundPart], *, run: str, mode: str, asked: float) -> float:
    """Return which share of a round's items two people answer: what stands, else what is asked for.

    Parameters
    ----------
    rounds
        Those that stand and hold items.

    Raises
    ------
    InputError
        If the round stands with another share: its items would be asked in both ways.
    """
    parts = {round.part: round for round in rounds if (round.run, round.mode) == (run, mode)}
    second = parts.get(OVERLAP)
    if second is None and (not asked or "" not in parts):
        return asked
    stands = second.overlap if second else 0.0
    if asked and asked != stands:
        share = f"with {stands:.0%} of its items" if stands else "without items"
        raise InputError(
            f"This run was pushed {share} for two people", hint="Leave out --twice, or scan again and push that"
        )
    return stands


def joined(receipt: Receipt, done: Receipt, *, part: str) -> Receipt:
    """Add what was done of one part of a round to the receipt of the whole."""
    receipt.created += done.created
    receipt.updated += done.updated
    receipt.unchanged += done.unchanged
    receipt.failed |= done.failed
    receipt.sample_links |= done.sample_links
    if not part:
        receipt.links |= done.links
        receipt.details |= done.details
        return receipt
    receipt.links |= {f"{name} {part}": address for name, address in done.links.items()}
    receipt.details |= {f"{part}_{name}": value for name, value in done.details.items() if name not in WHOLE}
    for name, value in done.details.items():  # where chance put every item into this part
        receipt.details.setdefault(name, value)
    return receipt
