"""What stands in a real offline run of wandb's, read back with wandb's own command."""

import json
import logging
import sys
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest
from labelsift import platforms
from labelsift.corrections.tracked_panels import tracked_panels
from labelsift.errors import InputError, PlatformError
from labelsift.integrations.wandb import WandB, readback
from labelsift.render.page.build import render_page
from labelsift.render.tracker_panels.bars import bars
from labelsift.render.tracker_panels.description import END
from labelsift.render.tracker_panels.disclosure import disclosed, named_classes
from labelsift.render.tracker_panels.panels import TABLES
from labelsift.report import load
from labelsift.store.store import Store


def of_kind(records, kind):
    return [record[kind] for record in records if record["type"] == kind]


def config_of(records):
    return {name: value for record in of_kind(records, "config") for name, value in record["update"].items()}


def runs_in(home):
    return sorted((home / "wandb_dir" / "wandb").glob("offline-run-*"))


def strictly(path):
    """Read JSON as everybody but Python does: NaN and infinity are errors."""

    def refuse(constant):
        raise AssertionError(f"{path} holds {constant}")

    return json.loads(path.read_text(encoding="utf-8"), parse_constant=refuse)


def dataset_of(records):
    """Return the record of the data set's artifact, and its files by name."""
    (artifact,) = [record for record in of_kind(records, "artifact") if record["type"] == "dataset"]
    return artifact, {entry["path"]: Path(entry["local_path"]) for entry in artifact["manifest"]["contents"]}


@pytest.mark.slow
def test_everything_reads_back_equal_to_the_report(offline, make_report):
    report = make_report()
    shown = tracked_panels(report)
    assert "/projects/1/data" in shown.params["labelsift_queue"]
    receipt = report.log("wandb", target="us/tickets")
    records = list(readback.records(receipt.target))
    logged = readback.history(records)

    numbers = {name: value for name, value in logged.items() if not isinstance(value, dict)}
    assert numbers.pop("dq/scan") == 0
    assert numbers == pytest.approx(shown.metrics | shown.slice_metrics)
    for name in TABLES:
        expected = getattr(shown, name)
        table = readback.table(receipt.target, logged[f"dq_tables/{name}"])
        assert tuple(table["columns"]) == expected.columns
        assert table["data"] == expected.rows
    matrix = readback.table(receipt.target, logged["dq_charts/given_against_suggested_table"])["data"]
    assert {(given, suggested): count for given, suggested, count in matrix} == {
        (given, suggested): shown.confusion.counts[row][column]
        for row, given in enumerate(shown.confusion.labels)
        for column, suggested in enumerate(shown.confusion.labels)
    }
    page = offline.joinpath(receipt.target, "files", logged["dq_report/report"]["path"]).read_text(encoding="utf-8")
    assert page == render_page(disclosed(report), share=True, named=named_classes(report.samples))

    run = of_kind(records, "run")[-1]
    assert run["job_type"] == "data-quality"
    assert run["project"] == "tickets"
    assert run["entity"] == "us"
    assert run["display_name"] == shown.title
    assert run["notes"] == f"{shown.summary}\n\n{END}"
    assert not run.get("host")  # names of machines name people
    config = config_of(records)
    assert {name: config[name] for name in shown.params} == shown.params

    assert receipt.details["mode"] == "offline"
    assert "Upload it" in receipt.details["note"]
    assert receipt.details["data_dir"] == str(offline / "wandb_data_dir")
    counted = platforms.tracker("wandb").arrived(receipt)
    assert counted["table_rows"] == {name: len(getattr(shown, name).rows) for name in sorted(TABLES)}
    assert counted["history_keys"] == receipt.details["keys"] + 1  # and the axis
    assert counted["files"] == 11


@pytest.mark.slow
def test_charts_are_presets_that_need_no_layout(offline, make_report):
    report = make_report(predicted=True)
    receipt = report.log("wandb")
    records = list(readback.records(receipt.target))
    config, logged = config_of(records), readback.history(records)
    presets = {each.name: ("wandb/bar/v0", each.title, each.rows) for each in bars(tracked_panels(report))}
    assert presets.keys() == {"issues", "label_quality", "classes", "slices", "slices_accuracy"}
    for name, (preset, title, rows) in presets.items():
        drawn = config[f"_wandb.visualize.dq_charts/{name}"]["panel_config"]
        assert (drawn["panelDefId"], drawn["stringSettings"]["title"]) == (preset, title)
        entry = readback.table(receipt.target, logged[f"dq_charts/{name}_table"])
        assert entry["data"] == rows
        assert list(drawn["fieldSettings"].values()) == entry["columns"]
    assert "_wandb.visualize.dq_charts/given_against_suggested" in config


