"""Sets of labels and spans on the page on which people label, in Chromium: what it shows, and what comes of it."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest
from labelsift.store.store import Store

from .. import kinds

expect = pytest.importorskip("playwright.sync_api").expect
SUBMIT = "Submit current annotation"
# Where some words stand on the page, so that a mouse can be dragged over them.
PLACE = """([words, nth]) => {
  const walk = document.createTreeWalker(document.querySelector('.ls-text'), NodeFilter.SHOW_TEXT);
  for (let node, seen = 0; (node = walk.nextNode()); )
    for (let at = -1; (at = node.data.indexOf(words, at + 1)) >= 0; )
      if (seen++ === nth) {
        const range = document.createRange();
        range.setStart(node, at); range.setEnd(node, at + words.length);
        const box = range.getBoundingClientRect();
        return [box.left, box.right, (box.top + box.bottom) / 2];
      }
}"""


def labeling(page: Any) -> Any:
    """The part of the page that the labeling config makes."""
    return page.locator(".ls-ask").locator("xpath=..")


def shows(page: Any, text: str) -> None:
    expect(page.locator(".ls-text")).to_contain_text(text)


def ticked(page: Any) -> list[str]:
    return [box.get_attribute("name") for box in page.locator(".ls-labels input:checked").all()]


def tick(page: Any, label: str) -> None:
    page.locator(f'.ls-labels input[name="{label}"]').check()


def mark(page: Any, words: str, label: str, nth: int = 0) -> None:
    page.locator(".ls-labels").get_by_text(label, exact=True).click()
    left, right, middle = page.evaluate(PLACE, [words, nth])
    page.mouse.move(left + 1, middle)
    page.mouse.down()
    page.mouse.move((left + right) / 2, middle, steps=3)
    page.mouse.move(right - 1, middle, steps=3)
    page.mouse.up()


def marked(page: Any) -> list[str]:
    return page.locator(".ls-text [class*=highlight]").all_inner_texts()


def submit(page: Any) -> None:
    with page.expect_response(lambda answer: answer.request.method == "POST" and "/annotations" in answer.url):
        page.get_by_role("button", name=SUBMIT).click()


def decided(platform: Any, name: str, **more: Any) -> dict[str, tuple[str, str, Any]]:
    rows = platform.pull(project=name, **more).to_pylist()
    return {row["id"]: (row["action"], row["verdict"], json.loads(row["value"])) for row in rows}


def test_sets_in_mode_choose(platform, name, label_all):
    page = label_all(kinds.sets().push("label-studio", project=name).links["review"])
    shows(page, "Comment 0")
    expect(labeling(page)).to_contain_text("Labeled insult and toxic. Maybe without insult?")
    expect(labeling(page)).to_contain_text("Why m0.")
    assert ticked(page) == []
    expect(page.get_by_role("button", name=SUBMIT)).to_be_disabled()  # an empty answer cannot slip through
    tick(page, "toxic")
    submit(page)
    shows(page, "Comment 1")
    expect(labeling(page)).to_contain_text("Labeled toxic. Maybe also threat?")
    assert ticked(page) == []
    tick(page, "insult")
    tick(page, "threat")
    submit(page)
    shows(page, "Comment 2")
    tick(page, "None of these labels")
    submit(page)
    shows(page, "Comment 3")
    assert decided(platform, name) == {
        "m0": ("relabel", "accepted", ["toxic"]),
        "m1": ("relabel", "changed", ["insult", "threat"]),
        "m2": ("relabel", "changed", []),
    }


def test_sets_in_mode_prefill(platform, name, label_all):
    page = label_all(kinds.sets().push("label-studio", project=name, mode="prefill").links["review"])
    wanted = [["toxic"], ["threat", "toxic"], ["threat"], ["None of these labels"]]
    for index, labels in enumerate(wanted):
        shows(page, f"Comment {index}")
        expect(page.locator(".ls-labels input:checked")).to_have_count(len(labels))
        assert ticked(page) == labels
        submit(page)
    shows(page, "Comment 4")
    assert decided(platform, name)["m3"] == ("relabel", "accepted", [])
    assert {answer[1] for answer in decided(platform, name).values()} == {"accepted"}


def test_sets_in_mode_blind(platform, name, label_all, tmp_path):
    report = kinds.sets(run="20261123-101500-b0b1")
    Store(tmp_path).save(report)
    page = label_all(report.push("label-studio", project=name, mode="blind").links["review"])
    shows(page, "Comment 0")
    shown = labeling(page).inner_text()
    assert [shown.count(label) for label in ("insult", "toxic", "threat")] == [1, 1, 1]  # as choices
    assert "Maybe" not in shown
    assert "Why" not in page.locator("body").inner_text()
    assert ticked(page) == []
    tick(page, "insult")
    tick(page, "toxic")
    submit(page)
    shows(page, "Comment 1")
    assert decided(platform, name, store=tmp_path) == {"m0": ("keep", "refused", ["insult", "toxic"])}


def test_spans_in_mode_choose(platform, name, label_all):
    page = label_all(kinds.spans().push("label-studio", project=name).links["review"])
    shows(page, "Ann Lee flew")
    expect(labeling(page)).to_contain_text("“Paris” (2nd of 2) is marked PER. Maybe LOC?")
    assert marked(page) == []
    expect(page.get_by_role("button", name=SUBMIT)).to_be_disabled()
    mark(page, "Paris", "LOC", nth=1)
    assert marked(page) == ["Paris"]
    submit(page)
    shows(page, "The Monday")
    expect(labeling(page)).to_contain_text("“Monday” is marked PER. Maybe it should not be marked?")
    mark(page, "Monday", "PER")  # but it should
    submit(page)
    shows(page, "Then Müller")
    expect(labeling(page)).to_contain_text("“Rome” is not marked. Maybe LOC?")
    mark(page, "Rome", "LOC")  # behind an emoji
    submit(page)
    shows(page, "New York")
    mark(page, "New York City last May", "LOC")
    submit(page)
    shows(page, "Cairo")
    tick(page, "Nothing to mark")
    submit(page)
    shows(page, "nothing of note")
    assert decided(platform, name) == {
        "wrong_tag": ("respan", "accepted", [kinds.SPANS["wrong_tag"][0], kinds.DISPUTES["wrong_tag"][1]]),
        "ghost": ("keep", "refused", kinds.SPANS["ghost"]),
        "missed": ("respan", "accepted", [*kinds.SPANS["missed"], kinds.DISPUTES["missed"][1]]),
        "shifted": ("respan", "changed", [[12, 34, "LOC"], kinds.SPANS["shifted"][1]]),
        "rtl": ("respan", "changed", []),
    }


def test_spans_in_mode_prefill(platform, name, label_all):
    page = label_all(kinds.spans().push("label-studio", project=name, mode="prefill").links["review"])
    # Only what is in dispute is highlighted.
    for start, words in (
        ("Ann Lee flew", ["Paris"]),
        ("The Monday", []),
        ("Then Müller", ["Rome"]),
        ("New York", ["New York City"]),
        ("Cairo", ["Ann"]),
    ):
        shows(page, start)
        expect(page.locator(".ls-text [class*=highlight]")).to_have_count(len(words))
        assert marked(page) == words
        expect(page.locator(".ls-none input:checked")).to_have_count(0 if words else 1)
        submit(page)
    shows(page, "nothing of note")
    assert {answer[1] for answer in decided(platform, name).values()} == {"accepted"}


def test_spans_in_mode_blind(platform, name, label_all, tmp_path):
    report = kinds.spans(run="20261123-101500-b0b2")
    Store(tmp_path).save(report)
    page = label_all(report.push("label-studio", project=name, mode="blind").links["review"])
    shows(page, "Ann Lee flew")
    shown = labeling(page).inner_text()
    assert [shown.count(label) for label in ("PER", "LOC")] == [1, 1]
    assert "is marked" not in shown
    assert "What is to be marked here?" in shown
    assert "Why" not in page.locator("body").inner_text()
    assert marked(page) == []
    for words, label in (("Ann Lee", "PER"), ("Paris", "LOC")):
        mark(page, words, label)
    submit(page)
    shows(page, "The Monday")
    first = kinds.TEXTS["wrong_tag"].index("Paris")
    assert decided(platform, name, store=tmp_path) == {
        "wrong_tag": ("respan", "changed", [[0, 7, "PER"], [first, first + 5, "LOC"]])
    }


def test_paths_are_shown_whole_and_one_is_taken(platform, name, label_all):
    page = label_all(kinds.tree().push("label-studio", project=name, mode="prefill").links["review"])
    for index, path in enumerate((*kinds.PATHS[1:], kinds.PATHS[0])):
        shows(page, f"About x{index}")
        expect(page.locator(".ls-labels")).to_contain_text(path.replace("$", "$\u2060"))
        if index < len(kinds.PATHS) - 1:
            submit(page)
    rows = decided(platform, name)
    assert [value for *_, value in rows.values()] == list(kinds.PATHS[1:])
    assert {verdict for _, verdict, _ in rows.values()} == {"accepted"}


@pytest.fixture
def sounds() -> Iterator[str]:
    """A small server of sounds, for all origins, as Label Studio's player needs it."""

    class Sound(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.send_header("Access-Control-Allow-Origin", "*")
            self.send_header("Content-Type", "audio/wav")
            self.end_headers()
            self.wfile.write(kinds.WAVE)

        def log_message(self, format: str, *args: Any) -> None:
            """Say nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Sound) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}/a.wav"
        server.shutdown()


@pytest.mark.parametrize("medium", ["image", "audio"])
def test_images_and_sounds_are_shown_and_judged(platform, name, label_all, sounds, medium):
    report = kinds.seen(medium, kinds.PIXEL if medium == "image" else sounds)
    page = label_all(report.push("label-studio", project=name).links["review"])
    expect(labeling(page)).to_contain_text("Labeled cat. Maybe dog?")
    if medium == "image":
        page.wait_for_function("() => [...document.querySelectorAll('.ls-text img')].some(one => one.naturalWidth)")
    else:
        length = "() => [...document.querySelectorAll('.ls-text input')].some(one => one.value === '00:00:00:200')"
        page.wait_for_function(length)
    assert page.get_by_text("issue loading URL").count() == 0
    tick(page, "dog")
    submit(page)
    assert decided(platform, name) == {f"{medium}-0": ("relabel", "accepted", "dog")}
