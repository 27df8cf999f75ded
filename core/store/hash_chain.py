"""SHA-256 hash chain of records: append, follow, and name the first broken record.

A record's hash is the SHA-256 of its canonical form: JSON in ASCII, keys sorted, no spaces, without the
hash itself. A changed, missing, inserted or moved record breaks the chain, and a cut end disagrees with
the head. Who rewrites the whole record and its head leaves no trace in it: only a last hash that was
noted elsewhere shows that (``labelsift verify --expect HASH``).
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

Record = dict[str, Any]
GENESIS = "0" * 64  # what the first record follows
HEAD = "head.json"


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


def now() -> str:
    """Return the time that a new record carries, UTC."""
    return datetime.now(UTC).isoformat(timespec="microseconds")


def canonical(record: Mapping[str, Any]) -> bytes:
    r"""Write a record in the one form that is hashed and stored.

    >>> canonical({"b": "é", "a": None})
    b'{"a":null,"b":"\\u00e9"}'
    """
    return json.dumps(record, sort_keys=True, separators=(",", ":"), allow_nan=False).encode("ascii")


def hash_of(record: Mapping[str, Any]) -> str:
    """Return the hash that a record must carry."""
    return hashlib.sha256(canonical({name: value for name, value in record.items() if name != "hash"})).hexdigest()


def chained(entries: Iterable[Mapping[str, Any]], head: Head) -> tuple[list[Record], Head, bytes]:
    """Make records of entries that follow the head; return them, the new head, and the bytes to add."""
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


def followed(content: bytes, head: Head, *, start: int = 0, before: Sequence[Record] = ()) -> tuple[list[Record], str]:
    """Follow the chain to the head.

    Parameters
    ----------
    content
        What the record holds, as far as it is there.
    start, before
        How many bytes the first records fill, and these, whose chain was followed earlier.

    Returns
    -------
    tuple
        The records before the first broken one, and what is wrong with that; nothing where all is well.
    """
    records = list(before)
    last = records[-1]["hash"] if records else GENESIS
    lines = content[start:].removesuffix(b"\n").split(b"\n") if len(content) > start else []
    for number, line in enumerate(lines, start=len(records) + 1):
        problem, record = _problem(line, number=number, previous=last)
        if problem:
            cut = not record and line is lines[-1] and len(content) < head.size
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
        fields = (record["number"], record["previous"], record["hash"])
        whole = (hash_of(record), canonical(record)) == (fields[2], line)
    except (ValueError, KeyError, TypeError):
        return f"record {number} cannot be read", {}
    parts = [f"{name} {record[name]}" for name in ("id", "person", "time") if record.get(name)]
    who = f" ({', '.join(parts) or record.get('kind', 'no decision')})"
    if not whole:
        return f"record {number}{who} was changed", record
    if fields[0] != number:
        return f"record {number} is missing or was moved: record {fields[0]}{who} stands in its place", record
    if fields[1] != previous:
        return f"record {number}{who} does not follow the record before it", record
    return "", record


def _missing(first: int, last: int) -> str:
    return f"record {first} is missing at the end" if first == last else f"records {first} to {last} are missing"
