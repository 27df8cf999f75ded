"""The command ``labelsift explore``: a run's samples on a map, in a program of its own on this machine."""

from __future__ import annotations

import signal
import time
import webbrowser
from typing import Any

import click

from .. import platforms
from ..errors import PlatformError
from ..report import load
from ..store.erasures import unerased
from ..store.explored import explorer_folder
from ..store.store import Store
from .options import store_option

EXPLORER = "embedding-atlas"
_LOOK = 0.5  # seconds between two looks at whether it still runs


@click.command()
@click.argument("run", default="latest")
@click.option("--port", type=click.IntRange(1, 65535), help="Of this machine's own interface; a free one by default.")
@click.option("--no-open", is_flag=True, help="Only say the address: open no browser.")
@click.option("--texts", is_flag=True, help="Show texts whole, with the personal data that stands in them.")
@store_option
def explore(run: str, port: int | None, no_open: bool, texts: bool, store: str) -> None:
    """Open the samples of RUN (else the latest) in Embedding Atlas: a map with charts, filters and a table.

    It runs on this machine alone until Ctrl-C, and what it was given is deleted then.
    """
    explorer = platforms.explorer(EXPLORER)
    kept = Store(store)
    report = load(run, store=kept)
    previous = signal.signal(signal.SIGTERM, _stop)
    try:
        with explorer_folder(kept, report.run) as folder:
            click.echo(f"Laying {len(report.samples):,} samples of {report.run} out on a map …", err=True)
            with unerased(report) as whole:
                explorer.write(whole, folder, with_text=texts)
            with explorer.open(folder, port=port, say=lambda line: click.echo(line, err=True)) as opened:
                click.echo(f"Open until Ctrl-C: {opened.url}")
                if not no_open:
                    webbrowser.open(opened.url)
                _wait(opened)
    except KeyboardInterrupt:
        click.echo("Stopped; what it was given is deleted.", err=True)
    finally:
        signal.signal(signal.SIGTERM, previous)


def _wait(opened: platforms.Opened) -> None:
    while opened.alive():
        time.sleep(_LOOK)
    raise PlatformError("The explorer ended by itself", hint=f"What it said last stands in {opened.log}")


def _stop(number: int, frame: Any) -> None:  # noqa: ANN401 - the signature of a handler
    raise KeyboardInterrupt
