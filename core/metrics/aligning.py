"""Two runs under the names of the newer one: what a changed taxonomy explains is no correction."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from ..data.remap import COLUMNS
from ..data.taxonomy import Taxonomy
from ..store.run import Run

_NAMES = [(name, pa.string()) for name in ("kind", "old", "new")]
SCHEMA = pa.schema([*_NAMES, ("samples", pa.int64()), ("decided", pa.int64())])


def aligned(old: Run, taxonomy: Taxonomy) -> Run:
    """Return the older run under the present names; what was split or retired since keeps its old one."""
    table = old.samples.table
    for name in COLUMNS:
        if name in table.column_names:
            table = table.set_column(table.column_names.index(name), name, _present(table[name], taxonomy))
    classes = tuple(taxonomy.fate(one).name or one for one in old.classes)
    return replace(old, samples=replace(old.samples, table=table), classes=classes)


def explained(before: pa.Array, after: pa.Array, taxonomy: Taxonomy) -> np.ndarray:
    """Tell which labels changed as the taxonomy did: bool, shape (n,).

    Parameters
    ----------
    before, after
        Labels of the same samples, the older ones under present names.
    """
    kept = np.zeros(len(before), dtype=bool)
    for label in pc.unique(before).drop_null().to_pylist():
        fate = taxonomy.fate(label)
        if fate.name is None:
            here = pc.fill_null(pc.equal(before, label), False)
            fits = pc.is_in(after, value_set=pa.array([*fate.options, None], pa.string()))
            kept |= pc.and_(here, fits).to_numpy(zero_copy_only=False)
    return kept


def taxonomy_changes(before: pa.Array, after: pa.Array, taxonomy: Taxonomy | None) -> pa.Table:
    """Return what became of the classes, one row an old label that is none any more, most samples first.

    Returns
    -------
    pyarrow.Table
        ``kind`` (renamed, merged, split, retired), ``old``, ``new``, ``samples`` that had the old label, and of
        a split class how many are ``decided``.
    """
    rows = []
    labels = pc.unique(before).drop_null().to_pylist() if taxonomy else []
    fates = {label: taxonomy.fate(label) for label in labels} if taxonomy else {}
    bearers = [fate.name for fate in fates.values()]
    for label, fate in fates.items():
        if fate.name == label:
            continue
        here = pc.fill_null(pc.equal(before, label), False)
        kind = "split" if fate.options else "retired"
        if fate.name is not None:
            kind = "merged" if bearers.count(fate.name) > 1 else "renamed"
        chosen = pc.is_in(after.filter(here), value_set=pa.array(fate.options, pa.string()))
        rows.append(
            {"kind": kind, "old": label, "new": fate.name or ", ".join(fate.options) or None}
            | {"samples": pc.sum(here).as_py() or 0, "decided": (pc.sum(chosen).as_py() or 0) if fate.options else None}
        )
    return pa.Table.from_pylist(sorted(rows, key=lambda row: (-row["samples"], row["old"])), schema=SCHEMA)


def _present(labels: pa.ChunkedArray, taxonomy: Taxonomy) -> pa.ChunkedArray:
    coded = labels.combine_chunks().dictionary_encode()
    names = [taxonomy.fate(one).name or one for one in coded.dictionary.to_pylist()]
    return pa.chunked_array([pa.array(names, pa.string()).take(coded.indices)], pa.string())
