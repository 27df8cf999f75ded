"""From findings to what Label Studio stores: tasks, predictions and tabs. Pure functions, no I/O."""

from __future__ import annotations

import datetime
import json
import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

from labelsift.errors import InputError
from labelsift.findings import ISSUES
from labelsift.platforms import Mode
from labelsift.report import Report
from labelsift.wording import words

from .config import Target

PREFIX = "labelsift_"
TEXT = "text"
TAB_PREFIX = "labelsift: "
# People decide on labels, so what disputes a label comes first; scores of different issues do not compare.
_FIRST = ("label", "span", "conflicting_labels")
_LEADING = ("labelsift_header", "labelsift_reason", "labelsift_given", "labelsift_suggested")


@dataclass(frozen=True)
class Flag:
    """One flagged sample with everything that was found about it.

    Parameters
    ----------
    id
        The sample's id.
    rank
        Its place in the queue, 1 = worst.
    issues
        What it is flagged for, the one that ranks it first.
    scores
        Issue → score (0 = certainly bad, 1 = good).
    text, given, suggested
        The sample's text, its label and the label that fits better; None where there is none.
    confidence
        In the suggestion, 0..1; None without one.
    reason
        Plain sentences, the main one first.
    metadata
        The user's own fields, as JSON values.
    """

    id: str
    rank: int
    issues: tuple[str, ...]
    scores: dict[str, float]
    text: str
    given: str | None
    suggested: str | None
    confidence: float | None
    reason: str
    metadata: dict[str, Any] = field(default_factory=dict)


def flags_of(report: Report, *, only: Sequence[str] | None = None, budget: int | None = None) -> list[Flag]:
    """Return the flagged samples, worst first: disputed labels by their score, then the rest by theirs.

    Parameters
    ----------
    report
        Only its findings with scope sample count.
    only
        Issues to push; all where None.
    budget
        At most so many samples.

    Raises
    ------
    InputError
        If an issue is unknown or the budget is not positive.
    """
    known = set(ISSUES) | set(report.findings["issue"].to_pylist())
    unknown = sorted(set(only or ()) - known)
    if unknown:
        raise InputError("There are no such issues", ids=unknown, cure=f"Known are: {', '.join(sorted(known))}")
    if budget is not None and budget < 1:
        raise InputError(f"The budget is {budget}", cure="Give the number of samples to push, 1 or more")
    of_sample: dict[str, list[dict[str, Any]]] = {}
    for row in report.findings.to_pylist():
        if row["scope"] == "sample" and (only is None or row["issue"] in only):
            of_sample.setdefault(row["id"], []).append(row)
    for found in of_sample.values():
        found.sort(key=_order)
    ids = sorted(of_sample, key=lambda one: (*_order(of_sample[one][0]), one))[:budget]
    chosen = report.samples.take(report.samples.positions(ids))
    texts = chosen.texts.to_pylist()
    labels = chosen.labels.to_pylist() if chosen.labels is not None else [None] * len(ids)
    metadata = chosen.metadata.to_pylist() if chosen.metadata.num_columns else [{}] * len(ids)
    return [
        _flag(one, at + 1, of_sample[one], text=texts[at], given=labels[at], metadata=metadata[at])
        for at, one in enumerate(ids)
    ]


def _order(finding: dict[str, Any]) -> tuple[int, float]:
    issue = finding["issue"]
    return (_FIRST.index(issue) if issue in _FIRST else len(_FIRST), finding["score"])


def issue_order(issue: str) -> tuple[int, int, str]:
    """Order issues as their tabs stand: what disputes labels first, then as ISSUES lists them."""
    place = _FIRST.index(issue) if issue in _FIRST else len(_FIRST)
    return (place, ISSUES.index(issue) if issue in ISSUES else len(ISSUES), issue)


def _flag(
    id: str, rank: int, findings: list[dict[str, Any]], *, text: str, given: str | None, metadata: dict[str, Any]
) -> Flag:
    suggesting = next((one for one in findings if one["suggested"] not in (None, "null")), None)
    scores: dict[str, float] = {}
    for one in findings:
        scores.setdefault(one["issue"], round(one["score"], 6))
    reasons = dict.fromkeys(one["reason"].strip().rstrip(".") for one in findings if one["reason"].strip())
    confidence = suggesting["confidence"] if suggesting else None
    return Flag(
        id=id,
        rank=rank,
        issues=tuple(scores),
        scores=scores,
        text=_storable(text),
        given=_plain(findings[0]["given"]) or given,
        suggested=_plain(suggesting["suggested"]) if suggesting else None,
        confidence=None if confidence is None else round(min(max(confidence, 0.0), 1.0), 6),
        reason=" ".join(f"{_storable(one)}." for one in reasons),
        metadata={_storable(name): value for name, cell in metadata.items() if (value := _json(cell)) is not None},
    )


def _plain(cell: str | None) -> str | None:
    """Return a label out of a JSON cell; labels that are no text keep their JSON form."""
    if cell is None or cell == "null":
        return None
    value = json.loads(cell)
    return value if isinstance(value, str) else cell


def _json(value: object) -> object:
    """Return a user's value as JSON can hold it; None for what it cannot."""
    if isinstance(value, str):
        return _storable(value)
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, (datetime.date, datetime.datetime, datetime.time)):
        return value.isoformat()
    if isinstance(value, dict):
        return {_storable(str(name)): _json(one) for name, one in value.items()}
    if isinstance(value, (list, tuple)):
        return [_json(one) for one in value]
    return value if isinstance(value, (bool, int)) else None if value is None else str(value)


