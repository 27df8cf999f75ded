"""Progress of long work: a bar with a share and an ETA on terminals and in notebooks, nothing elsewhere."""

from __future__ import annotations

import contextlib
import sys
import time
from collections.abc import Callable, Iterator
from html import escape
from typing import Any

from ..models.progress import listening

Say = Callable[[str], None]
SURE = 1.0  # seconds of a loop after which its end is foretold


@contextlib.contextmanager
def progress(wanted: bool | Say | None = True) -> Iterator[Say]:
    """Yield what takes a sentence as each step begins; in a loop that tells its share, an ETA stands beside it.

    Parameters
    ----------
    wanted
        True: a bar where somebody is looking, a terminal or a notebook. A function gets the sentences instead.
    """
    shell = getattr(sys.modules.get("IPython"), "get_ipython", lambda: None)()
    if callable(wanted):
        yield wanted
    elif wanted and getattr(shell, "kernel", None) is not None:
        yield from _in_notebook()
    elif wanted and sys.stderr.isatty():
        yield from _on_terminal()
    else:
        yield lambda _: None


class Steps:
    """The step that is being done, with an ETA; ``draw`` is called with it, and its share where that is known, 0..1."""

    def __init__(self, draw: Callable[[str, float | None], None]) -> None:
        self._draw = draw
        self._step, self._began = "", time.monotonic()

    def say(self, step: str) -> None:
        """Begin a step."""
        self._step = step
        self._draw(step, None)

    def share(self, doing: str, share: float) -> None:
        """Tell how much of a loop within the step is done."""
        if not share:
            self._began = time.monotonic()
        spent = time.monotonic() - self._began
        left = f"{_clock(spent / share - spent)} left" if 0 < share < 1 and spent > SURE else ""
        self._draw(" · ".join(filter(None, (self._step, doing, left))), share)


def _on_terminal() -> Iterator[Say]:
    from rich.console import Console
    from rich.progress import BarColumn, Progress, SpinnerColumn, TaskProgressColumn, TextColumn, TimeElapsedColumn

    columns = (SpinnerColumn(), TextColumn("{task.description}", markup=False), BarColumn(20), TaskProgressColumn())
    with Progress(*columns, TimeElapsedColumn(), console=Console(stderr=True), transient=True) as bar:
        bar.add_task("Reading", total=None)
        (task,) = bar.tasks

        def draw(words: str, share: float | None) -> None:
            task.total = None if share is None else 1.0
            # At once where a step or loop begins or ends, so that a short one is seen; between, ten times a second.
            bar.update(task.id, description=words, completed=share or 0.0, refresh=share in (None, 0.0, 1.0))

        steps = Steps(draw)
        with listening(steps.share):
            yield steps.say


def _in_notebook() -> Iterator[Say]:
    from IPython.display import HTML, display  # the notebook's own; it needs no widgets

    began = time.monotonic()
    shown: Any = display(HTML(""), display_id=True)

    def draw(words: str, share: float | None) -> None:
        value, figure = ("", "") if share is None else (f' value="{share:.3f}"', f"{100 * share:.0f} % · ")
        words = f"{figure}{escape(words)} · {_clock(time.monotonic() - began)}"
        shown.update(HTML(f'<progress style="width:12em"{value}></progress> <span>{words}</span>'))

    steps = Steps(draw)
    with listening(steps.share):
        yield steps.say
    draw("Done", 1.0)


def _clock(seconds: float) -> str:
    return f"{int(seconds) // 60}:{int(seconds) % 60:02}"
