"""Render the panels of a report into one MLflow run; the same scan again changes nothing that is equal.

Why not ``mlflow.log_table``: it appends when called again. The tables are written as the same JSON and
entered in the same tag, so that MLflow's page and ``mlflow.load_table`` take them for its own.
"""

from __future__ import annotations

import hashlib
import json
import tempfile
import time
from collections.abc import Iterable
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

from labelsift.platforms import Receipt
from labelsift.render.page.build import write_page
from labelsift.render.panels import Panels, Table, panels
from labelsift.render.verdict import HEADING
from labelsift.store.run import Run as ScanRun

from .charts import histogram_svg, matrix_svg
from .client import connect, find_run, finish, page, refusal, tracking_uri

if TYPE_CHECKING:
    from mlflow import MlflowClient
    from mlflow.entities import Run

FOLDER = "labelsift"
BATCH = 500  # metrics a request: MLflow takes 1,000 and 1 MB
TABLE_BYTES = 8_000_000  # MLflow's page hangs on JSON of more than 10 MB
NOTE_LENGTH = 8_000
NOTE = "mlflow.note.content"
TABLES_TAG = "mlflow.loggedArtifacts"
DIGEST_TAG = "labelsift_artifacts"


def write(report: ScanRun, *, target: str | None, with_text: bool) -> Receipt:
    """Log a report and say what was written.

    Raises
    ------
    PlatformError
        If the server does not answer or refuses.
    InputError
        If the user's active run already holds another scan.
    """
    uri = tracking_uri()
    shown = panels(report, with_text=with_text)
    from mlflow.exceptions import MlflowException

    client = connect(uri)
    try:
        run, found = find_run(client, target=target, run=report.run, title=shown.title)
        ended = "FAILED"
        try:
            changed, details = _fill(client, run, report, shown, with_text=with_text)
            ended = "FINISHED"
        finally:
            if found != "users" and run.info.status != ended:
                finish(client, run.info.run_id, ended)
    except MlflowException as error:
        raise refusal(uri, error) from None
    info = run.info
    links = {
        "run": page(uri, experiment_id=info.experiment_id, run_id=info.run_id),
        "experiment": page(uri, experiment_id=info.experiment_id),
    }
    rows = len(shown.flagged.rows)
    return Receipt(
        platform="mlflow",
        target=info.run_id,
        created=rows if found == "new" else 0,
        updated=rows if found != "new" and changed else 0,
        unchanged=rows if found != "new" and not changed else 0,
        links={name: link for name, link in links.items() if link},
        details={"run_id": info.run_id, "experiment_id": info.experiment_id, "new_run": found == "new", **details},
    )


def _fill(
    client: MlflowClient, run: Run, report: ScanRun, shown: Panels, *, with_text: bool
) -> tuple[bool, dict[str, Any]]:
    """Write what the run does not hold yet; returns whether that was anything, and counts."""
    run_id = run.info.run_id
    with tempfile.TemporaryDirectory(prefix="labelsift-") as folder:
        names = _files(Path(folder), report, shown, with_text=with_text)
        digest = _digest(Path(folder), names)
        standing = {Path(one.path).name for one in client.list_artifacts(run_id, FOLDER)}
        changed = run.data.tags.get(DIGEST_TAG) != digest or not standing.issuperset(names)
        if changed:
            client.log_artifacts(run_id, folder, FOLDER)
    written, others = _batch(client, run, shown, digest=digest)  # after the files whose digest it notes
    _dataset(client, run_id, report)
    return bool(changed or written or others), {
        "metrics": len(shown.metrics),
        "metrics_written": written,
        "params": len(shown.params),
        "artifacts": len(names),
        "flagged_rows": len(shown.flagged.rows),
        "flagged_total": shown.flagged_total,
    }


def _digest(folder: Path, names: Iterable[str]) -> str:
    """Return a hash of files, by which the next log sees that they are the same."""
    whole = hashlib.sha256()
    for name in names:
        whole.update(f"{name} {hashlib.sha256((folder / name).read_bytes()).hexdigest()}\n".encode())
    return whole.hexdigest()


