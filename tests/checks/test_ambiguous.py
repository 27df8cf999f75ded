"""Ambiguous labels: a question where evidence doubts a label and does not call it wrong, in words that hold."""

from __future__ import annotations

import re

import numpy as np
import pyarrow as pa
import pytest
from labelsift.checks.ambiguous import _reason, ambiguous
from labelsift.checks.context import Context
from labelsift.checks.label import label
from labelsift.data.schemas import of_issue
from labelsift.io.read import read
from labelsift.report import Report
from labelsift.scanning import scan
from labelsift.signals.signals import Signals
from overlapping_clusters import learned, normal_pairs

ROWS = 600
ONLY = ["label", "ambiguous", "unlearnable"]
NEIGHBOURS = re.compile(
    r"Of its (\d+) nearest samples (\d+|none) (?:is|are) labeled (\S+) and (\d+|none) ([^\s:,]+)[:,]"
)


def scanned(seed: int, *, half_gap: float = 1.0, rate: float = 0.0, **options) -> tuple[Report, np.ndarray]:
    """Scan two pairs of clusters that overlap, with errors of any kind."""
    rng = np.random.default_rng(seed)
    vectors, truth = normal_pairs(rng, ROWS, 4, half_gap)
    given = np.where(rng.random(ROWS) < rate, (truth + rng.integers(1, 4, ROWS)) % 4, truth)
    columns = {"id": [f"r{row}" for row in range(ROWS)], "label": [f"c{code}" for code in given]}
    samples = read(pa.table(columns), text=None, id="id", label="label")
    signals = Signals(embeddings=vectors)
    return scan(samples, signals=signals, **{"only": ONLY, "store": None} | options), given != truth


@pytest.fixture(scope="module")
def overlapping() -> Report:
    return scanned(0)[0]


def flags(report: Report, issue: str) -> np.ndarray:
    return np.array([bool(flag) for flag in report.scores[f"is_{issue}_issue"].to_pylist()])


def test_where_classes_overlap_there_are_questions_and_no_flags(overlapping):
    assert flags(overlapping, "label").mean() <= 0.01
    assert 10 < flags(overlapping, "ambiguous").sum() < ROWS / 4
    assert overlapping.facts["label_errors"]["number"] == flags(overlapping, "label").sum()


@pytest.mark.slow
@pytest.mark.parametrize("budget", [None, 20])
def test_no_row_is_both_and_questions_come_in_the_order_of_the_label_check(budget):
    report, _ = scanned(1, rate=0.1, half_gap=1.5, budget=budget)
    assert flags(report, "label").sum() == 20 if budget else flags(report, "label").any()
    assert not (flags(report, "label") & flags(report, "ambiguous")).any()
    scores = report.scores["ambiguous_score"].to_numpy()
    assert ((scores >= 0) & (scores <= 1)).all()
    asked = flags(report, "ambiguous")
    assert scores[asked].max() < 0.5  # another label is likelier there
    findings = {row["id"]: row for row in of_issue(report.findings, "ambiguous").to_pylist()}
    assert set(findings) == {f"r{row}" for row in np.flatnonzero(asked)}
    for row in np.flatnonzero(asked).tolist():
        assert findings[f"r{row}"]["score"] == pytest.approx(report.scores["label_score"][row].as_py())
        assert findings[f"r{row}"]["given"] != findings[f"r{row}"]["suggested"]


def test_reasons_are_sentences_that_hold(overlapping):
    labels = dict(zip(overlapping.samples.ids.to_pylist(), overlapping.samples.labels.to_pylist(), strict=True))
    findings = of_issue(overlapping.findings, "ambiguous").to_pylist()
    assert findings
    for finding in findings:
        said = NEIGHBOURS.match(finding["reason"])
        assert said, finding["reason"]
        near = [labels[other] for other in finding["related_ids"]]
        alike, swapped = (0 if number == "none" else int(number) for number in said.group(2, 4))
        given, suggested = said.group(3, 5)
        assert (int(said.group(1)), alike, swapped) == (len(near), near.count(given), near.count(suggested))
        assert (given, f'"{given}"') == (labels[finding["id"]], finding["given"])
        if "both labels may fit" in finding["reason"]:
            assert alike and swapped
        assert finding["reason"].endswith(".")


@pytest.mark.parametrize(
    ("alike", "swapped", "near", "said"),
    [
        (4, 5, 10, "Of its 10 nearest samples 4 are labeled a and 5 b: both labels may fit."),
        (1, 9, 10, "Of its 10 nearest samples 1 is labeled a and 9 b: both labels may fit."),
        (0, 10, 10, "Of its 10 nearest samples none is labeled a and 10 b: a is rare here, which proves no error."),
        (8, 0, 10, "Of its 10 nearest samples 8 are labeled a and none b, and the model doubts a: b may fit better, "),
        (0, 0, 1, "Of samples like this one 20 % are expected to be labeled a: b may fit better, or both."),
    ],
)
def test_what_is_said_follows_the_neighbours(alike, swapped, near, said):
    reason = _reason("a", "b", alike=alike, swapped=swapped, near=near, share=0.2)
    assert reason.replace("\u00a0", " ").startswith(said)


def brought(make_context, seed: int = 0, **options) -> Context:
    """Bring probabilities of a model alone: no vectors, no neighbours."""
    drawn = learned(seed, rows=900, classes=4, half_gap=1.0, **options)
    names = tuple(f"c{code}" for code in range(4))
    context = make_context(
        [f"text {row}" for row in range(len(drawn.codes))],
        [names[code] for code in drawn.codes],
        classes=names,
        pred_probs=drawn.pool,
    )
    context.results["label"] = label(context)
    return context


def test_a_model_alone_asks_too(make_context):
    result = ambiguous(brought(make_context))
    assert result.is_issue.any()
    for finding in result.findings:
        assert re.match(r"Of samples like this one [\d.]+\s% are expected to be labeled c\d: c\d may", finding.reason)
        assert finding.evidence["neighbors"] == 0


def test_what_people_looked_at_is_not_asked_again(make_context):
    context = brought(make_context)
    asked = np.flatnonzero(ambiguous(context).is_issue)
    context.verified = np.zeros(len(context), dtype=bool)
    context.verified[asked[::2]] = True
    context.results["label"] = label(context)
    assert not ambiguous(context).is_issue[asked[::2]].any()


def test_nothing_is_asked_where_nothing_can_be_said(make_context):
    unjudged = make_context([f"text {row}" for row in range(90)], [f"c{row % 3}" for row in range(90)])
    for context in (unjudged, brought(make_context, noise="random")):
        result = ambiguous(context)
        assert not result.is_issue.any() and result.findings == []
        assert np.isnan(result.score).all() and len(result.score) == len(context)
