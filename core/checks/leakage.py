"""Leakage across splits: exact and near duplicates, and rows of one group, in training and in evaluation.

Of two splits that share a text the one that is evaluated later is flagged: test after validation after training, and of
names that say neither the smaller split. What that does to a measured accuracy is told where rows and predictions are
many enough (:mod:`labelsift.checks.leaked_accuracy`).
"""

from __future__ import annotations

import re
from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from ..data.formatting import listed, percent
from ..data.schemas import Finding
from ..errors import InputError
from .context import Context, FactTable, Result
from .leaked_accuracy import Effect, effect_on_accuracy
from .near_duplicate import near_pairs
from .registry import ANY_TASK, check

SHOWN = 10
KINDS = ("exact", "near", "group")
TRAINING = frozenset("train training trn fit learn learning".split())
VALIDATION = frozenset("valid validation val dev devel development tune tuning".split())
TEST = frozenset("test testing tst eval evaluation holdout heldout".split())
NEITHER = frozenset("unlabeled unlabelled unsup unsupervised pool unused".split())
GROUP_SCORE = 0.3  # of a row that shares its group only: the text is new, who wrote it is not


@dataclass(frozen=True)
class Leakage:
    """Settings of the check.

    Parameters
    ----------
    group
        A metadata column, such as a customer: rows with the same value in it belong into one split. "" for none.
    near
        Count near duplicates, too.
    least
        Leaked rows, and rows that are left, from which the accuracies are compared.
    """

    group: str = ""
    near: bool = True
    least: int = 30

    def __post_init__(self) -> None:
        if self.least < 2:
            raise ValueError(f"least is {self.least}, and two rows are the fewest that can be compared")


@check(
    "leakage",
    needs=("split",),
    tasks=ANY_TASK,
    after=("near_duplicate", "label", "outlier"),
    settings=Leakage,
    title="Leakage",
    one="leaked sample",
    many="leaked samples",
    meaning="The same sample is trained on and tested on.",
    rank=80,
    actions=("remove",),
)
def leakage(context: Context) -> Result:
    """Flag the rows of evaluation splits that an earlier split has, too; the score is 1 − their similarity."""
    settings = context.settings(Leakage)
    names, split = _splits(context)
    ranks = _ranks(names, np.bincount(split[split >= 0], minlength=len(names)))
    rank = np.where(split >= 0, np.append(ranks, np.nan)[split], np.nan)
    n = len(context)
    score = np.full(n, np.nan, dtype=np.float32)
    if len(set(ranks[np.isfinite(ranks)].tolist())) < 2:
        return Result(score, np.zeros(n, dtype=bool), [])
    partners: list[dict[int, np.ndarray]] = [{}, {}, {}]
    similarity: dict[int, float] = {}
    if context.samples.has_texts:
        texts = np.where(context.blank, -1, context.same_text)
        partners[0] = _shared(texts, rank)
        if settings.near:
            partners[1], similarity = _near(context, texts, rank)
    if settings.group:
        partners[2] = _shared(_groups(context, settings.group), rank)
    judged = rank > np.nanmin(rank)
    score[judged] = 1
    kind = np.full(n, -1, dtype=np.int8)
    for number in (2, 1, 0):
        rows = np.fromiter(partners[number], dtype=np.int64, count=len(partners[number]))
        kind[rows] = number
        score[rows] = (0, 0, GROUP_SCORE)[number]
        if number == 1:
            score[rows] = [1 - similarity[row] for row in rows.tolist()]
    flagged = np.flatnonzero(kind >= 0)
    findings = [
        _finding(context, int(row), KINDS[kind[row]], partners[kind[row]][int(row)], names, split, score, settings)
        for row in flagged
    ]
    effects = [
        effect_on_accuracy(context, split == code, kind >= 0, rank, least=settings.least) for code in range(len(names))
    ]
    wording = [_sentence(names[code], split == code, kind, effects[code]) for code in range(len(names))]
    tables = _tables(names, split, kind, ranks, effects) if len(flagged) else ()
    return Result(score, kind >= 0, findings, verdict=" ".join(filter(None, wording)), tables=tables)


