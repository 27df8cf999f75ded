"""The command ``labelsift slices``: a metric of every slice, worst first, and the search for weak ones."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any

import click
import numpy as np

from ..errors import InputError
from ..metrics.metric_names import METRICS, metric_named
from ..metrics.slice_metrics import PROXY, counted_samples, estimates, scored_labels
from ..report import Report
from ..search.named_slices import SETTING, named_masks, named_slices
from .options import RunRef, json_option, parted, run_options
from .output import write_json
from .print_slices import print_slices, print_weak
from .settings import declared_slices

WEAK = ("error_rate", "label_issue_rate")


@click.command()
@click.option("--by", metavar="COLUMNS", help="Metadata columns, split, label or predicted, parted by commas.")
@click.option("--metric", metavar="NAME", help=f"One of {', '.join(METRICS)}.")
@click.option("--class", "label", metavar="NAME", help="Precision, recall or F1 of this class alone.")
@click.option("--split", metavar="NAME", help="Count this split alone; by default all but what a model was trained on.")
@click.option("--weak", is_flag=True, help="Search for the slices where the model is weakest, and name them.")
@run_options
@json_option
def slices(
    by: str | None, metric: str | None, label: str | None, split: str | None, weak: bool, ref: RunRef, as_json: bool
) -> None:
    """Show a metric of every slice, worst first, with its interval and its difference from all other samples.

    Slices are the values of metadata columns, each two of the columns that --by names, and the named slices of
    labelsift.toml or of the run.
    """
    report = ref.load()
    columns = None if by is None else parted(by)
    about = _about(report, metric, label=label, split=split)
    if weak:
        rows = _weak(report, about["metric"], columns=columns, split=split, label=label)
        if as_json:
            write_json(about | {"slices": rows})
        else:
            print_weak(rows, about)
        return
    masks, skipped, predicates = _named(report)
    table = report.slices(columns, metric=about["metric"], label=label, split=split, named=masks)
    rows = table.to_pylist()
    for row in rows:
        row["predicate"] = predicates.get(row["slug"], row["predicate"])
    if as_json:
        write_json(about | {"slices": rows})
        return
    for name, why in skipped.items():
        click.echo(f"The slice {name} is left out: {why}", err=True)
    print_slices(rows, about)


def _about(report: Report, metric: str | None, *, label: str | None, split: str | None) -> dict[str, Any]:
    """Return what is counted, of whose predictions, on which rows, and the metric of all of them together."""
    data = scored_labels(report, split=split)
    if metric is None:
        metric = "f1" if label is not None else "label_issue_rate" if data.source in ("", PROXY) else "error_rate"
    metric_named(metric, report.samples.task, label)
    everything = np.zeros(len(report.samples), dtype=np.int64)
    whole = estimates(data, metric, everything, 1, label=label)
    low, high = whole.interval()
    figures = {name: float(end[0]) for name, end in (("value", whole.value), ("low", low), ("high", high))}
    counted = int(counted_samples(data, metric, everything, 1)[0])
    source = data.source_of(metric)
    if not counted:
        raise InputError(*_nothing(metric, source), hint="Scan with --predicted COLUMN, or take another --metric")
    return {
        "run": report.run,
        "metric": metric,
        "class": label,
        "metric_of": source,
        "proxy": source == PROXY,
        "counted": data.counted if source else f"on {counted:,} judged labels",
        "overall": {name: None if np.isnan(value) else value for name, value in figures.items()} | {"n": counted},
    }


def _nothing(metric: str, source: str) -> tuple[str]:
    needs = {"label_issue_rate": "no label was judged", "calibration_gap": "there are no probabilities to judge"}
    why = needs.get(metric, "no sample has a label and a prediction" if source else "there are no predictions")
    return (f"There is no {metric} of this run: {why}",)


def _named(report: Report) -> tuple[dict[str, np.ndarray], dict[str, str], dict[str, str]]:
    """Return the masks of named slices, why some cannot be made, and their predicates by slug."""
    declared = declared_slices()
    wanted = named_slices(report.settings.get(SETTING) or {} if declared is None else declared)
    masks: dict[str, np.ndarray] = {}
    skipped: dict[str, str] = {}
    for name, named in wanted.items():
        try:
            masks |= named_masks(report, {name: named})
        except InputError as error:
            skipped[name] = error.what.removeprefix(f"Slice {name}: ")
    return masks, skipped, {named.slug: named.predicate for named in wanted.values()}


def _weak(
    report: Report, metric: str, *, columns: list[str] | None, split: str | None, label: str | None
) -> list[dict[str, Any]]:
    if metric not in WEAK or label is not None:
        raise InputError(f"Weak slices are told by {' or '.join(WEAK)}", hint="Leave out --metric and --class")
    from ..metrics.weak_slices.weak_slices import weak_slices  # the search loads more than a table needs

    rows = weak_slices(report, metric=metric, columns=columns, split=split).to_pylist()
    return [row | {"toml": toml_line(row)} for row in rows]


def toml_line(row: Mapping[str, Any]) -> str:
    """Write a slice as a line of the table ``[slices]``.

    >>> print(toml_line({"slug": "state:CA__age:23.5..41", "where": "state = 'CA' AND age > 23.5"}))
    state_CA_age_23_5_41 = "state = 'CA' AND age > 23.5"
    """
    name = re.sub(r"\W+|_+", "_", str(row["slug"])).strip("_")[:60] or "slice"
    key = name if name.isascii() else json.dumps(name, ensure_ascii=False)
    return f"{key} = {json.dumps(row['where'], ensure_ascii=False)}"
