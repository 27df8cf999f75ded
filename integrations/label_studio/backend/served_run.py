"""One run as it is served: loaded in the background, answering what it knows at once and the rest when it is ready."""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from labelsift.errors import LabelsiftError
from labelsift.models.embedding import embedder, name_in
from labelsift.search.index import open_index
from labelsift.search.seeds import USERS_EMBEDDINGS
from labelsift.store.run import Run
from labelsift.store.run_info import FACTS
from labelsift.store.store import Store

from ..convert.label_config import Target
from ..convert.label_names import names_of
from ..convert.regions import Value
from ..convert.task_fields import model_version
from .logs import Log
from .models import Model, Models, fit_run
from .predictions import Entry, answered, entry, id_of, is_blind, nothing, text_of
from .run_index import Known, Opinion
from .score_texts import Scorer, weighed


@dataclass(frozen=True)
class Asked:
    """An unseen task that must be judged: its place in the request, its text, and what a person answered."""

    at: int
    text: str
    given: Value | None


class Served:
    """A run for the projects that are answered from it.

    Parameters
    ----------
    store, run
        Where it lies, and its whole name.
    folder
        Of the backend's own files; the run's model is kept there.
    """

    def __init__(self, store: Store, run: str, *, folder: Path, log: Log) -> None:
        self.store, self.run = store, run
        self.models = Models(folder)
        self.known: Known | None = None
        self.scorer: Scorer | None = None
        self.base: Model | None = None
        self.ready = threading.Event()
        self.problem = ""
        self._log = log
        self._stamp: bytes | None = None
        self._trained: dict[int, list[Model]] = {}
        self._read_trained()

    def _read_trained(self) -> None:
        for one in self.models.trained(self.run):
            if one.project is not None:
                self._trained.setdefault(one.project, []).append(one)

    def refresh(self) -> bool:
        """Read the run anew where samples were erased from it, or it was removed; tell whether that was so.

        Until it is read nothing of it is answered: what was erased must not stay in memory.
        """
        if not self.ready.is_set() or self._stamp == self._stamped():
            return False
        self.ready.clear()
        self.known = self.scorer = self.base = None
        self._trained.clear()
        self._log.say("run_changed", run=self.run)
        self.load()
        return True

    def _stamped(self) -> bytes | None:
        """Return what tells one state of the run from another; None where it is gone."""
        try:
            return hashlib.blake2b(self.store.place_of(self.run).read(FACTS)).digest()
        except OSError:
            return None

    def load(self) -> None:
        """Read the run: first what it knows of its samples, then what it takes to judge others."""
        self.problem, self._stamp = "", self._stamped()
        try:
            if not self._trained:
                self._read_trained()
            report = self.store.load(self.run)
            self.known = Known(report)
            self._log.say("run_loaded", run=self.run, samples=len(self.known))
            self.base, self.scorer = self._judging(report, self.known)
            self._log.say("run_ready", run=self.run, judges_unseen=self.scorer.able)
        except Exception as error:  # a thread of its own: what went wrong must be said
            self.problem = error.what if isinstance(error, LabelsiftError) else type(error).__name__
            self._log.failed("run_failed", error, run=self.run)
        finally:
            self.ready.set()

    def _judging(self, report: Run, known: Known) -> tuple[Model | None, Scorer]:
        index = open_index(report) if report.embeddings is not None else None
        model = self.models.read(self.run)
        if model is None:
            model = fit_run(report)
            if model is not None:
                self.models.keep(model)
        name = name_in(report.settings)
        if name is None or name == USERS_EMBEDDINGS or model is None:
            return model, Scorer(known, None, index, model)
        found = embedder(name)
        found.embed(["The first text takes longest."])
        return model, Scorer(known, found, index, model)

    @property
    def labels(self) -> tuple[str, ...]:
        """The labels of the run, as its data names them."""
        return self.known.labels if self.known is not None else ()

    def model_for(self, project: int | None) -> Model | None:
        """Return the newest model of a project's verified labels; None before there is one."""
        trained = self._trained.get(project if project is not None else -1)
        return trained[-1] if trained else None

    def publish(self, model: Model) -> None:
        """Keep a model of verified labels, and answer its project by it from now on."""
        self.models.keep(model)
        if model.project is not None:
            self._trained.setdefault(model.project, []).append(model)

    def version(self, project: int | None) -> str:
        """Return the model version of the answers to a project."""
        trained = self.model_for(project)
        return model_version(trained.version if trained else self.run)

    def versions(self) -> list[str]:
        """Return all model versions, the newest first."""
        trained = sorted((one.version for some in self._trained.values() for one in some), key=_number, reverse=True)
        return [model_version(one) for one in (*trained, self.run)]

    def answer(
        self, tasks: Sequence[Mapping[str, Any]], target: Target, *, project: int | None
    ) -> tuple[list[Entry], list[Asked]]:
        """Answer what is known of tasks, and name those that must be judged; these stand as nothing in between."""
        entries: list[Entry] = [nothing() for _ in tasks]
        asked: list[Asked] = []
        known = self.known
        if known is None:
            return entries, asked
        rows: dict[int, int] = {}
        for at, task in enumerate(tasks):
            if is_blind(task):
                continue
            text = text_of(task, target)
            row = known.row(id=id_of(task), text=text)
            if row is not None:
                rows[at] = row
            elif text is not None and target.kind != "labels":
                asked.append(Asked(at, text, self._named(answered(task, target), target)))
        trained, scorer = self.model_for(project), self.scorer
        if trained is not None and scorer is not None and scorer.known is known:
            opinions = dict(zip(rows, scorer.judge_rows(list(rows.values()), trained), strict=True))
        else:
            opinions = {at: known.opinion(row) for at, row in rows.items()}
        version = self.version(project)
        for at, opinion in opinions.items():
            if opinion.value is None and (text := text_of(tasks[at], target)) and target.kind != "labels":
                given = self._named(answered(tasks[at], target), target)
                asked.append(Asked(at, text, given))  # in the run, but not judged there
            else:
                entries[at] = entry(opinion, target, version=version, text=text_of(tasks[at], target))
        return entries, asked

    def _named(self, value: Value | None, target: Target) -> Value | None:
        return names_of(target).to_data(value, self.labels)

    def judge(self, texts: Sequence[str], *, project: int | None) -> list[Opinion | None]:
        """Judge unseen texts, which may take long; those that were judged before are remembered."""
        scorer, model = self.scorer, self.model_for(project) or self.base
        return [None] * len(texts) if scorer is None else scorer.judge(texts, model)

    def remembered(self, text: str, *, project: int | None) -> tuple[bool, Opinion | None]:
        """Tell whether an unseen text was judged before, and how."""
        scorer, model = self.scorer, self.model_for(project) or self.base
        return (False, None) if scorer is None else scorer.remembered(text, model)

    def write(self, asked: Asked, opinion: Opinion | None, target: Target, *, project: int | None) -> Entry:
        """Return the entry of an unseen task."""
        model = self.model_for(project) or self.base
        if opinion is not None and model is not None:
            opinion = weighed(opinion, asked.given, model)
        return entry(opinion, target, version=self.version(project), text=asked.text)


def _number(version: str) -> tuple[str, int]:
    run, _, number = version.rpartition("+")
    return run, int(number)
