"""Report: a run with its methods: search, slices, push, log and the page."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cached_property
from os import PathLike
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from .data.formatting import visible
from .errors import InputError
from .models.vector_index import VectorIndex
from .render.card import card
from .render.frame import frame
from .render.overview import Overview
from .search.named_slices import slice_mask
from .search.query import Searchable
from .search.run_embedder import USERS_EMBEDDINGS as USERS_EMBEDDINGS
from .search.seeds import open_index, searchable, selection
from .search.sql_filter import Selection
from .store.base import DEFAULT, LATEST
from .store.erasures import unerased
from .store.run import Run
from .store.run_notes import note_entry
from .store.store import Store

if TYPE_CHECKING:
    import pandas as pd

    from .platforms import Mode, Receipt


class Report(Run):
    """A run, and the doors from it to people and platforms; its data are those of :class:`labelsift.store.run.Run`."""

    def __repr__(self) -> str:
        return visible(f"<Report of {self.samples.name}, run {self.run}: {Overview(self).verdict}>")

    _repr_html_ = card  # what notebooks show
    from .render.collection_request import collection_request  # a method: what rows to ask for
    from .render.tracker_panels.send import log, log_gate  # methods: into a run of W&B or MLflow
    from .search.gate import gate  # a method: conditions that the run must fulfil

    def to_pandas(self) -> pd.DataFrame:
        """Return one row a sample, by id; suggestion and confidence are those of its worst finding that has them."""
        return frame(self)

    def summary(self) -> dict[str, Any]:
        """Return the headline figures: for ``--json``, dashboards and tests."""
        from .render.headline_figures import headline_figures

        return headline_figures(self)

    def similar(
        self,
        seed: str | Sequence[str] | np.ndarray,
        *,
        k: int = 10,
        where: str | None = None,
        fold_duplicates: bool = False,
        pool: str | None = None,
        details: bool = False,
    ) -> pa.Table:
        """Return the samples most similar to a sample, a text, a group of samples or a vector.

        Parameters
        ----------
        seed
            The id of a sample, or a text; a list of ids (see :meth:`ids`), which is searched for by the mean of
            their unit vectors: what they have in common; or vectors of the same embedder, float, shape (d,) or (n, d).
        where
            SQL over ``id``, ``text``, ``label``, ``split``, ``predicted``, the metadata, and the columns of ``scores``:
            ``split = 'unlabeled' AND NOT is_garbage_issue``. Exact however few samples fulfil it.
        fold_duplicates
            Show one sample for all that have the same text but for case and space; ``copies`` counts them.
        pool
            Search this pool (see ``labelsift index``) instead of the samples of the run.
        details
            Also return ``split``, ``predicted``, ``issues`` (those that it is flagged for) and ``metadata``.

        Returns
        -------
        pyarrow.Table
            ``id, similarity (cosine, f32), label, text``, most similar first, without the seed itself. The text is
            empty where the run was kept without texts.

        Raises
        ------
        InputError
            If the seed has no vector here, ids are unknown, or the condition is no SQL over these columns.
        """
        from .search.similar import similar

        def searched() -> Searchable:
            return searchable(self, index=self.index, selection=self.selection, details=details)

        chosen = {"k": k, "where": where, "fold_duplicates": fold_duplicates, "pool": pool, "details": details}
        return similar(self, seed, searched=searched, **chosen)

    def batch(
        self,
        found: pa.Table | None = None,
        *,
        pool: str | None = None,
        slice: str | None = None,
        where: str | None = None,
        slices: Mapping[str, Any] | None = None,
    ) -> Report:
        """Return samples as a batch to push: ``report.batch(slice="state:CA").push("label-studio", project="CA")``.

        Parameters
        ----------
        found
            What :meth:`similar` found, most similar first; in ``pool``, if that was searched.
        slice
            Instead: the name or the slug of a slice. All its samples, also those that are not flagged, worst first.
        where
            Instead: a condition in SQL as of :meth:`ids`; all samples that fulfil it.
        slices
            Definitions of named slices; those that the run keeps by default.
        """
        from .search.batch import batch_of
        from .search.slice_batch import slice_batch

        if found is None:
            return report_of(slice_batch(self, part=slice, where=where, slices=slices))
        return report_of(batch_of(self, found, pool=pool))

    def ids(self, where: str) -> list[str]:
        """Return the ids of the samples that fulfil a condition in SQL; see :meth:`similar` for its columns."""
        return self.samples.ids.filter(pa.array(self.selection.matching(where))).to_pylist()

    def confusions(self) -> pa.Table:
        """Return the confusions that recur, the most frequent first, in :data:`labelsift.render.confusions.SCHEMA`.

        One row a pair of classes: counts both ways, verdict (a slip, or an unclear guideline), members worst first and
        ten contrast pairs. :attr:`findings` holds them as well: scope class, issue label, kind systematic.
        """
        from .render.confusions import confusions_table

        return confusions_table(self.findings)

    @cached_property
    def selection(self) -> Selection:
        """The columns that SQL can be asked about."""
        return selection(self)

    @cached_property
    def index(self) -> VectorIndex:
        """The index of the embeddings; that of a large kept run is kept with it."""
        return open_index(self)

    def slices(
        self,
        by: Sequence[str] | None = None,
        *,
        metric: str = "f1",
        label: str | None = None,
        split: str | Sequence[str] | None = None,
        named: Mapping[str, Any] | None = None,
    ) -> pa.Table:
        """Return a metric of every slice by the columns ``by`` and by each two of them, worst first.

        With its interval, the metric of all other samples, and the difference from these. Columns are metadata, and
        ``split``, ``label`` and ``predicted``; ``label`` asks for precision, recall or F1 of one class, ``split`` for
        the rows of one split. ``named`` adds slices: definitions as for a scan, or masks; by default the named slices
        that the run keeps. See :func:`labelsift.metrics.slice_table.slices_table`.
        """
        from .metrics.slice_table import slices_table
        from .search.named_slices import masks_of

        return slices_table(self, by=by, metric=metric, label=label, split=split, named=masks_of(self, named))

    def another_opinion(self, k: int = 100) -> pa.Table:
        """Return the samples that one more opinion would teach most: ``id, score, opinions, consensus, quality``.

        By ActiveLab's score, lowest first.
        """
        if "another_opinion_score" not in self.scores.column_names:
            raise InputError("This run has no annotators", hint="Read them: ls.read(…, annotations=…), and scan again")
        names = ["id", "another_opinion_score", "opinions", "consensus_label", "consensus_quality"]
        table = self.scores.select(names).rename_columns(["id", "score", "opinions", "consensus", "quality"])
        return table.filter(pc.is_valid(table["score"])).sort_by("score").slice(0, k)

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
        ids: Sequence[str] | None = None,
        slice: str | None = None,
        where: str | None = None,
        probe: float | None = None,
        repeat: float | None = None,
        blind_share: float | None = None,
        lanes: int = 0,
        twice: float = 0.0,
        link: str | None = None,
        anyway: bool = False,
        definitions: Mapping[str, str] | None = None,
        mask: bool = False,
        dry_run: bool = False,
    ) -> Receipt:
        """Bring the flagged samples into a labeling platform's project; twice in a row changes nothing.

        With ``slice`` or ``where`` all samples of a slice instead, flagged or not: see :meth:`batch`. See
        :class:`labelsift.platforms.PushRequest` for the other parameters (``twice`` is its ``overlap``). What a
        platform does not declare is refused. Samples that people verified on an earlier run of the store stay out,
        unless their text, label or issue changed since, or the evidence against the label (see
        :mod:`labelsift.review.reopen`); the receipt's details count them.
        """
        from .platforms import PushRequest
        from .review.push import push

        request = PushRequest(
            project=project,
            mode=mode,
            match=match,
            create=create,
            only=tuple(only) if only is not None else None,
            budget=budget,
            ids=tuple(ids) if ids is not None else None,
            probe=probe,
            repeat=repeat,
            blind_share=blind_share,
            lanes=lanes,
            overlap=twice,
            link=link,
            anyway=anyway,
            definitions=definitions or {},
            mask=mask,
            dry_run=dry_run,
        )
        if slice is None and where is None:
            return push(self, platform, request)
        return push(self.batch(slice=slice, where=where), platform, request)

    def note(self, text: str, *, by: str, slice: str | None = None, sample: str | None = None) -> None:
        """Keep a person's note on this run, or on one of its slices (by its slug) or samples (by its id)."""
        if self.store is None:
            raise InputError("A report that is kept in no store has no notes", hint="Scan with a store")
        entry = note_entry(text, by=by, slice=slice, sample=sample)
        if slice is not None:
            slice_mask(self, slice)  # refuses an unknown one
        with unerased(self) as run:
            run.samples.positions([sample] if sample is not None else [])  # refuses an unknown one
            self.store.annotate(self.run, entry)

    def link(self, kind: str, name: str | None = None) -> str:
        """Return the link to the run, a ``slice`` (by slug) or a ``sample`` (by id) within the page: ``#sample-…``."""
        from .render.page.anchors import link

        return link(kind, self.run if kind == "run" and name is None else name or "")

    def to_html(self, path: str | Path, *, share: bool = False, with_map: bool = True) -> Path:
        """Write the report as one self-contained page; ``share`` leaves out every text, ``with_map`` adds a map."""
        from .render.page.build import write_page

        return write_page(self, Path(path), share=share, recorded=True, with_map=with_map)


def load(run: str = LATEST, *, dataset: str | None = None, store: str | PathLike[str] = DEFAULT) -> Report:
    """Load the report of a run from a store.

    Parameters
    ----------
    run
        A run's name or its beginning, or ``latest``; with ``dataset`` of this data set.
    """
    return report_of(Store.of(store).load(run, dataset=dataset))


def report_of(run: Run) -> Report:
    """Return a run with the methods of a report."""
    return Report(**vars(run))
