"""Confusions that recur on the page: what stands in its bytes, what may not, and how it works in the browser."""

from __future__ import annotations

from dataclasses import replace

import pyarrow as pa
import pytest
from labelsift.data.schemas import Finding, findings_table, to_json
from labelsift.render.page.build import render_page
from labelsift.render.page.confusions import SHOWN, recurring

HOSTILE = '<img src=x onerror="window.owned=1"></script>\u202e\''


def with_confusion(report, *, given: str, suggested: str, contrast: list[list[str]], count: int = 312):
    """Return the report with one confusion that recurs."""
    finding = Finding(
        to_json(sorted((given, suggested))),
        "label",
        0.1,
        f"{count} of 900 labeled {given} look like {suggested}, 4 the other way: a slip that recurs.",
        kind="systematic",
        scope="class",
        given=given,
        suggested=suggested,
        confidence=0.9,
        related_ids=[one for triple in contrast for one in triple],
        group_id="pair",
        evidence={"verdict": "slip", "count": count, "back": 4, "size_given": 900, "contrast": contrast},
    )
    return replace(report, findings=pa.concat_tables([report.findings, findings_table([finding])]))


def test_a_confusion_has_a_section_of_its_own_with_its_contrast_pairs(make_page_report):
    report = make_page_report([f"text {at}" for at in range(6)])
    report = with_confusion(report, given="refund", suggested="card_arrival", contrast=[["t00002", "t00000", "t00005"]])
    told = recurring(report, share=False)
    row = dict(zip(told["columns"], told["rows"][0], strict=True))
    assert (row["given"], row["suggested"], row["count"], row["back"]) == ("refund", "card_arrival", 312, 4)
    assert [told["samples"][at][2] for at in row["contrast"][0]] == ["text 2", "text 0", "text 5"]
    assert "312 of 900" not in str(report_general(report))


def report_general(report) -> list:
    from labelsift.render.page.selection import _general

    return _general(report.findings)


def test_a_shared_page_holds_no_text_of_a_contrast_pair(make_page_report):
    report = make_page_report([f"secret words {at}" for at in range(6)])
    report = with_confusion(report, given="refund", suggested="card_arrival", contrast=[["t00002", "t00000", "t00005"]])
    assert "secret words" in render_page(report)
    assert "secret words" not in render_page(report, share=True)


def test_pairs_with_samples_that_are_gone_are_left_out_and_only_so_many_are_shown(make_page_report):
    report = make_page_report([f"text {at}" for at in range(6)])
    report = with_confusion(report, given="a", suggested="b", contrast=[["t00001", "t00000", "gone"]])
    for at in range(SHOWN):
        report = with_confusion(report, given=f"c{at}", suggested="b", contrast=[], count=400 + at)
    told = recurring(report, share=False)
    assert (len(told["rows"]), told["total"]) == (SHOWN, SHOWN + 1)
    assert all(row[-1] == [] for row in told["rows"])


@pytest.mark.browser
def test_it_unfolds_escaped_and_opens_its_samples(open_page, make_page_report):
    pytest.importorskip("playwright.sync_api")
    given, suggested = f"a{HOSTILE}", f"b{HOSTILE}"
    texts = [f"{HOSTILE} {at}" for at in range(6)]
    report = make_page_report(texts, labels=[given, suggested] * 3, ids=[f"{HOSTILE}{at}" for at in range(6)])
    ids = report.samples.ids.to_pylist()
    opened = open_page(with_confusion(report, given=given, suggested=suggested, contrast=[[ids[0], ids[1], ids[2]]]))
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
    assert [one for one in opened.requests if not one.startswith("file:")] == []


@pytest.mark.browser
def test_without_confusions_there_is_no_section(open_page, make_page_report):
    pytest.importorskip("playwright.sync_api")
    assert not open_page(make_page_report(["one", "two", "three"])).page.locator("#recurring").is_visible()
