"""Chromium as a camera: pages as a user would see them, as small pictures."""

from __future__ import annotations

import contextlib
import sys
import time
from collections.abc import Callable, Collection, Iterator
from io import BytesIO
from pathlib import Path
from typing import Any

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
LARGEST = 300_000  # bytes of a picture
COLORS = 256


@contextlib.contextmanager
def browser(program: Path) -> Iterator[Any]:
    """Start Chromium, and stop it in the end."""
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        running = playwright.chromium.launch(executable_path=program, args=list(FLAGS))
        try:
            yield running
        finally:
            running.close()


def page_of(running: Any, *, height: int = HEIGHT) -> Any:  # noqa: ANN401 - playwright's
    """Open an empty page."""
    context = running.new_context(viewport={"width": WIDTH, "height": height}, locale="en-US", timezone_id="UTC")
    context.set_default_timeout(120_000)
    return context.new_page()


def camera(folder: Path, only: Collection[str]) -> Callable[..., None]:
    """Return what takes a picture by its name, if that is one of the names that are asked for."""

    def take(page: Any, name: str, *, after: float = 1) -> None:  # noqa: ANN401 - playwright's
        if name not in only:
            return
        time.sleep(after)  # fonts, charts and fading notes; nothing on the pages says that they have settled
        made = _smaller(page.screenshot())
        (folder / f"{name}.png").write_bytes(made)
        say(f"{name}.png: {len(made) / 1000:.0f} kB")
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


def say(line: str) -> None:
    """Tell what is being done."""
    print(line, file=sys.stderr)  # noqa: T201 - a script
