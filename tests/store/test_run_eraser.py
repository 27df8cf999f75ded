"""Erasure from a run: findings on others keep what they say, without the erased samples' ids, texts and links."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import labelsift as ls
import pyarrow as pa
import pytest
from labelsift.corrections.erase import forget
from labelsift.data.schemas import Finding, findings_table
from labelsift.errors import StoreError
from labelsift.report import Report
from labelsift.store.run_eraser import ERASED, findings_without
from labelsift.store.run_info import LINKS, read_links
from labelsift.store.store import Store

TEXTS = {"p0": 'She said "Ω \\ 4711"\nand left', "p1": "short text", "r0": "of another", "r1": "and one more text"}


def without(ids: set[str], *findings: Finding) -> list[dict[str, object]]:
    """Return the findings that are left, with their evidence read."""
    samples = ls.read(pa.table({"id": list(TEXTS), "text": list(TEXTS.values())}), id="id")
    table = findings_without(findings_table(findings), ids, samples.take(samples.positions(sorted(ids))))
    assert table.schema.equals(findings_table([]).schema)
    return [row | {"evidence": json.loads(row["evidence"])} for row in table.to_pylist()]


def about(id: str = "r0", reason: str = "Looks wrong", **changes: object) -> Finding:
    return Finding(id, "label", 0.1, reason, **changes)


def test_findings_on_erased_samples_go_and_those_on_classes_stay():
    left = without({"p0"}, about("p0"), about("r0"), about("p0", scope="class"))
    assert [(row["id"], row["scope"]) for row in left] == [("r0", "sample"), ("p0", "class")]


def test_others_do_not_name_erased_samples_as_related():
    (row,) = without({"p0", "p1"}, about(related_ids=["p1", "r1", "p0"]))
    assert row["related_ids"] == ["r1"]


def test_examples_of_a_confusion_go_wherever_they_name_an_erased_sample_and_what_was_counted_stays():
    triples = [["p0", "r0", "r1"], ["r0", "r1", "r2"], ["r1", "p0", "r2"], ["r2", "r1", "p0"]]
    evidence = {"contrast": triples, "count": 4, "verdict": "slip"}
    (row,) = without({"p0"}, about('["a", "b"]', scope="class", related_ids=["p0", "r0"], evidence=evidence))
    assert row["evidence"] == {"contrast": [["r0", "r1", "r2"]], "count": 4, "verdict": "slip"}
    assert row["related_ids"] == ["r0"]


@pytest.mark.parametrize("contrast", ["high", None, {"p0": 1}])
def test_evidence_of_another_check_that_only_sounds_the_same_stays(contrast):
    (row,) = without({"p0"}, about(evidence={"contrast": contrast}))
    assert row["evidence"] == {"contrast": contrast}


def test_a_sentence_and_evidence_that_quote_an_erased_text_are_replaced():
    quoting = about("r0", f"As in {TEXTS['p0']}, it is wrong", evidence={"nearest": TEXTS["p0"]})
    quoted, other = without({"p0"}, quoting, about("r1", f"As in {TEXTS['r1']}", evidence={"nearest": "r0"}))
    assert (quoted["reason"], quoted["evidence"]) == (ERASED, {})
    assert (other["reason"], other["evidence"]) == (f"As in {TEXTS['r1']}", {"nearest": "r0"})


@pytest.mark.parametrize(("text", "quoted"), [("twelve chars", True), ("eleven char", False), ("", False)])
def test_a_text_of_a_word_or_two_stands_in_sentences_by_chance(text, quoted):
    gone = ls.read(pa.table({"id": ["p"], "text": [text]}), id="id")
    table = findings_table([about("r", f"Some {text} or other", evidence={"words": text})])
    (row,) = findings_without(table, {"p"}, gone).to_pylist()
    assert (row["reason"] == ERASED, row["evidence"] == "{}") == (quoted, quoted)


@pytest.fixture
def kept(make_report: Callable[..., Report], tmp_path: Path) -> tuple[Store, str]:
    """Keep a run with flagged samples (t3, t13 …), an example pair of two classes, and links to tasks."""
    report, store = make_report(40), Store(tmp_path / "kept")
    pair = about('["a", "b"]', scope="class", evidence={"contrast": [["t3", "t1", "t2"], ["t13", "t1", "t2"]]})
    report.findings = pa.concat_tables([report.findings, findings_table([pair])])
    store.prepare()
    store.save(report)
    store.save_links(report.run, {"t3": "http://127.0.0.1/3", "t4": "http://127.0.0.1/4"})
    return store, report.run


def test_a_run_counts_what_is_left_and_says_once_how_many_were_erased(kept):
    store, run = kept
    (before,), whole = store.runs(), store.load(run)
    flagged = whole.scores["is_label_issue"].to_pylist()
    forget(["t3", "t4"], store=store.folder)
    forget(["t5"], store=store.folder)
    (after,) = store.runs()
    left = store.load(run)
    assert left.samples.ids.to_pylist() == [id for id in whole.samples.ids.to_pylist() if id not in ("t3", "t4", "t5")]
    assert (after.rows, after.label_issues) == (before.rows - 3, before.label_issues - sum(map(bool, flagged[3:6])))
    assert after.label_issues == sum(map(bool, left.scores["is_label_issue"].to_pylist()))
    (note,) = [note for note in left.notes if "erased on request" in note]
    assert note.startswith("Samples of this run: 3 erased")
    assert set(whole.notes) < set(left.notes)


def test_examples_and_links_that_name_an_erased_sample_are_in_no_table_of_the_run(kept):
    store, run = kept
    forget(["t3"], store=store.folder)
    findings = store.load(run).findings.to_pylist()
    (pair,) = [json.loads(row["evidence"]) for row in findings if row["scope"] == "class"]
    assert pair["contrast"] == [["t13", "t1", "t2"]]
    assert "t3" not in [row["id"] for row in findings]
    assert read_links(store.place_of(run)) == {"t4": "http://127.0.0.1/4"}
    forget(["t5"], store=store.folder)  # which had no task
    assert read_links(store.place_of(run)) == {"t4": "http://127.0.0.1/4"}


@pytest.mark.parametrize("before", [(), ("t4",)])
def test_a_run_whose_links_cannot_be_read_is_named_and_left_as_it_was(kept, before):
    store, run = kept
    for id in before:
        forget([id], store=store.folder)
    place = store.place_of(run)
    facts = place.read("run.json")
    place.replace(LINKS, b"{")
    for id in ("t3", *before):  # asked for again, what is gone from the tables may still have a link
        with pytest.raises(StoreError, match=f"The run {run} cannot be read") as refused:
            forget([id], store=store.folder)
        assert "Delete" in refused.value.hint
    assert place.read("run.json") == facts
    assert {name for name in place.children() if name.startswith("without-")} == {
        name for name in [json.loads(facts).get("tables")] if name
    }
