"""Opening of files: format and compression by the name's endings, zip archives, folders and addresses."""

from __future__ import annotations

import os
import zipfile
import zlib
from collections.abc import Callable
from functools import partial
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING

import pyarrow as pa

from ..errors import InputError

if TYPE_CHECKING:
    from pyarrow import fs

Opened = Callable[[], pa.NativeFile]

FORMATS = {
    ".csv": "csv", ".tsv": "tsv", ".txt": "txt", ".jsonl": "jsonl", ".ndjson": "jsonl", ".json": "json",
    ".parquet": "parquet", ".arrow": "arrow", ".xlsx": "xlsx", ".conll": "conll", ".bio": "conll", ".iob": "conll",
}  # fmt: skip
COMPRESSIONS = {".gz": "gzip", ".bz2": "bz2", ".zst": "zstd", ".lz4": "lz4"}
DELIMITED = {"csv": ",", "tsv": "\t", "txt": "\t"}  # with the separator that is tried first
SAVED = "saved"  # a folder that datasets.save_to_disk wrote


def stem(source: str) -> str:
    """Return the file's name without format and compression.

    >>> stem("s3://bucket/tickets.csv.gz")
    'tickets'
    """
    path = PurePosixPath(source)
    return path.with_suffix("").stem if path.suffix in (*COMPRESSIONS, ".zip") else path.stem


def kind(source: str, named: str | None = None) -> tuple[str, str | None]:
    """Tell format and compression from the name's endings; the format that is ``named`` comes first.

    >>> kind("tickets.jsonl.zst")
    ('jsonl', 'zstd')
    """
    path = PurePosixPath(source)
    compression = COMPRESSIONS.get(path.suffix.lower())
    suffix = (path.with_suffix("").suffix if compression else path.suffix).lower()
    if named is not None:
        suffix = f".{named.removeprefix('.').lower()}"
    if suffix not in FORMATS:
        known = ", ".join(dict.fromkeys(FORMATS.values()))
        hint = f"Name it with one of {', '.join(FORMATS)}, with {', '.join(COMPRESSIONS)} where compressed; or say so: "
        hint += "format='csv', --format csv"
        if named is not None:
            raise InputError(f"labelsift knows no format {named!r}", hint=f"Name one of {known}")
        if suffix == ".xls":
            hint = "Save it as .xlsx or .csv"
        raise InputError(f"labelsift cannot tell the format of {source}", hint=hint)
    return FORMATS[suffix], compression


def opener(source: str, named: str | None = None) -> tuple[str, Opened]:
    """Return a file's format, and what opens its uncompressed bytes.

    Raises
    ------
    InputError
        If the format is not known, an address cannot be opened, or an archive holds not one file.
    """
    if "://" not in source and os.path.isdir(source):
        _require_saved(Path(source))
        return SAVED, partial(open, source)  # type: ignore[return-value] - read by its parts
    if source.lower().endswith(".zip") and "://" not in source and os.path.isfile(source):
        name, content = _only_member(source)
        return kind(name, named)[0], partial(pa.BufferReader, content)
    form, compression = kind(source, named)
    system, path = locate(source)
    if form in ("parquet", "arrow", "xlsx"):  # read here and there, not from the first byte to the last
        return form, partial(system.open_input_file, path)
    return form, partial(system.open_input_stream, path, compression=compression)


def locate(source: str) -> tuple[fs.FileSystem, str]:
    """Return the file system and the path within it of a path or an address."""
    from pyarrow import fs

    if "://" in source:
        try:
            return fs.FileSystem.from_uri(source)
        except (pa.ArrowInvalid, OSError) as error:
            raise InputError(
                f"The address {source} cannot be opened ({error})", hint="Give file://, s3:// or a path"
            ) from None
    return fs.LocalFileSystem(), source


def _only_member(source: str) -> tuple[str, bytes]:
    try:
        with zipfile.ZipFile(source) as archive:
            names = [name for name in archive.namelist() if not name.endswith("/") and "__MACOSX" not in name]
            if len(names) != 1:
                raise InputError(f"{source} holds {len(names)} files", ids=names, hint="Unpack it, and name one")
            return names[0], archive.read(names[0])
    except (zipfile.BadZipFile, zlib.error, EOFError, OSError, RuntimeError) as error:  # or a password
        raise InputError(f"{source} cannot be unpacked ({error})", hint="Unpack it, and name the file") from None


def _require_saved(folder: Path) -> None:
    if (folder / "dataset_dict.json").is_file():
        splits = sorted(str(path.parent) for path in folder.glob("*/state.json"))
        raise InputError(f"{folder} holds a data set for each split", ids=splits, hint="Name one of these folders")
    if not (folder / "state.json").is_file():
        files = sorted(path.name for path in folder.iterdir() if path.is_file())
        raise InputError(
            f"{folder} is a folder, and not one that datasets.save_to_disk wrote",
            ids=files,
            hint="Name a file in it; for one task a file, put the tasks into one JSON list",
        )
