"""Flagged samples as people will see them: one entry a sample, worst first, with all that was found."""

from __future__ import annotations

import datetime
import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from labelsift.errors import InputError
from labelsift.findings import ISSUES
from labelsift.report import Report

# People decide on labels, so what disputes a label comes first; scores of different issues do not compare.
_FIRST = ("label", "span", "conflicting_labels")


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
    again
        True for the second task of a sample.
    blind
        True where the labels and the reason must not be shown, whatever the others show.
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
    again: bool = False
    blind: bool = False

    @property
    def key(self) -> str:
        """What a push knows its task by."""
        return key_of(self.id, again=self.again)


def key_of(sample: str, *, again: bool) -> str:
    """Return what a push knows a task by: the sample's id, or for its second task what is no sample's id."""
    return f"{sample}\x00again" if again else sample


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


def with_repeats(flags: Sequence[Flag], repeats: Mapping[str, float]) -> list[Flag]:
    """Put second flags of some samples into the queue, by their scores; they differ in score and rank only."""
    if not repeats:
        return list(flags)
    twice = [
        replace(flag, scores={flag.issues[0]: repeats[flag.id]}, again=True) for flag in flags if flag.id in repeats
    ]
    merged = sorted([*flags, *twice], key=lambda flag: flag.scores[flag.issues[0]]) if twice else flags
    return [replace(flag, rank=rank) for rank, flag in enumerate(merged, start=1)]


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
