"""Pictures of MLflow's page: three scans of one data set, of which a batch of wrong labels spoils the last."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import labelsift as ls
import pyarrow as pa
from camera import page_of, say
from labelsift.platforms import Receipt
from labelsift.report import Report

SLICES = {"app": "channel = 'app'", "enterprise": "plan = 'enterprise'", "california": "state = 'CA'"}
EXPERIMENT = "Support tickets"
DECIDED = 30  # labels that people decide on after the first scan
SPOILT = 4  # of the app's labels every so many are wrong in the last batch
NAMES = ("mlflow-run", "mlflow-scans", "mlflow-slices", "mlflow-compare")
TALL = 1_400


def take_all(
    chromium: Any,  # noqa: ANN401 - playwright's
    report: Report,
    decisions: Callable[[Report], pa.Table],
    store: Path,
    take: Callable[..., None],
) -> None:
    """Log three scans of the samples of a report, and take every picture.

    Parameters
    ----------
    decisions
        What people decide on a report, as a table.
    """
    first, last = _logged(report, decisions, store)
    for name, height, address, ready in (
        ("mlflow-scans", TALL, last.links["all scans"], "dq/error_rate_est"),
        ("mlflow-slices", 0, last.links["slices"].replace("slices.json", "slices.svg"), "slices.svg"),
        ("mlflow-compare", 0, last.links["compare with the scan before"], "dq/error_rate_est"),
    ):
        for page in _opened(chromium, address, ready, height=height):
            if name == "mlflow-compare":
                page.get_by_placeholder("Search metric charts").fill("slice.")
            take(page, name, after=5)
    for page in _opened(chromium, first.links["run"], "probably wrong"):
        page.get_by_text("Show more").first.click()
        take(page, "mlflow-run", after=3)


def _logged(report: Report, decisions: Callable[[Report], pa.Table], store: Path) -> tuple[Receipt, Receipt]:
    first = ls.scan(report.samples, store=store, slices=SLICES, progress=say)
    ls.record(decisions(first).slice(0, DECIDED), store=store)
    logged = first.log("mlflow", target=EXPERIMENT)
    second = ls.scan(first.samples.apply(ls.recorded(store=store)), store=store, slices=SLICES, progress=say)
    second.log("mlflow", target=EXPERIMENT)
    table, channels = second.samples.table, second.samples.metadata["channel"].to_pylist()
    labels = table["label"].to_pylist()
    classes = sorted(set(labels) - {None})
    for row, label in enumerate(labels):
        if channels[row] == "app" and row % SPOILT == 0 and label is not None:
            labels[row] = classes[(classes.index(label) + 1) % len(classes)]
    table = table.set_column(table.column_names.index("label"), "label", pa.array(labels))
    third = ls.scan(ls.Samples(table, second.samples.metadata, "tickets"), store=store, slices=SLICES, progress=say)
    return logged, third.log("mlflow", target=EXPERIMENT)


def _opened(chromium: Any, address: str, ready: str, *, height: int = 0) -> Iterator[Any]:  # noqa: ANN401
    page = page_of(chromium, height=height) if height else page_of(chromium)
    page.goto(address)
    page.get_by_text(ready).first.wait_for()
    page.get_by_role("button", name="Close").last.click()  # the assistant beside the page
    yield page
    page.context.close()
