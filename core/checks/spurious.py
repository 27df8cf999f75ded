"""Spurious ties: metadata and trivial properties of the text that tell the label, by a permutation chi-square test.

A tie is named where Benjamini & Hochberg's procedure (1995) over all columns and properties leaves it and it matters:
by what it adds to a guess of the label (leave one out, so that many values tell nothing by being many), of which less
is needed where Cramér's V (bias-corrected, Bergsma 2013) is high. A column that gives nearly every label away is a copy
of it.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from scipy.stats import binom

from ..data.formatting import percent, shortened
from ..data.schemas import Finding
from ..data.slugs import slug
from ..models.contingency import Tie, counted, tie
from ..models.rates import discovery_limit, wilson
from .context import Context, FactTable, Result
from .registry import check
from .text_properties import text_properties

LEAST = 20  # labeled rows, below which no tie is looked for
NAME_LENGTH, SHOWN, SHOWN_ROWS = 60, 4, 50
MOST_VALUES, MOST_CELLS = 5_000, 20_000_000  # of a column that may be a copy of the label
PURE, USUAL = 0.9, 0.5  # share of a label among the rows of one value, and among all, from which the value is named
VALUE_ROWS = 20
GAIN_WITH_V = 1 / 3  # V alone is large where one of many classes is told


@dataclass(frozen=True)
class Spurious:
    """Settings of the check.

    Parameters
    ----------
    v
        Cramér's V from which a third of the gain is enough; Cohen (1988) calls .3 a medium one.
    gain
        Part of the wrong guesses of a label that knowing the value mends, from which a tie matters.
    copy
        Accuracy of that guess from which a column is a copy of the label.
    false_discoveries
        What share of the ties that are named may be by chance.
    """

    v: float = 0.3
    gain: float = 0.15
    copy: float = 0.99
    false_discoveries: float = 0.01

    def __post_init__(self) -> None:
        for name in ("v", "gain", "copy", "false_discoveries"):
            if not 0 < getattr(self, name) <= 1:
                raise ValueError(f"{name} is {getattr(self, name)}, and lies between 0 and 1")


@dataclass(frozen=True)
class Candidate:
    """A column or property beside one target: the labels, or one of several labels.

    Parameters
    ----------
    name, kind
        Of the column or property; ``metadata``, ``split``, ``property`` or ``values`` (of no partition: only a copy).
    values
        How each value is called.
    table
        Counts, values down, labels across.
    label
        The label of the target where samples may have several.
    """

    name: str
    kind: str
    values: tuple[str, ...]
    codes: np.ndarray
    labels: np.ndarray
    label: str
    tie: Tie


@check(
    "spurious",
    needs=("labels",),
    tasks=("classification", "multilabel"),
    after=("language", "pii", "secret"),
    settings=Spurious,
    title="Shortcuts to the label",
    one="shortcut to the label",
    many="shortcuts to the label",
    meaning="Something beside the text's meaning tells the label.",
    rank=145,
)
def spurious(context: Context) -> Result:
    """Name what tells the label beside the text; no sample is flagged."""
    settings = context.settings(Spurious)
    candidates = list(_candidates(context))
    limit = discovery_limit([entry.tie.p_value for entry in candidates], rate=settings.false_discoveries)
    passed = [entry for entry in candidates if entry.tie.p_value <= limit]
    copies = [entry for entry in passed if _is_copy(entry, settings)]
    strong = [entry for entry in passed if entry.kind != "values" and entry not in copies and _matters(entry, settings)]
    findings = [_copy(entry) for entry in _strongest(copies)]
    known = {finding.id for finding in findings}
    findings += [_tied(entry, context.classes) for entry in _strongest(strong) if entry.name not in known]
    known |= {finding.id for finding in findings}
    findings += _telling_values(context, [entry for entry in candidates if entry.name not in known], settings)
    verdict = " ".join(finding.reason for finding in findings[:SHOWN])
    if len(findings) > SHOWN:
        verdict += f" {len(findings) - SHOWN:,} more stand in the table."
    rows = [
        [entry.name, entry.label, entry.tie.rows, *(round(value, 4) for value in _figures(entry.tie))]
        for entry in sorted(candidates, key=lambda entry: (-entry.tie.gain, -entry.tie.cramers_v, entry.name))
        if entry.kind != "values" or entry in copies
    ]
    columns = ("what", "label", "rows", "guessed right with it", "without it", "Cramér's V", "p")
    table = FactTable("What tells the label beside the text", columns, rows[:SHOWN_ROWS], columns[3:5])
    return Result.of_data_set(findings, verdict=verdict, tables=(table,) if rows else ())


def _figures(strength: Tie) -> tuple[float, float, float, float]:
    return strength.accuracy, strength.majority, strength.cramers_v, strength.p_value


def _targets(context: Context) -> Iterator[tuple[str, np.ndarray]]:
    """Yield each target: a name ("" for the labels as a whole) and codes, -1 = unlabeled."""
    if context.samples.task == "multilabel":
        members = context.members
        for code, name in enumerate(context.classes):
            if (members[:, code] == 1).sum() >= LEAST:
                yield name, members[:, code].astype(np.int64)
    elif (context.codes >= 0).sum() >= LEAST:
        yield "", context.codes.astype(np.int64)


def _candidates(context: Context) -> Iterator[Candidate]:
    columns: list[tuple[str, str, tuple[str, ...], np.ndarray]] = [
        (name, "split" if name == "split" and name not in context.samples.metadata.column_names else "metadata",
         cells.described, cells.codes)
        for name, cells in context.cells.items()
    ]  # fmt: skip
    columns += [
        (f"the text's {entry.name}", "property", entry.values, entry.codes) for entry in text_properties(context)
    ]
    targets = list(_targets(context))
    if targets:
        columns += [(name, "values", (), codes) for name, codes in _raw_columns(context)]
    for label, labels in targets:
        for name, kind, values, codes in columns:
            strength = tie(counted(codes, labels))
            if strength.rows >= LEAST and strength.majority < 1:
                yield Candidate(name, kind, values, codes, labels, label, strength)


def _raw_columns(context: Context) -> Iterator[tuple[str, np.ndarray]]:
    """Yield the columns of more values than are sliced, as codes: they may be copies of the label."""
    metadata = context.samples.metadata
    for name in metadata.column_names:
        kind = metadata[name].type
        if pa.types.is_nested(kind) or pa.types.is_floating(kind) or pa.types.is_binary(kind) or pa.types.is_null(kind):
            continue
        values = metadata[name].cast(pa.string())
        distinct = pc.count_distinct(values).as_py()
        few = distinct <= min(MOST_VALUES, len(context) // 2) and distinct * len(context.classes) <= MOST_CELLS
        if few and (name not in context.cells or distinct > len(context.cells[name])):
            codes = values.combine_chunks().dictionary_encode().indices.fill_null(-1)
            yield name, codes.to_numpy(zero_copy_only=False).astype(np.int64)


def _is_copy(entry: Candidate, settings: Spurious) -> bool:
    return entry.kind in ("metadata", "values") and entry.tie.accuracy >= settings.copy and entry.tie.gain >= PURE


def _matters(entry: Candidate, settings: Spurious) -> bool:
    gain = settings.gain * (GAIN_WITH_V if entry.tie.cramers_v >= settings.v else 1)
    return entry.tie.gain >= gain


def _strongest(entries: list[Candidate]) -> list[Candidate]:
    """Return the strongest tie of each column or property, the strongest first."""
    ordered = sorted(entries, key=lambda entry: (-entry.tie.gain, -entry.tie.cramers_v, entry.name, entry.kind))
    return list({entry.name: entry for entry in reversed(ordered)}.values())[::-1]


def _of(entry: Candidate) -> str:
    return f"the label {shortened(entry.label, NAME_LENGTH)}" if entry.label else "the label"


def _copy(entry: Candidate) -> Finding:
    return Finding(
        id=entry.name,
        issue="spurious",
        kind="target_copy",
        scope="dataset",
        score=0.0,
        reason=f"The column {entry.name} gives {_of(entry)} away: with it {percent(entry.tie.accuracy)} of "
        f"{entry.tie.rows:,} labels are told, without it {percent(entry.tie.majority)}. It must not go into training.",
        evidence=_evidence(entry),
    )


def _tied(entry: Candidate, classes: tuple[str, ...]) -> Finding:
    what = {"split": "the split", "metadata": f"the column {entry.name}"}.get(entry.kind, entry.name)
    rest = {
        "split": " The splits have different labels, so a figure of one says little of another.",
        "property": " A model may learn that in place of what the text says.",
    }.get(entry.kind, " A model that sees it may learn it in place of what the text says.")
    return Finding(
        id=entry.name,
        issue="spurious",
        kind=entry.kind,
        scope="dataset",
        score=float(np.clip(1 - max(entry.tie.gain, entry.tie.cramers_v), 0, 1)),
        reason=f"{what[0].upper() + what[1:]} and {_of(entry)} are tied (Cramér's V {entry.tie.cramers_v:.2f}): "
        f"knowing it, {percent(entry.tie.accuracy)} of the labels are guessed, without it "
        f"{percent(entry.tie.majority)}.{_example(entry, classes)}{rest}",
        evidence=_evidence(entry),
    )


def _evidence(entry: Candidate) -> dict[str, object]:
    names = ("accuracy", "majority", "cramers_v", "p_value")
    figures = {name: float(f"{value:.4g}") for name, value in zip(names, _figures(entry.tie), strict=True)}
    return {"label": entry.label, "rows": entry.tie.rows, **figures}


def _counts(entry: Candidate) -> np.ndarray:
    """Count values by labels with their own codes: int64, shape (values, labels)."""
    both = (entry.codes >= 0) & (entry.labels >= 0)
    width = int(entry.labels[both].max()) + 1
    pairs = np.bincount(entry.codes[both] * width + entry.labels[both], minlength=len(entry.values) * width)
    return pairs.reshape(len(entry.values), width)


def _named(entry: Candidate, code: int, classes: tuple[str, ...]) -> str:
    if not entry.label:
        return f"have the label {shortened(classes[code], NAME_LENGTH)}"
    return f"{'have' if code else 'lack'} the label {shortened(entry.label, NAME_LENGTH)}"


def _example(entry: Candidate, classes: tuple[str, ...]) -> str:
    """Name the value that moves the shares of the labels most, and which label's."""
    table = _counts(entry)
    rows, whole = table.sum(axis=1), table.sum(axis=0) / table.sum()
    away = table / np.maximum(rows, 1)[:, None] - whole
    moved = np.where(rows >= VALUE_ROWS, np.abs(away).sum(axis=1) * np.sqrt(rows), 0)
    value = int(moved.argmax())
    if not moved[value]:
        return ""
    code = int(away[value].argmax())
    share = percent(table[value, code], rows[value])
    return f" Rows with {entry.values[value]}: {share} {_named(entry, code, classes)}, of all {percent(whole[code])}."


