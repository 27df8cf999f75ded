"""The card of a notebook, the short repr and the data frame: what they say, that it is escaped, and plain values."""

from __future__ import annotations

import re
from dataclasses import replace

import labelsift as ls
import pandas as pd
import pyarrow as pa
import pytest
from labelsift.data.samples import Samples
from labelsift.data.schemas import Finding, findings_table
from labelsift.render.overview import Overview


def test_the_repr_is_one_line_and_the_card_has_verdict_counts_and_the_ten_worst(make_report):
    report = make_report()
    verdict = Overview(report).verdict
    assert repr(report) == f"<Report of tickets, run {report.run}: {verdict}>"
    card = report._repr_html_()
    assert verdict in card and "20 suspicious labels (10.4" in card
    assert card.count("<tr>") == 11
    worst = [row["id"] for row in report.findings.to_pylist() if row["issue"] == "label"][:10]
    assert re.findall(r"<tr><td[^>]*>([^<]*)</td>", card)[1:] == worst
    assert "color:inherit" in card and "#" not in re.sub(r"&#\w+;", "", card)  # light and dark pages have colors


@pytest.mark.parametrize("text", ["<script>alert(1)</script>", "\x1b[31m\u202e<b>", "a" * 1_000_000])
def test_hostile_texts_and_names_are_shown_as_what_they_are(make_report, text):
    table = pa.table({"id": [text], "text": [text], "label": [text]})
    finding = Finding(id=text, issue="label", score=0.1, reason="", given=text, suggested=text, confidence=1.0)
    report = replace(make_report(), samples=Samples(table, pa.table({}), name=text), findings=findings_table([finding]))
    report = replace(report, scores=report.scores.slice(0, 1))
    card = report._repr_html_()
    assert "<script" not in card and "<b>" not in card and "\x1b" not in card and "\u202e" not in card
    assert card.count("99 %") == 1  # an estimate promises no more


def test_a_report_without_findings_or_texts_has_a_card(make_report):
    report = replace(make_report(), findings=findings_table([]))
    assert "<table" not in report._repr_html_()
    bare = replace(make_report().samples, table=make_report().samples.table.drop_columns(["text"]))
    assert "<table" in replace(make_report(), samples=bare)._repr_html_()


def test_a_frame_has_a_row_a_sample_in_order_and_plain_values(make_report):
    report = make_report()
    frame = report.to_pandas()
    assert frame.index.tolist() == report.samples.ids.to_pylist()
    assert frame["text"].tolist() == report.samples.texts.to_pylist()
    given = [None if pd.isna(label) else label for label in frame["given"]]
    assert given == report.samples.labels.to_pylist()
    flagged = frame[frame["issues"].map(lambda issues: "label" in issues)]
    assert (
        flagged.index.tolist()
        == report.samples.ids.filter(report.scores["is_label_issue"].fill_null(False)).to_pylist()
    )
    assert set(flagged["suggested"]) <= set(report.samples.classes)
    untouched = frame[frame["issues"].map(len) == 0]
    assert untouched["suggested"].isna().all() and untouched["confidence"].isna().all()
    assert frame["score"].tolist()[:5] == pytest.approx(report.scores["label_score"].to_pylist()[:5], nan_ok=True)
    assert set(report.samples.metadata.column_names) <= set(frame.columns)


def test_sets_are_lists_and_a_users_own_field_keeps_its_values(make_report):
    report = make_report()
    rows = len(report.samples)
    table = pa.table(
        {"id": report.samples.ids, "text": report.samples.texts, "labels": ['["a", "b"]', None] * (rows // 2)}
    )
    own = pa.table({"given": [f"mine {row}" for row in range(rows)]})
    frame = replace(report, samples=Samples(table, own), findings=findings_table([])).to_pandas()
    assert frame["given"].tolist()[:2] == [["a", "b"], None]
    assert frame["metadata.given"].tolist()[:2] == ["mine 0", "mine 1"]


def test_dir_shows_the_public_names():
    assert dir(ls) == sorted(ls.__all__) and {"scan", "read", "load"} <= set(dir(ls))
