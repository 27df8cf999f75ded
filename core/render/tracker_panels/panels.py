"""Panels of a tracker as plain data: scalars, tables and charts that the W&B and MLflow writers only render.

No text of a sample is in any panel unless asked for, nor an annotator's name or a figure of one person, nor a figure of
a slice or class of fewer than ten samples: all is made from what :mod:`labelsift.render.tracker_panels.disclosure`
leaves of a run. What could carry text is left out by construction, not by searching for it.
"""

from __future__ import annotations

import hashlib
import json
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, fields, is_dataclass
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pyarrow.compute as pc

from ...data.formatting import shortened
from ...data.issues import issue_named
from ...metrics.refit_noise import method_of
from ...metrics.slice_metrics import COMPARED, FEWEST, ScoredLabels, overall, scored_labels
from ...store.cache import installed_version
from ..class_table import class_table, set_table
from ..overview import Overview
from ..verdict import summary
from .dictionary import COLUMNS, dictionary
from .disclosure import disclosed, named_classes, private_columns
from .figures import Histogram, Matrix, Table, confusion, plain
from .flagged import SHOWN, flagged_table
from .scalars import Review, error_rate, scalars
from .slices import FIRST, Worse, slice_metrics, slice_table, worse_slices

if TYPE_CHECKING:
    from ...store.run import Run

NAME_LENGTH = 40  # of a data set within a title
TABLES = ("issues", "slices", "classes", "flagged", "dictionary")  # the tables of Panels, by the field's name


@dataclass(frozen=True)
class Parent:
    """The version of a data set that another was made from: the run that scanned it, and its fingerprint."""

    run: str
    fingerprint: str


@dataclass(frozen=True)
class Panels:
    """Everything that a tracker shows of one report.

    Parameters
    ----------
    title
        What to call the run: the data set, the share of labels that is flagged, and when, so that a list of runs tells
        them apart where it cuts their names: ``tickets 8 % · 29 Nov 19:58``.
    metrics
        Scalars of the data set, at most 30, finite, the most important first: ``dq/…``, see
        :mod:`labelsift.render.tracker_panels.scalars`.
    slice_metrics
        ``slice.<metric>/<slug>`` → value of the declared and the worst slices, see
        :mod:`labelsift.render.tracker_panels.slices`; a class is the slice ``label:<class>``.
    issues, slices, classes, flagged, dictionary
        Tables: one row an issue, a slice (slug and its real predicate), a class, a finding (worst first, the first
        thousand) and a name (what it stands for).
    all_flagged
        Every finding, with the columns of ``flagged``; see
        :func:`labelsift.render.tracker_panels.flagged.flagged_table`.
    quality
        Histogram of ``label_score``; None where labels were not judged.
    confusion
        Given against suggested labels; None where labels were not judged.
    params
        Short facts: data set, fingerprint, embedder, versions of the package and of the method.
        All names begin with ``labelsift_``.
    summary
        The verdict, as Markdown of at most 8,000 characters.
    metrics_of
        Whose predictions accuracy, precision, recall and F1 judge: ``predicted column``, ``user's probabilities``,
        ``proxy model`` or empty.
    parent
        The version of the data set before, where it is known and another.
    step
        The number of the scan among those of its data set, 0 for the first.
    earlier
        Scalars of the earlier scans of the data set by their steps, oldest first: with ``metrics`` at ``step`` they are
        a line.
    times
        When these scans were made: step → seconds since 1970.
    disclosed
        The run that all of this was made of, and the page is; see
        :func:`labelsift.render.tracker_panels.disclosure.disclosed`.
    """

    title: str
    metrics: dict[str, float]
    slice_metrics: dict[str, float]
    issues: Table
    slices: Table
    classes: Table
    flagged: Table
    dictionary: Table
    all_flagged: pa.Table = field(repr=False)
    quality: Histogram | None
    confusion: Matrix | None
    params: dict[str, str]
    summary: str
    metrics_of: str = ""
    parent: Parent | None = None
    step: int = 0
    earlier: tuple[tuple[int, dict[str, float]], ...] = ()
    times: dict[int, float] = field(default_factory=dict)
    disclosed: Run | None = field(default=None, repr=False, compare=False)

    @property
    def flagged_total(self) -> int:
        """The findings that there are: more than ``flagged`` has rows where the table was cut."""
        return len(self.all_flagged)

    @property
    def digest(self) -> str:
        """A hash of all that is shown: the same scan of the same state has the same."""
        content = self.as_dict()
        content["flagged"] = len(self.flagged.rows)  # the first of all_flagged
        whole = hashlib.sha256(json.dumps(content).encode())
        for column in self.all_flagged.columns:
            whole.update(str(len(column)).encode())
            whole.update(_content(column))
        return whole.hexdigest()

    def as_dict(self) -> dict[str, Any]:
        """Return all but ``all_flagged`` and ``disclosed`` as plain values, tables and figures as dictionaries."""
        names = [each.name for each in fields(self) if each.name not in ("all_flagged", "disclosed")]
        values = {name: getattr(self, name) for name in names}  # nothing is copied
        plain = {
            name: vars(value) if is_dataclass(value) and not isinstance(value, type) else value
            for name, value in values.items()
        }
        return plain | {"flagged_total": self.flagged_total}


