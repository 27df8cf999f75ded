"""Report: what one scan found, and the doors from it to people and platforms."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from .errors import InputError
from .findings import issues_in
from .neighbors import NeighborIndex
from .samples import Samples

if TYPE_CHECKING:
    from .platforms import Mode, Receipt


USERS_EMBEDDINGS = "the user's embeddings"


class LinkKeeper(Protocol):
    """What a report needs of the run store that keeps it."""

    def save_links(self, run: str, links: dict[str, str]) -> None:
        """Keep the addresses of a run's tasks."""
        ...


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
    store
        The run store that keeps this run, or None.
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
    store: LinkKeeper | None = None

    def summary(self) -> dict[str, Any]:
        """Return the headline figures: for ``--json``, dashboards and tests."""
        rows = len(self.samples)
        flagged = {name: pc.sum(self.scores[f"is_{name}_issue"]).as_py() or 0 for name in issues_in(self.scores)}
        return {
            "run": self.run,
            "dataset": self.samples.name,
            "fingerprint": self.samples.fingerprint,
            "created": self.created.isoformat(),
            "rows": rows,
            "labeled": self.facts.get("labeled", 0),
            "classes": len(self.samples.classes),
            "issues": {
                name: {"count": count, "rate": count / rows if rows else 0.0} for name, count in flagged.items()
            },
            "findings": self.findings.num_rows,
            "facts": self.facts,
            "notes": list(self.notes),
            "settings": self.settings,
        }

    def similar(self, seed: str, *, k: int = 10) -> pa.Table:
        """Return the samples most similar to a sample (by its id) or to a text.

        Returns
        -------
        pyarrow.Table
            ``id, similarity (cosine, f32), label, text``, most similar first, without the seed itself.
        """
        if k < 1:
            raise InputError(f"{k} similar samples cannot be shown", cure="Ask for 1 or more")
        if self.embeddings is None:
            raise InputError(
                "This run has no embeddings", cure="Scan again with a check that needs them (label, outlier)"
            )
        row = pc.index(self.samples.ids, seed).as_py()
        vector = self.embeddings[row] if row >= 0 else self._embedded(seed)
        rows, similarities = self._index.search(vector[None, :], min(k + (row >= 0), len(self.samples)))
        kept = (rows[0] >= 0) & (rows[0] != row)
        chosen = self.samples.table.take(pa.array(rows[0][kept][:k]))
        columns = {"id": chosen["id"], "similarity": pa.array(similarities[0][kept][:k])}
        columns.update({name: chosen[name] for name in ("label", "text") if name in chosen.column_names})
        return pa.table(columns)

    @cached_property
    def _index(self) -> NeighborIndex:
        return NeighborIndex(np.ascontiguousarray(self.embeddings))

    def _embedded(self, text: str) -> np.ndarray:
        from .embedding import embed, embedder

        name = self.settings.get("embedder")
        if name in (None, USERS_EMBEDDINGS):
            raise InputError(
                "A text cannot be compared with embeddings that the user brought",
                cure="Give the id of a sample instead",
            )
        return embed(pa.chunked_array([[text]]), embedder(name))[0]

    def slices(self, by: Sequence[str] | None = None, *, metric: str = "f1") -> pa.Table:
        """Return a metric for every value of the metadata columns ``by``, and for their combinations."""
        from .slices.table import slices_table

        return slices_table(self, by=by, metric=metric)

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
        if self.store is not None and receipt.sample_links:
            self.store.save_links(self.run, self.sample_links)
        return receipt

    def log(self, platform: str, *, target: str | None = None, with_text: bool = False) -> Receipt:
        """Write this report's panels into a run of a tracker; see ``platforms.Tracker``."""
        from . import platforms

        return platforms.tracker(platform).log(self, target=target, with_text=with_text)

    def to_html(self, path: str | Path, *, share: bool = False) -> Path:
        """Write the report as one self-contained page; ``share`` leaves out every text."""
        from .page.build import write_page

        return write_page(self, Path(path), share=share)
