"""Cache of what a scan computes: of texts alone, and of texts and labels together.

cache/<kind>-<hash>.arrow        in the store's folder, mode 0700

There are two kinds of entry. Values of rows are known by a hash of the row's text, so that after an edit only the
edited rows are made anew; there is one such entry a data set and maker. What depends on all rows is known by a
hash of all that it was made of, and is made anew when any of that changes. The name holds who made it (a model, its
version, its settings): another maker never finds it. Vectors, languages, neighbours, near duplicates and features of
texts are made without labels, so that corrected labels leave them valid; what estimators learned from labels
(:mod:`labelsift.checks.cached_estimates`) serves the same labels again. No entry holds a text, a label's name or an id.

An entry is written under another name first, then renamed. One that cannot be read, or does not fit, is as good
as none: what is cached can always be made again, and a cache that cannot be written is no reason against a scan.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import secrets
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from ..data.hashing import text_digest
from ..data.samples import Samples
from ..data.stable_draws import row_keys

NAME = "cache"
_UNUSED = 30 * 86_400  # seconds after which an entry that no scan asked for is deleted
_HASH = 16  # bytes
_FORMAT = "1"

Made = Callable[[np.ndarray], pa.Array]


class Cache:
    """Entries in a folder; without a folder nothing is kept.

    Parameters
    ----------
    folder
        Made when the first entry is kept.
    dataset
        Whose rows; data sets of other names have entries of their own.
    guard
        Entered for each entry that is written; one that gives False keeps it from being written.
    """

    def __init__(
        self,
        folder: Path | None = None,
        dataset: str = "",
        *,
        guard: Callable[[], AbstractContextManager[bool]] = lambda: contextlib.nullcontext(True),
    ) -> None:
        self.folder, self.dataset, self._guard = folder, dataset, guard

    def rows(self, kind: str, maker: str | None, hashes: pa.FixedSizeBinaryArray, make: Made) -> pa.Array:
        """Return one value a row: those that are kept, and the others made.

        Parameters
        ----------
        maker
            What makes the values, with all that they depend on but the text; None keeps nothing.
        hashes
            Of the rows' texts; see :func:`text_hashes`.
        make
            Positions of rows, int64 → their values, as an Arrow array of one chunk.
        """
        if maker is None or self.folder is None:
            return make(np.arange(len(hashes)))
        path = self._path(kind, maker, self.dataset)
        kept = _read(path, ["key", "value"])
        if kept is not None and kept["key"].combine_chunks().equals(hashes):
            return kept["value"].combine_chunks()
        place = np.full(len(hashes), -1)
        if kept is not None and len(kept):
            place = pc.fill_null(pc.index_in(hashes, value_set=kept["key"].combine_chunks()), -1).to_numpy().astype(int)
        absent = np.flatnonzero(place < 0)
        values = make(absent)
        if kept is not None and len(absent) < len(hashes):
            place[absent] = len(kept) + np.arange(len(absent))
            values = pa.concat_arrays([*kept["value"].chunks, values]).take(pa.array(place))
        self._keep(path, pa.table({"key": hashes, "value": values}))
        return values

    def whole(self, kind: str, maker: str, digest: str, make: Callable[[], pa.Table]) -> pa.Table:
        """Return what was made of all rows together, or make it.

        Parameters
        ----------
        digest
            A hash of all that it was made of.
        """
        if self.folder is None:
            return make()
        path = self._path(kind, maker, self.dataset)
        kept = _read(path)
        mark = {b"made_of": digest.encode()}
        if kept is not None and kept.schema.metadata == mark:
            return kept
        table = make()
        self._keep(path, table.replace_schema_metadata(mark))
        return table

    def arrays(
        self, kind: str, maker: str, digest: str, make: Callable[[], Mapping[str, np.ndarray]]
    ) -> Mapping[str, np.ndarray]:
        """Return arrays of any shapes that were made together, or make them; kept ones cannot be written to.

        Parameters
        ----------
        digest
            A hash of all that they were made of.
        """
        if self.folder is None:
            return make()
        return _unpacked(self.whole(kind, maker, digest, lambda: _packed(make())))

    def sweep(self) -> None:
        """Delete what no scan has asked for in a month, and what killed writers left."""
        if self.folder is None:
            return
        with contextlib.suppress(OSError):
            for path in self.folder.iterdir():
                if time.time() - path.stat().st_mtime > (86_400 if path.name.startswith(".") else _UNUSED):
                    path.unlink(missing_ok=True)

    def _path(self, kind: str, *parts: str) -> Path:
        digest = hashlib.blake2b(json.dumps([_FORMAT, *parts]).encode(), digest_size=10).hexdigest()
        return (self.folder or Path()) / f"{kind}-{digest}.arrow"

    def _keep(self, path: Path, table: pa.Table) -> None:
        with self._guard() as fits:
            if fits:
                self._write(path, table)

    def _write(self, path: Path, table: pa.Table) -> None:
        half = path.with_name(f".{path.name}.{secrets.token_hex(6)}")
        try:
            path.parent.mkdir(mode=0o700, exist_ok=True)
            descriptor = os.open(half, os.O_CREAT | os.O_WRONLY | os.O_EXCL, 0o600)
            with os.fdopen(descriptor, "wb") as file, pa.ipc.new_file(file, table.schema) as writer:
                writer.write_table(table)
            half.replace(path)
        except (OSError, pa.ArrowException):
            with contextlib.suppress(OSError):
                half.unlink(missing_ok=True)


def text_hashes(texts: pa.ChunkedArray) -> pa.FixedSizeBinaryArray:
    """Return 128 bits of BLAKE2b of each text."""
    digests = b"".join(text_digest(text, size=_HASH) for chunk in texts.chunks for text in chunk.to_pylist())
    return pa.FixedSizeBinaryArray.from_buffers(pa.binary(_HASH), len(texts), [None, pa.py_buffer(digests)])


def sample_keys(samples: Samples) -> np.ndarray:
    """Return what is drawn by for each sample, uint64, shape (n,): see :func:`labelsift.data.stable_draws.row_keys`."""
    hashes = text_hashes(samples.texts) if samples.has_texts and not samples.textless else None
    return row_keys(samples.ids.to_pylist(), hashes)


def digest_of(content: object) -> str:
    """Return a hash of anything with a buffer: an array of numpy, bytes, a buffer of Arrow."""
    return hashlib.blake2b(memoryview(content).cast("B"), digest_size=16).hexdigest()  # pyright: ignore[reportArgumentType]


def digest_of_all(*contents: np.ndarray | str | int | float | None) -> str:
    """Return a hash of several arrays, with their types and shapes, and of plain values between them."""
    parts = [
        [str(part.dtype), part.shape, digest_of(np.ascontiguousarray(part).ravel().view(np.uint8))]
        if isinstance(part, np.ndarray)
        else part
        for part in contents
    ]
    return digest_of(json.dumps(parts).encode())


def installed_version(package: str) -> str | None:
    """Return a package's version, or None where it is not installed."""
    try:
        return version(package)
    except PackageNotFoundError:
        return None


