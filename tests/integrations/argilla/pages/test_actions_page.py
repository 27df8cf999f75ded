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
REPAIRED = "café au lait"


@pytest.fixture
def page(logged_in: Any):
    page = logged_in.new_page()
    yield page
    page.close()


def click(page: Any, option: str) -> None:
    page.locator(f'label[for="decision_{option}"]').click()


def submit(page: Any) -> None:
    with page.expect_response(lambda answer: "/responses" in answer.url and answer.request.method in ("POST", "PUT")):
        page.get_by_role("button", name="Submit").click()


def shot(page: Any, name: str) -> None:
    if SHOTS is not None:
        page.wait_for_timeout(700)
        page.screenshot(path=SHOTS / f"{name}.png")


@pytest.mark.parametrize("labeled", [True, False])
def test_each_action_is_one_click_and_a_repaired_text_is_filled_in(platform, name, page, tmp_path, labeled: bool):
    report = stored(tmp_path / "store", made=texts_report(labeled=labeled))
    receipt = report.push("argilla", project=name)
    kind = "labeled" if labeled else "labelless"
    page.goto(receipt.links["review"])
    page.get_by_role("form", name="Annotation Questions").wait_for()

    expect(page.locator("body")).to_contain_text("Mask the personal data, remove the sample, or keep it as it is?")
    expect(page.locator("#decision_suggested")).to_have_count(1 if labeled else 0)
    shot(page, f"ar-pii-{kind}")
    click(page, "redact")
    submit(page)
    expect(page.locator("body")).to_contain_text("Use the repaired text, remove the sample, or keep it as it is?")
    shot(page, f"ar-garbage-{kind}")
    click(page, "edit")
    submit(page)
    expect(page.locator("body")).to_contain_text("Mask the personal data, remove")
    click(page, "unusable")
    submit(page)
    expect(page.locator("body")).to_contain_text("Mask the secrets, remove")
    shot(page, f"ar-secret-{kind}")
    click(page, "given")
    submit(page)

    table = platforms.pull("argilla", project=name, store=tmp_path / "store")
    assert {row["id"]: (row["action"], row["verdict"], json.loads(row["value"])) for row in table.to_pylist()} == {
        "t0": ("redact", "accepted", [[9, 24, "email"]]),
        "t1": ("edit", "accepted", REPAIRED),
        "t2": ("remove", "changed", None),
        "t3": ("keep", "refused", CLASSES[3] if labeled else None),
    }
