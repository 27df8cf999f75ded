"""Interface for platform adapters: labeling platforms, trackers and explorers, found by entry point.

A platform is a class that the entry-point group ``labelsift.platforms`` names, so that a stranger can add one without
touching this repository. It is made without arguments; addresses and secrets come from its own environment variables.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from os import PathLike
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from .data.refusals import ABLE, REFUSALS
from .data.requests import MODES, ApplyRequest, GateNote, Health, Local, LogRequest, Mode, Opened, PushRequest, Receipt
from .errors import InputError
from .store.base import DEFAULT, BaseStore

if TYPE_CHECKING:
    import pyarrow as pa

    from .data.review_queue import ReviewQueue
    from .data.samples import Samples
    from .store.run import Run

__all__ = [
    "MODES",
    "ApplyRequest",
    "Explorer",
    "GateNote",
    "Health",
    "LabelingPlatform",
    "Local",
    "LogRequest",
    "Mode",
    "Opened",
    "Platform",
    "PushRequest",
    "Receipt",
    "Tracker",
    "explorer",
    "get",
    "labeler",
    "names",
    "pull",
    "tracker",
]

GROUP = "labelsift.platforms"


class Platform:
    """What labeling platforms and trackers have in common.

    An adapter declares its abilities in ``capabilities``, and overrides the methods that these stand for. What it does
    not declare is refused before its method is called.
    """

    name: str
    capabilities: frozenset[str] = frozenset()
    # The keys of its table in a settings file, each with the environment variable that it sets; "": it is the target.
    settings: Mapping[str, str] = MappingProxyType({"project": ""})

    def refusal(self, ability: str) -> InputError:
        """Return the error that says that the platform lacks an ability."""
        what, hint = REFUSALS.get(ability, (f"{{name}} cannot {ability}", ABLE))
        able = [name for name in names() if ability in get(name).capabilities] if hint == ABLE else []
        words = {"name": self.name, "able": ", ".join(able) or "no installed platform"}
        return InputError(what.format(**words), hint=hint.format(**words))

    def require(self, ability: str) -> None:
        """Refuse what the platform does not declare."""
        if ability not in self.capabilities:
            raise self.refusal(ability)

    def doctor(self) -> Mapping[str, str]:
        """Say what is wrong with the connection and how to mend it; empty when all is well."""
        return {}

    def examine(self, *, project: str | None = None) -> Health:
        """Look at the connection, and with the ability ``examine`` at a project, too."""
        return Health(dict(self.doctor()))

    def forget(self, ids: Sequence[str], *, project: str, match: str | None = None, dry_run: bool = False) -> int:
        """Delete what was pushed of some samples under ``project``; return how many copies that were.

        Where the tasks are the user's own (``match``), only what labelsift added to them is deleted.
        """
        raise self.refusal("forget")

    def local(self, folder: Path, *, say: Callable[[str], None]) -> AbstractContextManager[Local]:
        """Start the real platform on this machine, with its data in ``folder``; it stops on leaving."""
        raise self.refusal("local")

    def arrived(self, receipt: Receipt) -> dict[str, Any]:
        """With the ability ``local``: ask the platform's own interface what stands there of a push or a log."""
        raise self.refusal("local")


class LabelingPlatform(Platform):
    """A platform where people label.

    Capabilities: tasks (classification, multilabel, spans), media (text, image, audio), modes beside choose
    (prefill, blind), ``rounds`` (second tasks and single blind items), ``both_fit`` (people can answer that the given
    and the suggested label both fit), ``copies`` (people see the twin of a duplicate, and drop or keep it), ``actions``
    (a sample can be masked, removed or kept, also in data without labels), ``edit`` (its text can be repaired),
    ``lanes``, ``overlap``, ``link``, ``match``, and the methods ``read``, ``apply``, ``enable`` (with ``disable``),
    ``serve``, ``forget``, ``examine``, ``local``.
    """

    capabilities: frozenset[str] = frozenset({"classification", "text"})

    def push(self, queue: ReviewQueue, request: PushRequest) -> Receipt:
        """Bring the items of a queue with their suggestions into a project; twice in a row changes nothing.

        ``only``, ``budget`` and the shares of the request are spent: the queue holds what they leave. Of a blind item
        no label, suggestion or reason is shown, and ``pull`` returns its answers with ``blind`` in the column
        ``asked``, those to second tasks with ``repeat``.
        """
        raise self.refusal("push")

    def pull(self, *, project: str, store: str | PathLike[str] | None = None) -> pa.Table:
        """Return people's decisions as a table in CORRECTIONS_SCHEMA; only reads.

        ``store`` keeps the runs, for what the platform was not told (``blind``): an open store, its address, or None
        for the usual one. :meth:`labelsift.store.store.Store.of` makes one store of all three.
        """
        raise self.refusal("pull")

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
        raise self.refusal("read")

    def apply(self, corrections: pa.Table, request: ApplyRequest) -> Receipt:
        """Write decisions into the project that the samples are from; what people wrote there stays as it is."""
        raise self.refusal("apply")

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
        raise self.refusal("enable")

    def disable(self, *, project: str, store: Path | str | None = None, dry_run: bool = False) -> Receipt:
        """Take everything back that ``enable`` changed."""
        raise self.refusal("enable")

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
        """Answer the platform's own questions until stopped.

        ``projects``: title or number → run; the key ``""`` stands for every project that is not named. Beyond loopback
        only with a password, from the platform's environment variables.
        """
        raise self.refusal("serve")

    def require_push(self, request: PushRequest) -> None:
        """Refuse what a request asks for and the platform does not declare."""
        options = {
            "--lanes": ("lanes", request.lanes),
            "--twice": ("overlap", request.overlap),
            "--link": ("link", request.link),
        }
        lacking = [name for name, (ability, value) in options.items() if value and ability not in self.capabilities]
        if lacking:
            raise InputError(f"{self.name} does not have these options", ids=lacking, hint="Push to it without them")
        if request.mode != "choose":
            self.require(request.mode)
        if request.match:
            self.require("match")
        if request.repeat is not None or request.blind_share is not None:
            self.require("rounds")


