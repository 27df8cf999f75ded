"""The page's bytes: what stands in them, how many they are, and what may not be there."""

from __future__ import annotations

import json
import re
from dataclasses import replace

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st
from labelsift.errors import InputError
from labelsift.render.page.build import render_page
from labelsift.render.page.content import encode
from page_content import content_of

HOSTILE = "</script><script>document.title='owned'</script><!-- \u2028 \u2029 & \x85 ]]>"


def samples_of(content: dict) -> list[dict]:
    columns = content["columns"]
    nodes = [dict(zip(columns["node"], row, strict=True)) for row in content["nodes"]]
    return [nodes[dict(zip(columns["sample"], row, strict=True))["node"]] for row in content["samples"]]


@given(st.text())
def test_any_text_survives_its_encoding_and_cannot_leave_the_block(text):
    encoded = encode({"text": text, text: 1})
    assert not set("<>&\u2028\u2029") & set(encoded)
    encoded.encode("utf-8")
    assert json.loads(encoded)["text"] == text


def test_the_page_is_one_file_with_two_scripts_and_no_address(make_page_report):
    page = render_page(make_page_report([HOSTILE] * 3, name=HOSTILE, labels=[HOSTILE, "a", "b"], notes=(HOSTILE,)))
    assert page.count("<script") == 2
    assert page.count("</script") == 2
    assert "owned'</script>" not in page
    assert not re.search(r"<(?:link|img|iframe|object|embed|base)\b", page)
    assert not re.search(r"""(?:src|href)=["'](?!#)""", page)
    assert not re.search(r"url\(|@import|\bfetch\(|XMLHttpRequest|innerHTML|eval\(", page)
    assert samples_of(content_of(page))[0]["text"] == HOSTILE


def test_head_says_what_was_found(make_page_report):
    page = render_page(make_page_report(["one", "two", "three"], name="my <data>"))
    assert '<h1 id="verdict">About 3 of 3 labels look wrong (100\u00a0%).</h1>' in page
    assert "my &lt;data&gt;" in page
    assert "23 November 2026, 10:15 UTC" in page
    assert "expected to be wrong" not in page


def test_head_leaves_to_the_figures_what_they_show_and_says_it_where_no_script_runs(make_page_report):
    page = render_page(make_page_report([f"text {number}" for number in range(9)]))
    head, _, rest = page.partition("<noscript>")
    told = "The most common mix-up: 3 labeled card_arrival look like lost_or_stolen_card."
    assert told not in head and told in rest.partition("</noscript>")[0]


def test_head_says_how_many_flags_are_expected_to_be_right(make_page_report):
    report = make_page_report(["one", "two", "three"])
    facts = {"expected_precision": 0.868, "expected_precision_at": {"2": 0.93}}
    page = render_page(replace(report, facts={"label_errors": facts}))
    assert "Of the 3 flagged labels about 86\u00a0% are expected to be wrong; of the 2 worst about 93\u00a0%." in page


@pytest.mark.slow
def test_ten_thousand_flagged_rows_stay_under_three_megabytes(make_page_report):
    texts = [f"ticket {number}: " + "the card that I ordered has not arrived yet " * 4 for number in range(10_000)]
    page = render_page(make_page_report(texts, neighbours=10))
    content = content_of(page)
    assert len(page.encode()) < 3_000_000
    shown = samples_of(content)
    assert content["leftOut"] == 10_000 - len(shown) > 0
    assert [sample["id"] for sample in shown] == [f"t{row:05d}" for row in range(len(shown))], "the worst come first"
    assert len(shown) > 3_000
    assert shown[0]["text"] == texts[0]


@pytest.mark.slow
def test_short_texts_of_ten_thousand_rows_all_fit(make_page_report):
    report = make_page_report([f"where is my card {number}" for number in range(10_000)], neighbours=3)
    page = render_page(report)
    assert len(page.encode()) < 3_000_000
    assert content_of(page)["leftOut"] == 0


@pytest.mark.slow
def test_long_texts_show_whole_until_room_runs_out_and_say_so_afterwards(make_page_report):
    texts = [f"{number} " + "x" * 100_000 for number in range(60)]
    content = content_of(render_page(make_page_report(texts, neighbours=1)))
    shown = samples_of(content)
    whole = [sample for sample in shown if sample["length"] == 0]
    assert len(shown) == 60, "a text without room is shortened, its sample stays"
    assert [sample["text"] for sample in whole] == texts[: len(whole)]
    assert len(whole) >= 10
    assert {sample["length"] for sample in shown[len(whole) :]} == {len(text) for text in texts[len(whole) :]}


