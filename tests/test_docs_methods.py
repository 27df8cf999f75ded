"""What docs/methods.md shows must run as it stands there, and its links must lead somewhere."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from labelsift.checks import checks
from labelsift.data.formatting import expected_precision
from labelsift.demo.tickets import write_tickets

DOCS = Path(__file__).parent.parent / "docs"


@pytest.fixture(scope="module")
def text() -> str:
    return (DOCS / "methods.md").read_text(encoding="utf-8")


def test_the_python_on_the_page_runs(text, tmp_path, monkeypatch, capsys):
    write_tickets(tmp_path / "labelsift-demo", 0)
    monkeypatch.chdir(tmp_path)
    (code,) = re.findall(r"^```python\n(.*?)^```$", text, re.DOTALL | re.MULTILINE)
    scope: dict[str, object] = {}
    exec(compile(code, "methods.md", "exec"), scope)
    said = capsys.readouterr().out
    assert "labels are expected to be wrong" in said and "label_score" in said
    assert len(scope["told"]["opinion_weights"]) == 5  # type: ignore[index] - as many as the page lists


def test_links_lead_somewhere(text):
    targets = {one.split("#")[0] for one in re.findall(r"\]\(([^)]+)\)", text) if "://" not in one}
    missing = {one for one in targets if one and not (DOCS / one).exists()}
    assert missing <= (set() if any(one.name == "span" for one in checks()) else {"spans.md"})


def test_the_sentence_that_it_quotes_is_the_one_that_is_said(text):
    said = expected_precision(312, {"expected_precision": 0.866, "expected_precision_at": {"100": 0.994}})
    assert said.replace("\u00a0", " ") in " ".join(text.split())


def test_the_formula_is_the_one_that_scores(text):
    import labelsift as ls

    assert "((g − b) / (g + b)^0.75 + 1) / 2" in text
    score = ls.score_labels([0, 1], [[0.2, 0.5, 0.3], [0.1, 0.8, 0.1]])["label_score"].to_pylist()
    told = [((g - b) / (g + b) ** 0.75 + 1) / 2 for g, b in ((0.2, 0.5), (0.8, 0.1))]
    assert score == pytest.approx(told, abs=1e-6)
