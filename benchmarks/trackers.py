"""Load of the trackers: a made run of 200,000 flagged rows and 2,000 slices, logged to MLflow and to W&B offline.

Seconds are those of ``report.log`` right after a scan, which knows the fingerprint, beyond an empty run: import,
connection, making and ending it. Beside them stands the tracker's client alone, given the same figures once all is
counted: its own calls for tables and metrics, and the page as a file.
"""

from __future__ import annotations

import os
import tempfile
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import click
import numpy as np
import pyarrow as pa
from labelsift.data.samples import Samples
from labelsift.data.schemas import FINDINGS_SCHEMA
from labelsift.integrations.mlflow.server import MLflowServer
from labelsift.platforms import Receipt
from labelsift.render.tracker_panels.page import write_tracker_page
from labelsift.render.tracker_panels.panels import TABLES, Panels, panels
from labelsift.report import Report

ROWS, COLUMNS, VALUES = 200_000, 40, 50
CLASSES = tuple(f"intent {number:02d}" for number in range(20))


def made_run(*, rows: int = ROWS, columns: int = COLUMNS, seed: int = 0, every: bool = False) -> Report:
    """Return a run whose labels are all flagged, with predictions of the user's and 50 slices a metadata column."""
    rng = np.random.default_rng([seed, every])
    classes = pa.array(CLASSES, pa.string())
    given = rng.integers(len(CLASSES), size=rows)
    cells = {f"column_{number:02d}": rng.integers(VALUES, size=rows) for number in range(columns)}
    wrong = rng.random(rows) < np.where(cells["column_00"] % 2, 0.3, 0.1)  # 25 of its slices are weak
    said = np.where(wrong, (given + 1) % len(CLASSES), given)
    ids = pa.array([f"ticket-{row:06d}" for row in range(rows)], pa.string())
    texts = pa.array([f"Ticket {row} says that the card has not come, and asks for another" for row in range(rows)])
    table = {"id": ids, "text": texts, "label": classes.take(given), "predicted": classes.take(said)}
    values = pa.array([f"value {number}" for number in range(VALUES)], pa.string())
    metadata = pa.table({name: values.take(pa.array(codes)) for name, codes in cells.items()})
    score, confidence = rng.random(rows).astype(np.float32), rng.random(rows).astype(np.float32)
    suggested = (given + 1 + rng.integers(3, size=rows)) % len(CLASSES)
    order = np.argsort(score, kind="stable")
    return Report(
        run=f"20261130-093000-{rng.integers(16**8):08x}",
        created=datetime(2026, 11, 30, 9, 30, tzinfo=UTC),
        samples=Samples(pa.table(table), metadata, "made"),
        scores=pa.table(
            {
                "id": ids,
                "label_score": pa.array(score),
                "is_label_issue": pa.array(np.ones(rows, dtype=bool)),
                "suggested_label": classes.take(suggested),
                "confidence": pa.array(confidence),
            }
        ),
        findings=_findings(ids, given, suggested, score, confidence).take(pa.array(order)),
        classes=CLASSES,
    )


def _findings(
    ids: pa.Array, given: np.ndarray, suggested: np.ndarray, score: np.ndarray, confidence: np.ndarray
) -> pa.Table:
    """Return a finding a row."""
    written, rows = pa.array([f'"{name}"' for name in CLASSES], pa.string()), len(ids)
    reason = "Nine of its ten nearest neighbours have another label, and so does the model."
    columns = {
        "id": ids,
        "scope": pa.repeat("sample", rows),
        "issue": pa.repeat("label", rows),
        "kind": pa.repeat("", rows),
        "score": pa.array(score),
        "given": written.take(given),
        "suggested": written.take(suggested),
        "confidence": pa.array(confidence),
        "reason": pa.repeat(reason, rows),
        "related_ids": pa.array([[]] * rows, pa.list_(pa.string())),
        "group_id": pa.nulls(rows, pa.string()),
        "evidence": pa.repeat("{}", rows),
    }
    return pa.table(columns, schema=FINDINGS_SCHEMA)


def in_mlflow(content: Panels, page: Path) -> None:
    """Log figures as MLflow's own client does."""
    import mlflow

    with mlflow.start_run():
        mlflow.log_params(content.params)
        mlflow.log_metrics(content.metrics | content.slice_metrics)
        for name in TABLES:
            table = getattr(content, name)
            columns = dict(zip(table.columns, map(list, zip(*table.rows, strict=True)), strict=True))
            mlflow.log_table(columns, f"{name}.json")
        mlflow.log_artifact(str(page))


