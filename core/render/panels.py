"""Panels of a tracker as plain data: metrics, tables and charts that the W&B and MLflow writers only render.

No text of a sample is in any panel unless asked for. What could carry text is left out by
construction, not by searching for it: a finding's reason, and a given or suggested value that is not
one of the data set's labels, are not sent, nor is the text.
"""

from __future__ import annotations

import json
import math
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from ..data.factorize import partitions
from ..data.formatting import format_span, shortened
from ..data.hidden_texts import HiddenTexts, hidden_columns
from ..data.issues import issue_named
from ..data.label_sets import format_labels
from ..data.slugs import slug
from ..metrics.refit_noise import method_of
from ..metrics.slice_metrics import (
    COMPARED,
    FEWEST,
    PROXY,
    ScoredLabels,
    overall,
    score_column,
    scored_labels,
)
from ..metrics.slice_table import full_table, worst_first
from ..store.cache import installed_version
from ..texts.redaction import masked
from .class_table import CLASS_METRICS, class_table, set_table
from .overview import Histogram as Histogram  # trackers draw it
from .overview import Overview
from .verdict import summary
from .wrong_label_words import span_number_in

if TYPE_CHECKING:
    from ..store.run import Run

# A table of more rows is slow to open on a tracker's page; the report's own files hold every finding.
MAX_FLAGGED = 10_000
# A metric is a chart on the tracker's page: beyond these, slices and classes stand in the tables only.
MAX_SLICES = 200
MAX_CLASSES = 100
MAX_MATRIX = 30
NAME_LENGTH = 40  # of a data set within a title
OTHER = "(other)"


@dataclass(frozen=True)
class Table:
    """A table for a tracker: rows are lists in the order of the columns, cells str, int, float, bool or None."""

    columns: tuple[str, ...]
    rows: list[list[Any]] = field(default_factory=list)


@dataclass(frozen=True)
class Matrix:
    """Given label (rows) against suggested label (columns): counts of the flagged samples.

    The labels with the most flags come first; beyond 30 they are summed up as ``(other)``.
    """

    labels: tuple[str, ...]
    counts: tuple[tuple[int, ...], ...]


@dataclass(frozen=True)
class Panels:
    """Everything that a tracker shows of one report.

    Parameters
    ----------
    title
        What to call the run: the data set, the share of labels that is flagged, and when, so that a list of runs tells
        them apart where it cuts their names: ``tickets 8 % · 29 Nov 19:58``.
    metrics
        Metric name → value, finite, under names that are valid in W&B and MLflow:
        ``dq/…`` for the data set and ``slice.<metric>/<slug>`` for slices, classes among them
        (``label:<class>``).
    quality
        Histogram of ``label_score``; None where labels were not judged.
    confusion
        Given against suggested labels; None where labels were not judged.
    classes, slices, flagged
        Tables: one row a class, a slice (slug and its real predicate) and a finding, worst first
        (findings: label issues, then the other issues).
    params
        Short facts: data set, fingerprint, embedder, versions of the package and of the method.
        All names begin with ``labelsift_``.
    summary
        The verdict, as Markdown of at most 8,000 characters.
    flagged_total
        The findings that there are: more than ``flagged`` has rows where the table was cut.
    metrics_of
        Whose predictions accuracy, precision, recall and F1 judge: ``predicted column``, ``user's probabilities``,
        ``proxy model`` or empty.
    """

    title: str
    metrics: dict[str, float]
    quality: Histogram | None
    confusion: Matrix | None
    classes: Table
    slices: Table
    flagged: Table
    params: dict[str, str]
    summary: str
    flagged_total: int = 0
    metrics_of: str = ""


