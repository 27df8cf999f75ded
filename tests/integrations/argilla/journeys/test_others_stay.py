"""Whatever stands in a dataset of the user's own: pushes, applies and undoing leave what others wrote as it is."""

from __future__ import annotations

import itertools
import json
from datetime import UTC, datetime
from typing import Any

import pyarrow as pa
from flagged_queue import CLASSES
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from labelsift.data.schemas import CORRECTIONS_SCHEMA
from labelsift.platforms import MODES, ApplyRequest

from ..own_datasets import make_dataset

OPTIONS = {"type": "label_selection", "options": [{"value": name, "text": name} for name in CLASSES]}
ROWS = 5
_numbers = itertools.count(1)
labels = st.sampled_from(CLASSES)
metadata = st.dictionaries(
    st.sampled_from(("source", "x y", "日本", "labelsifter")),
    st.one_of(st.text(alphabet="aé🙂\x00 <", max_size=5), st.lists(st.text(max_size=2), max_size=2)),
    max_size=3,
)
record = st.tuples(
    metadata, st.none() | labels, st.none() | labels, st.sampled_from(("submitted", "draft", "discarded"))
)
step = st.one_of(
    st.tuples(st.just("push"), st.sampled_from(MODES), st.integers(1, ROWS)),
    st.tuples(st.just("apply"), labels, st.integers(0, ROWS - 1)),
)


def theirs(record: dict[str, Any], owner: str) -> str:
    """Return all that is not labelsift's, as JSON: so bytes are compared."""
    kept = {name: value for name, value in (record["metadata"] or {}).items() if not name.startswith("labelsift_")}
    others = [made for made in record["suggestions"] if not str(made["agent"]).startswith("labelsift/")]
    said = [response for response in record["responses"] if response["user_id"] != owner]
    return json.dumps([record["fields"], kept, others, said, record["external_id"], record["inserted_at"]])


@settings(
    max_examples=8, deadline=None, phases=[Phase.generate], derandomize=True,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)  # fmt: skip
@given(rows=st.lists(record, min_size=ROWS, max_size=ROWS), steps=st.lists(step, min_size=1, max_size=3))
def test_nothing_of_others_changes(rows, steps, platform, client, api, workspace_id, make_user, make_queue):
    name, ann, owner = f"Others {next(_numbers)}", make_user(), client.me()["id"]
    made = make_dataset(api, workspace_id, name, settings=OPTIONS)
    texts = make_queue(ROWS).samples.texts.to_pylist()
    for row, (kept, said, suggested, status) in enumerate(rows):
        values = {"label": {"value": said}} if said else {}
        body: dict[str, Any] = {"external_id": f"t{row:05d}", "fields": {"text": texts[row]}, "metadata": kept}
        if said:
            body["responses"] = [{"user_id": ann.id, "status": status, "values": values}]
        if suggested:
            body["suggestions"] = [{"question_id": made.question, "value": suggested, "agent": "labelsifter"}]
        made.log(body)
    before = {id: theirs(row, owner) for id, row in made.records().items()}
    for number, (kind, what, count) in enumerate(steps):
        if kind == "push":
            report = make_queue(ROWS, run=f"20261123-10150{number}-4f2a", flagged=count)
            report.push("argilla", project=name, match="external_id", mode=what)
            again = report.push("argilla", project=name, match="external_id", mode=what)
            assert (again.created, again.updated) == (0, 0)
        else:
            row = {"id": f"t{count:05d}", "action": "relabel", "verdict": "changed", "value": json.dumps(what)}
            row |= {"person": "eve", "time": datetime(2026, 11, 25, 12, number, tzinfo=UTC)}
            platform.apply(pa.Table.from_pylist([row], schema=CORRECTIONS_SCHEMA), ApplyRequest(name))
        assert {id: theirs(row, owner) for id, row in made.records().items()} == before
    platform.apply(CORRECTIONS_SCHEMA.empty_table(), ApplyRequest(name, undo=True))
    platform.forget([f"t{row:05d}" for row in range(ROWS)], project=name, match="external_id")
    after = made.records()
    assert {id: theirs(row, owner) for id, row in after.items()} == before
    assert not any("labelsift_" in json.dumps(row["metadata"]) for row in after.values())
    assert not any(response["user_id"] == owner for row in after.values() for response in row["responses"])
