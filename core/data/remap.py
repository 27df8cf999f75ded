"""Taxonomy changes applied to labels, predictions and earlier decisions."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from .schemas import from_json, to_json, with_column
from .taxonomy import Taxonomy

COLUMNS = ("label", "predicted")


@dataclass(frozen=True)
class Remapped:
    """A table in the new names.

    Parameters
    ----------
    table
        The same rows. Labels of split and retired classes are null.
    undecided
        Table ``id, was``: the rows whose class was split, with their old label.
    counts
        Change → number of rows whose label it changed.
    """

    table: pa.Table
    undecided: pa.Table
    counts: Mapping[str, int]


def remapped(table: pa.Table, taxonomy: Taxonomy, *, known: Collection[str] = ()) -> Remapped:
    """Give the labels and predictions of a table their present names.

    Parameters
    ----------
    known
        Labels that exist though no row may have them.

    Raises
    ------
    InputError
        If the taxonomy does not fit the labels; see :meth:`labelsift.data.taxonomy.Taxonomy.fit`.
    """
    undecided = pa.table({"id": pa.array([], pa.string()), "was": pa.array([], pa.string())})
    counts: dict[str, int] = {}
    if "label" in table.column_names:
        given = table["label"]
        rows = {entry["values"]: entry["counts"] for entry in pc.value_counts(given).to_pylist()}
        changes = taxonomy.fit({*rows, *known})
        rows.pop(None, None)
        split = [label for label in rows if taxonomy.fate(label).options]
        for change in changes:  # a row counts for every change that its label goes through
            moved = sum(rows.pop(label, 0) for label in change.old)
            counts[str(change)] = moved
            if change.kind in ("rename", "merge"):
                rows[change.new[0]] = rows.get(change.new[0], 0) + moved
        was_split = pc.is_in(given, value_set=pa.array(split, pa.string()))
        undecided = pa.table({"id": table["id"], "was": given}).filter(was_split)
    for name in COLUMNS:
        if name in table.column_names:
            table = with_column(table, name, renamed(table[name], taxonomy))
    return Remapped(table, undecided, counts)


def passed_over(labels: pa.ChunkedArray, taxonomy: Taxonomy) -> str:
    """Say which changes were not made in these labels, because they seem to have been made before."""
    due = taxonomy.fit(pc.unique(labels).to_pylist())
    passed = "; ".join(str(change) for change in taxonomy.changes if change not in due)
    return f"Changes of the taxonomy taken as made before, since no row has the old label: {passed}." if passed else ""


def renamed(labels: pa.ChunkedArray, taxonomy: Taxonomy, *, keep: bool = False) -> pa.ChunkedArray:
    """Return the labels under their present names; where they have none, null, or the old one if that is kept."""
    coded = labels.combine_chunks().dictionary_encode()
    old = coded.dictionary.to_pylist()
    names = pa.array([taxonomy.fate(label).name or (label if keep else None) for label in old], pa.string())
    return pa.chunked_array([names.take(coded.indices)], pa.string())


def settled(table: pa.Table, undecided: pa.Table, taxonomy: Taxonomy) -> tuple[pa.Table, pa.Table]:
    """Label the rows of classes that were split and merged again since; return the table and who still waits."""
    ends = renamed(undecided["was"], taxonomy)
    has_name = pc.is_valid(ends)
    positions = pc.index_in(table["id"], value_set=undecided["id"].filter(has_name).combine_chunks())
    labels = pc.coalesce(table["label"], pc.take(ends.filter(has_name).combine_chunks(), positions))
    split = [label for label in pc.unique(undecided["was"]).to_pylist() if taxonomy.fate(label).options]
    is_split = pc.is_in(undecided["was"], value_set=pa.array(split, pa.string()))
    return with_column(table, "label", labels), undecided.filter(pc.and_(pc.invert(has_name), is_split))


def translated(decisions: Sequence[Mapping[str, Any]], taxonomy: Taxonomy) -> list[dict[str, Any]]:
    """Return decisions under present names, without those whose label was split or retired: they say nothing now.

    Parameters
    ----------
    decisions
        Rows with ``action`` and ``value`` and, in records, ``given``, as in CORRECTIONS_SCHEMA.
    """
    translations = []
    for decision in decisions:
        translation, void = dict(decision), False
        for name in {"relabel": ("value",), "keep": ("value", "given")}.get(decision["action"], ()):
            label = _label(decision.get(name))
            if label is None:
                continue
            fate = taxonomy.fate(label)
            void = void or fate.name is None
            translation[name] = to_json(fate.name)
        if not void:
            translations.append(translation)
    return translations


def translated_table(corrections: pa.Table, taxonomy: Taxonomy) -> pa.Table:
    """Return a table of corrections under present names; see :func:`translated`."""
    if not {"action", "value"} <= set(corrections.column_names):
        return corrections  # in another form: whoever applies them says so
    return pa.Table.from_pylist(translated(corrections.to_pylist(), taxonomy), corrections.schema)


def given_names(cell: str | None, taxonomy: Taxonomy) -> set[str | None]:
    """Return the present name of a label in a JSON cell, as a set: empty where it has none any more."""
    label = _label(cell)
    if label is None:
        return {None}
    name = taxonomy.fate(label).name
    return set() if name is None else {name}


def _label(cell: str | None) -> str | None:
    try:
        label = from_json(cell)
    except ValueError:
        return None
    return label if isinstance(label, str) else None
