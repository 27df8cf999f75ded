"""What a report needs of the run store that keeps it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np
import pyarrow as pa

from ..data.samples import Samples
from ..models.vector_index import VectorIndex

if TYPE_CHECKING:
    from ..report import Report
    from ..review.assignment import Assignment
    from ..review.rounds import Plan
    from ..search.pools import Pool
    from .run_notes import Annotations


class Keeper(Protocol):
    """A run store, as a report sees it."""

    def save_links(self, run: str, links: dict[str, str]) -> None:
        """Keep the addresses of a run's tasks."""
        ...

    def sent(self, run: str, *, platform: str, target: str, match: str | None = None, with_text: bool = True) -> None:
        """Record where a run's samples went."""
        ...

    def planned(self, run: str, *, but: tuple[str, str] | None = None) -> set[str]:
        """Return the samples that are asked about blind; ``but`` those by an assignment of this project."""
        ...

    def repeats(self, run: str, *, platform: str, target: str) -> Mapping[str, float]:
        """Return the samples that have a second task in a project, each with the score that places it."""
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

    def assign(
        self, run: str, *, platform: str, target: str, make: Callable[[], Assignment] | None = None, keep: bool = True
    ) -> Assignment:
        """Return who is asked blind in a round in mode choose, made and recorded if it is not yet."""
        ...

    def verified(self, samples: Samples, *, but: str) -> dict[str, frozenset[str]]:
        """Return the samples that people verified as they stand, on other runs than this one, and for which issues."""
        ...

    def reopened(self, samples: Samples, scores: pa.Table, *, but: str) -> frozenset[str]:
        """Return the samples that people decided on, and against whose label the evidence is another one now."""
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
