"""HTML page of a report: one file that opens anywhere, also offline and from a mail's attachment.

The page holds its own script and style and asks for nothing: a Content-Security-Policy forbids every
request, every script but this one (by its hash) and, where the browser knows Trusted Types, every way
to turn a string into markup. What comes from the data stands in a JSON block that no text can leave
(see ``content.encode``) and is shown with ``textContent`` alone.
"""

from __future__ import annotations

import base64
import hashlib
import html
from collections.abc import Collection
from importlib import resources
from pathlib import Path
from string import Template
from typing import TYPE_CHECKING

from ...data.formatting import visible
from ...data.textless import require_texts
from ...errors import InputError
from ...io.whole_file import whole_file
from ...store.base import REPORT_PAGE
from ...store.cache import installed_version
from ..overview import Overview
from .content import content, encode, headline

if TYPE_CHECKING:
    from ...store.run import Run

PAGE_BYTES = 2_700_000  # without the map
BRIEF_BYTES = 300_000
_ORDER = (
    "dom figures heatmap slices tables checks recurring samples selection address filters "
    "map_data map_view map_gestures map_chosen map page"
)
SCRIPTS = tuple(f"{name}.js" for name in _ORDER.split())


def write_page(
    report: Run,
    path: Path,
    *,
    share: bool = False,
    recorded: bool = False,
    with_map: bool = True,
    brief: bool = False,
    named: Collection[str] | None = None,
) -> Path:
    """Write the page and return its path.

    Parameters
    ----------
    report
        The scan.
    path
        Where to write; a file that stands there is replaced in one step.
    share
        Leave out every text and all metadata but counts by value.
    recorded
        Record in the run's store where a page with texts lies, so that ``forget`` finds it.
    with_map
        Show a map of the samples; made on the first page of a run, in some seconds, and kept for the next.
    brief
        Leave out what takes long where there are many rows: map, heat maps, the search for weak slices, and most
        samples. The page says so.
    named
        The classes that may be named beside figures, where values of few samples may not; None for a local page,
        which names all.

    Raises
    ------
    InputError
        The folder does not exist or cannot be written, or the run was kept without texts and ``share`` is not set.
    """
    if not share:
        hint = "Take share=True, or write it with the scan: labelsift scan … --html"
        require_texts(report.samples, "A page with texts", run=report.run, hint=hint)
        if recorded and report.store is not None:
            report.store.wrote(report.run, REPORT_PAGE, path)
    return save(render_page(report, share=share, with_map=with_map, brief=brief, named=named), Path(path))


def save(page: str, path: Path) -> Path:
    """Write a page to a file in one step, and return its path.

    Raises
    ------
    InputError
        The folder does not exist or cannot be written.
    """
    try:
        with whole_file(path) as half:
            half.write_text(page, encoding="utf-8", newline="")
    except OSError as error:
        raise InputError(
            f"The page cannot be written to {path}: {error.strerror}", hint="Name a file in a folder that exists"
        ) from error
    return path


def render_page(
    report: Run,
    *,
    share: bool = False,
    with_map: bool = True,
    brief: bool = False,
    named: Collection[str] | None = None,
) -> str:
    """Return the page's HTML."""
    style = template("page.css")
    script = "(() => {\n'use strict';\n" + "\n".join(map(template, SCRIPTS)) + "\n})();\n"
    fixed = {"style": style, "script": script, "style_hash": content_hash(style), "script_hash": content_hash(script)}
    overview = Overview(report, named=named)
    head = {name: html.escape(visible(text)) for name, text in headline(overview).items()}
    head["version"] = html.escape(installed_version("labelsift") or "")
    frame = Template(template("index.html"))
    empty = frame.substitute(fixed, **head, content="")
    room = (BRIEF_BYTES if brief else PAGE_BYTES) - len(empty.encode("utf-8"))
    data = encode(content(overview, share=share, room=room, with_map=with_map, brief=brief))
    return frame.substitute(fixed, **head, content=data)


def template(name: str) -> str:
    """Return one of the page's own files."""
    return resources.files("labelsift.render.page").joinpath(name).read_text(encoding="utf-8")


def content_hash(text: str) -> str:
    """Return how a Content-Security-Policy names a text."""
    return "sha256-" + base64.b64encode(hashlib.sha256(text.encode("utf-8")).digest()).decode("ascii")
