"""Watch: a training of any supported framework, recorded within a ``with``, by the adapter that knows its objects."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from importlib.metadata import entry_points
from pathlib import Path
from typing import Any

from ..data.samples import Samples
from ..errors import InputError
from ..io.read import read
from ..store.base import DEFAULT
from .capture import Capture
from .request import Ids, WatchRequest
from .row_ids import ID

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
    explain: bool = False,
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
        where that is wanted. A data frame's rows are known by its column ``id``; without one, as samples that were read
        without an id column, by hashes of their texts.
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
    explain
        Whether that scan asks the trained model which words of flagged texts made it say their suggested label; of a
        ``transformers`` classifier only.
    name
        Of the recording within the store; a training that is taken up again under its name goes on there.
    store
        The folder that keeps the recording and the run.

    Raises
    ------
    InputError
        If no adapter knows such a target, the samples have no labels, or ``explain`` is asked of a model that cannot.
    MissingExtraError
        If ``explain`` is asked, and captum is not installed.
    """
    request = WatchRequest(ids, classes, classifier, embedding, data, every, scan, explain, name, store)
    adapters: list[type[Capture]] = [point.load() for point in entry_points(group=GROUP)]
    near = [(nearness, adapter) for adapter in adapters if (nearness := adapter.nearness(target)) is not None]
    if near:
        if not isinstance(samples, Samples):
            samples = read(samples, label=label, id=ID if ID in _columns(samples) else None)
        if samples.given is None or samples.given.null_count == len(samples):
            raise InputError("The samples have no labels", hint="Name them: ls.read(…, label=…)")
        return min(near, key=lambda pair: pair[0])[1](target, samples, request)
    known = ", ".join(sorted(adapter.framework for adapter in adapters))
    kind = f"{type(target).__module__}.{type(target).__qualname__}"
    raise InputError(f"Nothing is known of how to watch a {kind}", hint=f"Adapters are there for: {known}")


def _columns(rows: Any) -> list[Any]:  # noqa: ANN401 - any container
    """Return the names of the columns of a data frame or table; none of what has no columns."""
    names = getattr(rows, "column_names", None)  # of Arrow and of datasets
    names = getattr(rows, "columns", ()) if names is None else names
    return list(names) if isinstance(names, Iterable) and not isinstance(names, (str, bytes, Mapping)) else []
