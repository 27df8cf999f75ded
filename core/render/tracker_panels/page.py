"""Page that a tracker gets: personal data and secrets masked, or without any texts; nobody is named.

A log waits for it. So that of a large run is brief: what takes seconds, the search for weak slices first of all, grows
with the rows times the square of the columns.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import pyarrow as pa

from ...data.hidden_texts import HiddenTexts, hide_in
from ...data.people_columns import people_columns
from ...data.schemas import with_column
from ...search.named_slices import slices_of
from ..page.build import write_page

if TYPE_CHECKING:
    from ...data.samples import Samples
    from ...store.run import Run

MOST_ROWS, MOST_WORK = 50_000, 20_000_000  # of a page that is whole; work: rows times columns squared


def write_tracker_page(report: Run, path: Path, *, with_text: bool) -> Path:
    """Write the page, brief where the run is large, and return its path."""
    run, share = page_run(report, with_text=with_text)
    rows, columns = len(run.samples), run.samples.metadata.num_columns
    return write_page(run, path, share=share, brief=rows > MOST_ROWS or rows * columns**2 > MOST_WORK)


def page_run(report: Run, *, with_text: bool) -> tuple[Run, bool]:
    """Return the run whose page a tracker gets, and whether the page is one to share, without texts.

    With texts it is a copy of the run in which personal data and secrets are masked; spans, which have their places in
    the texts as they are, get the page without texts.
    """
    report = _without_people(report)
    if not with_text or report.samples.task == "spans":
        return report, True
    hidden = HiddenTexts(report.findings, report.scores.column_names)
    samples = report.samples
    texts = [hidden.masked(*cells) for cells in zip(samples.ids.to_pylist(), samples.texts.to_pylist(), strict=True)]
    table = with_column(samples.table, "text", pa.array(texts, pa.string()))
    metadata = samples.metadata
    for name in metadata.column_names:
        if pa.types.is_string(metadata[name].type):
            cells = pa.array([hide_in(cell) for cell in metadata[name].to_pylist()], pa.string())
            metadata = with_column(metadata, name, cells)
    return replace(report, samples=_shown(samples, table, metadata)), False


def _without_people(report: Run) -> Run:
    """Return the run without what is known of single people: annotators' figures, and columns that name somebody.

    A column that a declared slice speaks of stays: the slice asks for it.
    """
    metadata = report.samples.metadata
    asked = " ".join(named.where or "" for named in slices_of(report).values())
    people = [name for name in people_columns(metadata.column_names) if name not in asked]
    facts = report.facts | ({"annotators": []} if "annotators" in report.facts else {})
    if not people and facts == report.facts:
        return report
    return replace(
        report, samples=_shown(report.samples, report.samples.table, metadata.drop_columns(people)), facts=facts
    )


def _shown(samples: Samples, table: pa.Table, metadata: pa.Table) -> Samples:
    """Return samples as they are shown, under the fingerprint of what was scanned."""
    shown = replace(samples, table=table, metadata=metadata)
    shown.__dict__["fingerprint"] = samples.fingerprint
    return shown