def _batch(client: MlflowClient, run: Run, shown: Panels, *, digest: str) -> tuple[int, int]:
    """Write metrics (at step 0, where MLflow draws bars), params and tags that the run does not hold.

    Returns how many metrics, and how many of the others.
    """
    from mlflow.entities import Metric, Param, RunTag

    now = int(time.time() * 1000)
    metrics = [
        Metric(name, value, now, 0) for name, value in shown.metrics.items() if run.data.metrics.get(name) != value
    ]
    # A param can never change: what an earlier log said of this scan stays.
    params = [Param(name, value) for name, value in shown.params.items() if name not in run.data.params]
    tags = {
        "labelsift_run": shown.params["labelsift_run"],
        "labelsift_fingerprint": shown.params["labelsift_fingerprint"],
        NOTE: _note(run.data.tags.get(NOTE, ""), shown.summary),
        TABLES_TAG: _listed(run.data.tags.get(TABLES_TAG, "[]")),
        DIGEST_TAG: digest,
    }
    new = [RunTag(name, value) for name, value in tags.items() if run.data.tags.get(name) != value]
    if params or new:
        client.log_batch(run.info.run_id, params=params, tags=new)
    for start in range(0, len(metrics), BATCH):
        client.log_batch(run.info.run_id, metrics=metrics[start : start + BATCH])
    return len(metrics), len(params) + len(new)


def _note(existing: str, summary: str) -> str:
    """Put the verdict under what the user wrote, in place of an earlier one."""
    theirs = existing.partition(HEADING)[0].rstrip()
    note = f"{theirs}\n\n{summary}" if theirs else summary
    return note if len(note) <= NOTE_LENGTH else note[: NOTE_LENGTH - 1] + "…"


def _listed(tag: str) -> str:
    """Enter the tables in the tag by which MLflow's page and ``load_table`` find them."""
    known = json.loads(tag)
    ours = [{"path": f"{FOLDER}/{name}.json", "type": "table"} for name in ("flagged", "classes", "slices")]
    return json.dumps([*known, *(one for one in ours if one not in known)])


def _dataset(client: MlflowClient, run_id: str, report: ScanRun) -> None:
    from mlflow.entities import Dataset, DatasetInput, InputTag

    samples = report.samples
    profile = {"num_rows": len(samples), "num_classes": len(samples.classes)}
    dataset = Dataset(
        name=samples.name[:500],
        digest=samples.fingerprint,
        source_type="labelsift",
        source=json.dumps({"run": report.run}),
        profile=json.dumps(profile),
    )
    client.log_inputs(run_id, [DatasetInput(dataset, [InputTag("mlflow.data.context", "dq-audit")])])


def _files(folder: Path, report: ScanRun, shown: Panels, *, with_text: bool) -> list[str]:
    """Write the artifacts into a folder and return their names."""
    for name in ("flagged", "classes", "slices"):
        (folder / f"{name}.json").write_text(table_json(getattr(shown, name)), encoding="utf-8")
    if shown.quality is not None:
        figure = histogram_svg(shown.quality, title="How good the labels are")
        (folder / "label_quality.svg").write_text(figure, encoding="utf-8")
    if shown.confusion is not None:
        figure = matrix_svg(shown.confusion, title="Labels that look wrong: given against suggested")
        (folder / "given_against_suggested.svg").write_text(figure, encoding="utf-8")
    figures = {
        "quality": asdict(shown.quality) if shown.quality else None,
        "confusion": asdict(shown.confusion) if shown.confusion else None,
        "metrics_of": shown.metrics_of,
    }
    (folder / "figures.json").write_text(json.dumps(figures, indent=1), encoding="utf-8")
    write_page(report, folder / "report.html", share=not with_text)
    return sorted(one.name for one in folder.iterdir())


def table_json(table: Table, *, limit: int = TABLE_BYTES) -> str:
    """Write a table as ``mlflow.log_table`` does, with as many of its first rows as fit in ``limit`` bytes."""
    rows = [json.dumps(row) for row in table.rows]  # ASCII: a character is a byte
    kept, size = 0, 200
    for row in rows:
        size += len(row) + 1
        if size > limit:
            break
        kept += 1
    return f'{{"columns":{json.dumps(list(table.columns))},"data":[{",".join(rows[:kept])}]}}'
