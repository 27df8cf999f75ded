"""What goes wrong in the middle of a push into a dataset of the user's own, or of an apply: the next one mends it."""

from __future__ import annotations

import json

import pyarrow as pa
import pytest
from faultproxy import Fault
from flagged_queue import CLASSES
from labelsift.data.schemas import CORRECTIONS_SCHEMA
from labelsift.errors import PlatformError
from labelsift.integrations.argilla.client import client
from labelsift.integrations.argilla.state import match
from labelsift.platforms import ApplyRequest

from ..own_datasets import make_dataset

OPTIONS = {"type": "label_selection", "options": [{"value": name, "text": name} for name in CLASSES]}
ROWS = 9


@pytest.mark.parametrize("does", ["cut before", "cut after", 500, 422])
def test_a_batch_that_fails_is_sent_again_and_nothing_twice(
    does, platform, proxy, api, workspace_id, name, make_queue, make_user, monkeypatch
):
    times = 2 if str(does).startswith("cut") else 1  # a batch whose connection ends is sent once more at once
    monkeypatch.setattr(match, "BATCH", 2)
    report, ann = make_queue(ROWS), make_user()
    made, exact = (make_dataset(api, workspace_id, f"{name}{end}", settings=OPTIONS) for end in ("", " exact"))
    for dataset in (made, exact):
        for row in report.samples.table.to_pylist():
            said = [{"user_id": ann.id, "status": "submitted", "values": {"label": {"value": row["label"]}}}]
            dataset.log({"external_id": row["id"], "fields": {"text": row["text"]}, "responses": said})
    report.push("argilla", project=f"{name} exact", match="external_id", mode="prefill")
    proxy.faults.append(Fault("PUT .*/records/bulk", does, times=times, skip=2))
    with pytest.raises(PlatformError) as error:
        report.push("argilla", project=name, match="external_id", mode="prefill")
    assert "owner.apikey" not in str(error.value) and "record" in str(error.value)
    report.push("argilla", project=name, match="external_id", mode="prefill")
    assert shown(made) == shown(exact)
    rows = [
        {"id": f"t{row:05d}", "action": "relabel", "verdict": "changed", "value": json.dumps(CLASSES[(row + 1) % 4])}
        for row in range(ROWS)
    ]
    decisions = pa.Table.from_pylist(rows, schema=CORRECTIONS_SCHEMA)
    platform.apply(decisions, ApplyRequest(f"{name} exact", match="external_id"))
    proxy.faults.append(Fault("PUT .*/records/bulk", does, times=times, skip=2))
    with pytest.raises(PlatformError):
        platform.apply(decisions, ApplyRequest(name, match="external_id"))
    platform.apply(decisions, ApplyRequest(name, match="external_id"))
    assert shown(made) == shown(exact)
    proxy.faults.append(Fault("DELETE .*/responses/", does, skip=2))
    with pytest.raises(PlatformError):
        platform.apply(CORRECTIONS_SCHEMA.empty_table(), ApplyRequest(name, undo=True))
    platform.apply(CORRECTIONS_SCHEMA.empty_table(), ApplyRequest(name, undo=True))
    platform.apply(CORRECTIONS_SCHEMA.empty_table(), ApplyRequest(f"{name} exact", undo=True))
    assert shown(made) == shown(exact)
    assert all(len(row["responses"]) == 1 for row in made.records().values())
    assert client.BATCH == 500


def shown(dataset) -> dict:
    """Return what a dataset shows, without ids and times."""
    return {
        id: (
            {name: value for name, value in row["metadata"].items() if name != "labelsift_pushes"},
            [(made["value"], made["score"], made["agent"]) for made in row["suggestions"]],
            [(response["user_id"], response["values"]) for response in row["responses"]],
        )
        for id, row in dataset.records().items()
    }