@pytest.mark.slow
def test_the_dataset_is_an_artifact_with_its_fingerprint_and_every_finding(offline, make_report, monkeypatch):
    monkeypatch.setattr("labelsift.render.tracker_panels.panels.SHOWN", 5)  # findings of the table
    report = make_report()
    receipt = report.log("wandb")
    artifact, files = dataset_of(list(readback.records(receipt.target)))
    assert artifact["name"] == receipt.details["artifact"] == "labelsift-tickets"  # `tickets` may be the user's own
    assert report.samples.fingerprint in artifact["aliases"]
    facts = json.loads(artifact["metadata"])
    assert facts["fingerprint"] == report.samples.fingerprint
    assert facts["labelsift_run"] == report.run
    assert (facts["rows"], facts["parent"]) == (len(report.samples), "")
    assert all(path.is_relative_to(offline / "wandb_data_dir") for path in files.values())  # staged where the note says
    flagged = pq.read_table(files["flagged.parquet"])
    assert len(flagged) == receipt.details["flagged_total"] == 24
    assert receipt.details["flagged_rows"] == 5
    samples = pq.read_table(files["samples.parquet"])
    assert samples.column_names == ["id", "label", "split", "issues"]
    assert samples["id"].to_pylist() == report.samples.ids.to_pylist()
    assert sum("label" in issues.split() for issues in samples["issues"].to_pylist()) == 20


@pytest.mark.slow
def test_what_wandb_would_cut_is_counted(offline, make_report, monkeypatch):
    for module in ("charts", "log"):
        monkeypatch.setattr(f"labelsift.integrations.wandb.{module}.MOST", 7)
    receipt = make_report().log("wandb", every=True)
    logged = readback.history(readback.records(receipt.target))
    assert logged["dq/findings_cut"] == 24 - 7
    assert logged["dq_tables/flagged"]["nrows"] == receipt.details["flagged_rows"] == 7
    _, files = dataset_of(list(readback.records(receipt.target)))
    assert len(pq.read_table(files["flagged.parquet"])) == 24


@pytest.mark.slow
def test_ten_logs_in_a_row_make_one_run(offline, make_report):
    report = make_report()
    receipts = [report.log("wandb") for _ in range(10)]
    (folder,) = runs_in(offline)
    assert {receipt.target for receipt in receipts} == {str(folder)}
    assert [receipt.created for receipt in receipts] == [24] + [0] * 9
    assert [receipt.unchanged for receipt in receipts] == [0] + [24] * 9
    assert [receipt.details["run"] for receipt in receipts] == ["created"] + ["unchanged"] * 9  # also with no rows
    assert all(receipt.details["note"] == receipts[0].details["note"] for receipt in receipts)
    assert len(of_kind(readback.records(folder), "history")) == 1

    assert report.log("wandb", target="elsewhere").created == 24  # another project
    assert report.log("wandb", with_text=True).created == 24  # other content
    assert make_report(run="20261123-101500-0002").log("wandb").created == 24  # another scan
    assert len(runs_in(offline)) == 4
    assert report.log("wandb", with_text=True).unchanged == 24
    again = report.log("wandb")  # written before the one with texts
    assert (again.target, again.unchanged) == (str(folder), 24)
    assert len(runs_in(offline)) == 4


@pytest.mark.slow
def test_each_run_draws_the_line_of_its_data_set(offline, make_report, tmp_path):
    store = Store(tmp_path / "store")
    first, second = make_report(run="20261123-101500-0001"), make_report(300, run="20261123-101500-0002")
    second = replace(second, created=first.created + timedelta(days=1))
    for report in (first, second):
        store.save(report)
    receipt = load(second.run, store=store.folder).log("wandb")
    records = list(readback.records(receipt.target))
    rows = [record["item"] for record in of_kind(records, "history")]
    assert [row["dq/scan"] for row in rows] == [0, 1]
    assert [row["dq/rows"] for row in rows] == [200, 300]
    assert not any("/" in name and name.startswith("slice.") for name in rows[0])
    defined = {record["name"]: record.get("step_metric") for record in of_kind(records, "metric")}
    assert defined["dq/rows"] == defined["dq/flagged_rate"] == "dq/scan"
    assert not any("*" in name for name in defined)  # a pattern would take over the summary of tables


