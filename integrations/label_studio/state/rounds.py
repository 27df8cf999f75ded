"""Review projects: one project a round, found again by a mark in its description.

The mark also says which batch a push is about to send. A batch is stored whole or not at all, so
after a crash the next push can see whether that batch has arrived, and wait for it if not.
"""

from __future__ import annotations

import json
import random
import re
import time
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any

from labelsift.data.formatting import shortened

from ..client.client import Client
from ..convert.tabs import condition
from ..convert.task_fields import model_version
from .server_state import PATIENCE

TITLE_LENGTH = 50  # characters that Label Studio allows
SIGN_OF_LIFE = (3.0, 8.0)  # seconds, at random, in which a push that is at work announces its first batch
_RARE = ("part", "twice")  # stand in the mark of a part b only
_MARK = re.compile(r"\[labelsift (\{.*\})\]", re.DOTALL)
# An empty model version would be filled by the first import, and then the suggestion is the draft.
NOT_PREFILLED = "labelsift: nothing is pre-filled"


@dataclass(frozen=True)
class Round:
    """One review project.

    Parameters
    ----------
    of
        The name under which the user pushed, for example ``Tickets``.
    run, mode
        What was pushed and how; the same run in the same mode has one review project.
    number
        1, 2, … within ``of``.
    project
        Its id on the server; 0 before it exists.
    pending
        First sample id of the batch that was about to be sent; None when no push is under way.
    tasks
        How many tasks the project holds.
    part
        Empty for what one person answers; ``b`` for the items of the round that two people do.
    twice
        Part b only: which share of the items two people answer.
    """

    of: str
    run: str
    mode: str
    number: int
    project: int = 0
    pending: str | None = None
    tasks: int = 0
    part: str = ""
    twice: float = 0.0

    @property
    def key(self) -> tuple[str, str, str]:
        """What it is one of: run, mode and part."""
        return self.run, self.mode, self.part

    @property
    def overlap(self) -> float:
        """The share under the name that all platforms give it."""
        return self.twice

    @property
    def title(self) -> str:
        """What the project is called, within what Label Studio allows.

        >>> Round("Tickets", "r", "choose", 2).title
        'Tickets · labelsift review 2'
        """
        end = f" · labelsift review {self.number}" + (f" {self.part}" if self.part else "")
        return shortened(self.of, TITLE_LENGTH - len(end)) + end

    @property
    def description(self) -> str:
        """What stands below the title, with the mark."""
        fields = {name: value for name, value in asdict(self).items() if name not in ("project", "tasks")}
        fields = {name: value for name, value in fields.items() if value is not None and (value or name not in _RARE)}
        # The page shows some eighty characters.
        order = "Press Label All Tasks: worst first. In a lane: ▾ Label Tasks As Displayed."
        mark = json.dumps(fields, ensure_ascii=False, sort_keys=True)
        return f"{order} Do not change what follows, labelsift reads it. [labelsift {mark}]"


def rounds_in(projects: Iterable[dict[str, Any]]) -> list[Round]:
    """Return the review projects among the server's projects, oldest round first."""
    rounds = [current for current in map(_round, projects) if current is not None]
    return sorted(rounds, key=lambda current: (current.number, current.project))


def rounds_of(client: Client, project: str) -> list[Round]:
    """Return the review projects made for ``project``, oldest round first."""
    return [current for current in rounds_in(client.projects()) if current.of == project]


def _round(project: dict[str, Any]) -> Round | None:
    mark = _MARK.search(project.get("description") or "")
    if mark is None:
        return None
    try:
        fields = json.loads(mark[1])
        return Round(
            of=str(fields["of"]),
            run=str(fields["run"]),
            mode=str(fields["mode"]),
            number=int(fields["number"]),
            project=int(project["id"]),
            pending=fields.get("pending"),
            tasks=int(project.get("task_number") or 0),
            part=str(fields.get("part", "")),
            twice=float(fields.get("twice", 0)),
        )
    except (ValueError, KeyError, TypeError):
        return None  # somebody edited it: it is theirs now


def round_for(rounds: Sequence[Round], *, run: str, mode: str, part: str = "") -> Round | None:
    """Return the review project of a run in a mode; None before it has one.

    Two pushes at the same time, or one that died, can leave two. Everybody takes the same one: one with
    tasks rather than an empty one, and of those the oldest.
    """
    same = [current for current in rounds if current.key == (run, mode, part)]
    return min(same, key=lambda current: (not current.tasks, current.project), default=None)


def open_round(client: Client, wanted: Round, *, label_config: str) -> Round:
    """Create the review project of a round, unless another push was faster; return the round to fill.

    Nobody fills a project before looking whether there is an older one, so a younger one is still empty, and
    its own maker deletes it.
    """
    version = model_version(wanted.run) if wanted.mode == "prefill" else NOT_PREFILLED
    project = client.create_project(
        title=wanted.title,
        description=wanted.description,
        label_config=label_config,
        model_version=version,
        people=2 if wanted.part else 1,
    )
    first = round_for(rounds_of(client, wanted.of), run=wanted.run, mode=wanted.mode, part=wanted.part)
    if first is None or first.project == project:
        return replace(wanted, project=project)
    client.delete_project(project)
    return _filled(client, first)


def _filled(client: Client, current: Round) -> Round:
    """Wait for the push that was faster, so that nothing is sent twice; for no sign of life, some seconds only.

    Label Studio on SQLite sometimes makes one project more when two are asked for at once, and that one is
    nobody's. The random part lets one of the waiting pushes begin before the others, which then wait for it.
    """
    end = time.monotonic() + min(PATIENCE, random.uniform(*SIGN_OF_LIFE))  # noqa: S311 -- no secret
    while (not current.tasks or current.pending is not None) and time.monotonic() < end:
        time.sleep(0.25)
        now = _round(client.project(current.project))
        if now is None:
            break
        if (now.tasks, now.pending) != (current.tasks, current.pending):
            end = time.monotonic() + PATIENCE  # it is at work
        current = now
    return current


def announce(client: Client, current: Round, pending: str | None) -> Round:
    """Note which batch is about to be sent, by its first sample; None when all have arrived."""
    if current.pending == pending:
        return current
    current = replace(current, pending=pending)
    client.write_project(current.project, {"description": current.description})
    return current


def settle(client: Client, current: Round) -> bool:
    """Wait until the batch that a dead push announced has arrived; False if it never did.

    The server goes on with a request whose sender has died. Nothing else tells whether it will
    still store that batch, so it is waited for, far longer than a batch takes.
    """
    if current.pending is None:
        return True
    filters = [condition("data.labelsift_id", "equal", "String", current.pending)]
    end = time.monotonic() + PATIENCE
    while True:
        if next(client.tasks(current.project, filters=filters), None):
            return True
        if time.monotonic() >= end:
            return False
        time.sleep(0.5)


def drop_empty_twins(client: Client, current: Round) -> None:
    """Delete empty younger projects of a round that pushes left which died while creating them.

    A push that is at work fills no project that has an older twin with tasks, so none of these will be filled.
    """
    for twin in rounds_of(client, current.of):
        if twin.key == current.key and twin.project > current.project and not twin.tasks and twin.pending is None:
            client.delete_project(twin.project)
