"""What trackers get of people's decisions and of earlier scans, and that no person is among it."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import labelsift as ls
import pyarrow as pa
import pytest
from labelsift.corrections.tracked_panels import tracked_panels
from labelsift.data.schemas import CORRECTIONS_SCHEMA
from labelsift.render.tracker_panels.scalars import CUT
from labelsift.store.store import Store

START = datetime(2026, 11, 23, tzinfo=UTC)
WRONG = [f"t{row}" for row in range(3, 200, 10)]


@pytest.fixture
def kept(tmp_path, make_report):
    """A store with three scans of one data set, each an hour later, and one of another data set."""
    store = Store(tmp_path / "kept")
    for hour, name in enumerate(("20261123-101500-0001", "20261123-111500-0002", "20261123-121500-0003")):
        report = replace(make_report(run=name), created=START + timedelta(hours=hour))
        findings = report.findings.slice(hour)  # each scan has one finding less
        store.save(replace(report, findings=findings))
    other = make_report(run="20261123-131500-0004")
    store.save(replace(other, samples=replace(other.samples, name="other"), created=START + timedelta(hours=1)))
    return store


def decide(store, run, ids, verdict="accepted", person="Ann Example"):
    rows = [
        {"id": id, "action": "relabel" if verdict != "refused" else "keep", "verdict": verdict, "value": '"refund"'}
        | {"person": person, "run": run, "round": "1", "time": START, "note": "", "seconds": 36.0}
        for id in ids
    ]
    ls.record(pa.Table.from_pylist(rows, CORRECTIONS_SCHEMA), store=store.folder)


def test_earlier_scans_of_the_data_set_are_a_line(kept):
    last = tracked_panels(ls.load("20261123-121500-0003", store=kept.folder))
    assert last.step == 2
    assert [step for step, _ in last.earlier] == [0, 1]
    for _, values in last.earlier:
        assert values.keys() <= last.metrics.keys()
        assert values["dq/rows"] == 200
    first = tracked_panels(ls.load("20261123-101500-0001", store=kept.folder))
    assert (first.step, first.earlier) == (0, ())
    line = last.metrics.keys() - {CUT}  # what one log left out is no figure of the data
    assert last.earlier[0][1] == {name: value for name, value in first.metrics.items() if name in line}


def test_a_run_that_no_store_keeps_has_no_line(make_report):
    shown = tracked_panels(make_report())
    assert (shown.step, shown.earlier, shown.parent) == (0, (), None)


def test_the_version_before_is_named_where_it_is_another(kept):
    report = ls.load("20261123-121500-0003", store=kept.folder)
    child = replace(report, settings={**report.settings, "parent": "20261123-101500-0001"})
    assert tracked_panels(child).parent is None  # the same data again
    table = report.samples.table.set_column(2, "label", pa.array(["refund"] * 200))
    child = replace(child, samples=replace(report.samples, table=table))
    shown = tracked_panels(child)
    assert (shown.parent.run, shown.parent.fingerprint) == ("20261123-101500-0001", report.samples.fingerprint)
    assert shown.params["labelsift_parent"] == report.samples.fingerprint


def test_ten_judged_labels_give_a_precision_with_its_range_and_nobody_is_named(kept):
    run = "20261123-121500-0003"
    decide(kept, run, WRONG[:9])
    assert "dq/flag_precision" not in tracked_panels(ls.load(run, store=kept.folder)).metrics
    decide(kept, run, WRONG[10:12], verdict="refused", person="Bob Example")
    shown = tracked_panels(ls.load(run, store=kept.folder))
    low, value, high = (shown.metrics[f"dq/flag_precision{end}"] for end in ("_low", "", "_high"))
    assert low < value < high
    assert value == pytest.approx(9 / 11, abs=0.1)
    assert shown.metrics["dq/queue_decided"] == 11
    assert shown.metrics["dq/hours_spent"] == pytest.approx(11 * 36 / 3600)
    assert "Example" not in str(shown.as_dict())


def test_where_the_record_is_broken_nothing_is_said_of_a_queue(kept):
    run = "20261123-121500-0003"
    kept.save_links(run, {"t3": "http://127.0.0.1/projects/1"})
    decide(kept, run, WRONG[:3])
    file = next(
        path for path in (kept.folder / "corrections").rglob("*") if "accepted" in path.read_text(errors="ignore")
    )
    file.write_text(file.read_text().replace("accepted", "accented"))
    shown = tracked_panels(ls.load(run, store=kept.folder))
    assert not [name for name in shown.metrics if "queue" in name]
    assert "Decided" not in shown.summary
