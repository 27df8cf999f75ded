"""Opening of pred_probs: arrays, .npy files, and columns of lists in parquet files, which are read in batches."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from ..errors import InputError
from .pred_probs import Block, Dense, Probabilities, slices

if TYPE_CHECKING:
    import pyarrow as pa

_BATCH = 2**13
_VALUES, _INDICES = "pred_probs", "pred_probs_indices"


def opened(source: Any, *, classes: int | None = None) -> Probabilities:  # noqa: ANN401 - whatever holds probabilities
    """Return a source for an array, the path of a .npy or parquet file, or a source itself.

    Parameters
    ----------
    classes
        How many there are, where it is known: top-k probabilities in a file do not tell.

    Raises
    ------
    InputError
        The file cannot be read, or what is there has no form of probabilities.
    """
    if isinstance(source, str | Path):
        return _opened_file(str(source), classes)
    if not isinstance(source, np.ndarray) and isinstance(source, Probabilities):
        return source
    values = source if isinstance(source, np.memmap) else np.asarray(source)
    if values.ndim != 2 or not values.shape[1]:
        hint = "It must be (samples, columns)"
        if values.ndim == 1 and len(values):
            hint += "; of the second of two classes alone make both: numpy.column_stack([1 - p, p])"
        raise InputError(f"pred_probs has the shape {values.shape}", hint=hint)
    if values.dtype.kind not in "fiub":
        raise InputError(f"pred_probs holds {values.dtype}, not numbers", hint="Give an array of floats")
    return Dense(values)


def _opened_file(path: str, classes: int | None) -> Probabilities:
    if path.endswith((".parquet", ".pq")):
        return ParquetProbabilities(path, classes=classes)
    try:
        return opened(np.load(path, mmap_mode="r", allow_pickle=False))
    except (ValueError, OSError):
        raise InputError(
            f"{path} is no array of numpy",
            hint="Save it with numpy.save as a plain array, or as .parquet or .csv with a column a class",
        ) from None


class ParquetProbabilities:
    """The column ``pred_probs``, or the only column of lists of floats, of a parquet file.

    Lists may be of fixed or of varying type, but hold one float a class. With a column ``pred_probs_indices`` of
    lists of integers the values are top-k: lists may then differ in length, and ``classes`` says how many there are
    (by default one more than the highest index).

    Parameters
    ----------
    path
        The file.
    column, indices
        Names of the columns, where they are others.
    classes
        The number of all classes of top-k probabilities.
    """

    def __init__(
        self, path: str, *, column: str | None = None, indices: str | None = None, classes: int | None = None
    ) -> None:
        self.path = path
        try:
            with self._file() as file:
                schema, n = file.schema_arrow, file.metadata.num_rows
        except (OSError, ValueError) as error:  # pyarrow's own errors are ValueErrors
            raise InputError(f"{path} cannot be read as parquet ({error})", hint="Name another file") from None
        self.column = column or _column(schema, path)
        self.indices = indices or (_INDICES if _INDICES in schema.names else None)
        missing = [name for name in (self.column, self.indices) if name is not None and name not in schema.names]
        if missing:
            raise InputError(f"{path} has no such column", ids=missing, hint=f"It has: {', '.join(schema.names)}")
        self.shape: tuple[int, int] = (n, classes if classes and self.indices else self._classes())

    def blocks(self) -> Iterator[Block]:
        """Go through all rows in their order."""
        start = 0
        for values, indices in self._batches():
            for rows in slices(len(values), values.shape[1]):
                part = None if indices is None else indices[rows]
                yield Block(slice(start + rows.start, start + rows.stop), values[rows], part)
            start += len(values)

    def _classes(self) -> int:
        if self.indices is None:
            return max((values.shape[1] for values, _ in self._batches(limit=1)), default=1)
        return 1 + max(
            (int(indices.max(initial=0)) for _, indices in self._batches() if indices is not None), default=0
        )

    def _file(self) -> pa.parquet.ParquetFile:
        import pyarrow.parquet as parquet

        return parquet.ParquetFile(self.path, pre_buffer=False)

    def _batches(self, limit: int | None = None) -> Iterator[tuple[np.ndarray, np.ndarray | None]]:
        names = [self.column] + ([self.indices] if self.indices else [])
        width, start = self.shape[1] if hasattr(self, "shape") else 0, 0
        with self._file() as file:
            for batch in file.iter_batches(batch_size=limit or _BATCH, columns=names, use_threads=False):
                lists = batch.column(self.column)
                values, indices = _matrix(lists, np.float32, missing=np.nan), None
                if self.indices is None:
                    self._require(_lengths(lists) == (width or values.shape[1]), start, "the others' length")
                else:
                    named = batch.column(self.indices)
                    self._require(_lengths(lists) == _lengths(named), start, f"that of {self.indices}")
                    indices = _matrix(named, np.int32, missing=-1)
                    values = np.where(indices < 0, np.float32(0), values)
                yield values, indices
                start += len(values)
                if limit:
                    return

    def _require(self, good: np.ndarray, start: int, wanted: str) -> None:
        if not good.all():
            raise InputError(
                f"In these rows the length of {self.column} is not {wanted}",
                ids=(start + np.flatnonzero(~good)).tolist(),
                hint=f"Give one value a class; for top-k name the classes in a column {_INDICES}",
            )


def _column(schema: pa.Schema, path: str) -> str:
    import pyarrow as pa

    def of_floats(kind: pa.DataType) -> bool:
        lists = pa.types.is_list(kind) or pa.types.is_large_list(kind) or pa.types.is_fixed_size_list(kind)
        return lists and pa.types.is_floating(kind.value_type)

    names = [field.name for field in schema if of_floats(field.type)]
    if _VALUES in names:
        return _VALUES
    if len(names) != 1:
        raise InputError(
            f"{path} has {len(names)} columns of lists of floats",
            ids=names,
            hint=f"Call the one with the probabilities {_VALUES}",
        )
    return names[0]


def _lengths(lists: pa.Array) -> np.ndarray:
    """Return the length of each list, 0 where there is none."""
    import pyarrow.compute as pc

    return pc.fill_null(pc.list_value_length(lists), 0).to_numpy(zero_copy_only=False)


def _matrix(lists: pa.Array, kind: type, *, missing: float) -> np.ndarray:
    """Return lists as rows; what is short, null or has nulls is filled with ``missing``."""
    import pyarrow.compute as pc

    lengths = _lengths(lists)
    flat = pc.list_flatten(lists)  # leaves out lists that are null, whatever lies beneath them
    flat = flat.to_numpy(zero_copy_only=False) if not flat.null_count else flat.fill_null(missing).to_numpy()
    width = int(lengths.max(initial=1))
    if (lengths == width).all():
        return np.ascontiguousarray(flat.reshape(len(lists), width), dtype=kind)
    rows = np.full((len(lists), width), missing, dtype=kind)
    rows[np.arange(width) < lengths[:, None]] = flat
    return rows
