"""The notebook of the docs, run by a real kernel: a bar while it scans, the report's card, plain values in a frame."""

from __future__ import annotations

import importlib.util
from pathlib import Path

import pytest

DOCS = Path(__file__).parents[2] / "docs"


@pytest.fixture(scope="module")
def notebook(tmp_path_factory):
    pytest.importorskip("nbclient")
    spec = importlib.util.spec_from_file_location("notebook_page", DOCS / "notebook_page.py")
    assert spec and spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module.run(tmp_path_factory.mktemp("notebook"))


def html(cell) -> str:
    return "".join(output.get("data", {}).get("text/html", "") for output in cell.outputs)


@pytest.mark.slow
def test_it_shows_progress_the_card_and_a_frame(notebook):
    scan, card, frame = notebook.cells[-3:]
    assert '<progress style="width:12em" value="1.000">' in html(scan) and "Done" in html(scan)
    assert len(scan.outputs) == 1  # one bar, which is drawn anew, and no warning
    assert "are probably wrong" in html(card) and "cancel_subscription" in html(card)
    assert html(card).count("<tr>") == 11
    assert "<Report of tickets, run " in card.outputs[0].data["text/plain"]
    assert "dataframe" in html(frame) and "&quot;" not in html(frame)
    assert not any(output.output_type in ("stream", "error") for cell in notebook.cells[1:] for output in cell.outputs)


def test_it_is_kept_without_outputs():
    import nbformat

    kept = nbformat.read(DOCS / "notebook.ipynb", as_version=4)
    nbformat.validate(kept)
    assert not any(cell.get("outputs") for cell in kept.cells)