def panels(report: Run, *, with_text: bool = False) -> Panels:
    """Work out what a tracker shows of a report.

    Parameters
    ----------
    with_text
        Add the columns ``reason`` and ``text`` to the flagged table, with personal data and secrets masked. Texts may
        hold names of people that no check finds, so they are sent only when asked for.
    """
    overview = Overview(report)
    data = scored_labels(report)
    cells, _ = partitions(report.samples, but=hidden_columns(report.facts))
    slices = full_table(report, list(cells.values()))
    first = ["slug", "predicate", "n", *COMPARED]  # what a reader looks for stands at the left
    slices = slices.select([*first, *(name for name in slices.column_names if name not in first)])
    slices = slices.take(pa.array(worst_first(slices, "label_issue_rate")))
    slices = slices.filter(pc.greater_equal(slices["n"], FEWEST))
    classes = set_table(overview, data) if report.samples.task == "multilabel" else class_table(data)
    flagged, total = _flagged(report, with_text=with_text)
    return Panels(
        title=_title(overview),
        metrics=_metrics(overview, data, slices, classes),
        quality=overview.quality,
        confusion=_confusion(overview),
        classes=_plain(classes.append_column("metrics_of", pa.array([data.source] * len(classes)))),
        slices=_plain(slices.append_column("metrics_of", pa.array([data.source] * len(slices)))),
        flagged=flagged,
        params=_params(report, data.source),
        summary=summary(overview, slices, overall(data), data.source, data.counted),
        flagged_total=total,
        metrics_of=data.source,
    )


def _title(overview: Overview) -> str:
    report, leading = overview.report, "span" if overview.marked else "label"
    entry = next((entry for entry in overview.issues if entry.issue == leading), None)
    figure = overview.share_of(entry) or f"{entry.count:,} flagged" if entry else f"{overview.flagged_rows:,} flagged"
    return f"{shortened(report.samples.name, NAME_LENGTH)} {figure} · {report.created:%-d %b %H:%M}"


def _metrics(overview: Overview, data: ScoredLabels, slices: pa.Table, classes: pa.Table) -> dict[str, float]:
    metrics: dict[str, float] = {"dq/samples": overview.rows, "dq/labeled": int(data.labeled.sum())}
    metrics["dq/judged"] = int(data.was_judged.sum()) or overview.marked
    metrics["dq/flagged"] = overview.flagged_rows
    metrics["dq/flagged_rate"] = overview.flagged_rows / overview.rows if overview.rows else math.nan
    for entry in overview.issues:
        metrics[f"dq/{entry.issue}_issues"] = entry.count
        metrics[f"dq/{entry.issue}_issue_rate"] = entry.rate
    if (told := overview.wrong_labels) is not None:
        names = ("dq/wrong_labels", "dq/wrong_labels_low", "dq/wrong_labels_high")
        metrics |= dict(zip(names, (told.number, told.low, told.high), strict=True))
    if (told := span_number_in(overview.report.facts)) is not None:
        names = ("dq/wrong_spans", "dq/wrong_spans_low", "dq/wrong_spans_high")
        metrics |= dict(zip(names, (told.number, told.low, told.high), strict=True))
    scores = score_column(overview.report, "label_score")
    if scores is not None:
        values = scores.to_numpy().astype(np.float64)
        values = values[np.isfinite(values)]
        metrics["dq/mean_label_score"] = float(values.mean()) if len(values) else math.nan
    if data.source:
        prefix = "dq/proxy" if data.source == PROXY else "dq/predicted"
        whole = overall(data)
        metrics |= {f"{prefix}_{name}": whole[name] for name in ("accuracy", "f1", "weighted_f1")}
    metrics |= _by_row(slices, slices["slug"].to_pylist(), COMPARED, MAX_SLICES)
    metrics |= _by_row(
        classes, [slug((("label", name),)) for name in classes["label"].to_pylist()], CLASS_METRICS, MAX_CLASSES
    )
    return {name: float(value) for name, value in metrics.items() if math.isfinite(value)}


def _by_row(table: pa.Table, names: list[str], metrics: tuple[str, ...], limit: int) -> dict[str, float]:
    values: dict[str, float] = {}
    for metric in metrics:
        for name, value in zip(names[:limit], table[metric].to_pylist()[:limit], strict=True):
            if value is not None:
                values.setdefault(f"slice.{metric}/{name}", value)
    return values


