"""Take the pictures of docs/images from the real pages: ``make images``.

The demo's data is scanned, pushed to a real local Label Studio and logged to a real local MLflow
server; then Chromium opens their pages as a user would. Nothing is drawn by hand, so the pictures
show what this checkout does. Servers are installed on first use, and stopped in the end; pictures that need none
are taken alone by their names: ``make images NAMES="comparison similar"``.
"""

from __future__ import annotations

import argparse
import contextlib
import csv
import json
import os
import random
import secrets
import shlex
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime
from functools import partial
from io import StringIO
from pathlib import Path
from typing import Any
from xml.sax.saxutils import quoteattr

import labelsift as ls
import mlflow_pictures
import notebook_page
import pyarrow as pa
from backend_process import BackendServer
from camera import HEIGHT, WIDTH, browser, camera, page_of, say
from labelsift.data.issues import issue_named
from labelsift.data.schemas import CORRECTIONS_SCHEMA
from labelsift.demo.tickets import write_tickets
from labelsift.demo.tour import METADATA, PROJECT
from labelsift.integrations.argilla.server import ArgillaServer
from labelsift.integrations.embedding_atlas import EmbeddingAtlas
from labelsift.integrations.label_studio import LabelStudio
from labelsift.integrations.label_studio.client.client import Client
from labelsift.integrations.label_studio.server import LabelStudioServer
from labelsift.integrations.mlflow.server import MLflowServer
from labelsift.metrics.compare import compare
from labelsift.render import comparison_page
from labelsift.report import Report
from other_kinds import sets_report, spans_report
from rich.console import Console
from rich.text import Text

IMAGES = Path(__file__).parent / "images"
CHROMIUM = Path("/usr/bin/chromium")
PHONE = 390
LOW = 600  # pages whose lower part is empty
SHORT, TALL = 475, 1250
STORE, TRUTH = ".labelsift", Path("truth") / "truth.csv"
TERMINAL = """<body style="margin:0; background:#fff">
<pre style="margin:0; padding:24px 32px; font:16px/1.35 'DejaVu Sans Mono',Menlo,Consolas,monospace">
<code style="font-family:inherit">{code}</code></pre></body>"""
MEANINGS = {
    "change_plan": "Moving to another plan, or its price.",
    "cancel_subscription": "Ending a subscription, or how to.",
}
PEOPLE = ("ann@example.com", "bob@example.com")
REPORT = ("report", "report-checks", "report-map", "report-samples", "report-phone")
EXPLORE = "explore"
LABEL_STUDIO, MLFLOW = ("tab", "task", "task-copy"), mlflow_pictures.NAMES
KINDS = {"task-spans": ("prefill", "span", spans_report), "task-sets": ("choose", "label", sets_report)}
COMPARISON, SIMILAR, NOTEBOOK = ("comparison", "comparison-rows"), ("similar",), "notebook"
SLICES = ("report-slices", "report-cell")
ENABLED = ("enable-tabs", "model-settings")
ARGILLA = {"argilla-choose": "label", "argilla-copy": "near_duplicate"}
ARGILLA_SPANS = "argilla-spans"
PICTURES = (
    *REPORT,
    *SLICES,
    EXPLORE,
    *COMPARISON,
    *SIMILAR,
    NOTEBOOK,
    *LABEL_STUDIO,
    *KINDS,
    *ENABLED,
    *ARGILLA,
    ARGILLA_SPANS,
    *MLFLOW,
)
PORT = 9090  # of the backend, as the README has it
PASSWORD = secrets.token_urlsafe(12)  # of the backend
SEARCHES = (
    'labelsift similar "my card was charged twice" -k 3',
    'labelsift similar T0078 -k 3 --where "is_label_issue"',
)


