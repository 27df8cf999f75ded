"""How often people take suggestions, issue by issue."""

from __future__ import annotations

import labelsift as ls
from labelsift.store.store import Store
from recording_platform import corrections, decision


def answered(id: str, verdict: str, seconds: float | None = None, **changes: object) -> dict[str, object]:
    """Return a decision as its verdict says: a refusal and a skip keep the label."""
    action = "keep" if verdict in ("refused", "skipped", "both_fit") else "relabel"
    return decision(id, action=action, verdict=verdict, seconds=seconds, **changes)


def test_each_issue_of_a_sample_counts_and_repeats_do_not(make_report, tmp_path):
    report = make_report(40)
    Store(tmp_path / "s").save(report)
    flagged = [row for row in report.findings.to_pylist() if row["scope"] == "sample"]
    ids = list(dict.fromkeys(row["id"] for row in flagged if row["issue"] == "label"))[:4]
    assert len(ids) == 4
    rows = [
        answered(ids[0], "accepted", 2.0),
        answered(ids[1], "changed", 6.0),
        answered(ids[2], "refused", 4.0),
        answered(ids[3], "skipped", 100.0),
        answered(ids[3], "both_fit", 4.0),
        answered(ids[0], "refused", 50.0, asked="repeat"),
        answered(ids[0], "accepted", run="unknown run"),
    ]
    of_issue = {acceptance.issue: acceptance for acceptance in ls.agreement(corrections(*rows), store=tmp_path / "s")}
    label = of_issue["label"]
    assert (label.accepted, label.changed, label.refused, label.skipped, label.seconds) == (1, 1, 1, 1, 4.0)
    assert (label.both_fit, label.decided, label.share) == (1, 3, 1 / 3)
    assert (of_issue["unknown"].accepted, of_issue["unknown"].seconds) == (1, None)
    assert list(of_issue)[-1] == "unknown"


def test_nothing_decided_is_no_agreement(tmp_path):
    assert ls.agreement(corrections(), store=tmp_path / "none") == ()
    (only,) = ls.agreement(corrections(answered("x", "skipped")), store=tmp_path / "none")
    assert (only.share, only.decided, only.skipped) == (None, 0, 1)
