"""Render the panels of a report into one W&B run.

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

from labelsift.errors import InputError, PlatformError
from labelsift.platforms import Receipt
from labelsift.render.page.build import write_page
from labelsift.render.panels import Histogram, Matrix, Panels, Table, panels
from labelsift.store.run import Run as ScanRun

from .client import mode, require, start

if TYPE_CHECKING:
    import wandb
    from wandb import Run

BARS = 30
logger = logging.getLogger("labelsift")


def write(report: ScanRun, *, target: str | None, with_text: bool) -> Receipt:
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

    shown = panels(report, with_text=with_text)
    users = wandb.run
    if users is not None:
        _check(users, report.run)
        return _receipt(users, shown, _log(users, report, shown, with_text=with_text), how="the active run")
    how = mode()
    try:
        run = start(shown, target=target, run=report.run, how=how)
        try:
            keys = _log(run, report, shown, with_text=with_text)
        except BaseException:
            run.finish(exit_code=1)
            raise
        run.finish()
    except (wandb.Error, OSError) as error:
        raise PlatformError(
            f"W&B refused: {str(error).splitlines()[0] if str(error) else type(error).__name__}",
            cure="`labelsift doctor wandb` looks at the connection; WANDB_MODE=offline logs without one",
        ) from error
    return _receipt(run, shown, keys, how=how)


def _check(users: Run, run: str) -> None:
    holds = users.config.get("labelsift_run", run)
    if holds != run:
        raise InputError(
            f"The active W&B run {users.id} already holds the scan {holds}",
            cure="Finish it and log again, so that each scan has a run of its own",
        )


def _log(run: Run, report: ScanRun, shown: Panels, *, with_text: bool) -> list[str]:
    """Write everything in one step, so that a user's own steps move by one; returns the keys."""
    import wandb

    run.config.update(dict(shown.params), allow_val_change=True)
    entries: dict[str, Any] = dict(shown.metrics)
    for name in ("flagged", "classes", "slices"):
        table: Table = getattr(shown, name)
        entries[f"dq_tables/{name}"] = _made(table.columns, table.rows)
    entries |= _charts(shown)
    with tempfile.TemporaryDirectory(prefix="labelsift-") as folder:
        page = write_page(report, Path(folder) / "report.html", share=not with_text)
        entries["dq_report/report"] = wandb.Html(page.read_text(encoding="utf-8"), inject=False)
    run.log(entries)
    return list(entries)


def _charts(shown: Panels) -> dict[str, Any]:
    charts: dict[str, Any] = {"dq_charts/issues": _issues(shown)}
    if shown.quality is not None:
        charts["dq_charts/label_quality"] = _histogram(shown.quality)
    if shown.confusion is not None and shown.confusion.labels:
        charts["dq_charts/given_against_suggested"] = _matrix(shown.confusion)
    for name, label in (("slices", "slug"), ("classes", "label")):
        bars = _rates(getattr(shown, name), label)
        if bars.data:
            title = f"Share of labels that look wrong, by {'slice' if name == 'slices' else 'class'} (worst {BARS})"
            charts[f"dq_charts/{name}"] = _bar(bars, label, "label_issue_rate", title)
    return charts


def _made(columns: Sequence[str], rows: list[Any]) -> wandb.Table:
    import wandb

    # From lists: a data frame takes four times as long. Made anew: W&B keeps the first state of a logged one.
    return wandb.Table(columns=list(columns), data=rows, allow_mixed_types=True)


def _issues(shown: Panels) -> Any:  # noqa: ANN401 -- wandb's CustomChart has no public name
    counts = {
        name.removeprefix("dq/").removesuffix("_issues"): value
        for name, value in shown.metrics.items()
        if name.startswith("dq/") and name.endswith("_issues")
    }
    table = _made(("issue", "samples"), [[name, int(count)] for name, count in counts.items()])
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
        data_table=_made(("given", "suggested", "samples"), rows),
        vega_spec_name="wandb/confusion_matrix/v1",
        fields={"Actual": "given", "Predicted": "suggested", "nPredictions": "samples"},
        string_fields={"title": "Labels that look wrong: given (rows) against suggested"},
    )


def _rates(table: Table, label: str) -> wandb.Table:
    name, rate = table.columns.index(label), table.columns.index("label_issue_rate")
    rows = [[row[name], row[rate]] for row in table.rows if row[rate] is not None]
    return _made((label, "label_issue_rate"), rows[:BARS])


def _bar(table: wandb.Table, label: str, value: str, title: str) -> Any:  # noqa: ANN401
    import wandb

    return wandb.plot.bar(table, label, value, title=title)


def _receipt(run: Run, shown: Panels, keys: list[str], *, how: str) -> Receipt:
    folder = str(Path(run.dir).parent)
    details: dict[str, Any] = {
        "run_id": run.id,
        "project": run.project,
        "mode": "offline" if run.offline else how,
        "metrics": len(shown.metrics),
        "keys": len(keys),
        "flagged_rows": len(shown.flagged.rows),
        "flagged_total": shown.flagged_total,
    }
    if run.offline:
        details |= _offline(folder, how)
    return Receipt(
        platform="wandb",
        target=folder if run.offline else f"{run.entity}/{run.project}/{run.id}",
        created=len(shown.flagged.rows),
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
