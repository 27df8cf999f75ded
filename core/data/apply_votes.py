"""Application of decisions to a table of samples: new labels, spans and texts, masked texts, removed rows."""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping, Sequence

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from ..errors import InputError
from ..texts.redaction import Marks, redact
from .adjudication import ACTIONS, Resolution
from .hidden_texts import hide_in
from .known_ids import rows_of
from .label_sets import cell_of
from .label_sets import parsed as labels_of
from .masks import marks_of, masked_places
from .redacted import moved_spans, replaced_in, span_columns, with_cells
from .schemas import with_column
from .spans import from_value, types_in
from .spans import parsed as spans_of


def applied(
    table: pa.Table, resolution: Resolution, *, new_labels: bool = False, classes: Collection[str] = ()
) -> tuple[pa.Table, np.ndarray]:
    """Change a table of samples as people decided.

    Parameters
    ----------
    new_labels
        Allow labels that the table does not have.
    classes
        Labels that are known though no row may have them.

    Returns
    -------
    table
        The same rows with new labels and texts.
    kept
        bool, shape (n,): False for the rows that people removed.

    Raises
    ------
    InputError
        For ids that the table does not have, labels that are new to it, and actions that cannot be applied.
    """
    votes = [*resolution.decided.values(), *resolution.texts.values()]
    unknown = sorted({action for action, _ in votes} - set(ACTIONS))
    if unknown:
        raise InputError("These actions cannot be applied", ids=unknown, hint=f"Known: {', '.join(ACTIONS)}")
    rows = _rows(table["id"], list(resolution.decided))
    sets = "labels" in table.column_names

    labels = {rows[sample]: _value(sample, value, sets=sets) for sample, value in resolution.votes("relabel").items()}
    texts = {rows[sample]: _value(sample, value) for sample, value in resolution.votes("edit").items()}
    if not new_labels:
        _require_known(table, labels, classes)
    kept = np.ones(len(table), dtype=bool)
    kept[[rows[sample] for sample in resolution.votes("remove")]] = False
    spans = _spans(table, rows, resolution.votes("respan"), texts, new_types=new_labels)
    changed = {"labels" if sets else "label": labels, "spans": spans, "predicted": _outdated(table, texts)}
    for column, changes in (changed | {"text": texts}).items():
        if changes:
            table = _with(table, column, changes)
    masks = {rows[sample]: value for sample, value in resolution.votes("redact").items()}
    return _masked(table, masks), kept


def row_marks(table: pa.Table, resolution: Resolution) -> dict[int, Marks]:
    """Return row → the marks in its text, of the rows that people masked, as the table was before."""
    values = resolution.votes("redact")
    marks = {}
    for sample, row in _rows(table["id"], list(values)).items():
        text = table["text"][row].as_py() if "text" in table.column_names else ""
        marks[row] = marks_of(text, masked_places(text, values[sample], sample=sample))
    return marks


def masked_metadata(metadata: pa.Table, marks: Mapping[int, Marks]) -> pa.Table:
    """Return the user's columns with the personal data and secrets in some rows masked, as these rows' texts are."""
    for name in metadata.column_names if marks else ():
        kind = metadata[name].type
        if pa.types.is_string(kind) or pa.types.is_large_string(kind):
            changes = {row: hide_in(metadata[name][row].as_py(), of_row) for row, of_row in marks.items()}
            metadata = with_cells(metadata, name, changes)
    return metadata


def without_rows(undecided: pa.Table | None, ids: Collection[str]) -> pa.Table | None:
    """Return a table without the rows of some samples; None of none."""
    if undecided is None:
        return None
    return undecided.filter(pc.invert(pc.is_in(undecided["id"], value_set=pa.array(list(ids), pa.string()))))


def _masked(table: pa.Table, values: Mapping[int, str]) -> pa.Table:
    """Mask the personal data and secrets in some texts; spans move along, see :func:`.redacted.moved_spans`."""
    texts: dict[int, str] = {}
    spans: dict[str, dict[int, str | None]] = {name: {} for name in span_columns(table)}
    for row, value in values.items():
        text, sample = table["text"][row].as_py(), table["id"][row].as_py()
        places = masked_places(text, value, sample=sample)
        texts[row] = redact(text, places)
        for name, moved in spans.items():
            marks = table[name][row].as_py()
            if marks is not None:
                moved[row] = moved_spans(marks, replaced_in(text, places))
    for column, changes in ({"text": texts} | spans).items():
        if changes:
            table = _with(table, column, changes)
    return table


