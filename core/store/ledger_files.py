"""Storage of the decision log: one growing file in a folder, or immutable segments in a bucket.

Folder                   records.jsonl, head.json, and ``lock``, which is held by whoever appends. What stands behind
                         the bytes that the head names was left by a killed writer: the next append cuts it off.
Bucket                   records-<first byte>-<token>.jsonl, and head.json, which names them in their order. An append
                         puts an object and then replaces the head, on the condition that it still is the one that
                         was read; who comes second reads again. Objects that no head names are deleted by the next
                         append: their writers were killed, or will not get their head through any more.

An append takes the last objects into its own where they are no larger than it, so that n records lie in about
log2 n objects, and each is written again about log2 n times.
"""

from __future__ import annotations

import contextlib
import json
import os
import secrets
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from typing import Any

from .hash_chain import HEAD, Head
from .location import Folder, Location
from .locking import locked

RECORDS = "records.jsonl"
_SEGMENT = "records-"


@dataclass(frozen=True)
class State:
    """The record as it was read at one moment.

    Parameters
    ----------
    head
        None where there is no head.
    content
        The bytes that the head names.
    lost
        Whether there are records, and no head that says where they end.
    raw
        The head as it lies in a bucket.
    """

    head: Head | None
    content: bytes = b""
    lost: bool = False
    raw: bytes | None = None


def record_files(place: Location) -> InFolder | InBucket:
    """Return how the record lies in this place."""
    return InFolder(place) if isinstance(place, Folder) else InBucket(place)


def _head(content: dict[str, Any]) -> Head:
    return Head(int(content["count"]), int(content["size"]), str(content["hash"]))


class InFolder:
    """A record in a folder; mode 0700, its files 0600."""

    def __init__(self, place: Folder) -> None:
        self._place = place
        self._records = place.path / RECORDS

    def read(self) -> State:
        """Read what the head names; one that cannot be understood is a LookupError, ValueError or TypeError."""
        try:
            head = _head(json.loads(self._place.read(HEAD)))
        except (FileNotFoundError, NotADirectoryError):
            return State(None, lost=self._records.exists())
        if not head.size and not self._records.exists():
            return State(head)
        with self._records.open("rb") as file:
            return State(head, file.read(head.size))

    @contextlib.contextmanager
    def turn(self) -> Iterator[None]:
        """Hold the lock."""
        folder = self._place.path
        folder.mkdir(mode=0o700, exist_ok=True)
        folder.chmod(0o700)
        with locked(folder / "lock"):
            yield

    def begin(self) -> State:
        """Write an empty head first; from then on a missing one was taken by somebody."""
        state = self.read()
        if state.head is None and not state.lost:
            self._place.replace(HEAD, json.dumps(asdict(Head())).encode())
            state = self.read()
        return state

    def write(self, state: State, content: bytes, head: Head) -> bool:
        """Write behind the last record, and replace the head; the lock keeps others away."""
        if not content:
            return True
        with os.fdopen(os.open(self._records, os.O_CREAT | os.O_RDWR, 0o600), "r+b") as file:
            file.truncate(head.size - len(content))
            file.seek(head.size - len(content))
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        self._place.replace(HEAD, json.dumps(asdict(head)).encode())
        return True

    def unread(self, state: State) -> int:
        """Count what stands behind the last record."""
        return self._records.stat().st_size - (state.head or Head()).size if self._records.exists() else 0


class InBucket:
    """A record in a bucket."""

    def __init__(self, place: Location) -> None:
        self._place = place

    def read(self) -> State:
        """Read the head and the objects that it names; again where somebody put them together meanwhile."""
        while True:
            raw = self._raw()
            if raw is None:
                return State(None, lost=bool(self._segments()))
            content = json.loads(raw)
            head, names = _head(content), [str(segment["name"]) for segment in content["segments"]]
            contents = self._place.read_many(names)
            missing = next((contents[name] for name in names if not isinstance(contents[name], bytes)), None)
            if missing is None:
                return State(head, b"".join(bytes(contents[name]) for name in names)[: head.size], raw=raw)  # type: ignore[arg-type]
            if not isinstance(missing, FileNotFoundError) or raw == self._raw():
                raise missing  # type: ignore[misc]

    def turn(self) -> contextlib.AbstractContextManager[object]:
        """Wait for nobody: the head decides."""
        return contextlib.nullcontext()

    def begin(self) -> State:
        """Put an empty head on the condition that there is none."""
        state = self.read()
        if state.head is None and not state.lost:
            self._place.swap(HEAD, None, _head_content(Head(), []))
            state = self.read()
        return state

    def write(self, state: State, content: bytes, head: Head) -> bool:
        """Put an object and the head that names it; with no bytes the head alone, so that nobody else's counts."""
        before = self._segments()
        segments = json.loads(state.raw or b"{}").get("segments", [])
        start = len(state.content)
        mine = None
        if content:
            while segments and segments[-1]["size"] <= head.size - start:
                start -= segments.pop()["size"]
            mine = f"{_SEGMENT}{start:015d}-{secrets.token_hex(6)}.jsonl"
            self._place.replace(mine, state.content[start:] + content)
            segments.append({"name": mine, "size": head.size - start})
        if not self._place.swap(HEAD, state.raw, _head_content(head, segments)):
            if mine:
                self._place.delete(mine)
            return False
        for name in before:  # listed before this head counted, so their writers read an older one
            if name not in {segment["name"] for segment in segments}:
                self._place.delete(name)
        return True

    def unread(self, state: State) -> int:
        """Count the bytes of objects that no head names."""
        named = {segment["name"] for segment in json.loads(state.raw or b"{}").get("segments", [])}
        spare = self._place.read_many([name for name in self._segments() if name not in named])
        return sum(len(content) for content in spare.values() if isinstance(content, bytes))

    def _raw(self) -> bytes | None:
        try:
            return self._place.read(HEAD)
        except FileNotFoundError:
            return None

    def _segments(self) -> list[str]:
        return [name for name in self._place.children() if name.startswith(_SEGMENT)]


def _head_content(head: Head, segments: list[dict[str, Any]]) -> bytes:
    """Write a head that is like no other, so that of two writers only one can have put it."""
    return json.dumps(asdict(head) | {"segments": segments, "token": secrets.token_hex(6)}).encode()
