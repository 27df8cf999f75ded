"""Making the next thing while the last one is on its way: a server at work on a request leaves our processor idle."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

T = TypeVar("T")
_END = object()


def ahead(items: Iterable[T]) -> Iterator[T]:
    """Yield the items in their order; each is made in a thread while the one before it is used, and no more than one.

    >>> list(ahead(at * at for at in range(4)))
    [0, 1, 4, 9]
    """
    source = iter(items)
    with ThreadPoolExecutor(1) as maker:
        coming = maker.submit(next, source, _END)
        while (one := coming.result()) is not _END:
            coming = maker.submit(next, source, _END)
            yield one  # type: ignore[misc]  -- what marks the end was just told apart
