"""Requests to a platform, checked when made, and its receipts."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from os import PathLike
from pathlib import Path
from typing import Any, Literal

from ..errors import InputError
from .adjudication import Policy

Mode = Literal["choose", "prefill", "blind"]
MODES: tuple[Mode, ...] = ("choose", "prefill", "blind")


@dataclass(frozen=True)
class PushRequest:
    """What is asked of a push; what does not go together is refused here.

    Parameters
    ----------
    project
        Without ``match``, what the review project is named after; with it, the title or number of an existing one.
    mode
        How much people are led: ``choose`` shows the suggestion, ``prefill`` makes it the draft, ``blind`` shows
        neither label.
    match
        The field of an existing project's tasks that holds the sample id or its text, like ``data.ticket_id``;
        in Argilla ``external_id``, ``id``, ``metadata.NAME`` or ``fields.NAME``.
    create
        With ``match``: make tasks for flagged samples that the project does not have.
    only, budget
        These issues only; at most so many samples, worst first.
    ids
        These samples only, as somebody chose them; what is not flagged is refused.
    probe
        Mode blind: so many random unflagged samples a flagged one; see :mod:`labelsift.corrections.probe_estimates`.
    repeat
        With ``probe``: this share of the items comes back later in the queue.
    blind_share
        Mode choose: this share of the flagged labels is asked blind; see :mod:`labelsift.review.assignment`.
    lanes
        Deal the queue out into so many, each with a tab of its own, for people who work in tabs; 0 for none.
    overlap
        Share of the items that two people answer, without being told, 0..1 (``--twice``).
    link
        The field of an existing project's tasks (as ``match``): a review project links each of its tasks to the
        task there that holds the same sample.
    anyway
        Write into an existing project also where that takes very long; ask also what is open in an earlier round, and
        blind what people may have seen.
    definitions
        Label → what it means, in a sentence, for those who label.
    mask
        Put marks in place of personal data and secrets in the samples' own texts and fields, too.
    dry_run
        Return the plan and send nothing.

    Raises
    ------
    InputError
        If an argument makes no sense, by itself or beside another.
    """

    project: str
    mode: Mode = "choose"
    match: str | None = None
    create: bool = False
    only: tuple[str, ...] | None = None
    budget: int | None = None
    ids: tuple[str, ...] | None = None
    probe: float | None = None
    repeat: float | None = None
    blind_share: float | None = None
    lanes: int = 0
    overlap: float = 0.0
    link: str | None = None
    anyway: bool = False
    definitions: Mapping[str, str] = field(default_factory=dict)
    mask: bool = False
    dry_run: bool = False

    def __post_init__(self) -> None:
        if self.mode not in MODES:
            raise InputError(f"There is no mode {self.mode}", hint=f"Choose one of {', '.join(MODES)}")
        if self.lanes < 0 or self.lanes == 1:
            raise InputError(f"{self.lanes} lanes share nothing", hint="Give the number of people, 2 or more")
        if not 0 <= self.overlap <= 1:
            raise InputError(f"A share of {self.overlap} is none", hint="Give one from 0 to 1")
        if self.budget is not None and self.budget < 1:
            raise InputError(f"The budget is {self.budget}", hint="Give the number of samples to push, 1 or more")
        if self.ids is not None and not self.ids:
            raise InputError("No id is named", hint="Give the ids of flagged samples, one a line")
        if self.ids is not None and (self.probe is not None or self.blind_share is not None):
            raise InputError(
                "Chosen samples stand for no others, as probes and a blind share must",
                hint="Leave out --ids, or --probe and --blind-share",
            )
        if self.create and not self.match:
            raise InputError(
                "create makes sense with match only", hint="A review project always gets every flagged sample"
            )
        if self.match and (self.overlap or self.link):
            raise InputError(
                "How many people answer a task, and links to other tasks, belong to a review project",
                hint="Leave out --match, or --twice and --link",
            )
        if self.link and self.mode == "blind":
            raise InputError("A link to the task that shows the label is not blind", hint="Leave out --link")
        self._require_control_items()

    def _require_control_items(self) -> None:
        """Refuse a round in which probes, repeats or blind items could be told from the others."""
        if self.blind_share is not None and (self.mode != "choose" or self.match or self.probe is not None):
            raise InputError(
                "A blind share belongs to a review project in mode choose", hint="Leave out --probe and --match"
            )
        if self.probe is None:
            if self.repeat is not None:
                raise InputError("Repeats are a part of a round with probes", hint="Add --probe 10%")
        elif self.mode != "blind":
            raise InputError(
                f"In mode {self.mode} a probe, which has no reason to show, would give itself away",
                hint="Use --mode blind",
            )
        elif self.match or self.only:
            raise InputError(
                "A round with probes is a review project about labels", hint="Leave out --match and --only"
            )


@dataclass(frozen=True)
class LogRequest:
    """What is asked of :meth:`labelsift.platforms.Tracker.log`.

    Parameters
    ----------
    target
        The experiment or project there; None for what the user has set.
    with_text, share
        Send texts and reasons, too, with personal data and secrets masked; make a page there that can be shared, too.
    every
        Make every slice a metric, and put every finding into the flagged table (``--all``).
    model
        The registered model version to link with the run, ``NAME/VERSION``.
    """

    target: str | None = None
    with_text: bool = False
    every: bool = False
    model: str | None = None
    share: bool = False

    def __post_init__(self) -> None:
        if self.model is not None and not all(self.model.rpartition("/")):
            raise InputError(f"{self.model!r} is no model version", hint="Name it as NAME/VERSION, like tickets/3")

    @property
    def needs(self) -> tuple[str, ...]:
        """The abilities that a tracker must declare for it."""
        return ("model",) * (self.model is not None) + ("share",) * self.share


@dataclass(frozen=True)
class GateNote:
    """What a tracker is told of a gate.

    Parameters
    ----------
    result, summary
        ``GateResult.as_dict()`` without the rows of fewer than ten samples, and the same as Markdown.
    target
        The experiment or project there; None for what the user has set.
    before
        The status of the last gate of the same data set that the tracker was told of; None where there is none.
    """

    result: Mapping[str, Any]
    summary: str
    target: str | None = None
    before: str | None = None


@dataclass(frozen=True)
class ApplyRequest:
    """What is asked of :meth:`labelsift.platforms.LabelingPlatform.apply`.

    Parameters
    ----------
    project, match
        The title or number of the project that the samples are from; the field of its tasks that holds the sample id,
        None for what the platform finds by itself.
    policy, experts
        How differing decisions are settled, as in ``Samples.apply``.
    undo
        Take back what was written of these decisions.
    dry_run
        Return the plan and write nothing.
    store
        The store that keeps the runs, or its address, for which texts were judged; None for the usual one.
    """

    project: str
    match: str | None = None
    policy: Policy = "majority"
    experts: Sequence[str] = ()
    undo: bool = False
    dry_run: bool = False
    store: str | PathLike[str] | None = None


@dataclass
class Receipt:
    """What a push or a log did.

    Parameters
    ----------
    platform, target
        Where it went: the platform's name and its project or run.
    created, updated, unchanged
        Counts of samples.
    failed
        Sample id → why it was not taken.
    links
        What a person can open: name → address.
    sample_links
        Sample id → the address of its task, for the trackers' tables.
    details
        Further counts that are the platform's own (tabs, predictions, metrics …).
    dry_run
        True where nothing was sent: the counts are the plan.
    """

    platform: str
    target: str
    created: int = 0
    updated: int = 0
    unchanged: int = 0
    failed: dict[str, str] = field(default_factory=dict)
    links: dict[str, str] = field(default_factory=dict)
    sample_links: dict[str, str] = field(default_factory=dict, repr=False)
    details: dict[str, Any] = field(default_factory=dict)
    dry_run: bool = False

    def as_dict(self) -> dict[str, Any]:
        """Return the receipt for ``--json`` (without the link of every single sample)."""
        return {name: value for name, value in asdict(self).items() if name != "sample_links"}


@dataclass(frozen=True)
class Health:
    """What a closer look at a platform found.

    Parameters
    ----------
    problems
        What is wrong → how to mend it.
    notes
        What is as it should be, but good to know → what follows from it.
    """

    problems: dict[str, str] = field(default_factory=dict)
    notes: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Local:
    """A platform that runs on this machine for a trial.

    Parameters
    ----------
    variables
        Environment variables under which labelsift and the platform's own client find it.
    look
        What a person can do there, one sentence each: where to log in, what to open.
    """

    variables: dict[str, str]
    look: tuple[str, ...] = ()


@dataclass(frozen=True)
class Opened:
    """An explorer that runs.

    Parameters
    ----------
    url
        Its address on this machine.
    log
        The file that holds what it prints.
    alive
        Tells whether it still runs.
    """

    url: str
    log: Path
    alive: Callable[[], bool]
