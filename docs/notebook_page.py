"""The notebook of the docs: run by a real kernel, and its cells with what they show as one page."""

from __future__ import annotations

from html import escape
from pathlib import Path
from typing import Any

import nbformat
from nbclient import NotebookClient

NOTEBOOK = Path(__file__).parent / "notebook.ipynb"
PAGE = """<!doctype html><meta charset="utf-8"><style>
body {{ margin: 0; padding: 1.2em 1.6em; background: #fff; color: #111; font: 15px/1.45 "DejaVu Sans", sans-serif }}
pre {{ font: 14px/1.4 "DejaVu Sans Mono", monospace; margin: 0; white-space: pre-wrap }}
.code {{ background: #f5f5f5; border: 1px solid #ddd; border-radius: 4px; padding: .5em .8em; margin: .7em 0 .5em }}
.shown {{ padding-left: .8em; font-size: 13px }} .dataframe {{ border-collapse: collapse; border: 0 }}
.dataframe th, .dataframe td {{ padding: .2em .7em; text-align: left !important }}
.dataframe th, .dataframe td {{ border: 0; border-bottom: 1px solid #ddd }}
</style><title>notebook</title>{cells}"""


def run(folder: Path) -> Any:  # noqa: ANN401 - a notebook
    """Run all cells in a folder; an error of a cell is raised."""
    notebook = nbformat.read(NOTEBOOK, as_version=4)
    return NotebookClient(notebook, timeout=600, resources={"metadata": {"path": str(folder)}}).execute()


def page(notebook: Any, *, first: int = 0) -> str:  # noqa: ANN401
    """Return the cells from the ``first`` on, with their outputs, as HTML."""
    cells = []
    for cell in notebook.cells[first:]:
        if cell.cell_type == "code":
            cells.append(f'<div class="code"><pre>{escape(cell.source)}</pre></div>')
            cells += [f'<div class="shown">{_shown(output)}</div>' for output in cell.outputs]
    return PAGE.format(cells="".join(cells))


def _shown(output: Any) -> str:  # noqa: ANN401
    data = output.get("data", {})
    return data.get("text/html") or f"<pre>{escape(data.get('text/plain') or output.get('text', ''))}</pre>"