def _confusion(overview: Overview) -> Matrix | None:
    if overview.labels is None or overview.report.samples.task != "classification":
        return None
    flags: Counter[str] = Counter()
    for given, suggested, count in overview.confusions:
        flags[given] += count
        flags[suggested] += count
    ranked = sorted(flags, key=lambda name: (-flags[name], name))
    labels = ranked if len(ranked) <= MAX_MATRIX else [*ranked[: MAX_MATRIX - 1], OTHER]
    index = {name: min(position, len(labels) - 1) for position, name in enumerate(ranked)}
    counts = np.zeros((len(labels), len(labels)), dtype=np.int64)
    for given, suggested, count in overview.confusions:
        counts[index[given], index[suggested]] += count
    return Matrix(tuple(labels), tuple(tuple(row) for row in counts.tolist()))


def _flagged(report: Run, *, with_text: bool) -> tuple[Table, int]:
    """Return the table of flagged samples and how many findings there are.

    Label issues come first, then the other issues, each worst first: scores of different issues do
    not compare, and every exact duplicate scores 0.
    """
    findings = report.findings.filter(pc.equal(report.findings["scope"], "sample"))
    rank = [issue_named(issue).rank for issue in findings["issue"].to_pylist()]
    order = np.lexsort((findings["score"].to_numpy(), np.array(rank, dtype=np.int64)))
    included = findings.take(pa.array(order[:MAX_FLAGGED]))
    labels = set(report.samples.classes) | set(report.classes)
    columns: dict[str, list[Any]] = {
        "id": included["id"].to_pylist(),
        "given": [_label(cell, labels) for cell in included["given"].to_pylist()],
        "suggested": [_label(cell, labels) for cell in included["suggested"].to_pylist()],
        "confidence": [_rounded(value) for value in included["confidence"].to_pylist()],
        "score": [_rounded(value) for value in included["score"].to_pylist()],
        "issue": included["issue"].to_pylist(),
        "link": [report.sample_links.get(sample_id, "") for sample_id in included["id"].to_pylist()],
    }
    if with_text:
        hidden = HiddenTexts(report.findings, report.scores.column_names)
        columns["reason"] = [masked(reason) for reason in included["reason"].to_pylist()]  # of spans it quotes the text
        texts = report.samples.texts.take(pa.array(report.samples.positions(columns["id"]))).to_pylist()
        columns["text"] = [hidden.masked(id, text) for id, text in zip(columns["id"], texts, strict=True)]
    return Table(tuple(columns), [list(row) for row in zip(*columns.values(), strict=True)]), len(findings)


def _params(report: Run, source: str) -> dict[str, str]:
    facts: Mapping[str, object] = {
        "dataset": report.samples.name,
        "fingerprint": report.samples.fingerprint,
        "run": report.run,
        "rows": len(report.samples),
        "classes": len(report.samples.classes),
        "embedder": report.settings.get("embedder", ""),
        "method": method_of(report),
        "metrics_of": source,
        "version": installed_version("labelsift") or "unknown",
    }
    return {f"labelsift_{name}": str(value) for name, value in facts.items() if value != ""}


def _plain(table: pa.Table) -> Table:
    columns = [[_rounded(value) for value in column.to_pylist()] for column in table.columns]
    return Table(tuple(table.column_names), [list(row) for row in zip(*columns, strict=True)])


def _label(cell: str | None, labels: set[str]) -> str:
    value = None if cell is None else json.loads(cell)
    if isinstance(value, list) and format_span(value, None) is None:
        return format_labels(value) if all(isinstance(label, str) and label in labels for label in value) else ""
    value = format_span(value, None) or value
    return value if isinstance(value, str) and value in labels else ""


def _rounded(value: object) -> object:
    """Round to six decimals: float32 scores would otherwise show digits that mean nothing."""
    return round(value, 6) if isinstance(value, float) else value
