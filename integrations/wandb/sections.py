"""Sections of panels that a workspace and a report share: what each shows, and where it stands in a grid."""

from __future__ import annotations

import warnings
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

from labelsift.errors import MissingExtraError
from labelsift.metrics.metric_names import METRICS

from .keys import CONFUSION, ISSUES, QUALITY, REPORT, SCAN, SLICES, TABLES, Chart

if TYPE_CHECKING:
    from wandb_workspaces.reports.v2.interface import Panel

WIDTH = 24  # of W&B's grid
BARS = 40  # slices in a panel
HEADLINES = {
    "dq/rows": "Samples",
    "dq/flagged_rate": "Share with an issue",
    "dq/error_rate_est": "Wrong labels (estimate)",
    "dq/flag_precision": "Flags that people confirm",
    "dq/queue_left": "Left in the queue",
}
INTERVAL = ["dq/error_rate_est", "dq/error_rate_est_low", "dq/error_rate_est_high"]
Sections = dict[str, "list[Panel]"]


def require() -> None:
    """Import wandb-workspaces, which speaks of pydantic's deprecations while it is imported.

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
            raise MissingExtraError("wandb-workspaces", "wandb", purpose="Panels in W&B") from None


def sections(verdict: str, slice_metrics: Iterable[str]) -> Sections:
    """Return the panels of each section, laid out without overlap.

    Parameters
    ----------
    verdict
        Markdown; without it there is no panel for it.
    slice_metrics
        The keys ``slice.<metric>/<slug>`` whose bars are compared over runs.
    """
    from wandb_workspaces.reports import v2 as wr

    scalars = [wr.ScalarChart(title=title, metric=key) for key, title in HEADLINES.items()]
    lines = [wr.LinePlot(title=title, x=SCAN, y=[key], title_x="scan") for key, title in HEADLINES.items()]
    interval = wr.LinePlot(title="Wrong labels (estimate, with its 95 % interval)", x=SCAN, y=INTERVAL, title_x="scan")
    bars = [
        wr.BarPlot(title=f"{METRICS[metric].title} of slices", metrics=keys[:BARS], max_bars_to_show=BARS)
        for metric, keys in _by_metric(slice_metrics).items()
    ]
    said = [wr.MarkdownPanel(markdown=verdict)] if verdict else []
    page = wr.MediaBrowser(title="Report", media_keys=[REPORT], num_columns=1)
    return {
        "Overview": _grid((4, scalars), (6, lines), (10, [*said, interval])),
        "Label issues": _grid((8, [_chart(ISSUES), _chart(QUALITY)]), (10, [_chart(CONFUSION), _table("classes")])),
        "Slices": _grid((10, [_chart(SLICES)]), (12, [_table("slices")])),
        "Rows": _grid((14, [_table("flagged")]), (10, [_table("dictionary"), page])),
        "Compare": _grid((12, [wr.RunComparer(diff_only="split")]), *((10, [panel]) for panel in bars)),
    }


def _by_metric(names: Iterable[str]) -> Mapping[str, list[str]]:
    keys: dict[str, list[str]] = {}
    for name in names:
        keys.setdefault(name.removeprefix("slice.").partition("/")[0], []).append(name)
    return keys


def _chart(chart: Chart) -> Panel:
    from wandb_workspaces.reports import v2 as wr

    return wr.CustomChart(
        query={"summaryTable": {"tableKey": f"{chart.key}_table"}},
        chart_name=chart.preset,
        chart_fields=chart.fields,
        chart_strings={"title": chart.title},
    )


def _table(name: str) -> Panel:
    from wandb_workspaces.reports import v2 as wr

    return wr.WeavePanelSummaryTable(table_name=f"{TABLES}{name}")


def _grid(*rows: tuple[int, list[Any]]) -> list[Panel]:
    """Give each panel its place: rows from the top, each of a height, whose panels share the width."""
    from wandb_workspaces.reports import v2 as wr

    placed, y = [], 0
    for height, panels in rows:
        width = WIDTH // len(panels)
        for column, panel in enumerate(panels):
            panel.layout = wr.Layout(x=column * width, y=y, w=width, h=height)
            placed.append(panel)
        y += height
    return placed
