"""What docs/dynamics.md and docs/systematic-errors.md show must run as it stands there, on the demo's data."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from labelsift.demo.tickets import write_tickets

DOCS = Path(__file__).parents[2] / "docs"


@pytest.mark.parametrize("page", ["dynamics.md", "systematic-errors.md"])
def test_the_python_on_the_page_runs_and_its_links_lead_somewhere(page, tmp_path, monkeypatch, capsys):
    text = (DOCS / page).read_text(encoding="utf-8")
    write_tickets(tmp_path / "labelsift-demo", 0)
    monkeypatch.chdir(tmp_path)
    for code in re.findall(r"^```python\n(.*?)^```$", text, re.DOTALL | re.MULTILINE):
        exec(compile(code, page, "exec"), {})
    if page == "dynamics.md":
        assert "'epochs': 3" in capsys.readouterr().out
    for target in re.findall(r"\]\(([^)]+)\)", text):
        assert (DOCS / target).exists()
