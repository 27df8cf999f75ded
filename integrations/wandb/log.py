"""Writer of a run's panels into one W&B run; the same scan again writes nothing.

Scalars are ``dq/…`` and ``slice.…``; tables ``dq_tables/…``, charts ``dq_charts/…`` and the page
``dq_report/…`` stand apart, so that a user's ``define_metric("dq/*")`` does not touch them.
"""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

from labelsift.corrections.tracked_panels import tracked_panels
from labelsift.data.formatting import shortened
from labelsift.errors import InputError
from labelsift.platforms import LogRequest, Receipt
from labelsift.render.tracker_panels.description import described
from labelsift.render.tracker_panels.page import write_tracker_page
from labelsift.render.tracker_panels.panels import TABLES, Panels
from labelsift.store.run import Run as ScanRun

from .charts import MOST, table
from .client import DIGEST, Opened, mode, opened, place, require, run_id
from .keys import REPORT, SCAN, TABLE
from .receipts import last_mark, mark, receipt
from .share import publish

if TYPE_CHECKING:
    from wandb import Run

NAME_LENGTH = 128


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

    content = tracked_panels(report, every=request.every, with_text=request.with_text)
    digest = f"{content.digest}-{'texts' if request.with_text else 'no-texts'}"
    how, target = mode(), request.target
    if request.share and (away := how if wandb.run is None else _mode_of(wandb.run)) != "online":
        raise InputError(f"A W&B report is made on W&B's server, and this run is {away}", hint="Leave out --share")
    counts = {"metrics": len(content.metrics) + len(content.slice_metrics), "flagged_total": content.flagged_total}
    rows = counts["flagged_rows"] = _shown(content)
    if wandb.run is None and how == "offline":
        folder, facts = last_mark(run_id(report.run), place(target), {DIGEST: digest})
        if folder:
            return receipt(folder, "unchanged", rows, facts["wrote"] | counts)
    with opened(report.run, target=target, how=how) as session:
        run = session.run
        known = run.config.get(DIGEST)
        written = "unchanged" if known == digest else "updated" if known else "created"
        wrote: dict[str, Any] = {"run_id": run.id, "project": run.project}
        if written != "unchanged":
            wrote |= _log(session, report, content, request)
            run.config.update({DIGEST: digest}, allow_val_change=True)  # last: it says that the rest stands
        links, became = publish(run, content, share=request.share)
    wrote |= became
    mark(session, place(target), wrote=wrote, **{DIGEST: digest})
    return receipt(session, written, rows, wrote | counts, links=links)


def _log(session: Opened, report: ScanRun, content: Panels, request: LogRequest) -> dict[str, Any]:
    """Write everything of this scan in one step, so that a user's own steps move by one.

    Returns
    -------
    How many keys were written, and the names of the data set's artifact and of its parent.
    """
    import wandb

    from .artifact import log_dataset
    from .charts import charts

    run = session.run
    if session.ours:
        _line(run, content)
        _describe(run, content)
    run.config.update(dict(content.params), allow_val_change=True)
    entries: dict[str, Any] = content.metrics | content.slice_metrics
    for name in TABLES:
        shown = getattr(content, name)
        entries[f"{TABLE}{name}"] = table(shown.columns, shown.rows)
    entries["dq/findings_cut"] = float(content.flagged_total - _shown(content))
    entries |= charts(content)
    with tempfile.TemporaryDirectory(prefix="labelsift-") as folder:
        path, known = Path(folder) / "report.html", content.disclosed
        page = write_tracker_page(report, path, with_text=request.with_text, known=known)
        entries[REPORT] = wandb.Html(page.read_text(encoding="utf-8"), inject=False)
        run.log(entries | ({SCAN: content.step} if session.ours else {}))
        names = log_dataset(run, report, content, Path(folder))
    return {"keys": len(entries), **names}


def _line(run: Run, content: Panels) -> None:
    """Give the scalars an axis of their own, and log those of earlier scans, once: each run draws its data set's line.

    Names are exact: a pattern would take over the summary of what else begins so.
    """
    run.define_metric(SCAN, hidden=True)
    for name in content.metrics:
        run.define_metric(name, step_metric=SCAN)
    if not run.config.get(DIGEST):
        for step, scalars in content.earlier:
            run.log(scalars | {SCAN: step})


def _describe(run: Run, content: Panels) -> None:
    """Give a run of ours its title and verdict; what a person wrote of it stays."""
    if not run.config.get(DIGEST):
        run.name = shortened(content.title, NAME_LENGTH)
    run.notes = described(run.notes or "", content.summary, {})


def _mode_of(run: Run) -> str:
    """Say how an active run is: ``disabled``, ``offline`` or ``online``."""
    return "disabled" if run.disabled else "offline" if run.offline else "online"


def _shown(content: Panels) -> int:
    """Count the rows of the flagged table: W&B cuts a longer one."""
    return min(len(content.flagged.rows), MOST)