def _telling_values(context: Context, candidates: list[Candidate], settings: Spurious) -> list[Finding]:
    """Return a finding for each single value whose rows nearly all have one label that is not the usual one."""
    cells: list[tuple[Candidate, int, int, int, int, float]] = []
    p_values = []
    for entry in candidates:
        if entry.kind == "values":
            continue
        table = _counts(entry)
        rows, whole = table.sum(axis=1), table.sum(axis=0) / table.sum()
        for value in np.flatnonzero(rows >= VALUE_ROWS).tolist():
            code = int(table[value].argmax())
            cells.append((entry, value, code, int(table[value, code]), int(rows[value]), float(whole[code])))
            # Of all its labels the commonest was taken: as many tests as labels.
            p_value = binom.sf(table[value, code] - 1, rows[value], whole[code]) * table.shape[1]
            p_values.append(min(float(p_value), 1.0))
    limit = discovery_limit(p_values, rate=settings.false_discoveries)
    findings = []
    for (entry, value, code, hits, rows, usual), p_value in zip(cells, p_values, strict=True):
        low = float(wilson(np.array([hits]), np.array([rows]))[0][0])
        if p_value > limit or low < PURE or usual > USUAL:
            continue
        findings.append(
            Finding(
                id=_slug(context, entry, value),
                issue="spurious",
                kind="value",
                scope="slice",
                score=1 - low,
                reason=f"Of {rows:,} rows with {entry.values[value]} {percent(hits, rows)} "
                f"{_named(entry, code, context.classes)}, of all {percent(usual)}.",
                evidence={"what": entry.name, "rows": rows, "share": round(hits / rows, 4), "p_value": p_value},
            )
        )
    return sorted(findings, key=lambda finding: (finding.score, finding.id))


def _slug(context: Context, entry: Candidate, value: int) -> str:
    if entry.name in context.cells and entry.kind != "property":
        return slug(context.cells[entry.name].predicates[value])
    return slug(((entry.name, entry.values[value]),))
