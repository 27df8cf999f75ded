"""The page on changed classes says what happens: its file is read and its Python is run."""

from __future__ import annotations

import contextlib
import io
import re
from pathlib import Path

import labelsift as ls

PAGE = Path(__file__).parents[2] / "docs" / "taxonomy.md"


def block(language: str) -> str:
    found = re.search(rf"```{language}\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.DOTALL)
    assert found
    return found[1]


def test_the_file_on_the_page_is_a_taxonomy(tmp_path):
    (tmp_path / "taxonomy.toml").write_text(block("toml"), encoding="utf-8")
    taxonomy = ls.Taxonomy.read(tmp_path / "taxonomy.toml")
    assert [taxonomy.fate(one).name for one in ("card payment", "refund status", "other")] == ["paying", "refund", None]


def test_the_python_on_the_page_prints_what_it_says():
    code = block("python")
    said = [line.partition("# ")[2] for line in code.splitlines() if line.startswith("print")]
    with contextlib.redirect_stdout(io.StringIO()) as out:
        exec(code, {})
    assert out.getvalue().splitlines() == said
