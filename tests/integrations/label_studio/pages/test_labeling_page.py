"""The page on which people label, in Chromium."""

from __future__ import annotations

import itertools
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from labelsift.data.schemas import Finding, findings_table
from labelsift.platforms import PushRequest
from labelsift.review.items import queue_of

expect = pytest.importorskip("playwright.sync_api").expect
SHOTS: Path | None = None  # a folder takes a picture of each page, to look at


def labeling(page: Any) -> Any:
    """The part of the page that the labeling config makes."""
    return page.locator(".ls-ask").locator("xpath=..")


def checked(page: Any) -> list[str]:
    return [box.get_attribute("name") for box in page.locator(".ls-labels input:checked").all()]


def choose(page: Any, label: str) -> None:
    page.locator(f'.ls-labels input[name="{label}"]').check()


def submit(page: Any) -> None:
    with page.expect_response(lambda answer: answer.request.method == "POST" and "/annotations" in answer.url):
        page.get_by_role("button", name="Submit current annotation").click()


@pytest.mark.parametrize("tab", [None, "Outliers"])
def test_choose_serves_the_worst_first_with_both_labels_and_the_reason_and_nothing_pre_filled(
    platform, make_queue, name, label_all, tasks_of, tab
):
    report = make_queue(12)
    receipt = report.push("label-studio", project=name)
    flagged = [row for row in report.findings.to_pylist() if row["issue"] == "label"]
    texts = dict(zip(report.samples.ids.to_pylist(), report.samples.texts.to_pylist(), strict=True))

    page = label_all(receipt.links[tab or "review"])

    for finding in flagged[:3]:
        given, suggested = finding["given"].strip('"'), finding["suggested"].strip('"')
        shown = labeling(page)
        expect(page.locator(".ls-text")).to_contain_text(texts[finding["id"]])
        expect(shown).to_contain_text(f"Labeled {given}. Maybe {suggested}?")
        expect(shown).to_contain_text(finding["reason"])
        assert checked(page) == []
        choose(page, suggested)
        submit(page)
    expect(page.locator(".ls-text")).to_contain_text(texts[flagged[3]["id"]])

    answered = [task for task in tasks_of(receipt.details["project_id"]) if task["annotations"]]
    assert [task["data"]["labelsift_id"] for task in answered] == [finding["id"] for finding in flagged[:3]]
    pulled = platform.pull(project=name).to_pylist()
    assert [(row["id"], row["verdict"]) for row in pulled] == [(row["id"], "accepted") for row in flagged[:3]]
    assert all(row["seconds"] > 0 for row in pulled)


def test_prefill_makes_the_suggestion_the_draft_and_submit_accepts_it(platform, make_queue, name, label_all):
    receipt = make_queue(5).push("label-studio", project=name, mode="prefill")
    page = label_all(receipt.links["review"])
    expect(labeling(page)).to_contain_text("Labeled top_up. Maybe card_arrival?")
    expect(page.locator(".ls-labels input:checked")).to_have_count(1)
    assert checked(page) == ["card_arrival"]
    submit(page)
    assert [row["verdict"] for row in platform.pull(project=name).to_pylist()] == ["accepted"]


def test_blind_tells_neither_label(platform, make_queue, name, label_all, tasks_of):
    receipt = make_queue(5).push("label-studio", project=name, mode="blind")
    page = label_all(receipt.links["review"])
    expect(page.locator(".ls-text")).to_contain_text("Message 3")
    # Each label stands there once, as a choice.
    shown = labeling(page).inner_text()
    assert "Labeled" not in shown
    assert "Maybe" not in shown
    assert [shown.count(label) for label in ("top_up", "card_arrival")] == [1, 1]
    assert checked(page) == []
    for task in tasks_of(receipt.details["project_id"]):
        assert not {"top_up", "card_arrival", "refund", "lost_or_stolen_card"} & {*map(str, task["data"].values())}


ATTACKS = [
    "</script><script>window.owned=1</script>",
    '<img src=x onerror="window.owned=1">',
    "\"'><svg/onload=window.owned=1> $labelsift_given",
    "مرحبا بالعالم \u202eabc",
    "begin " + "0123456789 " * 9_090 + "end of it",
]


