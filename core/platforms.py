"""The plug of labelsift: what a labeling platform or a tracker must be able to do.

A platform is a class that the entry-point group ``labelsift.platforms`` names, so that a stranger
can add one without touching this repository. It is made without arguments; addresses and secrets
come from the platform's own environment variables.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, Protocol, TypeVar, runtime_checkable

from .errors import InputError

if TYPE_CHECKING:
    import pyarrow as pa

    from .data.adjudication import Policy
    from .data.samples import Samples
    from .store.run import Run

GROUP = "labelsift.platforms"
Mode = Literal["choose", "prefill", "blind"]
MODES: tuple[Mode, ...] = ("choose", "prefill", "blind")


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
        shown = asdict(self)
        del shown["sample_links"]
        return shown


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
class PushOptions:
    """What only some labeling platforms can do at a push; see :class:`Adjustable`.

    Parameters
    ----------
    lanes
        Deal the queue out into so many, each with a tab of its own, for people who work in tabs; 0 for none.
    twice
        Share of the items that two people answer, without being told, 0..1.
    link
        The field of an existing project's tasks (as ``match``): a review project links each of its tasks to the
        task there that holds the same sample.
    anyway
        Write into an existing project also where that takes very long.
    """

    lanes: int = 0
    twice: float = 0.0
    link: str | None = None
    anyway: bool = False

    def named(self) -> list[str]:
        """Name the options that are used, as the command line calls them.

        >>> PushOptions(lanes=5, anyway=True).named()
        ['--lanes', '--anyway']
        """
        return [f"--{name}" for name, value in asdict(self).items() if value]


@runtime_checkable
class Labeler(Protocol):
    """A platform where people label."""

    name: str

    def push(
        self,
        report: Run,
        *,
        project: str,
        mode: Mode = "choose",
        match: str | None = None,
        create: bool = False,
        only: Sequence[str] | None = None,
        budget: int | None = None,
        dry_run: bool = False,
    ) -> Receipt:
        """Bring flagged samples with suggestions into a project; twice in a row changes nothing."""
        ...

    def pull(self, *, project: str, store: Path | str | None = None) -> pa.Table:
        """Return people's decisions as a table in CORRECTIONS_SCHEMA; only reads.

        ``store`` is the folder that keeps the runs, for what the platform was not told (``blind``); None for
        the usual one.
        """
        ...

    def doctor(self) -> Mapping[str, str]:
        """Say what is wrong with the connection and how to mend it; empty when all is well."""
        ...


@runtime_checkable
class Asking(Protocol):
    """A labeling platform that can ask about more than one label a text."""

    name: str
    tasks: Collection[str]
    """What it can ask about, as in :data:`labelsift.data.samples.TASKS`: classification, multilabel, spans."""
    media: Collection[str]
    """What it can show: text, image, audio."""


def asks_about(labeler: Labeler) -> frozenset[str]:
    """Return the tasks and media of a platform; one label a text where it does not say."""
    if isinstance(labeler, Asking):
        return frozenset({*labeler.tasks, *labeler.media})
    return frozenset({"classification", "text"})


@runtime_checkable
class Rounds(Protocol):
    """A labeling platform that can ask about a sample a second time, unmarked, and about single samples blind."""

    name: str

    def push_round(
        self,
        report: Run,
        *,
        project: str,
        mode: Mode,
        repeats: Mapping[str, float],
        blind: Collection[str],
        only: Sequence[str] | None = None,
        budget: int | None = None,
        dry_run: bool = False,
    ) -> Receipt:
        """Push, where some samples are asked in another way than ``mode`` says.

        ``repeats`` are samples with the scores that place their second tasks; where the report does not flag them
        they are left as they stand. Of those in ``blind`` no label, suggestion or reason is shown. ``pull`` returns
        their answers with ``repeat`` and ``blind`` in the column ``asked``.
        """
        ...


@runtime_checkable
class Adjustable(Protocol):
    """A labeling platform that knows the options of :class:`PushOptions`."""

    name: str

    def adjusted(self, options: PushOptions) -> Labeler:
        """Return the platform as it pushes with these options; what does not go together is refused at the push."""
        ...


@runtime_checkable
class Eraser(Protocol):
    """A platform whose copies of samples labelsift can delete: what ``labelsift forget`` needs of it."""

    name: str

    def forget(self, ids: Sequence[str], *, project: str, match: str | None = None, dry_run: bool = False) -> int:
        """Delete what was pushed of some samples under ``project``, and return how many copies that were.

        Where the tasks are the user's own (``match``), only what labelsift added to them is deleted.
        """
        ...


@runtime_checkable
class Source(Protocol):
    """A platform whose projects are data sets: ``ls.read("label-studio://PROJECT")``."""

    name: str

    def read(
        self,
        project: str,
        *,
        id: str | None = None,
        split: str | None = None,
        predicted: str | None = None,
        metadata: Sequence[str] = (),
        name: str | None = None,
    ) -> Samples:
        """Return the samples of a project with the labels that people gave; only reads.

        ``id``, ``split``, ``predicted`` and ``metadata`` are fields of its tasks; see
        :class:`labelsift.io.annotated_tasks.AnnotatedTasks` for what holds without them.
        """
        ...


@runtime_checkable
class Applier(Protocol):
    """A labeling platform into whose own projects decisions can be written back: ``labelsift apply``."""

    name: str

    def apply(
        self,
        corrections: pa.Table,
        *,
        project: str,
        match: str | None = None,
        policy: Policy = "majority",
        experts: Sequence[str] = (),
        undo: bool = False,
        dry_run: bool = False,
        store: Path | str | None = None,
    ) -> Receipt:
        """Write decisions into the project that the samples are from, beside what stands there.

        What people wrote stays as it is. ``policy`` and ``experts`` settle differing decisions as in
        ``Samples.apply``. ``undo`` takes back what was written of these decisions. ``store`` is the folder that keeps
        the runs, for which texts were judged; None for the usual one.
        """
        ...


@runtime_checkable
class Enabler(Protocol):
    """A labeling platform that labelsift can be plugged into, and unplugged from, a project of."""

    name: str

    def enable(
        self,
        *,
        project: str,
        run: str,
        backend: str | None = None,
        store: Path | str | None = None,
        agree: Callable[[str], bool] | None = None,
        prefill: bool = False,
        dry_run: bool = False,
    ) -> Receipt:
        """Plug labelsift into a project.

        ``backend`` is the address of a running ``serve``; None connects none. ``agree`` is shown what will change of
        the project's own settings and says whether that may be; None agrees. ``prefill`` makes suggestions the draft.
        """
        ...

    def disable(self, *, project: str, store: Path | str | None = None, dry_run: bool = False) -> Receipt:
        """Take everything back that ``enable`` changed."""
        ...


@runtime_checkable
class Serving(Protocol):
    """A labeling platform that asks labelsift by itself, through a server of ours."""

    name: str

    def serve(
        self,
        *,
        projects: Mapping[str, str],
        store: Path | str | None = None,
        host: str = "127.0.0.1",
        port: int = 9090,
        second_look: bool = False,
        train: bool = False,
    ) -> None:
        """Answer the platform until stopped.

        ``projects``: title or number → run; the key ``""`` stands for every project that is not named. Beyond loopback
        only with a password, from the platform's environment variables.
        """
        ...


@runtime_checkable
class Examined(Protocol):
    """A platform whose doctor looks at single projects, too, and tells what is no problem but good to know."""

    name: str

    def examine(self, *, project: str | None = None) -> Health:
        """Look at the connection, and where one is named at a project; its problems are those of ``doctor``."""
        ...


@runtime_checkable
class Tracker(Protocol):
    """A platform that keeps figures, tables and reports of runs."""

    name: str

    def log(self, report: Run, *, target: str | None = None, with_text: bool = False) -> Receipt:
        """Write the panels of a report into a run of the tracker's."""
        ...

    def doctor(self) -> Mapping[str, str]:
        """Say what is wrong with the connection and how to mend it; empty when all is well."""
        ...


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


