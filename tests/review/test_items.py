"""The review queue: blind items, second items, clusters of duplicates, and what nobody is asked about."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

import labelsift as ls
import numpy as np
import pyarrow as pa
import pytest
from labelsift import platforms
from labelsift.data.review_queue import ReviewQueue
from labelsift.data.schemas import Finding, findings_table
from labelsift.errors import InputError
from labelsift.platforms import LabelingPlatform, PushRequest, Receipt
from labelsift.review.items import findings_of, queue_of


@pytest.fixture
def run() -> ls.Report:
    samples = ls.read(
        pa.table({"id": list("abcd"), "text": list("1234"), "label": list("xxyy")}), id="id", label="label"
    )
    findings = [
        Finding("a", "label", 0.1, "r", given="x", suggested="y"),
        Finding("b", "label", 0.2, "r", given="x", suggested="y"),
        Finding("b", "near_duplicate", 0.3, "r", group_id="g"),
        Finding("c", "label", 0.4, "r"),
        Finding("d", "hard", 0.0, "r"),
        Finding("x", "imbalance", 0.0, "r", scope="class"),
    ]
    scores = pa.table({"id": list("abcd")})
    return ls.Report("r", datetime(2026, 11, 23, tzinfo=UTC), samples, scores, findings_table(findings), classes=("x",))


def test_a_second_item_differs_in_its_score_and_place_only(run):
    queue = queue_of(run, only=["label"], repeats={"a": 0.3, "gone": 0.5})
    assert [(item.id, item.again, item.rank) for item in queue.items] == [
        ("a", False, 1),
        ("b", False, 2),
        ("a", True, 3),
        ("c", False, 4),
    ]
    assert len({item.key for item in queue.items}) == 4
    assert queue.repeats == {"a": 0.3, "gone": 0.5}  # also what is not in the queue: it stands as it is


def test_vectors_are_the_rows_that_the_run_keeps_picked_when_they_are_asked_for(run):
    assert queue_of(run).vectors is None
    kept = np.eye(4, 3, dtype=np.float32)  # the last text has no token
    vectors = queue_of(replace(run, embeddings=kept)).vectors
    assert vectors is not None
    assert vectors(["d", "b"]).tolist() == [[0, 0, 0], [0, 1, 0]]
    assert (vectors(["a"]).dtype, vectors([]).shape) == (np.float32, (0, 3))
    with pytest.raises(InputError, match="unknown"):
        vectors(["unknown"])


def test_a_pushed_queue_has_the_vectors_of_the_run(monkeypatch, run):
    queues = []

    class Kept(LabelingPlatform):
        name = "kept"

        def push(self, queue: ReviewQueue, request: PushRequest) -> Receipt:
            queues.append(queue)
            return Receipt(self.name, request.project)

    monkeypatch.setattr(platforms, "get", lambda name: Kept())
    replace(run, embeddings=np.eye(4, dtype=np.float32)).push("kept", project="p")
    assert queues[0].vectors(["c"]).tolist() == [[0, 0, 1, 0]]


def test_blind_items_and_clusters_are_marked(run):
    items = {item.id: item for item in queue_of(run, blind={"b"}).items}
    assert [id for id, item in items.items() if item.blind] == ["b"]
    assert {id: item.group for id, item in items.items()} == {"a": None, "b": "g", "c": None, "d": None}
    # What an item is pushed for does not change its cluster.
    assert queue_of(run, only=["label"]).items[1].group == "g"


def test_advice_asks_nobody_for_a_decision(run):
    assert {row["id"] for row in findings_of(run)} == set("abcd")
    assert {row["id"] for row in findings_of(run, advice=False)} == set("abc")


def test_ambiguous_labels_are_asked_after_the_flagged_ones_up_to_the_budget(run):
    more = [
        Finding("d", "ambiguous", 0.01, "Both may fit.", given="y", suggested="x", confidence=0.3),
        Finding("data", "unlearnable", 0.0, "Not told.", scope="dataset"),
    ]
    findings = pa.concat_tables([run.findings, findings_table(more)])
    asked = ls.Report("r", run.created, run.samples, run.scores, findings, classes=("x", "y"))
    assert [item.id for item in queue_of(asked).items] == ["a", "b", "c", "d"]
    assert [item.id for item in queue_of(asked, budget=3).items] == ["a", "b", "c"]
    item = queue_of(asked, findings_of(asked, advice=False)).items[-1]
    assert (item.issues, item.given, item.suggested, item.confidence) == (("ambiguous",), "y", "x", 0.3)
