"""Problems of rows in one sentence: how many samples have one beside their labels, and what holds for the whole set."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pyarrow.compute as pc

from ..data.formatting import listed, percent
from ..data.issues import SYSTEMATIC, advice_names, issue_named
from ..data.schemas import issues_in
from ..metrics.slice_metrics import score_column

if TYPE_CHECKING:
    from ..store.run import Run
    from .overview import Overview

ABOUT_LABELS = frozenset({"label", "ambiguous", "span", "unlearnable"})


def row_problems(overview: Overview) -> str:
    """Say what is wrong beside the labels, after a headline on these; without such a headline only of the whole set.

    "" where there is nothing to say.
    """
    report = overview.report
    sentences = []
    if overview.judged or overview.marked or overview.unknowable is not None:
        flagged = _flagged_rows(report)
        if flagged:
            have = "has" if flagged == 1 else "have"
            share = percent(flagged, overview.rows)
            sentences.append(f"Beside that, {flagged:,} of {overview.rows:,} samples {have} another problem ({share}).")
    else:
        known = issues_in(report.scores)
        counts = [(entry.count, entry.issue) for entry in overview.issues if entry.count and entry.issue in known]
        most = sorted(counts, key=lambda entry: -entry[0])[:4]
        if len(most) > 1:
            sentences.append(f"Most often: {listed([issue_named(issue).counted(count) for count, issue in most])}.")
    if whole := _of_the_whole(report):
        sentences.append(f"In the data set as a whole: {listed(whole, most=5)}.")
    return " ".join(sentences)


def _flagged_rows(report: Run) -> int:
    """Count the samples that any check flagged for something that can be mended, other than their labels."""
    flags = np.zeros(len(report.samples), dtype=bool)
    for issue in set(issues_in(report.scores)) - ABOUT_LABELS - advice_names():
        column = score_column(report, f"is_{issue}_issue")
        if column is not None:
            flags |= column.fill_null(False).to_numpy()
    return int(flags.sum())


def _of_the_whole(report: Run) -> list[str]:
    """Name what was found about classes, slices or the data set, in the order in which issues are shown."""
    rows = report.findings.filter(pc.not_equal(report.findings["scope"], "sample"))
    rows = rows.filter(pc.not_equal(rows["kind"], SYSTEMATIC))
    issues = [issue_named(name) for name in set(pc.unique(rows["issue"]).to_pylist()) - ABOUT_LABELS]
    titles = [issue.title for issue in sorted(issues, key=lambda issue: (issue.rank, issue.name))]
    return [title[:1].lower() + title[1:] if title[1:2].islower() else title for title in titles]
