"""Words that made the model say a label: marked in the sample's own text, never what is masked, not on shared pages."""

from __future__ import annotations

import json
from dataclasses import replace

import pyarrow as pa
import pytest
from labelsift.data.schemas import from_json, with_column
from labelsift.report import Report

pytest.importorskip("playwright.sync_api")
TEXT = "😀 <b>Money</b> back, MONEY to jo@mail.example\u200b please"


def with_words(report: Report, words: list[list[float]], **more: str) -> Report:
    """Return the report with words in the evidence of its worst finding."""
    cells = report.findings["evidence"].to_pylist()
    cells[0] = json.dumps((from_json(cells[0]) or {}) | {"words": words} | more)
    return replace(report, findings=with_column(report.findings, "evidence", pa.array(cells, pa.string())))


def place(word: str) -> list[float]:
    start = TEXT.index(word)
    return [start, start + len(word), 1.5]


@pytest.fixture
def report(make_page_report):
    return with_words(make_page_report([TEXT, "My card is lost"]), [place("Money"), place("MONEY"), place("jo")])


def test_the_words_are_marked_and_the_reason_says_what_they_are(report, open_page):
    opened = open_page(report)
    card = opened.page.locator("article.sample").first
    marks = card.locator(".text mark.telling")
    assert marks.all_inner_texts() == ["Money", "MONEY"]  # part of a mail address is never marked
    assert "Underlined: the words that made the model say so." in card.locator(".reasons").inner_text()
    assert "<b>" in card.locator(".text").inner_text()
    for scheme in ("light", "dark"):
        opened.page.emulate_media(color_scheme=scheme)
        assert "underline" in marks.first.evaluate("element => getComputedStyle(element).textDecorationLine")
    assert "Underlined" not in opened.page.locator("article.sample").nth(1).inner_text()
    assert (opened.trouble, len(opened.requests)) == ([], 1)


def test_the_words_of_the_users_model_are_said_to_be_its(make_page_report, open_page):
    made = with_words(make_page_report([TEXT, "My card is lost"]), [place("Money")], words_of="the user's model")
    card = open_page(made).page.locator("article.sample").first
    assert card.locator(".text mark.telling").all_inner_texts() == ["Money"]
    assert "Underlined: the words that made your own model say so." in card.locator(".reasons").inner_text()


def test_on_a_narrow_page_they_stay_within_it(report, open_page):
    page = open_page(report, width=390).page
    assert page.evaluate("document.documentElement.scrollWidth <= document.documentElement.clientWidth")


def test_a_shared_page_has_no_marks(report, open_page):
    page = open_page(report, share=True).page
    assert page.locator("mark.telling").count() == 0
    assert "Underlined" not in page.locator("article.sample").first.inner_text()


@pytest.mark.parametrize("words", [[[0, 999, 1.0]], [[-1, 3, 1.0]], [[5, 5, 1.0]]])
def test_places_that_do_not_fit_the_text_mark_nothing(make_page_report, open_page, words):
    page = open_page(with_words(make_page_report([TEXT]), words)).page
    assert page.locator("mark.telling").count() == 0
