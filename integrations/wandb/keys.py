"""Names of what a log writes into a run, and how its charts are drawn: what the panels of a workspace refer to."""

from __future__ import annotations

from dataclasses import dataclass

SCAN = "dq/scan"  # the number of a scan among those of its data set: what scalars are drawn over
TABLES, CHARTS, REPORT = "dq_tables/", "dq_charts/", "dq_report/report"


@dataclass(frozen=True)
class Chart:
    """One of W&B's own charts over a table that is logged with it.

    Parameters
    ----------
    name
        Of the chart, behind ``dq_charts/``.
    preset
        W&B's name of its form.
    fields
        What the form draws → the column of the table.
    """

    name: str
    preset: str
    fields: dict[str, str]
    title: str

    @property
    def key(self) -> str:
        """The key that it is logged under; its table's ends in ``_table``."""
        return f"{CHARTS}{self.name}"


ISSUES = Chart("issues", "wandb/bar/v0", {"label": "issue", "value": "samples"}, "Samples with an issue")
QUALITY = Chart("label_quality", "wandb/bar/v0", {"label": "score", "value": "samples"}, "Quality of the labels")
CONFUSION = Chart(
    "given_against_suggested",
    "wandb/confusion_matrix/v1",
    {"Actual": "given", "Predicted": "suggested", "nPredictions": "samples"},
    "Flagged labels: given (rows) against suggested",
)
SLICES = Chart(
    "slices",
    "wandb/bar/v0",
    {"label": "slug", "value": "label_issue_rate"},
    "Share of labels that are flagged, worst slices",
)
