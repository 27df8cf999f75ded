"""Outputs of a gate, read by their readers: JUnit XML by junitparser, Markdown by markdown-it, JSON by its schema."""

from __future__ import annotations

import json
import re
import xml.etree.ElementTree as ET
from dataclasses import replace
from pathlib import Path

import jsonschema
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from junitparser import JUnitXml
from labelsift.metrics.estimates import Estimates
from labelsift.metrics.gates.conditions import Condition, parsed
from labelsift.metrics.gates.decisions import Family
from labelsift.metrics.gates.results import gate_result
from labelsift.metrics.paired_estimates import PairedEstimates
from labelsift.render.gate_junit import gate_junit
from labelsift.render.gate_markdown import gate_markdown
from labelsift.render.gate_words import PROXY_WORDS, headline
from markdown_it import MarkdownIt

ROOT = Path(__file__).parents[2]
HOSTILE = [
    "a|b",
    "`code` ``",
    "<script>alert(1)</script>",
    "</details></code>",
    "line\nbreak\r\n| x |",
    "\x00\x0b\x1b[31m\ufffe",
    "@everyone #1 https://evil.example www.evil.example",
    "[x](javascript:alert(1)) ![y](z)",
    "]]>&amp;&#60;",
    "\\|\\",
    "*_~$^",
    "日本語 🎌",
    "‮reversed",
    "",
    "x" * 5_000,
]


def result(names=HOSTILE, *, condition="accuracy >= 0.9 by state", source="predicted column", notes=()):
    """A gate whose slices have these names, in turns failed, within chance, passed, too few; two more conditions."""
    hits = [(50, 100), (88, 100), (95, 100), (3, 4)]
    pairs = np.array([hits[number % 4] for number in range(len(names))], dtype=float).reshape(-1, 2)
    made = Estimates(*pairs.T)
    line = parsed(condition) if isinstance(condition, str) else condition
    by_state = Family(line, names, names, made.trials.astype(int), made, source=source, rows="on 400 rows")
    one = Estimates(np.array([90.0]), np.array([100.0]))
    against = Family(
        parsed("f1 >= tag:production - 0.02"),
        ["all"],
        ["all samples"],
        np.array([100]),
        one,
        source=source,
        baseline="20261123-101500-4f2a",
        counted_before=np.array([100]),
        paired=PairedEstimates(one, one, np.zeros(1)),
    )
    nothing = Family(
        parsed("f1 >= 0.5"), ["all"], ["all samples"], np.array([2]), one, problem="There are no predictions"
    )
    return gate_result("20261130-101500-4f2a", "tickets", [by_state, against, nothing], notes)


def table_cells(tokens):
    """The texts of the cells of each row, by what a reader of the Markdown makes of it."""
    rows, cell = [], None
    for token in tokens:
        if token.type == "tr_open":
            rows.append([])
        elif token.type in ("td_open", "th_open"):
            cell = []
        elif token.type == "inline" and cell is not None:
            cell += [child.content for child in token.children if child.type in ("text", "code_inline")]
        elif token.type in ("td_close", "th_close"):
            rows[-1].append("".join(cell))
            cell = None
    return rows


def read_markdown(text):
    return MarkdownIt("commonmark").enable("table").parse(text)


def html_in(tokens):
    """Every piece of HTML, links, images and the like that a reader would act on."""
    acting = []
    for token in tokens:
        if token.type == "html_block":
            acting += token.content.split("\n")
        for child in token.children or ():
            if child.type not in ("text", "strong_open", "strong_close", "softbreak", "code_inline"):
                acting.append(child.content or child.type)
    return {piece for piece in map(str.strip, acting) if piece}


OURS = {"<code>", "</code>", "<details>", "</details>"}


def test_markdown_has_one_headline_a_table_of_what_failed_and_folds_the_rest():
    made = result(["CA", "NY", "TX", "WA", "FL"])
    text = gate_markdown(made)
    tokens = read_markdown(text)
    headings = [tokens[place + 1].content for place, token in enumerate(tokens) if token.type == "heading_open"]
    assert headings == [headline(made)]
    assert headline(made) == (
        "Gate failed: 1 of 3 conditions failed, 1 of 3 conditions cannot be measured; "
        "5 slices judged, 1 within chance, 1 too few"
    )
    rows = table_cells(tokens)
    assert {len(row) for row in rows} == {7}
    assert ["accuracy >= 0.9 by state", "CA", "100", "0.500", "0.381 … 0.619", ">= 0.900", "< 0.001"] in [
        [re.sub(r"0\.3\d\d … 0\.6\d\d", "0.381 … 0.619", cell) for cell in row] for row in rows
    ]
    assert text.index("**Failed**") < text.index("**Within chance**") < text.index("<details>")
    assert "<summary>2 slices passed</summary>" in text
    assert "There are no predictions" in text
    assert "production" in text and "20261123" in text


