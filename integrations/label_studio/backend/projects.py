"""Served projects: which run answers each, its labeling config, and cached facts of the server.

Nothing of one run reaches a project that another run stands for.
"""

from __future__ import annotations

import hashlib
import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from labelsift.errors import InputError, LabelsiftError
from labelsift.serving.database import Id
from labelsift.serving.logs import Log
from labelsift.serving.served_run import Served, keep_fresh, open_runs
from labelsift.store.store import Store

from ..client.client import Client
from ..convert.label_config import LabelControl, label_control_of
from ..state.match import find_project

EVERY = ""  # stands for every project that is not named
_ANY_CONFIG = (
    '<View><Text name="text" value="$text"/><Choices name="c" toName="text"><Choice value="a"/></Choices></View>'
)
CONFIGS = 8_000_000  # characters of labeling configs that are remembered
CONFIG = 1_000_000  # of one; a longer one is refused
PROBLEMS = 100  # projects whose config does not fit that /health names
FRESH = 60.0  # seconds for which what seldom changes on the server is remembered


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
        self._by_number, self._rest = dict(by_number), rest
        self._configs: OrderedDict[tuple[bytes, int | None], tuple[LabelControl | str, int]] = OrderedDict()
        self._lock = threading.Lock()
        self.problems: dict[int, str] = {}
        self._log = log
        self._stopping = threading.Event()

    def served(self, project: Id | None) -> Served | None:
        """Return the run that answers a project; None where it is not served, or is one of another platform."""
        if isinstance(project, str):
            return None
        return self._by_number.get(project, self._rest) if project is not None else self._rest

    def all(self) -> list[Served]:
        """Return every run that is served, each once."""
        runs = [*self._by_number.values(), *([self._rest] if self._rest else [])]
        return list({served.run: served for served in runs}.values())

    def named(self) -> list[int]:
        """Return the numbers of the projects that are named."""
        return sorted(self._by_number)

    def stop(self) -> None:
        """Look no more whether runs change."""
        self._stopping.set()

    def load(self) -> None:
        """Load the runs in the background, one after the other; and again where samples are erased from one."""

        def load() -> None:
            label_control_of(_ANY_CONFIG, project="")  # importing the reader of configs takes seconds
            keep_fresh(self.all(), self._stopping)

        threading.Thread(target=load, name="loading", daemon=True).start()

    def target(self, config: str, *, project: int | None) -> LabelControl | None:
        """Return where labels stand in a project's config; None, and a line in the log, where it does not fit."""
        key = hashlib.blake2b(config.encode("utf-8", "surrogatepass"), digest_size=16).digest(), project
        with self._lock:
            target, _ = self._configs.get(key, (None, 0))
        if target is None:
            target = _read_config(config, project, log=self._log)
        with self._lock:
            self._configs[key] = target, len(config)
            self._configs.move_to_end(key)
            while sum(size for _, size in self._configs.values()) > CONFIGS:
                self._configs.popitem(last=False)
            self.problems.pop(project or 0, None)
            if isinstance(target, LabelControl):
                return target
            self.problems[project or 0] = target
            while len(self.problems) > PROBLEMS:
                del self.problems[next(iter(self.problems))]
        return None


def _read_config(config: str, project: int | None, *, log: Log) -> LabelControl | str:
    """Return the target of a config, or what is wrong with it."""
    if len(config) > CONFIG:
        log.say("config_does_not_fit", project=project, error=f"It has {len(config):,} characters")
        return f"The labeling config is longer than {CONFIG:,} characters"
    try:
        return label_control_of(config, project=f"project {project}")
    except LabelsiftError as error:
        log.say("config_does_not_fit", project=project, error=error.what, cure=error.hint)
        return error.what
    except Exception as error:  # the SDK's reader fails in many ways on what is no config
        log.failed("config_does_not_fit", error, project=project)
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
    numbers = {project: _number_of(project, client) for project in named if project != EVERY}
    runs = open_runs(named, store=store, folder=folder, log=log)
    by_number = {number: runs[project] for project, number in numbers.items()}
    return Projects(by_number, runs.get(EVERY), log=log)


def _number_of(project: str, client: Client | None) -> int:
    if project.isdigit():
        return int(project)
    if client is None:
        raise InputError("Projects are named by their titles, and Label Studio is not known", hint="Give their numbers")
    return int(find_project(client, project)["id"])


class ServerCache:
    """What seldom changes on the server: accounts, labeling configs, which projects there are."""

    def __init__(self, client: Client) -> None:
        self.client = client
        self._cache: dict[str, tuple[float, Any]] = {}

    def people(self) -> dict[int, str]:
        """Return the e-mail address of every account, by its number."""
        return self._remembered("people", self.client.people)

    def person(self, account: object) -> str:
        """Return the e-mail address of an account that an answer names."""
        number = account.get("id") if isinstance(account, dict) else account
        if not isinstance(number, int):
            return "nobody"
        if number not in self.people():
            self._cache.pop("people", None)
        return self.people().get(number, f"account {number}")

    def config(self, project: int) -> str:
        """Return the labeling config of a project."""
        return self._remembered(f"config {project}", lambda: str(self.client.project(project)["label_config"]))

    def exists(self, project: int) -> bool:
        """Tell whether there is such a project."""
        numbers = self._remembered("projects", lambda: {int(row["id"]) for row in self.client.projects()})
        if project not in numbers:
            self._cache.pop("projects", None)
        return project in numbers

    def _remembered(self, name: str, ask: Callable[[], Any]) -> Any:  # noqa: ANN401 - whatever is asked for
        asked, value = self._cache.get(name, (0.0, None))
        if time.monotonic() - asked > FRESH or value is None:
            value = ask()
            self._cache[name] = (time.monotonic(), value)
        return value
