"""Capture of Trainer of transformers."""

from __future__ import annotations

import contextlib
import functools
import logging
from collections.abc import Callable, Iterator
from types import TracebackType
from typing import Any

import numpy as np
from labelsift.capture.capture import Capture
from labelsift.capture.recording import EVAL, TOKENS, TRAIN
from labelsift.capture.row_ids import ID
from labelsift.capture.token_files import read_tokens
from labelsift.data.formatting import error_text
from labelsift.errors import InputError
from labelsift.models.trained_classifier import classes_of

from .attributions import IntegratedGradients, of_trainer
from .batches import Batch, split_name, tags_of
from .epoch_counter import EpochCounter
from .marked_rows import Switch, inner_of, is_marked, mark, taken, without_marks
from .model_outputs import listening
from .sources import Source, samples_of, source_of

_logger = logging.getLogger("labelsift")


class TransformersCapture(Capture):
    """A ``transformers.Trainer``: rows travel with their batch, logits come from a forward hook of one step."""

    framework = "transformers"
    watches = ("transformers:Trainer",)

    @property
    def classes(self) -> list[str]:
        """The class of each output; of spans, the tag."""
        return tags_of(self) if self.samples.task == "spans" else super().classes

    def outputs(self) -> list[str] | None:
        """Return the names that the model's ``id2label`` gives, where they are the samples' labels."""
        return classes_of(self.target.model, self.samples)

    def explainer(self) -> IntegratedGradients:
        """Return integrated gradients of the Trainer's model."""
        return of_trainer(self.target, self.samples, self.classes)

    def attach(self) -> None:
        """Wrap what makes loaders and what takes steps; a training that is spread over processes is let go."""
        trainer, self._sources, self._switch = self.target, list[Source](), Switch()
        self._off = contextlib.ExitStack()
        spread = trainer.is_fsdp_enabled or trainer.is_deepspeed_enabled
        if spread or trainer.args.world_size > 1:
            return self.let_go(InputError("The training is spread over several processes, and each sees a part of it"))
        with contextlib.ExitStack() as whole:  # what fails in the midst leaves nothing
            whole.callback(self._off.close)
            self._put_in_place()
            whole.pop_all()

    def _put_in_place(self) -> None:
        trainer = self.target
        self._epochs = EpochCounter.of(self, self._off)
        wrapped = {
            "get_train_dataloader": self._train_loader,
            "get_eval_dataloader": self._eval_loader,
            "training_step": self._train_step,
            "prediction_step": self._eval_step,
        }
        for name, wrapper in wrapped.items():
            self._wrap(name, wrapper)
        if not trainer.args.torch_compile:
            hook = trainer.model.register_forward_pre_hook(without_marks, with_kwargs=True, prepend=True)
            self._off.callback(hook.remove)
        # Workers of a loop under way keep on marking, so that what takes the marks out stays until the loop is over
        self.undo.callback(setattr, self._switch, "on", False)

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Give the Trainer its own methods and loaders back, then scan."""
        self._off.close()
        super().__exit__(kind, error, trace)

    def token_probs(self, split: str = EVAL) -> tuple[list[str], list[np.ndarray]]:
        """Return what a tagger said of the tokens in its newest epoch.

        Parameters
        ----------
        split
            ``eval`` is out of sample, ``train`` is not: the model has learned from these very tags.

        Returns
        -------
        tuple
            Ids, and for each the probabilities of the tokens that bear a label: float32, shape (tokens, tags), their
            columns in the order of ``recording.classes``.

        Raises
        ------
        InputError
            If no tokens were recorded.
        """
        tags = self.recording.classes
        epochs = read_tokens(self.folder / split / TOKENS, len(tags))
        if not epochs:
            raise InputError(f"No tokens of {split} were recorded", hint="Evaluate within the with: eval_dataset=…")
        powers = {row: np.exp(logits - logits.max(axis=1, keepdims=True)) for row, logits in epochs[-1].items()}
        ids = [self.recording.ids[row] for row in powers]
        return ids, [power / power.sum(axis=1, keepdims=True) for power in powers.values()]

    def _wrap(self, name: str, wrapper: Callable[..., Any]) -> None:
        """Put a wrapper before a method of this one Trainer."""
        trainer = self.target
        own = getattr(trainer, name)
        self._off.callback(setattr, trainer, name, own) if name in vars(trainer) else self._off.callback(
            delattr, trainer, name
        )
        setattr(trainer, name, functools.partial(wrapper, own))

    def _train_loader(self, own: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:  # noqa: ANN401 - the Trainer's
        loader = own(*args, **kwargs)
        with self.guard():
            self._marked(loader, self.target.train_dataset, TRAIN)
        return loader

    def _eval_loader(self, own: Callable[..., Any], eval_dataset: Any = None, *args: Any, **kwargs: Any) -> Any:  # noqa: ANN401
        loader = own(eval_dataset, *args, **kwargs)
        own_sets, split = self.target.eval_dataset, EVAL
        rows = own_sets if eval_dataset is None else eval_dataset
        if isinstance(eval_dataset, str):
            rows, split = own_sets[eval_dataset], split_name(eval_dataset)
        with self.guard(), self._leaving_out(None):
            if not self.broken and not is_marked(loader):
                self._marked(loader, rows, split)
        return loader

    def _marked(self, loader: Any, given: Any, split: str) -> None:  # noqa: ANN401
        if self.broken:
            return
        source = source_of(self, inner_of(loader).dataset, given, split)
        id_name = None if callable(self.request.ids) or source.order is not None else self.request.ids or ID
        self._off.callback(mark(loader, self._switch, len(self._sources), id_name))
        if split != TRAIN:
            self._off.callback(vars(self.target).get("_eval_dataloaders", {}).clear)
        self._sources.append(source)

    def _train_step(self, own: Callable[..., Any], model: Any, inputs: Any, *args: Any, **kwargs: Any) -> Any:  # noqa: ANN401
        return self._step(lambda: own(model, inputs, *args, **kwargs), model, inputs, required=True)

    def _eval_step(self, own: Callable[..., Any], model: Any, inputs: Any, *args: Any, **kwargs: Any) -> Any:  # noqa: ANN401
        return self._step(lambda: own(model, inputs, *args, **kwargs), model, inputs, required=False)

    def _step(self, own: Callable[[], Any], model: Any, inputs: Any, *, required: bool) -> Any:  # noqa: ANN401
        """Take the marks out of a batch, and record what the model makes of it."""
        marks, ids = taken(inputs)
        batch = None
        with self.guard():
            batch = self._begun(inputs, marks, ids, required=required)
        if batch is None:
            return own()
        names = {"classifier": self.request.classifier, "embedding": self.request.embedding}
        with listening(model, len(batch.rows), batch.mask, guard=self.guard, **names) as outputs:
            result = own()
        with self.guard(), self._leaving_out(batch.source):
            batch.write(self, outputs, epoch=self._epochs.number)
        return result

    def _begun(self, inputs: Any, marks: Any, ids: list[Any] | None, *, required: bool) -> Batch | None:  # noqa: ANN401
        """Return whose rows a batch holds; None for what is not to be recorded."""
        if self.broken or self._epochs.number % self.request.every:
            return None
        if marks is None:
            if required:
                kind = type(inputs).__name__
                raise InputError(f"Nothing can travel in a batch that is a {kind}", hint="Let the collation make dicts")
            return None  # of predict, or of a loader that was there before
        numbers = marks.cpu().numpy()
        source = self._sources[int(numbers[0, 0])]
        if source.left_out:
            return None
        with self._leaving_out(source):
            rows = samples_of(self, source, numbers[:, 1], ids=ids, batch=inputs)
            return Batch.of(source, rows, inputs)
        return None

    @contextlib.contextmanager
    def _leaving_out(self, source: Source | None) -> Iterator[None]:
        """Record nothing of an evaluation whose rows are not the samples': that must not cost the training's record."""
        try:
            yield
        except InputError as error:
            if source is not None and source.split == TRAIN:
                raise
            if source is not None:
                source.left_out = True
            _logger.warning("An evaluation data set is not recorded: %s", error_text(error))
