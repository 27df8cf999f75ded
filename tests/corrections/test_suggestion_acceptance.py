"""How often people take suggestions, issue by issue."""

from __future__ import annotations

from datetime import UTC, datetime

import labelsift as ls
import pyarrow as pa
from labelsift.data.schemas import CORRECTIONS_SCHEMA
from labelsift.store.store import Store


def decision(id: str, verdict: str, seconds: float | None = None, **more: object) -> dict:
    action = "keep" if verdict in ("refused", "skipped") else "relabel"
    told = {"id": id, "action": action, "verdict": verdict, "value": '"refund"', "person": "a", "platform": "p"}
    return told | {"time": datetime(2026, 11, 25, tzinfo=UTC), "run": "20261123-101500-4f2a", "seconds": seconds} | more


def table(*rows: dict) -> pa.Table:
    return pa.Table.from_pylist(list(rows), schema=CORRECTIONS_SCHEMA)


def test_each_issue_of_a_sample_counts_and_repeats_do_not(make_report, tmp_path):
    report = make_report(40)
    Store(tmp_path / "s").save(report)
    flagged = [row for row in report.findings.to_pylist() if row["scope"] == "sample"]
    ids = list(dict.fromkeys(row["id"] for row in flagged if row["issue"] == "label"))[:4]
    assert len(ids) == 4
    rows = [
        decision(ids[0], "accepted", 2.0),
        decision(ids[1], "changed", 6.0),
        decision(ids[2], "refused", 4.0),
        decision(ids[3], "skipped", 100.0),
        decision(ids[0], "refused", 50.0, asked="repeat"),
        decision(ids[0], "accepted", run="unknown run"),
    ]
    found = {one.issue: one for one in ls.agreement(table(*rows), store=tmp_path / "s")}
    label = found["label"]
    assert (label.accepted, label.changed, label.refused, label.skipped, label.seconds) == (1, 1, 1, 1, 4.0)
    assert label.share == 1 / 3
    assert (found["unknown"].accepted, found["unknown"].seconds) == (1, None)
    assert list(found)[-1] == "unknown"


def test_nothing_decided_is_no_agreement(tmp_path):
    assert ls.agreement(table(), store=tmp_path / "none") == ()
    (only,) = ls.agreement(table(decision("x", "skipped")), store=tmp_path / "none")
    assert (only.share, only.decided, only.skipped) == (None, 0, 1)
