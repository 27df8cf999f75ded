"""Page that a tracker gets: personal data and secrets masked, or without any texts; nobody is named.

A log waits for it. So that of a large run is brief: what takes seconds, the search for weak slices first of all, grows
with the rows times the square of the columns.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pyarrow as pa

from ...data.hidden_texts import HiddenTexts, hide_in
from ...data.schemas import with_column
from ..page.build import write_page
from .disclosure import changed, disclosed, named_classes, shown_samples

if TYPE_CHECKING:
    from ...store.run import Run

MOST_ROWS, MOST_WORK = 50_000, 20_000_000  # of a page that is whole; work: rows times columns squared


def write_tracker_page(report: Run, path: Path, *, with_text: bool, known: Run | None = None) -> Path:
    """Write the page, brief where the run is large, and return its path; see :func:`page_run`."""
    run, share = page_run(report, with_text=with_text, known=known)
    rows, columns = len(run.samples), run.samples.metadata.num_columns
    brief = rows > MOST_ROWS or rows * columns**2 > MOST_WORK
    return write_page(run, path, share=share, brief=brief, named=named_classes(run.samples))


def page_run(report: Run, *, with_text: bool, known: Run | None = None) -> tuple[Run, bool]:
    """Return the run whose page a tracker gets, and whether the page is one to share, without texts.

    With texts it is a copy of the run in which personal data and secrets are masked; spans, which have their places in
    the texts as they are, get the page without texts.

    Parameters
    ----------
    known
        The disclosed run with words if ``with_text``, where it was worked out before.
    """
    whole = with_text and report.samples.task != "spans"
    run = known if known is not None and whole == with_text else disclosed(report, words=whole)
    if not whole:
        return run, True
    hidden = HiddenTexts(report.findings, report.scores.column_names)
    samples = run.samples
    texts = [hidden.masked(*cells) for cells in zip(samples.ids.to_pylist(), samples.texts.to_pylist(), strict=True)]
    table = with_column(samples.table, "text", pa.array(texts, pa.string()))
    metadata = samples.metadata
    for name in metadata.column_names:
        metadata = with_column(metadata, name, _masked(metadata[name]))
    findings = with_column(run.findings, "reason", _masked(run.findings["reason"]))
    facts = run.facts | {"checks": hide_in(run.facts["checks"])}
    samples = shown_samples(samples, table, metadata)
    return changed(run, samples=samples, findings=findings, facts=facts), False


def _masked(column: pa.ChunkedArray) -> pa.Array | pa.ChunkedArray:
    """Return a column with marks in place of personal data and secrets in its texts."""
    if pa.types.is_dictionary(column.type):
        column = column.cast(column.type.value_type)
    if not (pa.types.is_string(column.type) or pa.types.is_large_string(column.type)):
        return column
    coded = column.combine_chunks().dictionary_encode()
    return pa.array([hide_in(value) for value in coded.dictionary.to_pylist()], pa.string()).take(coded.indices)
