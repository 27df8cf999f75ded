"""The scans of a data set in a real MLflow server: a line over steps, without a point twice, on a view of its own."""

from __future__ import annotations

import base64
import json
import zlib
from dataclasses import replace
from datetime import timedelta

import pyarrow as pa
import pytest
from labelsift.corrections.record import record
from labelsift.corrections.tracked_panels import tracked_panels
from labelsift.data.schemas import CORRECTIONS_SCHEMA
from labelsift.integrations.mlflow.client import log_batches
from labelsift.integrations.mlflow.log import _points
from labelsift.integrations.mlflow.view import PREFIX, same_dataset, save_view
from labelsift.report import report_of
from labelsift.store.store import Store

pytestmark = pytest.mark.server


@pytest.fixture
def scans(tmp_path, make_report):
    """Three kept scans of one data set, a day apart: of 200, 300 and 400 rows."""
    store = Store(tmp_path / "kept")
    store.prepare()
    for day in range(3):
        report = make_report(200 + 100 * day, run=f"202611{23 + day}-101500-4f2a")
        store.save(replace(report, created=report.created + timedelta(days=day)))
    return [report_of(store.load(f"202611{23 + day}-101500-4f2a")) for day in range(3)]


def points(client, run_id, name):
    """Step → (value, time) of a metric's points; a step that stands there twice is a failure."""
    history = client.get_metric_history(run_id, name)
    assert len({point.step for point in history}) == len(history)
    return {point.step: (point.value, point.timestamp) for point in history}


def view_of(client, experiment_id):
    (value,) = [text for key, text in client.get_experiment(experiment_id).tags.items() if key.startswith(PREFIX)]
    envelope = json.loads(value)
    return envelope, json.loads(zlib.decompress(base64.b64decode(envelope["state"].partition(";")[2])))


def test_each_run_draws_the_line_of_its_data_set(tracked, client, scans):
    logged = [scan.log("mlflow", target="line") for scan in scans]
    times = [round(scan.created.timestamp() * 1000) for scan in scans]
    for number, receipt in enumerate(logged):
        expected = {step: (200 + 100 * step, times[step]) for step in range(number + 1)}
        assert points(client, receipt.target, "dq/rows") == expected
        assert set(points(client, receipt.target, "slice.label_issue_rate/state:CA")) == {0}  # a bar
        assert client.get_run(receipt.target).data.metrics["dq/rows"] == 200 + 100 * number


def test_scans_of_one_second_keep_their_own_steps(tracked, client, tmp_path, make_report):
    store = Store(tmp_path / "fast")
    store.prepare()
    first = make_report(200, run="20261123-101500-0001")
    store.save(first)
    shown = tracked_panels(report_of(store.load(first.run)))
    run = client.create_run(client.create_experiment("fast"))
    same = replace(shown, step=1, earlier=((0, shown.metrics),), times=dict.fromkeys((0, 1), shown.times[0]))
    log_batches(client, run, metrics=_points(client, run, same), tags={})
    assert set(points(client, run.info.run_id, "dq/rows")) == {0, 1}
    run = client.get_run(run.info.run_id)
    assert _points(client, run, same) == []


def test_ten_logs_leave_nothing_twice(tracked, client, scans):
    receipts = [scans[2].log("mlflow", target="ten") for _ in range(10)]
    run_id = receipts[0].target
    assert {receipt.target for receipt in receipts} == {run_id}
    assert [receipt.unchanged > 0 for receipt in receipts] == [False] + [True] * 9
    run = client.get_run(run_id)
    for name in run.data.metrics:
        points(client, run_id, name)
    assert len(run.inputs.dataset_inputs) == 1
    tables = [entry["path"] for entry in json.loads(run.data.tags["mlflow.loggedArtifacts"])]
    assert len(tables) == len(set(tables)) == 5
    assert run.data.tags["mlflow.note.content"].count("### labelsift: ") == 1
    assert len([key for key in client.get_experiment(run.info.experiment_id).tags if key.startswith(PREFIX)]) == 1
    assert len(client.search_runs([run.info.experiment_id])) == 1


