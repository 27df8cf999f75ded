"""Files of a data set for trackers: every sample and finding, no text, the same bytes each time."""

import json
from dataclasses import replace

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from labelsift.data.samples import Samples
from labelsift.data.schemas import findings_table
from labelsift.render.tracker_panels.dataset import FILES, samples_table, write_dataset
from labelsift.render.tracker_panels.panels import Parent, panels


def test_every_sample_is_named_with_the_issues_that_flagged_it(make_report):
    report = make_report()
    table = samples_table(report)
    flags = {row["id"]: row["issues"].split() for row in table.to_pylist()}
    for issue in ("label", "empty"):
        named = {row["id"] for row in report.findings.to_pylist() if row["issue"] == issue}
        assert named == {id for id, issues in flags.items() if issue in issues}
    assert table["label"].to_pylist() == report.samples.labels.to_pylist()
    assert sum(len(issues) for issues in flags.values()) == len(report.findings)


def test_no_text_is_written_unless_asked_for(make_report, planted, tmp_path):
    report = make_report()
    write_dataset(report, panels(report), tmp_path)
    tables = [pq.read_table(tmp_path / name).to_pylist() for name in FILES[:2]]
    written = json.dumps(tables, ensure_ascii=False) + (tmp_path / FILES[2]).read_text(encoding="utf-8")
    assert "Zwölfkämpfer" in planted
    assert "Zwölfkämpfer" not in written
    write_dataset(report, panels(report, with_text=True), tmp_path)
    assert planted in pq.read_table(tmp_path / "flagged.parquet")["text"][0].as_py()


def test_the_same_data_make_the_same_bytes_and_name_their_parent(make_report, tmp_path):
    report = make_report()
    content = panels(report, parent=Parent("20261122-101500-0001", "ab" * 16))
    folders = [tmp_path / "a", tmp_path / "b"]
    for folder in folders:
        folder.mkdir()
        facts = write_dataset(report, content, folder)
    assert facts["parent"] == "ab" * 16
    assert facts["fingerprint"] == report.samples.fingerprint
    for name in FILES:
        assert folders[0].joinpath(name).read_bytes() == folders[1].joinpath(name).read_bytes()


@pytest.mark.parametrize(
    "columns",
    [{"labels": ['["a","b"]', None, "[]"]}, {"spans": ['[[0,3,"person"]]', "[]", None]}, {}],
)
def test_sets_spans_and_unlabeled_samples_have_their_row(make_report, columns):
    table = pa.table({"id": ["1", "2", "3"], "text": ["Ann went", "x", "日本"], **columns})
    samples = Samples(table, pa.table({"k": [1, 2, 3]}))
    run = replace(make_report(), samples=samples, findings=findings_table([]))
    made = samples_table(run)
    assert made["issues"].to_pylist() == ["", "", ""]
    assert "Ann" not in json.dumps(made.to_pylist())
    assert ("label" in made.column_names) is bool(columns)
