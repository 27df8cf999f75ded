"""The summary of a scan on a terminal."""

from __future__ import annotations

import json
import shlex
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pyarrow.compute as pc
from rich import box
from rich.console import Console, Group
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from ..data.issues import percent, shortened, visible, words
from ..data.label_sets import changed, shown
from ..data.schemas import of_issue
from ..render.confusions import confusions_in
from ..render.overview import Overview
from ..store.base import DEFAULT

if TYPE_CHECKING:
    from ..report import Report

WIDEST = 120
BAD, GOOD, QUIET = "red", "green", "dim"
CLASSES_SHOWN = 5
CONFUSIONS_SHOWN = 5
NOTES_SHOWN = 8
ANNOTATORS_SHOWN = 8
NOTE_LENGTH = 600


def print_summary(
    report: Report,
    *,
    console: Console | None = None,
    limit: int = 10,
    page: str | Path | None = None,
    store: str | Path | None = DEFAULT,
) -> None:
    """Print what a scan found and what to do next.

    Every text of the data goes to the terminal as plain text: control characters are shown as
    pictures, and what looks like markup is no markup.

    Parameters
    ----------
    report
        The scan.
    console
        Where to print; standard output by default.
    limit
        How many of the worst samples to name.
    page
        Where the HTML page was written, to be named among the next steps.
    store
        Where the run is kept, for the next steps; None where it is not.
    """
    console = console or Console(highlight=False)
    overview = Overview(report)
    width = max(min(console.width, WIDEST), 40)
    parts = [
        _headline(overview),
        _issues(overview),
        _worst(report, limit, width),
        _classes(overview, width),
        _recurring(report, width),
        _annotators(report),
        _notes(report),
        _next(report, overview, page, store),
    ]
    shown = [Padding(part, (1, 0, 0, 1)) for part in parts if part is not None]
    console.print(Group(*shown), width=width, highlight=False, emoji=False)
    console.print()


def _headline(overview: Overview) -> Group:
    report = overview.report
    facts = [_clean(report.samples.name, 60), f"{overview.rows:,} samples"]
    if overview.classes:
        facts.append(f"{len(overview.classes):,} {'labels' if report.samples.task == 'multilabel' else 'classes'}")
    facts.append(f"run {_clean(report.run, 60)}")
    lines = [Text(" · ".join(facts), style=QUIET), Text(overview.verdict.replace("\u00a0", " "), style="bold")]
    if overview.details:
        lines.append(Text(visible(overview.details)))
    return Group(*lines)


def _issues(overview: Overview) -> Table | Text | None:
    found = [one for one in overview.issues if one.count]
    none = [words(one.issue).title.lower() for one in overview.issues if not one.count]
    also = f"Also looked for, and not found: {', '.join(none)}." if none else ""
    if not found:
        return Text(also, style=QUIET) if also else None
    table = _table("Findings", caption=also)
    table.add_column("Issue", no_wrap=True)
    table.add_column("Samples", justify="right", no_wrap=True)
    table.add_column("Share", justify="right", no_wrap=True)
    table.add_column("", style=QUIET)
    for one in found:
        share = percent(one.count, one.of).replace("\u00a0", " ")
        style = BAD if one.issue in ("label", "span") else ""
        table.add_row(Text(words(one.issue).title), Text(f"{one.count:,}", style), share, words(one.issue).meaning)
    return table


def _worst(report: Report, limit: int, width: int) -> Group | None:
    """Name the samples with the worst labels, or the worst of any kind where labels were not judged."""
    samples = report.findings.filter(pc.equal(report.findings["scope"], "sample"))
    leading = "span" if report.samples.task == "spans" else "label"
    labels = of_issue(samples, leading)
    shown = labels if labels.num_rows else samples
    rows = _first_of_each(shown, max(limit, 0))
    if not rows:
        return None
    positions = pc.index_in(
        pa.array([row["id"] for row in rows], pa.string()), value_set=report.samples.ids.combine_chunks()
    )
    table = Table.grid(padding=(0, 1))
    table.add_column(justify="right", style=QUIET, no_wrap=True)
    table.add_column()
    for place, (row, position) in enumerate(zip(rows, positions.to_pylist(), strict=True), start=1):
        if place > 1:
            table.add_row()
        table.add_row(str(place), Group(*_entry(row, _body(report, position), width - 8)))
    title = f"Worst {leading}s" if labels.num_rows else "Worst samples"
    return Group(Text(title, style="bold underline"), table)


