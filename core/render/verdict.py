"""Verdict on a data set as Markdown: what is wrong, how much of it, and where."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterable, Sequence
from typing import Any

import pyarrow as pa

from ..data.formatting import percent, shortened, visible
from ..data.issues import issue_named
from ..metrics.slice_metrics import PROBABILITIES, PROXY
from .check_verdicts import verdicts_of
from .overview import Overview

MAX_LENGTH = 8_000  # a tag of MLflow's holds no more
HEADING = "### labelsift: "
SHOWN = 8
NAME_LENGTH = 60
# Below so many labels an interval is too wide to call a slice or a class worse.
FEWEST = 10
_WHOSE = {
    PROXY: ("The proxy model (trained by the scan, out of sample)", "judged"),
    PROBABILITIES: ("The user's model, by its probabilities,", "given"),
}


def summary(
    overview: Overview,
    slices: pa.Table,
    whole: dict[str, float],
    source: str,
    counted: str = "",
    *,
    review: str = "",
) -> str:
    """Write the verdict.

    Parameters
    ----------
    slices
        The slices of trackers, worst label-issue rate first; ``worse_in`` says in which metrics each is worse.
    whole
        The metrics of the whole data set.
    source
        Whose predictions ``whole`` judges.
    counted
        What they are counted on, in words.
    review
        How far people are, as Markdown.
    """
    worse = _worse(slices) if overview.tells_shares else []
    parts = [
        f"{HEADING}{escaped(overview.verdict)}",
        review,
        f"{_worst(worse)} {escaped(overview.details)}".strip(),
        _judge(overview, whole, source, counted),
        _issues(overview),
        "\n".join(
            f"- {title}: {escaped(verdict, 500)}" for title, verdict in verdicts_of(overview.report, words=False)
        ),
        _pairs(overview),
        _classes(overview),
        _slices(worse),
        "\n".join(f"- {escaped(note, 500)}" for note in overview.notes[:SHOWN]),
        f"Data set {escaped(overview.report.samples.name)}, fingerprint `{overview.report.samples.fingerprint}`, "
        f"scan `{overview.report.run}`.",
    ]
    kept: list[str] = []
    for part in filter(None, parts):
        if len("\n\n".join([*kept, part])) <= MAX_LENGTH:
            kept.append(part)
    return "\n\n".join(kept)


def escaped(text: str, limit: int = 2_000) -> str:
    r"""Write a text so that Markdown shows it as it is.

    >>> escaped("a|b <i>*c*")
    'a\\|b &lt;i&gt;\\*c\\*'
    """
    safe = visible(shortened(text, limit)).replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    return re.sub(r"([\\`*_{}\[\]|~#!])", r"\\\1", safe)


def _judge(overview: Overview, whole: dict[str, float], source: str, counted: str) -> str:
    if not source or whole["accuracy"] != whole["accuracy"]:
        return ""
    task = overview.report.samples.task
    who, which = _WHOSE.get(source, ("The predicted column", "given"))
    what = {"multilabel": "sets of labels", "spans": "texts, with all their spans,"}.get(task, "labels")
    kind = "entity F1" if task == "spans" else "macro F1"
    known = f"; {kind} {whole['f1']:.3f}{_range(whole, 'f1', '{:.3f}'.format)}" if whole["f1"] == whole["f1"] else ""
    share = f"{percent(whole['accuracy'])}{_range(whole, 'accuracy', percent)}"
    where = f" ({escaped(counted)})" if counted.startswith("on split") else ""
    return f"{who} agrees with {share} of the {which} {what}{where}{known}."


def _range(whole: dict[str, float], metric: str, written: Callable[[float], str]) -> str:
    """Write the 95 % interval of a metric in brackets; empty where none can be told."""
    ends = [whole.get(f"{metric}_{end}", math.nan) for end in ("low", "high")]
    return f" ({' to '.join(map(written, ends))})" if all(map(math.isfinite, ends)) else ""


def _issues(overview: Overview) -> str:
    rows = [(issue_named(entry.issue).title, f"{entry.count:,}", overview.share_of(entry)) for entry in overview.issues]
    return _table("Issues", ("Issue", "Samples", "Share"), rows)


def _pairs(overview: Overview) -> str:
    rows = [(_name(given), _name(suggested), f"{count:,}") for given, suggested, count in overview.mix_ups[:SHOWN]]
    return _table("Most common mix-ups", ("Given label", "Looks like", "Samples"), rows)


def _classes(overview: Overview) -> str:
    worst = [health for health in overview.named_classes if health.flagged and health.rows >= FEWEST][:SHOWN]
    rows = [
        (
            _name(health.name),
            f"{health.rows:,}",
            f"{health.flagged:,}",
            *([percent(health.flagged, health.rows)] if overview.tells_shares else []),
        )
        for health in worst
    ]
    head = ("Class", "Judged labels", "Flagged", "Share")
    return _table("Classes with the worst labels", head if overview.tells_shares else head[:3], rows)


def _worse(slices: pa.Table) -> list[dict[str, Any]]:
    """Return the slices whose labels the table calls worse than the rest by more than chance, worst first."""
    return [row for row in slices.to_pylist() if "label_issue_rate" in row["worse_in"].split(", ")]


def _worst(worse: list[dict[str, Any]]) -> str:
    if not worse:
        return ""
    return (
        f"Labels are worst where {_name(worse[0]['predicate'])}: {percent(worse[0]['label_issue_rate'])} are flagged."
    )


def _slices(worse: list[dict[str, Any]]) -> str:
    rows = [
        (
            _name(row["predicate"]),
            f"{row['judged']:,}",
            f"{row['label_issues']:,}",
            percent(row["label_issue_rate"]),
            f"{percent(row['label_issue_rate_low'])} – {percent(row['label_issue_rate_high'])}",
        )
        for row in worse[:SHOWN]
    ]
    head = ("Slice", "Judged labels", "Flagged", "Share", "95 % interval")
    return _table("Slices whose labels are worse than the rest", head, rows)


def _table(title: str, head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = [f"| {' | '.join(row)} |" for row in rows]
    if not lines:
        return ""
    return "\n".join([f"**{title}**", "", f"| {' | '.join(head)} |", "|" + " --- |" * len(head), *lines])


def _name(text: str) -> str:
    return escaped(text, NAME_LENGTH)
