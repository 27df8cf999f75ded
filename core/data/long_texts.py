"""Long texts, cut for judging: one cell of 20 MB must not cost what a data set does."""

from __future__ import annotations

from dataclasses import replace

import pyarrow as pa
import pyarrow.compute as pc

from .hashing import text_hash
from .samples import Samples
from .schemas import with_column

LONGEST = 100_000  # characters: some 40 pages; what comes after changes little of what a text is about


def cut_for_judging(samples: Samples) -> tuple[Samples, tuple[str, ...]]:
    """Return the samples with the beginnings of their longest texts, and a sentence that says so.

    A hash of the whole text stands at the end of a cut one, so that equal beginnings do not make copies. Spans have
    places in their texts, which stay whole.
    """
    if not samples.has_texts or samples.task == "spans":
        return samples, ()
    long = pc.greater(pc.utf8_length(samples.texts), LONGEST)
    count = pc.sum(long).as_py() or 0
    if not count:
        return samples, ()
    whole = samples.texts.filter(long).to_pylist()
    cut = pa.array([f"{text[:LONGEST]} {text_hash(text)}" for text in whole], pa.string())
    texts = pc.replace_with_mask(samples.texts.combine_chunks(), long.combine_chunks(), cut)
    ids = ", ".join(samples.ids.filter(long).to_pylist()[:5])
    text, has = ("texts", "were") if count > 1 else ("text", "was")
    note = f"{count:,} {text} of more than {LONGEST:,} characters {has} judged by the first {LONGEST:,}: {ids}."
    return replace(samples, table=with_column(samples.table, "text", texts)), (note,)
