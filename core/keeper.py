"""What a report needs of the run store that keeps it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np

from .samples import Samples
from .vectors import VectorIndex

if TYPE_CHECKING:
    from .annotations import Annotations
    from .pools import Pool
    from .probing import Plan
    from .report import Report


class Keeper(Protocol):
    """A run store, as a report sees it."""

    def save_links(self, run: str, links: dict[str, str]) -> None:
        """Keep the addresses of a run's tasks."""
        ...

    def sent(self, run: str, *, platform: str, target: str, match: str | None = None, with_text: bool = True) -> None:
        """Record where a run's samples went."""
        ...

    def planned(self, run: str) -> set[str]:
        """Return the samples that are asked about blind, in rounds with probes."""
        ...

    def decided(self, run: str) -> set[str]:
        """Return the samples that people decided on."""
        ...

    def decisions(self) -> list[dict[str, Any]]:
        """Return everybody's decisions, oldest first."""
        ...

    def keep_batch(self, batch: Report) -> Report:
        """Keep a batch of similar samples; the one that is kept already where there is one."""
        ...

    def plan_round(self, run: str, *, platform: str, target: str, make: Callable[[], Plan], keep: bool = True) -> Plan:
        """Return the plan of a round with probes, made and recorded if there is none yet."""
        ...

    def verified(self, samples: Samples, *, but: str) -> dict[str, frozenset[str]]:
        """Return the samples that people verified as they stand, on other runs than this one, and for which issues."""
        ...

    def kept_index(self, run: str, vectors: np.ndarray) -> VectorIndex:
        """Open the index of a run's embeddings, or build and keep it."""
        ...

    def annotations(self, run: str) -> Annotations:
        """Return what people say of a run: tags, notes, the model that it led to."""
        ...

    def annotate(self, run: str, entry: Mapping[str, Any]) -> None:
        """Keep what a person says of a run."""
        ...

    def pool(self, name: str) -> Pool:
        """Open a pool of unlabeled samples."""
        ...