def _spans(
    table: pa.Table, rows: Mapping[str, int], given: Mapping[str, str], texts: Mapping[int, str], *, new_types: bool
) -> dict[int, str | None]:
    """Return the new spans of rows: those that people gave, and none where an edit took away what was marked."""
    if "spans" not in table.column_names:
        if given:
            raise InputError(
                "There are new spans, and the data has none", ids=list(given), hint="Read it with its column: spans=…"
            )
        return {}
    changes: dict[int, str | None] = {
        rows[sample]: from_value(value, table["text"][rows[sample]].as_py(), sample=sample)
        for sample, value in given.items()
    }
    known = set() if new_types or not given else set(types_in(table["spans"]))
    odd = [
        f"{table['id'][row]} → {name}"
        for row, cell in changes.items()
        for *_, name in spans_of(cell) or ()
        if not new_types and name not in known
    ]
    if odd:
        raise InputError(
            "Corrections name types of spans that the data set does not have",
            ids=odd,
            hint="Correct them, or allow them: new_labels=True",
        )
    return changes | _moved_away(table, "spans", texts)


def _outdated(table: pa.Table, texts: Mapping[int, str]) -> dict[int, str | None]:
    """Return the rows whose predicted spans an edit took away, without any: nothing was predicted of the new text."""
    return _moved_away(table, "predicted", texts) if "predicted" in span_columns(table) else {}


def _moved_away(table: pa.Table, name: str, texts: Mapping[int, str]) -> dict[int, str | None]:
    """Return the rows in which an edit took away the words of a span, each with null."""
    gone: dict[int, str | None] = {}
    for row, text in texts.items():
        old, spans = table["text"][row].as_py(), spans_of(table[name][row].as_py()) or ()
        if any(old[start:end] != text[start:end] for start, end, _ in spans):
            gone[row] = None
    return gone


def _rows(ids: pa.ChunkedArray, wanted: list[str]) -> dict[str, int]:
    rows = rows_of(wanted, ids).to_pylist()
    missing = [sample for sample, row in zip(wanted, rows, strict=True) if row is None]
    if missing:
        raise InputError(
            "The data set has no sample with these ids", ids=missing, hint="Apply corrections to the data they are of"
        )
    return dict(zip(wanted, rows, strict=True))


def _value(sample: str, value: str | None, *, sets: bool = False) -> str:
    """Return the cell that a decision's value makes; a text, or a canonical set where samples have several labels."""
    try:
        decided = json.loads(value or "null")
    except ValueError:
        decided = None
    cell = cell_of(decided)
    if cell is None or isinstance(decided, list) != sets:
        form = "a JSON list of labels, since a sample may have several" if sets else "a JSON text"
        raise InputError("A correction has no readable value", ids=[sample], hint=f"Its value must be {form}")
    return cell


def _require_known(table: pa.Table, labels: Mapping[int, str], classes: Collection[str]) -> None:
    role = next((name for name in ("labels", "label") if name in table.column_names), None)
    cells = pc.unique(table[role]).to_pylist() if role else []

    def names_in(cell: str) -> Sequence[str]:
        return labels_of(cell) or () if role == "labels" else (cell,)

    known = {*classes, *(name for cell in cells for name in names_in(cell))}
    odd = [
        f"{table['id'][row]} → {name}" for row, cell in labels.items() for name in names_in(cell) if name not in known
    ]
    if odd:
        raise InputError(
            "Corrections name labels that the data set does not have",
            ids=odd,
            hint="Correct them, or allow them: new_labels=True",
        )


def _with(table: pa.Table, column: str, changes: Mapping[int, str] | Mapping[int, str | None]) -> pa.Table:
    """Return the table with some cells of a string column replaced."""
    present = column in table.column_names
    values = pa.concat_arrays(table[column].chunks) if present else pa.nulls(len(table), pa.string())
    mask = np.zeros(len(table), dtype=bool)
    mask[list(changes)] = True
    following = pa.array([changes[row] for row in sorted(changes)], pa.string())
    replaced = pc.replace_with_mask(values, pa.array(mask), following)
    return with_column(table, column, replaced)
