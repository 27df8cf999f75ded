"""Labeling time of the decisions on some runs, and which runs lie between two."""

from __future__ import annotations

from datetime import UTC, datetime

from labelsift.corrections.progress import labeling_time, rounds_between
from labelsift.store.run_info import RunInfo
from recording_platform import decision


def made(run: str, seconds: float | None, verdict: str = "changed", *, minutes: int = 0) -> dict:
    """Return the ledger's record of a decision."""
    row = decision("t1", run=run, seconds=seconds, verdict=verdict, minutes=minutes)
    return row | {"kind": "decision", "dataset": "d", "time": row["time"].isoformat()}


def test_time_is_added_up_and_an_open_page_is_no_work():
    records = [made("a", 60.0), made("a", 7_200.0), made("a", None, "accepted"), made("b", 3_600.0), {"kind": "sent"}]
    later = made("a", 900.0, minutes=34 * 60)
    spent = labeling_time([*records, later], runs={"a"}, until=datetime(2026, 11, 25, tzinfo=UTC))
    assert (spent.decisions, spent.untimed, spent.capped, spent.accepted) == (3, 1, 1, 1)
    assert spent.hours == (60 + 600) / 3600
    assert str(spent).startswith("0.2 hours for 2 decisions; 1 of them counted as ten minutes; 1 further")


def test_the_rounds_between_two_runs_are_those_of_the_same_data():
    runs = [
        RunInfo(name, dataset, datetime(2026, 11, day, tzinfo=UTC), 1, 0, "f")
        for name, dataset, day in (("a", "d", 1), ("b", "d", 2), ("x", "other", 2), ("c", "d", 3), ("e", "d", 4))
    ]
    assert rounds_between(runs, old="a", new="c") == {"a", "b"}
