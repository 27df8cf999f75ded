"""The tab "Review now" of a project of theirs, in Chromium: its paired conditions are shown as the server has them."""

from __future__ import annotations

from typing import Any

import pytest

CONFIG = """<View><Text name="body" value="$text"/><Choices name="intent" toName="body">
<Choice value="card_arrival"/><Choice value="lost_or_stolen_card"/><Choice value="refund"/><Choice value="top_up"/>
</Choices></View>"""


def test_the_tab_opens_and_shows_the_flagged_tasks_only(platform, make_queue, name, client, logged_in):
    expect = pytest.importorskip("playwright.sync_api").expect
    report = make_queue(8, flagged=3)
    project = client.create_project(title=name, description="theirs", label_config=CONFIG, model_version="")
    rows: Any = zip(report.samples.ids.to_pylist(), report.samples.texts.to_pylist(), strict=True)
    client.import_tasks(project, [{"data": {"ticket": id, "text": text}} for id, text in rows])
    receipt = report.push("label-studio", project=name, match="ticket")

    page = logged_in.new_page()
    page.set_viewport_size({"width": 1600, "height": 900})
    page.goto(receipt.links["⚑ Review now"])
    expect(page.get_by_text("Message 7")).to_be_visible(timeout=30_000)
    expect(page.get_by_text("Message 6")).to_be_visible()
    expect(page.get_by_text("Message 4")).to_have_count(0)
    page.close()
    (view,) = [view["data"] for view in client.views(project) if view["data"]["title"] == "⚑ Review now"]
    assert all("child_filter" in item for item in view["filters"]["items"])  # to look at it did not change it
