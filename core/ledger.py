"""The ledger: what people decided and what was made of it, as a record that only grows.

corrections/             in the store's folder; mode 0700, its files 0600
  records.jsonl          one record a line, each with the hash of the record before it
  head.json              how many records there are, the bytes they fill, and the last one's hash
  lock                   held by whoever appends
  words/                 what people wrote themselves (see :mod:`labelsift.words`); a record holds only its hash

Replacing head.json is the moment at which an append counts. What stands in records.jsonl behind the
bytes that the head names was left by a killed writer: nobody reads it, and the next append cuts it off.

A record's hash is the SHA-256 of its canonical form: JSON in ASCII, keys sorted, no spaces, without the
hash itself. A changed, missing, inserted or moved record breaks the chain, and a cut end disagrees with
the head. Who rewrites the whole record and its head leaves no trace in it: only a last hash that was
noted elsewhere shows that (``labelsift verify --expect HASH``).
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from .errors import StoreError
from .servers import locked
from .words import erase, seal, seals, unsealed

Record = dict[str, Any]
GENESIS = "0" * 64  # what the first record follows
RECORDS = "records.jsonl"
HEAD = "head.json"
WORDS = "words"


@dataclass(frozen=True)
class Head:
    """Where the record ends.

    Parameters
    ----------
    count
        Records.
    size
        Bytes that they fill.
    hash
        Of the last record.
    """

    count: int = 0
    size: int = 0
    hash: str = GENESIS


class Ledger:
    """An append-only file of records, chained by their hashes."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def records(self) -> list[Record]:
        """Return all records, oldest first; a broken chain is refused.

        Raises
        ------
        StoreError
            If a record was changed, removed or moved, or the record cannot be read; names the first one.
        """
        records, problem = self.examine()
        if problem:
            raise self._broken(problem)
        return records

    def _broken(self, problem: str) -> StoreError:
        return StoreError(
            f"The record of corrections in {self.folder} is broken: {problem}",
            cure="Bring the folder back from a backup; nothing is read from or added to a broken record",
        )

    def examine(self) -> tuple[list[Record], str]:
        """Return the records before the first broken one, and what is wrong with that; nothing where all is well."""
        try:
            head = self._head()
            if head is None:
                lost = self._exists(RECORDS)
                return [], f"{HEAD} is missing, which says where the record ends" if lost else ""
            content = self._content(head)
        except (OSError, LookupError, ValueError, TypeError) as error:
            return [], f"it cannot be read ({error})"
        records, problem = _followed(content, head)
        if problem:
            return records, problem
        joined = [unsealed(one, self.folder / WORDS) for one in records]
        return [record for record, _ in joined], next((why for _, found in joined for why in found), "")

    def erase_words(self, ids: Collection[str]) -> int:
        """Delete what people wrote about some samples, and words that no record refers to; return how many.

        The records stay, and the chain holds: they contain only hashes of these words.
        """
        head = self._head() or Head()
        with locked(self.folder / "lock"):  # whoever appends writes words before their record counts
            records, problem = _followed(self._content(head), head)
            if problem:
                raise self._broken(problem)
            kept = {one for record in records if record.get("id") not in ids for one in seals(record)}
            standing = {path.stem for path in (self.folder / WORDS).glob("*.json")}
            return erase(self.folder / WORDS, standing - kept)

    def unread(self) -> int:
        """Return the bytes behind the last record, which a killed writer left, or somebody else."""
        head = self._head() or Head()
        return (self.folder / RECORDS).stat().st_size - head.size if self._exists(RECORDS) else 0

    def append(self, choose: Callable[[Sequence[Record]], Iterable[Mapping[str, Any]]]) -> list[Record]:
        """Add entries: all of them, or, when killed in the middle, none.

        Parameters
        ----------
        choose
            Is given the records that stand, and returns the entries to add: what JSON can hold.
            Nobody else appends in the meantime.

        Returns
        -------
        list
            The new records, with ``number``, ``previous`` and ``hash``.

        Raises
        ------
        StoreError
            If the chain is broken, or the folder cannot be written.
        """
        try:
            self._prepare()
            with locked(self.folder / "lock"):
                if self._head() is None and not self._exists(RECORDS):
                    self._replace_head(Head())  # from now on a missing head means that somebody took it
                standing = self.records()
                head = self._head() or Head()
                entries = [seal(one, self.folder / WORDS) for one in choose(standing)]
                added, head, content = _chained(entries, head)
                if added:
                    self._write(content, at=head.size - len(content))
                    self._replace_head(head)
                return [unsealed(one, self.folder / WORDS)[0] for one in added]
        except OSError as error:
            raise StoreError(
                f"The corrections could not be kept in {self.folder} ({error.strerror})",
                cure="Free some space, name another --store, or keep nothing: --no-store",
            ) from error

    def _head(self) -> Head | None:
        try:
            told = json.loads((self.folder / HEAD).read_text(encoding="ascii"))
            return Head(int(told["count"]), int(told["size"]), str(told["hash"]))
        except (FileNotFoundError, NotADirectoryError):
            return None

    def _exists(self, name: str) -> bool:
        return (self.folder / name).exists()

    def _content(self, head: Head) -> bytes:
        if not head.size and not self._exists(RECORDS):
            return b""
        with (self.folder / RECORDS).open("rb") as file:
            return file.read(head.size)

    def _prepare(self) -> None:
        self.folder.mkdir(mode=0o700, exist_ok=True)
        self.folder.chmod(0o700)
        os.close(os.open(self.folder / "lock", os.O_CREAT | os.O_WRONLY, 0o600))

    def _write(self, content: bytes, *, at: int) -> None:
        with os.fdopen(os.open(self.folder / RECORDS, os.O_CREAT | os.O_RDWR, 0o600), "r+b") as file:
            file.truncate(at)
            file.seek(at)
            file.write(content)
            file.flush()
            os.fsync(file.fileno())

    def _replace_head(self, head: Head) -> None:
        half = self.folder / f".{HEAD}"
        with os.fdopen(os.open(half, os.O_CREAT | os.O_WRONLY | os.O_TRUNC, 0o600), "w", encoding="ascii") as file:
            json.dump(asdict(head), file)
            file.flush()
            os.fsync(file.fileno())
        half.replace(self.folder / HEAD)
        folder = os.open(self.folder, os.O_RDONLY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)


