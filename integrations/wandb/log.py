"""Writer of a run's panels into one W&B run.

Scalars are ``dq/…`` and ``slice.…``; tables ``dq_tables/…``, charts ``dq_charts/…`` and the page
``dq_report/…`` stand apart, so that a user's ``define_metric("dq/*")`` does not touch them.
"""

from __future__ import annotations

import logging
import os
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from labelsift.corrections.tracked_panels import tracked_panels
from labelsift.data.formatting import error_text
from labelsift.errors import InputError, PlatformError
from labelsift.platforms import LogRequest, Receipt
from labelsift.render.page.build import write_page
from labelsift.render.tracker_panels.figures import Histogram, Matrix, Table
from labelsift.render.tracker_panels.page import page_run
from labelsift.render.tracker_panels.panels import TABLES, Panels
from labelsift.store.run import Run as ScanRun

from .client import mode, require, start

if TYPE_CHECKING:
    import wandb
    from wandb import Run

BARS = 30
logger = logging.getLogger("labelsift")


def write(report: ScanRun, request: LogRequest) -> Receipt:
    """Log a report and say what was written and where.

    Raises
    ------
    PlatformError
        If W&B refuses or cannot be reached.
    InputError
        If the user's own run already holds another scan.
    """
    require()
    import wandb

    with_text = request.with_text
    content = tracked_panels(report, every=request.every, with_text=with_text)
    active = wandb.run
    if active is not None:
        _check(active, report.run)
        return _receipt(active, content, _log(active, report, content, with_text=with_text), how="the active run")
    how = mode()
    try:
        run = start(content, target=request.target, run=report.run, how=how)
        try:
            keys = _log(run, report, content, with_text=with_text)
        except BaseException:
            run.finish(exit_code=1)
            raise
        run.finish()
    except (wandb.Error, OSError) as error:
        raise PlatformError(
            f"W&B refused: {error_text(error)}",
            hint="`labelsift doctor wandb` looks at the connection; WANDB_MODE=offline logs without one",
        ) from error
    return _receipt(run, content, keys, how=how)


def _check(active: Run, run: str) -> None:
    held = active.config.get("labelsift_run", run)
    if held != run:
        raise InputError(
            f"The active W&B run {active.id} already holds the scan {held}",
            hint="Finish it and log again, so that each scan has a run of its own",
        )


def _log(run: Run, report: ScanRun, content: Panels, *, with_text: bool) -> list[str]:
    """Write everything in one step, so that a user's own steps move by one; returns the keys."""
    import wandb

    run.config.update(dict(content.params), allow_val_change=True)
    entries: dict[str, Any] = content.metrics | content.slice_metrics
    for name in TABLES:
        table: Table = getattr(content, name)
        entries[f"dq_tables/{name}"] = _table(table.columns, table.rows)
    entries |= _charts(content)
    with tempfile.TemporaryDirectory(prefix="labelsift-") as folder:
        of_run, share = page_run(report, with_text=with_text)
        page = write_page(of_run, Path(folder) / "report.html", share=share)
        entries["dq_report/report"] = wandb.Html(page.read_text(encoding="utf-8"), inject=False)
    run.log(entries)
    return list(entries)


def _charts(content: Panels) -> dict[str, Any]:
    charts: dict[str, Any] = {"dq_charts/issues": _issues(content)}
    if content.quality is not None:
        charts["dq_charts/label_quality"] = _histogram(content.quality)
    if content.confusion is not None and content.confusion.labels:
        charts["dq_charts/given_against_suggested"] = _matrix(content.confusion)
    for name, label in (("slices", "slug"), ("classes", "label")):
        bars = _rates(getattr(content, name), label)
        if bars.data:
            title = f"Share of labels that are flagged, by {'slice' if name == 'slices' else 'class'} (worst {BARS})"
            charts[f"dq_charts/{name}"] = _bar(bars, label, "label_issue_rate", title)
    return charts


def _table(columns: Sequence[str], rows: list[Any]) -> wandb.Table:
    import wandb

    # From lists: a data frame takes four times as long. Made anew: W&B keeps the first state of a logged one.
    return wandb.Table(columns=list(columns), data=rows, allow_mixed_types=True)


def _issues(content: Panels) -> Any:  # noqa: ANN401 -- wandb's CustomChart has no public name
    table = _table(("issue", "samples"), [[title, count] for _, title, count, *_ in content.issues.rows])
    return _bar(table, "issue", "samples", "Samples with an issue")


def _histogram(quality: Histogram) -> wandb.Histogram:
    import numpy as np
    import wandb

    # wandb.plot.histogram would count again, in bins of its own.
    return wandb.Histogram(np_histogram=(np.array(quality.counts), np.array(quality.edges)))


def _matrix(confusion: Matrix) -> Any:  # noqa: ANN401
    import wandb

    rows = [
        [given, suggested, count]
        for given, counts in zip(confusion.labels, confusion.counts, strict=True)
        for suggested, count in zip(confusion.labels, counts, strict=True)
    ]
    return wandb.plot_table(
        data_table=_table(("given", "suggested", "samples"), rows),
        vega_spec_name="wandb/confusion_matrix/v1",
        fields={"Actual": "given", "Predicted": "suggested", "nPredictions": "samples"},
        string_fields={"title": "Flagged labels: given (rows) against suggested"},
    )


def _rates(table: Table, label: str) -> wandb.Table:
    name, rate = table.columns.index(label), table.columns.index("label_issue_rate")
    rows = [[row[name], row[rate]] for row in table.rows if row[rate] is not None]
    return _table((label, "label_issue_rate"), rows[:BARS])


def _bar(table: wandb.Table, label: str, value: str, title: str) -> Any:  # noqa: ANN401
    import wandb

    return wandb.plot.bar(table, label, value, title=title)


def _receipt(run: Run, content: Panels, keys: list[str], *, how: str) -> Receipt:
    folder = str(Path(run.dir).parent)
    details: dict[str, Any] = {
        "run_id": run.id,
        "project": run.project,
        "mode": "offline" if run.offline else how,
        "metrics": len(content.metrics) + len(content.slice_metrics),
        "keys": len(keys),
        "flagged_rows": len(content.flagged.rows),
        "flagged_total": content.flagged_total,
    }
    if run.offline:
        details |= _offline(folder, how)
    return Receipt(
        platform="wandb",
        target=folder if run.offline else f"{run.entity}/{run.project}/{run.id}",
        created=len(content.flagged.rows),
        links={} if run.offline or not run.url else {"run": run.url},
        details=details,
    )


def _offline(folder: str, how: str) -> dict[str, str]:
    """Say where everything is: the tables' bytes are not in the run's own folder."""
    from wandb import env

    data = str(Path(env.get_data_dir()).expanduser().absolute())
    note = f"Written offline. Upload it from this machine with `wandb sync {folder}`; it also needs {data}."
    if how == "offline" and not os.environ.get("WANDB_MODE"):
        note = f"Not logged in to W&B. {note} Run `wandb login` first, or set WANDB_MODE=offline to hide this line."
        logger.warning(note)
    return {"folder": folder, "data_dir": data, "note": note}
