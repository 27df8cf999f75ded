"""Gates in W&B: what a run says of its gate, and that an alert goes out where it changed, once."""

import contextlib
import subprocess
import sys
from dataclasses import replace

import pytest
from labelsift.errors import InputError
from labelsift.integrations.wandb import readback
from labelsift.platforms import GateNote, tracker
from labelsift.render.gate_markdown import gate_markdown
from labelsift.report import load
from labelsift.store.store import Store

GOOD, BAD = ["accuracy >= 0.5"], ["accuracy >= 0.5", "error_rate <= 0.001 by gender strict"]
STRICT, FIRST = ["accuracy >= 0.99 strict"], "failed the first time"


def reported(make_report, run="20261123-101500-4f2a", *, wrong=True):
    """A report whose predictions are wrong for every twentieth row, or for none."""
    report = make_report(400, predicted=True, run=run)
    table = report.samples.table
    said = table["predicted"].to_pylist()
    for row in () if not wrong else [*range(4, 400, 40), *range(8, 400, 40)]:
        said[row] = "refund" if said[row] != "refund" else "card_lost"
    table = table.set_column(table.column_names.index("predicted"), "predicted", [said])
    return replace(report, samples=replace(report.samples, table=table))


def noted(report, lines, before=None):
    result = report.gate(lines)
    return tracker("wandb").gate(report, GateNote(result.as_dict(), gate_markdown(result), "us/tickets", before))


def of_kind(receipt, kind):
    return [record[kind] for record in readback.records(receipt.target) if record["type"] == kind]


@pytest.mark.slow
def test_a_gate_that_changed_raises_one_alert_offline_which_names_what_failed(offline, make_report, all_bytes):
    report = reported(make_report)
    receipt = noted(report, BAD, before="passed")
    (alert,) = of_kind(receipt, "alert")
    assert alert["title"] == "Gate failed: tickets"
    assert alert["level"] == "ERROR"
    assert "(passed before, failed now)" in alert["text"]
    assert "error_rate <= 0.001 by gender strict: failed" in alert["text"]
    assert 'gender = "f": ' in alert["text"]
    assert "required <= 0.001" in alert["text"]
    assert "accuracy >= 0.5" not in alert["text"]  # it passed
    written = all_bytes(offline)
    assert b"error_rate" in written and b"Quokka" not in written  # JSON would escape the rest of what is planted

    logged = readback.history(readback.records(receipt.target))
    assert logged["dq/gate_conditions_failed"] == 1
    table = readback.table(receipt.target, logged["dq_tables/gate"])
    assert [row[1] for row in table["data"]] == ["failed", "passed"]
    config = {key: value for entry in of_kind(receipt, "config") for key, value in entry["update"].items()}
    assert config["labelsift_gate"] == "failed"
    assert config["labelsift_gate_summary"].startswith("Gate failed: 1 of 2 conditions failed")
    summary = {key: value for entry in of_kind(receipt, "summary") for key, value in entry["update"].items()}
    assert summary["dq/gate"] == "failed"


@pytest.mark.slow
def test_ten_gates_in_a_row_make_one_offline_run_and_one_alert(offline, make_report):
    report = reported(make_report)
    receipts = [noted(report, BAD, before="passed") for _ in range(10)]
    assert len({receipt.target for receipt in receipts}) == 1
    assert len(list((offline / "wandb_dir" / "wandb").glob("offline-run-*"))) == 1
    assert [receipt.created > 0 for receipt in receipts] == [True] + [False] * 9
    assert all(receipt.unchanged == receipts[0].created for receipt in receipts[1:])
    (alert,) = of_kind(noted(reported(make_report, wrong=False), BAD), "alert")  # people decided since
    assert "(failed before, passed now)" in alert["text"]
    assert alert["level"] == "INFO"


@pytest.mark.slow
def test_a_gate_that_did_not_change_raises_none(offline, make_report):
    report = reported(make_report)
    assert not of_kind(noted(report, GOOD, before="passed"), "alert")
    assert not of_kind(noted(reported(make_report, "20261123-101500-0002"), BAD, "failed"), "alert")


@pytest.mark.slow
def test_online_the_run_of_the_scan_is_told_and_one_alert_is_sent(stub, make_report):
    report = reported(make_report)
    *_, receipt = (noted(report, BAD) for _ in range(3))
    assert receipt.target == f"us/tickets/labelsift-{report.run}"
    assert receipt.unchanged
    (alert,) = stub.alerts
    assert alert["title"] == "Gate failed: tickets"
    assert alert["runName"] == f"labelsift-{report.run}"
    assert "failed the first time" in alert["text"]


@pytest.mark.slow
def test_the_store_knows_what_the_last_scans_gate_was(offline, make_report, tmp_path):
    store = Store(tmp_path / "store")
    texts = []
    for number, wrong in enumerate([False, True, True, False], start=1):
        store.save(reported(make_report, f"20261123-10150{number}-000{number}", wrong=wrong))
        report = load(f"20261123-10150{number}-000{number}", store=store.folder)
        receipts = [report.log_gate("wandb", report.gate(lines)) for lines in (STRICT, GOOD)]
        alerts = [of_kind(receipt, "alert") for receipt in receipts]
        assert not alerts[1]  # another gate, which always passes
        texts.append([alert["text"].partition("(")[2].partition(")")[0] for alert in alerts[0]])
    assert texts == [[], ["passed before, failed now"], [], ["failed before, passed now"]]


def in_turn(make_report):
    """What W&B said of three gates, each noted three times in turn."""
    report = reported(make_report)
    return [noted(report, lines).details["alert"] for lines in (BAD, GOOD, STRICT) * 3]


@pytest.mark.slow
@pytest.mark.parametrize(("active", "folders"), [(False, 3), (True, 1)])
def test_gates_in_turn_alert_once_each(offline, make_report, active, folders):
    import wandb

    with wandb.init(project="mine") if active else contextlib.nullcontext():
        assert in_turn(make_report) == [FIRST, "", FIRST] + [""] * 6
    assert len(list((offline / "wandb_dir" / "wandb").glob("offline-run-*"))) == folders


@pytest.mark.slow
def test_gates_in_turn_alert_once_each_online(stub, make_report):
    assert in_turn(make_report) == [FIRST, "", FIRST] + [""] * 6
    assert len(stub.alerts) == 2


@pytest.mark.slow
def test_a_synced_gate_sends_its_alert(stub, make_report, monkeypatch):
    monkeypatch.setenv("WANDB_MODE", "offline")
    receipt = noted(reported(make_report), BAD)
    assert not stub.alerts
    monkeypatch.delenv("WANDB_MODE")
    command = receipt.details["note"].split("`")[1].split()
    subprocess.run([sys.executable, "-m", *command], check=True, capture_output=True, timeout=120)
    (alert,) = stub.alerts
    assert alert["title"] == "Gate failed: tickets"
    assert alert["severity"] == "ERROR"
    assert any(path.startswith("/put/artifact/dq_tables/gate") for path in stub.uploads)


@pytest.mark.slow
def test_the_users_run_is_told_and_stays_open(offline, make_report):
    import wandb

    report = reported(make_report)
    with wandb.init(project="mine") as mine:
        receipt = noted(report, BAD)
        assert receipt.details["run_id"] == mine.id
        assert wandb.run is mine
        assert mine.config["labelsift_gate"] == "failed"
        assert noted(report, BAD).unchanged
        with pytest.raises(InputError, match="already holds the scan"):
            noted(reported(make_report, "20261123-101500-0002"), GOOD)
    assert len(of_kind(receipt, "alert")) == 1
