"""What stands in a real MLflow server after a report was logged, read back with MLflow's own client."""

import json
import xml.etree.ElementTree as ET
from dataclasses import asdict, replace

import pytest
from labelsift import platforms
from labelsift.corrections.tracked_panels import tracked_panels
from labelsift.errors import InputError
from labelsift.integrations.mlflow import MLflow
from labelsift.integrations.mlflow.log import CHANGING
from labelsift.render.tracker_panels.panels import panels


@pytest.fixture
def logged(tracked, make_report):
    report = make_report(run="20261123-110000-0001")
    return report, report.log("mlflow", target="read back")


def artifact(client, run_id, name, folder):
    with open(client.download_artifacts(run_id, f"labelsift/{name}", str(folder)), encoding="utf-8") as file:
        return file.read()


def test_metrics_params_and_description_are_the_reports(logged, client):
    report, receipt = logged
    shown = tracked_panels(report)
    run = client.get_run(receipt.target)
    assert run.data.metrics == shown.metrics | shown.slice_metrics
    assert run.data.params == {name: value for name, value in shown.params.items() if name not in CHANGING}
    assert {name: run.data.tags[name] for name in shown.params if name in CHANGING} == {
        name: value for name, value in shown.params.items() if name in CHANGING
    }
    headline, links, *rest = run.data.tags["mlflow.note.content"].split("\n\n")
    assert "\n\n".join([headline, *rest[:-1]]) == shown.summary
    assert f"](#/experiments/{run.info.experiment_id}/runs/{receipt.target}/artifacts/labelsift/report.html" in links
    assert run.info.run_name == shown.title
    assert run.info.status == "FINISHED"
    history = client.get_metric_history(receipt.target, "slice.label_issue_rate/state:CA")
    assert [metric.step for metric in history] == [0]  # a bar each; other steps are dots
    assert receipt.details["metrics"] == len(shown.metrics) + len(shown.slice_metrics)


def test_tables_are_mlflows_own_and_hold_the_reports_rows(logged, client):
    report, receipt = logged
    shown = panels(report)
    experiment = receipt.details["experiment_id"]
    for name in ("flagged", "classes", "slices"):
        expected = getattr(shown, name)
        table = client.load_table(experiment, f"labelsift/{name}.json", run_ids=[receipt.target])
        assert tuple(table.columns) == expected.columns
        rows = table.astype(object).where(table.notna(), None).to_numpy().tolist()
        assert len(rows) == len(expected.rows)
        for row, wanted in zip(rows, expected.rows, strict=True):
            assert row == pytest.approx(wanted)  # pandas reads a decimal to the last bit but one


def test_figures_read_back(logged, client, tmp_path):
    report, receipt = logged
    shown = panels(report)
    figures = json.loads(artifact(client, receipt.target, "figures.json", tmp_path))
    assert figures["quality"] == json.loads(json.dumps(asdict(shown.quality)))
    assert figures["confusion"] == json.loads(json.dumps(asdict(shown.confusion)))
    for name in ("label_quality.svg", "given_against_suggested.svg"):
        drawn = ET.fromstring(artifact(client, receipt.target, name, tmp_path))
        assert drawn.tag.endswith("svg")
        assert not [element for element in drawn.iter() if element.tag.endswith("script")]
    texts = [element.text for element in drawn.iter() if element.tag.endswith("text")]
    assert set(shown.confusion.labels) <= set(texts)
    for row in shown.confusion.counts:
        for count in filter(None, row):
            assert str(count) in texts


def test_the_data_set_is_known_by_its_fingerprint(logged, client):
    report, receipt = logged
    (dataset,) = client.get_run(receipt.target).inputs.dataset_inputs
    assert dataset.dataset.digest == report.samples.fingerprint
    assert dataset.dataset.name == report.samples.name


def test_the_same_scan_again_changes_nothing(logged, client):
    report, receipt = logged
    before = client.get_run(receipt.target)
    again = report.log("mlflow", target="read back")
    assert again.target == receipt.target
    assert again.details["metrics_written"] == 0
    rows = len(panels(report).flagged.rows)
    assert (again.created, again.updated, again.unchanged) == (0, 0, rows)
    after = client.get_run(receipt.target)
    assert after.data.to_dictionary() == before.data.to_dictionary()
    assert len(client.get_metric_history(receipt.target, "dq/rows")) == 1
    assert len(client.search_runs([before.info.experiment_id])) == 1
    counted = MLflow().arrived(again)
    assert counted["table_rows"]["flagged"] == len(report.findings)  # log_table would have doubled them
    assert counted["artifacts"] == again.details["artifacts"] == 12
    assert counted["metrics"] == again.details["metrics"]


