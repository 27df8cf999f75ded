"""Status of a data set's gates in the store's log: what each tracker was last told, so that it can tell a change."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

from .base import BaseStore, RunTarget
from .hash_chain import now

GATED = "gated"  # the kind of these records


def conditions_key(result: Mapping[str, Any]) -> str:
    """Return what tells gates of a data set apart: a hash of the lines of their conditions, in any order.

    Parameters
    ----------
    result
        A gate's result as plain values, with ``conditions``.
    """
    lines = sorted(condition["condition"] for condition in result["conditions"])
    return hashlib.sha256("\n".join(lines).encode()).hexdigest()[:16]


def last_status(store: BaseStore, dataset: str, platform: str, conditions: str) -> str | None:
    """Return the status that a tracker was last told of a data set's gate; None where there is none.

    Parameters
    ----------
    conditions
        Which gate it is: see :func:`conditions_key`.
    """
    wanted = {"kind": GATED, "dataset": dataset, "platform": platform, "conditions": conditions}.items()
    statuses = [record["status"] for record in store.ledger.records() if wanted <= record.items()]
    return statuses[-1] if statuses else None


def keep_status(store: BaseStore, dataset: str, where: RunTarget, conditions: str, status: str) -> None:
    """Record what became of a gate, unless it is what the last record of it says."""
    if last_status(store, dataset, where.platform, conditions) != status:
        entry = {"kind": GATED, "dataset": dataset, **asdict(where), "conditions": conditions, "status": status}
        store.ledger.append(lambda _: [entry | {"time": now()}])
