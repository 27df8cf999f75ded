"""Confusions that recur, after the scan: on the terminal, in the store, when samples are erased, and when pushed."""

from __future__ import annotations

import io
from pathlib import Path

import numpy as np
import openpyxl
import pyarrow as pa
import pyarrow.compute as pc
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from labelsift.cli.print_summary import print_summary
from labelsift.corrections.erase import forget
from labelsift.data.schemas import to_json
from labelsift.render.confusions import SCHEMA, confusions_in, confusions_table
from labelsift.report import Report, load
from labelsift.review.assignment import assigned
from labelsift.review.items import findings_of, queue_of
from recurring_confusion import confusion, with_confusions
from rich.cells import cell_len
from rich.console import Console

HOSTILE = "\x1b[31mred\x1b]8;;http://evil\x07 [bold]loud[/bold]\r\nsecond\u202eline\x00 :smile:"


@pytest.fixture
def report(make_report) -> Report:
    return with_confusions(make_report(), confusion("refund", "card_lost", ["t3", "t13", "t23", "t33"]))


def printed(report: Report, *, width: int = 100) -> str:
    out = io.StringIO()
    print_summary(report, console=Console(file=out, width=width))
    return out.getvalue()


def test_the_terminal_names_the_most_frequent(make_report):
    confusions = [confusion(f"class {row}", "card_lost", ["t3", "t13", "t23"], count=10 + row) for row in range(8)]
    said = printed(with_confusions(make_report(), *confusions))
    part = said[said.index("Confusions that recur") : said.index("Good to know")]
    assert [f"class {number}" in part for number in range(8)] == [False] * 3 + [True] * 5
    assert part.index("class 7") < part.index("class 3")
    assert "17 of 900" in part and "and 3 rarer ones" in part
    assert "Confusions that recur" not in printed(make_report())


@pytest.mark.slow
@settings(max_examples=30)
@given(text=st.text(st.characters(exclude_categories=["Cs"]), max_size=60))
def test_no_class_name_breaks_the_terminal(make_report, text):
    for name in (text, HOSTILE):
        said = printed(with_confusions(make_report(20), confusion(name, f"{name}!", ["t3", "t13", "t23"])), width=80)
        assert not set(said) & {chr(code) for code in (*range(10), *range(11, 32), *range(0x7F, 0xA0), 0x202E)}
        assert max(cell_len(line) for line in said.splitlines()) <= 80


def test_the_table_has_one_row_a_pair_the_most_frequent_first(report):
    table = with_confusions(report, confusion("a", "b", ["t3", "t13", "t23"], count=90)).confusions()
    assert table.schema == SCHEMA
    assert table["count"].to_pylist() == [90, 40]
    assert table["members"].to_pylist()[1] == ["t3", "t13", "t23", "t33"]
    assert confusions_table(report.findings.slice(0, 0)).num_rows == 0


def test_no_platform_takes_it_for_a_sample(report, make_report, tmp_path):
    plain = make_report()
    assert [item.id for item in queue_of(report).items] == [item.id for item in queue_of(plain).items]
    assert assigned(findings_of(report), share=0.5, seed=1) == assigned(findings_of(plain), share=0.5, seed=1)
    pushed = report.push("xlsx", project=str(tmp_path / "review.xlsx"))
    assert not pushed.failed
    rows = openpyxl.load_workbook(tmp_path / "review.xlsx").worksheets[0].max_row
    assert rows == len(queue_of(plain).items) + 1
    assert report.summary()["issues"] == plain.summary()["issues"]


def kept(tmp_path: Path) -> Report:
    """Scan clusters in which a third of one class carries the label of another, and keep the run."""
    import labelsift as ls

    rng = np.random.default_rng(100)
    truth = rng.integers(0, 6, 900)
    vectors = rng.normal(size=(6, 16))[truth] + 0.4 * rng.normal(size=(900, 16))
    labels = np.where((truth == 1) & (rng.random(900) < 0.3), 0, truth)
    rows = {"id": [f"r{row}" for row in range(900)], "text": [f"words of sample {row}" for row in range(900)]}
    samples = ls.read(pa.table(rows | {"label": [f"c{code}" for code in labels]}), id="id", label="label")
    signals = ls.Signals(embeddings=vectors.astype(np.float32))
    return ls.scan(samples, signals=signals, only=["label"], store=tmp_path / "store")


@pytest.mark.slow
def test_the_store_keeps_it_and_erased_samples_leave_it(tmp_path):
    report = kept(tmp_path)
    assert report.confusions().num_rows == 1
    assert load(report.run, store=tmp_path / "store").confusions().equals(report.confusions())
    before = confusions_in(report.findings)[0]
    gone = [before.contrast[0][0], before.contrast[1][1]]
    forget(gone, store=tmp_path / "store", reason="asked for")
    left = load(report.run, store=tmp_path / "store").findings
    after = confusions_in(left)[0]
    assert after.members == tuple(id for id in before.members if id not in gone)
    assert after.contrast == tuple(triple for triple in before.contrast if not set(triple) & set(gone))
    assert not any(to_json(id) in text for id in gone for text in left["evidence"].to_pylist())
    assert not pc.any(pc.is_in(left["id"], value_set=pa.array(gone))).as_py()
