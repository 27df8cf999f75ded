"""Review items: one entry a flagged sample, worst first, with all that was found about it."""

from __future__ import annotations

import datetime
import math
from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from functools import partial
from typing import Any

import numpy as np
import pyarrow.compute as pc

from ..data.hidden_texts import HiddenTexts, hide_in
from ..data.issues import advice_names, issue_names
from ..data.media import Medium, shown_of
from ..data.review_queue import ReviewItem, ReviewQueue, Value
from ..data.samples import Samples, Task
from ..errors import InputError
from ..label_quality.accept_rates import AcceptRates
from ..store.run import Run
from .actions import actions_of, masks_of, repaired_of
from .dealing import clusters_of
from .judged_labels import rescored
from .neighbors import Beside, beside
from .reasons import reason_of
from .suggestions import given_in, order_of, plain, suggesting_of, suggestion_of
from .words import Telling, telling_of


def findings_of(run: Run, *, advice: bool = True) -> list[dict[str, Any]]:
    """Return the findings of a run about single samples as rows; without ``advice``, those that ask for a decision."""
    table = run.findings.drop_columns(["related_ids"])  # lists take long to build
    rows = table.filter(pc.equal(table["scope"], "sample")).to_pylist()
    left_out = frozenset() if advice else advice_names()
    return [row for row in rows if row["issue"] not in left_out]


def queue_of(
    run: Run,
    findings: Sequence[dict[str, Any]] | None = None,
    *,
    only: Sequence[str] | None = None,
    budget: int | None = None,
    repeats: Mapping[str, float] | None = None,
    blind: Collection[str] = (),
    learned: AcceptRates | None = None,
    decided: Collection[str] = (),
    alone: bool = False,
    mask: bool = False,
) -> ReviewQueue:
    """Return the flagged samples, worst first: disputed labels by their score, then the rest by theirs.

    Parameters
    ----------
    findings
        Rows as of :func:`findings_of`, which it asks where None.
    only
        Issues to push; all where None.
    budget
        At most so many samples.
    repeats
        Sample id → the score that places a second item of it.
    blind
        Samples whose labels and reason must not be shown.
    learned
        What people's answers on this run say: it moves scores and places, and not which samples are chosen.
    decided
        Samples whose scores stay, because people judged them by these.
    alone
        Show no other samples beside the items, as beside blind ones: they would tell what is flagged, and for what.
    mask
        Put marks in place of personal data and secrets in the texts and fields, and leave the embeddings out.

    Raises
    ------
    InputError
        If an issue is unknown.
    """
    issues = set(issue_names()) | set(run.findings["issue"].to_pylist())
    unknown = sorted(set(only or ()) - issues)
    if unknown:
        raise InputError("There are no such issues", ids=unknown, hint=f"Known are: {', '.join(sorted(issues))}")
    rows = findings_of(run) if findings is None else findings
    groups = clusters_of(rows)
    of_sample: dict[str, list[dict[str, Any]]] = {}
    for row in rows:
        if only is None or row["issue"] in only:
            of_sample.setdefault(row["id"], []).append(row)
    for rows_of_sample in of_sample.values():
        rows_of_sample.sort(key=order_of)
    ids = sorted(of_sample, key=lambda id: (*order_of(of_sample[id][0]), id))[:budget]
    if learned is not None and learned.enough:
        of_sample |= rescored(run, {id: of_sample[id] for id in ids if id not in decided}, learned)
        ids.sort(key=lambda id: (*order_of(of_sample[id][0]), id))
    chosen = run.samples.take(run.samples.positions(ids))
    visible = shown_of(run.samples)
    texts = visible.of(chosen) if visible else [""] * len(ids)
    labels = given_in(chosen)
    metadata = chosen.metadata.to_pylist() if chosen.metadata.num_columns else [{} for _ in ids]
    if visible and visible.column is not None:  # the page shows it
        for fields in metadata:
            del fields[visible.column]
    medium = visible.medium if visible else None
    words = {id: _words(of_sample[id], text) for id, text in zip(ids, texts, strict=True)} if medium == "text" else {}
    if mask:
        hidden = HiddenTexts(run.findings, run.scores.column_names)
        if medium == "text":
            words = {id: _moved(words[id], hidden, id, text) for id, text in zip(ids, texts, strict=True)}
            texts = [hidden.masked(id, text) for id, text in zip(ids, texts, strict=True)]
        metadata = [hide_in(fields) for fields in metadata]
    labelless = not (run.samples.classes or run.classes or run.samples.taxonomy)
    seen = [] if alone else [id for id in ids if id not in blind]
    others = beside(run, {id: [row["issue"] for row in of_sample[id]] for id in seen}) if seen else {}
    items = [
        _item(
            id,
            of_sample[id],
            rank=rank,
            text=text,
            given=given,
            metadata=fields,
            task=chosen.task,
            medium=medium,
            blind=id in blind,
            group=groups.get(id),
            others=others.get(id, Beside()),
            labelless=labelless,
            places=not mask,
            words=None if id in blind else words.get(id),
        )
        for rank, (id, text, given, fields) in enumerate(zip(ids, texts, labels, metadata, strict=True), start=1)
    ]
    repeats = repeats or {}
    vectors = None if run.embeddings is None or mask else partial(_embeddings_of, run.embeddings, run.samples)
    return ReviewQueue(run.run, run.samples, _with_repeats(items, repeats), run.classes, repeats, vectors)


