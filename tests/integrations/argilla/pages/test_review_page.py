"""The page on which people review, in Chromium: worst first, the reason beside the text, decided in one click."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from labelsift import platforms
from labelsift.data.samples import Samples
from labelsift.data.schemas import Finding, findings_table
from labelsift.report import Report

expect = pytest.importorskip("playwright.sync_api").expect
SHOTS: Path | None = None  # a folder takes a picture of each page, to look at


@pytest.fixture
def page(logged_in: Any):
    page = logged_in.new_page()
    yield page
    page.close()


def opened(page: Any, link: str) -> None:
    page.goto(link)
    page.get_by_role("form", name="Annotation Questions").wait_for()
    expect(page.locator("#decision_other")).to_be_attached()


def chosen(page: Any) -> list[str]:
    return [box.get_attribute("id") for box in page.locator(".questions input:checked").all()]


def click(page: Any, *options: str) -> None:
    for option in options:
        page.locator(f'label[for="{option}"]').click()


def submit(page: Any) -> None:
    with page.expect_response(lambda answer: "/responses" in answer.url and answer.request.method in ("POST", "PUT")):
        page.get_by_role("button", name="Submit").click()


def shot(page: Any, name: str) -> None:
    if SHOTS is not None:
        page.screenshot(path=SHOTS / f"{name}.png")


def verdicts(project: str, store: Path) -> dict[str, tuple[str, Any]]:
    table = platforms.pull("argilla", project=project, store=store)
    return {row["id"]: (row["verdict"], json.loads(row["value"])) for row in table.to_pylist()}


def test_the_worst_comes_first_with_its_reason_and_one_click_decides(platform, make_queue, name, page, tmp_path):
    report = make_queue(12)
    receipt = report.push("argilla", project=name)
    flagged = [row for row in report.findings.to_pylist() if row["issue"] == "label"]
    flagged.sort(key=lambda row: row["score"])
    texts = dict(zip(report.samples.ids.to_pylist(), report.samples.texts.to_pylist(), strict=True))
    clicks = [["decision_suggested"], ["decision_other", "label_top_up"], ["decision_given"]]
    opened(page, receipt.links["review"])
    said = {}
    for finding, options in zip(flagged, clicks, strict=False):
        given, suggested = json.loads(finding["given"]), json.loads(finding["suggested"])
        fields = page.locator(".fields")
        expect(fields).to_contain_text(texts[finding["id"]])
        expect(fields).to_contain_text(f"Labeled {given}. Maybe {suggested}?")
        expect(fields).to_contain_text(finding["reason"])
        expect(fields).to_contain_text(f"label {finding['score']:.4g}")
        assert chosen(page) == []
        if "label_top_up" in options and "top_up" in (given, suggested):
            options = ["decision_other", "label_refund"]
        click(page, *options)
        shot(page, f"choose-{options[0]}")
        submit(page)
        said[finding["id"]] = options, given, suggested
    expect(page.locator(".fields")).to_contain_text(texts[flagged[3]["id"]])
    found = verdicts(name, tmp_path / "store")
    assert [found[sample][0] for sample in said] == ["accepted", "changed", "refused"]
    for sample, (options, given, suggested) in said.items():
        value = {"decision_suggested": suggested, "decision_given": given}.get(options[0], options[-1][6:])
        assert found[sample][1] == value
    assert found.keys() == said.keys()


def test_a_link_of_an_issue_shows_its_records_only_and_that_of_a_sample_its_own(platform, make_queue, name, page):
    report = make_queue(12)
    receipt = report.push("argilla", project=name)
    outliers = {row["id"] for row in report.findings.to_pylist() if row["issue"] == "outlier"}
    opened(page, receipt.links["outlier"])
    expect(page.get_by_text(f"1 of {len(outliers)}")).to_be_visible()
    texts = dict(zip(report.samples.ids.to_pylist(), report.samples.texts.to_pylist(), strict=True))
    opened(page, receipt.sample_links["t00004"])
    expect(page.get_by_text("1 of 1")).to_be_visible()
    expect(page.locator(".fields")).to_contain_text(texts["t00004"])


def test_prefill_is_submitted_as_it_stands_and_blind_shows_no_label(platform, client, make_queue, name, page, tmp_path):
    report = make_queue(12)
    receipt = report.push("argilla", project=name, mode="prefill")
    opened(page, receipt.links["review"])
    expect(page.locator("#decision_suggested")).to_be_checked()
    shot(page, "prefill")
    first = page.locator(".fields").inner_text()
    submit(page)
    expect(page.locator(".fields")).not_to_have_text(first)
    expect(page.locator("#decision_suggested")).to_be_checked()
    click(page, "decision_given")  # the draft's label stays below
    submit(page)
    assert sorted(verdict for verdict, _ in verdicts(name, tmp_path / "store").values()) == ["accepted", "refused"]

    blind = make_queue(12, run="20261124-101500-4f2b").push("argilla", project=name, mode="blind")
    opened(page, blind.links["review"])
    assert chosen(page) == []
    expect(page.get_by_text("Take the suggestion")).to_have_count(0)
    expect(page.get_by_text("Why", exact=True)).to_have_count(0)
    expect(page.get_by_text("neither")).to_have_count(0)  # nothing is shown that could be right
    shot(page, "blind")
    assert (
        "Why"
        not in client.get(f"/datasets/{blind.details['dataset_id']}", what="it", names=["guidelines"])["guidelines"]
    )


def test_text_that_looks_like_markup_is_text(platform, make_queue, name, page):
    texts = [f"{row} <img src=x onerror=document.title='owned'> *bold*\n\n# head | `code` [a](b)" for row in range(12)]
    report = make_queue(12, texts=texts)
    receipt = report.push("argilla", project=name)
    opened(page, receipt.links["review"])
    expect(page.locator(".fields")).to_contain_text("<img src=x onerror=document.title='owned'> *bold*")
    assert page.title() != "owned"
    assert page.locator(".fields img").count() == 0


def spans_report(texts: list[str]) -> Report:
    """Texts in which the first “Paris” is marked PER, and should be LOC."""
    ids = [f"s{row}" for row in range(len(texts))]
    given, findings = [], []
    for row, text in enumerate(texts):
        start = text.index("Paris")
        old, new = [start, start + 5, "PER"], [start, start + 5, "LOC"]
        given.append(json.dumps([old]))
        findings.append(
            Finding(ids[row], "span", 0.1 + row / 10, "It is a city", given=old, suggested=new, confidence=0.9)
        )
    table = pa.table({"id": ids, "text": texts, "spans": given})
    return Report(
        run="20261123-101500-5a5a",
        created=datetime(2026, 11, 23, 10, 15, tzinfo=UTC),
        samples=Samples(table, pa.table({"channel": ["mail"] * len(texts)}), "spans"),
        scores=pa.table({"id": ids}),
        findings=findings_table(findings),
        classes=("LOC", "ORG", "PER"),
    )


def test_spans_are_marked_where_people_see_them_also_behind_an_emoji(platform, name, page, tmp_path):
    texts = ["🙂 Paris won the cup", "Zürich 🙂🙂 <i>lost</i> &amp; more to Paris"]
    receipt = spans_report(texts).push("argilla", project=name)
    opened(page, receipt.links["review"])
    for _text in texts:
        expect(page.locator(".fields")).to_contain_text("is marked PER. Maybe LOC?")
        click(page, "decision_other")
        page.get_by_role("button", name="ORG").locator("label").click()
        mark(page, "Paris")
        shot(page, "spans")
        submit(page)
    found = verdicts(name, tmp_path / "store")
    marked = [[[text.index("Paris"), text.index("Paris") + 5, "ORG"]] for text in texts]
    assert [found[f"s{row}"] for row in range(2)] == [("changed", value) for value in marked]


def mark(page: Any, words: str) -> None:
    """Select words with the mouse, as people do."""
    script = """(words) => {
        const walker = document.createTreeWalker(document.querySelector("[name=text]"), NodeFilter.SHOW_TEXT);
        let node; while ((node = walker.nextNode()) && !node.data.includes(words));
        const range = document.createRange(), start = node.data.indexOf(words);
        range.setStart(node, start); range.setEnd(node, start + words.length);
        const box = range.getBoundingClientRect();
        return [box.left, box.right, box.top + box.height / 2];
    }"""
    left, right, middle = page.evaluate(script, words)
    page.mouse.move(left + 1, middle)
    page.mouse.down()
    page.mouse.move((left + right) / 2, middle)
    page.mouse.move(right - 1, middle)
    page.mouse.up()
