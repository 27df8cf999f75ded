"""Spans on the page: the words are marked in their text, as text, and a shared page holds none of them."""

from __future__ import annotations

import re
from datetime import UTC, datetime

import labelsift as ls
import pyarrow as pa
import pytest
from labelsift.data.schemas import Finding, findings_table
from labelsift.report import Report

expect = pytest.importorskip("playwright.sync_api").expect
TEXT = "😀 <b>Ann</b> met\nBob Stone in Rome, javascript:alert(1)"
BOB = TEXT.index("Bob")


def report():
    spans = f'[[2,12,"person"],[{BOB},{BOB + 3},"person"]]'
    samples = ls.read(pa.table({"id": ["a"], "text": [TEXT], "spans": [spans]}), id="id", spans="spans", name="n")
    made = [
        ("shifted", [BOB, BOB + 3, "person"], [BOB, BOB + 9, "person"], "“Bob” is marked person."),
        ("ghost", [2, 12, "person"], None, "“<b>Ann</b>” is marked person."),
        ("missed", None, [TEXT.index("Rome"), TEXT.index("Rome") + 4, "person"], "“Rome” is not marked."),
    ]
    findings = [
        Finding("a", "span", 0.1, reason, kind=kind, given=given, suggested=suggested, confidence=0.9)
        for kind, given, suggested, reason in made
    ]
    scores = pa.table({"id": ["a"], "span_score": pa.array([0.1], pa.float32()), "is_span_issue": [True]})
    return Report(
        "r", datetime(2026, 11, 25, tzinfo=UTC), samples, scores, findings_table(findings), ("person",), {}, {}
    )


def test_words_are_marked_where_they_stand(open_page):
    page = open_page(report())
    card = page.page.locator(".sample").first
    assert card.locator(".text").inner_text() == TEXT.replace("\n", "\n")
    assert card.locator("mark").all_inner_texts() == ["<b>Ann</b>", "Bob", " Stone", "Rome"]
    kinds = [mark.get_attribute("class") for mark in card.locator("mark").all()]
    assert kinds == ["given", "given suggested", "suggested", "suggested"]
    lines = card.locator("dl.labels").all_inner_texts()
    assert len(lines) == 3 and any("nothing" in line for line in lines) and "“Bob Stone” person" in lines[0]
    assert card.locator(".chip").count() == 0, "the tab says it"
    page.page.locator("#tabs").get_by_role("button", name="All").click()
    assert page.page.locator(".sample").first.locator(".chip").count() == 1
    assert not page.trouble


def test_a_shared_page_holds_no_words(open_page):
    page = open_page(report(), share=True)
    content = page.page.content()
    assert not re.search(r"\b(Bob|Rome|Ann)\b", content)
    expect(page.page.locator("mark")).to_have_count(0)
    assert not page.trouble
