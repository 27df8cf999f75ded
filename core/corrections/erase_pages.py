"""Erasure of samples from pages: a report's is written again without them, and what cannot be is named.

A run's log says where its pages with texts were written. Of a page that was moved or sent on nobody knows the place,
so it is named by its kind.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from html import escape
from pathlib import Path

from ..data.formatting import shortened
from ..data.hashing import id_hashes
from ..errors import LabelsiftError
from ..render.page.build import write_page
from ..render.page.content import encode
from ..render.page.map import ids_on_map
from ..render.page.selection import STRING_LENGTH
from ..store.base import COMPARISON_PAGE, PAGES, SENT
from ..store.hash_chain import Record
from ..store.run_info import read_facts
from ..store.store import Store


def erase_pages(
    store: Store, records: Sequence[Record], ids: Collection[str], *, runs: Collection[str], dry_run: bool
) -> tuple[list[str], list[str]]:
    """Write report pages again without some samples.

    Parameters
    ----------
    runs
        Those that hold the samples, or did before this erasure.

    Returns
    -------
    tuple
        The pages that were written again, or would be; and what a person must do about the others.
    """
    again, unreachable = [], []
    for run, kind, path in _pages(store, records, ids, runs):
        where = f"The {kind} {path}"
        try:
            page = path.read_text(encoding="utf-8")
        except FileNotFoundError:
            unreachable.append(f"{where} is not there any more: wherever it was moved or sent, delete it")
            continue
        except (OSError, UnicodeDecodeError) as error:
            unreachable.append(f"{where} cannot be read ({error}): delete it")
            continue
        shown = any(f">{escape(id)}<" in page for id in ids) if kind == COMPARISON_PAGE else ids_on_page(page, ids)
        if run not in page or not shown:
            continue  # another file stands there, or it was written since
        if kind == COMPARISON_PAGE:
            unreachable.append(f"{where} may hold texts of them: write it again, or delete it")
            continue
        try:
            if not dry_run:
                write_page(store.load(run), path)
            again.append(f"{kind} {path}")
        except LabelsiftError as error:
            unreachable.append(f"{where} cannot be written again ({error}): delete it")
    return again, list(dict.fromkeys(unreachable))  # a comparison's page is of two runs


def _pages(
    store: Store, records: Sequence[Record], ids: Collection[str], runs: Collection[str]
) -> Iterator[tuple[str, str, Path]]:
    """Yield run, kind and path of the pages of runs that hold, held, or may have held the samples."""
    hashes, known = set(id_hashes(list(ids))), dict.fromkeys(runs, True)
    for record in records:
        if record.get("kind") != SENT or record["platform"] not in PAGES:
            continue
        run = record["run"]
        if run not in known:
            try:
                erased = read_facts(store.place_of(run)).get("tombstone", {}).get("ids", ())
                known[run] = bool(hashes & set(erased))
            except LabelsiftError:  # the run is gone, and what it held
                known[run] = True
        if known[run]:
            yield run, record["platform"], Path(record["target"])


def ids_on_page(page: str, ids: Collection[str]) -> set[str]:
    """Return those of the samples that a report page names, in its data or on its map."""
    on_map = ids_on_map(page)
    return {id for id in ids if id in on_map or f"[{encode(shortened(id, STRING_LENGTH))}," in page}
