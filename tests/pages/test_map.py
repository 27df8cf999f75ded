"""The map's bytes: places, issues, columns, ids, masked texts, how many they are, what a shared page leaves out."""

from __future__ import annotations

import base64
import json
import zlib
from dataclasses import replace
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from labelsift.corrections.erase import forget
from labelsift.data.english_words import WORDS
from labelsift.render.page import map as page_map
from labelsift.render.page.build import render_page
from labelsift.render.page.map import MAP_BYTES, MISSING, OTHERS, ids_on_map, packed_map
from labelsift.report import Report
from labelsift.store.store import Store
from page_reports import with_vectors

pytest.importorskip("openTSNE")


def unpacked(data: str) -> dict[str, Any]:
    """Read the block as the page's script does."""
    content = zlib.decompress(base64.b64decode(data))
    length = int.from_bytes(content[:4], "little")
    head = json.loads(content[4 : 4 + length])
    start = 4 + length

    def following(kind: str) -> np.ndarray:
        nonlocal start
        values = np.frombuffer(content, dtype=kind, count=head["rows"], offset=start)
        start += values.nbytes
        return values

    head["flags"] = [following("<u4") for _ in range(-(-len(head["issues"]) // 32))]
    head["x"], head["y"] = following("<u2"), following("<u2")
    for column in head["columns"]:
        column["codes"] = following("<u2")
    assert start == len(content)
    return head


def map_of(report: Report, *, share: bool = False) -> dict[str, Any]:
    said = packed_map(report, share=share)
    assert said is not None
    return said | unpacked(said["data"])


def test_every_sample_has_its_place_issues_values_id_and_masked_text(make_page_report):
    texts = [f"write to ann.{number}@example.org {'now ' * 60}" for number in range(30)]
    labels = [None if number == 4 else ("refund", "card_arrival")[number % 2] for number in range(30)]
    shown = map_of(with_vectors(make_page_report(texts, labels=labels)))
    assert shown["rows"] == shown["total"] == len(shown["ids"]) == len(shown["texts"]) == 30
    assert shown["issues"] == [["label", "Suspicious labels"]]
    assert ((shown["flags"][0] & 1) == np.array([label is not None for label in labels])).all()
    columns = {column["name"]: column for column in shown["columns"]}
    assert list(columns) == ["Label", "Suggestion", "channel"]
    label = columns["Label"]
    assert label["codes"][4] == MISSING and label["values"][label["codes"][5]] == "card_arrival"
    assert max(shown["x"].max(), shown["y"].max()) == 65_535
    assert not any("@example" in text for text in shown["texts"])
    assert all(30 < len(text) <= 120 for text in shown["texts"])


def test_a_shared_map_holds_no_id_text_or_metadata(make_page_report):
    report = with_vectors(make_page_report([f"secret words {number}" for number in range(30)]))
    shown = map_of(report, share=True)
    assert shown["ids"] == shown["texts"] == []
    assert {column["kind"] for column in shown["columns"]} == {"label", "suggestion"}
    assert "secret" not in str(shown) and "t00003" not in str(shown) and "phone" not in str(shown)


def test_columns_of_many_values_are_left_out_or_their_rare_values_counted_together(make_page_report, monkeypatch):
    texts = [f"text {number}" for number in range(90)]
    metadata = {
        "ticket": [f"number {row}" for row in range(90)],
        "constant": ["a"] * 90,
        "who": ["bo@example.org", ""] * 45,
    }
    labels = [f"class {min(row, 60)}" for row in range(90)]
    monkeypatch.setattr(page_map, "VALUES", 10)
    columns = {
        column["name"]: column
        for column in map_of(with_vectors(make_page_report(texts, labels=labels, metadata=metadata)))["columns"]
    }
    assert {"ticket", "constant"} & set(columns) == set()
    assert sorted(columns["who"]["values"]) == ["", "[EMAIL_1]"]
    assert len(columns["Label"]["values"]) == 10 and columns["Label"]["values"][0] == "class 60"
    assert columns["Label"]["values"][-1] == OTHERS
    assert (columns["Label"]["codes"] == 9).sum() == 90 - 30 - 8


def test_more_issues_than_a_number_has_bits_are_all_kept(make_page_report):
    report = with_vectors(make_page_report([f"text {number}" for number in range(40)]))
    scores = report.scores
    for number in range(40):
        flags = pa.array(np.arange(40) == number)
        scores = scores.append_column(f"made{number}_score", pa.array(np.ones(40, np.float32)))
        scores = scores.append_column(f"is_made{number}_issue", flags)
    shown = map_of(replace(report, scores=scores))
    assert len(shown["issues"]) == 41 and len(shown["flags"]) == 2
    for place, (issue, _) in enumerate(shown["issues"]):
        rows = np.flatnonzero((shown["flags"][place // 32] >> np.uint32(place % 32)) & 1)
        assert issue == "label" or rows.tolist() == [int(issue.removeprefix("made"))]


def test_few_vectors_make_no_map_and_without_the_package_the_page_says_how_to_get_it(make_page_report, monkeypatch):
    report = make_page_report([f"text {number}" for number in range(30)])
    assert packed_map(report, share=False) is None
    assert packed_map(with_vectors(make_page_report(["a", "b"])), share=False) is None
    for module in (page_map, "labelsift.render.samples_map"):
        monkeypatch.setattr(f"{module if isinstance(module, str) else module.__name__}.installed", lambda: False)
    said = packed_map(with_vectors(report), share=False)
    assert said is not None and said["data"] == "" and said["run"] == report.run


def test_a_kept_run_makes_its_map_once(make_page_report, tmp_path, monkeypatch):
    report = with_vectors(make_page_report([f"text {number}" for number in range(30)]))
    store = Store(tmp_path / "store")
    report.store = store
    store.save(report)
    first = packed_map(report, share=False)
    monkeypatch.setattr("labelsift.models.projection._tsne", lambda *_, **__: pytest.fail("made again"))
    assert packed_map(store.load(report.run), share=False) == first


@pytest.mark.slow
def test_a_page_whose_map_alone_names_an_erased_sample_is_written_again_without_it(make_page_report, tmp_path):
    labels = [None if number == 5 else "refund" for number in range(30)]
    report = with_vectors(
        make_page_report([f"secret words {number}" for number in range(30)], labels=labels, neighbours=0)
    )
    report.store = Store(tmp_path / "store")
    report.store.save(report)
    report = replace(report, findings=report.findings.slice(0, 3))
    path = report.to_html(tmp_path / "page.html")
    assert '"t00005"' not in path.read_text() and "t00005" in ids_on_map(path.read_text())
    erased = forget(["t00005"], store=report.store)
    assert erased.pages == [f"report page {path}"]
    assert "t00005" not in ids_on_map(path.read_text()) and len(ids_on_map(path.read_text())) == 29


@pytest.mark.slow
def test_twenty_thousand_rows_stay_under_five_megabytes_and_the_map_under_one_point_seven(make_page_report):
    rng = np.random.default_rng(0)
    words = np.array(sorted(WORDS))
    texts = [" ".join(words[rng.integers(0, len(words), 40)]) for _ in range(20_000)]
    ids = [f"{number:032x}" for number in rng.integers(0, 2**62, 20_000)]
    report = with_vectors(make_page_report(texts, ids=ids, neighbours=5), groups=40)
    page = render_page(report)
    said = json.loads(page.split('id="content">')[1].split("</script>")[0])["map"]
    assert said["rows"] == 20_000 and said["texts"] >= 40
    assert len(said["data"]) <= MAP_BYTES == 1_700_000
    assert len(page.encode()) <= 5_000_000
