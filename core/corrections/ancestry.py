"""The run before a run: which kept run the samples at hand were made of."""

from __future__ import annotations

from ..data.samples import Samples
from ..errors import StoreError
from ..store.store import Store
from .file_versions import content_of, versions


def parent_run(store: Store, samples: Samples) -> str | None:
    """Return the newest kept run of the version that these samples were made of, or None where nothing tells.

    Told by the lineage of the samples (:meth:`labelsift.data.samples.Samples.apply` and ``remap``), else by the
    version that ``labelsift correct`` made: the run on which people decided.
    """
    runs = store.runs()
    if samples.lineage is not None:
        for fingerprint in (samples.lineage.parent, *samples.lineage.earlier):
            known = next((one.run for one in runs if one.fingerprint == fingerprint), None)
            if known is not None:
                return known
    try:
        made = [one for one in versions(store.ledger.records()) if one.get("run") and one.get("content")]
    except StoreError:  # a broken record is named by verify, and is no reason against a scan
        return None
    if not made:
        return None
    content = content_of(samples.table)  # hashes every row: only where there are versions to compare with
    names = {one.run for one in runs}
    return next((one["run"] for one in reversed(made) if one["content"] == content and one["run"] in names), None)