def test_hostile_texts_and_labels_run_nothing_and_show_whole(platform, make_queue, name, label_all):
    odd = ('<b>"bold" & x</b>', "<script>window.owned=1</script>", "$labelsift_id fee", "a, b")
    receipt = make_queue(texts=ATTACKS, classes=odd).push("label-studio", project=name, mode="prefill")
    page = label_all(receipt.links["review"])
    seen = []
    for _ in ATTACKS[:-1]:
        page.locator(".ls-text").wait_for()
        expect(page.locator(".ls-labels input:checked")).to_have_count(1)
        seen.append(page.locator(".ls-text").inner_text().strip())
        labels = [label.strip().replace("\u2060", "") for label in page.locator(".ls-labels label").all_inner_texts()]
        assert [next((label for label in odd if shown.startswith(label)), shown) for shown in labels] == sorted(odd)
        submit(page)
        page.wait_for_function(
            "before => document.querySelector('.ls-text')?.innerText.trim() !== before", arg=seen[-1]
        )
    last = page.locator(".ls-text").inner_text()
    assert seen == ATTACKS[-2::-1]
    assert last.strip() == ATTACKS[-1]
    assert page.evaluate("window.owned") is None
    assert {row["verdict"] for row in platform.pull(project=name).to_pylist()} == {"accepted"}


def test_a_task_that_is_asked_blind_shows_no_label_where_the_next_one_does(platform, make_queue, name, label_all):
    report = make_queue(12)
    flagged = [row for row in report.findings.to_pylist() if row["issue"] == "label"]
    receipt = platform.push(queue_of(report, blind={flagged[0]["id"]}), PushRequest(name))

    page = label_all(receipt.links["review"])

    texts = dict(zip(report.samples.ids.to_pylist(), report.samples.texts.to_pylist(), strict=True))
    expect(page.locator(".ls-text")).to_contain_text(texts[flagged[0]["id"]])
    expect(labeling(page)).to_contain_text("Which label fits?")
    expect(labeling(page)).to_contain_text("No label is shown here")
    expect(labeling(page)).not_to_contain_text("Labeled")
    assert checked(page) == []
    choose(page, "refund")
    submit(page)
    expect(labeling(page)).to_contain_text("Maybe")


@pytest.mark.parametrize("mode", ["choose", "prefill"])
def test_that_both_labels_of_an_ambiguous_sample_fit_is_said_by_one_key(platform, make_queue, name, label_all, mode):
    report = make_queue(4)
    findings = [
        Finding(f"t0000{row}", "ambiguous", 0.2 + row / 10, f"Samples like it are labeled {other} as often", **labels)
        for row, (given, other) in enumerate(itertools.pairwise(report.classes))
        for labels in [{"given": given, "suggested": other, "confidence": 0.5}]
    ]
    receipt = replace(report, findings=findings_table(findings)).push("label-studio", project=name, mode=mode)
    page = label_all(receipt.links["review"])
    both = page.locator(".ls-aside").get_by_text("Both fit")
    texts = page.locator(".ls-text")

    expect(labeling(page)).to_contain_text("Labeled card_arrival. Or lost_or_stolen_card? Both may fit.")
    expect(both).to_be_visible()
    if SHOTS:
        page.screenshot(path=SHOTS / f"ambiguous-{mode}.png")
    page.keyboard.press("b")
    expect(page.locator(".ls-labels label").first).to_be_hidden()
    if SHOTS:
        page.screenshot(path=SHOTS / f"both-{mode}.png")
    submit(page)
    expect(texts).to_contain_text("Message 1")
    both.click()
    submit(page)
    expect(texts).to_contain_text("Message 2")
    choose(page, "top_up")
    submit(page)

    pulled = [
        (row["id"], row["action"], row["verdict"], row["value"]) for row in platform.pull(project=name).to_pylist()
    ]
    assert pulled == [
        ("t00000", "keep", "both_fit", '"card_arrival"'),
        ("t00001", "keep", "both_fit", '"lost_or_stolen_card"'),
        ("t00002", "relabel", "accepted", '"top_up"'),
    ]
