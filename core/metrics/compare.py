"""Comparison of two runs: rows, labels and who decided them, metrics and issues.

Samples are matched by their ids, then by equal texts among those that no id matches. Differences of metrics carry
intervals that use this: see :mod:`labelsift.metrics.differences`.

A person's decision in the store's record explains a relabel if it is on the same sample, was made before the newer run
ended, chose the new label, and was shown the old one (as far as the record tells what it was shown). A label that
somebody changed by hand in just that way is put down to the people who had decided so.
"""

from __future__ import annotations

import json
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from ..data.adjudication import UNDECIDED
from ..data.issues import issue_named
from ..data.label_sets import cell_of
from ..data.textless import comparable_texts
from ..models.threads import limited_threads
from ..store.run import Run
from .alignment import MatchedRows, explained_by_taxonomy, match_rows, taxonomy_changes, under_taxonomy
from .differences import MatchedRuns, metric_differences, slice_differences
from .issue_changes import CAUSES, issue_changes
from .recalibration import claims_before
from .refit_noise import method_of, notes_on, refitted, untouched_samples

# Of each relabel the people who decided it, each with their newest decision: ISO time, reason, and their own note.
_DECIDED = pa.list_(pa.struct([(name, pa.string()) for name in ("person", "time", "why", "note")]))
_VERDICTS = {
    "accepted": "took the suggestion",
    "changed": "chose another label than the suggested one",
    "refused": "refused the suggestion",
}
# (sample id, label shown, label chosen) → person → their newest decision; ... stands for a label that nobody knows.
_Decisions = dict[tuple[Any, ...], dict[str, dict[str, Any]]]


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
        Table ``issue, old, new, fixed, appeared, recalibrated, other_method, wavered``: flagged samples; all but the
        first two count those that both runs have. ``fixed`` and ``appeared`` is what people or the evidence changed.
        The others came or went for another cause and count as neither: ``recalibrated`` by what people's answers taught
        (:mod:`labelsift.metrics.recalibration`), ``other_method`` by another version of the method, ``wavered`` because
        models were refit (:mod:`labelsift.metrics.refit_noise`).
    taxonomy
        Table ``kind, old, new, samples, decided``: what became of the older run's classes under the newer run's
        taxonomy; see :func:`labelsift.metrics.alignment.taxonomy_changes`. None of it counts as relabeled.
    by
        The columns that the user asked for; empty where every column was looked at.
    methods
        The versions of the method that the runs were made by.
    only_old, only_new
        Predicates of slices that only one of the runs has, and that can therefore not be compared.
    notes
        Sentences that a reader must know to judge the differences.
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
    methods: tuple[int, int] = (1, 1)
    only_old: tuple[str, ...] = ()
    only_new: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()

    @property
    def movements(self) -> list[tuple[str | None, str | None, int]]:
        """The changes of label and how often each happened, most often first."""
        pairs = zip(self.relabeled["old"].to_pylist(), self.relabeled["new"].to_pylist(), strict=True)
        return [(old, new, count) for (old, new), count in Counter(pairs).most_common()]

    def as_dict(self) -> dict[str, Any]:
        """Return everything as plain values, for ``--json``."""
        tables = ("relabeled", "metrics", "slices", "issues", "taxonomy")
        others = {name: value for name, value in vars(self).items() if name not in (*tables, "sides")}
        return others | {name: getattr(self, name).to_pylist() for name in tables} | {"movements": self.movements}


