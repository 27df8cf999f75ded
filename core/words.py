"""What people wrote themselves, kept beside the ledger, so that it can be erased without breaking the chain.

words/<hash>.json        {"salt": …, "text": …}, mode 0600

A record holds only the hash, SHA-256 of a random salt and the text. With the file the salt goes, too, so that
nobody can find an erased text by trying.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import secrets
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

SEALED = "sealed"


class Words(str):
    """A text of a person's, which the ledger seals."""

    __slots__ = ()


def seal(entry: Mapping[str, Any], folder: Path) -> dict[str, Any]:
    """Return an entry whose words are replaced by their hashes, once they are safely on the disk."""
    return {name: _sealed(value, folder) if isinstance(value, Words) else value for name, value in entry.items()}


def unsealed(record: Mapping[str, Any], folder: Path) -> tuple[dict[str, Any], list[str]]:
    """Return a record with its words back in their places, and what is wrong with them.

    Erased words are None, and the record's ``erased`` names the fields that they stood in.
    """
    found, problems, erased = dict(record), [], []
    for name, value in record.items():
        if not (isinstance(value, dict) and set(value) == {SEALED}):
            continue
        found[name] = None
        try:
            kept = json.loads((folder / f"{value[SEALED]}.json").read_bytes())
            if _hash(kept["salt"], kept["text"]) == value[SEALED]:
                found[name] = kept["text"]
            else:
                problems.append(f"the {name} of record {record['number']} was changed")
        except FileNotFoundError:
            erased.append(name)
        except (OSError, ValueError, LookupError, TypeError, AttributeError) as error:
            problems.append(f"the {name} of record {record['number']} cannot be read ({type(error).__name__})")
    if erased:
        found["erased"] = erased
    return found, problems


def seals(record: Mapping[str, Any]) -> list[str]:
    """Return the hashes of the words that a record as it is stored refers to."""
    return [value[SEALED] for value in record.values() if isinstance(value, dict) and set(value) == {SEALED}]


def erase(folder: Path, hashes: Iterable[str]) -> int:
    """Delete words for good; return how many stood there."""
    gone = 0
    for one in hashes:
        with contextlib.suppress(FileNotFoundError):
            (folder / f"{one}.json").unlink()
            gone += 1
    return gone


def _sealed(text: str, folder: Path) -> dict[str, str]:
    salt = secrets.token_hex(16)
    found = _hash(salt, text)
    folder.mkdir(mode=0o700, exist_ok=True)
    with os.fdopen(os.open(folder / f"{found}.json", os.O_CREAT | os.O_WRONLY | os.O_TRUNC, 0o600), "wb") as file:
        file.write(json.dumps({"salt": salt, "text": str(text)}).encode("ascii"))
        file.flush()
        os.fsync(file.fileno())
    return {SEALED: found}


def _hash(salt: str, text: str) -> str:
    return hashlib.sha256(f"{salt}:{text}".encode("utf-8", "surrogatepass")).hexdigest()
