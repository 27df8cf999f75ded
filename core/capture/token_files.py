"""Files of token logits: what a tagger said of every token, one run of rows a sample, one file an epoch.

``epoch-00000.f32`` holds the logits one after the other, ``epoch-00000.index.npy`` for each sample where its tokens
begin and how many they are (int64, shape (samples, 2), -1 = not shown). A sample that comes twice in an epoch counts as
it came last.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path
from types import TracebackType
from typing import IO

import numpy as np

from ..errors import InputError


class TokenWriter:
    """Appends the logits of tokens to one file an epoch, in a folder of mode 0700."""

    def __init__(self, folder: Path, samples: int, columns: int) -> None:
        self._folder, self._samples, self._columns = folder, samples, columns
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        for part in folder.glob("*.part"):  # of a writer that was killed
            part.unlink()
        self._number = len(list(folder.glob("*.index.npy")))
        self._named: int | None = None
        self._file: IO[bytes] | None = None
        self._index, self._written = np.empty((0, 2), dtype=np.int64), 0

    def batch(self, rows: np.ndarray, values: Sequence[np.ndarray], *, epoch: int) -> None:
        """Append the tokens of some samples: arrays (tokens, columns); another epoch finishes the one before."""
        if epoch != self._named:
            self.end_epoch()
            self._named = epoch
        if self._file is None:
            self._file = (self._folder / f"epoch-{self._number:05d}.part").open("wb")
            self._index, self._written = np.full((self._samples, 2), -1, dtype=np.int64), 0
        for row, logits in zip(rows.tolist(), values, strict=True):
            if logits.ndim != 2 or logits.shape[1] != self._columns:
                raise InputError(f"Tokens have logits of the shape {logits.shape}", hint=f"(tokens, {self._columns})")
            self._file.write(np.ascontiguousarray(logits, dtype=np.float32).tobytes())
            self._index[row] = self._written, len(logits)
            self._written += len(logits)

    def end_epoch(self) -> None:
        """Finish the epoch under way; nothing where none is."""
        if self._file is None:
            return
        self._file.close()
        self._file = self._named = None
        name = self._folder / f"epoch-{self._number:05d}"
        os.replace(f"{name}.part", f"{name}.f32")
        np.save(f"{name}.index.npy", self._index)
        self._number += 1

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if kind is None:
            self.end_epoch()
        elif self._file is not None:
            self._file.close()
            Path(self._file.name).unlink(missing_ok=True)
            self._file = None


def read_tokens(folder: Path, columns: int) -> list[dict[int, np.ndarray]]:
    """Return for each finished epoch the logits of each sample that it showed: row → (tokens, columns)."""
    epochs = []
    for index_file in sorted(folder.glob("*.index.npy")):
        index = np.load(index_file, allow_pickle=False)
        data = Path(str(index_file).replace(".index.npy", ".f32"))
        size = data.stat().st_size
        flat = np.memmap(data, dtype=np.float32, mode="r").reshape(-1, columns) if size else np.empty((0, columns))
        rows = np.flatnonzero(index[:, 0] >= 0)
        epochs.append(
            {
                row: np.array(flat[begin : begin + n])
                for row, (begin, n) in zip(rows.tolist(), index[rows].tolist(), strict=True)
            }
        )
    return epochs
