"""The comparison's page: what stands on it, that nothing of it runs, and what may not be there."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest
from labelsift.metrics.compare import compare
from labelsift.render import comparison_page
from labelsift.render.comparison_page import render

ATTACKS = (
    "</script><script>window.owned = 1; alert(1)</script>",
    '<img src=x onerror="window.owned=1">',
    "\"'><iframe src='https://example.org/'></iframe>",
    "</style></table><svg/onload=window.owned=1>",
    "javascript:window.owned=1",
    "$content ${style} {{ 7 * 7 }} {% endif %} &lt;b&gt; &amp; \u2028 \u202e end",
)


def hostile(make_page_report):
    """Two runs whose ids, labels, texts, metadata and name are all attacks, with every kind of change."""
    ids = [f"{text}#{index}" for index, text in enumerate(ATTACKS * 3)]
    texts = [f"{text} secret {index}" for index, text in enumerate(ATTACKS * 3)]
    labels = [f"{text}?" for text in ATTACKS * 3]
    metadata = {ATTACKS[1]: [ATTACKS[row % 2] for row in range(len(ids))]}
    old = make_page_report(texts, ids=ids, labels=labels, name=ATTACKS[0], metadata=metadata)
    kept = slice(1, None)
    changed = [labels[index + 1] if 2 < index < 9 else label for index, label in enumerate(labels)]
    texts[12] += " edited"
    new = make_page_report(
        [*texts[kept], "brought in"],
        ids=[*ids[kept], ATTACKS[2]],
        labels=[*changed[kept], ATTACKS[3]],
        name=ATTACKS[0],
        metadata={name: [*values[kept], ATTACKS[0]] for name, values in metadata.items()},
    )
    comparison = compare(old, new, by=[ATTACKS[1]])
    who = {"person": ATTACKS[1], "time": "2026-11-24T10:00:00+00:00", "why": ATTACKS[0], "note": f"{ATTACKS[3]} noted"}
    rows = [row | {"decided": [who]} for row in comparison.relabeled.to_pylist()]
    assert len(rows) == 6 and comparison.added and comparison.removed and comparison.edited
    return replace(comparison, relabeled=comparison.relabeled.from_pylist(rows, schema=comparison.relabeled.schema))


@pytest.mark.browser
def test_hostile_texts_ids_labels_and_people_are_inert(make_page_report, chromium, tmp_path):
    path = comparison_page.write(hostile(make_page_report), tmp_path / "changes.html", with_text=True)
    context = chromium.new_context()
    page = context.new_page()
    requests, trouble = [], []
    page.on("request", lambda request: requests.append(request.url))
    page.on("console", lambda message: trouble.append(message.text))
    page.on("dialog", lambda dialog: (trouble.append(dialog.message), dialog.dismiss()))
    page.goto(path.as_uri())
    assert page.evaluate("window.owned") is None
    assert trouble == [] and len(requests) == 1
    assert page.locator("script, img, iframe, main svg").count() == 0
    shown = page.locator("#rows tbody tr").first.inner_text()
    for attack in (ATTACKS[0], ATTACKS[1], ATTACKS[3]):
        assert attack in shown
    assert "\u202e" not in page.content(), "what turns the reading direction is shown, not obeyed"
    page.locator("#rows [id^=sample-]").first.wait_for()
    context.close()


def test_the_page_is_one_file_without_script_or_address(make_page_report):
    page = render(hostile(make_page_report), with_text=True)
    assert not re.search(r"<(?:script|link|img|iframe|object|embed|base)\b", page)
    assert not re.search(r"""(?:src|href)=["'](?!#)""", page)
    assert not re.search(r"url\(|@import", page)
    assert "default-src 'none'; style-src 'sha256-" in page


def test_texts_and_notes_stand_there_only_where_asked_for(make_page_report):
    comparison = hostile(make_page_report)
    without, whole = render(comparison), render(comparison, with_text=True)
    for word in ("secret 5", "brought in", "secret 12 edited", "svg/onload=window.owned=1&gt; noted"):
        assert word not in without and word in whole
    assert "holds no text of any sample" in without and "holds no text of any sample" not in whole


def test_what_changed_is_counted_and_said(make_page_report):
    texts = [f"text {number}" for number in range(6)]
    old = make_page_report(texts, labels=["refund"] * 6)
    new = make_page_report(texts[:5], labels=["refund"] * 3 + ["card_arrival"] * 2)
    comparison = compare(old, new)
    page = render(comparison)
    assert "2 labels were changed, 1 row was removed." in page
    (row,) = re.findall(r"<tr><td><bdi>refund</bdi></td><td><bdi>card_arrival</bdi></td><td[^>]*>(\d)</td></tr>", page)
    assert row == "2"
    assert render(compare(old, old)).count("Nothing changed between these two runs.") == 1


def test_large_comparisons_are_cut_and_say_so(make_page_report):
    texts = [f"text {number}" for number in range(1200)]
    old = make_page_report(texts, labels=["refund"] * 1200)
    new = make_page_report(texts, labels=["card_arrival"] * 1200)
    page = render(compare(old, new))
    assert "700 more: labelsift compare" in page
    assert len(page) < 500_000
