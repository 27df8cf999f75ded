"""Writer of a run's panels into one MLflow run; the same scan again changes nothing that is equal.

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

from labelsift.corrections.tracked_panels import tracked_panels
from labelsift.data.formatting import shortened
from labelsift.platforms import LogRequest, Receipt
from labelsift.render.page.build import write_page
from labelsift.render.tracker_panels.figures import Table
from labelsift.render.tracker_panels.page import page_run
from labelsift.render.tracker_panels.panels import TABLES, Panels
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


def write(report: ScanRun, request: LogRequest) -> Receipt:
    """Log a report and say what was written.

    Raises
    ------
    PlatformError
        If the server does not answer or refuses.
    InputError
        If the user's active run already holds another scan.
    """
    uri = tracking_uri()
    with_text = request.with_text
    content = tracked_panels(report, every=request.every, with_text=with_text)
    from mlflow.exceptions import MlflowException

    client = connect(uri)
    try:
        run, origin = find_run(client, target=request.target, run=report.run, title=content.title)
        ended = "FAILED"
        try:
            changed, details = _fill(client, run, report, content, with_text=with_text)
            ended = "FINISHED"
        finally:
            if origin != "users" and run.info.status != ended:
                finish(client, run.info.run_id, ended)
    except MlflowException as error:
        raise refusal(uri, error) from None
    info = run.info
    links = {
        "run": page(uri, experiment_id=info.experiment_id, run_id=info.run_id),
        "experiment": page(uri, experiment_id=info.experiment_id),
    }
    rows = len(content.flagged.rows)
    return Receipt(
        platform="mlflow",
        target=info.run_id,
        created=rows if origin == "new" else 0,
        updated=rows if origin != "new" and changed else 0,
        unchanged=rows if origin != "new" and not changed else 0,
        links={name: link for name, link in links.items() if link},
        details={"run_id": info.run_id, "experiment_id": info.experiment_id, "new_run": origin == "new", **details},
    )


def _fill(
    client: MlflowClient, run: Run, report: ScanRun, content: Panels, *, with_text: bool
) -> tuple[bool, dict[str, Any]]:
    """Write what the run does not hold yet; returns whether that was anything, and counts."""
    run_id = run.info.run_id
    with tempfile.TemporaryDirectory(prefix="labelsift-") as folder:
        names = _files(Path(folder), report, content, with_text=with_text)
        digest = _digest(Path(folder), names)
        standing = {Path(file.path).name for file in client.list_artifacts(run_id, FOLDER)}
        changed = run.data.tags.get(DIGEST_TAG) != digest or not standing.issuperset(names)
        if changed:
            client.log_artifacts(run_id, folder, FOLDER)
    written, others = _batch(client, run, content, digest=digest)  # after the files whose digest it notes
    _dataset(client, run_id, report)
    return bool(changed or written or others), {
        "metrics": len(content.metrics) + len(content.slice_metrics),
        "metrics_written": written,
        "params": len(content.params),
        "artifacts": len(names),
        "flagged_rows": len(content.flagged.rows),
        "flagged_total": content.flagged_total,
    }


def _digest(folder: Path, names: Iterable[str]) -> str:
    """Return a hash of files, by which the next log sees that they are the same."""
    whole = hashlib.sha256()
    for name in names:
        whole.update(f"{name} {hashlib.sha256((folder / name).read_bytes()).hexdigest()}\n".encode())
    return whole.hexdigest()


def _batch(client: MlflowClient, run: Run, content: Panels, *, digest: str) -> tuple[int, int]:
    """Write metrics (at step 0, where MLflow draws bars), params and tags that the run does not hold.

    Returns how many metrics, and how many of the others.
    """
    from mlflow.entities import Metric, Param, RunTag

    now = int(time.time() * 1000)
    metrics = [
        Metric(name, value, now, 0)
        for name, value in (content.metrics | content.slice_metrics).items()
        if run.data.metrics.get(name) != value
    ]
    # A param can never change: what an earlier log said of this scan stays.
    params = [Param(name, value) for name, value in content.params.items() if name not in run.data.params]
    tags = {
        "labelsift_run": content.params["labelsift_run"],
        "labelsift_fingerprint": content.params["labelsift_fingerprint"],
        NOTE: _note(run.data.tags.get(NOTE, ""), content.summary),
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
    return shortened(note, NOTE_LENGTH)


def _listed(tag: str) -> str:
    """Enter the tables in the tag by which MLflow's page and ``load_table`` find them."""
    known = json.loads(tag)
    ours = [{"path": f"{FOLDER}/{name}.json", "type": "table"} for name in TABLES]
    return json.dumps([*known, *(entry for entry in ours if entry not in known)])


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


def _files(folder: Path, report: ScanRun, content: Panels, *, with_text: bool) -> list[str]:
    """Write the artifacts into a folder and return their names."""
    for name in TABLES:
        (folder / f"{name}.json").write_text(table_json(getattr(content, name)), encoding="utf-8")
    if content.quality is not None:
        figure = histogram_svg(content.quality, title="How good the labels are")
        (folder / "label_quality.svg").write_text(figure, encoding="utf-8")
    if content.confusion is not None:
        figure = matrix_svg(content.confusion, title="Flagged labels: given against suggested")
        (folder / "given_against_suggested.svg").write_text(figure, encoding="utf-8")
    figures = {
        "quality": asdict(content.quality) if content.quality else None,
        "confusion": asdict(content.confusion) if content.confusion else None,
        "metrics_of": content.metrics_of,
    }
    (folder / "figures.json").write_text(json.dumps(figures, indent=1), encoding="utf-8")
    of_run, share = page_run(report, with_text=with_text)
    write_page(of_run, folder / "report.html", share=share)
    return sorted(file.name for file in folder.iterdir())


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
