"""What stands in a real offline run of wandb's, read back with wandb's own command."""

import json
import logging
import sys

import pytest
from labelsift import platforms
from labelsift.corrections.tracked_panels import tracked_panels
from labelsift.errors import InputError, PlatformError
from labelsift.integrations.wandb import WandB, readback
from labelsift.render.tracker_panels.panels import TABLES


def of_kind(records, kind):
    return [record[kind] for record in records if record["type"] == kind]


def config_of(records):
    return {name: value for record in of_kind(records, "config") for name, value in record["update"].items()}


@pytest.mark.slow
def test_everything_reads_back_equal_to_the_report(offline, make_report):
    report = make_report()
    shown = tracked_panels(report)
    assert "/projects/1/data" in shown.params["labelsift_queue"]
    receipt = report.log("wandb", target="us/tickets")
    records = list(readback.records(receipt.target))
    logged = readback.history(records)

    numbers = {name: value for name, value in logged.items() if not isinstance(value, dict)}
    assert numbers == pytest.approx(shown.metrics | shown.slice_metrics)
    for name in TABLES:
        expected = getattr(shown, name)
        table = readback.table(receipt.target, logged[f"dq_tables/{name}"])
        assert tuple(table["columns"]) == expected.columns
        assert table["data"] == expected.rows
    quality = logged["dq_charts/label_quality"]
    assert tuple(quality["values"]) == shown.quality.counts
    assert quality["bins"] == pytest.approx(shown.quality.edges)
    matrix = readback.table(receipt.target, logged["dq_charts/given_against_suggested_table"])["data"]
    assert {(given, suggested): count for given, suggested, count in matrix} == {
        (given, suggested): shown.confusion.counts[row][column]
        for row, given in enumerate(shown.confusion.labels)
        for column, suggested in enumerate(shown.confusion.labels)
    }
    page = offline.joinpath(receipt.target, "files", logged["dq_report/report"]["path"]).read_text(encoding="utf-8")
    assert page == report.to_html(offline / "own.html", share=True).read_text(encoding="utf-8")

    (run,) = of_kind(records, "run")
    assert run["job_type"] == "data-quality"
    assert run["project"] == "tickets"
    assert run["entity"] == "us"
    assert run["display_name"] == shown.title
    assert run["notes"] == shown.summary
    config = config_of(records)
    assert {name: config[name] for name in shown.params} == shown.params
    for chart in ("issues", "given_against_suggested", "slices", "classes"):
        assert f"_wandb.visualize.dq_charts/{chart}" in config  # drawn in every run without a saved layout

    assert receipt.details["mode"] == "offline"
    assert "Upload it" in receipt.details["note"]
    assert receipt.details["data_dir"] == str(offline / "wandb_data_dir")
    counted = platforms.tracker("wandb").arrived(receipt)
    assert counted["table_rows"] == {name: len(getattr(shown, name).rows) for name in TABLES}
    assert counted["history_keys"] == receipt.details["keys"]
    assert counted["charts"] == 5
    assert counted["files"] == 10


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


@pytest.mark.slow
def test_the_users_run_is_used_and_never_finished(offline, make_report):
    import wandb

    with wandb.init(project="mine", config={"lr": 0.1}) as mine:
        mine.log({"loss": 1.0})
        receipt = make_report().log("wandb")
        assert wandb.run is mine
        mine.log({"loss": 0.5})  # still open
        assert receipt.details["run_id"] == mine.id
        with pytest.raises(InputError, match=r"already holds the scan 20261123-101500-4f2a.*Finish it"):
            make_report(run="20261123-101500-0002").log("wandb")
    records = list(readback.records(receipt.target))
    assert config_of(records)["labelsift_run"] == "20261123-101500-4f2a"
    steps = [record["item"] for record in of_kind(records, "history")]
    assert [step["_step"] for step in steps] == [0, 1, 2]
    assert "dq/rows" in steps[1]


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


def test_what_is_no_offline_run_is_named(home):
    with pytest.raises(PlatformError, match="is no offline run"):
        readback.counts("us/tickets/abc")
