"""Data set of a scan as files for trackers: which samples there are and what flagged them, without their texts."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from ...data.issues import issue_named
from ...store.run import Run
from .disclosure import masked_classes
from .panels import Panels

FILES = ("samples.parquet", "flagged.parquet", "dataset.json")


def write_dataset(run: Run, content: Panels, folder: Path) -> dict[str, Any]:
    """Write :data:`FILES` into a folder: every sample, every finding, and the facts that are returned.

    The same data set and findings make the same bytes.
    """
    facts = dataset_facts(run, content)
    samples, flagged, about = (folder / name for name in FILES)
    pq.write_table(samples_table(run), samples)
    pq.write_table(content.all_flagged, flagged)
    about.write_text(json.dumps(facts, indent=1, ensure_ascii=False), encoding="utf-8")
    return facts


def samples_table(run: Run) -> pa.Table:
    """Return a row a sample: ``id``, ``label`` and ``split`` where they are known, and ``issues``, which flagged it."""
    samples = masked_classes(run).samples
    columns: dict[str, Any] = {"id": samples.ids}
    for name, column in (("label", samples.given), ("split", samples.column("split"))):
        if column is not None:
            columns[name] = column
    findings = run.findings.filter(pc.equal(run.findings["scope"], "sample"))
    issues = sorted(pc.unique(findings["issue"]).to_pylist(), key=lambda issue: (issue_named(issue).rank, issue))
    ids = samples.ids.combine_chunks()
    named = pa.array([""] * len(samples), pa.string())
    for issue in issues:
        flagged = findings["id"].filter(pc.equal(findings["issue"], issue)).combine_chunks()
        words = pc.if_else(pc.is_in(ids, value_set=flagged), pa.scalar(f"{issue} "), pa.scalar(""))
        named = pc.binary_join_element_wise(named, words, "")
    columns["issues"] = pc.utf8_rtrim_whitespace(named)
    return pa.table(columns)


def dataset_facts(run: Run, content: Panels) -> dict[str, Any]:
    """Return what names a data set's version and where it comes from; the same for every scan of it."""
    lineage = run.samples.lineage
    return {
        "name": run.samples.name,
        "fingerprint": run.samples.fingerprint,
        "rows": len(run.samples),
        "task": run.samples.task,
        "parent": content.parent.fingerprint if content.parent else lineage.parent if lineage else "",
        "applied": dict(lineage.applied) if lineage else {},
    }
