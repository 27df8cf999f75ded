"""A run store that labelsift made before its modules moved: opened, verified and reproduced as it was."""

from __future__ import annotations

import json
import zipfile
from pathlib import Path

import labelsift as ls
import pytest
from click.testing import CliRunner
from labelsift.cli import main
from labelsift.corrections.reproduce import reproduce
from labelsift.corrections.verify import verify

FIXTURES = Path(__file__).parent / "fixtures"  # how they were made stands there
MADE = json.loads((FIXTURES / "store.json").read_text(encoding="utf-8"))


@pytest.fixture
def store(tmp_path: Path) -> Path:
    with zipfile.ZipFile(FIXTURES / "store.zip") as file:
        file.extractall(tmp_path / ".labelsift")
    return tmp_path / ".labelsift"


@pytest.mark.parametrize("run", MADE["runs"])
def test_a_run_is_what_it_was(store, run):
    was, report = MADE["runs"][run], ls.load(run, store=store)
    samples = report.samples
    assert (samples.name, samples.task) == (was["dataset"], was["task"])
    assert samples.fingerprint == was["fingerprint"]
    assert samples.ids.to_pylist() == was["ids"]
    findings = report.findings.select(["id", "issue", "score", "given", "suggested", "reason"])
    assert findings.to_pylist() == was["findings"]
    scores = {name: report.scores[name].to_pylist() for name in was["scores"]}
    assert json.loads(json.dumps(scores)) == was["scores"]
    assert report.summary()["rows"] == len(was["ids"])
    assert len(report.similar(was["ids"][0], k=3)) == 3


def test_it_is_verified_as_it_was(store):
    checked = verify(store=store, expect=MADE["last_hash"])
    assert checked.problems == checked.notes == ()
    assert (checked.records, checked.last_hash, checked.runs) == (MADE["records"], MADE["last_hash"], len(MADE["runs"]))


def test_its_decisions_are_what_they_were(store):
    rows = ls.recorded(store=store).to_pylist()
    assert [row | {"time": str(row["time"])} for row in rows] == MADE["recorded"]


@pytest.mark.parametrize("run", MADE["runs"])
def test_its_runs_are_reproduced(store, run):
    reproduction = reproduce(run, store=store)
    assert reproduction.identical
    assert str(reproduction) == MADE["runs"][run]["reproduced"]


def test_it_is_found_by_tag_and_goes_on(store):
    (tagged,) = MADE["tags"]
    assert ls.load("tag:baseline", store=store).run == tagged
    assert ls.load(store=store).run == MADE["latest"]
    again = ls.scan(ls.load(MADE["latest"], store=store).samples, store=store)
    assert ls.load(store=store).run == again.run
    ls.record(ls.recorded(store=store).slice(0, 1), store=store)  # known already
    assert verify(store=store, expect=MADE["last_hash"]).records == MADE["records"]


def test_two_of_its_runs_are_compared_and_its_audit_names_people(store):
    first, *_, corrected, _ = MADE["runs"]
    compared = CliRunner().invoke(main, ["compare", first, corrected, "--store", str(store), "--json"])
    assert compared.exit_code == 0, compared.output
    audit = CliRunner().invoke(main, ["audit", "--store", str(store), "--json"])
    assert audit.exit_code == 0, audit.output
    people = {row.get("person") for row in json.loads(audit.stdout)}
    assert {"ann@example.com", "ben@example.com"} <= people
