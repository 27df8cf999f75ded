"""What a task shows beside its text, and a duplicate that is dropped by one click, in Chromium and in the file."""

from __future__ import annotations

import csv
from dataclasses import replace
from pathlib import Path
from typing import Any

import labelsift as ls
import pytest
from click.testing import CliRunner
from labelsift.cli import main
from labelsift.data.schemas import Finding, findings_table

expect = pytest.importorskip("playwright.sync_api").expect
SHOTS: Path | None = None  # a folder takes a picture of each page, to look at
DEFINITIONS = {"refund": "Money <b>back</b>, whatever for.", "top_up": "Adding money."}


def submit(page: Any) -> None:
    with page.expect_response(lambda answer: answer.request.method == "POST" and "/annotations" in answer.url):
        page.get_by_role("button", name="Submit current annotation").click()


def shot(page: Any, name: str) -> None:
    if SHOTS:
        page.set_viewport_size({"width": 1366, "height": 650})
        page.screenshot(path=SHOTS / f"{name}.png")


def test_a_task_shows_its_nearest_samples_metadata_and_what_the_labels_mean(platform, make_queue, name, label_all):
    attack = "<img src=x onerror='window.owned=1'> $labelsift_id & more"
    report = make_queue(texts=["One", "Two", attack, "Four " * 200, "My text <b> text"])
    found = Finding(
        *("t00004", "label", 0.1, "Odd"),
        given="refund",
        suggested="top_up",
        related_ids=[f"t0000{n}" for n in range(4)],
        evidence={"words": [[12, 16, 1.2], [0, 2, 0.8]]},
    )
    report = replace(report, findings=findings_table([found]))
    receipt = report.push("label-studio", project=name, definitions=DEFINITIONS)
    page = label_all(receipt.links["review"])

    beside = page.locator(".ls-beside")
    expect(beside.locator("section")).to_have_count(3)  # the three nearest of four
    assert [near.inner_text().split("\n")[0] for near in beside.locator("section").all()] == [
        "card_arrival · t00000",
        "lost_or_stolen_card · t00001",
        "refund · t00002",
    ]
    expect(beside).to_contain_text(attack)
    expect(beside).to_contain_text("Money <b>back</b>, whatever for.")
    expect(beside).to_contain_text("channel")
    expect(beside).to_contain_text("Words that made the model say top_up")
    expect(beside).to_contain_text("My text <b>")
    underlined = beside.locator("u")
    assert underlined.all_inner_texts() == ["My", "text"]
    assert "underline" in underlined.first.evaluate("element => getComputedStyle(element).textDecorationLine")
    assert page.evaluate("window.owned") is None
    expect(page.locator(".ls-copies input")).to_have_count(0)
    shot(page, "nearest")
    # The labels are there without a step, right below the text.
    text, labels = (page.locator(part).bounding_box() for part in (".ls-text", ".ls-labels"))
    assert labels["y"] < 650 - 50
    assert beside.bounding_box()["x"] > text["x"] + text["width"]
    page.locator(".ls-labels").get_by_text("top_up").hover()
    expect(page.get_by_text("Adding money.")).to_have_count(2)  # beside, and where it is pointed at


TEXTS = {
    "refund": ["I want my money back for the broken lamp", "Please return what I paid for the late train"],
    "top_up": ["How do I add funds to the travel account", "My deposit by bank transfer never arrived there"],
    "card": ["A waiter kept the plastic thing I pay with", "Please block it, somebody stole my whole purse"],
}


def write_file(folder: Path) -> Path:
    """Write a file with a copy of a text, and a text that is almost one, quoted and with line ends of Windows."""
    path = folder / "tickets.csv"
    rows = [[f"{label}{n}", text, label] for label, texts in TEXTS.items() for n, text in enumerate(texts)]
    rows.insert(3, ["copy", rows[0][1], rows[0][2]])
    rows.append(["near", f"{rows[1][1]} (today)", rows[1][2]])
    with path.open("w", newline="", encoding="utf-8") as file:
        csv.writer(file, quoting=csv.QUOTE_ALL, lineterminator="\r\n").writerows([["id", "text", "label"], *rows])
    return path


def test_a_copy_is_dropped_by_one_click_and_leaves_the_file_until_it_is_undone(platform, name, label_all, tmp_path):
    file, store = write_file(tmp_path), tmp_path / "store"
    samples = ls.read(file, id="id", label="label")
    report = ls.scan(samples, only=["exact_duplicate", "near_duplicate"], store=store)
    receipt = report.push("label-studio", project=name)
    assert receipt.created == 2  # of two pairs; the first copies stay
    page = label_all(receipt.links["review"])
    twin, copies, labels = (page.locator(part) for part in (".ls-twin", ".ls-copies", ".ls-labels"))

    answered = set()
    for _ in range(receipt.created):
        twin.wait_for()
        id = {"refund0": "copy", "refund1": "near"}[twin.get_attribute("data-sample")]
        offered = [choice.partition("[")[0].strip() for choice in copies.locator("label").all_inner_texts()]
        shot(page, f"copy-{id}")
        text, beside = page.locator(".ls-text").bounding_box(), twin.bounding_box()
        assert beside["x"] > text["x"] + text["width"]
        assert abs(beside["y"] - text["y"]) < 5  # side by side
        assert offered == ["Drop this copy", "Keep both copies"]
        shot(page, f"copy-{id}")
        if id == "copy":
            page.keyboard.press("d")
        else:
            copies.get_by_text("Keep both copies").click()
        expect(labels.locator("label").first).to_be_hidden()  # there is nothing else to answer
        answered.add(id)
        submit(page)
        expect(copies.locator("input:checked")).to_have_count(0)

    assert answered == {"copy", "near"}
    assert done("pull", "label-studio", name, "--store", store).startswith("2 decisions")
    later, back = tmp_path / "later.csv", tmp_path / "back.csv"
    options = ("--label", "label", "--id", "id", "--dataset", "tickets", "--store", store)
    done("correct", file, "--out", later, *options)
    before = file.read_bytes().splitlines(keepends=True)
    assert later.read_bytes().splitlines(keepends=True) == [line for line in before if not line.startswith(b'"copy"')]
    done("undo", later, "--out", back, "--store", store)
    assert back.read_bytes() == file.read_bytes()
    kept = samples.apply(ls.recorded(store=store)).ids.to_pylist()
    assert kept == [id for id in samples.ids.to_pylist() if id != "copy"]


def done(*words: object) -> str:
    result = CliRunner().invoke(main, [str(word) for word in words])
    assert result.exit_code == 0, result.output
    return result.output
