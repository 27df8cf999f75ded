"""Filters of the page's list: they live in its address, belong to one tab, and name what is empty or missing."""

from __future__ import annotations

import json
from typing import Any
from urllib.parse import quote

import pyarrow as pa
import pytest
from labelsift.data.schemas import Finding, findings_table

expect = pytest.importorskip("playwright.sync_api").expect
HOSTILE = '<img src=x onerror="window.owned=1">'


def two_issues(make_page_report) -> Any:
    """Sixty suspicious labels, of which the first nine are other findings as well."""
    report = make_page_report([f"text {number}" for number in range(60)])
    others = [Finding(f"t{row:05d}", "outlier", 0.1, "Unlike every other sample.") for row in range(9)]
    report.findings = pa.concat_tables([report.findings, findings_table(others)])
    return report


def hash_of(page) -> str:
    return page.evaluate("decodeURIComponent(location.hash)")


def open_tab(page, title: str) -> None:
    page.locator("#tabs").get_by_role("button", name=title).click()


def test_a_filter_stands_in_the_address_and_comes_back_with_it(open_page, make_page_report):
    page = open_page(two_issues(make_page_report)).page
    assert hash_of(page) == ""
    page.locator("select[name=given]").select_option("refund")
    page.locator("select[name=meta]").select_option(label="phone (30)")
    page.locator("select[name=order]").select_option("id")
    page.get_by_role("searchbox").fill("text")
    page.wait_for_url("**search=text**")
    assert page.locator("#status").text_content() == "10 samples"
    address = page.url
    shown = page.locator(".sample h3").all_text_contents()
    assert hash_of(page) == "#samples?issue=label&search=text&labeled=refund&meta.channel=phone&order=id"
    page.reload()
    page.wait_for_selector("html[data-ready]")
    assert page.locator("#status").text_content() == "10 samples"
    assert page.locator(".sample h3").all_text_contents() == shown
    assert page.locator("select[name=given]").input_value() == "refund"
    other = page.context.new_page()
    other.goto(address)
    other.wait_for_selector("html[data-ready]")
    assert other.locator("#status").text_content() == "10 samples"
    assert other.get_by_role("searchbox").input_value() == "text"


def test_a_filter_does_not_outlive_its_tab_and_back_returns_to_both(open_page, make_page_report):
    page = open_page(two_issues(make_page_report)).page
    page.locator("select[name=given]").select_option("refund")
    page.get_by_role("searchbox").fill("text 1")
    expect(page.locator("#status")).to_have_text("4 samples")  # 11, 14, 17 and 41
    open_tab(page, "Outliers")
    assert page.locator("#status").text_content() == "9 samples"
    assert page.get_by_role("searchbox").input_value() == ""
    assert page.locator("select[name=given]").input_value() == ""
    assert hash_of(page) == "#samples?issue=outlier"
    page.go_back()
    expect(page.locator("select[name=given]")).to_have_value("refund")
    expect(page.locator("#status")).to_have_text("4 samples")
    open_tab(page, "All")
    assert page.locator("#status").text_content() == "60 samples"


def test_choices_are_those_of_the_tab(open_page, make_page_report):
    page = open_page(two_issues(make_page_report)).page
    assert page.locator("select[name=given] option").all_text_contents()[1] == "card_arrival (20)"
    open_tab(page, "Outliers")
    assert page.locator("select[name=given] option").all_text_contents()[1] == "card_arrival (3)"


def test_an_address_that_nobody_meant_breaks_nothing(open_page, make_page_report):
    opened = open_page(two_issues(make_page_report))
    page = opened.page
    words = f"issue=nothing&labeled={quote(HOSTILE)}&page=-3&order=x&meta.no=1&%E0%A4%A=%"
    page.evaluate(f"location.hash = {json.dumps('#samples?' + words)}")
    expect(page.locator("#status")).to_have_text("No flagged sample matches.")
    assert HOSTILE in page.locator("select[name=given] option").all_text_contents()
    page.get_by_role("button", name="Clear").click()
    assert page.locator("#status").text_content() == "60 samples"
    page.evaluate("location.hash = '#samples?issue=label&page=99'")
    expect(page.locator("#pages-bottom")).to_contain_text("Page 3 of 3")
    assert page.evaluate("window.owned") is None
    assert opened.trouble == []


def test_empty_and_missing_values_are_named_and_told_apart(open_page, make_page_report):
    channels = ["mail", "", None, "  "] * 3
    page = open_page(make_page_report([f"text {n}" for n in range(12)], metadata={"channel": channels})).page
    options = page.locator("select[name=meta] optgroup option").all_text_contents()
    assert sorted(options) == ["(blank) (3)", "(empty) (3)", "(missing) (3)", "mail (3)"]
    page.locator("select[name=meta]").select_option(label="(empty) (3)")
    assert page.locator("#status").text_content() == "3 samples"
    assert "channel (empty)" in page.locator(".sample .meta").first.inner_text()
    page.locator("select[name=meta]").select_option(label="(missing) (3)")
    assert page.locator(".sample h3").all_text_contents() == ["t00002", "t00006", "t00010"]
    assert hash_of(page) == "#samples?issue=label&missing=channel"
    page.reload()
    page.wait_for_selector("html[data-ready]")
    assert page.locator("#status").text_content() == "3 samples"