def _body(report: Report, position: int | None) -> str | None:
    """Return what stands for a sample: its text, or where there are none at all its metadata; None without either."""
    if report.samples.has_texts:
        return "" if position is None else report.samples.table["text"][position].as_py()
    if position is None or not report.samples.metadata.num_columns:
        return None
    row = report.samples.metadata.slice(position, 1).to_pylist()[0]
    return " · ".join(f"{name} {value}" for name, value in row.items() if value is not None) or None


def _first_of_each(findings: pa.Table, limit: int) -> list[dict[str, Any]]:
    """Return the worst finding of each of so many samples: a set of labels may have several."""
    ids = findings["id"].to_pylist()
    first = list({one: at for at, one in reversed(list(enumerate(ids)))}.values())
    return findings.take(pa.array(sorted(first)[:limit], pa.int64())).to_pylist()


def _entry(row: dict[str, Any], text: str | None, width: int) -> list[Text]:
    """Three lines: id, given and suggested label; the text, or without one the metadata; the reason."""
    head = Text().append(_clean(row["id"], 40), style="bold")
    if row["issue"] == "span":
        return _marked(row, head, text, width)
    given, suggested = _value(row["given"]), _value(row["suggested"])
    sets = [json.loads(row[name] or "null") for name in ("given", "suggested")]
    if all(isinstance(one, list) for one in sets):
        suggested = _clean(changed(*sets), 60) or suggested
    if given:
        head.append("  ").append(given, style=BAD)
    if suggested:
        head.append(" → " if given else "  ").append(suggested, style=GOOD)
    if row["confidence"] is not None:
        head.append(f"  {percent(row['confidence'])}".replace("\u00a0", " "), style=QUIET)
    if row["issue"] != "label":
        head.append(f"  {words(row['issue']).one}", style=QUIET)
    reason = Text(_clean(row["reason"], 400), style=QUIET)
    if text is None:
        return [head, reason]
    body = " ".join(text[: width * 8].split())
    line = Text(_clean(body, width) or "(empty)", style="" if body else QUIET, no_wrap=True, overflow="ellipsis")
    return [head, line, reason]


