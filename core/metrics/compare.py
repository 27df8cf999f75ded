"""What changed between two runs: rows, labels, metrics and issues.

Samples are matched by their ids, then by equal texts among those that no id matches. Differences of metrics carry
intervals that use this: see :mod:`labelsift.metrics.differences`.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from ..data.schemas import issues_in
from ..data.textless import comparable_texts
from ..store.run import Run
from .aligning import aligned, explained, taxonomy_changes
from .deciders import with_deciders
from .differences import Sides, metrics_table, slices_table
from .slice_metrics import score_column


@dataclass(frozen=True)
class Comparison:
    """Two runs side by side.

    Parameters
    ----------
    old, new
        The runs' names.
    added, removed
        Ids that only one of them has.
    edited
        Ids whose text changed.
    renamed
        Pairs of (old id, new id) with the same text.
    relabeled
        Table ``id, old, new, decided``: labels that changed; null = unlabeled. Ids are the new run's. ``decided`` lists
        the people who decided so in the new run's store: ``person, time, why, note``.
    metrics
        Table ``metric, old, new, difference, low, high, significant``: the 95 % interval of the difference, for F1 only
        where there are 30 samples.
    slices
        The same, one row a slice and metric, with ``slug, predicate, n_old, n_new``.
    issues
        Table ``issue, old, new, fixed, appeared``: flagged samples; ``fixed`` and ``appeared`` count
        those that both runs have.
    taxonomy
        Table ``kind, old, new, samples, decided``: what became of the older run's classes under the newer run's
        taxonomy; see :func:`labelsift.metrics.aligning.taxonomy_changes`. None of it counts as relabeled.
    by
        The columns that the user asked for; empty where every column was looked at.
    only_old, only_new
        Predicates of slices that only one of the runs has, and that can therefore not be compared.
    sides
        The two runs themselves, the older one under the newer one's taxonomy.
    """

    old: str
    new: str
    added: tuple[str, ...]
    removed: tuple[str, ...]
    edited: tuple[str, ...]
    renamed: tuple[tuple[str, str], ...]
    relabeled: pa.Table
    metrics: pa.Table
    slices: pa.Table
    issues: pa.Table
    taxonomy: pa.Table
    sides: tuple[Run, Run] = field(repr=False, compare=False)
    by: tuple[str, ...] = ()
    only_old: tuple[str, ...] = ()
    only_new: tuple[str, ...] = ()

    @property
    def movements(self) -> list[tuple[str | None, str | None, int]]:
        """The changes of label and how often each happened, most often first."""
        pairs = zip(self.relabeled["old"].to_pylist(), self.relabeled["new"].to_pylist(), strict=True)
        return [(old, new, count) for (old, new), count in Counter(pairs).most_common()]

    def as_dict(self) -> dict[str, Any]:
        """Return everything as plain values, for ``--json``."""
        tables = ("relabeled", "metrics", "slices", "issues", "taxonomy")
        shown = {name: value for name, value in vars(self).items() if name not in (*tables, "sides")}
        return shown | {name: getattr(self, name).to_pylist() for name in tables} | {"movements": self.movements}

    def to_html(self, path: str | Path, *, with_text: bool = False, why: Mapping[str, pa.Table] | None = None) -> Path:
        """Write the comparison as one self-contained page.

        Parameters
        ----------
        with_text
            Show the texts of changed samples and people's notes on them; else ids and labels only.
        why
            Slug of a slice → what :func:`labelsift.metrics.slice_influence.blame` ranks for it.
        """
        from ..render.page.comparing import write_comparison

        return write_comparison(self, Path(path), with_text=with_text, why=why)


def compare(old: Run, new: Run, *, by: Sequence[str] | None = None) -> Comparison:
    """Compare two runs.

    Parameters
    ----------
    by
        Metadata columns to slice by, with their two-way combinations; every column that both runs can
        slice, one way, by default.

    Raises
    ------
    InputError
        If one of the runs cannot be sliced by a column of ``by``.
    """
    rows_old, rows_new, renamed = _matched(old, new)
    taxonomy = new.samples.taxonomy
    classes = taxonomy_changes(_labels(old, rows_old), _labels(new, rows_new), taxonomy)
    old = aligned(old, taxonomy) if taxonomy else old
    before, after = comparable_texts(old.samples, new.samples)
    texts_differ = pc.not_equal(before.take(rows_old), after.take(rows_new))
    both = new.samples.ids.take(rows_new)
    relabeled = _relabeled(old, new, rows_old, rows_new)
    sides = Sides(old, new, rows_old.to_numpy(), rows_new.to_numpy())
    slices, only_old, only_new = slices_table(sides, by)
    return Comparison(
        old=old.run,
        new=new.run,
        added=_others(new, rows_new),
        removed=_others(old, rows_old),
        edited=tuple(both.filter(texts_differ).to_pylist()),
        renamed=renamed,
        relabeled=with_deciders(relabeled, old, new, renamed={after: before for before, after in renamed}),
        metrics=metrics_table(sides),
        slices=slices,
        issues=_issues(old, new, rows_old, rows_new),
        taxonomy=classes,
        sides=(old, new),
        by=tuple(by or ()),
        only_old=only_old,
        only_new=only_new,
    )


def relabels(old: Run, new: Run) -> pa.Table:
    """Return only what :class:`Comparison` calls ``relabeled``, without the people: ``id, old, new``."""
    rows_old, rows_new, _ = _matched(old, new)
    taxonomy = new.samples.taxonomy
    return _relabeled(aligned(old, taxonomy) if taxonomy else old, new, rows_old, rows_new)


def _matched(old: Run, new: Run) -> tuple[pa.Array, pa.Array, tuple[tuple[str, str], ...]]:
    """Return the rows of the samples that both have, in the old and in the new run, and the renamed ids."""
    place = pc.index_in(new.samples.ids, value_set=pa.concat_arrays(old.samples.ids.chunks))
    known = place.is_valid().to_numpy()
    rows_new = np.flatnonzero(known)
    rows_old = place.drop_null().to_numpy().astype(np.int64)
    alone = np.ones(len(old.samples), dtype=bool)
    alone[rows_old] = False
    before, after = comparable_texts(old.samples, new.samples)
    waiting: dict[str, list[int]] = defaultdict(list)
    if not (old.samples.has_texts and new.samples.has_texts):  # what has no text is known by its id alone
        alone[:] = False
    for row in np.flatnonzero(alone).tolist():
        waiting[before[row].as_py()].append(row)
    pairs = []
    for row in np.flatnonzero(~known).tolist():
        queue = waiting.get(after[row].as_py())
        if queue:
            pairs.append((queue.pop(0), row))
    more = np.array(pairs, dtype=np.int64).reshape(-1, 2)
    renamed = tuple((old.samples.ids[one].as_py(), new.samples.ids[other].as_py()) for one, other in pairs)
    return pa.array(np.append(rows_old, more[:, 0])), pa.array(np.append(rows_new, more[:, 1])), renamed


def _others(report: Run, rows: pa.Array) -> tuple[str, ...]:
    alone = np.ones(len(report.samples), dtype=bool)
    alone[rows.to_numpy()] = False
    return tuple(report.samples.ids.filter(pa.array(alone)).to_pylist())


def _relabeled(old: Run, new: Run, rows_old: pa.Array, rows_new: pa.Array) -> pa.Table:
    before, after = _labels(old, rows_old), _labels(new, rows_new)
    same = pc.fill_null(pc.equal(before, after), False)
    changed = pc.invert(pc.or_(same, pc.and_(before.is_null(), after.is_null())))
    if new.samples.taxonomy is not None:
        changed = pc.and_(changed, pa.array(~explained(before, after, new.samples.taxonomy)))
    table = pa.table({"id": new.samples.ids.take(rows_new), "old": before, "new": after})
    return table.filter(changed)


def _labels(report: Run, rows: pa.Array) -> pa.Array:
    given = report.samples.given
    found = pa.nulls(len(rows), pa.string()) if given is None else given.take(rows)
    return found.combine_chunks() if isinstance(found, pa.ChunkedArray) else found


def _issues(old: Run, new: Run, rows_old: pa.Array, rows_new: pa.Array) -> pa.Table:
    rows = []
    for name in dict.fromkeys([*issues_in(old.scores), *issues_in(new.scores)]):
        before, after = (score_column(one, f"is_{name}_issue") for one in (old, new))
        row: dict[str, Any] = {"issue": name}
        row["old"] = None if before is None else pc.sum(before).as_py()
        row["new"] = None if after is None else pc.sum(after).as_py()
        if before is not None and after is not None:
            was, now = before.take(rows_old).to_numpy(), after.take(rows_new).to_numpy()
            row |= {"fixed": int((was & ~now).sum()), "appeared": int((~was & now).sum())}
        rows.append(row)
    kinds = [("issue", pa.string()), *((name, pa.int64()) for name in ("old", "new", "fixed", "appeared"))]
    return pa.Table.from_pylist(rows, schema=pa.schema(kinds))