@pytest.mark.slow
def test_no_number_is_none(offline, make_report, unjudged):
    report = make_report()
    report = unjudged(report, np.ones(len(report.samples), dtype=bool))
    receipt = report.log("wandb")
    files = [path for path in Path(receipt.target, "files").rglob("*.json")]
    assert len(files) >= len(TABLES)
    for path in files:
        strictly(path)
    assert "dq/mean_label_score" not in readback.history(readback.records(receipt.target))


@pytest.mark.slow
def test_no_byte_of_a_text_is_written_unless_asked_for(offline, make_report, all_bytes, capsys):
    forms = [word.encode() for word in ("Quokka", "Zwölfkämpfer", "number 57")]
    forms += [json.dumps("Zwölfkämpfer")[1:-1].encode(), "Zwölfkämpfer".encode("utf-16-le"), b"Zw&ouml;lf"]
    report = make_report()
    print(report.samples.texts[57])
    report.log("wandb")
    written = all_bytes(offline)
    assert report.run.encode() in written  # the right folders are searched
    assert not [form for form in forms if form in written]

    receipt = report.log("wandb", with_text=True)
    table = readback.table(receipt.target, readback.history(readback.records(receipt.target))["dq_tables/flagged"])
    assert table["columns"][-2:] == ["reason", "text"]
    assert "Quokka" in table["data"][0][-1]
    _, files = dataset_of(list(readback.records(receipt.target)))
    assert "Quokka" in pq.read_table(files["flagged.parquet"])["text"][0].as_py()
    assert "text" not in pq.read_table(files["samples.parquet"]).column_names


@pytest.mark.slow
def test_the_users_run_is_used_and_never_finished(offline, make_report):
    import wandb

    with wandb.init(project="mine", config={"lr": 0.1}) as mine:
        mine.log({"loss": 1.0})
        receipt = make_report().log("wandb")
        assert wandb.run is mine
        mine.log({"loss": 0.5})  # still open
        assert make_report().log("wandb").unchanged == 24
        assert receipt.details["run_id"] == mine.id
        with pytest.raises(InputError, match=r"already holds the scan 20261123-101500-4f2a.*Finish it"):
            make_report(run="20261123-101500-0002").log("wandb")
    records = list(readback.records(receipt.target))
    assert config_of(records)["labelsift_run"] == "20261123-101500-4f2a"
    steps = [record["item"] for record in of_kind(records, "history")]
    assert [step["_step"] for step in steps] == [0, 1, 2]
    assert "dq/rows" in steps[1]


@pytest.mark.slow
def test_what_wandb_refuses_in_the_users_run_is_an_error_of_ours(offline, make_report, monkeypatch):
    import wandb

    def refuse(*_, **__):
        raise wandb.errors.CommError("filestream 500")

    with wandb.init(project="mine") as mine:
        monkeypatch.setattr(type(mine), "log_artifact", refuse)
        with pytest.raises(PlatformError, match="W&B refused: filestream 500"):
            make_report().log("wandb")
        assert wandb.run is mine


@pytest.mark.slow
def test_without_a_login_the_run_is_offline_and_says_so(home, make_report, caplog, monkeypatch):
    monkeypatch.setattr(sys, "stdin", None)  # nobody could answer a question
    with caplog.at_level(logging.WARNING, logger="labelsift"):
        receipt = make_report().log("wandb")
    assert receipt.details["mode"] == "offline"
    assert "Not logged in to W&B" in caplog.text
    assert receipt.target in caplog.text
    assert "Not logged in" in WandB().doctor()["login"]
    assert readback.counts(receipt.target)["table_rows"]["flagged"] == 24


@pytest.mark.slow
def test_what_is_no_offline_run_is_named(home):
    with pytest.raises(PlatformError, match="is no offline run"):
        readback.counts("us/tickets/abc")
