"""Samples that are selected on the page: by hand and by keys, and their ids as a push takes them."""

from __future__ import annotations

import csv
from pathlib import Path

import pyarrow as pa
import pytest
from click.testing import CliRunner
from labelsift.cli import main
from labelsift.data.schemas import Finding, findings_table

expect = pytest.importorskip("playwright.sync_api").expect
ODD_IDS = ["a,b", '"quoted"', "=1+1", "día 1", "x\u2028y", " lead", "t6", "two\nlines", "z" * 1_200]


def saved(page, button: str) -> Path:
    """Press a button and return the file that the page gives."""
    with page.expect_download() as download:
        page.get_by_role("button", name=button).click()
    return Path(download.value.path())


def test_keys_select_and_ids_are_copied(open_page, make_page_report):
    opened = open_page(make_page_report([f"text {number}" for number in range(40)]))
    page = opened.page
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    assert page.locator("#selection").is_hidden()
    for key in "jjxjjx":
        page.keyboard.press(key)
    assert page.locator("#selected").text_content() == "2 selected"
    assert page.evaluate("document.activeElement.querySelector('input').checked")
    page.get_by_role("button", name="Copy ids").click()
    expect(page.locator("#selection-next")).to_have_text("Copied.")
    assert page.evaluate("navigator.clipboard.readText()") == "t00001\nt00003\n"
    page.keyboard.press("]")
    page.get_by_role("checkbox", name="Select t00030").check()
    assert page.locator("#announced").text_content() == "3 selected"
    page.keyboard.press("a")
    assert page.locator("#selected").text_content() == "40 selected"
    page.keyboard.press("a")
    assert page.locator("#selection").is_hidden()
    assert opened.trouble == []


def test_a_range_is_selected_with_shift_and_stays_behind_a_filter(open_page, make_page_report):
    page = open_page(make_page_report([f"text {number}" for number in range(9)])).page
    boxes = page.locator(".sample input[type=checkbox]")
    boxes.nth(1).click()
    boxes.nth(4).click(modifiers=["Shift"])
    assert page.locator(".sample.selected h3").all_text_contents() == [f"t0000{row}" for row in range(1, 5)]
    page.locator("select[name=given]").select_option("refund")
    assert page.locator("#selected").text_content() == "4 selected"
    assert page.locator("#select-all input").evaluate("box => [box.checked, box.indeterminate]") == [False, True]
    page.get_by_role("button", name="Select none").click()
    assert page.locator(".sample.selected").count() == 0


def test_the_file_of_ids_is_what_a_push_takes(open_page, make_page_report, keep, recording):
    report = keep(make_page_report([f"text {number}" for number in range(9)], ids=ODD_IDS))
    page = open_page(report).page
    page.get_by_role("checkbox", name="Select all 9").check()
    page.get_by_role("checkbox", name="Select t6").uncheck()
    file = saved(page, "File of ids")
    told = page.locator("#selection-next").text_content()
    assert "2 ids do not fit in a line and are left out" in told
    assert f"labelsift push PLATFORM PROJECT --run {report.run} --ids tickets-ids.txt" in told
    command = ["push", "queue", "Tickets", "--store", str(report.store.folder), "--run", report.run, "--ids", str(file)]
    done = CliRunner().invoke(main, command)
    assert done.exit_code == 0, done.output
    assert recording.asked == set(ODD_IDS[:6])


def test_a_group_is_selected_as_a_whole(open_page, make_page_report):
    report = make_page_report(["same words"] * 4 + ["other"])
    ids = report.samples.ids.to_pylist()
    copies = [Finding(id, "exact_duplicate", 0.0, "Said 4 times.", related_ids=ids[:4], group_id="g") for id in ids[:4]]
    report.findings = pa.concat_tables([findings_table(copies), report.findings])
    report.scores = report.scores.append_column("is_exact_duplicate_issue", pa.array([True] * 4 + [False]))
    page = open_page(report).page
    page.locator("#tabs").get_by_role("button", name="Exact duplicates").click()
    page.keyboard.press("j")
    page.keyboard.press("x")
    assert saved(page, "File of ids").read_text().split() == ids[:4]


@pytest.mark.parametrize("share", [False, True])
def test_the_table_opens_in_a_spreadsheet_without_running_anything(open_page, make_page_report, share):
    texts = ['=HYPERLINK("https://example.org")', 'said "hello",\nand left', "-1.5", "@SUM(1)"]
    page = open_page(make_page_report(texts), share=share).page
    page.get_by_role("checkbox", name="Select all 4").check()
    file = saved(page, "Table (csv)").read_text(encoding="utf-8-sig")
    rows = list(csv.DictReader(file.splitlines(keepends=True)))
    assert [row["id"] for row in rows] == ["t00000", "t00001", "t00002", "t00003"]
    assert (rows[0]["labeled"], rows[0]["suggested"]) == ("card_arrival", "lost_or_stolen_card")
    if share:
        assert "hello" not in file and "channel" not in rows[0]
    else:
        assert [row["text"] for row in rows] == [f"'{texts[0]}", texts[1], "-1.5", "'@SUM(1)"]


def test_paper_shows_no_bar(open_page, make_page_report):
    page = open_page(make_page_report(["a", "b"])).page
    page.keyboard.press("a")
    expect(page.locator("#selection")).to_be_visible()
    page.emulate_media(media="print")
    expect(page.locator("#selection")).to_be_hidden()
