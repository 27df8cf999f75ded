"""Erasure of samples: deletes what labelsift brought of them, and nothing that was there before."""

from __future__ import annotations

from collections.abc import Sequence

from .client.client import BATCH, Client
from .convert.record_fields import again_id
from .convert.review_schema import WHY
from .convert.why import without
from .state.rounds import rounds_in


def erase_records(client: Client, ids: Sequence[str], *, project: str, dry_run: bool) -> int:
    """Delete the samples' records in all review datasets of ``project``; return in how many records they stood.

    A record goes with everything in it, people's answers, too; where a sample stands beside another one's text, only
    that copy goes.
    """
    wanted = {*ids, *map(again_id, ids)}
    space, name = client.workspace_of(project)
    count = 0
    for review in rounds_in(client.datasets(space["id"])):
        if review.of != name:
            continue
        gone, left = [], []
        for record in (record for page in client.records(review.dataset, include=()) for record in page):
            why = str(record["fields"].get(WHY) or "")
            if record["external_id"] in wanted:
                gone.append(record["id"])
            elif (now := without(why, ids)) != why:
                left.append({"id": record["id"], "fields": {**record["fields"], WHY: now}})
        if not dry_run:
            client.delete_records(review.dataset, gone)
            for start in range(0, len(left), BATCH):
                some = left[start : start + BATCH]
                client.upsert(review.dataset, some, ids=[record["id"] for record in some])
        count += len(gone) + len(left)
    return count
