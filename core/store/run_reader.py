"""Reader of a run: Lance data sets and JSON files in a folder, or below a prefix of a bucket.

run.json                     name, data set, fingerprint, settings, facts, notes, versions; where the tables stand,
                             tombstones of erased rows (see :mod:`labelsift.data.hashing`), and of a run without
                             texts ``kept_digest`` (see :mod:`labelsift.data.textless`)
samples.lance  metadata.lance  scores.lance  findings.lance
embeddings.lance  pred_probs.lance        float32, fixed-size lists
ids.arrow                    the ids in order, with their rows (see :mod:`labelsift.store.arrow_files`)
projection.arrow             what texts are embedded by that the embedder cannot read, if there were any
links.json                   sample id → task address, after a push
without-<token>/             the tables again, once rows were erased
tables-<writer>-<token>/     the tables in a bucket, where nothing can be renamed
                             (see :mod:`labelsift.store.run_writer`)

The columns of metadata.lance are named by their number, and the user's names stand in run.json: Lance takes
no name with a dot or a backquote, nor an empty one.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from ..data.hashing import text_hash
from ..data.samples import TEXT_HASH, Samples
from ..errors import InputError
from .arrow_files import read_projection, rows_of
from .base import BaseStore
from .location import Location
from .run import Run
from .run_info import broken, read_facts, read_links, tables_in, taxonomy_in

_MATRICES = ("embeddings", "pred_probs")
_BATCH = 65_536  # rows of vectors that are read at once


@dataclass(frozen=True)
class SampleRecord:
    """What a run holds of a sample that people judge.

    Parameters
    ----------
    text_hash, given, issues
        The hash of its text (see :func:`labelsift.data.hashing.text_hash`), its label (of sets and spans the
        canonical JSON), and what it was flagged for.
    score, suggested, confidence
        How well its label fits (0 = certainly wrong), the likelier one, and how probable that is; None where it was
        not judged.
    findings
        Its findings, worst first: issue, score, and given and suggested as JSON.
    """

    text_hash: str
    given: str | None
    issues: tuple[str, ...]
    score: float | None = None
    suggested: str | None = None
    confidence: float | None = None
    findings: tuple[Mapping[str, Any], ...] = ()


def read_run(folder: Location, *, store: BaseStore) -> Run:
    """Read the whole run back.

    Raises
    ------
    StoreError
        If a part is missing or cannot be read; names the folder.
    """
    log_length = len(store.ledger.examine()[0])  # first: an erasure that comes in between is a later one
    facts = read_facts(folder)
    try:
        place = tables_in(folder, facts)
        names = [name.removesuffix(".lance") for name in place.children() if name.endswith(".lance")]
        tables = {name: _rows(place, name, None) for name in names if name not in _MATRICES}
        return Run(
            run=facts["run"],
            created=datetime.fromisoformat(facts["created"]),
            samples=Samples(
                tables["samples"],
                _metadata(tables, facts["metadata"]),
                facts["dataset"],
                taxonomy=taxonomy_in(facts),
                source=facts["settings"].get("source"),
            ),
            scores=tables["scores"],
            findings=tables["findings"],
            classes=tuple(facts["classes"]),
            settings=facts["settings"],
            facts=facts["facts"],
            notes=tuple(facts["notes"]),
            embeddings=_matrix(place, "embeddings") if "embeddings" in names else None,
            pred_probs=_matrix(place, "pred_probs") if "pred_probs" in names else None,
            projection=read_projection(place),
            sample_links=read_links(folder),
            store=store,
            log_length=log_length,
        )
    except (OSError, KeyError, TypeError, ValueError) as error:
        raise broken(folder, error) from None


def read_samples(folder: Location, ids: Sequence[str] | None = None) -> Samples:
    """Read only the samples of a run, with their metadata, without scores, vectors and probabilities.

    Parameters
    ----------
    ids
        Read no others than these, in this order, each once.

    Raises
    ------
    InputError
        If the run has no samples of these ids.
    StoreError
        If a part is missing or cannot be read; names the folder.
    """
    facts = read_facts(folder)
    try:
        place = tables_in(folder, facts)
        rows = None if ids is None else rows_of(ids, place)
        names = ("samples", "metadata") if facts["metadata"] else ("samples",)
        tables = {name: _rows(place, name, rows) for name in names}
        samples = Samples(tables["samples"], _metadata(tables, facts["metadata"]), facts["dataset"])
    except (OSError, KeyError, TypeError, ValueError) as error:
        raise broken(folder, error) from None
    unknown = [id for id in dict.fromkeys(ids) if id not in rows] if ids is not None and rows is not None else ()
    if unknown:
        raise InputError(f"The run {folder.name} has no sample with these ids", ids=unknown)
    return samples


def read_sample_records(folder: Location, ids: Sequence[str]) -> dict[str, SampleRecord]:
    """Read what a run holds of some samples; ids that it does not have are left out."""
    import lance

    try:
        place = tables_in(folder)
        rows = rows_of(ids, place)
        samples = _rows(place, "samples", rows).to_pylist()
        scores = _rows(place, "scores", rows).to_pylist()
        columns = ["id", "scope", "issue", "score", "given", "suggested"]
        table = lance.dataset(place.lance("findings.lance")).to_table(columns=columns)
        mine = pc.is_in(table["id"], value_set=pa.array([row["id"] for row in samples], pa.string()))
        table = table.filter(pc.and_(pc.equal(table["scope"], "sample"), mine)).drop_columns(["scope"])
        findings: dict[str, list[Mapping[str, Any]]] = {}
        for finding in table.to_pylist():
            findings.setdefault(finding.pop("id"), []).append(finding)
    except (OSError, KeyError, TypeError, ValueError) as error:
        raise broken(folder, error) from None
    return {
        row["id"]: SampleRecord(
            row.get(TEXT_HASH) or text_hash(row.get("text", "")),
            row.get("label", row.get("labels", row.get("spans"))),
            tuple(dict.fromkeys(finding["issue"] for finding in findings.get(row["id"], ()))),
            score.get("label_score"),
            score.get("suggested_label"),
            score.get("confidence"),
            tuple(findings.get(row["id"], ())),
        )
        for row, score in zip(samples, scores, strict=True)
    }


def read_flagged(folder: Location) -> tuple[list[tuple[str, str]], set[str]]:
    """Read which samples a run flagged, as pairs of id and issue, and which of its samples a push linked to."""
    import lance

    try:
        table = lance.dataset(tables_in(folder).lance("findings.lance")).to_table(columns=["id", "scope", "issue"])
        table = table.filter(pc.equal(table["scope"], "sample"))
        pushed = set(read_links(folder))
    except (OSError, KeyError, TypeError, ValueError) as error:
        raise broken(folder, error) from None
    return list(zip(table["id"].to_pylist(), table["issue"].to_pylist(), strict=True)), pushed


def read_label_claims(folder: Location) -> tuple[pa.Table, dict[str, Any]]:
    """Read what a scan claimed of each label, and of all of them.

    Returns
    -------
    claims
        One row a judged sample: ``id, label_score, suggested_label, label`` and the flags that there are.
    facts
        ``label_errors`` of the run's facts; empty where the scan did not judge labels.
    """
    import lance

    try:
        facts = read_facts(folder)
        place = tables_in(folder, facts)
        scores = lance.dataset(place.lance("scores.lance"))
        wanted = ("id", "label_score", "suggested_label", "is_label_issue", "is_ambiguous_issue")
        columns = [name for name in wanted if name in scores.schema.names]
        table = scores.to_table(columns=columns)
        if "suggested_label" not in columns:
            return table.slice(0, 0), {}
        samples = lance.dataset(place.lance("samples.lance"))
        given = next((name for name in ("label", "labels", "spans") if name in samples.schema.names), "id")
        table = table.append_column("label", samples.to_table(columns=[given])[given])
        judged = pc.fill_null(pc.is_finite(table["label_score"]), False)
        return table.filter(judged), facts["facts"].get("label_errors") or {}
    except (OSError, KeyError, TypeError, ValueError) as error:
        raise broken(folder, error) from None


def _rows(place: Location, name: str, rows: Mapping[str, int] | None) -> pa.Table:
    """Read a table, or some rows of it: those of a mapping of ids to rows, whose ids are held against what is there."""
    import lance

    data = lance.dataset(place.lance(f"{name}.lance"))
    if rows is None:
        return data.to_table()
    if rows and max(rows.values()) >= data.count_rows():
        raise ValueError("the ids and the tables do not belong together")
    table = data.take(list(rows.values()))
    if "id" in table.column_names and table["id"].to_pylist() != list(rows):
        raise ValueError("the ids and the tables do not belong together")
    return table


def _metadata(tables: dict[str, pa.Table], names: Sequence[str]) -> pa.Table:
    return tables["metadata"].rename_columns(list(names)) if names else tables["samples"].select([])


def _matrix(place: Location, name: str) -> np.ndarray:
    """Read vectors batch by batch into their place: a whole second copy of them would not fit beside them."""
    import lance

    data = lance.dataset(place.lance(f"{name}.lance"))
    values = np.empty((data.count_rows(), data.schema.field("values").type.list_size), dtype=np.float32)
    start = 0
    for batch in data.to_batches(columns=["values"], batch_size=_BATCH):
        some = batch.column(0).flatten().to_numpy(zero_copy_only=False).reshape(len(batch), -1)
        values[start : start + len(batch)] = some
        start += len(batch)
    return values
