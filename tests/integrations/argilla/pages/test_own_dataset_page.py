"""The page of a dataset of the user's own into which flags were pushed, in Chromium."""

from __future__ import annotations

import json
from typing import Any

import pyarrow as pa
import pytest
from flagged_queue import CLASSES
from labelsift import platforms
from labelsift.data.schemas import CORRECTIONS_SCHEMA
from labelsift.platforms import ApplyRequest
from recording_platform import decision

from ..own_datasets import make_dataset

expect = pytest.importorskip("playwright.sync_api").expect
OPTIONS = {"type": "label_selection", "options": [{"value": name, "text": name} for name in CLASSES]}


@pytest.fixture
def page(logged_in: Any):
    page = logged_in.new_page()
    yield page
    page.close()


@pytest.mark.parametrize("mode", ["choose", "prefill"])
def test_the_link_shows_flagged_records_only_worst_first(
    mode, platform, api, workspace_id, name, make_queue, page, tmp_path
):
    report = make_queue(8, flagged=3)
    made = make_dataset(api, workspace_id, name, settings=OPTIONS)
    for row in report.samples.table.to_pylist():
        made.log({"external_id": row["id"], "fields": {"text": row["text"]}})
    receipt = report.push("argilla", project=name, match="external_id", mode=mode)
    flagged = [row for row in report.findings.to_pylist() if row["issue"] == "label"]
    finding = min(flagged, key=lambda row: row["score"])
    worst, suggested = finding["id"], json.loads(finding["suggested"])
    texts = dict(zip(report.samples.ids.to_pylist(), report.samples.texts.to_pylist(), strict=True))
    page.goto(receipt.links["review"])
    page.get_by_role("form", name="Annotation Questions").wait_for()
    expect(page.locator(".fields")).to_contain_text(texts[worst])
    expect(page.locator("body")).to_contain_text("1 of 3")
    expect(page.locator(f"#label_{suggested}")).to_be_attached()
    drafted = [box.get_attribute("id") for box in page.locator(".questions input:checked").all()]
    assert drafted == ([f"label_{suggested}"] if mode == "prefill" else [])
    if mode == "choose":
        page.locator(f'label[for="label_{suggested}"]').click()
    with page.expect_response(lambda answer: "/responses" in answer.url and answer.request.method in ("POST", "PUT")):
        page.get_by_role("button", name="Submit").click()
    rows = platforms.pull("argilla", project=name, store=tmp_path / "store").to_pylist()
    assert [(row["id"], row["verdict"], row["asked"]) for row in rows] == [(worst, "accepted", mode)]


def test_the_link_of_an_apply_shows_what_it_wrote(platform, api, workspace_id, name, make_user, page):
    ann = make_user()
    made = make_dataset(api, workspace_id, name)
    made.log(*(made.record(number, {ann.id: "lost_card"}) for number in range(2)))
    rows = pa.Table.from_pylist([decision("t1", "card_arrival")], schema=CORRECTIONS_SCHEMA)
    page.goto(platform.apply(rows, ApplyRequest(name)).links["dataset"])
    expect(page.locator("body")).to_contain_text("1 of 1")
    expect(page.locator("#label_card_arrival")).to_be_checked()
