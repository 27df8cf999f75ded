"""Which project is answered from which run; nothing of one run reaches a project that another run stands for."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from pathlib import Path

from labelsift.errors import InputError, LabelsiftError
from labelsift.store.store import Store

from ..client.client import Client
from ..convert.label_config import Target, target_of
from .logs import Log
from .served_run import Served

EVERY = ""  # stands for every project that is not named
_ANY_CONFIG = (
    '<View><Text name="text" value="$text"/><Choices name="c" toName="text"><Choice value="a"/></Choices></View>'
)
_CONFIGS = 256  # labeling configs that are remembered
WATCH = 5.0  # seconds between two looks whether a run changed


class Projects:
    """The served runs, by the number of the project.

    Parameters
    ----------
    by_number
        Number of a project → its run.
    rest
        The run of all others; None refuses them.
    """

    def __init__(self, by_number: Mapping[int, Served], rest: Served | None, *, log: Log) -> None:
        self._by_number, self._rest, self._log = dict(by_number), rest, log
        self._targets: dict[str, Target | str] = {}
        self.problems: dict[int, str] = {}
        self._stopping = threading.Event()

    def served(self, project: int | None) -> Served | None:
        """Return the run that answers a project; None where it is not served."""
        return self._by_number.get(project, self._rest) if project is not None else self._rest

    def all(self) -> list[Served]:
        """Return every run that is served, each once."""
        found = [*self._by_number.values(), *([self._rest] if self._rest else [])]
        return list({one.run: one for one in found}.values())

    def named(self) -> list[int]:
        """Return the numbers of the projects that are named."""
        return sorted(self._by_number)

    def stop(self) -> None:
        """Look no more whether runs change."""
        self._stopping.set()

    def load(self) -> None:
        """Load the runs in the background, one after the other; and again where samples are erased from one."""

        def load() -> None:
            target_of(_ANY_CONFIG, project="")  # importing the reader of configs takes seconds
            for one in self.all():
                one.load()
            while not self._stopping.wait(WATCH):
                for one in self.all():
                    one.refresh()

        threading.Thread(target=load, name="loading", daemon=True).start()

    def target(self, config: str, *, project: int | None) -> Target | None:
        """Return where labels stand in a project's config; None, and a line in the log, where it does not fit."""
        found = self._targets.get(config)
        if found is None:
            found = self._read(config, project)
            if len(self._targets) >= _CONFIGS:
                self._targets.clear()
            self._targets[config] = found
        if isinstance(found, Target):
            self.problems.pop(project or 0, None)
            return found
        self.problems[project or 0] = found
        return None

    def _read(self, config: str, project: int | None) -> Target | str:
        """Return the target of a config, or what is wrong with it."""
        try:
            return target_of(config, project=f"project {project}")
        except LabelsiftError as error:
            self._log.say("config_does_not_fit", project=project, error=error.what, cure=error.cure)
            return error.what
        except Exception as error:  # the SDK's reader fails in many ways on what is no config
            self._log.failed("config_does_not_fit", error, project=project)
            return f"The labeling config cannot be read ({type(error).__name__})"


def open_projects(named: Mapping[str, str], *, store: Store, folder: Path, log: Log, client: Client | None) -> Projects:
    """Find the runs, and the numbers of projects that are named by their titles.

    Raises
    ------
    InputError
        If there is no such project, several have the title, or a title cannot be looked up.
    StoreError
        If there is no such run.
    """
    runs: dict[str, Served] = {}
    by_number: dict[int, Served] = {}
    titles = [one for one in named if one != EVERY and not one.isdigit()]
    numbers = _numbers(titles, client)
    for project, wanted in named.items():
        run = store.find(wanted)
        served = runs.get(run) or Served(store, run, folder=folder, log=log)
        runs[run] = served
        if project != EVERY:
            by_number[numbers.get(project) or int(project)] = served
    rest = runs[store.find(named[EVERY])] if EVERY in named else None
    return Projects(by_number, rest, log=log)


def _numbers(titles: list[str], client: Client | None) -> dict[str, int]:
    if not titles:
        return {}
    if client is None:
        raise InputError("Projects are named by their titles, and Label Studio is not known", cure="Give their numbers")
    found: dict[str, list[int]] = {}
    for one in client.projects():
        found.setdefault(str(one["title"]), []).append(int(one["id"]))
    missing = [one for one in titles if one not in found]
    if missing:
        raise InputError("Label Studio has no such projects", ids=missing, cure="Give their titles or their numbers")
    twice = [one for one in titles if len(found[one]) > 1]
    if twice:
        raise InputError("Several projects have these titles", ids=twice, cure="Give their numbers")
    return {one: found[one][0] for one in titles}
