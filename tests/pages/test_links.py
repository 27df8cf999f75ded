"""Stable links: a run, a slice and a sample are reached by an address, wherever on the page they stand."""

from __future__ import annotations

import json
from os import PathLike
from typing import Any

import pytest
from labelsift.errors import InputError
from labelsift.render.overview import Overview
from labelsift.store.run_notes import Annotations, Note

from .conftest import page_report

expect = pytest.importorskip("playwright.sync_api").expect

HOSTILE = "<img src=x onerror=\"document.title='pwned'\"></script>"


class Kept:
    """A store that knows what people said."""

    def __init__(self, *notes: Note, tags: tuple[str, ...] = ()) -> None:
        self.told = Annotations(tags, "mlflow:models:/tickets/3", notes)

    def annotations(self, run: str) -> Annotations:
        return self.told

    def wrote(self, run: str, page: str, path: str | PathLike[str]) -> None:
        """Keep no record of pages."""


def note(text: str, **about: str) -> Note:
    return Note(text, "ann", "2026-11-23T10:00:00+00:00", **about)


def long_report(*notes: Note) -> Any:
    report = page_report(
        [f"text {number} " * 200 for number in range(90)],
        ids=[f"a/b é {number}" for number in range(90)],
        metadata={"state": ["CA", "NY"] * 45, "gender": ["f", "f", "m"] * 30},
    )
    report.store = Kept(*notes, tags=("baseline",))  # pyright: ignore[reportAttributeAccessIssue]
    return report


def test_the_same_sample_has_the_same_link_in_every_run():
    first, second = page_report(["x", "y"]), page_report(["other", "y"], name="later")
    assert first.link("sample", "t00001") == second.link("sample", "t00001") != first.link("sample", "t00000")
    assert first.link("slice", "state:CA__gender:f") == "#slice-state:CA__gender:f"
    assert first.link("slice", 'a" onclick="b') == "#slice-a%22%20onclick%3D%22b"
    assert first.link("run") == "#run-20261123-101500-4f2a"
    with pytest.raises(InputError, match="no link"):
        first.link("issue", "label")


def test_a_link_opens_its_sample_on_another_page_and_behind_a_filter(open_page):
    report = long_report(note(HOSTILE, sample="a/b é 80"))
    opened = open_page(report)
    page = opened.page
    target = report.link("sample", "a/b é 80")
    assert page.locator(target).count() == 0  # the list shows 25 at a time
    page.fill("input[type=search]", "no such text")
    expect(page.locator(".sample")).to_have_count(0)
    page.evaluate(f"location.hash = {json.dumps(target)}")
    page.wait_for_selector(target)
    card = page.locator(target)
    assert "a/b é 80" in card.locator("h3").inner_text()
    assert card.evaluate("one => [one === document.activeElement, one.querySelector('details').open]") == [True, True]
    assert "Show less" in card.inner_text()
    assert page.evaluate(f"document.querySelector('{target}').getBoundingClientRect().top") < 900
    assert HOSTILE in card.locator(".remarks").inner_text()
    assert page.title() != "pwned"
    assert card.locator("a.anchor").get_attribute("href") == target
    page.goto(page.url.partition("#")[0] + report.link("sample", "a/b é 55"))
    page.reload()  # opened with the link, as from a mail
    page.wait_for_selector(report.link("sample", "a/b é 55"))


def test_a_link_to_a_sample_that_is_not_there_says_so(open_page):
    report = long_report()
    page = open_page(report).page
    page.evaluate(f"location.hash = {json.dumps(report.link('sample', 'gone'))}")
    expect(page.locator("#status")).to_contain_text("not on this page")


def test_a_link_to_a_slice_shows_its_samples(open_page):
    report = long_report(note("worse since May", slice="state:CA__gender:f"), note("all", slice="state:NY"))
    page = open_page(report).page
    page.evaluate(f"location.hash = {json.dumps(report.link('slice', 'state:CA__gender:f'))}")
    expect(page.locator("#status")).to_contain_text("30 samples")
    assert page.evaluate("document.getElementById('slice-state:CA__gender:f') !== null")
    page.evaluate(f"location.hash = {json.dumps(report.link('slice', 'gender:m'))}")  # no table has it
    expect(page.locator("#status")).to_contain_text("30 samples")
    expect(page.locator(".sample .meta").first).to_contain_text("m")
    people = page.locator("#people").inner_text()
    assert "slice state:CA__gender:f: worse since May ann, 2026-11-23" in " ".join(people.split())
    assert "baseline" in page.locator("#settings").inner_text()


@pytest.mark.slow
def test_a_page_for_sharing_holds_no_notes():
    from labelsift.render.page.build import render_page

    report = long_report(
        note("she called", sample="a/b é 3"), note("her card", slice="state:CA"), note("by phone, said she")
    )
    shared = render_page(report, share=True)
    assert not any(text in shared for text in ("she called", "her card", "said she", "models:/tickets"))
    assert "she called" in render_page(report)


@pytest.mark.slow
def test_notes_on_slices_that_cannot_be_found_are_still_shown():
    from labelsift.render.page.content import content, encode

    report = long_report(note("old", slice="none:x"))
    shown = content(Overview(report), share=False, room=10**6)
    assert (shown["slices"], shown["people"][0][:2]) == ([], ["slice", "none:x"])
    assert "<" not in encode(shown)
