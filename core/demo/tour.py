"""``labelsift demo``: the whole loop on built-in data and real local platforms.

On a terminal the platforms stay up until Ctrl-C; without one the platforms are asked what arrived, one
JSON summary is printed, and everything is stopped.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import sys
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.text import Text

from .. import platforms
from ..cli_shared import progress, write_json
from ..errors import InputError
from ..platforms import Local, Receipt, Showcase
from ..reading import read
from ..report import Report
from ..scanning import scan
from ..terminal import print_summary
from .tickets import write_tickets

LABELER = "label-studio"
TRACKERS = ("mlflow", "wandb")
PROJECT = "Tickets"
METADATA = ("channel", "state", "plan", "gender")
_MARK = "made-by-labelsift-demo"

Say = Callable[[str], None]


def tour(folder: Path, *, seed: int = 0, platforms: bool = True) -> None:
    """Scan the built-in data and show what was found, on this machine's terminal and platforms.

    Parameters
    ----------
    folder
        Takes data, truth, report, run store, logs and the platforms' data; what an earlier tour left
        there is removed, any other folder that is not empty is refused.
    seed
        Of the built-in data.
    platforms
        Start the platforms as well.
    """
    interactive = sys.stdin.isatty() and sys.stdout.isatty()
    console = Console(highlight=False, stderr=not interactive)
    _prepare(folder)
    report = _scan(folder, seed=seed, quiet=not interactive)
    page = report.to_html(folder / "report.html")
    if interactive:
        print_summary(report, console=console, page=page)
    summary: dict[str, Any] = {"scan": report.summary(), "report": str(page)}
    if platforms:
        with contextlib.ExitStack() as running:
            places, receipts = _through_platforms(report, folder, running, say=_speaker(console))
            page = report.to_html(page)  # once more, with a link from each sample to its task
            for name, receipt in receipts.items():
                summary[name.replace("-", "_")] = places[name][0].arrived(receipt)
            if interactive:
                _show(console, places, receipts, page=page)
                _until_interrupted(console)
    if not interactive:
        write_json(summary)


def _prepare(folder: Path) -> None:
    if folder.exists() and any(folder.iterdir()):
        if not (folder / _MARK).exists():
            raise InputError(f"{folder} is not empty, and no demo made it", cure="Name another folder: --folder NAME")
        shutil.rmtree(folder)
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    (folder / _MARK).touch()


def _scan(folder: Path, *, seed: int, quiet: bool) -> Report:
    data, _truth = write_tickets(folder, seed)
    samples = read(data, text="text", label="label", id="ticket_id", split="split", metadata=METADATA)
    with progress(quiet) as say:
        return scan(samples, store=folder / ".labelsift", progress=say)


def _through_platforms(
    report: Report, folder: Path, running: contextlib.ExitStack, *, say: Say
) -> tuple[dict[str, tuple[Showcase, Local]], dict[str, Receipt]]:
    """Start every platform, push to the labeling one and log to the trackers."""
    names = (LABELER, *TRACKERS)
    with ThreadPoolExecutor(len(names)) as starting:  # at once: the first start of each takes minutes
        ready = {name: starting.submit(_start, name, folder / name, running, say) for name in names}
    places = {name: one.result() for name, one in ready.items()}
    for _, local in places.values():
        running.enter_context(_variables(local.variables))
    say(f"Pushing the flagged samples to {LABELER} …")
    receipts = {LABELER: report.push(LABELER, project=PROJECT)}
    for name in TRACKERS:
        say(f"Logging to {name} …")
        receipts[name] = report.log(name)
    return places, receipts


def _start(name: str, folder: Path, running: contextlib.ExitStack, say: Say) -> tuple[Showcase, Local]:
    place = platforms.get(name)
    if not isinstance(place, Showcase):
        raise InputError(f"{name} cannot be tried locally", cure="Update the package that offers it")
    say(f"Starting {name} …")
    return place, running.enter_context(place.local(folder, say=say))


@contextlib.contextmanager
def _variables(variables: dict[str, str]) -> Iterator[None]:
    before = {name: os.environ.get(name) for name in variables}
    os.environ.update(variables)
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                os.environ.pop(name, None)
            else:
                os.environ[name] = value


def _speaker(console: Console) -> Say:
    return lambda line: console.print(Text(line, style="dim"))


def _show(
    console: Console, places: dict[str, tuple[Showcase, Local]], receipts: dict[str, Receipt], *, page: Path
) -> None:
    console.print(Text("Have a look", style="bold underline"))
    console.print(f"  report       {page}", soft_wrap=True, markup=False)
    for name, (_, local) in places.items():
        for label, address in receipts[name].links.items():
            console.print(f"  {name:12} {label}: {address}", soft_wrap=True, markup=False)
        for line in local.look:
            console.print(Text(f"               {line}", style="dim"), soft_wrap=True)


def _until_interrupted(console: Console) -> None:
    console.print(Text("Everything runs until you press Ctrl-C.", style="bold"))
    with contextlib.suppress(KeyboardInterrupt):
        while True:
            time.sleep(3600)
    console.print("Stopping …")
