"""Files of training dynamics: the logits of each epoch in a folder, one finished file an epoch.

``index.json`` says what the rows and columns are, ``epoch-00000.npy`` holds the logits of the first epoch, shape
(n, classes). The epoch under way is a file of another ending (``.part``) that the rows are written into wherever they
belong, so that a writer holds one batch and never an epoch, and a killed one leaves every finished epoch readable.
An epoch that did not show every row has ``epoch-00000.seen.npy`` beside it: bool, shape (n,). Files are
counted one after the other; ``epochs.json`` says which number the caller gave to which (``{"0": 4, "1": 9}``).
"""

from __future__ import annotations

import json
import os
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from ..errors import InputError

FORMAT = 1
INDEX = "index.json"
NUMBERS = "epochs.json"
EPOCH = re.compile(r"epoch-(\d{5,})\.npy")


@dataclass(frozen=True)
class EpochFiles:
    """What a folder of logits holds: the logits of each epoch, mapped, not read, and what was shown in it."""

    logits: tuple[np.ndarray, ...]
    seen: tuple[np.ndarray | None, ...]
    classes: tuple[str, ...] | None
    ids: tuple[str, ...] | None
    numbers: tuple[int | None, ...] = ()  # the caller's, None where none was given; empty where there are no files


def read_epochs(path: Path) -> EpochFiles:
    """Open a folder of a DynamicsWriter, or an ``.npy`` file (epochs, n, classes).

    Raises
    ------
    InputError
        If there is neither, or no finished epoch yet.
    """
    if path.is_file():
        try:
            array = np.load(path, mmap_mode="r", allow_pickle=False)
        except ValueError as error:
            raise InputError(f"{path} is no array of logits ({error})", hint="Save it with numpy.save") from None
        return EpochFiles(tuple(array), (None,) * len(array), None, None)
    index = read_index(path)
    names = finished_epochs(path)
    logits = tuple(np.load(path / name, mmap_mode="r", allow_pickle=False) for name in names)
    seen_files = (path / name.replace(".npy", ".seen.npy") for name in names)
    ids, classes = index["ids"], index["classes"]
    numbers = read_numbers(path)
    return EpochFiles(
        logits,
        tuple(np.load(file, allow_pickle=False) if file.exists() else None for file in seen_files),
        None if classes is None else tuple(classes),
        None if ids is None else tuple(ids),
        tuple(numbers.get(int(name.removeprefix("epoch-").removesuffix(".npy"))) for name in names),
    )


def finished_epochs(path: Path) -> list[str]:
    """List the files of finished epochs in their order; none where there is no such folder."""
    return sorted(name for name in os.listdir(path) if EPOCH.fullmatch(name)) if path.is_dir() else []


def read_index(path: Path) -> dict[str, Any]:
    """Return what the rows and columns of a folder are: ``format, classes, ids``."""
    try:
        index = json.loads((path / INDEX).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        raise InputError(
            f"{path} holds no logits of a training", hint="Name the folder that a DynamicsWriter wrote"
        ) from None
    if index.get("format") != FORMAT:
        raise InputError(f"{path} has format {index.get('format')}, not {FORMAT}", hint="Update labelsift")
    return index


def read_numbers(path: Path) -> dict[int, int]:
    """Return the caller's number of each file that has one; none of a folder of an earlier version."""
    file = path / NUMBERS
    if not file.exists():
        return {}
    return {int(number): int(named) for number, named in json.loads(file.read_text(encoding="utf-8")).items()}


def file_of(number: int) -> str:
    """Name the file of a finished epoch."""
    return f"epoch-{number:05d}.npy"