def canonical(record: Mapping[str, Any]) -> bytes:
    r"""Write a record in the one form that is hashed and stored.

    >>> canonical({"b": "é", "a": None})
    b'{"a":null,"b":"\\u00e9"}'
    """
    return json.dumps(record, sort_keys=True, separators=(",", ":"), allow_nan=False).encode("ascii")


def hash_of(record: Mapping[str, Any]) -> str:
    """Return the hash that a record must carry."""
    return hashlib.sha256(canonical({name: value for name, value in record.items() if name != "hash"})).hexdigest()


def _chained(entries: Iterable[Mapping[str, Any]], head: Head) -> tuple[list[Record], Head, bytes]:
    added: list[Record] = []
    lines: list[bytes] = []
    last = head.hash
    for entry in entries:
        record = {**entry, "number": head.count + len(added) + 1, "previous": last}
        record["hash"] = last = hash_of(record)
        added.append(record)
        lines.append(canonical(record) + b"\n")
    content = b"".join(lines)
    return added, Head(head.count + len(added), head.size + len(content), last), content


def _followed(content: bytes, head: Head) -> tuple[list[Record], str]:
    """Follow the chain from its first record to the head."""
    records: list[Record] = []
    last = GENESIS
    lines = content.removesuffix(b"\n").split(b"\n") if content else []
    for number, line in enumerate(lines, start=1):
        problem, record = _problem(line, number=number, previous=last)
        if problem:
            cut = not record and number == len(lines) and len(content) < head.size
            return records, _missing(number, head.count) if cut else problem
        records.append(record)
        last = record["hash"]
    if len(records) < head.count:
        return records, _missing(len(records) + 1, head.count)
    if (len(records), last) != (head.count, head.hash):
        return records, f"{HEAD} does not name record {len(records)} as the last one"
    return records, ""


def _problem(line: bytes, *, number: int, previous: str) -> tuple[str, Record]:
    try:
        record = json.loads(line)
        told = (record["number"], record["previous"], record["hash"])
        whole = (hash_of(record), canonical(record)) == (told[2], line)
    except (ValueError, KeyError, TypeError):
        return f"record {number} cannot be read", {}
    who = f" ({_who(record)})"
    if not whole:
        return f"record {number}{who} was changed", record
    if told[0] != number:
        return f"record {number} is missing or was moved: record {told[0]}{who} stands in its place", record
    if told[1] != previous:
        return f"record {number}{who} does not follow the record before it", record
    return "", record


def _who(record: Record) -> str:
    parts = [f"{name} {record[name]}" for name in ("id", "person", "time") if record.get(name)]
    return ", ".join(parts) or str(record.get("kind", "no decision"))


def _missing(first: int, last: int) -> str:
    return f"record {first} is missing at the end" if first == last else f"records {first} to {last} are missing"
