"""The command ``labelsift demo``: the whole loop on built-in data and real local platforms.

On a terminal the platforms stay up until Ctrl-C; without one the platforms are asked what arrived, one
JSON summary is printed, and everything is stopped.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import shlex
import shutil
import signal
import sys
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, TextIO

import click
from rich.console import Console
from rich.text import Text

from .. import platforms
from ..cli.output import write_json
from ..cli.print_summary import print_summary
from ..errors import InputError
from ..io.read import read
from ..platforms import Local, Platform, Receipt
from ..report import Report
from ..scanning import scan
from ..store.base import DEFAULT
from .local_servers import stop_all
from .tickets import write_tickets

LABELER = "label-studio"
TRACKERS = ("mlflow", "wandb")
PROJECT = "Tickets"
METADATA = ("channel", "state", "plan", "gender")
_MARK = "made-by-labelsift-demo"

Say = Callable[[str], None]


@click.command()
@click.option("--folder", default="labelsift-demo", show_default=True, help="Where data, report and logs go.")
@click.option("--seed", type=int, default=0, show_default=True, help="Of the built-in data.")
@click.option("--labeler", default=LABELER, show_default=True, help="Where people answer; or argilla.")
@click.option("--no-platforms", is_flag=True, help="Only the file part: scan and report.")
def demo(folder: str, seed: int, labeler: str, no_platforms: bool) -> None:
    """Show the whole loop on built-in data, with a real local Label Studio and MLflow and an offline W&B run."""
    tour(Path(folder), seed=seed, labeler=None if no_platforms else labeler)


def tour(folder: Path, *, seed: int = 0, labeler: str | None = LABELER) -> None:
    """Scan the built-in data and show what was found, on this machine's terminal and platforms.

    Parameters
    ----------
    folder
        Takes data, truth, report, run store, logs and the platforms' data; what an earlier tour left
        there is removed, any other folder that is not empty is refused.
    seed
        Of the built-in data.
    labeler
        The labeling platform that is started beside the trackers; None: no platform at all.

    Raises
    ------
    InputError
        If the labeling platform is unknown, cannot run on this machine, or misses what it needs here.
    """
    if labeler is not None:
        platforms.labeler(labeler, "local")
    interactive = sys.stdin.isatty() and sys.stdout.isatty()
    console = Console(highlight=False, stderr=not interactive)
    with contextlib.ExitStack() as running:
        running.enter_context(_claimed(folder))
        report = _scan(folder, seed=seed, quiet=not interactive)
        page = report.to_html(folder / "report.html")
        if interactive:
            print_summary(report, console=console, page=page, store=folder / DEFAULT)
        summary: dict[str, Any] = {"scan": report.summary(), "report": str(page)}
        if labeler is not None:
            places, receipts = _through_platforms(report, folder, running, labeler=labeler, say=_speaker(console))
            page = report.to_html(page)  # once more, with a link from each sample to its task
            for name, receipt in receipts.items():
                summary[name.replace("-", "_")] = places[name][0].arrived(receipt)
            if interactive:
                variables = _write_variables(folder / "env.sh", places)
                _show(console, places, receipts, page=page, variables=variables)
                _until_interrupted(console)
    if not interactive:
        write_json(summary)


def _claimed(folder: Path) -> TextIO:
    """Make the folder empty; the lock that is returned keeps other demos away from it until it is closed."""
    mark = folder / _MARK
    try:
        if folder.exists() and any(folder.iterdir()) and not mark.exists():
            raise InputError(f"{folder} is not empty, and no demo made it", hint="Name another folder: --folder NAME")
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        lock = mark.open("a")
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            lock.close()
            raise InputError(f"A demo is running in {folder}", hint="End it, or name another --folder") from None
        for old in folder.iterdir():
            if old.is_dir() and not old.is_symlink():
                shutil.rmtree(old)
            elif old != mark:
                old.unlink()
    except OSError as error:
        raise InputError(f"{folder} cannot be written ({error.strerror})", hint="Name another --folder") from error
    return lock


def _scan(folder: Path, *, seed: int, quiet: bool) -> Report:
    data, _truth = write_tickets(folder, seed)
    samples = read(data, text="text", label="label", id="ticket_id", split="split", metadata=METADATA)
    return scan(samples, store=folder / DEFAULT, progress=not quiet)


def _through_platforms(
    report: Report, folder: Path, running: contextlib.ExitStack, *, labeler: str, say: Say
) -> tuple[dict[str, tuple[Platform, Local]], dict[str, Receipt]]:
    """Start every platform, push to the labeling one and log to the trackers."""
    names = (labeler, *TRACKERS)
    with ThreadPoolExecutor(len(names)) as starting:  # at once: the first start of each takes minutes
        ready = {name: starting.submit(_start, name, folder / name, running, say) for name in names}
        try:
            places = {name: started.result() for name, started in ready.items()}
        except BaseException:  # Ctrl-C most of all: the pool waits for its threads, which wait for their servers
            say("Stopping …")
            stop_all()
            raise
    for _, local in places.values():
        running.enter_context(_variables(local.variables))
    say(f"Pushing the flagged samples to {labeler} …")
    receipts = {labeler: report.push(labeler, project=PROJECT)}
    for name in TRACKERS:
        say(f"Logging to {name} …")
        receipts[name] = report.log(name)
    return places, receipts


def _start(name: str, folder: Path, running: contextlib.ExitStack, say: Say) -> tuple[Platform, Local]:
    place = platforms.get(name)
    place.require("local")
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


def _write_variables(path: Path, places: dict[str, tuple[Platform, Local]]) -> Path:
    """Write what a shell needs to reach the platforms; private, for one of them is a key."""
    lines = [f"export PATH={shlex.quote(str(Path(sys.executable).parent))}:$PATH"]
    for _, local in places.values():
        lines += [f"export {name}={shlex.quote(value)}" for name, value in local.variables.items()]
    path.touch(mode=0o600)
    path.write_text("\n".join(lines) + "\n")
    return path


def _show(
    console: Console,
    places: dict[str, tuple[Platform, Local]],
    receipts: dict[str, Receipt],
    *,
    page: Path,
    variables: Path,
) -> None:
    console.print(Text("Have a look", style="bold underline"))
    console.print(f"  report       {page}", soft_wrap=True, markup=False)
    for name, (_, local) in places.items():  # a line each: whatever else there is lies one click behind
        addresses = list(receipts[name].links.values())[:1]
        console.print(f"  {name:12} {'  '.join([*addresses, *local.look])}", soft_wrap=True, markup=False)
    line = (
        f"  a shell      cd {variables.parent} && source {variables.name}: then labelsift runs, push, pull and log work"
    )
    console.print(line, soft_wrap=True, markup=False)


def _until_interrupted(console: Console) -> None:
    console.print(Text("Everything runs until you press Ctrl-C.", style="bold"))
    # Where a script started this with Ctrl-C ignored, a client of a platform puts a handler of its own in place.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    with contextlib.suppress(KeyboardInterrupt):
        while True:
            time.sleep(3600)
    console.print("Stopping …")
