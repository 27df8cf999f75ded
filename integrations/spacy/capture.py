"""Capture of spaCy."""

from __future__ import annotations

from typing import Any

import numpy as np
from labelsift.capture.capture import Capture
from labelsift.capture.recording import TOKENS
from labelsift.capture.splits import held_out, parted
from labelsift.errors import InputError

from .scores import columns_of, component, text_logits, token_logits

BATCH = 256  # texts that are read at once


class SpacyCapture(Capture):
    """A spaCy pipeline: one pass over the samples' texts at the end of each epoch.

    spaCy has no hook of its own that sees a whole epoch, so the loop says where one ends: :meth:`end_epoch`; ``spacy
    train`` does by :mod:`labelsift.integrations.spacy.training_config`. Components before the one that is read run too.
    """

    framework = "spacy"
    watches = ("spacy:Language",)
    how = "Call capture.end_epoch() at the end of each epoch"

    def attach(self) -> None:
        """Find the component that judges the labels; the pipeline itself is left as it is."""
        samples = self.samples
        if not samples.has_texts:
            raise InputError("The samples have no texts, which a pipeline reads", hint="Name them: ls.read(…, text=…)")
        self._epoch, self._open, self._held_out = 0, [True], held_out(samples)
        self.undo.callback(self._open.clear)
        self._component()

    def outputs(self) -> list[str] | None:
        """Return the component's labels; None before it is initialized."""
        name, factory = self._component()
        return columns_of(self.target.get_pipe(name), factory) or None

    def _component(self) -> tuple[str, str]:
        return component(self.target, self.request.classifier, self.samples.task)

    def end_epoch(self) -> None:
        """Read every sample's text with the weights as they are now.

        Raises
        ------
        InputError
            At the first epoch, if the component's labels are not the samples' classes, or the capture is not open.
        """
        if not getattr(self, "_open", None) and not self.broken:
            raise InputError("The capture is not open", hint="Call it within: with ls.watch(…) as capture")
        epoch, self._epoch = self._epoch, self._epoch + 1
        if self.broken or epoch % self.request.every:
            return
        with self.guard():
            self._read(epoch)

    def _read(self, epoch: int) -> None:
        name, factory = self._component()
        pipe, texts = self.target.get_pipe(name), self.samples.texts
        columns, classes = columns_of(pipe, factory), self.recording.classes
        if set(columns) != set(classes):
            raise InputError(
                f"{name} has the labels {', '.join(columns[:8]) or '(none)'}",
                ids=sorted(set(columns) ^ set(classes)),
                hint="Initialize the pipeline with the samples' labels, before the watch if spans are marked",
            )
        order = [columns.index(own) for own in classes]
        written = set()
        for start in range(0, len(texts), BATCH):
            docs = self._docs(texts.slice(start, BATCH).to_pylist(), name)
            rows = np.arange(start, start + len(docs))
            spans = self.samples.task == "spans"
            values: Any = (
                token_logits(pipe, factory, docs, classes) if spans else text_logits(pipe, factory, docs)[:, order]
            )
            for split, inside in parted(rows, self._held_out, "train"):
                if spans:
                    self.recording.tokens(rows[inside], [values[place] for place in inside], split=split, epoch=epoch)
                else:
                    self.record(rows[inside], values[inside], split=split, epoch=epoch)
                written.add(f"{split}/{TOKENS}" if spans else split)
        for part in written:
            self.recording.end_epoch(part)

    def _docs(self, texts: list[str], name: str) -> list[Any]:
        """Return docs as the component is given them: after all components before it."""
        names = self.target.pipe_names
        after = names[names.index(name) :] if name in names else [*names]
        return list(self.target.pipe(texts, disable=after))
