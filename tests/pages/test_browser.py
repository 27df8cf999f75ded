"""The page in Chromium: nothing runs that should not, everything shows, and a person can work with it."""

from __future__ import annotations

import itertools
import json

import pyarrow as pa
import pytest
from labelsift.data.schemas import Finding, findings_table

expect = pytest.importorskip("playwright.sync_api").expect
ATTACKS = (
    "</script><script>window.owned = 1; alert(1)</script>",
    '<img src=x onerror="window.owned=1">',
    "<svg/onload=window.owned=1>",
    "\"'><iframe src='https://example.org/'></iframe>",
    "<!-- <script> -->",
    "javascript:window.owned=1",
    "{{constructor.constructor('window.owned=1')()}} ${window.owned=1} $script __proto__",
    "&lt;b&gt; &amp; \u2028 line \u2029 end",
    "مرحبا بالعالم <b>שלום</b> abc",
)
WHOLE = "begin " + "0123456789 " * 9_090 + "end of it"


def shown_texts(page) -> list[str]:
    return page.locator(".sample > .textblock > .text").all_text_contents()


def test_hostile_texts_run_nothing_ask_for_nothing_and_show_whole(open_page, make_page_report):
    texts = list(ATTACKS)
    report = make_page_report(
        texts,
        ids=[f"{text}#{index}" for index, text in enumerate(texts)],
        labels=[f"{text}?" for text in texts],
        name=ATTACKS[0],
        metadata={ATTACKS[1]: texts, "__proto__": texts},
        notes=texts,
        neighbours=len(texts) - 1,
    )
    report.settings = {ATTACKS[0]: ATTACKS[1]}
    opened = open_page(report)
    page = opened.page
    for details in page.locator(".sample summary").all():
        details.click()
    for text in texts:
        page.locator("input[type=search]").fill(text)
        page.wait_for_timeout(150)
    page.get_by_role("button", name="Clear").click()
    assert page.evaluate("window.owned") is None
    assert opened.trouble == []
    assert [url for url in opened.requests if not url.startswith("file:")] == []
    assert len(opened.requests) == 1
    assert page.locator("img, iframe, svg[onload], body b").count() == 0
    assert page.locator("script").count() == 2
    expected = [text.replace("\u2028", "⟨U+2028⟩").replace("\u2029", "⟨U+2029⟩") for text in texts]
    assert shown_texts(page) == expected
    page.locator(".sample summary").first.click()
    expect(page.locator(".sample").first.locator(".related .text")).to_have_count(len(texts) - 1)
    assert page.locator(".sample").first.locator(".related .text").all_text_contents() == expected[1:]
    assert "owned" in page.title()


def test_a_policy_stops_what_would_be_injected_all_the_same(open_page, make_page_report):
    page = open_page(make_page_report(["a", "b"])).page
    page.evaluate(
        """() => {
            const script = document.createElement('script');
            try { script.text = 'window.owned = 1'; } catch {}
            document.body.append(script);
            try { document.body.insertAdjacentHTML('beforeend', '<img src=x onerror="window.owned=1">'); } catch {}
        }"""
    )
    page.wait_for_timeout(200)
    assert page.evaluate("window.owned") is None
    assert page.evaluate("fetch('https://example.org/').then(() => 'sent', () => 'stopped')") == "stopped"


def test_a_text_of_100_kb_is_folded_and_shows_whole(open_page, make_page_report):
    assert len(WHOLE) > 100_000 - 10
    page = open_page(make_page_report([WHOLE, "short", "other"])).page
    assert len(shown_texts(page)[0]) < 1_000
    page.get_by_role("button", name=f"Show all {len(WHOLE):,} characters").first.click()
    assert shown_texts(page)[0] == WHOLE
    page.get_by_role("button", name="Show less").first.click()
    assert len(shown_texts(page)[0]) < 1_000


def test_right_to_left_texts_keep_to_themselves_and_controls_are_seen(open_page, make_page_report):
    page = open_page(make_page_report(["שלום עולם (abc)", "a\u202eb\u0007c\x1b[31m\x00d\r\ne\tf", "plain"])).page
    first = page.locator(".sample .text").first
    assert first.evaluate("node => getComputedStyle(node).direction") == "rtl"
    assert first.evaluate("node => getComputedStyle(node).unicodeBidi") == "isolate"
    assert page.locator(".sample header").first.evaluate("node => getComputedStyle(node).direction") == "ltr"
    assert shown_texts(page)[1] == "a⟨U+202E⟩b␇c␛[31m␀d\ne\tf"