@runtime_checkable
class Showcase(Protocol):
    """A platform that can be tried on this machine: what ``labelsift demo`` needs."""

    name: str

    def local(self, folder: Path, *, say: Callable[[str], None]) -> AbstractContextManager[Local]:
        """Start the real platform with its data in ``folder``; it stops on leaving."""
        ...

    def arrived(self, receipt: Receipt) -> dict[str, Any]:
        """Ask the platform's own interface what stands there of a push or a log."""
        ...


def names() -> tuple[str, ...]:
    """Name the platforms that are installed."""
    from importlib.metadata import entry_points

    return tuple(sorted({point.name for point in entry_points(group=GROUP)}))


def get(name: str) -> Labeler | Tracker:
    """Return the platform of that name.

    Raises
    ------
    InputError
        If no installed package offers a platform of that name.
    """
    from importlib.metadata import entry_points

    for point in entry_points(group=GROUP):
        if point.name == name:
            return point.load()()
    raise InputError(f"There is no platform called {name}", cure=f"Installed are: {', '.join(names())}")


def labeler(name: str) -> Labeler:
    """Return the labeling platform of that name; a tracker is refused."""
    found = get(name)
    if not isinstance(found, Labeler):
        raise InputError(f"{name} is no labeling platform: it cannot push or pull", cure="Use `labelsift log` for it")
    return found


def adjusted(labeler: Labeler, options: PushOptions) -> Labeler:
    """Return a labeling platform that pushes with these options.

    Raises
    ------
    InputError
        If an option makes no sense, or the platform does not have it.
    """
    if options.lanes < 0 or options.lanes == 1:
        raise InputError(f"{options.lanes} lanes share nothing", cure="Give the number of people, 2 or more")
    if not 0 <= options.twice <= 1:
        raise InputError(f"A share of {options.twice} is none", cure="Give one from 0 to 1")
    if options == PushOptions():
        return labeler
    if not isinstance(labeler, Adjustable):
        raise InputError(
            f"{labeler.name} does not have these options", ids=options.named(), cure="Push to it without them"
        )
    return labeler.adjusted(options)


_T = TypeVar("_T")


def able(name: str, kind: type[_T], *, to: str) -> _T:
    """Return the platform of that name if it can do what a protocol says; ``to`` names it in the error."""
    found = get(name)
    if not isinstance(found, kind):
        raise InputError(f"{name} cannot {to}", cure=f"Installed are: {', '.join(names())}")
    return found


def tracker(name: str) -> Tracker:
    """Return the tracker of that name; a labeling platform is refused."""
    found = get(name)
    if not isinstance(found, Tracker):
        raise InputError(f"{name} is no tracker: it cannot log", cure="Use `labelsift push` for it")
    return found


def pull(platform: str, *, project: str, store: Path | str | None = None) -> pa.Table:
    """Return people's decisions in a project as a table in CORRECTIONS_SCHEMA.

    Parameters
    ----------
    store
        The folder that keeps the runs: what was pushed in mode ``blind`` names its given labels only there.
        None for ``.labelsift``.
    """
    return labeler(platform).pull(project=project, store=store)
