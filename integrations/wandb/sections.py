"""Sections of panels that a workspace and a report share: what each shows, and where it stands in a grid."""

from __future__ import annotations

import warnings
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from labelsift.errors import MissingExtraError
from labelsift.metrics.metric_names import METRICS
from labelsift.render.tracker_panels.panels import TABLES
from labelsift.render.tracker_panels.scalars import HEADLINE

from .keys import CHART, GATE, REPORT, SCAN, TABLE

if TYPE_CHECKING:
    from wandb_workspaces.reports.v2.interface import PanelTypes

WIDTH = 24  # of W&B's grid
BARS = 40  # slices in a panel
INTERVAL: list[Any] = [f"dq/error_rate_est{end}" for end in ("", "_low", "_high")]
_TITLES = (
    "Samples",
    "Share with an issue",
    "Wrong labels (estimate)",
    "Flags that people confirm",
    "Left in the queue",
)
_BAR, _MATRIX = "wandb/bar/v0", "wandb/confusion_matrix/v1"
_CELLS = {"Actual": "given", "Predicted": "suggested", "nPredictions": "samples"}


def require() -> None:
    """Import wandb-workspaces, and keep what pydantic says of its form meanwhile from the user.

    Raises
    ------
    MissingExtraError
        If it is not installed.
    """
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        try:
            import wandb_workspaces.workspaces  # noqa: F401
        except ImportError:
            raise MissingExtraError("wandb-workspaces", "wandb", purpose="Saving panels in W&B") from None


def sections(verdict: str, slice_metrics: Iterable[str]) -> dict[str, list[PanelTypes]]:
    """Return the panels of each section, laid out without overlap.

    Parameters
    ----------
    verdict
        Markdown; without it there is no panel for it.
    slice_metrics
        The keys ``slice.<metric>/<slug>`` whose bars are compared over runs.
    """
    from wandb_workspaces.reports.v2 import interface as wr

    def chart(name: str, form: str, fields: dict[str, str], title: str) -> PanelTypes:
        query = {"summaryTable": {"tableKey": f"{CHART}{name}_table"}}
        return wr.CustomChart(query=query, chart_name=form, chart_fields=fields, chart_strings={"title": title})

    scalars = [wr.ScalarChart(title=title, metric=key) for key, title in zip(HEADLINE, _TITLES, strict=True)]
    lines = [wr.LinePlot(title=title, x=SCAN, y=[key]) for key, title in zip(HEADLINE, _TITLES, strict=True)]
    interval = wr.LinePlot(title="Wrong labels (estimate, with its 95 % interval)", x=SCAN, y=INTERVAL)
    said = [wr.MarkdownPanel(markdown=verdict)] if verdict else []
    issues = chart("issues", _BAR, {"label": "issue", "value": "samples"}, "Samples with an issue")
    quality = chart("label_quality", _BAR, {"label": "score", "value": "samples"}, "Samples by label score, 0 wrong")
    matrix = chart("given_against_suggested", _MATRIX, _CELLS, "Flagged labels: given against suggested")
    worst = chart("slices", _BAR, {"label": "slug", "value": "label_issue_rate"}, "Labels that look wrong, by slice")
    judged = wr.WeavePanelSummaryTable(table_name=GATE)
    tables = {name: wr.WeavePanelSummaryTable(table_name=f"{TABLE}{name}") for name in TABLES}
    page = wr.MediaBrowser(title="Report", media_keys=[REPORT], num_columns=1)
    by_metric: dict[str, list[Any]] = {}
    for name in slice_metrics:
        by_metric.setdefault(name.removeprefix("slice.").partition("/")[0], []).append(name)
    bars = [
        wr.BarPlot(title=f"{METRICS[metric].title} of slices", metrics=keys[:BARS], max_bars_to_show=BARS)
        for metric, keys in by_metric.items()
    ]
    return {
        "Overview": _grid((4, scalars), (6, lines), (10, [*said, interval]), (8, [judged])),
        "Label issues": _grid((8, [issues, quality]), (10, [matrix]), (8, [tables["issues"], tables["classes"]])),
        "Slices": _grid((10, [worst]), (12, [tables["slices"]])),
        "Rows": _grid((14, [tables["flagged"]]), (10, [tables["dictionary"], page])),
        "Compare": _grid((12, [wr.RunComparer(diff_only="split")]), *((10, [panel]) for panel in bars)),
    }


def _grid(*rows: tuple[int, list[Any]]) -> list[PanelTypes]:
    """Give each panel its place: rows from the top, each of a height, whose panels share the width."""
    from wandb_workspaces.reports.v2.interface import Layout

    y = 0
    for height, panels in rows:
        width = WIDTH // len(panels)
        for column, panel in enumerate(panels):
            panel.layout = Layout(x=column * width, y=y, w=width, h=height)
        y += height
    return [panel for _, panels in rows for panel in panels]