def test_search_and_filters_find_what_they_should(open_page, make_page_report):
    texts = [f"my parcel {number} is late" for number in range(60)]
    texts[41] = "Die STRASSE ist gesperrt"
    page = open_page(make_page_report(texts)).page
    status, search = page.locator("#status"), page.get_by_role("searchbox")
    assert status.text_content() == "60 samples"
    assert page.locator(".sample").count() == 25
    search.fill("gesperrt strasse")
    expect(page.locator("#status")).to_have_text("1 sample")
    assert shown_texts(page) == [texts[41]]
    search.fill("t00007")
    expect(page.locator(".sample h3")).to_have_text(["t00007"])
    page.get_by_role("button", name="Clear").click()
    assert search.input_value() == ""
    page.locator("select[name=given]").select_option("refund")
    assert status.text_content() == "20 samples"
    assert set(page.locator(".sample dd.given").all_text_contents()) == {"refund"}
    page.locator("select[name=meta]").select_option(json.dumps(["channel", "phone"], separators=(",", ":")))
    assert status.text_content() == "10 samples"
    search.fill("nothing like this")
    expect(page.locator("#status")).to_have_text("No flagged sample matches.")
    assert page.locator(".sample").count() == 0


def test_order_and_pages(open_page, make_page_report):
    page = open_page(make_page_report([f"text {number}" for number in range(60)])).page
    heads = page.locator(".sample h3")
    assert heads.first.text_content() == "t00000"
    page.get_by_role("button", name="Next page").first.click()
    assert heads.first.text_content() == "t00025"
    page.locator("select[name=order]").select_option("label")
    assert set(page.locator(".sample dd.given").all_text_contents()[:20]) == {"card_arrival"}
    page.locator("h1").click()
    for key in "]]]]":
        page.keyboard.press(key)
    assert "Page 3 of 3" in page.locator("#pages-bottom").text_content()
    assert page.get_by_role("button", name="Next page").first.is_disabled()


def test_keys_work_and_stay_out_of_the_search_box(open_page, make_page_report):
    page = open_page(make_page_report([f"jk e {number}" for number in range(5)])).page
    page.keyboard.press("j")
    page.keyboard.press("j")
    assert page.evaluate("document.activeElement.querySelector('h3').textContent") == "t00001"
    page.keyboard.press("e")
    expect(page.locator(".sample").nth(1).locator(".related li")).to_have_count(3)
    page.keyboard.press("/")
    page.keyboard.type("jk e 3")
    expect(page.locator("#status")).to_have_text("1 sample")
    assert page.get_by_role("searchbox").input_value() == "jk e 3"


def test_figures_lead_to_their_samples(open_page, make_page_report):
    page = open_page(make_page_report([f"text {number}" for number in range(30)])).page
    page.locator(".matrix td button").first.click()
    assert page.locator("#status").text_content() == "10 samples"
    pair = {
        (card.locator("dd.given").text_content(), card.locator("dd.suggested bdi").text_content())
        for card in page.locator(".sample").all()
    }
    assert pair == {("card_arrival", "lost_or_stolen_card")}
    page.locator("#class-table tbody button", has_text="refund").click()
    assert set(page.locator(".sample dd.given").all_text_contents()) == {"refund"}
    page.locator(".card", has_text="Suspicious labels").click()
    assert page.locator("#status").text_content() == "30 samples"


def test_tables_sort(open_page, make_page_report):
    labels = ["card_arrival"] * 5 + ["refund"] * 9 + ["lost_or_stolen_card"] * 2
    page = open_page(make_page_report([f"text {number}" for number in range(16)], labels=labels)).page
    page.locator("#class-table").get_by_role("button", name="Judged").click()
    assert page.locator("#class-table tbody th").all_text_contents() == [
        "refund",
        "card_arrival",
        "lost_or_stolen_card",
    ]
    page.locator("#class-table").get_by_role("button", name="Judged").click()
    assert page.locator("#class-table tbody th").first.text_content() == "lost_or_stolen_card"


