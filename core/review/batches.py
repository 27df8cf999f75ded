"""Bounded batches of a push: cut by size, made while the last one is on its way, and told on a terminal."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any, TypeVar

LARGEST = 8_000_000  # characters of a request
Say = Callable[[str], None]
T = TypeVar("T")
_END = object()


def batches(tasks: Iterable[dict[str, Any]], *, size: int) -> Iterator[list[dict[str, Any]]]:
    """Cut tasks into requests of at most ``size`` tasks and a few megabytes, in order.

    >>> [len(batch) for batch in batches([{"text": "a"}] * 5, size=2)]
    [2, 2, 1]
    """
    batch: list[dict[str, Any]] = []
    weight = 0
    for task in tasks:
        more = len(str(task))
        if batch and (len(batch) >= size or weight + more > LARGEST):
            yield batch
            batch, weight = [], 0
        batch.append(task)
        weight += more
    if batch:
        yield batch


def prefetch(items: Iterable[T]) -> Iterator[T]:
    """Yield the items in their order; each is made in a thread while the one before it is used, and no more than one.

    A server at work on a request leaves our processor idle.

    >>> list(prefetch(number * number for number in range(4)))
    [0, 1, 4, 9]
    """
    source = iter(items)
    with ThreadPoolExecutor(1) as maker:
        coming = maker.submit(next, source, _END)
        while (item := coming.result()) is not _END:
            coming = maker.submit(next, source, _END)
            yield item  # type: ignore[misc]  -- what marks the end was just told apart


def quiet(line: str) -> None:
    """Say nothing."""


def speaker() -> Say:
    """Return a function that writes to a terminal's standard error, or one that says nothing."""
    if not sys.stderr.isatty():
        return quiet

    def say(line: str) -> None:
        sys.stderr.write(f"{line}\n")

    return say
