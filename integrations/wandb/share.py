"""W&B report for sharing: the verdict, the panels of one run, and the link to it, made once a run.

It can be seen by whoever sees the project. A link for people outside is made on its page, by a person.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from labelsift.data.formatting import error_text
from labelsift.errors import PlatformError

from .sections import require, sections

if TYPE_CHECKING:
    from wandb import Run

MADE = "labelsift_report"  # the key of a run's config that holds its report's address


def shared(run: Run, *, title: str, verdict: str, slice_metrics: Sequence[str] = ()) -> str:
    """Return the address of the report of an online run that is not finished, made if there is none.

    Raises
    ------
    MissingExtraError
        If wandb-workspaces is not installed.
    PlatformError
        If W&B refuses.
    """
    if made := run.config.get(MADE):
        return made  # people may have written into it
    require()
    from wandb_workspaces.reports.v2 import interface as wr

    try:
        only = wr.Runset(entity=run.entity, project=run.project, name=title, filters=f"ID == {run.id!r}")
        blocks = [wr.MarkdownBlock(text=verdict), wr.P(["The run: ", wr.Link(text=title, url=run.url or "")])]
        for name, panels in sections("", slice_metrics).items():
            if name != "Compare":  # of one run
                blocks += [wr.H2(text=name), wr.PanelGrid(runsets=[only], panels=panels)]
        report = wr.Report(
            entity=run.entity, project=run.project, title=title[:128], description="Data quality", blocks=blocks
        )
        address = report.save().url
    except Exception as error:  # the client raises what it likes
        hint = "Log again without --share, or look at the run"
        raise PlatformError(f"W&B took the run, but no report: {error_text(error)}", hint=hint) from error
    run.config.update({MADE: address}, allow_val_change=True)
    return address