def test_duplicates_stand_side_by_side(open_page, make_page_report):
    report = make_page_report(["same words"] * 8 + ["other"])
    ids = report.samples.ids.to_pylist()
    findings = [
        Finding(
            id,
            "exact_duplicate",
            0.0,
            "The same text stands 8 times.",
            related_ids=[x for x in ids[:8] if x != id],
            group_id="g1",
        )
        for id in ids[:8]
    ]
    flags = [number < 8 for number in range(9)]
    report.findings = pa.concat_tables([findings_table(findings), report.findings])
    report.scores = report.scores.append_column("is_exact_duplicate_issue", pa.array(flags))
    page = open_page(report).page
    page.get_by_role("button", name="Exact duplicates 8", exact=True).click()
    assert page.locator("#status").text_content() == "8 samples in 1 group"
    assert page.locator(".sample.group h3").text_content() == "8 samples, 3 different labels"
    assert page.locator(".member").count() == 6
    page.get_by_role("button", name="Show 2 more").click()
    assert page.locator(".member .id").all_text_contents() == ids[:8]


def test_links_open_the_task(open_page, make_page_report):
    address = "http://127.0.0.1:8080/projects/1/data?task=4&tab=2"
    page = open_page(make_page_report(["a", "b"], links={"t00000": address})).page
    link = page.get_by_role("link", name="Open task")
    assert link.count() == 1
    assert link.get_attribute("href") == address
    assert link.get_attribute("rel") == "noopener noreferrer"


def test_personal_data_stands_on_its_own_card_and_is_masked_beside_others(open_page, make_page_report):
    texts = [f"write to ann{number}@example.org" for number in range(3)]
    page = open_page(make_page_report(texts, neighbours=2)).page
    assert shown_texts(page) == texts
    for summary in page.locator(".sample summary").all():
        summary.click()
    expect(page.locator(".related .text")).to_have_count(6)
    assert set(page.locator(".related .text").all_text_contents()) == {"write to [EMAIL_1]"}


def test_a_shared_page_works_without_texts(open_page, make_page_report):
    opened = open_page(make_page_report([f"secret {number}" for number in range(30)]), share=True)
    page = opened.page
    assert page.locator("#share").is_visible()
    page.locator(".sample summary").first.click()
    expect(page.locator(".related li")).to_have_count(3)
    assert page.locator(".text").count() == 0
    assert "secret" not in page.content()
    page.get_by_role("searchbox").fill("t00009")
    expect(page.locator("#status")).to_have_text("1 sample")
    assert opened.trouble == []


def test_ten_thousand_rows_stay_usable(open_page, make_page_report):
    opened = open_page(make_page_report([f"ticket {number} about a card that never came" for number in range(10_000)]))
    page = opened.page
    assert page.locator(".sample").count() == 25, "one page of samples is in the document, not all"
    page.get_by_role("searchbox").fill("ticket 1234 ")
    expect(page.locator(".sample")).to_have_count(1)
    assert opened.trouble == []


@pytest.mark.parametrize("width", [360, 768, 1280])
def test_the_page_never_scrolls_sideways(open_page, make_page_report, width):
    texts = ["x" * 3_000, "</p>" * 200, "word " * 300]
    report = make_page_report(texts, ids=["i" * 200, "j", "k"], labels=["l" * 250, "refund", "m" * 90], name="n" * 250)
    page = open_page(report, width=width).page
    for details in page.locator(".sample summary").all():
        details.click()
    assert page.evaluate("document.documentElement.scrollWidth") <= width


def test_headings_are_in_order_and_controls_have_names(open_page, make_page_report):
    page = open_page(make_page_report([f"text {number}" for number in range(6)])).page
    levels = page.evaluate(
        "[...document.querySelectorAll('h1,h2,h3,h4')].filter(n => n.offsetParent).map(n => +n.tagName[1])"
    )
    assert levels[0] == 1 and levels.count(1) == 1
    assert all(after - before <= 1 for before, after in itertools.pairwise(levels))
    nameless = page.evaluate(
        """[...document.querySelectorAll('button, a, select, input')].filter(n => n.offsetParent
            && !(n.textContent.trim() || n.getAttribute('aria-label') || n.closest('label'))).length"""
    )
    assert nameless == 0