def _splits(context: Context) -> tuple[list[str], np.ndarray]:
    """Return the names of the splits and each row's: int64, shape (n,), -1 = none."""
    column = context.samples.column("split")
    assert column is not None  # noqa: S101 - the check needs it
    coded = column.combine_chunks().dictionary_encode()
    names: list[str] = coded.dictionary.to_pylist()
    codes = coded.indices.fill_null(-1).to_numpy(zero_copy_only=False).astype(np.int64)
    used = [code for code, name in enumerate(names) if name.strip()]
    places = np.full(len(names) + 1, -1, dtype=np.int64)
    places[used] = np.arange(len(used))
    return [names[code] for code in used], places[codes]


def role_of(name: str) -> str:
    """Tell what a split is for from its name: ``train``, ``valid``, ``test``, ``neither`` or "" where it says nothing.

    >>> [role_of(name) for name in ("Train", "dev-2024", "held_out", "test set", "unlabeled", "fold 3")]
    ['train', 'valid', 'test', 'test', 'neither', '']
    """
    words = re.findall(r"[^\W\d_]+", name.lower().replace("held_out", "heldout").replace("hold_out", "holdout"))
    for role, known in (("neither", NEITHER), ("test", TEST), ("valid", VALIDATION), ("train", TRAINING)):
        if known & {*words, "".join(words)}:
            return role
    return ""


def _ranks(names: list[str], sizes: np.ndarray) -> np.ndarray:
    """Return how late each split is evaluated, the same for splits of one role; NaN of one that is not part of it."""
    order = np.argsort(np.argsort(-sizes, kind="stable"), kind="stable") / max(len(names), 1)
    fixed = {"train": 0.0, "valid": 2.0, "test": 3.0, "neither": np.nan}
    return np.array([fixed.get(role_of(name), 0.5 + order[code]) for code, name in enumerate(names)])


def _shared(groups: np.ndarray, rank: np.ndarray) -> dict[int, np.ndarray]:
    """Return, of each row whose group an earlier split has, too, rows of it there.

    Parameters
    ----------
    groups
        int64, shape (n,), -1 = none.
    """
    rows = np.flatnonzero((groups >= 0) & np.isfinite(rank))
    rows = rows[np.lexsort((rank[rows], groups[rows]))]
    if not len(rows):
        return {}
    starts = np.flatnonzero(np.diff(groups[rows], prepend=groups[rows[0]] - 1))
    ends = np.append(starts[1:], len(rows))
    earlier_rows: dict[int, np.ndarray] = {}
    mixed = rank[rows[starts]] < rank[rows[ends - 1]]
    for start, end in zip(starts[mixed].tolist(), ends[mixed].tolist(), strict=True):
        members = rows[start:end]
        before = members[rank[members] == rank[members[0]]]
        for row in members[len(before) :].tolist():
            earlier_rows[row] = before
    return earlier_rows


def _near(context: Context, texts: np.ndarray, rank: np.ndarray) -> tuple[dict[int, np.ndarray], dict[int, float]]:
    """Return, of each row that is nearly a text of an earlier split, rows of it there, and the highest similarity."""
    pairs, similarities = near_pairs(context)
    members: dict[int, np.ndarray] = {}
    wanted = np.unique(texts[pairs.ravel()]) if len(pairs) else np.empty(0, dtype=np.int64)
    rows = np.flatnonzero(np.isin(texts, wanted) & np.isfinite(rank))
    rows = rows[np.argsort(texts[rows], kind="stable")]
    for part in np.split(rows, np.flatnonzero(np.diff(texts[rows])) + 1) if len(rows) else []:
        members[int(texts[part[0]])] = part
    partners: dict[int, list[tuple[float, int]]] = {}
    for (first, second), similarity in zip(texts[pairs].tolist(), similarities.tolist(), strict=True):
        for group, other in ((first, second), (second, first)):
            before = members.get(other, rows[:0])
            for row in members.get(group, rows[:0]).tolist():
                earlier = before[rank[before] < rank[row]][:SHOWN]
                if len(earlier):
                    partners.setdefault(row, []).extend((-similarity, other) for other in earlier.tolist())
    ordered = {row: sorted(entries)[:SHOWN] for row, entries in partners.items()}
    nearest = {row: -entries[0][0] for row, entries in ordered.items()}
    return {row: np.array([other for _, other in entries]) for row, entries in ordered.items()}, nearest