def _embeddings_of(embeddings: np.ndarray, samples: Samples, ids: Sequence[str]) -> np.ndarray:
    return embeddings[samples.positions(ids)].astype(np.float32, copy=False)


def _with_repeats(items: Sequence[ReviewItem], repeats: Mapping[str, float]) -> tuple[ReviewItem, ...]:
    """Put second items of some samples into the queue, by their scores; they differ in score and rank only."""
    again = [
        replace(item, scores={item.issues[0]: repeats[item.id]}, again=True) for item in items if item.id in repeats
    ]
    if not again:
        return tuple(items)
    merged = sorted([*items, *again], key=lambda item: item.scores[item.issues[0]])
    return tuple(replace(item, rank=rank) for rank, item in enumerate(merged, start=1))


def _item(
    id: str,
    findings: list[dict[str, Any]],
    *,
    rank: int,
    text: str,
    given: Value | None,
    metadata: dict[str, Any],
    task: Task,
    medium: Medium | None,
    blind: bool,
    group: str | None,
    others: Beside,
    labelless: bool,
    places: bool,
    words: Telling | None,
) -> ReviewItem:
    scores: dict[str, float] = {}
    for row in findings:
        scores.setdefault(row["issue"], round(row["score"], 6))
    reasons = dict.fromkeys(reason_of(row, text=text, medium=medium) for row in findings)
    if task == "classification":
        given = plain(findings[0]["given"]) or given
    suggested, disputes = suggestion_of(findings, given=given, task=task)
    # To mark nothing is a suggestion, too, and stands as null in a finding about spans.
    suggesting = findings[0] if disputes else suggesting_of(findings)
    confidence = suggesting["confidence"] if suggesting and suggested is not None else None
    repaired = None if blind else repaired_of(findings, text)
    actions = actions_of(scores, copies=others.copies, repairable=repaired is not None, labelless=labelless)
    return ReviewItem(
        id=id,
        rank=rank,
        issues=tuple(scores),
        scores=scores,
        text=_storable(text) if task != "spans" else _storable(text).replace("\r", " "),  # as pages drop it
        given=given,
        suggested=suggested,
        confidence=None if confidence is None else round(min(max(confidence, 0.0), 1.0), 6),
        reason=" ".join(_storable(reason) for reason in reasons if reason),
        metadata={_storable(name): value for name, cell in metadata.items() if (value := _json(cell)) is not None},
        blind=blind,
        task=task,
        disputes=disputes,
        group=group,
        actions=() if blind else actions,
        masks=masks_of(findings) if places and not blind else (),
        repaired=None if repaired is None else _storable(repaired),
        labelless=labelless,
        words=() if words is None else words.places,
        words_for="" if words is None else _storable(words.label),
        words_of_users=words is not None and words.of_users,
        **vars(others),
    )


def _words(findings: Sequence[dict[str, Any]], text: str) -> Telling | None:
    """Return the words that speak for what is suggested, which the finding that comes first says."""
    return telling_of(findings[0], text) if findings and findings[0]["issue"] == "label" else None


def _moved(words: Telling | None, hidden: HiddenTexts, id: str, text: str) -> Telling | None:
    """Return where the words stand in the masked text; none that touches a mark."""
    places = hidden.moved(id, text, words.places) if words is not None else []
    return replace(words, places=tuple(places)) if words is not None and places else None


def _json(value: object) -> object:
    """Return a user's value as JSON can hold it; None for what it cannot."""
    if isinstance(value, str):
        return _storable(value)
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, (datetime.date, datetime.datetime, datetime.time)):
        return value.isoformat()
    if isinstance(value, dict):
        return {_storable(str(name)): _json(item) for name, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_json(item) for item in value]
    return value if isinstance(value, (bool, int)) else None if value is None else str(value)


def _storable(text: str) -> str:
    """Replace the one character that PostgreSQL, below many a Label Studio, cannot store."""
    return text.replace("\x00", "\ufffd")