def main() -> None:
    """Scan, push, log, and take every picture."""
    options = _options()
    options.to.mkdir(parents=True, exist_ok=True)
    only = set(options.names or PICTURES)
    take = camera(options.to, only)
    with tempfile.TemporaryDirectory(prefix="labelsift-images-") as folder, contextlib.ExitStack() as running:
        place = Path(folder)
        report = _scan(place)
        chromium = running.enter_context(browser(options.chromium))
        _of_pages(chromium, report, place, take, only=only)
        if only.intersection(SIMILAR):
            _of_similar(chromium, place, take)
        if only.intersection(COMPARISON):
            _of_comparison(chromium, report, place, take)
        if NOTEBOOK in only:
            _of_notebook(chromium, place, take)
        if only.intersection((*LABEL_STUDIO, *KINDS, *ENABLED)):
            server = running.enter_context(LabelStudioServer(place / "label-studio", say=say))
            running.enter_context(_variables(server.variables()))
            if only.intersection(LABEL_STUDIO):
                links = report.push("label-studio", project=PROJECT, definitions=MEANINGS).links
                copies = report.push("label-studio", project="Copies", only=["exact_duplicate", "near_duplicate"]).links
                _of_label_studio(chromium, server, links, copies, take)
            _of_kinds(chromium, server, take, only=only)
            if only.intersection(ENABLED):
                _of_enabling(chromium, server, report, place, take)
        if only.intersection((*ARGILLA, ARGILLA_SPANS)):
            _of_argilla(chromium, place / "argilla", report, take)
        if only.intersection(MLFLOW):
            tracker = running.enter_context(MLflowServer(place / "mlflow", say=say))
            # MLflow shows who logged a run; the name of this machine's account is nobody's business.
            quiet = {"MLFLOW_SUPPRESS_PRINTING_URL_TO_STDOUT": "true", "LOGNAME": "demo"}
            running.enter_context(_variables({"MLFLOW_TRACKING_URI": tracker.url, **quiet}))
            decide = partial(_decisions, place=place)
            mlflow_pictures.take_all(chromium, report, decide, place / "mlflow-store", take)


def _of_pages(
    chromium: Any,  # noqa: ANN401 - playwright's
    report: Report,
    place: Path,
    take: Callable[..., None],
    *,
    only: set[str],
) -> None:
    """Show the report, the slices of another one, and the explorer."""
    _of_report(chromium, report.to_html(place / "report.html"), take)
    if only.intersection(SLICES):
        _of_slices(chromium, place, take)
    if EXPLORE in only:
        _of_explorer(chromium, report, place / "explore", take)


