"""Confusions that recur on the page: what stands in its bytes, what may not, and how it works in the browser."""

from __future__ import annotations

import pytest
from labelsift.render.overview import Overview
from labelsift.render.page.build import render_page
from labelsift.render.page.checks import check_sections
from labelsift.render.page.confusions import SHOWN, recurring
from recurring_confusion import confusion, with_confusions

HOSTILE = '<img src=x onerror="window.owned=1"></script>\u202e\''
REFUNDS = confusion("refund", "card_arrival", ["t00002", "t00000", "t00005"], count=312)


def test_a_confusion_has_a_section_of_its_own_with_its_contrast_pairs(make_page_report):
    report = make_page_report([f"text {number}" for number in range(6)])
    report = with_confusions(report, REFUNDS)
    content = recurring(report, share=False)
    row = dict(zip(content["columns"], content["rows"][0], strict=True))
    assert (row["given"], row["suggested"], row["count"], row["back"]) == ("refund", "card_arrival", 312, 4)
    assert [content["samples"][position][2] for position in row["contrast"][0]] == ["text 2", "text 0", "text 5"]
    assert check_sections(report, Overview(report), share=False)["rows"] == []  # it is told once


def test_a_shared_page_holds_no_text_of_a_contrast_pair(make_page_report):
    report = make_page_report([f"secret words {number}" for number in range(6)])
    report = with_confusions(report, REFUNDS)
    assert "secret words" in render_page(report)
    assert "secret words" not in render_page(report, share=True)


def test_pairs_with_samples_that_are_gone_are_left_out_and_only_so_many_are_shown(make_page_report):
    report = make_page_report([f"text {number}" for number in range(6)])
    report = with_confusions(report, confusion("a", "b", ["t00001", "t00000", "gone"], count=312))
    more = [confusion(f"c{number}", "b", [], count=400 + number) for number in range(SHOWN)]
    report = with_confusions(report, *more)
    content = recurring(report, share=False)
    assert (len(content["rows"]), content["total"]) == (SHOWN, SHOWN + 1)
    assert all(row[-1] == [] for row in content["rows"])


@pytest.mark.browser
def test_it_unfolds_escaped_and_opens_its_samples(open_page, make_page_report):
    pytest.importorskip("playwright.sync_api")
    given, suggested = f"a{HOSTILE}", f"b{HOSTILE}"
    texts = [f"{HOSTILE} {number}" for number in range(6)]
    report = make_page_report(texts, labels=[given, suggested] * 3, ids=[f"{HOSTILE}{number}" for number in range(6)])
    ids = report.samples.ids.to_pylist()
    opened = open_page(with_confusions(report, confusion(given, suggested, ids[:3], count=312)))
    page = opened.page
    section = page.locator("#recurring")
    assert section.is_visible()
    section.locator("summary").click()
    assert section.locator(".contrast tbody td").count() == 3
    assert "onerror" in section.locator(".words").first.text_content()
    section.locator(".contrast a").first.click()
    assert page.evaluate("location.hash").startswith("#sample-")
    section.locator("button.link").first.click()
    assert page.locator("#list .sample").count() == 3
    assert page.evaluate("window.owned") is None
    assert opened.trouble == []
    assert [request for request in opened.requests if not request.startswith("file:")] == []


@pytest.mark.browser
def test_without_confusions_there_is_no_section(open_page, make_page_report):
    pytest.importorskip("playwright.sync_api")
    assert not open_page(make_page_report(["one", "two", "three"])).page.locator("#recurring").is_visible()
