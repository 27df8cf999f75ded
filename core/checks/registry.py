"""Registry of checks: the ``@check`` decorator, and the order in which checks run."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, is_dataclass
from typing import Any, Literal

from ..data.issues import UNRANKED, Issue, issue_named, register
from ..data.samples import TASKS, Task
from .context import Context, Result

ANY_TASK = TASKS

Need = Literal["text", "split", "source", "labels", "vectors", "pred_probs", "undecided", "dynamics", "annotations"]
Group = Literal["rows", "labels", "training"]
GROUPS: tuple[Group, ...] = ("rows", "labels", "training")
Run = Callable[[Context], Result]


@dataclass(frozen=True)
class Check:
    """One entry of the registry; the fields are described at :func:`check`."""

    name: str
    issue: str
    needs: frozenset[Need]
    tasks: frozenset[Task]
    after: frozenset[str]
    group: Group
    settings: type[Any] | None
    run: Run


_CHECKS: list[Check] = []


def check(
    name: str,
    *,
    needs: tuple[Need, ...] = (),
    tasks: tuple[Task, ...] = ("classification",),
    after: tuple[str, ...] = (),
    refines: str | None = None,
    group: Group = "rows",
    settings: type[Any] | None = None,
    title: str = "",
    meaning: str = "",
    one: str = "",
    many: str = "",
    rank: int = UNRANKED,
    advice: bool = False,
    actions: tuple[str, ...] = (),
) -> Callable[[Run], Run]:
    """Register a function as a check, with the words of its issue.

    Parameters
    ----------
    name
        Of the check and its issue: the prefix of its columns.
    needs
        What must be there; a scan makes it before the check runs, or leaves out the check.
    tasks
        Kinds of labels that the check is for. Two checks may share a name for different kinds.
    after
        Names of the checks whose results it uses, or whose columns come before its own.
    refines
        The issue of another check: this one runs wherever that is asked for, reads its result in
        ``context.results``, and returns the result to put in its place.
    group
        By which several checks are asked for at once: ``rows`` (what is wrong with rows, labels or not), ``labels``
        (what is wrong with labels) or ``training`` (what a training says).
    settings
        A frozen dataclass whose fields are the check's settings, each with a default; see
        :mod:`labelsift.checks.settings`. The check reads it by ``context.settings(ThatClass)``.
    title, meaning
        Of the tab and the section of the issue, and one plain sentence. Without a title the issue is called by its
        name, or as another check of that name calls it.
    one, many
        How the issue is called after a number; by its name unless given.
    rank
        Issues are shown in ascending order of it.
    advice
        Nobody need correct anything: pushed only where it is asked for.
    actions
        What can be done with a flagged sample, beside keeping it, the fitting one first: ``remove``, ``redact``,
        ``edit``. Labeling platforms offer these in its tab.

    Raises
    ------
    ValueError
        If a check of this name is there for one of the kinds of labels, or ``settings`` is no dataclass.
    """
    if settings is not None and not is_dataclass(settings):
        raise ValueError(f"the settings of the check {name} are no dataclass")
    if any(other.name == name and other.tasks & set(tasks) for other in _CHECKS):
        raise ValueError(f"there is a check called {name} already")
    if title:
        plain = issue_named(name)
        register(Issue(name, title, one or plain.one, many or plain.many, meaning, rank, advice, actions=actions))

    def add(run: Run) -> Run:
        _CHECKS.append(
            Check(name, refines or name, frozenset(needs), frozenset(tasks), frozenset(after), group, settings, run)
        )
        return run

    return add


def checks() -> tuple[Check, ...]:
    """Return all registered checks in the order in which they run: each after those that it names.

    Of several that could be next the one whose issue ranks first is, then the first by name.

    Raises
    ------
    ValueError
        If a check runs after one that is not there, or after itself by a circle.
    """
    names = {entry.name for entry in _CHECKS}
    for entry in _CHECKS:
        if unknown := sorted(entry.after - names):
            raise ValueError(f"the check {entry.name} runs after {', '.join(unknown)}, and there is no such check")
    waiting = sorted(_CHECKS, key=lambda entry: (issue_named(entry.issue).rank, entry.name, sorted(entry.tasks)))
    ordered: list[Check] = []
    while waiting:
        pending = {entry.name for entry in waiting}
        following = next((entry for entry in waiting if not entry.after & pending), None)
        if following is None:
            raise ValueError(f"these checks run after each other: {', '.join(sorted(pending))}")
        waiting.remove(following)
        ordered.append(following)
    return tuple(ordered)