def test_a_scan_keeps_its_step_when_an_earlier_one_is_removed(tracked, client, scans):
    run_id = scans[2].log("mlflow", target="removed").target
    before = points(client, run_id, "dq/rows")
    Store.of(scans[2].store).remove(scans[0].run)
    again = report_of(Store.of(scans[2].store).load(scans[2].run)).log("mlflow", target="removed")
    assert again.target == run_id and again.details["metrics_written"] == 0
    assert points(client, run_id, "dq/rows") == before


def test_a_figure_that_people_change_is_the_latest_and_the_others_stand(tracked, client, scans):
    run_id = scans[1].log("mlflow", target="decided").target
    rows = [
        dict.fromkeys(CORRECTIONS_SCHEMA.names)
        | {
            "id": id,
            "action": "keep",
            "verdict": "refused",
            "person": "ann",
            "run": scans[1].run,
            "platform": "argilla",
        }
        for id in ("t3", "t13", "t23")
    ]
    record(pa.Table.from_pylist(rows[:2], schema=CORRECTIONS_SCHEMA), store=scans[1].store)
    scans[1].log("mlflow", target="decided")
    assert client.get_run(run_id).data.metrics["dq/queue_decided"] == 2
    assert {point.step for point in client.get_metric_history(run_id, "dq/queue_decided")} == {1}
    record(pa.Table.from_pylist(rows[2:], schema=CORRECTIONS_SCHEMA), store=scans[1].store)
    scans[1].log("mlflow", target="decided")
    assert client.get_run(run_id).data.metrics["dq/queue_decided"] == 3  # the newer point at its step
    assert len(points(client, run_id, "dq/rows")) == 2


def test_the_view_shows_the_scans_of_this_data_set_as_lines(tracked, client, scans):
    receipt = scans[2].log("mlflow", target="view")
    envelope, state = view_of(client, receipt.details["experiment_id"])
    assert envelope["name"] == "Data quality: tickets"
    assert state["searchFilter"] == "params.labelsift_dataset = 'tickets'"
    lines = [chart["metricKey"] for chart in state["compareRunCharts"]]
    assert lines[:3] == ["dq/rows", "dq/flagged_rate", "dq/error_rate_est"]
    assert all(chart["type"] == "LINE" and chart["lineSmoothness"] == 0 for chart in state["compareRunCharts"])
    key = receipt.links["all scans"].partition("viewStateShareKey=")[2].partition("&")[0]
    assert PREFIX + key in client.get_experiment(receipt.details["experiment_id"]).tags


def test_a_view_that_somebody_changed_stays(tracked, client, scans):
    receipt = scans[0].log("mlflow", target="changed view")
    experiment = receipt.details["experiment_id"]
    envelope, _ = view_of(client, experiment)
    (key,) = [key for key in client.get_experiment(experiment).tags if key.startswith(PREFIX)]
    theirs = json.dumps(envelope | {"name": "Mine", "state": "{}"})
    client.set_experiment_tag(experiment, key, theirs)
    scans[0].log("mlflow", target="changed view")
    assert client.get_experiment(experiment).tags[key] == theirs


@pytest.mark.parametrize("name", ["it's", 'a "b"', 'it\'s "b"', "日本語", "50% off_"])
def test_a_data_set_of_any_name_is_found_again(tracked, client, name):
    experiment = client.create_experiment(f"named {name!r}")
    for called in (name, "another"):
        client.log_param(client.create_run(experiment).info.run_id, "labelsift_dataset", called)
    (run,) = client.search_runs([experiment], same_dataset(name))
    assert run.data.params["labelsift_dataset"] == name
    assert save_view(client, experiment, dataset=name, metrics=(), lines=())
