"""Imbalance: rare classes and metadata values, empty cells of both, and groups that are missing.

A class or value is rare where it has fewer rows than a rate needs for a 95 % interval of ± ``interval`` (Wilson's, at
its widest) and less than half an even share; or less than a tenth of an even share, cleanlab Datalab's rule.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from ..data.factorize import Cells
from ..data.formatting import listed, percent, shortened
from ..data.schemas import Finding
from ..data.slugs import describe, slug
from ..models.rates import rows_for_interval
from .context import Context, FactTable, Result
from .empty_cells import EmptyCells, empty_cells
from .expected_shares import Compared
from .missing_groups import (
    NAME_LENGTH,
    SHOWN_ROWS,
    Imbalance,
    compared_shares,
    missing_group,
    rows_of,
    shares_table,
    unexpected_values,
)
from .registry import ANY_TASK, check

HALF, TENTH = 0.5, 0.1  # of an even share
DOMINANT = 0.9  # share of one class, from which guessing it looks like a good model
SHOWN = 5  # names in a sentence
EMPTY_SHOWN = 10  # empty cells of a column that are findings


@check(
    "imbalance",
    tasks=ANY_TASK,
    after=("pii", "secret"),
    settings=Imbalance,
    title="Imbalance",
    one="rare class or group",
    many="rare classes and groups",
    meaning="Too few samples of a class or of a group.",
    rank=140,
)
def imbalance(context: Context) -> Result:
    """Name rare classes, rare values, empty cells and missing groups; no sample is flagged."""
    settings = context.settings(Imbalance)
    needed = rows_for_interval(settings.interval)
    members = _members(context)
    findings, sentences = _classes(context, members, needed, settings)
    columns = {name: cells for name, cells in context.cells.items() if _is_category(cells)}
    values = [finding for name in columns if (finding := _values(name, columns[name], needed, settings))]
    empty = empty_cells(context.cells, members, false_discoveries=settings.false_discoveries)
    crossed = [finding for entry in empty for finding in _empty(context, entry)]
    compared = compared_shares(context, tuple(columns), settings)
    missing = [missing_group(entry) for entry in compared if entry.is_missing]
    findings += values + crossed + missing
    sentences += [_counted(missing, "group", "groups", "rarer than expected"), _empty_sentence(empty)]
    sentences.append(unexpected_values(compared))
    verdict = " ".join(filter(None, sentences))
    return Result.of_data_set(findings, verdict=verdict, tables=_tables(context, members, needed, compared))


def _members(context: Context) -> np.ndarray:
    """Tell which classes each row has: bool, shape (n, classes); none for spans, whose types are no classes of rows."""
    if context.samples.task == "multilabel":
        return context.members == 1
    members = np.zeros((len(context), len(context.classes) if context.samples.task == "classification" else 0), bool)
    labeled = np.flatnonzero(context.codes >= 0)
    if members.shape[1]:
        members[labeled, context.codes[labeled]] = True
    return members


def _is_category(cells: Cells) -> bool:
    """Tell a column of values from one of quarters, none of which can be rare."""
    return cells.described == tuple(map(describe, cells.predicates))


def is_rare(counts: np.ndarray, needed: int) -> np.ndarray:
    """Tell the rare ones of several classes or values: bool, shape (values,).

    >>> is_rare(np.array([900, 90, 10]), 93).tolist(), is_rare(np.array([40, 40, 40]), 93).tolist()
    ([False, True, True], [False, False, False])
    """
    even = counts.sum() / max(len(counts), 1)
    return ((counts < needed) & (counts < HALF * even)) | (counts < TENTH * even)


def _classes(
    context: Context, members: np.ndarray, needed: int, settings: Imbalance
) -> tuple[list[Finding], list[str]]:
    counts = members.sum(axis=0)
    used = np.flatnonzero(counts)
    labeled = int(members.any(axis=1).sum())
    if len(used) < 2:
        return [], []
    even = counts[used].sum() / len(used)
    rare = used[is_rare(counts[used], needed)]
    rare = rare[np.argsort(counts[rare], kind="stable")]
    within = f"±{100 * settings.interval:g} points"
    findings = [
        Finding(
            id=context.classes[code],
            issue="imbalance",
            kind="rare_class",
            scope="class",
            score=float(min(counts[code] / even, 1)),
            given=context.classes[code],
            reason=f"{rows_of(counts[code])} of {labeled:,} labeled ones have the label "
            f"{shortened(context.classes[code], NAME_LENGTH)} ({percent(counts[code], labeled)}), where an even share "
            f"is {even:,.0f}; to tell its recall to {within} takes {needed:,}.",
            evidence={"rows": int(counts[code]), "labeled": labeled, "needed": needed, "even": round(even, 1)},
        )
        for code in rare.tolist()
    ]
    names = [shortened(context.classes[code], NAME_LENGTH) for code in rare.tolist()]
    sentences = [f"Rare: {listed(names, most=SHOWN)}, of {len(used):,} classes."] if names else []
    few = int((counts[used] < needed).sum())
    if few > len(rare) and few * 2 > len(used):
        what = (
            f"{_of_all(few, len(used))} classes have fewer than the {needed:,} rows that tell a class's recall to "
            f"{within}: a figure of one class is a rough one."
        )
        findings.append(_of_data_set(context, "few_rows", 0.5, what, {"classes": few, "needed": needed}))
        sentences.append(what)
    largest = int(counts.argmax())
    if counts[largest] >= DOMINANT * labeled and context.samples.task == "classification":
        what = (
            f"{percent(counts[largest], labeled)} of the labels are "
            f"{shortened(context.classes[largest], NAME_LENGTH)}: whoever always says so is right that often."
        )
        share = float(counts[largest] / labeled)
        findings.append(_of_data_set(context, "dominant_class", 1 - share, what, {"share": round(share, 4)}))
        sentences.append(what)
    return findings, sentences


def _of_all(count: int, whole: int) -> str:
    return f"All {whole:,}" if count == whole else f"{count:,} of {whole:,}"


def _of_data_set(context: Context, kind: str, score: float, reason: str, evidence: dict[str, Any]) -> Finding:
    return Finding(
        context.samples.name, "imbalance", score=score, reason=reason, kind=kind, scope="dataset", evidence=evidence
    )


def _values(name: str, cells: Cells, needed: int, settings: Imbalance) -> Finding | None:
    """Return the finding about the rare values of a column, or None where none is."""
    given = [place for place, predicate in enumerate(cells.predicates) if predicate[0][1] not in (None, "")]
    counts = np.bincount(cells.codes, minlength=len(cells))[given]
    if len(given) < 2:
        return None
    rare = np.flatnonzero(is_rare(counts, needed))
    if not len(rare):
        return None
    rare = rare[np.argsort(counts[rare], kind="stable")]
    values = {str(cells.predicates[given[place]][0][1]): int(counts[place]) for place in rare.tolist()}
    named = [f"{shortened(value, NAME_LENGTH)} ({count:,})" for value, count in values.items()]
    return Finding(
        id=name,
        issue="imbalance",
        kind="rare_values",
        scope="dataset",
        score=float(min(counts[rare].mean() / (counts.sum() / len(given)), 1)),
        reason=f"Of the {len(given):,} values of {name} {len(rare):,} are rare: {listed(named, most=SHOWN)}. A rate "
        f"among so few rows cannot be told to ±{100 * settings.interval:g} points.",
        evidence={"values": values, "needed": needed},
    )


def _empty(context: Context, empty: EmptyCells) -> list[Finding]:
    cells = context.cells[empty.column]
    if empty.tied:
        return [
            Finding(
                id=empty.column,
                issue="imbalance",
                kind="empty_cells",
                scope="dataset",
                score=0.5,
                reason=f"{len(empty.cells):,} pairs of a value of {empty.column} and a label have no row where chance "
                "would give some: the column and the labels are tied, and no figure tells one from the other.",
                evidence={"cells": len(empty.cells)},
            )
        ]
    return [
        Finding(
            id=slug((*cells.predicates[value], ("label", context.classes[code]))),
            issue="imbalance",
            kind="empty_cell",
            scope="slice",
            score=float(1 / (1 + expected)),
            given=context.classes[code],
            reason=f"No row has {cells.described[value]} and the label "
            f"{shortened(context.classes[code], NAME_LENGTH)}; if the two had nothing to do with each other, about "
            f"{expected:,.0f} would.",
            evidence={"expected": round(expected, 1), "predicate": list(cells.predicates[value][0])},
        )
        for value, code, expected in empty.cells[:EMPTY_SHOWN]
    ]


def _empty_sentence(empty: tuple[EmptyCells, ...]) -> str:
    total = sum(len(entry.cells) for entry in empty)
    if not total:
        return ""
    columns = listed([entry.column for entry in empty], most=SHOWN)
    pairs = (
        "1 pair of a metadata value and a label has"
        if total == 1
        else f"{total:,} pairs of a metadata value and a label have"
    )
    return f"{pairs} no row where chance would give some ({columns})."


def _counted(findings: list[Finding], one: str, many: str, what: str) -> str:
    if not findings:
        return ""
    named = listed([finding.id for finding in findings], most=SHOWN)
    counted = f"1 {one} is" if len(findings) == 1 else f"{len(findings):,} {many} are"
    return f"{counted} {what}: {named}."


def _tables(context: Context, members: np.ndarray, needed: int, compared: list[Compared]) -> tuple[FactTable, ...]:
    tables = []
    counts = members.sum(axis=0)
    if np.count_nonzero(counts) > 1:
        labeled = max(int(members.any(axis=1).sum()), 1)
        order = np.argsort(counts, kind="stable")[:SHOWN_ROWS].tolist()
        rows = [
            [shortened(context.classes[code], NAME_LENGTH), int(counts[code]), round(float(counts[code] / labeled), 4)]
            for code in order
        ]
        tables.append(FactTable("Rows by class, the rarest first", ("class", "rows", "share"), rows, ("share",)))
    return (*tables, *shares_table(compared))
