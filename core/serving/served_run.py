"""One served run: loaded in the background, answers tasks of its samples at once and other texts by its model."""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Mapping, Sequence
from pathlib import Path

from ..errors import LabelsiftError
from ..models.routed_embedding import PROJECTION
from ..search.run_embedder import run_embedder
from ..search.seeds import open_index
from ..store.run import Run
from ..store.run_info import FACTS
from ..store.store import Store
from .database import Id
from .logs import Log
from .models import Model, Models, fit_run
from .run_index import NOTHING, Prediction, RunIndex
from .score_texts import Scorer

WATCH = 5.0  # seconds between two looks whether a run changed


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

    def _read_trained(self) -> dict[Id | None, list[Model]]:
        trained: dict[Id | None, list[Model]] = {}
        for model in self.models.trained(self.run):
            trained.setdefault(model.project, []).append(model)
        return trained

    @property
    def state(self) -> str:
        """What is wrong with the run, else ``ready`` or ``loading``."""
        return self.problem or ("ready" if self.ready.is_set() else "loading")

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
                self._keep(model)
        lost = PROJECTION in report.settings and report.projection is None  # of a run without texts
        texts = None if lost else run_embedder(report.settings, report.projection)
        if texts is None or model is None:
            return Scorer(run_index, None, index, model)
        texts.embed(["The first text takes longest."])
        return Scorer(run_index, texts, index, model)

    def _keep(self, model: Model) -> None:
        """Keep a model, but none of a run from which samples were erased since it was read."""
        with self.store.writing():
            if self._stamp == self._stamped():
                self.models.keep(model)

    def judge(
        self, samples: Sequence[tuple[str | None, str | None]], *, project: Id | None, unseen: bool = True
    ) -> list[Prediction]:
        """Return what is known of samples of the run, and the model's judgement of other texts, in their order.

        Parameters
        ----------
        samples
            The id and the text of each, as far as they are known.
        unseen
            Judge texts that the run does not hold, where it can; nothing is said of one that it cannot judge.
        """
        scorer, trained = self.scorer, self.trained_for(project)
        if scorer is None:
            return [NOTHING] * len(samples)
        rows = [scorer.run_index.row(id=id, text=text) for id, text in samples]
        known = [row for row in rows if row is not None]
        predictions = dict(zip(known, scorer.judge_rows(known, trained), strict=True))
        # A sample of the run can be without a judgement, too.
        answers = [NOTHING if row is None else predictions[row] for row in rows]
        open_ = [position for position, answer in enumerate(answers) if unseen and answer.value is None]
        texts = {position: text for position in open_ if (text := samples[position][1])}
        for position, answer in zip(texts, scorer.judge(list(texts.values()), trained), strict=True):
            answers[position] = answer
        return answers

    def trained_for(self, project: Id | None) -> Model | None:
        """Return the newest model of a project's verified labels; None before there is one."""
        trained = self._trained.get(project)
        return trained[-1] if trained else None

    def publish(self, model: Model) -> None:
        """Keep a model of verified labels, and answer its project by it from now on."""
        self._keep(model)
        self._trained.setdefault(model.project, []).append(model)

    def version(self, project: Id | None) -> str:
        """Return the version of the model that answers a project: the run, or ``<run>+<n>``."""
        trained = self.trained_for(project)
        return trained.version if trained else self.run

    def versions(self) -> list[str]:
        """Return the versions of all models, the newest first."""
        trained = [model.version for models in self._trained.values() for model in models]
        return [*sorted(trained, key=_number, reverse=True), self.run]


def open_runs(named: Mapping[str, str], *, store: Store, folder: Path, log: Log) -> dict[str, Served]:
    """Return project → the run that answers it; the same run is one. Raises StoreError where there is no such run."""
    chosen = {project: store.find(wanted) for project, wanted in named.items()}
    runs = {run: Served(store, run, folder=folder, log=log) for run in dict.fromkeys(chosen.values())}
    return {project: runs[run] for project, run in chosen.items()}


def keep_fresh(runs: Sequence[Served], stopping: threading.Event) -> None:
    """Load runs, one after the other, and again where samples are erased from one, until it is time to stop."""
    for served in runs:
        served.load()
    while not stopping.wait(WATCH):
        for served in runs:
            served.refresh()


def _number(version: str) -> tuple[str, int]:
    run, _, number = version.rpartition("+")
    return run, int(number)
