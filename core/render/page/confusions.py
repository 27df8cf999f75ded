"""Confusions that recur, as plain data for the page: each with its contrast pairs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ...data.issues import shortened
from ..confusions import confusions_in
from .anchors import anchor

if TYPE_CHECKING:
    from ...store.run import Run

SHOWN = 20
TEXT_LENGTH, NAME_LENGTH, REASON_LENGTH = 240, 300, 1_000
CONFUSION = ("given", "suggested", "count", "back", "verdict", "reason", "contrast")


def recurring(report: Run, *, share: bool) -> dict[str, Any]:
    """Return the confusions that recur: rows, how many there are, and the samples of their contrast pairs.

    A row's ``contrast`` holds, for each pair, three places in ``samples``: the suspect, the sample nearest to it of the
    suggested class, and that of the given one. A sample is its id, its anchor, and its text but on a shared page.
    """
    found = confusions_in(report.findings)
    shown = found[:SHOWN]
    ids = list(dict.fromkeys(one for pair in shown for triple in pair.contrast for one in triple))
    texts = _texts(report, ids)
    place = {one: at for at, one in enumerate(ids)}
    rows = [
        [
            shortened(one.given, NAME_LENGTH),
            shortened(one.suggested, NAME_LENGTH),
            one.count,
            one.back,
            one.verdict,
            shortened(one.reason, REASON_LENGTH),
            [[place[sample] for sample in triple] for triple in one.contrast if texts.keys() >= set(triple)],
        ]
        for one in shown
    ]
    samples = [
        [
            shortened(one, NAME_LENGTH),
            anchor("sample", one),
            None if share else shortened(texts.get(one, ""), TEXT_LENGTH),
        ]
        for one in ids
    ]
    return {"columns": CONFUSION, "rows": rows, "total": len(found), "samples": samples}


def _texts(report: Run, ids: list[str]) -> dict[str, str]:
    """Return the texts of the samples that the report has."""
    if not ids:
        return {}
    import pyarrow as pa
    import pyarrow.compute as pc

    samples = report.samples
    rows = pc.index_in(pa.array(ids, pa.string()), value_set=samples.ids.combine_chunks())
    known = [(one, row) for one, row in zip(ids, rows.to_pylist(), strict=True) if row is not None]
    texts = samples.texts.take(pa.array([row for _, row in known], pa.int64())).to_pylist()
    return {one: text for (one, _), text in zip(known, texts, strict=True)}
