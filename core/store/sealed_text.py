"""Erasable free text: the decision log holds salted hashes, the text lies in its own file.

words/<hash>.json        {"salt": …, "text": …}, mode 0600

A record holds only the hash, SHA-256 of a random salt and the text. With the file the salt goes, too, so that
nobody can find an erased text by trying.
"""

from __future__ import annotations

import hashlib
import json
import secrets
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from .location import Location

SEALED = "sealed"


class SealedText(str):
    """A text of a person's, which the ledger seals."""

    __slots__ = ()


def seal(entry: Mapping[str, Any], place: Location) -> dict[str, Any]:
    """Return an entry whose words are replaced by their hashes, once they are safely kept."""
    return {name: _sealed(value, place) if isinstance(value, SealedText) else value for name, value in entry.items()}


def unsealed(records: Sequence[Mapping[str, Any]], place: Location) -> tuple[list[dict[str, Any]], str]:
    """Return records with their words back in their places, and what is wrong with the first bad ones.

    Erased words are None, and a record's ``erased`` names the fields that they stood in.
    """
    files = place.read_many([f"{hash}.json" for record in records for hash in seals(record)])
    joined = [_unsealed(record, files) for record in records]
    return [record for record, _ in joined], next((why for _, problems in joined for why in problems), "")


def _unsealed(record: Mapping[str, Any], files: Mapping[str, bytes | OSError]) -> tuple[dict[str, Any], list[str]]:
    opened, problems, erased = dict(record), [], []
    for name, value in record.items():
        if not (isinstance(value, dict) and set(value) == {SEALED}):
            continue
        opened[name] = None
        try:
            content = files[f"{value[SEALED]}.json"]
            if isinstance(content, OSError):
                raise content
            kept = json.loads(content)
            if _hash(kept["salt"], kept["text"]) == value[SEALED]:
                opened[name] = kept["text"]
            else:
                problems.append(f"the {name} of record {record['number']} was changed")
        except FileNotFoundError:
            erased.append(name)
        except (OSError, ValueError, LookupError, TypeError, AttributeError) as error:
            problems.append(f"the {name} of record {record['number']} cannot be read ({type(error).__name__})")
    if erased:
        opened["erased"] = erased
    return opened, problems


def seals(record: Mapping[str, Any]) -> list[str]:
    """Return the hashes of the words that a record as it is stored refers to."""
    return [value[SEALED] for value in record.values() if isinstance(value, dict) and set(value) == {SEALED}]


def standing_words(place: Location) -> set[str]:
    """Return the hashes of the words that are kept."""
    return {name.removesuffix(".json") for name in place.children() if name.endswith(".json")}


def erase(place: Location, hashes: Iterable[str]) -> int:
    """Delete words for good; return how many there were to delete."""
    hashes_gone = sorted(set(hashes))
    for hash in hashes_gone:
        place.delete(f"{hash}.json")
    return len(hashes_gone)


def _sealed(text: str, place: Location) -> dict[str, str]:
    salt = secrets.token_hex(16)
    digest = _hash(salt, text)
    place.replace(f"{digest}.json", json.dumps({"salt": salt, "text": str(text)}).encode("ascii"))
    return {SEALED: digest}


def _hash(salt: str, text: str) -> str:
    return hashlib.sha256(f"{salt}:{text}".encode("utf-8", "surrogatepass")).hexdigest()