def in_wandb(content: Panels, page: Path) -> None:
    """Log figures as W&B's own client does."""
    import wandb

    with wandb.init(project="peer", config=content.params) as run:
        entries: dict[str, Any] = content.metrics | content.slice_metrics
        entries |= {
            name: wandb.Table(list(table.columns), table.rows) for name in TABLES if (table := getattr(content, name))
        }
        entries["report"] = wandb.Html(page.read_text(encoding="utf-8"))
        run.log(entries)


def empty_run(tracker: str) -> None:
    """Make and end a run without anything."""
    import mlflow
    import wandb

    with mlflow.start_run() if tracker == "mlflow" else wandb.init(project="peer"):
        pass


def seconds_of(call: Callable[[], Any]) -> tuple[float, Any]:
    """Return the seconds of a call and its result."""
    start = time.perf_counter()
    result = call()
    return time.perf_counter() - start, result


def measure(tracker: str, *, every: bool, seed: int, folder: Path) -> dict[str, Any]:
    """Log one run with both, and return seconds and counts."""
    peer = in_mlflow if tracker == "mlflow" else in_wandb
    report = made_run(seed=seed, every=every)
    assert report.samples.fingerprint  # a scan has it
    start_up = min(seconds_of(lambda: empty_run(tracker))[0] for _ in range(3))
    ours, receipt = seconds_of(lambda: report.log(tracker, target="load", every=every))
    content = panels(report, every=every)
    page = write_tracker_page(report, folder / "report.html", with_text=False)
    theirs, _ = seconds_of(lambda: peer(content, page))
    check(content, receipt, every=every)
    return {
        "tracker": tracker,
        "all": every,
        "seed": seed,
        "start-up": start_up,
        "log": ours - start_up,
        "peer": theirs - start_up,
    }


def check(content: Panels, receipt: Receipt, *, every: bool) -> None:
    """Refuse a log beyond the caps, and print what it holds."""
    slices = {name.partition("/")[2] for name in content.slice_metrics}
    assert len(content.metrics) <= 30
    assert len(slices) == len(content.slices.rows) + len(CLASSES) if every else len(slices) <= 20
    assert len(content.slices.rows) == COLUMNS * VALUES
    assert len(content.flagged.rows) == (ROWS if every else 1_000) and content.flagged_total == ROWS
    print(
        f"{receipt.platform}{' --all' if every else ''}: {len(content.metrics)} scalars, "
        f"{len(content.slice_metrics):,} metrics of {len(slices):,} slices, {len(content.slices.rows):,} slices in the "
        f"table, {len(content.flagged.rows):,} of {content.flagged_total:,} findings in the flagged table"
    )


@click.command()
@click.option("--seeds", default=3, help="Made runs a tracker.")
@click.option("--only", type=click.Choice(["mlflow", "wandb"]), multiple=True, default=["mlflow", "wandb"])
def main(seeds: int, only: tuple[str, ...]) -> None:
    """Measure both trackers, with the default caps and with ``--all``."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        os.environ |= {"MLFLOW_DISABLE_TELEMETRY": "true", "WANDB_MODE": "offline", "WANDB_SILENT": "true"}
        os.environ |= {key: str(folder / "wandb") for key in ("WANDB_DIR", "WANDB_DATA_DIR", "WANDB_CACHE_DIR")}
        (folder / "wandb").mkdir()
        with MLflowServer(folder / "mlflow", say=print) as server:
            os.environ["MLFLOW_TRACKING_URI"] = server.url
            for tracker in only:
                made_run(rows=1_000, columns=2).log(tracker)  # imports
                for every in (False, True):
                    rows = [measure(tracker, every=every, seed=seed, folder=folder) for seed in range(seeds)]
                    words = [
                        f"{key} {np.median([row[key] for row in rows]):.2f} s ({max(row[key] for row in rows):.2f})"
                        for key in ("start-up", "log", "peer")
                    ]
                    ratio = np.median([row["log"] / row["peer"] for row in rows])
                    what = f"{tracker}{' --all' if every else ''}"
                    print(f"{what}, median (worst) of {seeds}: {', '.join(words)}; ratio {ratio:.2f}", flush=True)


if __name__ == "__main__":
    main()
