"""Slices declared for a scan: validated before it begins, inherited from the run before, kept with what they hold."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Mapping
from copy import copy
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa

from ..data.factorize import Cells, partition
from ..data.slugs import slugs
from ..data.textless import SETTING as TEXTS
from ..data.textless import comparable_texts, without_texts
from ..errors import InputError, StoreError
from ..store.run_info import read_facts
from .computed_columns import TYPES
from .named_slices import COLUMN, SETTING, Definitions, NamedSlice, named_masks, named_slices, of_slice
from .seeds import selection
from .sql_filter import Column, Selection

if TYPE_CHECKING:
    from ..data.samples import Samples
    from ..store.base import BaseStore
    from ..store.run import Run

_ROWS = 20  # of the data that a condition is tried on before a scan
_MORE = {
    "suggested_label": pa.string(),
    "confidence": pa.float32(),
    "consensus_label": pa.string(),
    "consensus_quality": pa.float32(),
    "opinions": pa.int32(),
    "dynamics_subset": pa.string(),
} | dict.fromkeys(
    ("aum", "difficulty", "dynamics_confidence", "dynamics_variability", "dynamics_correctness"), pa.float32()
)
_COUNTS = ("dynamics_forgetting", "dynamics_first_learned")


def checked(
    slices: Definitions | None, samples: Samples, *, issues: Collection[str], vectors: bool
) -> dict[str, NamedSlice] | None:
    """Read definitions, and refuse what a scan of these samples could not make; None where none were given.

    Parameters
    ----------
    issues
        What the scan looks for: the columns of its scores.
    vectors
        Whether it makes embeddings, or has them.

    Raises
    ------
    InputError
        As of :func:`labelsift.search.named_slices.named_masks`.
    """
    if slices is None:
        return None
    wanted = named_slices(slices)
    columns = _stand_ins(samples, issues)
    for name, named in wanted.items():
        try:
            if named.where is not None:
                columns.matching(named.where)
                continue
            samples.positions(list(named.like))
            if not vectors:
                raise InputError("This scan makes no embeddings", hint="Run a check that needs them (label, outlier)")
        except InputError as error:
            raise of_slice(name, error) from None
    _require_no_clash(wanted, samples)
    return wanted


def _inherited(store: BaseStore, dataset: str, parent: str | None) -> tuple[str, dict[str, NamedSlice]]:
    """Return the run whose slices a new one of the same data set inherits, and these; "" and none where none has."""
    runs = store.runs()
    before = parent or next((info.run for info in runs if info.dataset == dataset), None)
    if before is None:
        return "", {}
    try:
        kept = read_facts(store.place_of(before)).get("settings", {}).get(SETTING)
        return (before, named_slices(kept)) if kept else ("", {})
    except (InputError, StoreError):  # of another version, or broken: no reason against a scan
        return "", {}


def keep(report: Run, wanted: Mapping[str, NamedSlice] | None, *, parent: str | None) -> None:
    """Keep slices in a run's settings, with a note on each that cannot be made, or that holds none or all samples.

    Parameters
    ----------
    wanted
        Those that were declared; None for those of the parent, else of the last run of the same data set.
    """
    before = ""
    if wanted is None:
        before, wanted = _inherited(report.store, report.samples.name, parent) if report.store else ("", {})
    plain: dict[str, Any] = {}
    notes: list[str] = []
    for name, named in wanted.items():
        try:
            mask = _kept_mask(report, named)
        except InputError as error:
            words = f"of run {before} could not be carried over" if before else "cannot be made"
            notes.append(f"The slice {name} {words}: {_why(error.what.removeprefix(f'Slice {name}: '))}.")
            continue
        like = report.samples.ids.take(report.samples.positions(list(named.like))).to_pylist()  # pseudonyms, maybe
        plain[name] = named.plain if named.where is not None else {**_table(named), "like": like}
        if not mask.any():
            notes.append(f"The slice {name} holds no sample.")
        elif mask.all() and len(mask):
            notes.append(f"The slice {name} holds all samples, so there is no rest that it differs from.")
    if plain:
        report.settings |= {SETTING: plain}
    report.notes += tuple(notes)


def _kept_mask(report: Run, named: NamedSlice) -> np.ndarray:
    """Return the mask of a slice, of what is kept of a run: a later look at it must find the same."""
    if report.settings.get(TEXTS) is False and named.where is not None:
        bare = copy(report)
        bare.samples = without_texts(report.samples)
        selection(bare).matching(named.where)
    return named_masks(report, {named.name: named})[named.name]


def _why(what: str) -> str:
    """Return what a note can say of an error: notes are shared, so they quote no condition, which names values."""
    if not what.startswith("The condition "):
        return what
    absent = re.search(r"No field named ([^ ').]+)", what)
    return f"there is no column {absent[1]}" if absent else "its condition does not fit this run's columns"


def _table(named: NamedSlice) -> dict[str, Any]:
    return dict(named.plain) if isinstance(named.plain, dict) else {}


def _stand_ins(samples: Samples, issues: Collection[str]) -> Selection:
    """Return the columns of a scan that has not been made: those of some samples, and nulls for what it will add."""
    few = samples.take(np.arange(min(len(samples), _ROWS)))
    rows = len(few)
    columns: dict[str, Column] = {}
    for table in (few.table, few.metadata):
        columns |= {name: table[name] for name in table.column_names if name not in columns}
    taken = {name.casefold() for name in columns}
    scores = {f"{issue}_score": pa.float32() for issue in issues} | {
        f"is_{issue}_issue": pa.bool_() for issue in issues
    }
    types = dict(TYPES) | scores | _MORE | dict.fromkeys(_COUNTS, pa.int32())
    for name, kind in types.items():
        if name not in taken:
            columns[name] = _of_nulls(rows, kind)
    if not samples.has_texts:
        for name in ("text_length", "words", "language"):
            if name not in taken:
                columns[name] = partial(_refused, f"The samples have no texts, so there is no {name}")
    if "has_pii" not in taken and "pii" not in issues:
        columns["has_pii"] = partial(_refused, "This scan does not look for personal data")
    return Selection(rows, columns)


def _of_nulls(rows: int, kind: pa.DataType) -> Callable[[], pa.ChunkedArray]:
    return lambda: pa.chunked_array([pa.nulls(rows, kind)])


def _refused(why: str) -> pa.ChunkedArray:
    raise InputError(why, hint="Name other columns")


def _require_no_clash(wanted: Mapping[str, NamedSlice], samples: Samples) -> None:
    """Refuse a name whose slug is that of a value in the user's own column ``slice``."""
    if COLUMN not in samples.metadata.column_names:
        return
    cells = partition(COLUMN, samples.metadata[COLUMN], texts=comparable_texts(samples)[0])
    taken = {slug.casefold() for slug in slugs(list(cells.predicates))} if isinstance(cells, Cells) else set()
    if clashing := [name for name, named in wanted.items() if named.slug.casefold() in taken]:
        raise InputError(f"The column {COLUMN} has values of these names", ids=clashing, hint="Rename the slices")