@limited_threads()
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
    StoreError
        If the record of decisions in the newer run's store is broken.
    """
    matched = match_rows(old, new)
    taxonomy = new.samples.taxonomy
    classes = taxonomy_changes(_labels(old, matched.old), _labels(new, matched.new), taxonomy)
    claims = claims_before(old, new, matched)
    old = under_taxonomy(old, taxonomy) if taxonomy else old
    before, after = comparable_texts(old.samples, new.samples)
    texts_differ = pc.not_equal(before.take(matched.old), after.take(matched.new))
    changed = pc.or_(texts_differ, _labels_differ(_labels(old, matched.old), _labels(new, matched.new)))
    records = new.store.decisions() if new.store is not None else []
    untouched = untouched_samples(old, new, matched, changed, records)
    same_models = refitted(old, new, matched, untouched)
    issues, moved = issue_changes(old, new, matched, untouched=untouched, refitted=same_models, before=claims)
    noise = untouched & same_models | moved
    runs = MatchedRuns(old, new, matched.old.to_numpy(), matched.new.to_numpy(), noise)
    slices, only_old, only_new = slice_differences(runs, by)
    return Comparison(
        old=old.run,
        new=new.run,
        added=_unmatched(new, matched.new),
        removed=_unmatched(old, matched.old),
        edited=tuple(new.samples.ids.take(matched.new).filter(texts_differ).to_pylist()),
        renamed=matched.renamed,
        relabeled=_with_decisions(_relabeled(old, new, matched), records, old, new, matched),
        metrics=metric_differences(runs),
        slices=slices,
        issues=issues,
        taxonomy=classes,
        sides=(old, new),
        by=tuple(by or ()),
        only_old=only_old,
        only_new=only_new,
        methods=(method_of(old), method_of(new)),
        notes=notes_on(old, new, {cause: pc.sum(issues[cause]).as_py() or 0 for cause in CAUSES}),
    )


def relabels(old: Run, new: Run) -> pa.Table:
    """Return only what :class:`Comparison` calls ``relabeled``, without the people: ``id, old, new``."""
    taxonomy = new.samples.taxonomy
    return _relabeled(under_taxonomy(old, taxonomy) if taxonomy else old, new, match_rows(old, new))


def _unmatched(run: Run, rows: pa.Array) -> tuple[str, ...]:
    """Return the ids of the samples that only this run has."""
    alone = np.ones(len(run.samples), dtype=bool)
    alone[rows.to_numpy()] = False
    return tuple(run.samples.ids.filter(pa.array(alone)).to_pylist())


def _relabeled(old: Run, new: Run, matched: MatchedRows) -> pa.Table:
    before, after = _labels(old, matched.old), _labels(new, matched.new)
    changed = _labels_differ(before, after)
    if new.samples.taxonomy is not None:
        explained = explained_by_taxonomy(before, after, new.samples.taxonomy)
        changed = pc.and_(changed, pa.array(~explained))
    table = pa.table({"id": new.samples.ids.take(matched.new), "old": before, "new": after})
    return table.filter(changed)


def _labels_differ(before: pa.Array, after: pa.Array) -> pa.BooleanArray:
    same = pc.fill_null(pc.equal(before, after), False)
    return pc.invert(pc.or_(same, pc.and_(before.is_null(), after.is_null())))


def _labels(run: Run, rows: pa.Array) -> pa.Array:
    given = run.samples.given
    labels = pa.nulls(len(rows), pa.string()) if given is None else given.take(rows)
    return labels.combine_chunks() if isinstance(labels, pa.ChunkedArray) else labels


def _with_decisions(
    relabeled: pa.Table, records: Iterable[Mapping[str, Any]], old: Run, new: Run, matched: MatchedRows
) -> pa.Table:
    """Add the column ``decided`` to a table of relabels; empty lists where the newer run's store knows nobody."""
    decisions = _decisions_by_change(records, old, new)
    old_ids = {new_id: old_id for old_id, new_id in matched.renamed}
    people = []
    for row in relabeled.to_pylist():
        decided: dict[str, dict[str, Any]] = {}
        for sample_id in dict.fromkeys((row["id"], old_ids.get(row["id"], row["id"]))):
            for label_shown in (row["old"], ...):
                decided |= decisions.get((sample_id, label_shown, row["new"]), {})
        people.append(sorted(decided.values(), key=lambda decision: decision["time"]))
    return relabeled.append_column("decided", pa.array(people, _DECIDED))


def _decisions_by_change(records: Iterable[Mapping[str, Any]], old: Run, new: Run) -> _Decisions:
    decisions: _Decisions = defaultdict(dict)
    datasets = {old.samples.name, new.samples.name, None}
    for record in records:
        is_choice = (
            record["action"] == "relabel" and record["verdict"] not in UNDECIDED and record["dataset"] in datasets
        )
        if not is_choice or datetime.fromisoformat(record["time"]) > new.created:
            continue
        label_shown = ... if record["given"] is None else _present_label(record["given"], new)
        issues = ", ".join(issue_named(issue).one for issue in record["issues"])
        why = (f"flagged as {issues}" if issues else "", _VERDICTS.get(record["verdict"] or "", ""))
        decision = {name: record[name] or None for name in ("person", "time", "note")}
        decision["why"] = "; ".join(filter(None, why))
        decisions[record["id"], label_shown, _present_label(record["value"], new)][record["person"]] = decision
    return decisions


def _present_label(cell: str | None, new: Run) -> object:
    """Return a label out of a JSON cell, under its present name; what is no label as JSON text, which hashes."""
    try:
        label = cell_of(json.loads(cell)) if cell is not None else None
    except ValueError:
        return cell
    taxonomy = new.samples.taxonomy
    if taxonomy and isinstance(label, str):
        return taxonomy.fate(label).name or label
    return label if isinstance(label, str) or label is None else json.dumps(label, sort_keys=True)