def _marked(row: dict[str, Any], head: Text, text: str | None, width: int) -> list[Text]:
    """Three lines as of a label: what is marked and what should be; the words in their place; the reason."""
    given, suggested = (json.loads(row[name]) if row[name] else None for name in ("given", "suggested"))
    head.append("  ").append(_clean(given[2] if given else "not marked", 40), style=BAD)
    head.append(" → ").append(_clean(suggested[2] if suggested else "nothing", 40), style=GOOD)
    if row["confidence"] is not None:
        head.append(f"  {percent(row['confidence'])}".replace("\u00a0", " "), style=QUIET)
    head.append(f"  {row['kind'].replace('_', ' ')}", style=QUIET)
    reason = Text(_clean(row["reason"], 400), style=QUIET)
    if not text:  # of a run that was kept without texts
        return [head, reason]
    spans = [one for one in (given, suggested) if one]
    start, end = min(one[0] for one in spans), max(one[1] for one in spans)
    before = max(0, start - max(width // 2 - (end - start), 10))
    shown = Text(no_wrap=True, overflow="ellipsis").append("…" if before else "")
    cuts = sorted({before, *(place for one in spans for place in one[:2]), min(len(text), before + 2 * width)})
    for first, last in pairwise(cuts):
        wrong = given and given[0] <= first and last <= given[1]
        right = suggested and suggested[0] <= first and last <= suggested[1]
        shown.append(
            visible(text[first:last]),
            style=" ".join([BAD] * bool(wrong and not right) + ["bold"] * bool(wrong or right)),
        )
    return [head, shown, reason]


def _classes(overview: Overview, width: int) -> Table | None:
    weak = [one for one in overview.classes if one.flagged][:CLASSES_SHOWN]
    if not weak:
        return None
    agreed = any(one.agreement is not None for one in weak)
    sets = overview.report.samples.task == "multilabel"
    table = _table("Weakest labels" if sets else "Weakest classes")
    half = max((width - 48) // 2, 10)  # what the figures leave, for two names
    table.add_column("Label" if sets else "Class", max_width=half, overflow="ellipsis", no_wrap=True)
    table.add_column("Suspicious", justify="right", no_wrap=True)
    table.add_column("Share", justify="right", no_wrap=True)
    table.add_column(
        "Extra, missing" if sets else "Most often looks like", max_width=half + 6, overflow="ellipsis", no_wrap=True
    )
    if agreed:
        table.add_column("Agrees", justify="right", no_wrap=True)
    for one in weak:
        like = Text(f"{one.flagged - one.incoming:,}, {one.incoming:,}" if sets else _clean(one.confused_with, 60))
        if one.confused:
            like.append(f" × {one.confused:,}", style=QUIET)
        cells = [
            Text(_clean(one.name, 60)),
            f"{one.flagged:,} of {one.rows:,}",
            percent(one.flagged, one.rows).replace("\u00a0", " "),
            like,
        ]
        if agreed:
            cells.append("–" if one.agreement is None else percent(one.agreement).replace("\u00a0", " "))
        table.add_row(*cells)
    return table


def _recurring(report: Report, width: int) -> Table | None:
    found = confusions_in(report.findings)
    if not found:
        return None
    more = len(found) - CONFUSIONS_SHOWN
    caption = f"and {more:,} rarer ones; their samples side by side on the page" if more > 0 else ""
    table = _table("Confusions that recur", caption=caption)
    half = max((width - 48) // 2, 10)
    table.add_column("Labeled", max_width=half, overflow="ellipsis", no_wrap=True)
    table.add_column("Look like", max_width=half, overflow="ellipsis", no_wrap=True)
    table.add_column("Samples", justify="right", no_wrap=True)
    table.add_column("Other way", justify="right", no_wrap=True)
    table.add_column("", style=QUIET, no_wrap=True)
    for one in found[:CONFUSIONS_SHOWN]:
        names = (Text(_clean(name, 60)) for name in (one.given, one.suggested))
        table.add_row(*names, f"{one.count:,} of {one.size_given:,}", f"{one.back:,}", _clean(one.verdict, 40))
    return table


def _annotators(report: Report) -> Table | None:
    """Name the annotators whose labels agree least with the rest."""
    people = report.annotators().to_pylist()
    if not people:
        return None
    more = len(people) - ANNOTATORS_SHOWN
    caption = f"By {people[0]['method']}; report.another_opinion() names what to label once more"
    table = _table(
        "Annotators, weakest first", caption=caption + (f"; {more:,} more are not shown" if more > 0 else "")
    )
    table.add_column("Annotator", max_width=40, overflow="ellipsis", no_wrap=True)
    for name in ("Labels", "Agreement", "Quality"):
        table.add_column(name, justify="right", no_wrap=True)
    for one in people[:ANNOTATORS_SHOWN]:
        shares = ("–" if one[name] is None else percent(one[name]) for name in ("agreement", "quality"))
        table.add_row(
            Text(_clean(one["annotator"], 60)), f"{one['labels']:,}", *(s.replace("\u00a0", " ") for s in shares)
        )
    return table


def _notes(report: Report) -> Group | None:
    if not report.notes:
        return None
    grid = Table.grid(padding=(0, 1))
    for note in report.notes[:NOTES_SHOWN]:
        grid.add_row(Text("•", style=QUIET), Text(_clean(note, NOTE_LENGTH)))
    more = len(report.notes) - NOTES_SHOWN
    if more > 0:
        grid.add_row("", Text(f"and {more:,} more, on the page", style=QUIET))
    return Group(Text("Good to know", style="bold underline"), grid)


def _next(report: Report, overview: Overview, page: str | Path | None, store: str | Path | None) -> Group:
    steps: list[tuple[str, str]] = []
    if page is not None:
        steps.append((_clean(str(page), 200), "the whole report: open it in a browser"))
    if store is None:
        steps.append(("labelsift scan … --store .labelsift", "keep the run, to push, log and search it"))
    else:
        kept = "" if str(store) == DEFAULT else f" --store {_clean(shlex.quote(str(store)), 200)}"
        if report.findings.num_rows and report.samples.task == "classification":  # what push takes
            steps.append((f"labelsift push label-studio PROJECT{kept}", "have people decide, worst first"))
        steps.append((f"labelsift log mlflow{kept}", "keep the figures beside your experiments"))
        if overview.rows:
            steps.append((f'labelsift similar "…"{kept}', "find samples like a text or an id"))
    grid = Table.grid(padding=(0, 2))
    grid.add_column(no_wrap=len(steps[0][0]) < 45)
    grid.add_column(style=QUIET)
    for command, why in steps:
        grid.add_row(Text(command, style="cyan"), why)
    return Group(Text("Next", style="bold underline"), grid)


def _table(title: str, *, caption: str = "") -> Table:
    return Table(
        title=Text(title, style="bold underline"),
        title_justify="left",
        caption=Text(caption, style=QUIET) if caption else None,
        caption_justify="left",
        box=box.SIMPLE_HEAD,
        show_edge=False,
        pad_edge=False,
        header_style=QUIET,
    )


def _value(cell: str | None) -> str:
    value = json.loads(cell) if cell else None
    if value is None:
        return ""
    return _clean(shown(value), 40)


def _clean(text: str, length: int) -> str:
    """Shorten first, so that a text of megabytes costs nothing, then show what could act on a terminal."""
    return shortened(visible(text[: length + 1]), length)
