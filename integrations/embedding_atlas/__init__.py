"""Embedding Atlas: the samples of a run on a map, with charts, filters and a table, in the browser."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from labelsift.platforms import Explorer, Health, Opened

if TYPE_CHECKING:
    from labelsift.store.run import Run

__all__ = ["EmbeddingAtlas"]


class EmbeddingAtlas(Explorer):
    """The explorer ``embedding-atlas``, in an environment of its own; it needs no network and no graphics card."""

    name = "embedding-atlas"

    def write(self, run: Run, folder: Path, *, with_text: bool = False) -> None:
        """Write the samples with their places, neighbours, flags, suggestions and metadata as parquet.

        Raises
        ------
        InputError
            If the run has no vectors, or the extra ``map`` is not installed.
        """
        from .export import write

        write(run, folder, with_text=with_text)

    @contextlib.contextmanager
    def open(self, folder: Path, *, port: int | None = None, say: Callable[[str], None]) -> Iterator[Opened]:
        """Start it on loopback; it stops on leaving."""
        from .server import EmbeddingAtlasServer

        with EmbeddingAtlasServer(folder, port=port, say=say) as server:
            yield Opened(server.url, server.log, server.alive)

    def doctor(self) -> Mapping[str, str]:
        """Say what keeps it from running; empty when all is well, or it is yet to be installed."""
        return self.examine().problems

    def examine(self, *, project: str | None = None) -> Health:
        """Start it on three samples, where it is installed."""
        from .doctor import diagnosis

        return diagnosis()
