"""Progress within a long step: loops tell a listener how much of them is done, through a context variable."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Collection, Iterator
from contextvars import ContextVar
from typing import TypeVar

Item = TypeVar("Item")
Listener = Callable[[str, float], None]  # what the loop does, and the share of it that is done, 0..1

_listener: ContextVar[Listener | None] = ContextVar("labelsift progress", default=None)


@contextlib.contextmanager
def listening(listener: Listener) -> Iterator[None]:
    """Let loops of this thread tell how far they are."""
    token = _listener.set(listener)
    try:
        yield
    finally:
        _listener.reset(token)


def tracked(items: Collection[Item], doing: str = "") -> Iterator[Item]:
    """Yield the items of a loop, and tell how much of it is done.

    >>> told = []
    >>> with listening(lambda doing, share: told.append((doing, share))):
    ...     list(tracked("ab", "letters"))
    ['a', 'b']
    >>> told
    [('letters', 0.0), ('letters', 0.5), ('letters', 1.0)]
    """
    tell = _listener.get() or (lambda doing, share: None)
    tell(doing, 0.0)
    for done, item in enumerate(items, start=1):
        yield item
        tell(doing, done / len(items))
