"""A prefix in an S3 bucket as a location of the run store (see :mod:`labelsift.store.location`)."""

from __future__ import annotations

import contextlib
import re
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

_BUCKET = "s3://"
_AT_ONCE = 32  # requests


@dataclass(frozen=True)
class Bucket:
    """A prefix in a bucket that speaks S3 and takes conditional requests."""

    client: Any
    bucket: str
    prefix: str

    @property
    def name(self) -> str:
        """The last part of the prefix, or the bucket's name."""
        return self.prefix.rpartition("/")[2] or self.bucket

    def __str__(self) -> str:
        return f"{_BUCKET}{self.bucket}/{self.prefix}".rstrip("/")

    def __repr__(self) -> str:
        return str(self)  # the client's own form could show its keys

    def __truediv__(self, name: str, /) -> Bucket:
        return Bucket(self.client, self.bucket, self._key(name))

    def read(self, name: str) -> bytes:
        """Return the content of an object."""
        with os_errors(name):
            return bytes(self.client.get(self._key(name)).bytes())

    def read_many(self, names: Iterable[str]) -> dict[str, bytes | OSError]:
        """Read many at once: each waits for the network."""
        wanted = list(dict.fromkeys(names))
        if len(wanted) < 2:
            return {name: read_or_error(self.read, name) for name in wanted}
        with ThreadPoolExecutor(_AT_ONCE) as threads:
            return dict(zip(wanted, threads.map(lambda name: read_or_error(self.read, name), wanted), strict=True))

    def replace(self, name: str, content: bytes) -> None:
        """Put an object."""
        with os_errors(name):
            self.client.put(self._key(name), content)

    def swap(self, name: str, old: bytes | None, new: bytes) -> bool:
        """Put an object on the condition that it is absent, or still the one that was compared."""
        from obstore.exceptions import AlreadyExistsError, NotFoundError, PreconditionError

        with os_errors(name):
            try:
                if old is None:
                    self.client.put(self._key(name), new, mode="create")
                    return True
                standing = self.client.get(self._key(name))
                if bytes(standing.bytes()) == old:
                    self.client.put(self._key(name), new, mode={"e_tag": standing.meta["e_tag"]})
                    return True
            except (AlreadyExistsError, PreconditionError):
                pass
            except (NotFoundError, FileNotFoundError):
                return False
        try:
            return self.read(name) == new  # a repeated request whose first answer was lost has succeeded
        except FileNotFoundError:
            return False

    def names(self, prefix: str = "") -> list[str]:
        """Return the names of all objects below, hidden ones aside."""
        below = self._key(prefix)
        start = len(self.prefix) + 1 if self.prefix else 0
        with os_errors(prefix):
            keys = [entry["path"][start:] for batch in self.client.list(prefix=below or None) for entry in batch]
        return sorted(key for key in keys if not any(part.startswith(".") for part in key.split("/")))

    def children(self) -> list[str]:
        """Return the first parts of what lies below, hidden ones aside."""
        with os_errors(self.name):
            listing = self.client.list_with_delimiter(prefix=self.prefix or None)
        keys = [*listing["common_prefixes"], *(entry["path"] for entry in listing["objects"])]
        names = {key.rstrip("/").rpartition("/")[2] for key in keys}
        return sorted(name for name in names if not name.startswith("."))

    def delete(self, name: str) -> None:
        """Delete an object and all below its name."""
        with os_errors(name):
            keys = [entry["path"] for batch in self.client.list(prefix=self._key(name)) for entry in batch]
            self.client.delete([self._key(name), *keys])

    def sweep(self) -> None:
        """Do nothing: a put counts whole or not at all."""

    def written(self) -> dict[str, float]:
        """Return the names of all objects below, with the seconds since 1970 at which each was written."""
        start = len(self.prefix) + 1 if self.prefix else 0
        with os_errors(self.name):
            entries = [entry for batch in self.client.list(prefix=self.prefix or None) for entry in batch]
        return {entry["path"][start:]: entry["last_modified"].timestamp() for entry in entries}

    def keeps_versions(self, name: str) -> bool:
        """Tell whether the bucket kept a version of this object, so that deleted ones live on in it."""
        with os_errors(name):
            return self.client.head(self._key(name)).get("version") is not None

    def lance(self, name: str) -> str:
        """Return the data set's address; Lance reads the same variables."""
        return f"{_BUCKET}{self.bucket}/{self._key(name)}"

    def _key(self, name: str) -> str:
        return f"{self.prefix}/{name}".strip("/")


def read_or_error(read: Callable[[str], bytes], name: str) -> bytes | OSError:
    """Read a file; where it cannot be read, return why."""
    try:
        return read(name)
    except OSError as error:
        return error


@contextlib.contextmanager
def os_errors(name: str = "") -> Iterator[None]:
    """Turn the client's errors into OSErrors that show the status and no address."""
    try:
        yield
    except FileNotFoundError:
        raise FileNotFoundError(2, "No such object", name) from None
    except Exception as error:
        if not type(error).__module__.startswith("obstore"):
            raise
        status = re.search(r"\b[45]\d\d [A-Z][A-Za-z ]+", str(error))
        raise OSError(
            5, f"the bucket did not take the request: {status[0] if status else type(error).__name__}"
        ) from None
