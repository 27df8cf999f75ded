"""What stands beside an item: nearest samples, its twin, and that no group of copies can be dropped as a whole."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from html.parser import HTMLParser
from random import Random

import labelsift as ls
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st
from labelsift.data.review_queue import Neighbor, ReviewItem
from labelsift.data.schemas import Finding, findings_table
from labelsift.review.beside_html import beside_html, without_samples
from labelsift.review.items import queue_of
from labelsift.review.neighbors import differences
from labelsift.review.questions import header_of

IDS = [*"abcdef"]


def report_of(*findings: Finding) -> ls.Report:
    table = pa.table({"id": IDS, "text": [f"text {id}" for id in IDS], "label": list("xxyyzz")})
    when = datetime(2026, 11, 23, tzinfo=UTC)
    return ls.Report("r", when, ls.read(table, id="id", label="label"), table, findings_table(findings), classes=("x",))


def twins(id: str, issue: str, group: str, *others: str) -> Finding:
    return Finding(id, issue, 0.0, "r", given="x", related_ids=others, group_id=group)


def test_the_three_nearest_come_with_their_labels_and_without_what_is_gone():
    near = ["gone", "b", "c", "d", "e"]
    report = report_of(Finding("a", "label", 0.1, "r", given="x", suggested="y", related_ids=near))
    (item,) = queue_of(report).items
    assert item.neighbors == (Neighbor("b", "text b", "x"), Neighbor("c", "text c", "y"), Neighbor("d", "text d", "y"))
    assert (item.twin, item.copies) == (None, ())
    for blind in (queue_of(report, blind={"a"}), queue_of(report, alone=True)):
        assert not (blind.items[0].neighbors or blind.items[0].twin or blind.items[0].copies)


def test_the_first_copy_stays_and_a_twin_is_no_neighbor():
    report = report_of(
        Finding("b", "label", 0.1, "r", given="x", suggested="y", related_ids=["a", "c"]),
        *(twins(id, "exact_duplicate", "same:a", *others) for id, *others in ("ab", "ba")),
        *(twins(id, "near_duplicate", "near:c", *others) for id, *others in ("cd", "dec", "ed")),
    )
    items = {item.id: item for item in queue_of(report).items}
    assert {id: item.twin and item.twin.id for id, item in items.items()} == dict(a="b", b="a", c="d", d="c", e="d")
    assert {id: item.copies for id, item in items.items()} == {
        "b": ("drop_copy",),  # its label is in question, which a word about copies does not answer
        "a": (),
        "c": (),
        "d": ("drop_copy", "keep_copies"),
        "e": ("drop_copy", "keep_copies"),
    }
    assert [near.id for near in items["b"].neighbors] == ["c"]
    assert {id for id, item in items.items() if item.first_copy} == {"a", "c"}


def test_the_question_is_about_copies_only_where_they_are_shown():
    report = report_of(*(twins(id, "exact_duplicate", "same:a", *others) for id, *others in ("ab", "ba")))
    first, second = sorted(queue_of(report).items, key=lambda item: item.id)
    assert (first.first_copy, first.alone.first_copy) == (True, False)
    assert header_of(second) == "Labeled x. Drop this copy, or keep both?"
    assert header_of(second.alone) == "Labeled x. Is that right?"


def test_where_labels_conflict_the_twin_is_the_one_that_is_labeled_otherwise():
    report = report_of(
        *(twins(id, "conflicting_labels", "conflict:a", *others) for id, *others in ("abc", "bac", "cab"))
    )
    items = {item.id: item for item in queue_of(report).items}
    assert {id: item.twin.id for id, item in items.items() if item.twin} == {"a": "c", "b": "c", "c": "a"}
    assert {id: item.copies for id, item in items.items()} == {"a": (), "b": ("drop_copy",), "c": ("drop_copy",)}


def test_where_the_first_copy_was_erased_nothing_is_dropped():
    report = report_of(*(twins(id, "exact_duplicate", "same:gone", *others) for id, *others in ("ab", "ba")))
    assert {item.copies for item in queue_of(report).items} == {()}


@pytest.mark.parametrize("seed", range(3))
def test_dropping_every_copy_that_may_be_dropped_leaves_each_text_once(seed):
    rng = Random(seed)
    words = [f"w{number}" for number in range(200)]
    texts = [" ".join(rng.sample(words, 12)) for _ in range(25)]
    rows = [rng.choice(texts) + rng.choice(["", "", " again", "!"]) for _ in range(120)]
    table = pa.table({"id": [f"{n}" for n in range(120)], "text": rows, "label": rng.choices("xy", k=120)})
    checks = ["exact_duplicate", "near_duplicate", "conflicting_labels"]
    report = ls.scan(ls.read(table, id="id", label="label"), only=checks, store=None)
    dropped = {item.id for item in queue_of(report).items if "drop_copy" in item.copies}
    left = [text for id, text in zip(table["id"].to_pylist(), rows, strict=True) if id not in dropped]
    stems = [" ".join(text.split()[:12]).rstrip("!") for text in left]
    assert sorted(stems) == sorted({" ".join(text.split()[:12]).rstrip("!") for text in rows})


TEXT = st.text(st.characters(exclude_categories=["Cs"])) | st.sampled_from(
    ["<script>alert(1)</script>", '"></section><section data-sample="b">', "&lt;b&gt;", "{} {0} %s $x"]
)


class Read(HTMLParser):
    def __init__(self, html: str) -> None:
        super().__init__()
        self.tags: set[str] = set()
        self.samples: list[str] = []
        self.words = ""
        self.feed(html)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        self.samples += [value or "" for name, value in attrs if name == "data-sample"]

    def handle_data(self, data: str) -> None:
        self.words += data


@given(id=TEXT.filter(bool), other=TEXT.filter(bool), text=TEXT, near=TEXT, label=TEXT, field=TEXT)
def test_nothing_of_a_sample_is_markup_and_each_copy_goes_alone(id, other, text, near, label, field):
    item = ReviewItem("me", 1, ("label",), {}, text, label, None, None, "")
    item = replace(item, twin=Neighbor(id, near, label), neighbors=(Neighbor(other, near, None),))
    html = beside_html(item, metadata={field: label}, definitions={label: near})
    read = Read(html)
    assert read.tags <= {"section", "h5", "h6", "b", "dl", "dt", "dd", "mark", "del"}
    assert read.samples == [normal(id), normal(other)]
    assert normal(near) in read.words
    assert Read(without_samples(html, {id})).samples == [normal(sample) for sample in (id, other) if sample != id]
    assert without_samples(html, {"me"}) == html


def normal(text: str) -> str:
    """Return a text as Python's parser reads it back."""
    return Read(f"<p>{text.replace('&', '&amp;').replace('<', '&lt;')}</p>").words


@given(text=TEXT, other=TEXT)
def test_differences_make_up_both_texts(text, other):
    parts = differences(text, other)
    assert "".join(words for name, words in parts if name != "this") == other or not other.strip()
    assert "".join(words for name, words in parts if name == "this") == "" or text != other
