"""Alignment of two runs: samples matched by id, then by text, and labels under the newer run's taxonomy.

What a changed taxonomy explains is no correction of a label.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, replace

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from ..data.remap import COLUMNS, renamed
from ..data.schemas import with_column
from ..data.taxonomy import Taxonomy
from ..data.textless import comparable_texts
from ..store.run import Run

_NAMES = [(name, pa.string()) for name in ("kind", "old", "new")]
_TAXONOMY_SCHEMA = pa.schema([*_NAMES, ("samples", pa.int64()), ("decided", pa.int64())])


@dataclass(frozen=True)
class MatchedRows:
    """The samples that both runs have.

    Parameters
    ----------
    old, new
        Their rows in each run: int64, shape (shared,).
    renamed
        Pairs of (old id, new id) of those with equal texts and different ids.
    """

    old: pa.Array
    new: pa.Array
    renamed: tuple[tuple[str, str], ...]


def match_rows(old: Run, new: Run) -> MatchedRows:
    """Match the samples of two runs by their ids, then by equal texts among those that no id matches."""
    positions = pc.index_in(new.samples.ids, value_set=pa.concat_arrays(old.samples.ids.chunks))
    matched = positions.is_valid().to_numpy()
    rows_new = np.flatnonzero(matched)
    rows_old = positions.drop_null().to_numpy().astype(np.int64)
    unmatched = np.ones(len(old.samples), dtype=bool)
    unmatched[rows_old] = False
    if not (old.samples.has_texts and new.samples.has_texts):  # what has no text is known by its id alone
        unmatched[:] = False
    before, after = comparable_texts(old.samples, new.samples)
    rows_by_text: dict[str, list[int]] = defaultdict(list)
    for row in np.flatnonzero(unmatched).tolist():
        rows_by_text[before[row].as_py()].append(row)
    pairs = []
    for row in np.flatnonzero(~matched).tolist():
        candidates = rows_by_text.get(after[row].as_py())
        if candidates:
            pairs.append((candidates.pop(0), row))
    by_text = np.array(pairs, dtype=np.int64).reshape(-1, 2)
    renamed = tuple((old.samples.ids[row].as_py(), new.samples.ids[other].as_py()) for row, other in pairs)
    return MatchedRows(
        pa.array(np.append(rows_old, by_text[:, 0])), pa.array(np.append(rows_new, by_text[:, 1])), renamed
    )


def under_taxonomy(old: Run, taxonomy: Taxonomy) -> Run:
    """Return the older run under the present names; what was split or retired since keeps its old one."""
    table = old.samples.table
    for name in COLUMNS:
        if name in table.column_names:
            table = with_column(table, name, renamed(table[name], taxonomy, keep=True))
    classes = tuple(taxonomy.fate(label).name or label for label in old.classes)
    return replace(old, samples=replace(old.samples, table=table), classes=classes)


def explained_by_taxonomy(before: pa.Array, after: pa.Array, taxonomy: Taxonomy) -> np.ndarray:
    """Tell which labels changed as the taxonomy did: bool, shape (n,).

    Parameters
    ----------
    before, after
        Labels of the same samples, the older ones under present names.
    """
    explained = np.zeros(len(before), dtype=bool)
    for label in pc.unique(before).drop_null().to_pylist():
        fate = taxonomy.fate(label)
        if fate.name is None:
            had_label = pc.fill_null(pc.equal(before, label), False)
            fits = pc.is_in(after, value_set=pa.array([*fate.options, None], pa.string()))
            explained |= pc.and_(had_label, fits).to_numpy(zero_copy_only=False)
    return explained


def taxonomy_changes(before: pa.Array, after: pa.Array, taxonomy: Taxonomy | None) -> pa.Table:
    """Return what became of the classes, one row an old label that is none any more, most samples first.

    Returns
    -------
    pyarrow.Table
        ``kind`` (renamed, merged, split, retired), ``old``, ``new``, ``samples`` that had the old label, and of
        a split class how many are ``decided``.
    """
    rows = []
    fates = {label: taxonomy.fate(label) for label in pc.unique(before).drop_null().to_pylist()} if taxonomy else {}
    names = [fate.name for fate in fates.values()]
    for label, fate in fates.items():
        if fate.name == label:
            continue
        had_label = pc.fill_null(pc.equal(before, label), False)
        kind = "split" if fate.options else "retired"
        if fate.name is not None:
            kind = "merged" if names.count(fate.name) > 1 else "renamed"
        chosen = pc.is_in(after.filter(had_label), value_set=pa.array(fate.options, pa.string()))
        decided = (pc.sum(chosen).as_py() or 0) if fate.options else None
        new = fate.name or ", ".join(fate.options) or None
        samples = pc.sum(had_label).as_py() or 0
        rows.append({"kind": kind, "old": label, "new": new, "samples": samples, "decided": decided})
    rows.sort(key=lambda row: (-row["samples"], row["old"]))
    return pa.Table.from_pylist(rows, schema=_TAXONOMY_SCHEMA)
