"""Flagged samples as people will see them: one entry a sample, worst first, with all that was found."""

from __future__ import annotations

import datetime
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from ..data.issues import issue_names
from ..data.media import Medium, shown_of
from ..data.samples import Task
from ..errors import InputError
from ..store.run import Run
from .reasons import reason_of
from .suggestions import Dispute, Value, given_in, order_of, plain, suggesting_of, suggestion_of


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
    text
        The sample's text, or the address of its image or sound; empty where it has none.
    given, suggested
        Its label and the label that fits better, None where there is none. Where samples have several labels, or
        spans, the whole sets: a sorted list of labels, ``[[start, end, type], …]``.
    confidence
        In the suggestion, 0..1; None without one.
    reason
        Plain sentences, the main one first.
    metadata
        The user's own fields, as JSON values.
    again
        True for the second task of a sample.
    blind
        True where the labels and the reason must not be shown, whatever the others show.
    task
        What kind of labels ``given`` and ``suggested`` are.
    disputes
        Of spans: each as it is marked and as it should be, worst first; None where nothing is, or should be.
    """

    id: str
    rank: int
    issues: tuple[str, ...]
    scores: dict[str, float]
    text: str
    given: Value | None
    suggested: Value | None
    confidence: float | None
    reason: str
    metadata: dict[str, Any] = field(default_factory=dict)
    again: bool = False
    blind: bool = False
    task: Task = "classification"
    disputes: tuple[Dispute, ...] = ()

    @property
    def key(self) -> str:
        """What a push knows its task by."""
        return key_of(self.id, again=self.again)


def key_of(sample: str, *, again: bool) -> str:
    """Return what a push knows a task by: the sample's id, or for its second task what is no sample's id."""
    return f"{sample}\x00again" if again else sample


def flags_of(report: Run, *, only: Sequence[str] | None = None, budget: int | None = None) -> list[Flag]:
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
    known = set(issue_names()) | set(report.findings["issue"].to_pylist())
    unknown = sorted(set(only or ()) - known)
    if unknown:
        raise InputError("There are no such issues", ids=unknown, cure=f"Known are: {', '.join(sorted(known))}")
    if budget is not None and budget < 1:
        raise InputError(f"The budget is {budget}", cure="Give the number of samples to push, 1 or more")
    of_sample: dict[str, list[dict[str, Any]]] = {}
    for row in report.findings.drop_columns(["related_ids", "group_id"]).to_pylist():  # lists take long to build
        if row["scope"] == "sample" and (only is None or row["issue"] in only):
            of_sample.setdefault(row["id"], []).append(row)
    for found in of_sample.values():
        found.sort(key=order_of)
    ids = sorted(of_sample, key=lambda one: (*order_of(of_sample[one][0]), one))[:budget]
    chosen = report.samples.take(report.samples.positions(ids))
    shown = shown_of(report.samples)
    texts = shown.of(chosen) if shown else [""] * len(ids)
    labels = given_in(chosen)
    metadata = chosen.metadata.to_pylist() if chosen.metadata.num_columns else [{} for _ in ids]
    if shown and shown.column is not None:  # the page shows it
        for row in metadata:
            del row[shown.column]
    medium = shown.medium if shown else None
    flags = []
    for at, one in enumerate(ids):
        reason = _reason(of_sample[one], text=texts[at], medium=medium)
        flags.append(
            _flag(
                one,
                at + 1,
                of_sample[one],
                text=texts[at],
                given=labels[at],
                metadata=metadata[at],
                task=chosen.task,
                reason=reason,
            )
        )
    return flags


def _reason(findings: Sequence[Mapping[str, Any]], *, text: str, medium: Medium | None) -> str:
    told = dict.fromkeys(reason_of(one, text=text, medium=medium) for one in findings)
    return " ".join(_storable(one) for one in told if one)


def _flag(
    id: str,
    rank: int,
    findings: list[dict[str, Any]],
    *,
    text: str,
    given: Value | None,
    metadata: dict[str, Any],
    task: Task,
    reason: str,
) -> Flag:
    scores: dict[str, float] = {}
    for one in findings:
        scores.setdefault(one["issue"], round(one["score"], 6))
    if task == "classification":
        given = plain(findings[0]["given"]) or given
    suggested, disputes = suggestion_of(findings, given=given, task=task)
    # To mark nothing is a suggestion, too, and stands as null in a finding about spans.
    suggesting = findings[0] if disputes else suggesting_of(findings)
    confidence = suggesting["confidence"] if suggesting and suggested is not None else None
    return Flag(
        id=id,
        rank=rank,
        issues=tuple(scores),
        scores=scores,
        text=_storable(text) if task != "spans" else _storable(text).replace("\r", " "),  # as pages drop it
        given=given,
        suggested=suggested,
        confidence=None if confidence is None else round(min(max(confidence, 0.0), 1.0), 6),
        reason=reason,
        metadata={_storable(name): value for name, cell in metadata.items() if (value := _json(cell)) is not None},
        task=task,
        disputes=disputes,
    )


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