class Tracker(Platform):
    """A platform that keeps figures, tables and reports of runs.

    Capabilities: ``model`` (links to registered models), ``share`` (pages to share), ``gate``, ``forget``, ``local``.
    """

    def log(self, run: Run, request: LogRequest) -> Receipt:
        """Write the panels of a run into a run of the tracker's; twice in a row changes nothing."""
        raise self.refusal("log")

    def gate(self, run: Run, note: GateNote) -> Receipt:
        """Note in the run of a scan what became of a gate."""
        raise self.refusal("gate")

    def active_run(self) -> str | None:
        """Return the id of the run that this program logs into now; None where there is none. Imports no client."""
        return None

    def reopened(self, run: str) -> AbstractContextManager[None]:
        """Make a run active again for the time of a log, where it was so a moment ago and is no longer."""
        return nullcontext()


class Explorer(Platform):
    """A program in which people look at the samples of a run on a map; it may reach no other machine.

    It keeps nothing outside the private folder that it is given, which its end and ``forget`` delete.
    """

    settings = MappingProxyType({})

    def write(self, run: Run, folder: Path, *, with_text: bool = False) -> None:
        """Write what is shown into a private folder; personal data and secrets masked but ``with_text``."""
        raise self.refusal("explore")

    def open(
        self, folder: Path, *, port: int | None = None, say: Callable[[str], None]
    ) -> AbstractContextManager[Opened]:
        """Start the program on what was written, on loopback alone; it stops on leaving, with all that it started."""
        raise self.refusal("explore")


def names() -> tuple[str, ...]:
    """Name the platforms that are installed."""
    from importlib.metadata import entry_points

    return tuple(sorted({point.name for point in entry_points(group=GROUP)}))


def get(name: str) -> Platform:
    """Return the platform of that name; raise an InputError where no installed package offers it."""
    from importlib.metadata import entry_points

    for point in entry_points(group=GROUP):
        if point.name == name:
            return point.load()()
    raise InputError(f"There is no platform called {name}", hint=f"Installed are: {', '.join(names())}")


def labeler(name: str, ability: str | None = None) -> LabelingPlatform:
    """Return the labeling platform of that name; a tracker is refused, and one that lacks the ability."""
    platform = get(name)
    if ability is not None:
        platform.require(ability)
    if not isinstance(platform, LabelingPlatform):
        raise InputError(f"{name} is no labeling platform: it cannot push or pull", hint="Use `labelsift log` for it")
    return platform


def tracker(name: str) -> Tracker:
    """Return the tracker of that name; a labeling platform is refused."""
    if isinstance(platform := get(name), Tracker):
        return platform
    raise InputError(f"{name} is no tracker: it cannot log", hint="Use `labelsift push` for it")


def explorer(name: str) -> Explorer:
    """Return the explorer of that name; anything else is refused."""
    if isinstance(platform := get(name), Explorer):
        return platform
    raise InputError(f"{name} is no explorer", hint="Look at a run with: labelsift explore")


def pull(platform: str, *, project: str, store: str | PathLike[str] | None = None) -> pa.Table:
    """Return people's decisions in a project as a table in CORRECTIONS_SCHEMA.

    ``store`` keeps the runs; None for ``.labelsift``. What was pushed in mode ``blind`` names its labels only there.
    """
    kept = store if isinstance(store, BaseStore) else BaseStore(store or DEFAULT)
    with kept.writing():
        return labeler(platform).pull(project=project, store=store)
