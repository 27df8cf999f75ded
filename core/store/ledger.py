"""Decision log: an append-only, hash-chained record of what people decided and what was made of it.

corrections/   in the store's folder, mode 0700, its files 0600; or below the store's prefix in a bucket
  records…     one record a line, each with the hash of the record before it (:mod:`labelsift.store.hash_chain`)
  head.json    how many records there are, the bytes they fill, and the last one's hash
  words/       what people wrote themselves (:mod:`labelsift.store.sealed_text`); a record holds only its hash

An append counts once head.json is replaced; how that is done, and what becomes of the bytes that a killed writer left,
says :mod:`labelsift.store.ledger_files`.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from ..data.formatting import error_text
from ..errors import StoreError
from .hash_chain import HEAD, Head, Record, chained, followed
from .ledger_files import State, record_files
from .location import Folder, Location
from .sealed_text import erase, seal, seals, standing_words, unsealed

WORDS = "words"


class Ledger:
    """An append-only list of records, chained by their hashes.

    Parameters
    ----------
    where
        A folder, or a place in a bucket.
    """

    def __init__(self, where: Path | Location) -> None:
        self.place: Location = Folder(where) if isinstance(where, Path) else where
        self._files = record_files(self.place)
        self._words = self.place / WORDS
        self._head = Head()
        self._bytes = b""  # whose chain was followed already, so that a command follows it once
        self._stored: list[Record] = []  # the records in these bytes, as they are stored
        self._whole: list[Record] | None = None  # the same with their words

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
            f"The record of corrections in {self.place} is broken: {problem}",
            hint="Bring it back from a backup; nothing is read from or added to a broken record",
        )

    def examine(self) -> tuple[list[Record], str]:
        """Return the records before the first broken one, and what is wrong with that; nothing where all is well."""
        try:
            return self._followed(self._files.read())
        except (OSError, LookupError, ValueError, TypeError) as error:
            return [], f"it cannot be read ({error_text(error)})"

    def _followed(self, state: State) -> tuple[list[Record], str]:
        if state.head is None:
            return [], f"{HEAD} is missing, which says where the record ends" if state.lost else ""
        if self._whole is not None and state.head == self._head and state.content == self._bytes:
            return list(self._whole), ""
        records, problem = self._follow(state.content, state.head)
        if problem:
            return records, problem
        whole, problem = unsealed(records, self._words)  # all of them: words may be gone meanwhile
        self._whole = None if problem else whole
        return list(whole), problem

    def _follow(self, content: bytes, head: Head) -> tuple[list[Record], str]:
        """Follow the chain, from where it was followed before if these bytes still stand there."""
        start = len(self._bytes) if content.startswith(self._bytes) else 0
        records, problem = followed(content, head, start=start, before=self._stored if start else ())
        self._bytes, self._stored, self._whole = (b"", [], None) if problem else (content, records, None)
        self._head = head
        return records, problem

    def erase_words(self, ids: Collection[str]) -> int:
        """Delete what people wrote about some samples, and words that no record refers to; return how many.

        The records stay, and the chain holds: they contain only hashes of these words.
        """
        while True:
            with self._files.turn():  # whoever appends writes words before their record counts
                state = self._files.begin()
                records, problem = self._follow(state.content, state.head or Head())
                if problem:
                    raise self._broken(problem)
                kept = {seal_hash for record in records if record.get("id") not in ids for seal_hash in seals(record)}
                standing = standing_words(self._words)
                if self._files.write(state, b"", state.head or Head()):
                    self._words.sweep()
                    return erase(self._words, standing - kept)

    def unread(self) -> int:
        """Return the bytes behind the last record, which a killed writer left, or somebody else."""
        return self._files.unread(self._files.read())

    def append(self, choose: Callable[[Sequence[Record]], Iterable[Mapping[str, Any]]]) -> list[Record]:
        """Add entries: all of them, or, when killed in the middle, none.

        Parameters
        ----------
        choose
            Is given the records that stand, and returns the entries to add: what JSON can hold.
            Nobody else appends in the meantime; where that cannot be helped, as in a bucket, it is asked again.

        Returns
        -------
        list
            The new records, with ``number``, ``previous`` and ``hash``.

        Raises
        ------
        StoreError
            If the chain is broken, or the place cannot be written.
        """
        try:
            while (added := self._appended(choose)) is None:
                pass  # somebody else was first
            return added
        except OSError as error:
            raise StoreError(
                f"The corrections could not be kept in {self.place} ({error.strerror})",
                hint="Free some space, name another --store, or keep nothing: --no-store",
            ) from error

    def _appended(self, choose: Callable[[Sequence[Record]], Iterable[Mapping[str, Any]]]) -> list[Record] | None:
        with self._files.turn():
            try:
                state = self._files.begin()
                standing, problem = self._followed(state)
            except (LookupError, ValueError, TypeError) as error:
                raise self._broken(f"it cannot be read ({error_text(error)})") from None
            if problem:
                raise self._broken(problem)
            entries = [seal(entry, self._words) for entry in choose(standing)]
            added, head, content = chained(entries, state.head or Head())
            if added and not self._files.write(state, content, head):
                erase(self._words, [hash for record in added for hash in seals(record)])
                return None
            return unsealed(added, self._words)[0]
