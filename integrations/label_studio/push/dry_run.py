"""What a push is going to do, before it does it: the readable plan of a dry run, and what it may not do."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

from labelsift.data.formatting import spelled_time
from labelsift.errors import InputError
from labelsift.platforms import Receipt
from labelsift.review.dealing import OVERLAP
from labelsift.review.upsert import Diff

from ..state.rounds import Round, round_for
from .plan import Plan

SECONDS_A_TASK = 0.004  # to import one with its prediction: 36 s for 10,000 on a busy machine with SQLite
SECONDS_A_WRITE = 0.5  # to change a task that stands
MANY = 2000  # tasks to write in an existing project from which a review project is proposed instead
_STYLE = re.compile(r"\s*<Style>.*?</Style>", re.DOTALL)


def overlap_of(rounds: Sequence[Round], *, run: str, mode: str, asked: float) -> float:
    """Return which share of a round's items two people answer: what stands, else what is asked for.

    Raises
    ------
    InputError
        If the round stands with another share: its items would be asked in both ways.
    """
    main, second = (round_for(rounds, run=run, mode=mode, part=part) for part in ("", OVERLAP))
    if second is None and (not asked or main is None or not main.tasks):
        return asked
    stands = second.twice if second else 0.0
    if asked and asked != stands:
        share = f"with {stands:.0%} of its items" if stands else "without items"
        raise InputError(
            f"This run was pushed {share} for two people", hint="Leave out --twice, or scan again and push that"
        )
    return stands


def too_many(writes: int, *, project: str, match: str, anyway: bool) -> InputError | None:
    """Return the refusal to write thousands of tasks one by one, with the time that each way takes; None of few."""
    if writes <= MANY or anyway:
        return None
    field = match if match.startswith("data.") else f"data.{match}"
    return InputError(
        f"{writes:,} tasks of {project} would be written one by one, which takes about"
        f" {spelled_time(writes * SECONDS_A_WRITE)}",
        hint=f"Push a review project whose tasks link to these, with --link {field} in place of --match"
        f" (about {spelled_time(writes * SECONDS_A_TASK)}); or the worst with --budget {MANY}"
        f" (about {spelled_time(MANY * SECONDS_A_WRITE)}); or all of them with --anyway",
    )


def describe(wanted: Round, plan: Plan, diff: Diff, *, stands: bool) -> dict[str, Any]:
    """Return the plan of one review project for a receipt's details."""
    seconds = len(diff.missing) * SECONDS_A_TASK + len(diff.edited) * SECONDS_A_WRITE
    return {
        "round": wanted.number,
        "project": f"{wanted.title} ({'stands already' if stands else 'will be made'})",
        "people_a_task": 2 if wanted.part else 1,
        "predictions": len(plan.predictions),
        "tabs": len(plan.tabs),
        "tab_titles": [tab["title"] for tab in plan.tabs],
        "estimated_seconds": max(round(seconds), 1),
        "labeling_config": _STYLE.sub("", plan.label_config),
    }


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
    receipt.details |= {f"{part}_{name}": value for name, value in done.details.items() if name != "labeling_config"}
    for name, value in done.details.items():  # where chance put every item into this part
        receipt.details.setdefault(name, value)
    return receipt
