"""Take the pictures of docs/images from the real pages: ``make images``.

The demo's data is scanned, pushed to a real local Label Studio and logged to a real local MLflow
server; then Chromium opens their pages as a user would. Nothing is drawn by hand, so the pictures
show what this checkout does. Servers are installed on first use, and stopped in the end.
"""

from __future__ import annotations

import argparse
import contextlib
import os
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from io import BytesIO
from pathlib import Path
from typing import Any

import labelsift as ls
from labelsift.demo.tickets import write_tickets
from labelsift.demo.tour import METADATA, PROJECT
from labelsift.integrations.label_studio.server import LabelStudioServer
from labelsift.integrations.mlflow.server import MLflowServer
from labelsift.report import Report
from labelsift.wording import words

IMAGES = Path(__file__).parent / "images"
CHROMIUM = Path("/usr/bin/chromium")
FLAGS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)
WIDTH, HEIGHT = 1360, 850
LOW = 600  # pages whose lower part is empty
LARGEST = 300_000  # bytes of a picture
COLORS = 128


def main() -> None:
    """Scan, push, log, and take every picture."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--chromium", type=Path, default=CHROMIUM, help="the browser's program")
    parser.add_argument("--to", type=Path, default=IMAGES, help="where the pictures go")
    options = parser.parse_args()
    if not options.chromium.exists():
        sys.exit(f"There is no {options.chromium}: apt-get install chromium, or name yours with --chromium")
    options.to.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="labelsift-images-") as folder, contextlib.ExitStack() as running:
        place = Path(folder)
        report = _scan(place)
        page = report.to_html(place / "report.html")
        browser = running.enter_context(_browser(options.chromium))
        take = _camera(options.to)
        _of_report(browser, page, take)
        server = running.enter_context(LabelStudioServer(place / "label-studio", say=_say))
        running.enter_context(_variables(server.variables()))
        pushed = report.push("label-studio", project=PROJECT)
        _of_label_studio(browser, server, pushed.links, take)
        tracker = running.enter_context(MLflowServer(place / "mlflow", say=_say))
        # MLflow shows who logged a run; the name of this machine's account is nobody's business.
        quiet = {"MLFLOW_SUPPRESS_PRINTING_URL_TO_STDOUT": "true", "LOGNAME": "demo"}
        running.enter_context(_variables({"MLFLOW_TRACKING_URI": tracker.url, **quiet}))
        _of_mlflow(browser, report.log("mlflow").links["run"], take)


def _scan(folder: Path) -> Report:
    data, _truth = write_tickets(folder, 0)
    samples = ls.read(data, label="label", id="ticket_id", split="split", metadata=METADATA)
    return ls.scan(samples, store=None, progress=_say)


def _of_report(browser: Any, path: Path, take: Callable[..., None]) -> None:  # noqa: ANN401 - playwright's
    page = _page(browser)
    page.goto(path.as_uri())
    page.wait_for_selector("html[data-ready]")
    take(page, "report")
    page.locator("#list summary").first.click()
    page.locator("#samples").evaluate("section => section.scrollIntoView()")
    take(page, "report-samples")
    page.context.close()


def _of_label_studio(
    browser: Any,  # noqa: ANN401 - playwright's
    server: LabelStudioServer,
    links: Mapping[str, str],
    take: Callable[..., None],
) -> None:
    page = _page(browser, height=LOW)
    page.goto(f"{server.url}/user/login")
    page.fill("input[name=email]", server.username)
    page.fill("input[name=password]", server.password)
    page.click("button[type=submit]")
    page.wait_for_url(lambda url: "login" not in url)
    page.goto(links[words("label").title])
    page.get_by_text("Label All Tasks").wait_for()
    page.locator(".dm-table-row, [class*=table-row]").nth(5).wait_for()
    take(page, "tab", after=3)
    page.goto(links["review"])
    page.get_by_text("Label All Tasks").click()
    page.locator(".ls-ask").wait_for()
    take(page, "task", after=3)
    page.context.close()


def _of_mlflow(browser: Any, address: str, take: Callable[..., None]) -> None:  # noqa: ANN401 - playwright's
    page = _page(browser)
    page.goto(address)
    page.get_by_text("look wrong").first.wait_for()
    page.get_by_text("Created by").wait_for()
    page.get_by_role("button", name="Close").click()  # the assistant beside the run
    page.get_by_text("Show more").first.click()
    take(page, "mlflow-run", after=3)
    page.context.close()


@contextlib.contextmanager
def _browser(program: Path) -> Iterator[Any]:
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=program, args=list(FLAGS))
        try:
            yield browser
        finally:
            browser.close()


def _page(browser: Any, *, height: int = HEIGHT) -> Any:  # noqa: ANN401 - playwright's
    context = browser.new_context(viewport={"width": WIDTH, "height": height}, locale="en-US", timezone_id="UTC")
    context.set_default_timeout(120_000)
    return context.new_page()


def _camera(folder: Path) -> Callable[..., None]:
    def take(page: Any, name: str, *, after: float = 1) -> None:  # noqa: ANN401 - playwright's
        time.sleep(after)  # fonts, charts and fading notes; nothing on the pages says that they have settled
        made = _smaller(page.screenshot())
        (folder / f"{name}.png").write_bytes(made)
        _say(f"{name}.png: {len(made) / 1000:.0f} kB")
        if len(made) > LARGEST:
            sys.exit(f"{name}.png is larger than {LARGEST / 1000:.0f} kB")

    return take


def _smaller(picture: bytes) -> bytes:
    """Reduce a screenshot to a palette, which flat pages lose nothing by."""
    from PIL import Image  # comes with label-studio-sdk

    into = BytesIO()
    colors = Image.open(BytesIO(picture)).convert("RGB").quantize(COLORS, dither=Image.Dither.NONE)
    colors.save(into, "PNG", optimize=True)
    return min(picture, into.getvalue(), key=len)


@contextlib.contextmanager
def _variables(variables: Mapping[str, str]) -> Iterator[None]:
    before = {name: os.environ.get(name) for name in variables}
    os.environ.update(variables)
    try:
        yield
    finally:
        for name, value in before.items():
            os.environ.pop(name, None) if value is None else os.environ.update({name: value})


def _say(line: str) -> None:
    print(line, file=sys.stderr)  # noqa: T201 - a script


if __name__ == "__main__":
    main()
