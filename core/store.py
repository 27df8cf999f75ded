"""The run store: every scan is kept in a folder, as Lance data sets.

.labelsift/                  mode 0700: it holds raw text
  format.json                {"format": 1}
  .gitignore                 *
  runs/<run>/                written under another name first, then renamed: whole or not at all
    run.json                 name, data set, fingerprint, settings, facts, notes, versions
    samples.lance  metadata.lance  scores.lance  findings.lance
    embeddings.lance  pred_probs.lance        float32, fixed-size lists
    links.json               sample id → task address, after a push
"""

from __future__ import annotations

import json
import os
import secrets
import shutil
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from .errors import StoreError
from .report import Report
from .samples import Samples

DEFAULT = ".labelsift"
FORMAT = 1
LATEST = "latest"
_PACKAGES = ("labelsift", "numpy", "pyarrow", "pylance", "faiss-cpu", "wordllama")


def run_name(created: datetime, fingerprint: str) -> str:
    """Return a name that sorts by time and is unlike any other: 20261123-101500-4f2a1c."""
    return f"{created:%Y%m%d-%H%M%S}-{fingerprint[:2]}{secrets.token_hex(2)}"


@dataclass(frozen=True)
class RunInfo:
    """One line of ``labelsift runs``."""

    run: str
    dataset: str
    created: datetime
    rows: int
    label_issues: int
    fingerprint: str


class Store:
    """A folder of runs."""

    def __init__(self, folder: str | Path = DEFAULT) -> None:
        self.folder = Path(folder)

    def save(self, report: Report) -> None:
        """Keep a report; a run that was interrupted while it was saved leaves nothing behind that is read."""
        runs = self._prepared() / "runs"
        half = runs / f".{report.run}.{os.getpid()}"
        try:
            half.mkdir(mode=0o700)
            for name, table in _tables(report).items():
                _write(half / f"{name}.lance", table)
            (half / "run.json").write_text(json.dumps(_facts(report), ensure_ascii=False, indent=1))
            half.rename(runs / report.run)
        except (OSError, pa.ArrowException) as error:
            raise StoreError(
                f"The run could not be kept in {self.folder} ({error})", cure="Free some space, or name another --store"
            ) from error
        finally:
            shutil.rmtree(half, ignore_errors=True)

    def runs(self) -> list[RunInfo]:
        """Return all runs, newest first."""
        self._check_format()
        found = []
        for folder in sorted((self.folder / "runs").glob("[!.]*"), reverse=True):
            facts = json.loads((folder / "run.json").read_text())
            found.append(
                RunInfo(
                    run=facts["run"],
                    dataset=facts["dataset"],
                    created=datetime.fromisoformat(facts["created"]),
                    rows=facts["rows"],
                    label_issues=facts["label_issues"],
                    fingerprint=facts["fingerprint"],
                )
            )
        return sorted(found, key=lambda one: one.created, reverse=True)

    def find(self, run: str = LATEST, *, dataset: str | None = None) -> str:
        """Return the name of a run: ``latest``, of a data set where one is named, or a name's beginning."""
        runs = [one for one in self.runs() if dataset is None or one.dataset == dataset]
        if not runs:
            what = f"no run of {dataset}" if dataset else "no run yet"
            raise StoreError(f"{self.folder} holds {what}", cure="Scan first: labelsift scan FILE --text … --label …")
        if run == LATEST:
            return runs[0].run
        matching = [one.run for one in runs if one.run.startswith(run)]
        if len(matching) != 1:
            known = ", ".join(one.run for one in runs[:5])
            raise StoreError(
                f"{len(matching)} runs match {run}" if matching else f"There is no run {run}",
                cure=f"Newest runs: {known}",
            )
        return matching[0]

    def load(self, run: str = LATEST, *, dataset: str | None = None) -> Report:
        """Return the report of a run."""
        import lance

        folder = self.folder / "runs" / self.find(run, dataset=dataset)
        facts = json.loads((folder / "run.json").read_text())
        tables = {path.stem: lance.dataset(str(path)).to_table() for path in folder.glob("*.lance")}
        metadata = tables.get("metadata", tables["samples"].select([]))
        links = folder / "links.json"
        return Report(
            run=facts["run"],
            created=datetime.fromisoformat(facts["created"]),
            samples=Samples(tables["samples"], metadata, facts["dataset"]),
            scores=tables["scores"],
            findings=tables["findings"],
            classes=tuple(facts["classes"]),
            settings=facts["settings"],
            facts=facts["facts"],
            notes=tuple(facts["notes"]),
            embeddings=_matrix(tables.get("embeddings")),
            pred_probs=_matrix(tables.get("pred_probs")),
            sample_links=json.loads(links.read_text()) if links.exists() else {},
            store=self,
        )

    def save_links(self, run: str, links: dict[str, str]) -> None:
        """Keep the addresses of a run's tasks on the platform that it was pushed to."""
        folder = self.folder / "runs" / run
        if folder.exists():
            half = folder / f".links.{os.getpid()}"
            half.write_text(json.dumps(links))
            half.rename(folder / "links.json")

    def _prepared(self) -> Path:
        try:
            self.folder.mkdir(parents=True, exist_ok=True, mode=0o700)
            self.folder.chmod(0o700)
            (self.folder / ".gitignore").write_text("*\n")
            (self.folder / "runs").mkdir(exist_ok=True, mode=0o700)
            mark = self.folder / "format.json"
            if not mark.exists():
                mark.write_text(json.dumps({"format": FORMAT}))
        except OSError as error:
            raise StoreError(
                f"{self.folder} cannot be written ({error.strerror})", cure="Name another --store, or none"
            ) from error
        self._check_format()
        return self.folder

    def _check_format(self) -> None:
        mark = self.folder / "format.json"
        if not mark.exists():
            raise StoreError(
                f"{self.folder} is no run store", cure="Scan first: labelsift scan FILE --text … --label …"
            )
        found = json.loads(mark.read_text()).get("format")
        if found != FORMAT:
            age = "newer" if isinstance(found, int) and found > FORMAT else "unknown"
            raise StoreError(
                f"{self.folder} has the {age} format {found}; this labelsift reads format {FORMAT}",
                cure="Update labelsift, or name another --store",
            )