def versions_of(*packages: str) -> str:
    """Return packages with their versions, as a part of a maker's name."""
    return ", ".join(f"{package} {installed_version(package) or ''}".rstrip() for package in packages)


def _packed(arrays: Mapping[str, np.ndarray]) -> pa.Table:
    """Write arrays as one row each, without copying them."""
    whole = {name: np.ascontiguousarray(array) for name, array in arrays.items()}
    buffers = [
        pa.LargeBinaryArray.from_buffers(
            pa.large_binary(), 1, [None, pa.py_buffer(np.array([0, array.nbytes])), pa.py_buffer(array.ravel())]
        )
        for array in whole.values()
    ]
    columns = {
        "name": pa.array(list(whole), pa.string()),
        "type": pa.array([array.dtype.str for array in whole.values()], pa.string()),
        "shape": pa.array([list(array.shape) for array in whole.values()], pa.list_(pa.int64())),
        "bytes": pa.chunked_array(buffers, pa.large_binary()),
    }
    return pa.table(columns)


def _unpacked(table: pa.Table) -> dict[str, np.ndarray]:
    rows = zip(*(table[name].to_pylist() for name in ("name", "type", "shape")), table["bytes"], strict=True)
    return {
        name: np.frombuffer(content.as_buffer(), dtype=dtype).reshape(shape)
        if content.as_buffer().size
        else np.empty(shape, dtype=dtype)
        for name, dtype, shape, content in rows
    }


def _read(path: Path, columns: Sequence[str] = ()) -> pa.Table | None:
    try:
        with pa.memory_map(str(path)) as source:
            table = pa.ipc.open_file(source).read_all()
        os.utime(path)
        return table if not columns or table.column_names == list(columns) else None
    except (OSError, pa.ArrowException):
        return None
