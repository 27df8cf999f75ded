"""Given and suggested value of a sample, read from its row and its findings."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from ..data.issues import issue_named
from ..data.label_sets import parsed as labels_of
from ..data.review_queue import Dispute, ReviewQueue, Span, Value
from ..data.samples import Samples, Task
from ..data.schemas import from_json
from ..data.spans import parsed as spans_of

# People decide on labels, so what disputes a label comes first; scores of different issues do not compare.
DISPUTING = ("label", "span", "ambiguous", "conflicting_labels")


def given_in(samples: Samples) -> list[Value | None]:
    """Return the given value of each sample."""
    cells = samples.given.to_pylist() if samples.given is not None else [None] * len(samples)
    return [read_given(cell, samples.task) for cell in cells]


def read_given(cell: str | None, task: Task) -> Value | None:
    """Read the value out of a cell of the samples' table."""
    if cell is None or task == "classification":
        return cell
    return labels_of(cell) if task == "multilabel" else [list(span) for span in spans_of(cell) or ()]


def suggestion_of(
    findings: Sequence[Mapping[str, Any]], *, given: Value | None, task: Task
) -> tuple[Value | None, tuple[Dispute, ...]]:
    """Return what the findings of a sample suggest in place of what is given, and the disputes if it has spans.

    Parameters
    ----------
    findings
        With issue, score, given and suggested (JSON).
    """
    ordered = sorted(findings, key=order_of)
    if task == "spans":
        spans = [finding for finding in ordered if finding["issue"] == "span"]
        disputes = [(from_json(finding["given"]), from_json(finding["suggested"])) for finding in spans]
        return (settled(given, disputes) if disputes else None), tuple(disputes)
    if task == "multilabel":
        sets = [labels for finding in ordered if isinstance(labels := from_json(finding["suggested"]), list)]
        return (sets[0] if sets else None), ()
    suggesting = suggesting_of(ordered)
    return (plain(suggesting["suggested"]) if suggesting else None), ()


def suggesting_of(findings: Sequence[Mapping[str, Any]]) -> Mapping[str, Any] | None:
    """Return the first finding that suggests something."""
    return next((finding for finding in findings if finding["suggested"] not in (None, "null")), None)


def order_of(finding: Mapping[str, Any]) -> tuple[int, float]:
    """Order the findings of a sample, or samples by their first: what disputes labels first, then the worse score."""
    issue = finding["issue"]
    return (DISPUTING.index(issue) if issue in DISPUTING else len(DISPUTING), finding["score"])


def issue_order(issue: str) -> tuple[int, int, str]:
    """Order issues as their tabs stand: what disputes labels first, then by their rank."""
    place = DISPUTING.index(issue) if issue in DISPUTING else len(DISPUTING)
    return (place, issue_named(issue).rank, issue)


def plain(cell: str | None) -> str | None:
    """Return a label out of a JSON cell; labels that are no text keep their JSON form."""
    if cell is None or cell == "null":
        return None
    value = json.loads(cell)
    return value if isinstance(value, str) else cell


def cell_of(value: Value | None) -> str:
    """Write a value into a cell: a label as it is, sets and spans as JSON, nothing as an empty text.

    >>> cell_of("refund"), cell_of(["a", "b"]), cell_of([[0, 5, "PER"]]), cell_of(None)
    ('refund', '["a", "b"]', '[[0, 5, "PER"]]', '')
    """
    if value is None or isinstance(value, str):
        return value or ""
    return json.dumps(value, ensure_ascii=False)


def labels_in(value: Value | None) -> list[str]:
    """Return the labels in a value: itself, those of a set, or the types of spans, each once.

    >>> labels_in("a"), labels_in(["a", "b"]), labels_in([[0, 2, "x"], [4, 5, "x"]]), labels_in(None)
    (['a'], ['a', 'b'], ['x'], [])
    """
    if value is None or isinstance(value, str):
        return [] if value is None else [value]
    return list(dict.fromkeys(item if isinstance(item, str) else item[2] for item in value))


def labels_to_choose(queue: ReviewQueue) -> list[str]:
    """Return the labels that a review project offers: the classes, then whatever else is given or suggested."""
    seen = [*queue.samples.classes, *queue.classes]
    seen += queue.samples.taxonomy.classes if queue.samples.taxonomy else ()
    seen += [label for item in queue.items for value in (item.given, item.suggested) for label in labels_in(value)]
    return sorted(dict.fromkeys(seen), key=str.casefold)


def settled(given: Value | None, disputes: Iterable[Dispute]) -> Value:
    """Return the whole list of spans if every suggestion is right.

    >>> settled([[0, 3, "a"], [5, 8, "b"]], [([0, 3, "a"], None), (None, [9, 12, "c"])])
    [[5, 8, 'b'], [9, 12, 'c']]
    """
    disputes = list(disputes)
    gone = [old for old, _ in disputes if old is not None]
    come = [new for _, new in disputes if new is not None]
    return listed([*(span for span in given or () if list(span) not in gone), *come])


def disputed(given: Value | None, suggested: Value | None) -> tuple[Value, Value]:
    """Return the given spans that a suggestion takes away, and the spans that it brings.

    >>> disputed([[0, 3, "a"], [5, 8, "b"]], [[0, 3, "x"], [5, 8, "b"]])
    ([[0, 3, 'a']], [[0, 3, 'x']])
    """
    if suggested is None:
        return [], []
    before, after = listed(given or ()), listed(suggested)
    return [span for span in before if span not in after], [span for span in after if span not in before]


def listed(spans: Iterable[Span]) -> list[list[int | str]]:
    """Return spans as lists, in the order of the text, each once."""
    return [list(span) for span in sorted({(start, end, kind) for start, end, kind in spans})]
