"""What W&B shows of an online run: the project's workspace, and a report for sharing that is made once a run.

Whoever sees the project sees the report. A link for people outside is made on its page, by a person.
"""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from labelsift.data.formatting import error_text
from labelsift.errors import PlatformError

from .sections import require, sections
from .workspace import VIEW, save

if TYPE_CHECKING:
    from labelsift.render.tracker_panels.panels import Panels
    from wandb import Run

MADE = "labelsift_report"  # the key of a run's config that holds its report's address
_logger = logging.getLogger("labelsift")


def publish(run: Run, content: Panels, *, share: bool) -> tuple[dict[str, str], dict[str, str]]:
    """Save the workspace and, if wanted, a report of a run that is not finished; return links, and what became of them.

    What cannot be made is said there, a report also in a warning: the run itself is written.
    """
    if not run.url or run.offline:  # disabled
        return {}, {}
    links, names = {}, list(content.slice_metrics)
    became = {"workspace": save(run.entity, run.project, verdict=content.summary, slice_metrics=names)}
    if not became["workspace"].startswith("not saved"):
        links["workspace"] = f"{run.url.partition('/runs/')[0]}?nw={VIEW}"
    if share:
        try:
            links["report"] = report(run, content)
        except PlatformError as error:
            became["report"] = str(error)
            _logger.warning("%s", error)
    return links, became


def report(run: Run, content: Panels) -> str:
    """Return the address of the report of a run, made if there is none.

    Raises
    ------
    PlatformError
        If W&B refuses.
    """
    if made := run.config.get(MADE):
        return made  # people may have written into it
    try:
        require()
        from wandb_workspaces.reports.v2 import interface as wr

        only = wr.Runset(entity=run.entity, project=run.project, name=content.title, filters=f"ID == {run.id!r}")
        link = wr.Link(text=content.title, url=run.url or "")
        blocks = [wr.MarkdownBlock(text=content.summary), wr.P(["The run: ", link])]
        for name, panels in sections("", content.slice_metrics).items():
            if name != "Compare":  # of one run
                blocks += [wr.H2(text=name), wr.PanelGrid(runsets=[only], panels=panels)]
        title = content.title[:128]
        address = wr.Report(entity=run.entity, project=run.project, title=title, blocks=blocks).save().url
    except Exception as error:  # the client raises what it likes
        hint = "Log again, or look at the run"
        raise PlatformError(f"W&B took the run, but no report: {error_text(error)}", hint=hint) from error
    run.config.update({MADE: address}, allow_val_change=True)
    return address
