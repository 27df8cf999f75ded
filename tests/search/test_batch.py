"""Similar samples as a labeling batch: from the run and from a pool, pushed twice, decided on, never the latest run."""

from __future__ import annotations

import json

import labelsift as ls
import pyarrow as pa
import pytest
from click.testing import CliRunner
from labelsift.cli import main
from labelsift.corrections.record import recorded
from labelsift.errors import InputError
from labelsift.search.index_pool import index_pool
from labelsift.store.store import Store
from workbooks import decide

TEXTS = [
    "my card was stolen",
    "my card is lost",
    "card stolen yesterday",
    "where is my refund",
    "refund please",
    "top up",
]


@pytest.fixture
def report(tmp_path) -> ls.Report:
    rows = {"id": [f"r{number}" for number in range(6)], "text": TEXTS, "label": ["a", "a", "b", "b", "a", "b"]}
    samples = ls.read(pa.table(rows), id="id", label="label", name="tickets")
    made = ls.scan(samples, only=["outlier", "empty"], store=tmp_path / "kept")
    pool = {
        "id": ["u1", "u2", "u3"],
        "text": ["a thief took my card", "refund now", "hello"],
        "channel": ["x", "y", "z"],
    }
    unlabeled = ls.read(pa.table(pool), id="id", metadata=["channel"], name="inbox")
    index_pool(unlabeled, store=tmp_path / "kept")
    return made


def test_a_batch_of_the_run_keeps_order_and_given_labels(report):
    similar = report.similar("r0", k=2)
    batch = report.batch(similar)
    rows = batch.findings.to_pylist()
    assert [row["id"] for row in rows] == similar["id"].to_pylist()
    assert {row["issue"] for row in rows} == {"similar"}
    assert batch.samples.labels.to_pylist() == ["a" if id == "r1" else "b" for id in similar["id"].to_pylist()]
    assert report.batch(similar).run == batch.run
    assert Store(report.store.folder).find() == report.run  # a batch is not the latest run


def test_a_batch_of_a_pool_goes_out_and_comes_back(report, tmp_path):
    batch = report.batch(report.similar("r0", k=2, pool="inbox"), pool="inbox")
    sheet = tmp_path / "batch.xlsx"
    first = batch.push("xlsx", project=str(sheet))
    second = report.batch(report.similar("r0", k=2, pool="inbox"), pool="inbox").push("xlsx", project=str(sheet))
    assert (first.created, second.created, second.unchanged) == (2, 0, 2)
    decide(sheet, "b")
    ls.record(ls.pull("xlsx", project=str(sheet)), store=report.store.folder)
    rows = recorded(store=report.store.folder, dataset="inbox").to_pylist()
    assert [(row["id"][0], row["action"], json.loads(row["value"])) for row in rows] == [("u", "relabel", "b")] * 2


def test_one_command_makes_a_batch(report, tmp_path):
    store, sheet = str(report.store.folder), str(tmp_path / "batch.xlsx")
    words = ["similar", "my card was stolen", "-k", "2", "--pool", "inbox", "--store", store]
    done = CliRunner().invoke(main, [*words, "--push", "xlsx", "--project", sheet, "--json"])
    assert done.exit_code == 0, done.output
    content = json.loads(done.output)
    assert (len(content["similar"]), content["receipt"]["created"]) == (2, 2)
    refused = CliRunner().invoke(main, [*words, "--push", "xlsx"])
    assert refused.exit_code == 2
    assert "--push needs --project" in refused.output


def test_nothing_found_and_no_store_are_said(report):
    with pytest.raises(InputError, match="no similar sample"):
        report.batch(report.similar("r0", k=2).slice(0, 0))
    report.store = None
    with pytest.raises(InputError, match="needs a run store"):
        report.batch(report.similar("r0", k=2))
