"""The queue: open, decided and skipped, for each run and issue."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import labelsift as ls
import pyarrow as pa
import pytest
from click.testing import CliRunner
from labelsift.cli import main
from labelsift.corrections.progress import queue
from labelsift.corrections.tracked_panels import tracked_panels
from labelsift.data.schemas import CORRECTIONS_SCHEMA
from labelsift.render.tracker_panels.panels import panels
from labelsift.store.store import Store

START = datetime(2026, 11, 23, tzinfo=UTC)
RUN = "20261123-101500-4f2a"


@pytest.fixture
def store(tmp_path, make_report) -> Store:
    """A run whose samples t3, t13, t23 (label) and t7 (empty) were pushed."""
    kept = Store(tmp_path / "kept")
    kept.save(make_report())
    kept.save_links(RUN, {id: f"http://127.0.0.1/{id}" for id in ("t3", "t13", "t23", "t7")})
    return kept


def decide(store: Store, *rows: tuple[str, str, str]) -> None:
    decisions = [
        {"id": id, "action": "keep", "verdict": verdict, "value": "null", "person": person, "run": RUN, "round": "1"}
        | {"time": START + timedelta(minutes=index), "note": ""}
        for index, (id, verdict, person) in enumerate(rows)
    ]
    ls.record(pa.Table.from_pylist(decisions, CORRECTIONS_SCHEMA), store=store.folder)


def counts(store: Store) -> dict[str, tuple[int, ...]]:
    rows = queue(store=store.folder)
    return {row["issue"]: tuple(row[name] for name in ("asked", "open", "decided", "skipped")) for row in rows}


def test_what_was_pushed_and_not_decided_is_open(store):
    assert counts(store) == {"label": (3, 3, 0, 0), "empty": (1, 1, 0, 0)}


def test_decided_skipped_and_what_came_of_it(store):
    decide(
        store, ("t3", "accepted", "ann"), ("t3", "refused", "bob"), ("t13", "skipped", "ann"), ("t7", "changed", "ann")
    )
    decide(store, ("t23", "skipped", "ann"), ("t23", "accepted", "bob"), ("t33", "accepted", "ann"))
    assert counts(store) == {"label": (4, 0, 3, 1), "empty": (1, 0, 1, 0)}  # t33 was decided, so it was asked
    label = next(row for row in queue(store=store.folder) if row["issue"] == "label")
    assert (label["accepted"], label["changed"], label["refused"], label["rounds"]) == (3, 0, 1, ["1"])


def test_both_fit_is_decided_and_counted_apart(store):
    decide(store, ("t3", "both_fit", "ann"), ("t13", "refused", "ann"))
    assert counts(store)["label"] == (3, 1, 2, 0)
    label = next(row for row in queue(store=store.folder) if row["issue"] == "label")
    assert [label[name] for name in ("accepted", "changed", "refused", "both_fit")] == [0, 0, 1, 1]


def test_a_decision_on_a_sample_that_was_not_flagged_is_shown(store):
    decide(store, ("t4", "accepted", "ann"))
    assert counts(store)["not flagged"] == (1, 0, 1, 0)


def test_a_run_that_nobody_was_asked_about_has_no_queue(tmp_path, make_report):
    Store(tmp_path).save(make_report())
    assert queue(store=tmp_path) == []


def test_trackers_get_the_queue_and_how_far_it_is(store):
    decide(store, ("t3", "accepted", "ann"), ("t3", "refused", "bob"), ("t13", "skipped", "ann"))
    report = ls.load(RUN, store=store)
    bare, shown = panels(report), tracked_panels(report)
    more = {name: value for name, value in shown.metrics.items() if name not in bare.metrics}
    assert more == {"dq/queue_left": 2, "dq/queue_decided": 1}
    assert "\n\nDecided: 1 of 4, [the queue](http://127.0.0.1/t" in shown.summary
    assert shown.params["labelsift_queue"].startswith("http://127.0.0.1/t")


def test_trackers_get_nothing_of_a_queue_that_is_unknown(make_report):
    report = replace(make_report(), sample_links={})
    assert tracked_panels(report) == panels(report)


def test_on_the_command_line(store):
    decide(store, ("t3", "accepted", "ann"))
    asked = ["queue", "--store", str(store.folder)]
    shown = CliRunner().invoke(main, asked)
    assert (shown.exit_code, RUN in shown.stdout, "1 accepted" in shown.stdout) == (0, True, True)
    rows = json.loads(CliRunner().invoke(main, [*asked, "--json"]).stdout)
    assert [(row["issue"], row["open"]) for row in rows] == [("empty", 1), ("label", 2)]
    assert json.loads(CliRunner().invoke(main, [*asked, "--json", "--dataset", "other"]).stdout) == []