def test_what_a_later_log_says_otherwise_is_changed(tracked, client, make_report, monkeypatch):
    report = make_report(run="20261123-110000-0008")
    receipt, shown = report.log("mlflow", target="read back"), tracked_panels(report)
    later = {"labelsift_queue": "http://there", "labelsift_error_rate_of": "random probes that people judged"}
    for facts in (later, later | {"labelsift_error_rate_of": "the scan"}):
        content = replace(shown, params=shown.params | facts)
        monkeypatch.setattr("labelsift.integrations.mlflow.log.tracked_panels", lambda *_, what=content, **__: what)
        assert report.log("mlflow", target="read back").updated > 0
        assert facts.items() <= client.get_run(receipt.target).data.tags.items()


def test_no_byte_of_a_text_is_written_unless_asked_for(tracked, make_report, planted, all_bytes, tmp_path):
    forms = [word.encode() for word in ("Quokka", "Zwölfkämpfer", "number 57")]
    forms += [json.dumps("Zwölfkämpfer")[1:-1].encode(), "Zwölfkämpfer".encode("utf-16-le"), b"Zw&ouml;lf"]
    report = make_report(run="20261123-110000-0002")
    report.log("mlflow", target="no text")
    written = all_bytes(tracked.folder)
    assert report.run.encode() in written  # the right folder is searched
    assert not [form for form in forms if form in written]

    report.log("mlflow", target="with text", with_text=True)
    written = all_bytes(tracked.folder)
    assert b"Quokka" in written
    without = report.log("mlflow", target="with text")
    assert (without.updated > 0, without.unchanged) == (True, 0)  # its files are others


def test_the_users_active_run_is_used_and_never_ended(tracked, client, make_report):
    import mlflow

    mlflow.set_experiment("mine")
    with mlflow.start_run(description="My own words.") as mine:
        mlflow.log_param("dataset", "the user's")
        mlflow.log_table({"a": [1]}, "own.json")
        receipt = make_report(run="20261123-110000-0003").log("mlflow")
        assert mlflow.active_run().info.run_id == mine.info.run_id == receipt.target
        run = client.get_run(receipt.target)
        assert run.info.status == "RUNNING"
        assert run.data.params["dataset"] == "the user's"
        assert run.data.tags["mlflow.note.content"].startswith("My own words.\n\n### labelsift: ")
        assert {"path": "own.json", "type": "table"} in json.loads(run.data.tags["mlflow.loggedArtifacts"])
        again = make_report(run="20261123-110000-0003").log("mlflow")
        note = client.get_run(again.target).data.tags["mlflow.note.content"]
        assert note.count("### labelsift: ") == 1
        with pytest.raises(InputError, match=r"already holds the scan 20261123-110000-0003.*End it"):
            make_report(run="20261123-110000-0004").log("mlflow")


def test_a_run_of_the_user_that_runs_elsewhere_is_found_and_not_ended(tracked, client, make_report):
    report = make_report(run="20261123-110000-0007")
    mine = client.create_run(client.create_experiment("theirs"), tags={"labelsift_run": report.run})
    assert report.log("mlflow", target="theirs").target == mine.info.run_id
    assert client.get_run(mine.info.run_id).info.status == "RUNNING"


def test_the_experiment_that_the_user_has_set_is_used(tracked, client, make_report):
    import mlflow

    experiment = mlflow.set_experiment("set beforehand")
    receipt = make_report(run="20261123-110000-0005").log("mlflow")
    assert client.get_run(receipt.target).info.experiment_id == experiment.experiment_id


def test_links_open_the_run_among_models(logged, tracked):
    _, receipt = logged
    assert receipt.links["run"].startswith(f"{tracked.url}/#/experiments/")
    assert receipt.links["run"].endswith(f"/runs/{receipt.target}?workflowType=machine_learning")


def test_the_address_may_stand_in_a_file(tracked, monkeypatch, tmp_path, make_report):
    import mlflow

    (tmp_path / "address").write_text(f"{tracked.url}\n")
    mlflow.set_tracking_uri(f"sqlite:///{tmp_path}/elsewhere.db")
    monkeypatch.delenv("MLFLOW_TRACKING_URI")  # set_tracking_uri() sets it, too
    monkeypatch.setenv("MLFLOW_TRACKING_URI_FILE", str(tmp_path / "address"))
    assert make_report(run="20261123-110000-0006").log("mlflow").links["run"].startswith(tracked.url)


def test_doctor_says_nothing_when_all_is_well(tracked):
    assert MLflow().doctor() == {}
    assert isinstance(platforms.tracker("mlflow"), MLflow)