def _options() -> argparse.Namespace:
    """Read the command line; names that no picture has end it."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--chromium", type=Path, default=CHROMIUM, help="the browser's program")
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"all by default: {', '.join(PICTURES)}")
    parser.add_argument("--to", type=Path, default=IMAGES, help="where the pictures go")
    options = parser.parse_args()
    if not options.chromium.exists():
        sys.exit(f"There is no {options.chromium}: apt-get install chromium, or name yours with --chromium")
    unknown = set(options.names) - set(PICTURES)
    if unknown:
        sys.exit(f"There is no picture {', '.join(sorted(unknown))}; there are {', '.join(PICTURES)}")
    return options


def _of_notebook(chromium: Any, place: Path, take: Callable[..., None]) -> None:  # noqa: ANN401 - playwright's
    (place / "notebook").mkdir()  # with a store of its own: a second scan would take no time
    notebook = place / "notebook.html"
    notebook.write_text(notebook_page.page(notebook_page.run(place / "notebook"), first=2), encoding="utf-8")
    page = page_of(chromium, height=960)
    page.goto(notebook.as_uri())
    take(page, NOTEBOOK)


def _scan(folder: Path) -> Report:
    data, _truth = write_tickets(folder, 0)
    samples = ls.read(data, label="label", id="ticket_id", split="split", metadata=METADATA)
    return ls.scan(samples, store=folder / STORE, progress=say)


def _of_similar(chromium: Any, place: Path, take: Callable[..., None]) -> None:  # noqa: ANN401 - playwright's
    """Run the searches as a user would, and show the terminal."""
    terminal = Console(record=True, width=118, file=StringIO(), force_terminal=True)
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    wide = {**os.environ, "COLUMNS": "118", "FORCE_COLOR": "1", "PATH": path}
    for search in SEARCHES:
        done = subprocess.run(shlex.split(search), cwd=place, env=wide, check=True, capture_output=True, text=True)
        terminal.print(Text.assemble(("$ ", "dim"), (search, "bold")))
        terminal.print(Text.from_ansi(done.stdout))
    page = page_of(chromium, height=SHORT)
    page.set_content(terminal.export_html(inline_styles=True, code_format=TERMINAL))
    take(page, "similar")
    page.context.close()


def _of_comparison(
    chromium: Any,  # noqa: ANN401 - playwright's
    report: Report,
    place: Path,
    take: Callable[..., None],
) -> None:
    """Correct what was planted and found, scan again, and compare."""
    ls.record(_decisions(report, place), store=place / STORE)
    after = ls.scan(report.samples.apply(ls.recorded(store=place / STORE)), store=place / STORE, progress=say)
    changes = comparison_page.write(compare(report, after, by=["state", "gender"]), place / "comparison.html")
    page = page_of(chromium, height=TALL)
    page.goto(changes.as_uri())
    take(page, "comparison")
    page.set_viewport_size({"width": WIDTH, "height": LOW})
    page.locator("#rows").evaluate("section => section.scrollIntoView()")
    take(page, "comparison-rows")
    page.context.close()


def _decisions(report: Report, place: Path) -> pa.Table:
    """Return decisions of people who know the truth on the samples whose label was flagged, and on empty ones."""
    with (place / TRUTH).open(newline="", encoding="utf-8") as file:
        right = {row["ticket_id"]: row["true_label"] for row in csv.DictReader(file)}
    rows = []
    for at, one in enumerate(report.findings.to_pylist()):
        label, given, suggested = right.get(one["id"]), json.loads(one["given"]), json.loads(one["suggested"])
        row = {"id": one["id"], "person": PEOPLE[at % 2], "platform": "label-studio", "run": report.run}
        row["time"] = datetime.now(UTC)
        if one["issue"] == "empty":
            rows.append(row | {"action": "remove", "value": "null"})
        elif one["issue"] == "label" and label and label != given:
            verdict = "accepted" if label == suggested else "changed"
            rows.append(row | {"action": "relabel", "verdict": verdict, "value": json.dumps(label)})
    return pa.Table.from_pylist(rows, CORRECTIONS_SCHEMA)


def _of_report(chromium: Any, path: Path, take: Callable[..., None]) -> None:  # noqa: ANN401 - playwright's
    page = page_of(chromium)
    page.goto(path.as_uri())
    page.wait_for_selector("html[data-ready]")
    take(page, "report")
    page.locator("#checks").evaluate("section => section.scrollIntoView()")
    take(page, "report-checks")
    page.locator("#map").evaluate("section => section.scrollIntoView({ behavior: 'instant' })")
    page.wait_for_selector("#map[data-drawn]")
    page.locator("#map-color").select_option(label="Label")
    _point(page, page.locator("#map-canvas").bounding_box())
    take(page, "report-map")
    page.locator("#list summary").first.click()
    page.locator("#list input").nth(1).check()
    page.locator("#samples").evaluate("section => section.scrollIntoView()")
    take(page, "report-samples")
    page.set_viewport_size({"width": PHONE, "height": HEIGHT})
    page.locator("#matrix").evaluate("section => section.scrollIntoView()")
    take(page, "report-phone")
    page.context.close()


def _of_slices(chromium: Any, place: Path, take: Callable[..., None]) -> None:  # noqa: ANN401 - playwright's
    """Show the slices of a model that is weak for free accounts in California, and where a cell of them leads."""
    folder = place / "slices"
    data, _truth = write_tickets(folder, 0)
    with open(data, newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    draw, labels = random.Random(0), sorted({row["label"] for row in rows})  # noqa: S311 - a picture, no secret
    for row in rows:
        weak = row["state"] == "CA" and row["plan"] == "free"
        row["predicted"] = draw.choice(labels) if draw.random() < (0.55 if weak else 0.09) else row["label"]
    roles = {"label": "label", "id": "ticket_id", "predicted": "predicted", "metadata": METADATA}
    slices = {"german": "language = 'de'", "long mails": "channel = 'email' AND words > 30"}
    report = ls.scan(ls.read(pa.Table.from_pylist(rows), name="tickets", **roles), store=folder / STORE, slices=slices)
    page = page_of(chromium, height=TALL)
    page.goto(report.to_html(folder / "report.html", with_map=False).as_uri())
    page.wait_for_selector("html[data-ready]")
    page.locator("#cells").evaluate("section => section.scrollIntoView({ behavior: 'instant' })")
    take(page, SLICES[0])
    page.set_viewport_size({"width": WIDTH, "height": HEIGHT})
    page.locator(".cells td.heat button").first.click()
    take(page, SLICES[1])
    page.context.close()


def _point(page: Any, box: Mapping[str, float]) -> None:  # noqa: ANN401 - playwright's
    """Move the pointer over the map until it meets a sample."""
    for step in range(60):
        page.mouse.move(box["x"] + (0.15 + 0.01 * step) * box["width"], box["y"] + 0.2 * box["height"])
        if page.locator("#map-tip").is_visible():
            return


def _of_explorer(
    chromium: Any,  # noqa: ANN401 - playwright's
    report: Report,
    folder: Path,
    take: Callable[..., None],
) -> None:
    """Open the run in Embedding Atlas, colored by the issues, in a browser that draws WebGL without a graphics card."""
    folder.mkdir(mode=0o700)
    explorer = EmbeddingAtlas()
    explorer.write(report, folder)
    flags = ["--no-sandbox", "--use-gl=angle", "--use-angle=swiftshader", "--enable-unsafe-swiftshader"]
    drawing = chromium.browser_type.launch(executable_path=str(CHROMIUM), args=flags)
    with explorer.open(folder, say=say) as opened:
        page = page_of(drawing)
        page.goto(opened.url)
        page.wait_for_selector("canvas")
        page.locator("select:visible").first.select_option(value='"label"')
        take(page, EXPLORE, after=15)  # the words on its map come last
    drawing.close()


def _of_label_studio(
    chromium: Any,  # noqa: ANN401 - playwright's
    server: LabelStudioServer,
    links: Mapping[str, str],
    copies: Mapping[str, str],
    take: Callable[..., None],
) -> None:
    page = _logged_in(chromium, server)
    page.goto(links[issue_named("label").title])
    page.get_by_text("Label All Tasks").wait_for()
    page.locator(".dm-table-row, [class*=table-row]").nth(5).wait_for()
    take(page, "tab", after=3)
    page.goto(links["review"])
    page.get_by_text("Label All Tasks").click()
    page.locator(".ls-ask").wait_for()
    take(page, "task", after=3)
    page.goto(copies[issue_named("near_duplicate").title])
    page.get_by_text("Label All Tasks").click()
    page.locator(".ls-copies input").first.wait_for()
    take(page, "task-copy", after=3)
    page.context.close()


def _of_kinds(
    chromium: Any,  # noqa: ANN401 - playwright's
    server: LabelStudioServer,
    take: Callable[..., None],
    *,
    only: set[str],
) -> None:
    """Show a task of each further kind of label."""
    for name, (mode, issue, scanned) in KINDS.items():
        if name in only:
            receipt = scanned().push("label-studio", project=name, mode=mode, only=[issue])
            page = _logged_in(chromium, server)
            page.goto(receipt.links["review"])
            page.get_by_text("Label All Tasks").click()
            page.locator(".ls-ask").wait_for()
            take(page, name, after=3)
            page.context.close()


def _logged_in(chromium: Any, server: LabelStudioServer) -> Any:  # noqa: ANN401 - playwright's
    """Return a page of somebody who is logged in."""
    page = page_of(chromium, height=LOW)
    page.goto(f"{server.url}/user/login")
    page.fill("input[name=email]", server.username)
    page.fill("input[name=password]", server.password)
    page.click("button[type=submit]")
    page.wait_for_url(lambda url: "login" not in url)
    return page


def _of_argilla(
    chromium: Any,  # noqa: ANN401 - playwright's
    folder: Path,
    report: Report,
    take: Callable[..., None],
) -> None:
    """Show a record of each kind, as somebody who is logged in."""
    with ArgillaServer(folder, say=say) as server, _variables(server.variables()):
        _of_records(chromium, server, report, take)


def _of_records(
    chromium: Any,  # noqa: ANN401 - playwright's
    server: ArgillaServer,
    report: Report,
    take: Callable[..., None],
) -> None:
    page = page_of(chromium)
    page.goto(f"{server.url}/sign-in")
    page.locator("input[type=password]").wait_for()
    page.locator("input").first.fill(server.username)
    page.locator("input[type=password]").fill(server.password)
    page.keyboard.press("Enter")
    page.wait_for_url(lambda url: "sign-in" not in url)
    links = report.push("argilla", project=PROJECT, definitions=MEANINGS).links
    for name, issue in ARGILLA.items():
        page.goto(links[issue])
        page.locator("#decision_other").wait_for(state="attached")
        take(page, name, after=3)
    page.goto(spans_report().push("argilla", project="Names", mode="prefill").links["review"])
    page.locator("#decision_other").wait_for(state="attached")
    take(page, ARGILLA_SPANS, after=3)
    page.context.close()


def _of_enabling(
    chromium: Any,  # noqa: ANN401 - playwright's
    server: LabelStudioServer,
    report: Report,
    place: Path,
    take: Callable[..., None],
) -> None:
    """Enable a project that a team has labeled in, push, and look at it as its owner."""
    title, client, platform = "Support tickets", Client(server.url, server.api_key), LabelStudio()
    choices = "".join(f"<Choice value={quoteattr(one)}/>" for one in report.classes)
    config = f'<View><Text name="text" value="$text"/><Choices name="label" toName="text">{choices}</Choices></View>'
    project = client.create_project(title=title, description="", label_config=config, model_version="")
    rows = zip(report.samples.ids.to_pylist(), report.samples.texts.to_pylist(), strict=True)
    client.import_tasks(project, [{"data": {"text": text, "ticket_id": id}} for id, text in rows])
    backend = BackendServer(
        place / STORE,
        [str(project)],
        log=place / "serve.log",
        variables=server.variables(),
        password=PASSWORD,
        port=PORT,
    )
    with backend, _variables({"LABELSIFT_BACKEND_PASSWORD": PASSWORD}):
        platform.enable(project=title, run=report.run, backend=backend.url, store=place / STORE)
        report.push("label-studio", project=title, match="data.ticket_id", budget=60)
        page = _logged_in(chromium, server)
        page.goto(f"{server.url}/projects/{project}/data")
        page.get_by_text(f"⚑ {issue_named('label').title}", exact=True).click()
        page.get_by_text("most similar").first.wait_for()
        take(page, "enable-tabs", after=3)
        page.goto(f"{server.url}/projects/{project}/settings/ml")
        page.get_by_text("Connected", exact=True).wait_for()
        take(page, "model-settings", after=3)
        page.context.close()


@contextlib.contextmanager
def _variables(variables: Mapping[str, str]) -> Iterator[None]:
    before = {name: os.environ.get(name) for name in variables}
    os.environ.update(variables)
    try:
        yield
    finally:
        for name, value in before.items():
            os.environ.pop(name, None) if value is None else os.environ.update({name: value})


if __name__ == "__main__":
    main()
