"""What a push is going to do, before it does it: the readable plan of a dry run, and what it may not do."""

from __future__ import annotations

import re
from typing import Any

from labelsift.data.formatting import spelled_time
from labelsift.errors import InputError
from labelsift.review.upsert import Diff

from ..state.rounds import Round
from .plan import Plan

SECONDS_A_TASK = 0.004  # to import one with its prediction: 36 s for 10,000 on a busy machine with SQLite
SECONDS_A_WRITE = 0.5  # to change a task that stands
MANY = 2000  # tasks to write in an existing project from which a review project is proposed instead
_STYLE = re.compile(r"\s*<Style>.*?</Style>", re.DOTALL)


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
