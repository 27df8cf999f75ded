"""Locations of a store: atomic operations that a folder and an S3 bucket both support.

A name is a path with slashes below the place. ``swap`` is what writers agree by: it replaces content only where
that is still what the writer read. A bucket does it with conditional requests (If-None-Match, If-Match), a folder
with a lock that the end of a process frees; two writers of the same content both succeed. Names that begin with a
dot are the place's own and never listed. What cannot be done is an OSError, an absent name a FileNotFoundError.

The bucket's client and Lance are built on the same library and read the same variables: AWS_ACCESS_KEY_ID,
AWS_SECRET_ACCESS_KEY, AWS_SESSION_TOKEN, AWS_REGION, AWS_ENDPOINT_URL, AWS_ALLOW_HTTP.
"""

from __future__ import annotations

import contextlib
import os
import re
import secrets
import shutil
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from ..errors import InputError
from .locking import locked
from .s3 import Bucket, os_errors, read_or_error

__all__ = ["Bucket", "Folder", "Location", "location_of"]


@dataclass(frozen=True)
class Folder:
    """A folder on this machine: folders are made with mode 0700, files with 0600."""

    path: Path

    @property
    def name(self) -> str:
        """The folder's own name."""
        return self.path.name

    def __str__(self) -> str:
        return str(self.path)

    def __truediv__(self, name: str, /) -> Folder:
        return Folder(self.path / name)

    def read(self, name: str) -> bytes:
        """Return the content of a file."""
        return (self.path / name).read_bytes()

    def read_many(self, names: Iterable[str]) -> dict[str, bytes | OSError]:
        """Read one after the other."""
        return {name: read_or_error(self.read, name) for name in names}

    def replace(self, name: str, content: bytes) -> None:
        """Write a file beside its place, flush it to the disk, and move it there."""
        with self._written(name, content) as half:
            half.replace(self.path / name)

    def swap(self, name: str, old: bytes | None, new: bytes) -> bool:
        """Write a file where it still holds ``old`` (None: does not exist), and tell whether ``new`` stands there.

        Link the file where there must be none; otherwise compare and replace under a lock.
        """
        target = self.path / name
        with self._written(name, new) as half:
            if old is None:
                with contextlib.suppress(FileExistsError):
                    os.link(half, target)
                return target.read_bytes() == new
            with locked(target.with_name(".lock")):
                standing = target.read_bytes() if target.exists() else None
                if standing == old:
                    half.replace(target)
                return standing in (old, new)

    def names(self, prefix: str = "") -> list[str]:
        """Return the names of all files below, hidden ones aside."""
        paths: list[str] = []
        for folder, folders, files in os.walk(self.path / prefix):
            folders[:] = [name for name in folders if not name.startswith(".")]
            base = Path(folder).relative_to(self.path)
            paths += [(base / file).as_posix() for file in files if not file.startswith(".")]
        return sorted(paths)

    def children(self) -> list[str]:
        """Return the entries, hidden ones aside."""
        if not self.path.exists():
            return []
        return sorted(path.name for path in self.path.iterdir() if not path.name.startswith("."))

    def delete(self, name: str) -> None:
        """Delete a file or a whole folder."""
        target = self.path / name
        with contextlib.suppress(FileNotFoundError):
            if target.is_dir() and not target.is_symlink():
                shutil.rmtree(target)
            else:
                target.unlink()

    def sweep(self) -> None:
        """Delete what is hidden: writers that were killed left it; only where nobody writes."""
        for path in self.path.glob(".*"):
            self.delete(path.name)

    def lance(self, name: str) -> str:
        """Return the data set's path; its folder is there afterwards."""
        self.path.mkdir(parents=True, exist_ok=True, mode=0o700)
        return str(self.path / name)

    @contextlib.contextmanager
    def _written(self, name: str, content: bytes) -> Iterator[Path]:
        target = self.path / name
        target.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        half = target.with_name(f".{target.name}.{secrets.token_hex(6)}")
        try:
            with os.fdopen(os.open(half, os.O_CREAT | os.O_WRONLY | os.O_EXCL, 0o600), "wb") as file:
                file.write(content)
                file.flush()
                os.fsync(file.fileno())
            yield half
            descriptor = os.open(target.parent, os.O_RDONLY)
            try:
                os.fsync(descriptor)  # the name, too, outlives a power cut
            finally:
                os.close(descriptor)
        finally:
            half.unlink(missing_ok=True)


Location = Folder | Bucket


def location_of(where: str | os.PathLike[str]) -> Location:
    """Return the place of a path, a store or an ``s3://bucket/prefix`` address.

    Raises
    ------
    InputError
        For an address of another kind, without a bucket, or with anything secret in it; or where the extra is missing.
    """
    address = os.fspath(where)
    if not re.match(r"[a-z][a-z0-9+.-]+:/", address, re.IGNORECASE):  # a drive has one letter
        return Folder(Path(address))
    match = re.fullmatch(r"s3://([^/@:?#]+)((?:/[^/?#]+)*)/?", address)
    if not match:
        kind = address.partition(":")[0]
        raise InputError(
            "The store's address is no s3://bucket/prefix" if kind == "s3" else f"No store can lie at a {kind} address",
            hint="Name a folder or s3://bucket/prefix; keys belong into AWS_ACCESS_KEY_ID and its like",
        )
    try:
        from obstore.store import S3Store
    except ImportError:
        raise InputError("A store in a bucket needs obstore", hint="pip install 'labelsift[s3]'") from None
    bucket, prefix = match[1], match[2].strip("/")
    with os_errors():
        return Bucket(S3Store(bucket), bucket, prefix)
