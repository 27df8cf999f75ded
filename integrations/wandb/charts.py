"""Tables and charts of a run as W&B's own: the charts are presets, drawn in every run without a saved layout."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from labelsift.render.tracker_panels.bars import bars

from .keys import CHART

if TYPE_CHECKING:
    import wandb
    from labelsift.render.tracker_panels.figures import Matrix
    from labelsift.render.tracker_panels.panels import Panels

MOST = 200_000  # rows: W&B cuts what is longer
_TYPED = 100  # rows by which W&B learns a column's type, at 40 µs each


def table(columns: Sequence[str], rows: list[Any]) -> wandb.Table:
    """Return a table of at most 200,000 rows, made anew: W&B keeps the first state of a logged one.

    Parameters
    ----------
    columns, rows
        Rows are lists in the order of the columns, cells str, int, finite float, bool or None.
    """
    import wandb

    made = wandb.Table(columns=list(columns), data=rows[: min(_TYPED, MOST)], allow_mixed_types=True)
    made.data.extend(rows[_TYPED:MOST])  # mixed types are allowed, so later rows change no column's type
    return made


def charts(content: Panels) -> dict[str, Any]:
    """Return key → chart of what there is to draw."""
    import wandb

    drawn: dict[str, Any] = {}
    for each in bars(content):  # not wandb.plot.histogram, which counts again and so needs every score
        drawn[CHART + each.name] = wandb.plot.bar(table(each.columns, each.rows), *each.columns, title=each.title)
    if content.confusion is not None and content.confusion.labels:
        drawn[f"{CHART}given_against_suggested"] = _matrix(content.confusion)
    return drawn


def _matrix(confusion: Matrix) -> Any:  # noqa: ANN401 -- wandb's CustomChart has no public name
    import wandb

    return wandb.plot_table(
        data_table=table(("given", "suggested", "samples"), confusion.rows),
        vega_spec_name="wandb/confusion_matrix/v1",
        fields={"Actual": "given", "Predicted": "suggested", "nPredictions": "samples"},
        string_fields={"title": "Flagged labels: the given one (Actual) against the suggested one (Predicted)"},
    )
