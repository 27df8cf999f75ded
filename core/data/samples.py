"""Samples: an immutable table of rows with string ids, their labels in any form, and metadata."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Any, Literal

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from ..errors import InputError
from ..texts.redaction import finder
from .adjudication import Policy, resolve
from .annotator_labels import labels_in as annotated_labels
from .apply_votes import applied, masked_metadata, row_marks, without_rows
from .hashing import digest_sum, header_digest, row_digests
from .known_ids import rows_of
from .label_sets import labels_in, members, parsed
from .lineage import Lineage
from .redacted import redacted
from .remap import remapped, settled, translated_table
from .spans import types_in
from .taxonomy import Taxonomy

# One of label, labels and spans at most; their forms stand in label_sets, spans and annotator_labels.
ROLES = ("id", "text", "label", "labels", "spans", "annotations", "split", "predicted")
Task = Literal["classification", "multilabel", "spans"]
TASKS: tuple[Task, ...] = ("classification", "multilabel", "spans")
ROW_HASH, TEXT_HASH = "row_hash", "text_hash"  # what stands for texts; see labelsift.data.textless


@dataclass(frozen=True)
class Samples:
    """Rows with an id, mostly a text, and what is known of them.

    Parameters
    ----------
    table
        One row a sample, all columns strings: ``id`` (unique, never null) and, where the data has them, ``text``
        (never null), ``label`` (null = unlabeled), ``split`` and ``predicted``.
        Instead of ``label`` there may be ``labels`` (sets of labels) or ``spans``, and beside it ``annotations``
        (what each annotator said): canonical JSON, null = unlabeled. ``predicted`` is in the form of the labels.
    metadata
        The user's own columns under their own names, as many rows as ``table``.
    name
        What to call the data set: the file's stem, or what the user said.
    lineage
        What was applied to which version, for samples that :meth:`apply` or :meth:`remap` returned.
    taxonomy
        The changes of the taxonomy that the labels have gone through.
    undecided
        Table ``id, was``: the samples whose class was split, with their old label; a person must choose the new one.
    notes
        What the reader recognized or doubts, a sentence each; a scan repeats them.
    source
        The column of the metadata that says where each sample comes from, or None.
    """

    table: pa.Table
    metadata: pa.Table
    name: str = "samples"
    lineage: Lineage | None = None
    taxonomy: Taxonomy | None = None
    undecided: pa.Table | None = None
    notes: tuple[str, ...] = ()
    source: str | None = None

    def __len__(self) -> int:
        return self.table.num_rows

    @property
    def ids(self) -> pa.ChunkedArray:
        """The ids, in file order."""
        return self.table["id"]

    @property
    def texts(self) -> pa.ChunkedArray:
        """The texts, in file order; an absent text is an empty one."""
        return self.table["text"] if self.has_texts else pa.chunked_array([pa.repeat("", len(self))], pa.string())

    @property
    def has_texts(self) -> bool:
        """Whether the samples have texts at all; images and sounds are known by their ids alone."""
        return "text" in self.table.column_names

    @property
    def textless(self) -> bool:
        """Whether these come from a run that was kept without texts; see :mod:`labelsift.data.textless`."""
        return ROW_HASH in self.table.column_names

    def column(self, role: str) -> pa.ChunkedArray | None:
        """Return the column of a role, or None where the data has none."""
        return self.table[role] if role in self.table.column_names else None

    @property
    def labels(self) -> pa.ChunkedArray | None:
        """The given labels (null = unlabeled), or None for a data set without labels."""
        return self.column("label")

    @property
    def given(self) -> pa.ChunkedArray | None:
        """What was given in any form: labels, or the canonical texts of sets and spans; None where nothing was."""
        return next((own for role in ("label", "labels", "spans") if (own := self.column(role)) is not None), None)

    @property
    def task(self) -> Task:
        """What kind of labels the samples have; one label a sample where they have none at all."""
        if self.column("labels") is not None:
            return "multilabel"
        return "spans" if self.column("spans") is not None else "classification"

    @cached_property
    def classes(self) -> tuple[str, ...]:
        """The labels that occur, or the types of the spans, sorted."""
        if (sets := self.column("labels")) is not None:
            return labels_in(sets)
        if (marked := self.column("spans")) is not None:
            return types_in(marked)
        if self.labels is None:
            return ()
        annotations = self.column("annotations")
        further = annotated_labels(annotations) if annotations is not None else ()  # also what was outvoted everywhere
        return tuple(sorted({*pc.unique(self.labels.drop_null()).to_pylist(), *further}))

    @cached_property
    def cells(self) -> dict[str, Any]:
        """The cells of columns that were worked out before, by name; see :mod:`labelsift.data.factorize`."""
        return {}

    def codes(self, classes: Sequence[str]) -> np.ndarray:
        """Return the labels as positions in ``classes``: int32, shape (n,), -1 = unlabeled."""
        if self.labels is None:
            return np.full(len(self), -1, dtype=np.int32)
        positions = pc.index_in(self.labels, value_set=pa.array(classes, pa.string()))
        codes = pc.fill_null(positions, -1).to_numpy().astype(np.int32)
        unknown = pc.unique(self.labels.filter(pa.array(codes == -1)).drop_null()).to_pylist()
        if unknown:
            raise InputError("Some labels are not among the classes", ids=unknown, hint="Name every class")
        return codes

    def members(self, classes: Sequence[str]) -> np.ndarray:
        """Tell which labels each row has where it may have several: int8, shape (n, classes), -1 = unlabeled."""
        sets = self.column("labels")
        return np.full((len(self), len(classes)), -1, dtype=np.int8) if sets is None else members(sets, classes)

    def label_set(self, row: int) -> list[str] | None:
        """Return the labels of one row where it may have several; None where it is unlabeled."""
        sets = self.column("labels")
        return None if sets is None else parsed(sets[row].as_py())

    def positions(self, ids: Sequence[str]) -> np.ndarray:
        """Return the row of each id, or of its pseudonym: int64, shape (len(ids),). Unknown ids are refused."""
        rows = rows_of(ids, self.ids)
        if rows.null_count:
            missing = [sample_id for sample_id, row in zip(ids, rows.to_pylist(), strict=True) if row is None]
            raise InputError("The data set has no sample with these ids", ids=missing)
        return rows.to_numpy(zero_copy_only=False).astype(np.int64)

    def take(self, rows: np.ndarray) -> Samples:
        """Return the samples at the given row positions."""
        table, metadata = self.table.take(pa.array(rows)), self.metadata.take(pa.array(rows))
        undecided = self.undecided
        if undecided is not None:
            undecided = undecided.filter(pc.is_in(undecided["id"], value_set=table["id"].combine_chunks()))
        return replace(self, table=table, metadata=metadata, undecided=undecided, lineage=None, notes=())

    def remap(self, taxonomy: Taxonomy | str | Path) -> Samples:
        """Return the samples with the labels and predictions of a changed taxonomy.

        Labels of a class that was split or retired become null. Those of a split class are :attr:`undecided`:
        nothing is guessed, and a scan asks people about them. Changes that the labels have gone through already
        are left alone.

        Parameters
        ----------
        taxonomy
            Or the file of one; see :mod:`labelsift.data.taxonomy`.

        Raises
        ------
        InputError
            For labels that the data does not have, and new names that it has already.
        """
        self._require_texts()
        if self.task != "classification" or self.column("annotations") is not None:
            raise InputError(
                "A taxonomy goes through single labels of one annotator only",
                hint="Rename the labels in your file, and read that",
            )
        later = taxonomy if isinstance(taxonomy, Taxonomy) else Taxonomy.read(taxonomy)
        before = self.taxonomy or Taxonomy(())
        whole = before.then(later)
        result = remapped(self.table, Taxonomy(whole.steps[len(before.steps) :]), known=before.classes)
        table, undecided = result.table, result.undecided
        if self.undecided is not None and len(self.undecided):
            table, still_undecided = settled(table, self.undecided, whole)
            undecided = pa.concat_tables([still_undecided, undecided])
        lineage = self._next("taxonomy", result.counts, ()) if result.counts else self.lineage
        return replace(self, table=table, lineage=lineage, taxonomy=whole, undecided=undecided)

    def _require_texts(self) -> None:
        if self.textless:  # its rows' hashes are those of the scan, and would not be the new version's
            raise InputError(
                "Samples of a run that was kept without texts cannot be changed",
                hint="Read your file, and change that: ls.read(file).apply(…)",
            )

    def _next(self, policy: str, counts: Mapping[str, int], conflicts: tuple[str, ...]) -> Lineage:
        earlier = (self.lineage.parent, *self.lineage.earlier) if self.lineage else ()
        return Lineage(self.fingerprint, policy, counts, conflicts, earlier)

    def apply(
        self,
        corrections: pa.Table,
        *,
        policy: Policy = "majority",
        experts: Sequence[str] = (),
        new_labels: bool = False,
        taxonomy: Taxonomy | str | Path | None = None,
    ) -> Samples:
        """Return the next version, with people's corrections applied.

        Parameters
        ----------
        corrections
            What ``pull`` returns; see :data:`labelsift.data.schemas.CORRECTIONS_SCHEMA`.
        policy, experts
            How differing decisions are settled; see :func:`labelsift.data.adjudication.resolve`.
        new_labels
            Allow labels, and types of spans, that the data set does not have yet.
        taxonomy
            The one that these samples are in, or its file: decisions under older names go through it, and those
            for a class that was split or retired say nothing any more. By default :attr:`taxonomy`.

        Returns
        -------
        Samples
            With a ``lineage`` that counts what was applied and names the conflicts, where nothing was changed.
        """
        self._require_texts()
        present = Taxonomy.read(taxonomy) if isinstance(taxonomy, str | Path) else taxonomy or self.taxonomy
        if present is not None:
            corrections = translated_table(corrections, present)
        resolution = resolve(corrections, policy=policy, experts=experts)
        classes = present.classes if present is not None else ()
        table, kept = applied(self.table, resolution, new_labels=new_labels, classes=classes)
        lineage = self._next(policy, resolution.counts, tuple(resolution.conflicts))
        undecided = without_rows(self.undecided, resolution.votes("relabel"))
        metadata = masked_metadata(self.metadata, row_marks(self.table, resolution))
        corrected = replace(self, table=table, metadata=metadata, lineage=lineage, undecided=undecided)
        return corrected if kept.all() else replace(corrected.take(np.flatnonzero(kept)), lineage=lineage)

    def redact(
        self,
        *,
        kinds: Collection[str] = (),
        region: str | None = None,
        names: bool = True,
        columns: Sequence[str] | None = None,
    ) -> Samples:
        """Return the samples with marks in place of personal data and secrets in texts and metadata; ids stay.

        ``kinds``, ``region`` and ``names`` say what to look for (:func:`labelsift.texts.redaction.finder`), ``columns``
        in which metadata columns (all by default).
        """
        self._require_texts()
        find = finder(kinds=kinds, region=region, names=names)
        table, metadata, rows = redacted(self.table, self.metadata, find, columns=columns)
        lineage = self._next("redact", {"redact": rows}, ()) if rows else self.lineage
        return replace(self, table=table, metadata=metadata, lineage=lineage)

    @cached_property
    def fingerprint(self) -> str:
        """A hash of columns and rows, the same for any order of the rows: 128 bits of BLAKE2b each, summed."""
        own = [name for name in self.table.column_names if not (self.textless and name in (ROW_HASH, TEXT_HASH))]
        header = header_digest([*own, *(f"metadata.{name}" for name in self.metadata.column_names)])
        return f"{(header + self.digest) % 2**128:032x}"

    @cached_property
    def digest(self) -> int:
        """The sum of the rows' hashes modulo 2**128: what these rows add to the fingerprint of a whole they are in."""
        return digest_sum(self.row_hashes())

    def row_hashes(self) -> Iterator[bytes]:
        """Return the hash of each row as it was scanned, 16 bytes: its own where the text is not kept."""
        if self.textless:
            return map(bytes.fromhex, self.table[ROW_HASH].to_pylist())
        return self._kept_hashes()

    @property
    def kept_digest(self) -> int:
        """The sum of the hashes of the rows as they stand here, be it without texts, modulo 2**128."""
        return digest_sum(self._kept_hashes())

    def _kept_hashes(self) -> Iterator[bytes]:
        return row_digests([*self.table.columns, *self.metadata.columns])
