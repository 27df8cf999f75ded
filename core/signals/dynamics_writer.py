"""Writer of training dynamics: keeps the logits of every epoch in a folder while a model is trained."""

from __future__ import annotations

import json
import mmap
import os
from collections import Counter
from collections.abc import Sequence
from functools import cached_property
from pathlib import Path
from types import TracebackType
from typing import Any, Literal, Self

import numpy as np

from ..data.class_names import names_of
from ..errors import InputError
from .epoch_files import EPOCH, FORMAT, INDEX, NUMBERS, file_of, read_index, read_numbers

MOST_MAPPED = 2**27  # bytes of an epoch that stay in memory; of a larger one pages are let go, which costs time
_PAGE = mmap.PAGESIZE  # what writing a row brings into memory, where it is shorter
_RESUME = "Name an empty folder, or go on with DynamicsWriter(…, resume=True)"


class DynamicsWriter:
    """Keeps the logits of a training, epoch by epoch, in a folder of mode 0700.

    >>> import tempfile
    >>> folder = tempfile.mkdtemp() + "/logits"
    >>> with DynamicsWriter(folder, classes=["no", "yes"], ids=["a", "b", "c"]) as writer:
    ...     writer.batch(["c", "a"], [[0.1, 0.4], [0.3, 0.2]])
    ...     writer.batch(["b"], [[2.0, 1.0]])  # now every row was shown: the epoch is finished
    ...     writer.epoch([[1, 2], [3, 1], [0, 1]])
    >>> sorted(os.listdir(folder))
    ['epoch-00000.npy', 'epoch-00001.npy', 'index.json']

    Parameters
    ----------
    path
        The folder; made where there is none.
    classes
        The class of each column.
    ids
        The sample of each row. Without it rows are known by their position, and ``rows`` or the first
        :meth:`epoch` say how many there are.
    dtype
        ``float16`` takes half the room and is exact enough for logits.
    resume
        Go on behind the epochs that the folder holds, for a training that is taken up again.

    Raises
    ------
    InputError
        If the folder holds epochs and ``resume`` is not set, or they are of other rows or classes.
    """

    def __init__(
        self,
        path: str | Path,
        *,
        classes: Sequence[str] | None = None,
        ids: Sequence[str] | Sequence[int] | np.ndarray | None = None,
        rows: int | None = None,
        dtype: Literal["float32", "float16"] = "float32",
        resume: bool = False,
    ) -> None:
        self._path, self._dtype = Path(path), np.dtype(dtype)
        listed = None if ids is None else list(ids)
        self._numbered = listed is None or not all(isinstance(name, (int, np.integer)) for name in listed)
        names = None if listed is None else [str(name) for name in listed]
        columns = names_of(classes)
        self._names = names
        if names is not None and len(set(names)) < len(names):
            repeated = [name for name, count in Counter(names).items() if count > 1]
            raise InputError("Some ids are named twice", ids=repeated, hint="Give one row a sample")
        self._rows = rows if names is None else len(names)
        self._columns = None if columns is None else len(columns)
        self._number = self._begin({"format": FORMAT, "classes": columns, "ids": names}, resume=resume)
        self._open: np.memmap | None = None
        self._mapped = 0  # bytes of it that came into memory, at most
        self._seen: np.ndarray | None = None
        self._named: int | None = None  # what the caller calls the epoch under way
        finished = {number for number in range(self._number) if (self._path / file_of(number)).exists()}
        self._names_given = {number: name for number, name in read_numbers(self._path).items() if number in finished}

    def _begin(self, index: dict[str, Any], *, resume: bool) -> int:
        """Make the folder and its index; return the number of the next epoch."""
        self._path.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._path.chmod(0o700)
        epochs = [int(match[1]) for name in os.listdir(self._path) if (match := EPOCH.fullmatch(name))]
        for part in self._path.glob("epoch-*.part"):  # of a writer that was killed
            part.unlink()
        if epochs:
            if not resume:
                raise InputError(f"{self._path} holds the logits of a training already", hint=_RESUME)
            if read_index(self._path) != index:
                raise InputError(f"{self._path} holds other rows or classes", hint="Name another folder")
            first = np.load(self._path / file_of(min(epochs)), mmap_mode="r", allow_pickle=False)
            self._rows, self._columns = first.shape
        else:
            self._replace(INDEX, index)
        return max(epochs, default=-1) + 1

    def _replace(self, name: str, content: dict[Any, Any]) -> None:
        part = self._path / f"{name}.part"
        part.write_text(json.dumps(content, ensure_ascii=False), encoding="utf-8")
        part.replace(self._path / name)

    def epoch(self, logits: np.ndarray | Sequence[Sequence[float]]) -> None:
        """Write a whole epoch: shape (n, classes), rows in the order of the ids."""
        self.end_epoch()
        values = self._checked(logits)
        if self._rows is None:
            self._rows = len(values)
        if len(values) != self._rows:
            raise InputError(
                f"The epoch has {len(values):,} rows, not {self._rows:,}", hint="Give every row, or use batch(…)"
            )
        self._write(slice(None), values)
        self.end_epoch()

    def batch(
        self,
        rows: Sequence[str] | Sequence[int] | np.ndarray,
        logits: np.ndarray | Sequence[Sequence[float]],
        *,
        epoch: int | None = None,
    ) -> None:
        """Write some rows of the epoch under way; it is finished when every row was shown.

        Parameters
        ----------
        rows
            Ids, or numbers: positions, unless the writer's ids are numbers themselves.
        logits
            Shape (len(rows), classes).
        epoch
            The number of the epoch, where the caller knows it: another one finishes the epoch before, and a row that
            comes twice in one epoch (sampling with replacement) counts as it came last. It is kept, and tells which
            evaluation belongs to which epoch of the training.

        Raises
        ------
        InputError
            For unknown rows, wrong shapes, and rows that come twice in an epoch that has no number.
        """
        if epoch is not None and epoch != self._named:
            self.end_epoch()
            self._named = epoch
        values, positions = self._checked(logits), self._positions(rows)
        if len(positions) != len(values):
            raise InputError(f"{len(values)} rows of logits for {len(positions)} samples", hint="Give one row a sample")
        if self._seen is not None and epoch is None and self._seen[positions].any():
            raise InputError(
                "Some rows come twice in one epoch",
                ids=[str(position) for position in positions[self._seen[positions]].tolist()],
                hint="Call end_epoch() behind each epoch, or name it: batch(…, epoch=3)",
            )
        self._write(positions, values)
        if epoch is None and self._seen is not None and self._seen.all():
            self.end_epoch()

    def end_epoch(self) -> None:
        """Finish the epoch under way, also where some rows were not shown; nothing where none is under way."""
        if self._open is None or self._seen is None:
            return
        if not self._seen.all():
            with open(self._path / f"epoch-{self._number:05d}.seen.npy", "wb") as file:
                np.save(file, self._seen)
                file.flush()
                os.fsync(file.fileno())
        self._open.flush()
        if self._named is not None:
            self._names_given[self._number] = self._named
            self._replace(NUMBERS, self._names_given)  # before the epoch is there to be read
        self._open = self._seen = self._named = None
        os.replace(self._path / f"epoch-{self._number:05d}.part", self._path / file_of(self._number))
        self._number += 1

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if kind is None:
            self.end_epoch()
        elif self._open is not None:  # half an epoch of a training that broke off says nothing sure
            self._open = self._seen = None
            (self._path / f"epoch-{self._number:05d}.part").unlink(missing_ok=True)

    def _checked(self, logits: np.ndarray | Sequence[Sequence[float]]) -> np.ndarray:
        values = np.asarray(logits)
        if values.ndim != 2 or values.dtype.kind not in "fiu":
            raise InputError(f"The logits have the shape {values.shape}", hint="They must be numbers (rows, classes)")
        if self._columns is None:
            self._columns = values.shape[1]
        if values.shape[1] != self._columns:
            raise InputError(f"The logits have {values.shape[1]} columns, not {self._columns}", hint="One a class")
        return values

    @cached_property
    def _position(self) -> dict[str, int]:
        """Position of each id: made for those who give ids, as it takes more room than all else."""
        return {name: row for row, name in enumerate(self._names or ())}

    def _positions(self, rows: Sequence[str] | Sequence[int] | np.ndarray) -> np.ndarray:
        named = np.asarray(rows)
        if self._names is not None and not (self._numbered and named.dtype.kind in "iu"):
            listed = [self._position.get(str(name), -1) for name in named.tolist()]
            unknown = [str(name) for name, row in zip(named.tolist(), listed, strict=True) if row < 0]
            positions = np.array(listed, dtype=np.int64)
        else:
            if self._rows is None:
                raise InputError("Nobody said how many rows there are", hint="DynamicsWriter(…, ids=…) or rows=…")
            if named.dtype.kind not in "iu":
                raise InputError("The writer knows rows by position only", hint="DynamicsWriter(…, ids=…)")
            positions = named.astype(np.int64)
            unknown = [str(row) for row in positions[(positions < 0) | (positions >= self._rows)].tolist()]
        if unknown:
            raise InputError("The writer has no such rows", ids=unknown, hint="Name the ids that it was made with")
        return positions

    def _write(self, rows: np.ndarray | slice, values: np.ndarray) -> None:
        if self._rows is None or self._columns is None:
            raise InputError("Nobody said how many rows there are", hint="DynamicsWriter(…, ids=…) or rows=…")
        if self._open is None:
            self._open = np.lib.format.open_memmap(
                self._path / f"epoch-{self._number:05d}.part",
                mode="w+",
                dtype=self._dtype,
                shape=(self._rows, self._columns),
            )
            self._seen = np.zeros(self._rows, dtype=bool)
        if self._open is not None and self._seen is not None:
            self._open[rows] = values
            self._seen[rows] = True
            self._mapped += len(values) * max(values.shape[1] * self._dtype.itemsize, _PAGE)
            if min(self._mapped, self._open.nbytes) > MOST_MAPPED:
                self._unmap(self._open)

    def _unmap(self, epoch: np.memmap) -> None:
        """Let go of the pages of the epoch under way; what was written stays in the file."""
        self._mapped = 0
        if isinstance(epoch.base, mmap.mmap) and hasattr(mmap, "MADV_DONTNEED"):
            epoch.base.madvise(mmap.MADV_DONTNEED)
