"""Pseudonyms in place of ids that hold personal data or a secret.

A pseudonym is made of its id alone (:func:`labelsift.texts.redaction.pseudonym`), so that the same sample has the same
one in every run and file, and whoever has the list of ids can tell which is whose: it hides ids from readers of
reports, tasks and logs, and makes nobody anonymous. People go on using their own ids: :mod:`labelsift.data.known_ids`.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import replace

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from ..data.formatting import listed
from ..data.samples import Samples
from ..data.schemas import with_column
from ..errors import InputError
from ..texts.hints import IDS
from ..texts.kind_words import counted_kinds
from ..texts.redaction import pseudonym, unmistakable


def with_safe_ids(samples: Samples) -> Samples:
    """Return the samples with a pseudonym for each id that holds unmistakable personal data or a secret, and a note.

    Raises
    ------
    InputError
        If two ids would get the same pseudonym.
    """
    ids = samples.ids.combine_chunks()
    hinted = np.flatnonzero(pc.match_substring_regex(ids, IDS))
    names: dict[int, str] = {}
    kinds = Counter[str]()
    for row, id in zip(hinted.tolist(), ids.take(pa.array(hinted)).to_pylist(), strict=True):
        if matches := unmistakable(id):
            names[row] = pseudonym(id)
            kinds.update(match.kind for match in matches)
    if not names:
        return samples
    mask = np.zeros(len(ids), dtype=bool)
    mask[list(names)] = True
    safe = pc.replace_with_mask(ids, pa.array(mask), pa.array(list(names.values()), pa.string()))
    twice = [id for id, count in Counter(names.values()).items() if count > 1]
    if twice:
        raise InputError("Two ids have the same pseudonym", ids=twice, hint="Read them as they are: keep_ids=True")
    some = f"{len(names):,} ids hold" if len(names) > 1 else "1 id holds"
    note = (
        f"{some} personal data or a secret ({listed(counted_kinds(kinds))}): pseudonyms such as"
        f" {next(iter(names.values()))} stand in their place, and your own ids are understood wherever you name them."
        " keep_ids=True (--keep-ids) leaves them."
    )
    table = with_column(samples.table, "id", pa.chunked_array([safe]))
    return replace(samples, table=table, notes=(*samples.notes, note))
