"""Result of the checks for personal data and secrets: score, flag, finding, verdict and tables from the matches.

Nothing of a matched value goes in: a reason, an evidence and a verdict hold kinds, counts, offsets and column names.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from ..data.formatting import listed, percent
from ..data.hidden_texts import COLUMNS as HIDDEN_COLUMNS
from ..data.schemas import Finding
from ..texts.kind_words import counted_kinds
from .context import Context, FactTable, Result
from .text_matches import Matches

_NAMED = 6  # kinds in a verdict


@dataclass(frozen=True)
class Words:
    """How a check speaks.

    Parameters
    ----------
    issue
        Its name.
    what
        After "hold": ``personal data``.
    table
        The title of its table.
    kinds
        In the order in which the worst one of a sample gives the finding its kind.
    by_words
        Kinds that rest on words nearby: their score is :data:`SCORE_BY_WORDS`, that of all others 0.
    """

    issue: str
    what: str
    table: str
    kinds: Sequence[str]
    by_words: frozenset[str] = frozenset()


SCORE_BY_WORDS = 0.1


def result_of(
    context: Context, matches: Matches, words: Words, *, column_share: float, shown_columns: Sequence[str] = ()
) -> Result:
    """Return the result of what was found.

    Parameters
    ----------
    column_share
        A metadata column in which at least this share of the values holds something is said of the data set, and flags
        no row.
    shown_columns
        Metadata columns that slices and trackers show all the same.
    """
    whole = set(matches.whole_columns(column_share))
    partly = {name: rows for name, rows in matches.columns.items() if name not in whole}
    rows = sorted({*matches.texts, *matches.ids, *(row for kinds_by_row in partly.values() for row in kinds_by_row)})
    score = np.ones(len(context), dtype=np.float32)
    flagged = np.zeros(len(context), dtype=bool)
    findings, totals, samples = [], Counter[str](), Counter[str]()
    for row, sample_id in zip(rows, context.ids(np.array(rows, dtype=np.int64)), strict=True):
        texts = Counter(match.kind for match in matches.texts.get(row, ()))
        columns = {name: kinds_by_row[row] for name, kinds_by_row in matches.columns.items() if row in kinds_by_row}
        ids = matches.ids.get(row, Counter[str]())
        kinds = sum((columns[name] for name in columns if name not in whole), texts + ids)
        score[row] = 0 if set(kinds) - words.by_words else SCORE_BY_WORDS
        flagged[row] = True
        totals += kinds
        samples.update(kinds.keys())
        findings.append(
            Finding(
                id=sample_id,
                issue=words.issue,
                kind=min(kinds, key=lambda kind: _rank(kind, words.kinds)),
                score=float(score[row]),
                given=context.label(row),
                reason=_reason(texts, {name: columns[name] for name in columns if name not in whole}, ids),
                evidence={
                    "kinds": dict(kinds),
                    "spans": [list(match) for match in matches.texts.get(row, ())],
                    "columns": {name: dict(counts) for name, counts in columns.items()},
                    "id": dict(ids),
                },
            )
        )
    findings += [_column_finding(name, matches, words) for name in sorted(whole)]
    if hidden := sorted(set(matches.columns) - set(shown_columns)):
        context.facts.setdefault(HIDDEN_COLUMNS, {})[words.issue] = hidden
    verdict = _verdict(len(context), len(rows), totals, sorted(whole), matches, words)
    tables = _tables(totals, samples, matches, words) if verdict else ()
    return Result(score, flagged, findings, verdict=verdict, tables=tables)


def _rank(kind: str, kinds: Sequence[str]) -> int:
    return kinds.index(kind) if kind in kinds else len(kinds)


def _reason(texts: Counter[str], columns: dict[str, Counter[str]], ids: Counter[str]) -> str:
    """Say where what stands.

    >>> _reason(Counter(email=2), {"customer": Counter(phone=1)}, Counter())
    'The text holds 2 e-mail addresses and the column customer 1 phone number.'
    """
    holders = [
        ("the text", texts),
        *((f"the column {name}", counts) for name, counts in columns.items()),
        ("the id", ids),
    ]
    parts = [(who, listed(counted_kinds(counts))) for who, counts in holders if counts]
    first, *others = parts
    return f"T{first[0][1:]} holds {listed([first[1], *map(' '.join, others)])}."


def _column_finding(name: str, matches: Matches, words: Words) -> Finding:
    rows = matches.columns[name]
    kinds = sum(rows.values(), Counter[str]())
    share = percent(len(rows), matches.filled[name])
    return Finding(
        id=name,
        scope="dataset",
        issue=words.issue,
        kind=max(kinds, key=lambda kind: kinds[kind]),
        score=0.0,
        reason=f"{share} of the values of the column {name} hold {words.what}: {listed(counted_kinds(kinds))}.",
        evidence={"kinds": dict(kinds), "values": len(rows), "filled": matches.filled[name]},
    )


def _verdict(n: int, flagged: int, totals: Counter[str], whole: Sequence[str], matches: Matches, words: Words) -> str:
    columns = [f"{name} ({percent(len(matches.columns[name]), matches.filled[name])} of its values)" for name in whole]
    named = listed(columns, most=_NAMED)
    of_columns = f"the column{'s' if len(columns) > 1 else ''} {named}"
    holds = "hold" if len(columns) > 1 else "holds"
    if not flagged:
        return f"{of_columns[0].upper()}{of_columns[1:]} {holds} {words.what}." if columns else ""
    samples = f"sample{'s' if n != 1 else ''}"
    verb = "hold" if flagged != 1 else "holds"
    counted = counted_kinds(dict(totals.most_common(_NAMED)))
    more = len(totals) - _NAMED
    found = listed([*counted, f"{more} more kind{'s' if more > 1 else ''}"] if more > 0 else counted)
    sentence = f"{flagged:,} of {n:,} {samples} ({percent(flagged, n)}) {verb} {words.what}: {found}"
    return f"{sentence}; also {of_columns}." if columns else f"{sentence}."


def _tables(totals: Counter[str], samples: Counter[str], matches: Matches, words: Words) -> tuple[FactTable, ...]:
    tables = []
    if totals:
        rows = [[kind, count, samples[kind]] for kind, count in totals.most_common()]
        tables.append(FactTable(words.table, ("kind", "found", "samples"), rows))
    if matches.columns:
        rows = [
            [name, len(rows), len(rows) / matches.filled[name], listed(sorted(sum(rows.values(), Counter[str]())))]
            for name, rows in sorted(matches.columns.items(), key=lambda entry: -len(entry[1]))
        ]
        columns = ("column", "values", "share of its values", "kinds")
        tables.append(FactTable(f"{words.table} in columns", columns, rows, ("share of its values",)))
    return tuple(tables)