def _groups(context: Context, name: str) -> np.ndarray:
    if name not in context.samples.metadata.column_names:
        raise InputError(
            f"There is no metadata column {name}, which the check leakage shall group by",
            ids=context.samples.metadata.column_names,
            hint="Keep it: metadata=[…], --meta; and name it as it is called in the data",
        )
    column = context.samples.metadata[name].cast(pa.string()).combine_chunks().dictionary_encode()
    codes = column.indices.fill_null(-1).to_numpy(zero_copy_only=False).astype(np.int64)
    blank = np.array([not value.strip() for value in column.dictionary.to_pylist()] + [True])
    return np.where(blank[codes], -1, codes)


def _finding(
    context: Context,
    row: int,
    kind: str,
    partners: np.ndarray,
    names: list[str],
    split: np.ndarray,
    score: np.ndarray,
    settings: Leakage,
) -> Finding:
    where = names[split[partners[0]]]
    ids = context.ids(partners[:SHOWN])
    also = f" and {len(partners) - 1:,} more" if len(partners) > 1 else ""
    what = {
        "exact": f"The same text stands in the split {where}: sample {ids[0]}{also}.",
        "near": f"Almost the same text ({1 - score[row]:.0%}) stands in the split {where}: sample {ids[0]}{also}.",
        "group": f"The split {where} has {len(partners):,} {'row' if len(partners) == 1 else 'rows'} of the same "
        f"{settings.group}.",
    }
    return Finding(
        id=context.ids(np.array([row]))[0],
        issue="leakage",
        kind=kind,
        score=float(score[row]),
        given=context.label(row),
        reason=what[kind],
        related_ids=ids,
        evidence={"split": names[split[row]], "of": where, "partners": len(partners)},
    )


def _sentence(name: str, members: np.ndarray, kind: np.ndarray, effect: Effect | None) -> str:
    counts = np.bincount(kind[members & (kind >= 0)], minlength=3)
    total, rows = int(counts.sum()), int(members.sum())
    if not total:
        return ""
    words = ("with the same text", "with nearly the same", "of the same group")
    parts = [f"{count:,} {word}" for count, word in zip(counts.tolist(), words, strict=True) if count]
    many = f"{total:,} of the {rows:,} rows of {name} ({percent(total, rows)})"
    wording = f"{many} {'has a counterpart' if total == 1 else 'have counterparts'} in earlier splits: {listed(parts)}."
    if effect is None:
        return wording
    (difference, low, high), (everything, left) = effect.difference, effect.right
    return (
        f"{wording} By {effect.source}, accuracy there is {everything / effect.rows[0]:.1%} with them and "
        f"{left / effect.rows[1]:.1%} without: {100 * difference:+.1f} points ({100 * low:+.1f} to {100 * high:+.1f})."
    )


def _tables(
    names: list[str], split: np.ndarray, kind: np.ndarray, ranks: np.ndarray, effects: list[Effect | None]
) -> tuple[FactTable, ...]:
    order = sorted(np.flatnonzero(ranks > np.nanmin(ranks)).tolist(), key=lambda code: -ranks[code])
    counts = {code: np.bincount(kind[(split == code) & (kind >= 0)], minlength=3).tolist() for code in order}
    rows = [[names[code], int((split == code).sum()), *counts[code]] for code in order]
    tables = [
        FactTable(
            "Rows that an earlier split has, too", ("split", "rows", "same text", "near duplicate", "group"), rows
        )
    ]
    known = [(code, effect) for code in order if (effect := effects[code]) is not None]
    if known:
        columns = ("split", "rows", "accuracy", "low", "high", "predicted by")
        figures = [
            [f"{names[code]}{what}", effect.rows[place], *effect.accuracy(place), effect.source]
            for code, effect in known
            for place, what in enumerate((", all rows", ", without leaked rows"))
        ]
        shares = ("accuracy", "low", "high")
        tables.append(FactTable("Accuracy with and without leaked rows", columns, figures, shares))
    return tuple(tables)
