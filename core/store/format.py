"""Store format: creation of a folder or a prefix, and the check of its format number."""

from __future__ import annotations

import json

from ..data.formatting import error_text
from ..errors import StoreError
from .location import Folder, Location
from .sweep import sweep_old

FORMAT = 1
MARK = "format.json"
_SCAN = "Scan first: labelsift scan FILE --text … --label …"


def prepare(place: Location) -> None:
    """Make the store ready for a run, and clear away what killed writers left behind.

    Raises
    ------
    StoreError
        If it cannot be written, holds other things, or has another format.
    """
    try:
        _require_own(place)
        mark = json.dumps({"format": FORMAT}).encode()  # comes first: with anything else the place is no new one
        if isinstance(place, Folder):
            _make(place, mark)
        else:
            place.swap(MARK, None, mark)
        sweep_old(place / "runs")
    except FileNotFoundError as error:
        if not isinstance(place, Folder):  # no bucket; in a folder another writer cleared it away
            raise _unwritable(place, error) from error
    except OSError as error:
        raise _unwritable(place, error) from error
    check_format(place)


def check_format(place: Location) -> None:
    """Refuse what is no run store, or one of another format."""
    try:
        format = json.loads(place.read(MARK)).get("format")
    except (FileNotFoundError, NotADirectoryError):
        raise StoreError(f"{place} is no run store", hint=_SCAN) from None
    except (OSError, ValueError, AttributeError) as error:
        raise StoreError(
            f"{place}/{MARK} cannot be read ({error_text(error)})",
            hint=f'Write {{"format": {FORMAT}}} into it, or name another --store',
        ) from None
    if format != FORMAT:
        age = "newer" if isinstance(format, int) and format > FORMAT else "unknown"
        raise StoreError(
            f"{place} has the {age} format {format}; this labelsift reads format {FORMAT}",
            hint="Update labelsift, or name another --store",
        )


def _make(place: Folder, mark: bytes) -> None:
    place.path.mkdir(parents=True, exist_ok=True, mode=0o700)
    place.path.chmod(0o700)
    (place.path / ".gitignore").write_text("*\n")
    if not (place.path / MARK).exists():
        place.replace(MARK, mark)
    (place.path / "runs").mkdir(exist_ok=True, mode=0o700)


def _require_own(place: Location) -> None:
    """Refuse a folder with other things in it: making it private and ignored by git would harm them."""
    if isinstance(place, Folder):
        foreign = {path.name for path in place.path.iterdir()} if place.path.exists() else set()
    else:
        foreign = set(place.children())
    if MARK not in foreign and not all(name.startswith((".gitignore", ".format")) for name in foreign):
        new = "folder, such as .labelsift" if isinstance(place, Folder) else "prefix in the bucket"
        raise StoreError(f"{place} is not empty and no run store", hint=f"Name a new {new}")


def _unwritable(place: Location, error: OSError) -> StoreError:
    return StoreError(f"{place} cannot be written ({error.strerror})", hint="Name another --store, or none")
