"""Slice metrics of a model's predictions without a scan: what a training logs into a tracker at each evaluation."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime

import numpy as np
import pyarrow as pa

from ...data.formatting import listed
from ...data.hidden_texts import COLUMNS
from ...data.samples import Samples
from ...data.schemas import findings_table
from ...data.slugs import slug
from ...errors import InputError
from ...metrics.scored_labels import BROUGHT
from ...metrics.slice_metrics import FEWEST, overall, scored_labels
from ...search.named_slices import SETTING, Definitions, named_masks, named_slices
from ...signals.signals import Signals
from ...store.run import Run
from ..class_table import class_table
from .disclosure import disclosed, personal_columns
from .slices import LOGGED, slice_metrics, slice_table, worse_slices


def unscanned_run(samples: Samples, slices: Definitions | None = None, *, predicted: bool = False) -> Run:
    """Return samples as a run that no check has looked at.

    Parameters
    ----------
    slices
        Named slices, as of a scan. Their conditions may name what is known before one: metadata, split, text, label.
    predicted
        Keep the samples' own predictions; else there are none.

    Raises
    ------
    InputError
        For samples without labels or with spans, and for a slice that is none; it names the slice.
    """
    if samples.task == "spans":
        raise InputError("There are no metrics of slices from the classes of tokens", hint="Scan after the training")
    if samples.given is None or samples.given.null_count == len(samples):
        raise InputError(
            "The samples have no labels to compare predictions with", hint="Name them: ls.read(…, label=…)"
        )
    samples = samples if predicted else _unpredicted(samples)
    run = Run(
        run="evaluation",
        created=datetime.now(UTC),
        samples=samples,
        scores=pa.table({"id": samples.ids}),
        findings=findings_table(()),
        classes=samples.classes,
        settings={SETTING: {name: named.plain for name, named in named_slices(slices or {}).items()}},
        facts={COLUMNS: {"pii": personal_columns(samples)}},
    )
    named_masks(run)
    return run


def with_predictions(run: Run, predictions: np.ndarray | Sequence[str], classes: Sequence[str]) -> Run:
    """Return the run with predictions in place of those that its samples or an earlier model had.

    Parameters
    ----------
    predictions
        Probabilities, shape (n, classes); or of single labels one class a sample, by its name or its position. Numbers
        are names where a class is called by a number.
    classes
        The class of each column.

    Raises
    ------
    InputError
        If they do not fit the samples, rows are no probabilities, or numbers are neither names nor positions.
    """
    samples, values = _unpredicted(run.samples), np.asarray(predictions)
    if values.ndim != 1:
        aligned = Signals(pred_probs=values, classes=classes).aligned_pred_probs(samples)
        assert aligned is not None  # noqa: S101 - there are probabilities
        settings = run.settings | {"pred_probs": BROUGHT}
        return replace(run, samples=samples, pred_probs=aligned[0], classes=aligned[1], settings=settings)
    if len(values) != len(samples):
        raise InputError(
            f"There are {len(values):,} predictions for {len(samples):,} samples", hint="Give one a sample"
        )
    if samples.task != "classification":
        raise InputError("A sample may have several labels, and one is predicted", hint="Give probabilities of each")
    table = samples.table.append_column("predicted", pa.array(_predicted_names(values, classes), pa.string()))
    return replace(run, samples=replace(samples, table=table), pred_probs=None)


def evaluation_metrics(run: Run) -> dict[str, float]:
    """Return ``slice.<metric>/<slug>`` → value of all samples (``all``), the declared slices and the worst ones.

    Nothing where fewer than ten samples have a label and a prediction.
    """
    run = disclosed(run)
    data = scored_labels(run)
    slices, masks = slice_table(run)
    whole = overall(data)
    if whole["counted"] < FEWEST:
        return {}
    metrics = {f"slice.{name}/{slug(())}": whole[name] for name in LOGGED}
    metrics |= slice_metrics(slices, class_table(data), worse_slices(run, data, masks))
    return {name: value for name, value in metrics.items() if np.isfinite(value)}


def _predicted_names(values: np.ndarray, classes: Sequence[str]) -> list[str]:
    """Return the predicted class of each sample by its name.

    Where one class is called by a number, numbers are names throughout: were they positions whenever a name is unknown,
    the same model would be read in two ways at two evaluations.
    """
    if values.dtype.kind not in "iuf":
        return [str(value) for value in values]
    numbers, of = np.unique(values, return_inverse=True)
    names = list(map(str, numbers.tolist()))
    if not set(names) <= set(classes):  # 1.0 is the class 1
        names = [str(int(number)) if float(number).is_integer() else str(number) for number in numbers]
    if any(name.lstrip("+-").replace(".", "", 1).isdecimal() for name in classes):
        unknown = [name for name in names if name not in classes]
    else:
        unknown = [name for name in names if name not in map(str, range(len(classes)))]
        names = [classes[int(name)] for name in names if not unknown]
    if unknown:
        raise InputError(
            "These predictions are no classes",
            ids=unknown,
            hint=f"Give names: the classes are {listed(classes, most=12)}",
        )
    return np.array(names, dtype=object)[of].tolist()


def _unpredicted(samples: Samples) -> Samples:
    if samples.column("predicted") is None:
        return samples
    return replace(samples, table=samples.table.drop_columns("predicted"))
