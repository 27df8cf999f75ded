"""What a reader says of labels: those that mean missing, and columns of labels that nobody named."""

from __future__ import annotations

from collections.abc import Sequence

import pyarrow as pa
import pyarrow.compute as pc

from ..data.class_names import MISSING, PERHAPS_MISSING
from .column_roles import ColumnRoles

LOOKED_AT = 1_000  # rows
_CALLED = {
    "label",
    "labels",
    "class",
    "category",
    "categories",
    "intent",
    "target",
    "sentiment",
    "topic",
    "tag",
    "tags",
}
_MOST = 50  # different values that a column without such a name may have


def without_missing(labels: pa.ChunkedArray, missing: Sequence[str] | None) -> tuple[pa.ChunkedArray, list[str]]:
    """Return labels with null for those that mean missing, and a note where they were told by what they are.

    What pandas and databases write is taken so, but ``None`` and ``NA`` beside others only: they name classes, too.

    Parameters
    ----------
    missing
        The labels that mean missing, as the user says; None = those that pandas and databases write.
    """
    values = pc.unique(labels.drop_null()).to_pylist()
    if missing is not None:
        return _nulled(labels, [value for value in values if value in missing]), []
    sure = [value for value in values if value.strip() in MISSING]
    perhaps = [value for value in values if value.strip() in PERHAPS_MISSING]
    told = sorted([*sure, *perhaps])
    if not told:
        return labels, []
    count = pc.sum(pc.is_in(labels, value_set=pa.array(told))).as_py()
    what = f"{count:,} labels look like missing values ({', '.join(told)})"
    if not sure:
        return labels, [
            f"{what}, and are taken for classes. If they mean that there is no label, say so: missing={told!r}, "
            f"--missing '{','.join(told)}'."
        ]
    return _nulled(labels, told), [
        f"{what}, and are taken for no label. If they are classes, say so: missing=[], --missing ''."
    ]


def _nulled(labels: pa.ChunkedArray, values: Sequence[str]) -> pa.ChunkedArray:
    if not values:
        return labels
    return pc.if_else(pc.is_in(labels, value_set=pa.array(values)), pa.scalar(None, pa.string()), labels)


def forgotten(head: pa.Table, columns: ColumnRoles) -> list[str]:
    """Return a note on the columns that look like labels, by name or by few values, where none was named as such.

    Parameters
    ----------
    head
        The first rows, all columns.
    """
    likely = [name for name in head.column_names if name not in columns.names and _like_labels(name, head[name])]
    if not likely:
        return []
    likely.sort(key=lambda name: name.lower() not in _CALLED)
    return [
        f"No column of labels was named, so none is judged. These look like labels: {', '.join(likely[:5])}. "
        f"Name one: label={likely[0]!r}, --label {likely[0]}."
    ]


def _like_labels(name: str, column: pa.ChunkedArray) -> bool:
    if name.lower() in _CALLED:
        return True
    if not (pa.types.is_string(column.type) or pa.types.is_integer(column.type) or pa.types.is_dictionary(column.type)):
        return False
    values = len(pc.unique(column.drop_null()))
    return 2 <= values <= min(_MOST, len(column) // 4)