def _storable(text: str) -> str:
    """Replace the one character that PostgreSQL, below many a Label Studio, cannot store."""
    return text.replace("\x00", "\ufffd")


def header_of(flag: Flag) -> str:
    """Write the line above the text: what is given, and what may fit better.

    >>> header_of(Flag("a", 1, ("label",), {"label": 0.1}, "…", "card_arrival", "lost_card", 0.9, ""))
    'Labeled card_arrival. Maybe lost_card?'
    >>> header_of(Flag("a", 1, ("outlier",), {"outlier": 0.1}, "…", "card_arrival", None, None, ""))
    'Labeled card_arrival. Unlike every other sample.'
    """
    given = "Not labeled." if flag.given is None else f"Labeled {flag.given}."
    if flag.suggested:
        return f"{given} Maybe {flag.suggested}?"
    found = words(flag.issues[0])
    return f"{given} {found.meaning or found.title}"


def fields_of(flag: Flag, *, run: str, round: int, mode: Mode) -> dict[str, Any]:
    """Return labelsift's own fields of a task's data.

    In mode blind nothing among them says which label is given or suggested: the reason names both,
    so it is left out too.
    """
    fields: dict[str, Any] = {
        "labelsift_id": flag.id,
        "labelsift_run": run,
        "labelsift_round": round,
        "labelsift_rank": flag.rank,
        "labelsift_issues": ", ".join(flag.issues),
    }
    fields |= {f"{PREFIX}{issue}_score": score for issue, score in flag.scores.items()}
    if mode != "blind":
        fields |= {
            "labelsift_header": header_of(flag),
            "labelsift_reason": flag.reason,
            "labelsift_given": flag.given or "",
            "labelsift_suggested": flag.suggested or "",
        }
    return fields


def metadata_shown(flags: Iterable[Flag], *, mode: Mode) -> set[str]:
    """Name the user's fields that go onto the tasks of a review project.

    Never a name of labelsift's own or the text's; in mode blind no field that holds a given or
    suggested label anywhere, because that would tell it.
    """
    flags = list(flags)
    names = {name for flag in flags for name in flag.metadata if name != TEXT and not name.startswith(PREFIX)}
    if mode == "blind":
        for flag in flags:
            told = {label.casefold() for label in (flag.given, flag.suggested) if label}
            names -= {name for name, value in flag.metadata.items() if str(value).casefold() in told}
    return names


def task_data(flag: Flag, *, shown: set[str], run: str, round: int, mode: Mode) -> dict[str, Any]:
    """Return the data of a review project's task: the text, the user's fields and labelsift's own."""
    metadata = {name: value for name, value in flag.metadata.items() if name in shown}
    return metadata | {TEXT: flag.text} | fields_of(flag, run=run, round=round, mode=mode)


def model_version(run: str) -> str:
    """Return the model version of a run's predictions.

    >>> model_version("20261123-101500-4f2a")
    'labelsift/20261123-101500-4f2a'
    """
    return f"labelsift/{run}"


def prediction_of(flag: Flag, target: Target, *, run: str) -> dict[str, Any] | None:
    """Return the suggestion as a prediction whose score is the confidence; None without a suggestion."""
    if flag.suggested is None:
        return None
    made: dict[str, Any] = {
        "model_version": model_version(run),
        "result": [
            {
                "from_name": target.from_name,
                "to_name": target.to_name,
                "type": "choices",
                "value": {"choices": [flag.suggested]},
            }
        ],
    }
    return made if flag.confidence is None else made | {"score": flag.confidence}


def tab_of(issue: str, *, run: str, shown: Iterable[str] = ()) -> dict[str, Any]:
    """Return the tab of one issue: the samples flagged for it in this run, worst first by its own score.

    ``shown`` names the user's fields that stay visible; Label Studio shows every field otherwise.
    """
    score = f"{PREFIX}{issue}_score"
    items = [
        {"filter": "filter:tasks:data.labelsift_run", "operator": "equal", "type": "String", "value": run},
        {"filter": f"filter:tasks:data.{score}", "operator": "less", "type": "Number", "value": 2},
    ]
    return {
        "title": TAB_PREFIX + words(issue).title,
        "type": "list",
        "target": "tasks",
        "filters": {"conjunction": "and", "items": items},
        "ordering": [f"tasks:data.{score}"],
        "hiddenColumns": {"explore": _hidden(score), "labeling": []},
    }


def _hidden(score: str) -> list[str]:
    own = ["id", "run", "round", "rank", "header", "issues", *(f"{issue}_score" for issue in ISSUES)]
    columns = [f"tasks:data.{PREFIX}{name}" for name in own]
    columns += [
        f"tasks:{name}"
        for name in (
            "annotations_results",
            "annotations_ids",
            "file_upload",
            "storage_filename",
            "inner_id",
            "cancelled_annotations",
            "total_predictions",
            "predictions_score",
            "predictions_model_versions",
            "predictions_results",
            "annotators",
            "created_at",
            "updated_at",
            "updated_by",
            "avg_lead_time",
            "draft_exists",
            "comments",
            "comment_count",
            "unresolved_comment_count",
            "reviewers",
        )
    ]
    return [name for name in columns if name != f"tasks:data.{score}"]
