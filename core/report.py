"""Report: what one scan found, and the doors from it to people and platforms."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from .samples import Samples

if TYPE_CHECKING:
    import numpy as np
    import pyarrow as pa

    from .platforms import Mode, Receipt


@dataclass
class Report:
    """The result of a scan.

    Parameters
    ----------
    run
        The run's name in the store, for example ``20261123-101500-4f2a``.
    created
        When the scan ended (UTC).
    samples, scores, findings
        What was scanned and found; the tables are in the schemas of :mod:`labelsift.findings`.
    classes
        The class of each column of ``pred_probs``.
    settings
        What the scan was told: embedder, folds, seed, budget …
    facts
        What is known of the data set as a whole: rows, language shares, metrics of the proxy model …
    notes
        Sentences that a reader must know to judge the findings.
    embeddings
        float32, shape (n, d), rows of unit length (zero where a text has no token), or None.
    pred_probs
        float32, shape (n, classes), out of sample, or None. Rows are NaN where nothing could be said.
    sample_links
        Sample id → the address of its task on the last platform that it was pushed to.
    """

    run: str
    created: datetime
    samples: Samples
    scores: pa.Table
    findings: pa.Table
    classes: tuple[str, ...] = ()
    settings: dict[str, Any] = field(default_factory=dict)
    facts: dict[str, Any] = field(default_factory=dict)
    notes: tuple[str, ...] = ()
    embeddings: np.ndarray | None = None
    pred_probs: np.ndarray | None = None
    sample_links: dict[str, str] = field(default_factory=dict)

    def push(
        self,
        platform: str,
        *,
        project: str,
        mode: Mode = "choose",
        match: str | None = None,
        create: bool = False,
        only: Sequence[str] | None = None,
        budget: int | None = None,
        dry_run: bool = False,
    ) -> Receipt:
        """Bring the flagged samples into a labeling platform's project; see ``platforms.Labeler``."""
        from . import platforms

        receipt = platforms.labeler(platform).push(
            self, project=project, mode=mode, match=match, create=create, only=only, budget=budget, dry_run=dry_run
        )
        self.sample_links.update(receipt.sample_links)
        return receipt

    def log(self, platform: str, *, target: str | None = None, with_text: bool = False) -> Receipt:
        """Write this report's panels into a run of a tracker; see ``platforms.Tracker``."""
        from . import platforms

        return platforms.tracker(platform).log(self, target=target, with_text=with_text)

    def to_html(self, path: str | Path, *, share: bool = False) -> Path:
        """Write the report as one self-contained page; ``share`` leaves out every text."""
        from .page.build import write_page

        return write_page(self, Path(path), share=share)
