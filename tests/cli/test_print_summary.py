"""The terminal summary: what a person reads, and what a terminal may never receive."""

from __future__ import annotations

import io
from dataclasses import replace

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from labelsift.cli.print_summary import print_summary
from labelsift.data.samples import Samples
from labelsift.data.schemas import Finding, findings_table
from rich.cells import cell_len
from rich.console import Console

HOSTILE = "\x1b[31mred\x1b]8;;http://evil\x07 [bold]loud[/bold] [/] [link=x]\r\nsecond\u202eline\x00 :smile: \x9b31m"


def printed(report, *, width: int = 100, colour: bool = False, **options) -> str:
    out = io.StringIO()
    print_summary(report, console=Console(file=out, width=width, force_terminal=colour), **options)
    return out.getvalue()


def with_text(report, text: str):
    """The same report in which every text, id, label, name and note is hostile."""
    rows = len(report.samples)
    ids = [f"{text}{row}" for row in range(rows)]
    labels = [f"{text}{row % 3}" for row in range(rows)]
    table = pa.table({"id": ids, "text": [text] * rows, "label": labels})
    findings = [
        Finding(
            ids[number],
            "label",
            0.1,
            f"Labeled {text}",
            given=labels[number],
            suggested=labels[number + 1],
            confidence=0.9,
        )
        for number in range(4)
    ]
    scores = pa.table(
        {
            "id": ids,
            "label_score": np.full(rows, 0.5, np.float32),
            "is_label_issue": [row < 4 for row in range(rows)],
            "suggested_label": labels[1:] + labels[:1],
        }
    )
    return replace(
        report,
        run=text,
        samples=Samples(table, report.samples.metadata, text),
        scores=scores,
        findings=findings_table(findings),
        classes=(),
        pred_probs=None,
        notes=(text,),
    )


def test_the_summary_says_what_matters(make_report):
    said = printed(make_report(200), page="out/report.html", limit=3)
    assert "labels look wrong (" in said
    assert "Suspicious labels" in said and "Empty texts" in said
    worst = said[said.index("Worst labels") : said.index("Weakest classes")]
    assert worst.count("→") == 3
    assert "card_lost" in worst and "85 %" in worst and "the text says otherwise" in worst
    assert "Every tenth label is wrong on purpose." in said
    assert "out/report.html" in said and "labelsift push label-studio PROJECT" in said


def expecting(report, share: float | None, *, further: dict[str, float] | None = None, **facts):
    expectation = {"expected_wrong": 12.0, "expected_precision": share, "expected_precision_at": further or {}}
    return replace(report, facts={**report.facts, "label_errors": expectation, **facts})


@pytest.mark.parametrize(
    ("share", "further", "said"),
    [
        (0.8699, {"10": 0.9999, "500": 0.2}, "Of the 20 flagged labels about 86 % are expected to be wrong; of the 10"),
        (0.8699, {"10": 0.9999}, "of the 10 worst about 99 %."),  # never more than an estimate can promise
        (
            0.8699,
            {"100": 0.4},
            "Of the 20 flagged labels about 86 % are expected to be wrong.",
        ),  # more than are flagged
        (1.0, {}, "about 99 % are expected to be wrong."),
        (0.004, {}, "about 0.4 % are expected to be wrong."),
    ],
)
def test_the_summary_says_how_many_of_the_flags_are_expected_to_be_right(make_report, share, further, said):
    report = make_report(200)
    assert sum(map(bool, report.scores["is_label_issue"].to_pylist())) == 20
    assert said in " ".join(printed(expecting(report, share, further=further), width=300).split())


def test_nothing_is_expected_where_the_label_check_did_not_say_it_or_annotators_changed_its_flags(make_report):
    report = make_report(200)
    for changed in (report, expecting(report, None), expecting(report, 0.9, annotators=[])):
        assert "expected" not in printed(changed, width=300)


