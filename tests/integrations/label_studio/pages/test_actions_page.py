"""The page on which people say what is to be done with a sample, in Chromium: mask, repair, remove or keep it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from labelsift import platforms
from labelsift.integrations.conformance_samples import CLASSES, stored, texts_report

expect = pytest.importorskip("playwright.sync_api").expect
SHOTS: Path | None = None  # a folder takes a picture of each page, to look at
DAMAGED, REPAIRED = "cafÃ© au lait", "café au lait"


def submit(page: Any) -> None:
    with page.expect_response(lambda answer: answer.request.method == "POST" and "/annotations" in answer.url):
        page.get_by_role("button", name="Submit current annotation").click()


def shot(page: Any, name: str) -> None:
    if SHOTS is not None:
        page.screenshot(path=SHOTS / f"{name}.png")


def choose(page: Any, words: str) -> None:
    page.locator(f'.ls-copies input[name="{words}"]').check()


@pytest.mark.parametrize("labeled", [True, False])
def test_each_action_is_offered_where_it_fits_and_is_one_click(platform, name, label_all, tmp_path, labeled: bool):
    report = stored(tmp_path / "store", made=texts_report(labeled=labeled))
    receipt = report.push("label-studio", project=name)
    page = label_all(receipt.links["review"])
    kind = "labeled" if labeled else "labelless"

    expect(page.locator(".ls-ask")).to_contain_text("Mask the personal data, remove the sample, or keep it as it is?")
    expect(page.locator(".ls-beside mark")).to_have_text("ann@example.org")
    expect(page.locator(".ls-labels")).to_have_count(1 if labeled else 0)
    shot(page, f"ls-pii-{kind}")
    choose(page, "Mask the personal data")
    expect(page.locator(".ls-labels")).not_to_be_visible()  # whoever masks need not choose a label
    submit(page)

    expect(page.locator(".ls-beside")).to_contain_text(REPAIRED)  # accepted as it is proposed
    expect(page.locator(".ls-copies textarea")).not_to_be_visible()
    shot(page, f"ls-garbage-{kind}")
    choose(page, "Use the repaired text")
    expect(page.locator(".ls-copies textarea")).to_be_visible()
    shot(page, f"ls-garbage-chosen-{kind}")
    submit(page)

    choose(page, "Remove this sample")
    submit(page)
    expect(page.locator(".ls-ask")).to_contain_text("Mask the secrets, remove the sample, or keep it as it is?")
    shot(page, f"ls-secret-{kind}")
    choose(page, "Keep it as it is")
    submit(page)
    choose(page, "Use the repaired text")  # or another one
    page.locator(".ls-copies textarea").fill("coffee with milk")
    shot(page, f"ls-typed-{kind}")
    submit(page)

    table = platforms.pull("label-studio", project=name, store=tmp_path / "store")
    assert {row["id"]: (row["action"], row["verdict"], json.loads(row["value"])) for row in table.to_pylist()} == {
        "t0": ("redact", "accepted", [[9, 24, "email"]]),
        "t1": ("edit", "accepted", REPAIRED),
        "t2": ("remove", "changed", None),
        "t3": ("keep", "refused", CLASSES[3] if labeled else None),
        "t4": ("edit", "changed", "coffee with milk"),
    }