def _tables(report: Report) -> dict[str, pa.Table]:
    tables = {"samples": report.samples.table, "scores": report.scores, "findings": report.findings}
    if report.samples.metadata.num_columns:
        tables["metadata"] = report.samples.metadata
    for name, values in (("embeddings", report.embeddings), ("pred_probs", report.pred_probs)):
        if values is not None and values.size:
            flat = pa.array(np.ascontiguousarray(values, dtype=np.float32).ravel())
            tables[name] = pa.table(
                {"id": report.samples.ids, "values": pa.FixedSizeListArray.from_arrays(flat, values.shape[1])}
            )
    return tables


def _write(path: Path, table: pa.Table) -> None:
    import lance

    lance.write_dataset(table, str(path), mode="create")


def _matrix(table: pa.Table | None) -> np.ndarray | None:
    if table is None:
        return None
    values = table["values"].combine_chunks()
    return values.values.to_numpy(zero_copy_only=False).reshape(len(values), -1)


def _facts(report: Report) -> dict[str, Any]:
    flags = report.scores["is_label_issue"] if "is_label_issue" in report.scores.column_names else None
    return {
        "run": report.run,
        "dataset": report.samples.name,
        "created": report.created.isoformat(),
        "rows": len(report.samples),
        "label_issues": int(np.count_nonzero(flags.to_numpy())) if flags is not None else 0,
        "fingerprint": report.samples.fingerprint,
        "classes": list(report.classes),
        "settings": report.settings,
        "facts": report.facts,
        "notes": list(report.notes),
        "versions": {name: _version(name) for name in _PACKAGES},
    }


def _version(package: str) -> str | None:
    from importlib.metadata import PackageNotFoundError, version

    try:
        return version(package)
    except PackageNotFoundError:
        return None


def load(run: str = LATEST, *, dataset: str | None = None, store: str | Path = DEFAULT) -> Report:
    """Load the report of a run from a store.

    Parameters
    ----------
    run
        A run's name or its beginning, or ``latest``.
    dataset
        Take the latest run of this data set.
    """
    return Store(store).load(run, dataset=dataset)