@pytest.mark.parametrize("name", HOSTILE, ids=range(len(HOSTILE)))
def test_no_name_acts_in_markdown(name):
    text = gate_markdown(result([name] * 8, condition=Condition("accuracy", ">=", 0.9, slice=name)))
    tokens = read_markdown(text)
    assert {len(row) for row in table_cells(tokens)} == {7}
    assert {piece for piece in html_in(tokens) if not piece.startswith("<summary>")} <= OURS
    assert "@everyone" not in text and "https:" not in text and "www." not in text
    assert not re.search(r"[\x00-\x09\x0b-\x1f\x7f\ud800-\udfff\u202e]", text)


@pytest.mark.slow
@given(st.text(max_size=40))
def test_no_name_at_all_acts_in_markdown(name):
    tokens = read_markdown(gate_markdown(result([name])))
    assert {len(row) for row in table_cells(tokens)} == {7}
    assert {piece for piece in html_in(tokens) if not piece.startswith("<summary>")} <= OURS


def test_markdown_of_thousands_of_slices_fits_into_a_comment():
    text = gate_markdown(result([f"<{'&' * 200}{number}" for number in range(4_000)]))
    assert len(text) < 65_536
    assert "and 970 more" in text


def test_junit_counts_are_those_of_the_gate():
    made = result(["CA", "NY", "TX", "WA", "FL"])
    read = JUnitXml.fromstring(gate_junit(made).encode())
    assert (read.tests, read.failures, read.errors, read.skipped) == (7, 2, 1, 1)
    by_state, against, nothing = read
    assert (by_state.name, by_state.tests, by_state.failures, by_state.skipped) == ("accuracy >= 0.9 by state", 5, 2, 1)
    cases = {case.name: case for case in by_state}
    assert (
        cases["CA"].is_failure
        and not cases["CA"].is_skipped
        and "0.500 is below 0.900" in cases["CA"].result[0].message
    )
    assert cases["NY"].is_passed and "within chance" in cases["NY"].system_out
    assert cases["TX"].is_passed and cases["WA"].is_skipped
    assert [case.is_passed for case in against] == [True]
    assert nothing.errors == 1 and [case.is_error for case in nothing] == [True]
    properties = {item.name: item.value for item in by_state.properties()}
    assert properties["judged"] == "predicted column, on 400 rows" and properties["run"] == made.run


def test_a_condition_without_slices_is_an_error_in_junit():
    read = JUnitXml.fromstring(gate_junit(result([])).encode())
    assert [(case.name, case.is_error) for case in next(iter(read))] == [("the condition", True)]


@pytest.mark.slow
@given(st.lists(st.text(), max_size=4))
def test_any_name_is_xml_that_is_read_again(names):
    root = ET.fromstring(gate_junit(result([*names, *HOSTILE])).encode())
    assert len(root.findall("testsuite")) == 3
    assert len(root.findall("testsuite/testcase")) == len(names) + len(HOSTILE) + 2


def schema():
    (block,) = re.findall(
        r"^```json schema\n(.*?)^```$", (ROOT / "docs/gates.md").read_text(), re.DOTALL | re.MULTILINE
    )
    return json.loads(block)


def test_json_is_as_the_schema_of_the_docs_says():
    plain = json.loads(json.dumps(result(notes=("Two methods.",)).as_dict(), allow_nan=False))
    jsonschema.Draft202012Validator.check_schema(schema())
    jsonschema.validate(plain, schema())
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate(plain | {"rows": [{**plain["rows"][0], "text": "a sample"}]}, schema())


def test_json_is_what_it_was(request):
    made = json.dumps(result(["CA", "NY", "TX", "WA"]).as_dict(), indent=1, sort_keys=True)
    made = re.sub(r"\d\.\d{6,}", lambda number: f"{float(number[0]):.6f}", made) + "\n"
    golden = Path(__file__).parent / "golden" / "gate.json"
    if request.config.getoption("--golden-write"):
        golden.parent.mkdir(exist_ok=True)
        golden.write_text(made, encoding="utf-8")
    assert made == golden.read_text(encoding="utf-8")


def test_the_proxy_model_and_other_methods_are_told_in_every_output():
    note = "old and new: The runs were made by versions 1 and 2 of labelsift's method."
    made = result(["CA", "NY"], source="proxy model", notes=(note,))
    markdown = " ".join("".join(cells) for cells in table_cells(read_markdown(gate_markdown(made))))
    shown = "".join(
        child.content for token in read_markdown(gate_markdown(made)) for child in token.children or [] if child.content
    )
    assert PROXY_WORDS in shown and note in shown and "proxy model" in shown and markdown
    junit = ET.fromstring(gate_junit(made).encode())
    notes = [item.get("value") for item in junit.iter("property") if item.get("name") == "notes"]
    assert len(notes) == 3 and all(PROXY_WORDS in text and note in text for text in notes)
    assert {case.get("name") for case in junit.iter("testcase")} >= {"CA (proxy model)", "NY (proxy model)"}
    assert made.as_dict()["notes"] == [note]
    assert {row["source"] for row in made.as_dict()["rows"]} == {"proxy model", ""}
    clean = replace(made, notes=())
    assert note not in gate_junit(clean)
