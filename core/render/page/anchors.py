"""Anchors of the page: stable links to the run, a slice by its slug, and a sample by a hash of its id.

The same sample has the same anchor in the page of every run, so that a link in a ticket survives the next scan.
"""

from __future__ import annotations

from urllib.parse import quote

from ...data.hashing import id_hash
from ...errors import InputError

KINDS = ("run", "slice", "sample")


def anchor(kind: str, name: str) -> str:
    """Return the anchor of a run by its name, a slice by its slug or a sample by its id.

    >>> anchor("slice", "state:CA__gender:f"), anchor("sample", "t1")
    ('slice-state:CA__gender:f', 'sample-00584efad8254dca')
    """
    if kind not in KINDS:
        raise InputError(f"There is no link to a {kind}", hint=f"Known: {', '.join(KINDS)}")
    return f"sample-{id_hash(name)[:16]}" if kind == "sample" else f"{kind}-{name}"


def link(kind: str, name: str) -> str:
    """Return what stands behind the page's address: ``#sample-…``, safe in any address.

    >>> link("slice", "city:New York")
    '#slice-city:New%20York'
    """
    return "#" + quote(anchor(kind, name), safe=":-_.")
