"""One served run: loaded in the background, answers tasks of its samples at once and other texts by its model."""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from labelsift.errors import LabelsiftError
from labelsift.models.routed_embedding import PROJECTION
from labelsift.search.run_embedder import run_embedder
from labelsift.search.seeds import open_index
from labelsift.store.run import Run
from labelsift.store.run_info import FACTS
from labelsift.store.store import Store

from ..convert.label_config import LabelControl
from ..convert.label_names import names_of
from ..convert.regions import Value
from ..convert.task_fields import model_version
from .logs import Log
from .models import Model, Models, fit_run
from .predictions import Entry, answered, entry, id_of, is_blind, text_of
from .run_index import RunIndex
from .score_texts import Scorer, compared


@dataclass(frozen=True)
class UnseenTask:
    """A task whose text must be judged: its position in the request, its text, and what a person answered."""

    position: int
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
        self.scorer: Scorer | None = None
        self.ready = threading.Event()
        self.problem = ""
        self._log = log
        self._stamp: bytes | None = None
        self._trained = self._read_trained()

    def _read_trained(self) -> dict[int | None, list[Model]]:
        trained: dict[int | None, list[Model]] = {}
        for model in self.models.trained(self.run):
            trained.setdefault(model.project, []).append(model)
        return trained

    def refresh(self) -> bool:
        """Read the run anew where samples were erased from it, or it was removed; tell whether that was so.

        Until it is read nothing of it is answered: what was erased must not stay in memory.
        """
        if not self.ready.is_set() or self._stamp == self._stamped():
            return False
        self.ready.clear()
        self.scorer = None
        self._trained = {}
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
            self._trained = self._trained or self._read_trained()
            report = self.store.load(self.run)
            self.scorer = Scorer(RunIndex(report))
            self._log.say("run_loaded", run=self.run, samples=len(self.scorer.run_index))
            self.scorer = self._able(report, self.scorer.run_index)
            self._log.say("run_ready", run=self.run, judges_unseen=self.scorer.able)
        except Exception as error:  # a thread of its own: what went wrong must be said
            self.problem = error.what if isinstance(error, LabelsiftError) else type(error).__name__
            self._log.failed("run_failed", error, run=self.run)
        finally:
            self.ready.set()

    def _able(self, report: Run, run_index: RunIndex) -> Scorer:
        """Return what judges other texts, as far as the run allows it."""
        index = open_index(report) if report.embeddings is not None else None
        model = self.models.read(self.run)
        if model is None:
            model = fit_run(report)
            if model is not None:
                self.models.keep(model)
        lost = PROJECTION in report.settings and report.projection is None  # of a run without texts
        texts = None if lost else run_embedder(report.settings, report.projection)
        if texts is None or model is None:
            return Scorer(run_index, None, index, model)
        texts.embed(["The first text takes longest."])
        return Scorer(run_index, texts, index, model)

    def trained_for(self, project: int | None) -> Model | None:
        """Return the newest model of a project's verified labels; None before there is one."""
        trained = self._trained.get(project)
        return trained[-1] if trained else None

    def publish(self, model: Model) -> None:
        """Keep a model of verified labels, and answer its project by it from now on."""
        self.models.keep(model)
        self._trained.setdefault(model.project, []).append(model)

    def version(self, project: int | None) -> str:
        """Return the model version of the answers to a project."""
        trained = self.trained_for(project)
        return model_version(trained.version if trained else self.run)

    def versions(self) -> list[str]:
        """Return all model versions, the newest first."""
        trained = [model.version for models in self._trained.values() for model in models]
        return [model_version(version) for version in (*sorted(trained, key=_number, reverse=True), self.run)]

    def answer(
        self, tasks: Sequence[Mapping[str, Any]], target: LabelControl, *, project: int | None
    ) -> tuple[list[Entry], list[UnseenTask]]:
        """Answer what is known of tasks, and name those that must be judged; these stand as nothing in between."""
        entries: list[Entry] = [[] for _ in tasks]
        unseen: list[UnseenTask] = []
        scorer, trained = self.scorer, self.trained_for(project)
        if scorer is None:
            return entries, unseen

        def judge_later(position: int) -> None:
            text = texts[position]
            if text is not None and target.kind != "labels":
                given = names_of(target).to_data(answered(tasks[position], target), scorer.run_index.labels)
                unseen.append(UnseenTask(position, text, given))

        texts = [text_of(task, target) for task in tasks]
        rows: dict[int, int] = {}
        for position, task in enumerate(tasks):
            if is_blind(task):
                continue
            row = scorer.run_index.row(id=id_of(task), text=texts[position])
            if row is not None:
                rows[position] = row
            else:
                judge_later(position)
        version = self.version(project)
        for position, prediction in zip(rows, scorer.judge_rows(list(rows.values()), trained), strict=True):
            if prediction.value is None:  # in the run, but not judged there
                judge_later(position)
            else:
                entries[position] = entry(prediction, target, version=version, text=texts[position])
        return entries, unseen

    def remembered(self, task: UnseenTask, target: LabelControl, *, project: int | None) -> Entry | None:
        """Return the entry of an unseen task whose text was judged; None before that."""
        scorer, trained = self.scorer, self.trained_for(project)
        prediction = scorer.remembered(task.text, trained) if scorer is not None else None
        if scorer is None or prediction is None:
            return None
        prediction = compared(prediction, task.given, trained or scorer.model)
        return entry(prediction, target, version=self.version(project), text=task.text)


def _number(version: str) -> tuple[str, int]:
    run, _, number = version.rpartition("+")
    return run, int(number)
