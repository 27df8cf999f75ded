"""Columns: missing and constant values, ids, numbers and dates written in several ways, spellings of one label.

What is said of a column are counts and forms, and of its values no more than spellings of one.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from ..data.class_names import MISSING
from ..data.formatting import listed, percent, shortened
from ..data.hidden_texts import hidden_columns
from ..data.label_variants import spelling_groups
from ..data.schemas import Finding
from .context import Context, FactTable, Result
from .registry import ANY_TASK, check

LEAST = 20  # values, below which a column has no form
NEARLY_UNIQUE, NEARLY_ALL = 0.95, 0.9
LONGEST_ID, NAME_LENGTH, SHOWN = 60, 60, 4
OTHER_FORM = 0.01  # share of the values from which a form of dates counts
MOST_VALUES = 1_000  # of a column whose spellings are compared
_NUMBER = r"^\s*[+-]?(\d+|\d{1,3}([ ,.']\d{3})+)([.,]\d+)?\s*%?\s*$"
_LEADING_ZERO = r"^\s*0\d"
_DATES = {
    "2024-12-31": r"^\s*\d{4}-\d{1,2}-\d{1,2}([ T].*)?$",
    "2024/12/31": r"^\s*\d{4}/\d{1,2}/\d{1,2}( .*)?$",
    "31.12.2024": r"^\s*(1[3-9]|2\d|3[01])\.\d{1,2}\.(\d{4}|\d{2})( .*)?$",
    "31/12/2024": r"^\s*(1[3-9]|2\d|3[01])[/-]\d{1,2}[/-](\d{4}|\d{2})( .*)?$",
    "12/31/2024": r"^\s*\d{1,2}[/-](1[3-9]|2\d|3[01])[/-](\d{4}|\d{2})( .*)?$",
    "Dec 31, 2024": r"(?i)^\s*(jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)[a-z]*\.? \d{1,2},? \d{4}.*$",
    "31 Dec 2024": r"(?i)^\s*\d{1,2}\.? (jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)[a-z]*\.? \d{4}.*$",
}
_EITHER_DATE = r"^\s*\d{1,2}[/.-]\d{1,2}[/.-](\d{4}|\d{2})( .*)?$"  # day or month first, nobody can tell


@dataclass(frozen=True)
class Column:
    """Settings of the check.

    Parameters
    ----------
    missing
        Share of missing values from which a column is named.
    spelling
        Compare the spellings of labels and values.
    """

    missing: float = 0.2
    spelling: bool = True

    def __post_init__(self) -> None:
        if not 0 < self.missing <= 1:
            raise ValueError(f"missing is {self.missing}, and lies between 0 and 1")


@check(
    "column",
    tasks=ANY_TASK,
    after=("pii", "secret"),
    settings=Column,
    title="Columns",
    one="column to look at",
    many="columns to look at",
    meaning="A column whose values are missing, all the same, or written in several ways.",
    rank=148,
)
def column(context: Context) -> Result:
    """Name columns and spellings that need mending; no sample is flagged."""
    settings = context.settings(Column)
    findings = list(_label_spellings(context)) if settings.spelling else []
    rows = []
    metadata, hidden = context.samples.metadata, hidden_columns(context.facts)
    for name in metadata.column_names:
        kind = metadata[name].type
        if pa.types.is_nested(kind) or pa.types.is_binary(kind):
            rows.append([name, str(kind), None, None])
            continue
        facts = Values.of(metadata[name])
        rows.append([name, str(kind), round(facts.missing, 4), facts.distinct])
        problems = _problems(name, kind, facts, settings)
        findings += [
            _of_column(name, *wording) for wording in problems if wording[0] != "value_spelling" or name not in hidden
        ]
    counted = {kind: sum(finding.kind == kind for finding in findings) for kind in _KINDS}
    wording = [_KINDS[kind].format(_named(findings, kind)) for kind, count in counted.items() if count]
    tables = (FactTable("Columns of the metadata", ("column", "type", "missing", "values"), rows, ("missing",)),)
    return Result.of_data_set(findings, verdict=" ".join(wording), tables=tables if rows else ())


_KINDS = {
    "label_spelling": "Labels in several spellings: {} (labelsift labels FILE --out mapping.toml mends them).",
    "missing": "Mostly or often missing: {}.",
    "constant": "Always the same: {}.",
    "id_like": "Different in nearly every row, like an id: {}.",
    "numbers_as_text": "Numbers, but for some values: {}.",
    "date_forms": "Dates in several forms: {}.",
    "value_spelling": "Values in several spellings: {}.",
}


def _named(findings: list[Finding], kind: str) -> str:
    return listed([shortened(finding.id, NAME_LENGTH) for finding in findings if finding.kind == kind], most=SHOWN)


@dataclass(frozen=True)
class Values:
    """What is there of a column.

    Parameters
    ----------
    texts
        The values that are there as texts, without blank ones and words for nothing.
    missing, words
        Share of the rows without a value; how many of these have a word for it (``nan``, ``NULL`` …).
    distinct
        How many different values there are.
    """

    texts: pa.ChunkedArray
    missing: float
    words: int
    distinct: int

    @classmethod
    def of(cls, values: pa.ChunkedArray) -> Values:
        """Look through a column of plain values."""
        texts = values.cast(pa.string()).drop_null()
        bare = pc.utf8_trim_whitespace(texts)
        named = pc.is_in(bare, value_set=pa.array(sorted(MISSING)))
        there = texts.filter(pc.invert(pc.or_(named, pc.equal(bare, ""))))
        missing = 1 - len(there) / len(values) if len(values) else 0.0
        return cls(there, missing, pc.sum(named).as_py() or 0, pc.count_distinct(there).as_py())

    def share(self, pattern: str) -> float:
        """Return the share of the values that match."""
        hits = pc.sum(pc.match_substring_regex(self.texts, pattern)).as_py() or 0
        return hits / len(self.texts) if len(self.texts) else 0.0


def _problems(
    name: str, kind: pa.DataType, facts: Values, settings: Column
) -> Iterator[tuple[str, float, str, dict[str, object]]]:
    """Yield kind, score, reason and evidence of what is wrong with a column."""
    if facts.missing >= settings.missing:
        words = f", {facts.words:,} of them with a word for it" if facts.words else ""
        what = f"{percent(facts.missing)} of the rows have no {name}{words}."
        yield "missing", 1 - facts.missing, what, {"missing": round(facts.missing, 4), "words": facts.words}
    if len(facts.texts) < LEAST:
        return
    if facts.distinct == 1:
        yield "constant", 0.5, f"{name} is the same in all {len(facts.texts):,} rows that have it.", {}
    if not (pa.types.is_string(kind) or pa.types.is_large_string(kind) or pa.types.is_integer(kind)):
        return
    unique = facts.distinct / len(facts.texts)
    long = pc.mean(pc.utf8_length(facts.texts)).as_py() > LONGEST_ID or facts.share(r"\S\s+\S+\s+\S") > 1 - NEARLY_ALL
    if unique >= NEARLY_UNIQUE and not long:
        what = (
            f"{name} has {facts.distinct:,} values in {len(facts.texts):,} rows, like an id: nothing can be counted by "
            "it, and a model that sees it can learn rows by heart."
        )
        yield "id_like", 0.6, what, {"distinct": facts.distinct, "rows": len(facts.texts)}
    if not pa.types.is_integer(kind):
        yield from _forms(name, facts)
        if settings.spelling:
            yield from _value_spellings(name, facts)


def _forms(name: str, facts: Values) -> Iterator[tuple[str, float, str, dict[str, object]]]:
    numbers = facts.share(_NUMBER)
    if NEARLY_ALL <= numbers < 1 and not facts.share(_LEADING_ZERO):
        other = round((1 - numbers) * len(facts.texts))
        what = (
            f"{percent(numbers)} of the values of {name} are numbers, and {other:,} {'is' if other == 1 else 'are'} not"
            ": so the column counts as text."
        )
        yield "numbers_as_text", 0.4, what, {"numbers": round(numbers, 4), "others": other}
    shares = {form: facts.share(pattern) for form, pattern in _DATES.items()}
    forms = {form: share for form, share in shares.items() if share >= OTHER_FORM}
    if len(forms) > 1 and sum(forms.values()) + facts.share(_EITHER_DATE) >= NEARLY_ALL / 2:
        what = f"{name} holds dates as {listed(list(forms))}: made one they can be sorted and compared."
        yield "date_forms", 0.4, what, {"forms": {form: round(share, 4) for form, share in forms.items()}}


def _value_spellings(name: str, facts: Values) -> Iterator[tuple[str, float, str, dict[str, object]]]:
    if facts.distinct > MOST_VALUES or facts.distinct * 2 > len(facts.texts):
        return
    groups = spelling_groups(_counts(facts.texts))
    if groups:
        shown = [" = ".join(f"“{shortened(value, NAME_LENGTH)}”" for value in values) for values in groups]
        what = f"Values of {name} that differ only in spelling: {listed(shown, most=SHOWN)}."
        yield "value_spelling", 0.3, what, {"groups": groups}


def _counts(texts: pa.ChunkedArray) -> dict[str, int]:
    return {entry["values"]: entry["counts"] for entry in pc.value_counts(texts).to_pylist()}


def _of_column(name: str, kind: str, score: float, reason: str, evidence: dict[str, object]) -> Finding:
    return Finding(name, "column", float(score), reason, kind=kind, scope="dataset", evidence=evidence)


def _label_spellings(context: Context) -> Iterator[Finding]:
    """Yield a finding for each label that stands in several spellings, the most frequent first."""
    if context.samples.task == "multilabel":
        sizes = (context.members == 1).sum(axis=0)
    elif context.samples.task == "classification" and len(context.classes):
        sizes = np.bincount(context.codes[context.codes >= 0], minlength=len(context.classes))
    else:
        return
    counts = {name: int(size) for name, size in zip(context.classes, sizes, strict=True) if size}
    for labels in spelling_groups(counts):
        shown = [f"“{shortened(label, NAME_LENGTH)}” ({counts[label]:,})" for label in labels]
        yield Finding(
            id=labels[0],
            issue="column",
            kind="label_spelling",
            scope="class",
            score=0.2,
            given=labels[0],
            suggested=labels[0],
            confidence=None,
            reason=f"Labels that differ only in spelling: {listed(shown)}. If they mean the same, make them one.",
            evidence={"variants": {label: counts[label] for label in labels}},
        )
