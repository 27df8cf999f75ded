"""wandb's real client against a stand-in for its server on loopback."""

import json
import subprocess
import sys
from dataclasses import replace
from datetime import timedelta

import pytest
from labelsift.demo.local_servers import free_port
from labelsift.errors import InputError, PlatformError
from labelsift.integrations.wandb import WandB
from labelsift.render.page.build import render_page
from labelsift.render.tracker_panels.disclosure import disclosed, named_classes
from labelsift.render.tracker_panels.panels import panels
from labelsift.report import load
from labelsift.store.store import Store


@pytest.mark.slow
def test_a_run_goes_online_with_every_figure_and_no_text(stub, home, make_report, all_bytes):
    report = make_report()
    receipt = report.log("wandb", target="tickets")
    shown = panels(report)
    assert receipt.details["mode"] == "online"
    assert receipt.target == f"us/tickets/labelsift-{report.run}"
    assert receipt.links["run"].startswith(stub.url)
    row = {name: value for logged in stub.rows for name, value in logged.items()}
    assert {name: row[name] for name in shown.metrics} == pytest.approx(shown.metrics)
    (table,) = [json.loads(body) for path, body in stub.uploads.items() if "media/table/dq_tables/flagged" in path]
    assert table["data"] == shown.flagged.rows
    (page,) = [body for path, body in stub.uploads.items() if "dq_report/report" in path]
    assert page.decode() == render_page(disclosed(report), share=True, named=named_classes(report.samples))
    sent = b"\n".join(stub.bodies)
    for form in (b"Quokka", "Zwölfkämpfer".encode(), b"Zw\\u00f6lfk", b"number 57"):
        assert form not in sent
    begun = [json.loads(body)["variables"] for body in stub.bodies if b"UpsertBucket" in body]
    assert {run["program"] for run in begun} == {"labelsift"}  # no path, no name of a machine
    assert not any(run["host"] for run in begun)
    assert b"k" * 40 not in all_bytes(home)  # the key stays in its variable


@pytest.mark.slow
def test_an_offline_run_is_uploaded_as_its_note_says(stub, make_report, monkeypatch):
    report = make_report()
    monkeypatch.setenv("WANDB_MODE", "offline")
    receipt = report.log("wandb", target="us/tickets")
    assert not stub.rows
    monkeypatch.delenv("WANDB_MODE")
    command = receipt.details["note"].split("`")[1].split()
    assert command[:2] == ["wandb", "sync"]
    subprocess.run([sys.executable, "-m", *command], check=True, capture_output=True, timeout=120)
    row = {name: value for logged in stub.rows for name, value in logged.items()}
    shown = panels(report)
    assert {name: row[name] for name in shown.metrics} == pytest.approx(shown.metrics)
    assert any(path.startswith("/put/artifact/dq_tables/flagged") for path in stub.uploads)  # staged in the data folder
    assert {"/put/artifact/samples.parquet", "/put/artifact/flagged.parquet"} <= stub.uploads.keys()
    (made,) = [made for made in stub.artifacts if made["artifactTypeName"] == "dataset"]
    assert report.samples.fingerprint in [entry["alias"] for entry in made["aliases"]]
    assert report.log("wandb", target="us/tickets")


@pytest.mark.slow
def test_ten_logs_in_a_row_go_into_one_run_once(stub, make_report):
    report = make_report()
    receipts = [report.log("wandb", target="tickets") for _ in range(10)]
    assert [receipt.unchanged for receipt in receipts] == [0] + [24] * 9
    assert len({receipt.target for receipt in receipts}) == 1
    assert len(stub.rows) == 1
    assert sum(made["artifactTypeName"] == "dataset" for made in stub.artifacts) == 1


@pytest.mark.slow
def test_what_a_person_wrote_of_the_run_stays(stub, make_report):
    report = make_report()
    report.log("wandb", target="tickets")
    (kept,) = stub.runs.values()
    kept["notes"] = f"Look at refunds first.\n\n{kept['notes']}\n\nAnn looks at the rest."
    kept["displayName"] = "my name"
    receipt = report.log("wandb", target="tickets", with_text=True)
    assert receipt.updated == 24
    assert kept["displayName"] == "my name"
    assert kept["notes"].startswith("Look at refunds first.")
    assert kept["notes"].endswith("\n\nAnn looks at the rest.")
    assert kept["notes"].count("### labelsift: ") == 1


@pytest.mark.slow
def test_the_version_before_is_an_input_where_it_was_logged(stub, make_report, tmp_path):
    store = Store(tmp_path / "store")
    first = make_report(run="20261123-101500-0001")
    second = make_report(300, run="20261123-101500-0002")
    second = replace(second, created=first.created + timedelta(days=1), settings={"parent": first.run})
    for report in (first, second):
        store.save(report)
    alone = load(second.run, store=store.folder).log("wandb", target="elsewhere")
    assert "parent" not in alone.details
    assert not stub.used
    load(first.run, store=store.folder).log("wandb", target="tickets")
    receipt = load(second.run, store=store.folder).log("wandb", target="tickets")
    assert receipt.details["parent"] == f"us/tickets/labelsift-tickets:{first.samples.fingerprint}"
    (used,) = stub.used
    assert used["runName"] == f"labelsift-{second.run}"
    (metadata,) = {made["metadata"] for made in stub.artifacts if second.run in (made.get("metadata") or "")}
    assert json.loads(metadata)["parent"] == first.samples.fingerprint


@pytest.mark.slow
def test_disabled_means_disabled(home, make_report, monkeypatch):
    monkeypatch.setenv("WANDB_MODE", "disabled")
    assert make_report().log("wandb").details["mode"] == "disabled"
    assert not list(home.rglob("*.wandb"))


@pytest.mark.slow
def test_the_key_may_stand_in_a_file(stub, home, make_report, monkeypatch, all_bytes):
    (home.parent / f"{home.name}-key").write_text("f" * 40 + "\n")
    monkeypatch.delenv("WANDB_API_KEY")
    monkeypatch.setenv("WANDB_API_KEY_FILE", str(home.parent / f"{home.name}-key"))
    assert make_report().log("wandb").details["mode"] == "online"
    assert any(key for key in stub.keys)
    assert b"f" * 40 not in all_bytes(home)
    monkeypatch.setenv("WANDB_API_KEY_FILE", str(home / "absent"))
    with pytest.raises(InputError, match="WANDB_API_KEY_FILE cannot be read"):
        make_report().log("wandb")


@pytest.mark.slow
def test_a_server_that_does_not_answer_is_named_at_once(home, make_report, monkeypatch):
    monkeypatch.setenv("WANDB_BASE_URL", f"http://127.0.0.1:{free_port()}")
    monkeypatch.setenv("WANDB_API_KEY", "k" * 40)
    with pytest.raises(PlatformError, match=r"W&B server at http://127.0.0.1:\d+ does not answer") as error:
        make_report().log("wandb")
    assert "k" * 40 not in str(error.value)
    assert "WANDB_MODE=offline" in WandB().doctor()["connection"]


@pytest.mark.slow
def test_doctor_says_nothing_when_all_is_well(stub):
    assert WandB().doctor() == {}
