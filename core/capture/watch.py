"""Watch: a training of any supported framework, recorded within a ``with``, by the adapter that knows its objects."""

from __future__ import annotations

from collections.abc import Sequence
from importlib.metadata import entry_points
from pathlib import Path
from typing import Any

from ..data.samples import Samples
from ..errors import InputError
from ..io.read import read
from ..store.base import DEFAULT
from .capture import Capture
from .request import Ids, WatchRequest

GROUP = "labelsift.capture"


def watch(
    target: Any,  # noqa: ANN401 - of a framework
    samples: Samples | Any,  # noqa: ANN401 - any container
    *,
    ids: Ids | None = None,
    classes: Sequence[str] | None = None,
    classifier: str | None = None,
    embedding: str | None = None,
    data: Any = None,  # noqa: ANN401 - what the model is trained on
    every: int = 1,
    label: str = "label",
    scan: bool = True,
    name: str | None = None,
    store: str | Path = DEFAULT,
) -> Capture:
    """Record ids, logits and embeddings of a training, epoch by epoch, and scan the samples when it is over.

    Within the ``with`` the training runs as ever; on exit, also after an exception, nothing of labelsift is left in it.
    The report is kept in the store, and its panels go into the W&B or MLflow run that was active.

    Parameters
    ----------
    target
        A ``transformers``, Lightning or SetFit trainer, a torch module, a Keras model, a spaCy pipeline, a scikit-learn
        estimator or an XGBoost model; see docs/capture.md for each one's loop.
    samples
        What :func:`labelsift.read` returned, or a data frame: the rows of the training, and of the evaluation, too,
        where that is wanted. Without an id column they are known by hashes of their texts.
    ids
        Where a row's id stands in what the framework hands over: a column, key or field, or what returns the ids of a
        batch. By default the column ``id``; else rows are known by their order, where the numbers fit.
    classes
        The class of each output; by default as the model says, else the labels in sorted order.
    classifier, embedding
        Names of the modules whose outputs are the logits and the embeddings, for models that do not say so.
    data
        The inputs in the order of the samples, for frameworks whose callbacks see no rows.
    every
        Record every so many epochs, or rounds of boosting.
    label
        Of a data frame: the column of the labels.
    scan
        Whether to scan, and to log, when the training is over.
    name
        Of the recording within the store; a training that is taken up again under its name goes on there.
    store
        The folder that keeps the recording and the run.

    Raises
    ------
    InputError
        If no adapter knows such a target, or the samples have no labels.
    """
    request = WatchRequest(ids, classes, classifier, embedding, data, every, scan, name, store)
    adapters: list[type[Capture]] = [point.load() for point in entry_points(group=GROUP)]
    near = [(nearness, adapter) for adapter in adapters if (nearness := adapter.nearness(target)) is not None]
    if near:
        samples = samples if isinstance(samples, Samples) else read(samples, label=label)
        if samples.given is None or samples.given.null_count == len(samples):
            raise InputError("The samples have no labels", hint="Name them: ls.read(…, label=…)")
        return min(near, key=lambda pair: pair[0])[1](target, samples, request)
    known = ", ".join(sorted(adapter.framework for adapter in adapters))
    kind = f"{type(target).__module__}.{type(target).__qualname__}"
    raise InputError(f"Nothing is known of how to watch a {kind}", hint=f"Adapters are there for: {known}")
