"""Sections of the checks: what stands in them, what a shared page leaves out, and how they work in the browser."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pyarrow as pa
import pytest
from labelsift.data.schemas import Finding, findings_table
from labelsift.render.overview import Overview
from labelsift.render.page.checks import EXAMPLES, REMARKS, TABLE_ROWS, check_sections
from labelsift.render.page.content import headline
from labelsift.report import Report
from page_reports import with_check

VERDICT = "14 % Spanish (140 rows), mostly channel = phone."
TABLE = {"title": "Languages by channel", "columns": ["language", "rows", "share"], "shares": ["share"]}


def sections(report: Report, *, share: bool = False) -> list[dict[str, Any]]:
    content = check_sections(report, Overview(report), share=share)
    rows = [dict(zip(content["columns"], row, strict=True)) for row in content["rows"]]
    return [
        row | {"examples": [dict(zip(content["example"], example, strict=True)) for example in row["examples"]]}
        for row in rows
    ]


def test_a_check_that_only_flags_samples_has_no_section_and_the_others_stand_in_order(make_page_report):
    report = make_page_report([f"text {number}" for number in range(9)])
    assert sections(with_check(report, "near_duplicate", [1, 2])) == []
    report = with_check(report, "language", [2], verdict=VERDICT, tables=[])
    report = with_check(report, "outlier", [1], verdict="One stands apart.", tables=[])
    assert [row["issue"] for row in sections(report)] == ["outlier", "language"]


@pytest.mark.browser
def test_numbers_that_nothing_is_said_of_come_last_and_lie_folded(open_page, make_page_report):
    report = make_page_report([f"text {number}" for number in range(9)])
    report = with_check(
        report, "near_duplicate", [], verdict="", tables=[TABLE | {"rows": [["Spanish", -0.0001, 0.5]]}]
    )
    report = with_check(report, "language", [2], verdict=VERDICT, tables=[])
    assert [row["issue"] for row in sections(report)] == ["language", "near_duplicate"]
    fold = open_page(report).page.locator("#checks details")
    assert fold.locator("summary").text_content() == "Languages by channel"
    assert fold.locator("td").first.is_hidden()
    fold.locator("summary").click()
    assert fold.locator("td").all_text_contents() == ["0", "50\u00a0%"]


def test_examples_are_of_every_kind_and_their_texts_masked_and_cut(make_page_report):
    texts = [f"write to ann.{number}@example.org or to nobody {'x' * 400}" for number in range(9)]
    report = with_check(make_page_report(texts), "pii", list(range(9)), kinds="aaaaaaabc", verdict="Some.", tables=[])
    (section,) = sections(report)
    assert [example["id"] for example in section["examples"]] == ["t00000", "t00007", "t00008", "t00001"]
    assert section["count"] == 9 and len(section["examples"]) == EXAMPLES
    assert "@example" not in str(section) and all(len(example["text"]) < 260 for example in section["examples"])
    assert not any(example["text"] for example in sections(report, share=True)[0]["examples"])


def test_examples_show_every_group_before_more_of_one(make_page_report):
    report = make_page_report([f"text {number}" for number in range(9)], labels=[None] * 9)
    ids = report.samples.ids.to_pylist()
    made = [
        Finding(ids[row], "cluster", 0.1, "Apart.", group_id=group) for row, group in enumerate(["a", "a", "a", "b"])
    ]
    report = with_check(report, "cluster", [], *made, verdict="Two groups.", tables=[])
    (section,) = sections(report)
    assert [example["id"] for example in section["examples"]] == ["t00000", "t00003", "t00001", "t00002"]


def test_tables_and_remarks_are_cut_and_say_so_and_no_number_breaks_the_page(make_page_report):
    rows = [[f"language {number}", number, float("nan") if number else 0.25] for number in range(100)]
    remarks = [Finding(f"class {number}", "imbalance", 0.2, "Too few.", scope="class") for number in range(20)]
    report = make_page_report([f"text {number}" for number in range(9)])
    report = with_check(report, "imbalance", [], *remarks, verdict="", tables=[TABLE | {"rows": rows}])
    (section,) = sections(report)
    (title, columns, shares, shown, more) = section["tables"][0]
    assert (title, columns, shares) == ("Languages by channel", ["language", "rows", "share"], [False, False, True])
    assert len(shown) == TABLE_ROWS and more == 100 - TABLE_ROWS and shown[1] == ["language 1", 1, None]
    assert len(section["remarks"]) == REMARKS and section["more"] == 20 - REMARKS


def test_a_shared_page_has_no_section_whose_words_come_from_texts(make_page_report):
    report = make_page_report([f"secret words {number}" for number in range(9)])
    report = with_check(report, "cluster", [1], verdict="A group around secret, words.", tables=[TABLE | {"rows": []}])
    assert len(sections(report)) == 1
    assert sections(report, share=True) == []


def test_the_head_sums_up_what_is_wrong_beside_labels_and_without_any(make_page_report):
    whole = Finding("refund", "imbalance", 0.2, "Too few.", scope="class")
    labeled = make_page_report([f"text {number}" for number in range(10)])
    report = with_check(labeled, "language", [2, 3], whole, verdict=VERDICT, tables=[])
    details = headline(Overview(report))["details"]
    assert "Beside that, 2 of 10 samples have another problem (20\u00a0%)." in details
    assert "In the data set as a whole: imbalance." in details
    assert "Beside that" not in headline(Overview(labeled))["details"]
    bare = make_page_report([f"text {number}" for number in range(10)], labels=[None] * 10)
    bare = replace(bare, scores=bare.scores.select(["id", "empty_score", "is_empty_issue"]))
    assert headline(Overview(bare))["details"] == ""
    bare = with_check(with_check(bare, "language", [2, 3], verdict=VERDICT, tables=[]), "outlier", [3])
    assert headline(Overview(bare))["verdict"] == "2 of 10 samples have a problem (20\u00a0%)."
    assert headline(Overview(bare))["details"] == "Most often: 2 samples in another language and 1 outlier."


@pytest.mark.browser
def test_a_section_shows_its_verdict_once_its_table_and_examples_that_lead_to_the_list(open_page, make_page_report):
    texts = [f"text {number}" for number in range(30)]
    report = make_page_report(texts, labels=[None] * 30)
    rows = [["Spanish", 120, 0.12], ["<b>German", 20, None]]
    about = Finding("state = <i>CA</i>", "language", 0.2, "Half of it is Spanish.", scope="slice")
    whole = Finding("dataset", "language", 0.2, "14 % Spanish", scope="dataset")
    report = with_check(report, "language", [4, 5], about, whole, verdict=VERDICT, tables=[TABLE | {"rows": rows}])
    for width in (1400, 390):
        opened = open_page(report, width=width)
        page = opened.page
        section = page.locator("#checks .check")
        assert section.count() == 1 and page.locator("main").text_content().count("14 % Spanish") == 1
        assert section.locator(".verdict").text_content() == VERDICT
        assert section.locator(".said li").all_text_contents() == ["state = <i>CA</i>: Half of it is Spanish."]
        assert section.locator("tbody tr").nth(1).locator("th, td").all_text_contents() == ["<b>German", "20", "–"]
        assert page.evaluate("document.documentElement.scrollWidth") <= width
        section.get_by_role("button", name="Show all 2 samples").click()
        assert page.locator("#status").text_content() == "2 samples"
        section.locator(".examples a").nth(1).click()
        page.wait_for_selector(".sample.meant")
        assert "t00005" in page.locator(".sample.meant h3").text_content()
        assert opened.trouble == []


@pytest.mark.browser
def test_what_holds_of_classes_is_no_card_of_samples(open_page, make_page_report):
    report = make_page_report([f"text {number}" for number in range(9)])
    about = Finding("refund", "imbalance", 0.2, "refund has 3 rows.", scope="class")
    report = replace(report, findings=pa.concat_tables([report.findings, findings_table([about])]))
    page = open_page(report).page
    assert page.locator("#issues .card .title").all_text_contents() == ["Suspicious labels"]
    assert page.locator("#checks .said li").all_text_contents() == ["refund has 3 rows."]
