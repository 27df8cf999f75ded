"""Status of a data set's gates in the store's log: what each tracker was last told, so that it can tell a change."""

from __future__ import annotations

from dataclasses import asdict

from .base import BaseStore, RunTarget
from .hash_chain import now

GATED = "gated"  # the kind of these records


def last_status(store: BaseStore, dataset: str, platform: str) -> str | None:
    """Return the status of a data set's last gate that a tracker was told of; None where there is none."""
    statuses = [
        record["status"]
        for record in store.ledger.records()
        if record.get("kind") == GATED and (record["dataset"], record["platform"]) == (dataset, platform)
    ]
    return statuses[-1] if statuses else None


def keep_status(store: BaseStore, dataset: str, where: RunTarget, status: str) -> None:
    """Record what became of a gate, unless it is what the last record says."""
    if last_status(store, dataset, where.platform) != status:
        entry = {"kind": GATED, "dataset": dataset, **asdict(where), "status": status, "time": now()}
        store.ledger.append(lambda _: [entry])
