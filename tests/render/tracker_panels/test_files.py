"""Panels as files: the same each time, every finding among them, and tables that a page can open."""

import json

import pyarrow.parquet as pq
from labelsift.render.tracker_panels.figures import Table
from labelsift.render.tracker_panels.files import table_json, write_files
from labelsift.render.tracker_panels.panels import TABLES, panels


def test_a_folder_holds_every_finding_and_is_the_same_twice(make_report, tmp_path):
    report = make_report()
    contents = []
    for place in (tmp_path / "first", tmp_path / "second"):
        place.mkdir()
        names = write_files(place, report, panels(report), with_text=False)
        assert names == sorted(file.name for file in place.iterdir())
        contents.append([(place / name).read_bytes() for name in names])
    assert contents[0] == contents[1]
    assert {f"{name}.json" for name in TABLES} < set(names)
    assert pq.read_table(place / "flagged.parquet").num_rows == len(report.findings)


def test_a_table_is_cut_to_what_mlflows_page_can_open():
    table = Table(("id", "text"), [[f"t{number}", "ä" * 100] for number in range(100)])
    whole = json.loads(table_json(table))
    assert whole == {"columns": ["id", "text"], "data": table.rows}
    cut = table_json(table, limit=10_000)
    assert len(cut.encode()) <= 10_000
    assert json.loads(cut)["data"] == table.rows[: len(json.loads(cut)["data"])]
