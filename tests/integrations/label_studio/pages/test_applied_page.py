"""A correction that labelsift wrote, on the labeling page in Chromium."""

from __future__ import annotations

import pyarrow as pa
import pytest
from labelsift.data.schemas import CORRECTIONS_SCHEMA
from labelsift.integrations.label_studio.client.read import SAID
from labelsift.integrations.label_studio.convert.correction import is_correction, is_marked
from labelsift.platforms import ApplyRequest

expect = pytest.importorskip("playwright.sync_api").expect
CONFIG = """<View><Text name="body" value="$text"/><Choices name="c" toName="body">
<Choice value="refund"/><Choice value="top_up"/><Choice value="card_arrival"/></Choices></View>"""


def test_a_person_can_change_it_and_then_it_is_theirs(platform, client, name, logged_in):
    project = client.create_project(title=name, description="", label_config=CONFIG, model_version="")
    given = {"from_name": "c", "to_name": "body", "type": "choices", "value": {"choices": ["refund"]}}
    client.import_tasks(project, [{"data": {"text": "My card", "ticket": "t1"}, "annotations": [{"result": [given]}]}])
    decision = {"id": "t1", "action": "relabel", "verdict": "changed", "value": '"top_up"', "person": "a"}
    decisions = pa.Table.from_pylist([decision], CORRECTIONS_SCHEMA)
    receipt = platform.apply(decisions, ApplyRequest(project=name, match="ticket"))
    page = logged_in.new_page()
    broken: list[str] = []
    page.on("pageerror", lambda error: broken.append(str(error)))
    (task,) = next(client.tasks(project, annotations=True))
    own = task["data"]["labelsift_correction"]
    page.goto(f"{receipt.sample_links['t1']}&annotation={own}")
    expect(page.get_by_role("checkbox", name="top_up")).to_be_checked(timeout=60_000)
    page.get_by_role("checkbox", name="card_arrival").check()
    with page.expect_response(lambda answer: answer.request.method == "PATCH" and "/annotations" in answer.url):
        page.get_by_role("button", name="submit").click()
    page.close()
    assert broken == []
    (task,) = next(client.tasks(project, annotations=True, include=SAID))
    (changed,) = [annotation for annotation in task["annotations"] if annotation["id"] == own]
    assert changed["result"][0]["value"] == {"choices": ["card_arrival"]}
    assert is_marked(changed)
    assert not is_correction(changed)
    assert platform.read(name).labels.to_pylist() == ["card_arrival"]
    undone = platform.apply(pa.Table.from_pylist([], CORRECTIONS_SCHEMA), ApplyRequest(project=name, undo=True))
    assert len(undone.failed) == 1
    (task,) = next(client.tasks(project, annotations=True))
    assert [annotation["id"] for annotation in task["annotations"]].count(own) == 1
