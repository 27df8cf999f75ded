"""The page that a tracker gets: brief where the run is large, and under the fingerprint of what was scanned."""

from __future__ import annotations

from dataclasses import replace

import pyarrow as pa
import pytest
from labelsift.render.tracker_panels import page
from labelsift.render.tracker_panels.page import write_tracker_page
from labelsift.render.tracker_panels.panels import panels


@pytest.mark.parametrize(("rows", "work", "brief"), [(50, 10**9, True), (10**9, 1, True), (10**9, 10**9, False)])
def test_that_of_a_large_run_is_brief_and_says_so(make_report, tmp_path, monkeypatch, rows, work, brief):
    report = make_report(120)
    assert report.samples.metadata.num_columns
    monkeypatch.setattr(page, "MOST_ROWS", rows)
    monkeypatch.setattr(page, "MOST_WORK", work)
    written = write_tracker_page(report, tmp_path / "report.html", with_text=False).read_text(encoding="utf-8")
    assert ("this page leaves out the map, the heat maps" in written) is brief


@pytest.mark.parametrize("with_text", [False, True])
def test_it_names_the_fingerprint_of_the_scan(make_report, tmp_path, with_text):
    report = make_report(120)
    people = report.samples.metadata.append_column("annotator", pa.array(["Bartholomew", "Bob"] * 60))
    report = replace(report, samples=replace(report.samples, metadata=people))
    written = write_tracker_page(report, tmp_path / "report.html", with_text=with_text).read_text(encoding="utf-8")
    assert report.samples.fingerprint in written and "Bartholomew" not in written


@pytest.mark.parametrize("with_text", [False, True])
def test_it_is_the_same_of_what_was_worked_out_before(make_report, tmp_path, with_text):
    report = make_report(120)
    known = panels(report, with_text=with_text).disclosed
    pages = [
        write_tracker_page(report, tmp_path / f"{number}.html", with_text=with_text, known=run).read_bytes()
        for number, run in enumerate((None, known))
    ]
    assert known is not None and pages[0] == pages[1]
