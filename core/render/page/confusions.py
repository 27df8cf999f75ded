"""Recurring confusions as plain data for the page, each with examples beside their nearest samples."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pyarrow.compute as pc

from ...data.formatting import shortened
from ...data.hidden_texts import HiddenTexts
from ..confusions import confusions_in
from .anchors import anchor

if TYPE_CHECKING:
    from ...store.run import Run

SHOWN = 20
TEXT_LENGTH, NAME_LENGTH = 240, 300
CONFUSION = ("given", "suggested", "count", "of", "back", "words", "contrast")


def recurring(report: Run, *, share: bool) -> dict[str, Any]:
    """Return the confusions that recur: rows, how many there are, and the samples of their examples.

    A row's ``contrast`` holds, for each example, three places in ``samples``: the suspect and its nearest of the
    suggested and of the given class. A sample is its id, its anchor, and its text but on a shared page.
    """
    confusions = confusions_in(report.findings)
    included = confusions[:SHOWN]
    ids = list(dict.fromkeys(sample_id for pair in included for triple in pair.contrast for sample_id in triple))
    texts = _texts(report, ids)
    index = {sample_id: position for position, sample_id in enumerate(ids)}
    rows = [
        [
            shortened(pair.given, NAME_LENGTH),
            shortened(pair.suggested, NAME_LENGTH),
            pair.count,
            pair.size_given,
            pair.back,
            pair.words,
            [[index[sample_id] for sample_id in triple] for triple in pair.contrast if texts.keys() >= set(triple)],
        ]
        for pair in included
    ]
    samples = [
        [
            shortened(sample_id, NAME_LENGTH),
            anchor("sample", sample_id),
            None if share else shortened(texts.get(sample_id, ""), TEXT_LENGTH),
        ]
        for sample_id in ids
    ]
    return {"columns": CONFUSION, "rows": rows, "total": len(confusions), "samples": samples}


def _texts(report: Run, ids: list[str]) -> dict[str, str]:
    """Return the texts of the samples that the report has."""
    if not ids:  # a run without texts has none to show
        return {}
    rows = pc.index_in(pa.array(ids, pa.string()), value_set=report.samples.ids.combine_chunks())
    present = [sample_id for sample_id, row in zip(ids, rows.to_pylist(), strict=True) if row is not None]
    hidden = HiddenTexts(report.findings, report.scores.column_names)
    texts = report.samples.texts.take(rows.drop_null()).to_pylist()
    return {id: hidden.masked(id, text) for id, text in zip(present, texts, strict=True)}
