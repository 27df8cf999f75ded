"""The report: headline figures, similar samples, links that last."""

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pyarrow as pa
import pytest
from labelsift.data.schemas import (
    CORRECTIONS_SCHEMA,
    FINDINGS_SCHEMA,
    Finding,
    findings_table,
    issues_in,
    of_issue,
    to_json,
)
from labelsift.errors import InputError
from labelsift.io.read import read
from labelsift.report import Report, load
from labelsift.scanning import scan
from labelsift.signals.signals import Signals

TEXTS = [
    "my bank card was stolen yesterday",
    "somebody stole my credit card",
    "please refund the last order",
    "I want my money back for the order",
    "the app crashes when it starts",
    "",
]


@pytest.fixture(scope="module")
def report() -> Report:
    samples = read(
        pa.table({"id": list("abcdef"), "text": TEXTS, "label": ["card", "card", "money", "money", "app", None]}),
        id="id",
        label="label",
    )
    return scan(samples, store=None)


def test_the_summary_is_json_and_counts_what_is_flagged(make_report):
    report = make_report(200)
    summary = json.loads(json.dumps(report.summary()))
    flagged = report.scores["is_label_issue"].to_pylist().count(True)
    assert summary["issues"]["label"] == {"count": flagged, "rate": flagged / 192}  # 8 of 200 have no label
    assert summary["judged"] == 192
    assert summary["issues"]["empty"]["count"] == 4
    assert (summary["rows"], summary["classes"], summary["dataset"]) == (200, 4, "tickets")
    assert summary["findings"] == report.findings.num_rows
    assert summary["fingerprint"] == report.samples.fingerprint


def test_similar_by_text_and_by_id(report):
    similar = report.similar("my card has been stolen", k=2)
    assert similar.column_names == ["id", "similarity", "label", "text"]
    assert set(similar["id"].to_pylist()) == {"a", "b"}
    assert similar["similarity"][0].as_py() >= similar["similarity"][1].as_py() > 0.3
    by_id = report.similar("a", k=1)
    assert by_id["id"].to_pylist() == ["b"]
    assert len(report.similar("a", k=50)) == 5  # all but the seed


def test_similar_refuses_what_it_cannot_answer(report):
    with pytest.raises(InputError, match="0 similar samples cannot be shown"):
        report.similar("a", k=0)
    with pytest.raises(InputError, match=r"no embeddings.*Scan again with a check that needs them"):
        replace(report, embeddings=None).similar("a")
    brought = scan(report.samples, signals=Signals(embeddings=np.eye(6)), only=["outlier"], store=None)
    assert len(brought.similar("a", k=2)) == 2
    with pytest.raises(InputError, match=r"embeddings that the user brought.*id of a sample"):
        brought.similar("some text")


def test_links_of_a_push_are_kept_with_the_run(report, tmp_path, monkeypatch):
    from labelsift import platforms
    from labelsift.platforms import LabelingPlatform, Receipt

    class Queue(LabelingPlatform):
        name = "queue"

        def push(self, queue, request):
            return Receipt("queue", request.project, sample_links={"a": "http://127.0.0.1/7"})

    monkeypatch.setattr(platforms, "labeler", lambda name: Queue())
    kept = scan(report.samples, only=["empty"], store=tmp_path / "kept")
    kept.push("queue", project="P")
    assert load(store=tmp_path / "kept").sample_links == {"a": "http://127.0.0.1/7"}
    again = load(store=tmp_path / "kept")
    again.push("queue", project="P")
    assert again.sample_links == {"a": "http://127.0.0.1/7"}


def test_findings_are_ordered_and_json_is_stable():
    findings = [
        Finding("a", "label", 0.5, "A."),
        Finding("b", "empty", 0.0, "B.", given="é"),
        Finding("c", "label", 0.5, "C."),
    ]
    table = findings_table(findings)
    assert table.schema.equals(FINDINGS_SCHEMA)
    assert table["id"].to_pylist() == ["b", "a", "c"]
    assert table["given"].to_pylist() == ['"é"', "null", "null"]
    assert table["confidence"].null_count == 3
    assert of_issue(table, "label")["id"].to_pylist() == ["a", "c"]
    assert findings_table([]).schema.equals(FINDINGS_SCHEMA)
    assert to_json({"b": 1, "a": [2]}) == '{"a": [2], "b": 1}'


def test_schemas_are_those_of_the_design():
    assert FINDINGS_SCHEMA.names == [
        *("id", "scope", "issue", "kind", "score", "given", "suggested", "confidence", "reason"),
        *("related_ids", "group_id", "evidence"),
    ]
    assert CORRECTIONS_SCHEMA.names == [
        *("id", "action", "verdict", "value", "person", "time", "platform", "run", "round", "seconds", "note", "asked"),
    ]
    scores = pa.table({"id": ["a"], "near_duplicate_score": [1.0], "is_near_duplicate_issue": [False], "is_it": [1]})
    assert issues_in(scores) == ("near_duplicate",)
