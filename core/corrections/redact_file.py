"""Redaction of a file: a copy in the same format with marks in place of personal data and secrets.

Only the cells in which something is masked are written anew; all else stays as it is written in the file, as in
:mod:`labelsift.corrections.file_versions`. Nothing goes into a store: what was masked must lie nowhere else.
"""

from __future__ import annotations

import os
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import pyarrow as pa

from ..data.redacted import masked_cells
from ..errors import InputError
from ..io import files
from ..io import row_files as rowfiles
from ..io.dialect import Form
from ..io.read import read
from ..io.row_files import LINE
from ..io.whole_file import whole_file
from ..texts.redaction import finder


@dataclass(frozen=True)
class RedactedFile:
    """What was masked in a file.

    Parameters
    ----------
    rows
        Of the file.
    changed
        Rows in which something was masked.
    kinds
        Column → kind → how many of it were masked.
    left
        Columns that nobody named → kind → how many of it still stand there.
    """

    rows: int
    changed: int
    kinds: dict[str, dict[str, int]] = field(default_factory=dict)
    left: dict[str, dict[str, int]] = field(default_factory=dict)


def redact_file(
    file: str | Path,
    out: str | Path,
    *,
    text: str | None = "text",
    columns: Sequence[str] = (),
    kinds: Collection[str] = (),
    region: str | None = None,
    names: bool = True,
    form: Form = Form(),  # noqa: B008 - frozen
) -> RedactedFile:
    """Write a copy of a file with marks in place of personal data and secrets.

    Parameters
    ----------
    out
        In the same format as ``file``, and another file.
    text, columns
        The column of the texts and further ones to mask; what all others hold is counted.
    kinds, region, names
        What to look for; see :func:`labelsift.texts.redaction.finder`.

    Raises
    ------
    InputError
        If no column is named, for one that the file does not have or that holds lists or objects, for a cell whose
        type cannot hold a mark, and another format.
    """
    rowfiles.require_other(file, out, form)
    find = finder(kinds=kinds, region=region, names=names)
    masked: list[str] = list(dict.fromkeys(filter(None, [text, *columns])))
    if not masked:
        raise InputError("There is no column to mask", hint="Name the text (--text) or others (--meta)")
    before = rowfiles.load(file, written=form, wanted=masked)
    every = _columns(file, before, form)
    if missing := [name for name in masked if name not in every]:
        raise InputError("The file has no such column", ids=missing, hint=f"It has: {', '.join(every)}")
    others = [name for name in every if name not in masked]
    # Whichever column is read as the text needs no id: no row is told from another here.
    first, *rest = [*masked, *others]
    samples = read(os.fspath(file), text=first, metadata=rest, keep_ids=True, **form.options)
    if len(before.table) != len(samples):
        raise InputError(f"{file} cannot be written row by row", hint="Save it as parquet, and redact that")
    values = {first: samples.texts} | {name: samples.metadata[name] for name in rest}
    nested = [name for name in masked if pa.types.is_nested(values[name].type)]
    if nested:
        raise InputError("These columns hold lists or objects, in which nothing is masked", ids=nested)
    texts = values[text] if text else None
    cells = masked_cells(texts, {name: values[name] for name in masked if name != text}, find)
    left = masked_cells(None, {name: values[name] for name in others}, find)
    after = before
    for name, changes in cells.changes.items():
        after = after.changed(name or str(text), dict(changes))
    try:
        with whole_file(Path(out)) as half:
            rowfiles.save(after, half)
    except (OSError, UnicodeError) as error:
        raise InputError(f"{out} cannot be written ({error})", hint="Name another file") from None
    kinds_of = {name or str(text): dict(counts) for name, counts in cells.kinds.items()}
    return RedactedFile(
        len(samples), len(cells.rows), kinds_of, {name: dict(counts) for name, counts in left.kinds.items()}
    )


def _columns(file: str | Path, rows: rowfiles.RowFile, form: Form) -> list[str]:
    return (
        files.head(os.fspath(file), form).column_names if LINE in rows.table.column_names else rows.table.column_names
    )