def test_a_text_that_is_larger_than_the_page_shows_its_beginning(make_page_report):
    page = render_page(make_page_report(["a" * 5_000_000, "short", "also short"]))
    first, second, _ = samples_of(content_of(page))
    assert len(page.encode()) < 3_000_000
    assert (len(first["text"]), first["length"]) == (200_000, 5_000_000)
    assert (second["text"], second["length"]) == ("short", 0)


def test_no_issue_crowds_out_another(make_page_report, monkeypatch):
    from labelsift.data.schemas import FINDINGS_SCHEMA, Finding, findings_table
    from labelsift.render.page import build

    report = make_page_report([f"text {number} " * 20 for number in range(4_000)])
    empties = findings_table([Finding("t03999", "empty", 0.99, "Nothing to read.")])
    report.findings = pa.concat_tables([report.findings, empties]).cast(FINDINGS_SCHEMA)
    monkeypatch.setattr(build, "PAGE_BYTES", 300_000)
    content = content_of(render_page(report))
    ids = [sample["id"] for sample in samples_of(content)]
    assert content["leftOut"] > 0
    assert "t03999" in ids[:3]


def test_a_shared_page_holds_no_text_and_no_metadata(make_page_report, tmp_path):
    secret = 'Zwölfkämpfer "Quokka" 4711 lives in Rome'
    report = make_page_report(
        [f"{secret} {row}" for row in range(30)], metadata={"street": [f"Elm Street {row}" for row in range(30)]}
    )
    rows = report.findings.to_pylist()
    rows[0]["reason"] = f"Says {secret}"
    rows[1]["suggested"] = json.dumps(f"{secret} 1")
    rows[2]["evidence"] = json.dumps({"neighbors": 10, "quote": secret, "model": secret})
    report.findings = pa.Table.from_pylist(rows, schema=report.findings.schema)
    path = report.to_html(tmp_path / "share.html", share=True)
    raw = path.read_bytes()
    for word in ("Zwölf", "Zw\\u00f6lf", "Quokka", "4711", "Rome", "Elm Street", "street", "/home/someone"):
        assert word.encode() not in raw, word
    for word in ("t00003", "lost_or_stolen_card", "9 of its 10 nearest samples"):
        assert word.encode() in raw, word
    with_text = report.to_html(tmp_path / "full.html").read_bytes()
    assert b"Quokka" in with_text and b"Elm Street" in with_text


def test_only_web_addresses_become_links(make_page_report):
    links = {
        "t00000": "javascript:alert(1)",
        "t00001": "http://127.0.0.1:8080/projects/1/data?task=4",
        "t00002": "https://me:secret@example.org/",
        "t00003": "data:text/html,x",
    }
    page = render_page(make_page_report(list("abcd"), links=links))
    assert "javascript:alert" not in page and "secret@" not in page and "data:text" not in page
    assert "projects/1/data?task=4" in page


def test_numbers_equal_the_report(make_page_report):
    report = make_page_report(
        [f"text {row}" for row in range(90)], labels=[None if row % 9 == 0 else "refund" for row in range(90)]
    )
    content = content_of(render_page(report))
    issues = {issue[0]: issue for issue in content["overview"]["issues"]}
    assert issues["label"][4:6] == [80, 80]
    assert issues["empty"][4:6] == [0, 90]
    assert sum(content["overview"]["quality"]["counts"]) == 90
    assert sum(content["overview"]["quality"]["flagged"]) == 80
    row = dict(zip(content["classes"]["columns"], content["classes"]["rows"][0], strict=True))
    assert (row["name"], row["rows"], row["flagged"], row["confused"]) == ("refund", 80, 80, 80)
    assert sum(cell[2] for cell in content["matrix"]["cells"]) == 80


@pytest.mark.parametrize("rows", [0, 2])
def test_nothing_found_and_no_labels_make_a_page_too(make_page_report, rows):
    report = make_page_report(["a", "b"][:rows])
    report.samples = type(report.samples)(report.samples.table.drop_columns("label"), report.samples.metadata, "plain")
    report.scores = pa.table(
        {"id": report.samples.ids, "outlier_score": np.ones(rows, "f4"), "is_outlier_issue": np.zeros(rows, bool)}
    )
    report.findings = report.findings.slice(0, 0)
    report.pred_probs = None
    page = render_page(report)
    assert ("None of the 2 samples has a problem." if rows else "There are no samples.") in page
    assert content_of(page)["samples"] == []


def test_a_folder_that_does_not_exist_is_refused_and_nothing_is_left(make_page_report, tmp_path):
    with pytest.raises(InputError, match=r"cannot be written.*folder that exists"):
        make_page_report(["a"]).to_html(tmp_path / "missing" / "report.html")
    (tmp_path / "report.html").mkdir()
    with pytest.raises(InputError):
        make_page_report(["a"]).to_html(tmp_path / "report.html")
    assert [path.name for path in tmp_path.iterdir()] == ["report.html"]
