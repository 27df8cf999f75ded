"""Erasure from what a tracker was sent: rows leave both tables, a page that shows them is replaced, others stand."""

import json

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from labelsift.corrections.erase_panels import FILES, erase_from
from labelsift.render.tracker_panels.files import write_files
from labelsift.render.tracker_panels.panels import panels


@pytest.fixture
def sent(make_report, tmp_path):
    """The files of a report, with texts."""
    report = make_report()
    write_files(tmp_path, report, panels(report, with_text=True), with_text=True)
    return tmp_path


def test_a_sample_leaves_every_file_that_names_it(sent, planted):
    rows = pq.read_table(sent / "flagged.parquet").to_pylist()
    gone = {rows[0]["id"]}
    text = rows[0]["text"]
    assert [erase_from(sent / name, gone) for name in FILES] == [gone] * 3
    assert [erase_from(sent / name, gone) for name in FILES] == [set()] * 3
    left = pq.read_table(sent / "flagged.parquet")["id"].to_pylist()
    assert len(left) == len(rows) - 1
    assert [row[0] for row in json.loads((sent / "flagged.json").read_text())["data"]] == left
    assert not [name for name in FILES if text.encode() in (sent / name).read_bytes()]


def test_a_reason_that_quotes_the_text_of_an_erased_sample_is_erased(sent):
    table = pq.read_table(sent / "flagged.parquet")
    rows = table.to_pylist()
    rows[1]["reason"] = f"Like: {rows[0]['text']}"
    pq.write_table(pa.Table.from_pylist(rows, table.schema), sent / "flagged.parquet")
    erase_from(sent / "flagged.parquet", {rows[0]["id"]})
    left = pq.read_table(sent / "flagged.parquet").to_pylist()
    assert rows[0]["text"] not in left[0]["reason"] and left[1:] == rows[2:]


def test_files_that_name_no_such_sample_stand(sent):
    before = [(sent / name).read_bytes() for name in FILES if name != "flagged.parquet"]
    assert [erase_from(sent / name, {"t", "t1234"}) for name in FILES] == [set()] * 3
    assert (sent / "report.html").read_bytes() == before[1]
    assert json.loads((sent / "flagged.json").read_text()) == json.loads(before[0])