@pytest.mark.slow
@pytest.mark.parametrize("width", [40, 80, 120, 300])
def test_no_line_is_wider_than_the_terminal(make_report, width):
    for report in (make_report(120), with_text(make_report(120), "wide 漢字 " * 60)):
        assert max(cell_len(line) for line in printed(report, width=width).splitlines()) <= min(width, 120)


def test_hostile_text_is_shown_and_not_obeyed(make_report):
    said = printed(with_text(make_report(50), HOSTILE), width=200)
    assert not set(said) & {chr(code) for code in (*range(10), *range(11, 32), *range(0x7F, 0xA0), 0x202E)}
    assert "␛[31mred" in said
    assert "[bold]loud[/bold] [/] [link=x]" in said
    assert ":smile:" in said


def test_colours_are_rich_s_own(make_report):
    said = printed(with_text(make_report(50), HOSTILE), colour=True)
    assert "\x1b]8" not in said, "no link is made"
    assert "\x1b[31mred" not in said
    assert "\x1b[1m" in said


@pytest.mark.slow
@settings(max_examples=40, deadline=None)
@given(text=st.text(st.characters(exclude_categories=["Cs"]), max_size=60))
def test_no_text_breaks_it(make_report, text):
    said = printed(with_text(make_report(20), text))
    assert not set(said) & {chr(code) for code in (*range(10), *range(11, 32), *range(0x7F, 0xA0))}


def test_without_labels_it_speaks_of_samples(make_report):
    report = make_report(100)
    samples = Samples(report.samples.table.drop_columns("label"), report.samples.metadata, "plain")
    scores = report.scores.select(["id", "empty_score", "is_empty_issue"])
    kept = [row for row in report.findings.to_pylist() if row["issue"] == "empty"]
    findings = pa.Table.from_pylist(kept, schema=report.findings.schema)
    said = printed(replace(report, samples=samples, scores=scores, findings=findings, pred_probs=None, classes=()))
    assert "2 of 100 samples have a problem (2 %)." in said
    assert "Worst samples" in said and "empty text" in said
    assert "Weakest classes" not in said


def test_nothing_found(make_report):
    report = make_report(100)
    clean = report.scores.set_column(2, "is_label_issue", pa.array([False] * 100)).drop_columns("is_empty_issue")
    said = printed(replace(report, scores=clean, findings=report.findings.slice(0, 0), notes=()))
    assert "None of the 96 labels looks wrong." in said
    assert "not found: suspicious labels" in said
    assert "Worst" not in said and "labelsift push" not in said


def test_no_sample_at_all(make_report):
    report = make_report(100)
    nothing = report.samples.take(np.array([], dtype=np.int64))
    said = printed(
        replace(
            report,
            samples=nothing,
            scores=report.scores.slice(0, 0),
            findings=report.findings.slice(0, 0),
            pred_probs=None,
        )
    )
    assert "There are no samples." in said or "None of the 0" in said


def test_findings_about_classes_are_not_samples(make_report):
    report = make_report(100)
    extra = findings_table([Finding("card_lost", "imbalance", 0.0, "A rare class.", scope="class")])
    said = printed(replace(report, findings=pa.concat_tables([extra, report.findings])), limit=100)
    assert "Imbalance" in said


def test_the_next_step_names_the_project_that_was_scanned(make_report):
    said = printed(make_report(200), origin="label-studio://My%20tickets")
    assert "labelsift push label-studio 'My tickets'" in said
    assert "labelsift push label-studio PROJECT" in printed(make_report(200), origin="tickets.csv")


def test_the_next_step_names_the_platform_that_is_set_up(make_report, monkeypatch):
    monkeypatch.setenv("ARGILLA_API_URL", "http://localhost:6900")
    assert "labelsift push argilla PROJECT" in printed(make_report(200))
    monkeypatch.setenv("LABEL_STUDIO_URL", "http://localhost:8080")
    assert "labelsift push label-studio PROJECT" in printed(make_report(200))
