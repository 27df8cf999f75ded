"""Entries of spaCy's registries: a ``spacy train`` that is watched by its config alone.

``[training.before_update]`` is called before each update with the number of the epoch, so the epoch before is read when
the number changes; nothing announces the last one, which the logger of the same name reads when the training is over.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import IO, Any

from labelsift.capture.watch import watch
from labelsift.errors import InputError
from labelsift.io.read import read

from .capture import SpacyCapture

NAME = "labelsift.Capture.v1"
_open: dict[int, tuple[SpacyCapture, list[int]]] = {}  # by the pipeline's identity: its capture, the epoch under way


def _key(nlp: Any) -> int:  # noqa: ANN401 - a Language
    return id(nlp)


def before_update(
    samples: str,
    label: str | None = None,
    labels: str | None = None,
    spans: str | None = None,
    text: str = "text",
    id: str | None = None,
    split: str | None = None,
    classifier: str | None = None,
    every: int = 1,
    store: str = ".labelsift",
) -> Callable[[Any, dict[str, Any]], None]:
    """Return the callback of ``[training.before_update]``: ``@callbacks = "labelsift.Capture.v1"``.

    Parameters
    ----------
    samples
        The file of the rows, as :func:`labelsift.read` reads it.
    label, labels, spans, text, id, split
        Its columns.
    classifier, every, store
        As those of :func:`labelsift.watch`.
    """

    def call(nlp: Any, state: dict[str, Any]) -> None:  # noqa: ANN401 - a Language
        if _key(nlp) not in _open:
            logger_name = (nlp.config["training"].get("logger") or {}).get("@loggers")
            if logger_name != NAME:
                hint = f'Add [training.logger] with @loggers = "{NAME}", which prints what the console logger does'
                raise InputError("Nobody would record the last epoch, which spaCy does not announce", hint=hint)
            rows = read(samples, text=text, label=label, labels=labels, spans=spans, id=id, split=split)
            capture = watch(nlp, rows, classifier=classifier, every=every, store=store)
            if isinstance(capture, SpacyCapture):
                _open[_key(nlp)] = capture.__enter__(), [state["epoch"]]
        capture, seen = _open[_key(nlp)]
        if state["epoch"] != seen[0]:
            seen[0] = state["epoch"]
            capture.end_epoch()

    return call


def logger(progress_bar: str | None = None) -> Callable[..., Any]:
    """Return the logger of ``[training.logger]``: ``@loggers = "labelsift.Capture.v1"``.

    It prints what spaCy's console logger does, and ends the recording when the training is over.
    """

    def setup(nlp: Any, stdout: IO = sys.stdout, stderr: IO = sys.stderr) -> tuple[Callable, Callable]:  # noqa: ANN401
        from spacy.training.loggers import console_logger_v3  # pyright: ignore[reportMissingImports]

        _open.pop(_key(nlp), None)  # of a training that never came to its end
        log_step, end = console_logger_v3(progress_bar=progress_bar)(nlp, stdout, stderr)

        def finalize() -> None:
            kind, error, trace = sys.exc_info()  # spaCy calls it in a finally
            capture, _ = _open.pop(_key(nlp), (None, None))
            try:
                end()
            finally:
                if capture is not None:
                    if kind is None:
                        capture.end_epoch()
                    capture.__exit__(kind, error, trace)

        return log_step, finalize

    return setup