def panels(
    report: Run,
    *,
    review: Review | None = None,
    parent: Parent | None = None,
    every: bool = False,
    with_text: bool = False,
) -> Panels:
    """Work out what a tracker shows of a report.

    Parameters
    ----------
    review
        What people decided so far.
    parent
        The version of the data set before.
    every
        Make every slice and class a metric, and show every finding in the flagged table.
    with_text
        Add the columns ``reason`` and ``text`` to the flagged table, with personal data and secrets masked. Texts may
        hold names of people that no check finds, so they are sent only when asked for.
    """
    left_out, report = sorted(private_columns(report)), disclosed(report, words=with_text)
    overview, review = Overview(report, named=named_classes(report.samples)), review or Review()
    data = scored_labels(report)
    slices, masks = slice_table(report)
    classes = set_table(overview, data) if report.samples.task == "multilabel" else class_table(data)
    classes = classes.filter(pc.greater_equal(classes["n"], FEWEST))
    worse = worse_slices(report, data, masks)
    flagged = flagged_table(report, with_text=with_text)
    shown = len(flagged) if every else min(SHOWN, len(flagged))
    values = scalars(overview, data, review, cut=len(flagged) - shown)
    slices = _marked(slices, worse)
    return Panels(
        title=_title(overview),
        metrics=values,
        slice_metrics=slice_metrics(slices, classes, worse, every=every),
        issues=_issues(overview),
        slices=_with_source(slices, data),
        classes=_with_source(classes, data),
        flagged=plain(flagged.slice(0, shown)),
        dictionary=Table(COLUMNS, dictionary(values, [entry.issue for entry in overview.issues], slices, classes)),
        all_flagged=flagged,
        quality=overview.quality,
        confusion=confusion(overview, set(classes["label"].to_pylist())),
        params=_params(overview, data.source, error_rate(overview, review)[1], review.page, left_out, parent),
        summary=summary(overview, slices, overall(data), data.source, data.counted, review=_queue(review)),
        metrics_of=data.source,
        parent=parent,
        times={0: report.created.timestamp()},
        disclosed=report,
    )


def _title(overview: Overview) -> str:
    report, leading = overview.report, "span" if overview.marked else "label"
    entry = next((entry for entry in overview.issues if entry.issue == leading), None)
    figure = overview.share_of(entry) or f"{entry.count:,} flagged" if entry else f"{overview.flagged_rows:,} flagged"
    return f"{shortened(report.samples.name, NAME_LENGTH)} {figure} · {report.created:%-d %b %H:%M}"


def _issues(overview: Overview) -> Table:
    rows = []
    for entry in overview.issues:
        share = round(entry.rate, 6) if overview.share_of(entry) else None
        rows.append([entry.issue, issue_named(entry.issue).title, entry.count, entry.of, share])
    return Table(("issue", "title", "samples", "of", "share"), rows)


def _marked(slices: pa.Table, worse: Sequence[Worse]) -> pa.Table:
    """Say of each slice in which metrics it is significantly worse, and put what a reader looks for first."""
    metrics: dict[str, list[str]] = defaultdict(list)
    for each in worse:
        metrics[each.slug].append(each.metric)
    marked = [", ".join(metrics.get(name, ())) for name in slices["slug"].to_pylist()]
    slices = slices.append_column("worse_in", pa.array(marked, pa.string()))
    first = [*FIRST, *COMPARED]
    return slices.select([*first, *(name for name in slices.column_names if name not in first)])


def _with_source(table: pa.Table, data: ScoredLabels) -> Table:
    return plain(table.append_column("metrics_of", pa.array([data.source] * len(table), pa.string())))


def _queue(review: Review) -> str:
    """Say how far people are, and where they decide."""
    if not review.asked:
        return ""
    return f"Decided: {review.decided:,} of {review.asked:,}" + (
        f", [the queue]({review.page})." if review.page else "."
    )


def _params(
    overview: Overview, source: str, rate_of: str, page: str, left_out: Sequence[str], parent: Parent | None
) -> dict[str, str]:
    report = overview.report
    facts: Mapping[str, object] = {
        "dataset": report.samples.name,
        "fingerprint": report.samples.fingerprint,
        "parent": parent.fingerprint if parent else "",
        "parent_run": parent.run if parent else "",
        "run": report.run,
        "rows": len(report.samples),
        "classes": len(report.samples.classes),
        "embedder": report.settings.get("embedder", ""),
        "method": method_of(report),
        "metrics_of": source,
        "error_rate_of": rate_of,
        "not_sliced": ", ".join(left_out),
        "queue": page,
        "version": installed_version("labelsift") or "unknown",
    }
    return {f"labelsift_{name}": str(value) for name, value in facts.items() if value != ""}


def _content(column: pa.ChunkedArray) -> bytes:
    """Return the bytes of a column's values, whatever its chunks are."""
    sink = pa.BufferOutputStream()
    table = pa.table({"": column.combine_chunks()})
    with pa.ipc.new_stream(sink, table.schema) as writer:
        writer.write_table(table)
    return sink.getvalue().to_pybytes()
