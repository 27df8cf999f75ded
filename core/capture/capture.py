"""Capture: the base of what watches one training, and never breaks it."""

from __future__ import annotations

import contextlib
import functools
import logging
from collections.abc import Iterator, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any, ClassVar, Self

import numpy as np

from ..data.class_names import in_order, names_of
from ..data.formatting import error_text
from ..data.samples import Samples
from ..errors import InputError, LabelsiftError
from ..label_quality.word_occlusion import Explainer
from ..report import Report
from ..signals.signals import Signals
from ..signals.training_dynamics import Dynamics
from ..store.base import BaseStore
from .afterwards import ActiveRuns, seen_samples
from .folders import folder_of
from .logits import to_numpy
from .recording import EMBEDDINGS, OUT_OF_FOLD, TRAIN, Recording
from .request import WatchRequest
from .row_ids import SampleIds, split_positions

_logger = logging.getLogger("labelsift")
EXPLAIN_AFTERWARDS = "Leave explain out, or ls.scan(samples, signals=capture.signals(), explain=…) afterwards"
FEWEST = 2  # epochs from which on there are dynamics


class Capture(contextlib.AbstractContextManager["Capture"]):
    """Records one training of a framework; adapters say how in :meth:`attach`.

    Whatever goes wrong after the first batch is said once and costs no training: the capture lets go. Before, wrong
    ids, labels or classes are an error, as they would cost the whole recording.

    Attributes
    ----------
    target
        What is watched.
    samples, ids
        The rows of all splits, and their positions by id.
    recording
        What is written; open within the ``with`` only.
    folder
        Where it lies.
    broken
        Why the capture let go; empty where it did not.
    """

    framework: ClassVar[str]
    watches: ClassVar[tuple[str, ...]]  # ``package:Class``: what it watches, with all that descends from it
    how: ClassVar[str] = "Train within the with"  # what was forgotten where nothing was recorded

    def __init__(self, target: Any, samples: Samples, request: WatchRequest) -> None:  # noqa: ANN401 - of a framework
        self.target, self.samples, self.request = target, samples, request
        self.ids = SampleIds(samples.ids.to_pylist())
        self.undo = contextlib.ExitStack()
        self.broken = ""
        self.folder: Path = folder_of(request)
        self.recording: Recording
        self._runs = ActiveRuns()
        self._report: Report | None = None
        self._unreported = "the training is not over"

    @classmethod
    def nearness(cls, target: Any) -> int | None:  # noqa: ANN401
        """Return how many of the target's base classes are nearer to it than one of :attr:`watches`; None without one.

        No framework is imported for it, and a class that is a kind of another framework's (a Keras model on PyTorch, an
        XGBoost model) is known by what it is first.
        """
        names = [f"{base.__module__.partition('.')[0]}:{base.__qualname__}" for base in type(target).__mro__]
        return next((place for place, name in enumerate(names) if name in cls.watches), None)

    def outputs(self) -> Sequence[str] | None:
        """Return the class of each of the model's outputs where the model says so."""
        return None

    def attach(self) -> None:
        """Put the hooks in place; what takes them back goes onto ``self.undo``."""
        raise NotImplementedError

    def explainer(self) -> Explainer:
        """Return what tells the words that made the watched model say a class.

        Raises
        ------
        InputError
            If nothing is known of how to ask it, as of most models.
        """
        what = f"Watching {self.framework}, nothing is known of how to ask a model for its words"
        raise InputError(what, hint=EXPLAIN_AFTERWARDS)

    @property
    def classes(self) -> list[str]:
        """The class of each output: as asked, else as the model says, else the labels in sorted order."""
        asked = names_of(self.request.classes)
        if asked is None:
            own = [str(name) for name in self.outputs() or ()]
            asked = own if own and set(self.samples.classes) <= set(own) else in_order(self.samples.classes)
        unknown = sorted(set(self.samples.classes) - set(asked))
        if unknown:
            raise InputError("Some labels are no class of the model", ids=unknown, hint="Name all: classes=[…]")
        return list(asked)

    @functools.cached_property
    def codes(self) -> np.ndarray:
        """The samples' labels as columns of the logits: int32, shape (samples,), -1 = unlabeled."""
        return self.samples.codes(self.recording.classes)

    def __enter__(self) -> Self:
        """Open the recording and put the hooks in place; whatever fails leaves none behind."""
        if self.request.explain:
            self.explainer()  # an error now, and not when the training is over
        BaseStore(self.request.store).prepare()  # a folder that cannot be written must not cost a training
        self.recording = Recording(self.folder, self.ids.names, self.classes, framework=self.framework)
        try:
            self._runs.look()
            self.attach()
        except BaseException:
            self.undo.close()
            self.recording.drop_empty()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Take every hook back; scan and log what was recorded where the training went well."""
        try:
            if kind is None and not self.broken:
                with self._letting_go():
                    self.finish()
        finally:
            self.undo.close()
        with contextlib.suppress(OSError):
            self.recording.discard_open() if kind or self.broken else self.recording.close()
        if kind is not None:
            self._unreported = "the training broke off"
        elif self.broken:
            self._unreported = f"the capture let go: {self.broken}"
        elif not self.recording.started:
            self._unreported = "nothing was recorded"
            _logger.warning("Capture recorded nothing: no batch of the watched training came by. %s", self.how)
        elif not self.request.scan:
            self._unreported = "it was not asked for (scan=False)"
        else:
            self._scan()

    def finish(self) -> None:
        """Record what is left at the end of a training, while the hooks are in place; nothing by default."""

    def record(
        self,
        rows: np.ndarray,
        logits: Any,  # noqa: ANN401 - tensors of any framework
        *,
        split: str = TRAIN,
        epoch: int,
        embeddings: Any = None,  # noqa: ANN401
    ) -> None:
        """Write a batch: positions of its samples, logits (n, classes), embeddings (n, dimensions); not guarded."""
        if self.broken or epoch % self.request.every:
            return
        self._runs.look()
        vectors = None if embeddings is None else to_numpy(embeddings).astype(np.float32)
        self.recording.batch(rows, to_numpy(logits), split=split, epoch=epoch, embeddings=vectors)

    def record_tokens(self, rows: np.ndarray, values: Sequence[np.ndarray], *, split: str = TRAIN, epoch: int) -> None:
        """Write a batch of a tagger: of each sample the logits of its tokens (tokens, tags); not guarded."""
        if self.broken or epoch % self.request.every:
            return
        self._runs.look()
        self.recording.tokens(rows, values, split=split, epoch=epoch)

    @contextlib.contextmanager
    def guard(self) -> Iterator[None]:
        """Do the capture's work within somebody else's training: its faults stay here, but for wrong ids at first."""
        if self.broken:
            return (yield)
        try:
            yield
        except InputError as error:
            if not self.recording.started:
                raise
            self.let_go(error)
        except Exception as error:
            self.let_go(error)

    @contextlib.contextmanager
    def _letting_go(self) -> Iterator[None]:
        try:
            yield
        except Exception as error:
            self.let_go(error)

    def let_go(self, error: Exception) -> None:
        """Say once what went wrong, and take every hook back."""
        if self.broken:
            return
        self.broken = error_text(error) or type(error).__name__
        _logger.warning("Capture let go, and the training goes on: %s: %s", type(error).__name__, self.broken)
        try:
            self.undo.close()
        except Exception as fault:
            _logger.warning("A hook could not be taken back: %s", error_text(fault))

    def positions(self, rows: np.ndarray, size: int, split: str) -> np.ndarray:
        """Return the samples of rows of a data set that has no ids: by order, where the numbers fit.

        Parameters
        ----------
        rows
            Positions within the data set.
        size
            How many rows the data set has.
        split
            Its split.

        Raises
        ------
        InputError
            If it has neither as many rows as there are samples nor as many as the samples of that split.
        """
        return split_positions(self.samples, size, split)[rows]

    def signals(self) -> Signals:
        """Return what a scan can use: dynamics of the training and the held-out rows, or out-of-fold probabilities.

        Embeddings of training rows are left out: the model has learned the given labels, wrong ones too, and draws a
        mislabeled row near the class that it is called.
        """
        kept, ids, classes = self.folder, self.recording.ids, self.recording.classes
        file = kept / OUT_OF_FOLD
        probabilities = np.load(file, allow_pickle=False) if file.exists() else None
        single = self.samples.task == "classification"
        trained = single and len(classes) > 1 and self.recording.finished(TRAIN) >= FEWEST
        dynamics = Dynamics(kept) if trained else None  # with the held-out rows, which show whether they count
        if probabilities is None and dynamics is None:
            return Signals()
        return Signals(pred_probs=probabilities, classes=classes, ids=ids, dynamics=dynamics)

    def embeddings(self, split: str = TRAIN) -> tuple[list[str], np.ndarray]:
        """Return ids and vectors, float32 of shape (n, dimensions), of the newest epoch.

        Raises
        ------
        InputError
            If none were recorded.
        """
        newest = self.recording.last(f"{split}/{EMBEDDINGS}")
        if newest is None:
            raise InputError(f"No embeddings of {split} were recorded", hint="Name the module: embedding=…")
        rows, vectors = newest
        return [self.recording.ids[row] for row in rows.tolist()], vectors.astype(np.float32)

    @property
    def report(self) -> Report:
        """The scan of the samples with what was recorded.

        Raises
        ------
        LabelsiftError
            If there is none; it says why.
        """
        if self._report is None:
            raise LabelsiftError(f"There is no report of this training: {self._unreported}")
        return self._report

    def _asked_explainer(self) -> Explainer | None:
        """Return the explainer of the model that stands now; what fails costs the words, and not the report."""
        if not self.request.explain:
            return None
        try:
            return self.explainer()
        except Exception as error:
            _logger.warning("No words of the trained model: %s: %s", type(error).__name__, error_text(error))
            return None

    def _scan(self) -> None:
        from ..scanning import scan  # takes seconds to import, and is only wanted when a training is over

        try:
            samples = seen_samples(self.samples, self.recording)
            explain, store = self._asked_explainer(), self.request.store
            self._report = scan(samples, signals=self.signals(), explain=explain, store=store, progress=False)
        except Exception as error:  # hours of training stand behind it
            self._unreported = error_text(error) or type(error).__name__
            _logger.warning("The scan after the training failed: %s: %s", type(error).__name__, self._unreported)
            return
        self._runs.log(self._report)
