"""Figures of the page: few flags beside many labels are seen, numbers far apart look so, a phone cuts nothing."""

from __future__ import annotations

import json
from dataclasses import replace

import labelsift as ls
import numpy as np
import pyarrow as pa
import pytest
from labelsift.demo.tickets import write_tickets
from labelsift.demo.tour import METADATA
from page_content import CONTRAST
from recurring_confusion import confusion, with_confusions

expect = pytest.importorskip("playwright.sync_api").expect
NAMES = ["balance_not_updated_after_bank_transfer", "balance_not_updated_after_cheque_or_cash_deposit", "refund"]


def with_scores(report, scores: np.ndarray, flags: np.ndarray):
    """Return the report with other label scores and flags."""
    table = report.scores
    for name, values in (("label_score", scores.astype(np.float32)), ("is_label_issue", flags)):
        table = table.set_column(table.column_names.index(name), name, pa.array(values))
    return replace(report, scores=table)


def bars(page) -> list[dict[str, float]]:
    return page.locator("#quality g").evaluate_all(
        """groups => groups.map((group) => Object.fromEntries(
            ['good', 'bad'].map((kind) => [kind, group.querySelector(`.bar.${kind}`).height.baseVal.value])))"""
    )


def test_four_percent_of_flags_are_seen_and_the_cut_bar_says_its_number(open_page, make_page_report):
    report = make_page_report([f"text {number}" for number in range(1_000)])
    flags = np.arange(1_000) < 40
    page = open_page(with_scores(report, np.where(flags, 0.02, 0.99), flags)).page
    drawn = bars(page)
    assert drawn[0]["bad"] > 0.25 * drawn[-1]["good"]
    assert page.locator("#quality .inside").all_text_contents() == ["960"]
    assert page.locator("#quality .tick").first.evaluate("tick => getComputedStyle(tick).fontSize") == "12px"
    expect(page.locator("#quality")).to_contain_text("A bar with a gap is cut")


def test_bars_of_one_size_are_not_cut(open_page, make_page_report):
    report = make_page_report([f"text {number}" for number in range(200)])
    flags = np.arange(200) < 100
    page = open_page(with_scores(report, np.where(flags, 0.02, 0.99), flags)).page
    assert len(bars(page)) == 20
    assert page.locator("#quality .inside").count() == 0


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_heat_map_tells_numbers_apart_and_can_be_read(open_page, make_page_report, scheme):
    pairs = {("a", "b"): 923, ("b", "a"): 270, ("a", "c"): 600, ("c", "a"): 60, ("b", "c"): 1}
    labels = [given for (given, _), count in pairs.items() for _ in range(count)]
    suggested = [other for (_, other), count in pairs.items() for _ in range(count)]
    report = make_page_report([f"text {number}" for number in range(len(labels))], labels=labels)
    scores = report.scores.set_column(
        report.scores.column_names.index("suggested_label"), "suggested_label", pa.array(suggested)
    )
    page = open_page(replace(report, scores=scores)).page
    page.emulate_media(color_scheme=scheme)
    cells = {cell.inner_text(): cell.evaluate(CONTRAST) for cell in page.locator(".matrix td.heat").all()}
    assert cells.keys() == {"923", "600", "270", "60", "1"}
    assert all(contrast >= 4.5 for _, contrast in cells.values()), cells
    shades = [cells[number][0] for number in ("923", "600", "270", "60", "1")]
    assert shades == sorted(shades, reverse=scheme == "dark")
    assert abs(shades[0] - shades[2]) > 0.2, "270 and 923 look alike"


OVER = """() => [...document.querySelectorAll('main *')].filter((node) => node.getClientRects().length
    && !node.closest('.unseen') && node.getBoundingClientRect().right > innerWidth + 0.5)
    .map((node) => `${node.tagName}.${node.className}`)"""


@pytest.mark.parametrize("width", [390, 700, 1400])
def test_names_of_axes_are_whole_and_nothing_is_cut(open_page, make_page_report, width):
    report = make_page_report([f"text {number}" for number in range(90)], labels=[NAMES[row % 3] for row in range(90)])
    report = with_confusions(report, confusion(NAMES[0], NAMES[1], ["t00001", "t00000", "t00005"], count=12))
    page = open_page(report, width=width).page
    page.locator("#recurring summary").click()
    expect(page.locator(".matrix")).to_be_visible()
    cut = page.locator(".axis-name").evaluate_all(
        "names => names.filter((n) => n.scrollHeight > n.clientHeight + 1 || n.scrollWidth > n.clientWidth + 1).length"
    )
    assert cut == 0
    assert page.evaluate(OVER) == []


@pytest.mark.parametrize("kind", ["tickets", "sets", "spans"])
def test_no_tab_is_wider_than_a_phone(open_page, tmp_path, kind):
    page = open_page(scanned(kind, tmp_path), width=390).page
    tabs = page.locator(".tab")
    assert tabs.count() > 2
    for number in range(tabs.count()):
        tabs.nth(number).click()
        page.keyboard.press("a")
        for fold in page.locator(".sample summary").all()[:5]:
            fold.click()
        assert page.evaluate(OVER) == [], tabs.nth(number).inner_text()
    assert page.locator("#selected").is_visible()


def scanned(kind: str, folder):
    """Scan small data of a kind of labels; the tickets are the demo's, with every issue."""
    if kind == "tickets":
        data, _ = write_tickets(folder, 0)
        return ls.scan(ls.read(data, label="label", id="ticket_id", split="split", metadata=METADATA), store=None)
    texts = [
        f"{name} {verb} in {place}, {word}"
        for name in "Ann Bob Cy".split()
        for verb in ("lives", "works")
        for place in "Rome Oslo Bonn Kyiv".split()
        for word in "today often never again maybe".split()
    ]
    if kind == "sets":
        sets = [
            [part for part in ("Ann", "Rome", "works") if (part in text) != (row == 7)]
            for row, text in enumerate(texts)
        ]
        return ls.scan(
            ls.read(pa.table({"text": [*texts, *texts[:9]], "labels": [*sets, *sets[:9]]}), labels="labels"), store=None
        )
    spans = [[[0, text.index(" "), "person"]] if row % 9 else [] for row, text in enumerate(texts)]
    table = pa.table({"text": [*texts, *texts[:9]], "spans": [*map(json.dumps, spans), *map(json.dumps, spans[:9])]})
    return ls.scan(ls.read(table, spans="spans"), store=None)


def test_a_table_on_a_phone_keeps_its_roles_and_titles(open_page, make_page_report):
    page = open_page(make_page_report([f"text {number}" for number in range(30)]), width=390).page
    table = page.get_by_role("table", name="Health of each class")
    row = table.get_by_role("row").nth(1)
    assert row.get_by_role("rowheader").count() == 1
    titles = [
        cell.evaluate("cell => getComputedStyle(cell, '::before').content") for cell in row.get_by_role("cell").all()
    ]
    assert titles[:3] == ['"Judged"', '"Suspicious"', '"Rate"']
    table.get_by_role("button", name="Judged").click()
    assert table.get_by_role("columnheader", name="Judged").get_attribute("aria-sort") == "descending"
