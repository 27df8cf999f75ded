"""The map in Chromium: it draws its points, takes colors, tells what is under the pointer, and lets people choose."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from page_reports import with_check, with_vectors

pytest.importorskip("openTSNE")
expect = pytest.importorskip("playwright.sync_api").expect
pytestmark = pytest.mark.browser

PAINTED = """canvas => {
    const { data } = canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height);
    const colors = new Set();
    let painted = 0;
    for (let at = 0; at < data.length; at += 4) if (data[at + 3] > 200) {
        painted += 1;
        colors.add(`${data[at] >> 5} ${data[at + 1] >> 5} ${data[at + 2] >> 5}`);
    }
    return { painted, colors: [...colors].sort() };
}"""
TEXTS = [f"my card {number} is late, write to ann.{number}@example.org" for number in range(60)]


@pytest.fixture
def open_map(open_page):
    def opened(report, **options):
        shown = open_page(report, **options)
        shown.page.locator("#map").scroll_into_view_if_needed()
        shown.page.wait_for_selector("#map[data-drawn]")
        shown.page.wait_for_timeout(100)
        return shown

    return opened


def painted(page) -> dict:
    page.wait_for_timeout(60)
    return page.locator("#map-canvas").evaluate(PAINTED)


def lasso_everything(page) -> None:
    page.get_by_role("button", name="Lasso").click()
    box = page.locator("#map-canvas").bounding_box()
    edges = [(3, 3), (box["width"] - 3, 3), (box["width"] - 3, box["height"] - 3), (3, box["height"] - 3)]
    page.mouse.move(box["x"] + 3, box["y"] + 3)
    page.mouse.down()
    for x, y in edges:
        page.mouse.move(box["x"] + x, box["y"] + y, steps=4)
    page.mouse.up()


@pytest.mark.parametrize("width", [1400, 390])
def test_points_are_drawn_and_another_column_gives_other_colors(open_map, make_page_report, width):
    opened = open_map(with_vectors(make_page_report(TEXTS)), width=width)
    page = opened.page
    by_issue = painted(page)
    assert by_issue["painted"] > 200
    page.locator("#map-color").select_option(label="Label")
    assert painted(page)["colors"] != by_issue["colors"]
    assert page.locator("#map-legend .entry").count() == 3
    page.locator("#map-legend .entry").first.click()
    alone = painted(page)["painted"]
    page.locator("#map-legend .entry").first.click()
    assert alone < 0.7 * painted(page)["painted"]  # the others are dimmed
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    assert [said for said in opened.trouble if "readback" not in said] == []  # that is about this test's own reading
    assert len(opened.requests) == 1


def test_zoom_moves_the_points_apart_and_the_wheel_only_once_the_map_was_clicked(open_map, make_page_report):
    page = open_map(with_vectors(make_page_report(TEXTS))).page
    canvas = page.locator("#map-canvas")
    before = painted(page)
    box = canvas.bounding_box()
    page.mouse.move(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    page.mouse.wheel(0, -200)
    assert painted(page) == before
    canvas.focus()
    for key in ("+", "+", "ArrowLeft"):
        canvas.press(key)
    zoomed = painted(page)
    assert zoomed != before
    page.get_by_role("button", name="Whole map").click()
    page.mouse.move(1, 1)
    assert painted(page) == before


@pytest.mark.parametrize("width", [1400, 390])
def test_a_lasso_makes_a_list_and_a_file_of_ids_to_push(open_map, make_page_report, width):
    labels = [None if number % 4 == 0 else "refund" for number in range(60)]
    page = open_map(with_vectors(make_page_report(TEXTS, labels=labels)), width=width).page
    lasso_everything(page)
    chosen = page.locator("#map-chosen")
    expect(chosen.locator("h3")).to_have_text("60 chosen, 45 of them flagged")
    assert chosen.locator("li").count() == 60
    assert "@example" not in chosen.text_content() and "[EMAIL_1]" in chosen.text_content()
    with page.expect_download() as waiting:
        chosen.get_by_role("button", name="File of the 45 flagged, to push").click()
    ids = waiting.value.path().read_text().split()
    assert ids == [f"t{number:05d}" for number in range(60) if number % 4]
    expect(chosen).to_contain_text(
        "labelsift push PLATFORM PROJECT --run 20261123-101500-4f2a --ids tickets-flagged-ids"
    )
    chosen.locator("li a").first.click()
    expect(page.locator(".sample.meant h3")).to_contain_text("t00001")


def test_keys_alone_choose_what_is_in_view_and_escape_chooses_none(open_map, make_page_report):
    page = open_map(with_vectors(make_page_report(TEXTS))).page
    canvas = page.locator("#map-canvas")
    assert "60 samples" in canvas.get_attribute("aria-label")
    canvas.focus()
    canvas.press("v")
    expect(page.locator("#map-chosen h3")).to_have_text("60 chosen, 60 of them flagged")
    expect(page.locator("#announced")).to_have_text("60 chosen, 60 of them flagged")
    for _ in range(8):
        canvas.press("+")
    canvas.press("v")
    assert page.locator("#map-chosen li").count() < 60
    canvas.press("Escape")
    assert page.locator("#map-chosen").is_hidden()


def test_hovering_tells_what_a_point_is_with_masked_text(open_map, make_page_report):
    report = with_vectors(make_page_report(["only ann@example.org"] * 12))
    report = replace(report, embeddings=np.repeat(report.embeddings[:1], 12, axis=0))  # all in one place
    page = open_map(report).page
    box = page.locator("#map-canvas").bounding_box()
    tip = page.locator("#map-tip")
    for step in range(400):
        page.mouse.move(box["x"] + 20 + 37 * (step % 20), box["y"] + 20 + 29 * (step // 20))
        if tip.is_visible():
            break
    assert "only [EMAIL_1]" in tip.text_content() and "t000" in tip.text_content()
    assert "Suspicious labels" in tip.text_content()


def test_the_legend_counts_a_sample_for_each_of_its_issues_and_chooses_them(open_map, make_page_report):
    report = with_check(with_vectors(make_page_report(TEXTS)), "language", [1, 2, 3])
    page = open_map(report).page
    entries = page.locator("#map-legend .entry")
    assert [text.split() for text in entries.all_text_contents()] == [
        ["Suspicious", "labels", "60"],
        ["Other", "language", "3"],
    ]
    entries.nth(1).click()
    page.get_by_role("button", name="Choose these 3").click()
    assert page.locator("#map-chosen .id").all_text_contents() == ["t00001", "t00002", "t00003"]
    expect(page.locator("#map-chosen .told").first).to_have_text("Issue: Suspicious labels 3, Other language 3. ")


def test_a_shared_map_gives_numbers_and_no_ids(open_map, make_page_report):
    page = open_map(with_vectors(make_page_report(TEXTS)), share=True).page
    page.locator("#map-canvas").press("v")
    chosen = page.locator("#map-chosen")
    expect(chosen.locator("h3")).to_have_text("60 chosen, 60 of them flagged")
    assert chosen.locator("li").count() == 0
    assert chosen.get_by_role("button").all_text_contents() == ["Choose none"]


def test_hostile_names_stay_text_on_the_map(open_map, make_page_report):
    attack = '<img src=x onerror="window.owned=1">'
    texts = [f"{attack} {number}" for number in range(20)]
    ids = [f"{attack}{number}" for number in range(20)]
    report = make_page_report(texts, ids=ids, labels=[attack, "b"] * 10, metadata={attack: [attack, "c"] * 10})
    opened = open_map(with_vectors(report))
    page = opened.page
    page.locator("#map-color").select_option(label=attack)
    page.locator("#map-canvas").press("v")
    assert page.locator("#map-chosen li").count() == 20
    assert page.evaluate("window.owned") is None and page.locator("#map img").count() == 0
    assert opened.trouble == []


def test_without_the_package_and_without_a_map_the_page_says_so_or_nothing(open_page, make_page_report, monkeypatch):
    report = make_page_report(TEXTS)
    assert open_page(report).page.locator("#map").is_hidden()
    monkeypatch.setattr("labelsift.render.page.map.installed", lambda: False)
    page = open_page(with_vectors(report)).page
    expect(page.locator("#map-status")).to_contain_text('pip install "labelsift[map]"')
    assert page.locator("#map-canvas").is_hidden()
