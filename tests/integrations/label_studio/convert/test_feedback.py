"""Unclear, unusable and a note: read from answers, and said by a labeler on the real page."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from labelsift.integrations.label_studio.convert.feedback import (
    BOTH_FIT,
    COPIES,
    DOUBT,
    DROP,
    KEEP,
    NOTE,
    UNCLEAR,
    UNUSABLE,
    parted,
)
from labelsift.integrations.label_studio.convert.label_config import label_control_of
from labelsift.integrations.label_studio.convert.review_config import config_of, review_target

from .. import kinds

DATA = {"labelsift_id": "a", "labelsift_given": "x", "labelsift_suggested": "y"}


def region(control: str, *choices: str) -> dict[str, Any]:
    return {"from_name": control, "to_name": "text", "type": "choices", "value": {"choices": list(choices)}}


def note(text: str) -> dict[str, Any]:
    return {"from_name": NOTE, "to_name": "text", "type": "textarea", "value": {"text": [text]}}


def read(*result: dict[str, Any], skipped: bool = False) -> tuple[str, ...] | None:
    made = {"result": list(result), "was_cancelled": skipped, "updated_at": "2026-11-25T10:00:00Z"}
    row = kinds.correction(DATA, made)
    return None if row is None else (row["action"], row["verdict"], row["value"], row["note"])


@pytest.mark.parametrize("mode", ["choose", "blind"])
def test_the_controls_are_taken_for_no_labels(mode):
    target = label_control_of(config_of(review_target(["x", "y"]), mode=mode), project="P")
    assert (target.from_name, target.labels) == ("label", ("x", "y"))


def test_unclear_decides_nothing_and_unusable_removes_whichever_label_stands_beside_it():
    assert read(region(DOUBT, UNCLEAR), note("no rule")) == ("unclear", "unclear", "null", "no rule")
    assert read(region(DOUBT, UNUSABLE)) == ("remove", "changed", "null", "")
    assert read(region("label", "y"), region(DOUBT, UNCLEAR)) == ("unclear", "unclear", "null", "")
    assert read(region("label", "y"), note(" two \n")) == ("relabel", "accepted", '"y"', "two")
    assert read(note("later"), region(DOUBT, UNUSABLE), skipped=True) == ("keep", "skipped", '"x"', "later")
    # A note alone decides nothing, but somebody wrote it: beside spans, which nothing requires, the task is done so.
    assert read(note("a note alone")) == ("keep", "skipped", '"x"', "a note alone")
    assert read() is None


def test_both_fit_keeps_the_given_label_whichever_stands_beside_it():
    assert read(region(DOUBT, BOTH_FIT), note("two topics")) == ("keep", "both_fit", '"x"', "two topics")
    assert read(region("label", "y"), region(DOUBT, BOTH_FIT)) == ("keep", "both_fit", '"x"', "")
    assert read(region(DOUBT, BOTH_FIT), skipped=True) == ("keep", "skipped", '"x"', "")


def test_a_copy_is_dropped_or_kept_whichever_label_stands_beside_it():
    assert read(region(COPIES, DROP)) == ("remove", "accepted", "null", "")
    assert read(region("label", "y"), region(COPIES, KEEP)) == ("keep", "refused", '"x"', "")
    assert read(region(COPIES, DROP), skipped=True) == ("keep", "skipped", '"x"', "")


@pytest.mark.parametrize(
    ("labels", "task", "mode", "offered"),
    [
        (["x", "y"], "classification", "choose", True),
        (["x", "y"], "classification", "prefill", True),
        (["a / b", "a / c"], "classification", "choose", True),
        (["x", "y"], "classification", "blind", False),  # no two labels are shown
        (["x", "y"], "multilabel", "choose", False),  # people tick both
        (["x", "y"], "spans", "choose", False),
    ],
)
def test_both_fit_is_offered_where_two_labels_are_shown_and_a_sample_has_one(labels, task, mode, offered):
    config = config_of(review_target(labels, task=task), mode=mode)
    assert (BOTH_FIT in config, "“Both fit”" in config) == (offered, offered)


SAID = (BOTH_FIT, UNCLEAR, UNUSABLE, DROP, KEEP)
REGIONS = st.lists(
    st.one_of(
        st.builds(region, st.sampled_from(["label", DOUBT, COPIES, "theirs"]), st.sampled_from([*SAID, "x", ""])),
        st.builds(note, st.text()),
        st.fixed_dictionaries({"from_name": st.sampled_from([DOUBT, NOTE]), "value": st.none()}),
    )
)


@given(result=REGIONS)
def test_what_is_no_remark_is_handed_on_in_its_order(result):
    remark, others = parted(result)
    assert others == [region for region in result if region["from_name"] not in (DOUBT, COPIES, NOTE)]
    assert remark.doubt in ("", *SAID)
    said = [
        text for region in result if region["from_name"] == NOTE for text in (region["value"] or {}).get("text", [])
    ]
    assert remark.note == "\n".join(line.strip() for line in said if line.strip())


def submit(page: Any) -> None:
    before = page.locator(".ls-text").inner_text()
    with page.expect_response(lambda answer: answer.request.method == "POST" and "/annotations" in answer.url):
        page.get_by_role("button", name="Submit current annotation").click()
    page.wait_for_function("before => document.querySelector('.ls-text')?.innerText !== before", arg=before)


@pytest.mark.server
@pytest.mark.browser
def test_a_labeler_says_unclear_and_unusable_without_a_label_and_writes_a_note(platform, make_queue, name, logged_in):
    expect = pytest.importorskip("playwright.sync_api").expect
    receipt = make_queue(6).push("label-studio", project=name)
    page = logged_in.new_page()
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.post_data or "") if "next_task" in request.url else None)
    page.goto(receipt.links["review"])
    page.get_by_text("Label All Tasks").click()
    aside = page.locator(".ls-aside")
    expect(page.locator(".ls-labels input")).to_have_count(4)

    # Neither a label nor a remark.
    expect(page.get_by_role("button", name="Submit current annotation")).to_be_disabled()
    aside.get_by_text("Unclear, or the guideline is missing").click()
    expect(page.locator(".ls-labels label").first).to_be_hidden()
    aside.locator("input[type=text]").fill("two topics in one")  # without Enter
    submit(page)
    aside.get_by_text("Unusable").click()
    submit(page)
    expect(page.locator(".ls-labels label").first).to_be_visible()
    page.locator('.ls-labels input[name="card_arrival"]').check()
    submit(page)

    page.close()

    pulled = [(row["action"], row["verdict"], row["note"]) for row in platform.pull(project=name).to_pylist()]
    unclear = ("unclear", "unclear", "two topics in one")
    assert pulled == [unclear, ("remove", "changed", ""), ("relabel", "changed", "")]
    # The first tab asks the server for the plain stream, where it deals the tasks out among people.
    assert asked
    assert not any(word in body for body in asked for word in ("filters", "ordering"))
