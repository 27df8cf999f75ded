"""Recurring confusions of classes, read from a report's findings."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from ..data.issues import SYSTEMATIC

SCHEMA = pa.schema(
    [
        pa.field("given", pa.string()),
        pa.field("suggested", pa.string()),
        pa.field("count", pa.int64()),  # flagged samples with this given and suggested label
        pa.field("back", pa.int64()),  # the other way
        pa.field("size_given", pa.int64()),  # judged samples of the given class
        pa.field("size_suggested", pa.int64()),
        pa.field("expected", pa.float32()),  # of count, had errors no pattern
        pa.field("p_value", pa.float64()),
        pa.field("verdict", pa.string()),  # slip | unclear guideline
        pa.field("reason", pa.string()),
        pa.field("members", pa.list_(pa.string())),  # ids, worst first
        pa.field("contrast", pa.list_(pa.list_(pa.string()))),  # ids: suspect, near suggested, near given
    ]
)
_WORDS = {"slip": "repeated mistake"}  # of verdicts that people may not know
FIGURES = ("count", "back", "size_given", "size_suggested", "expected", "p_value", "verdict")


@dataclass(frozen=True)
class Confusion:
    """One pair of classes whose confusion recurs; the fields are those of :data:`SCHEMA`."""

    given: str
    suggested: str
    reason: str
    members: tuple[str, ...]
    contrast: tuple[tuple[str, ...], ...]
    count: int = 0
    back: int = 0
    size_given: int = 0
    size_suggested: int = 0
    expected: float = 0.0
    p_value: float = 1.0
    verdict: str = ""

    @property
    def words(self) -> str:
        """The verdict as people read it."""
        return _WORDS.get(self.verdict, self.verdict)


def confusions_in(findings: pa.Table) -> tuple[Confusion, ...]:
    """Return the confusions that recur, the most frequent first."""
    mine = pc.and_(pc.equal(findings["scope"], "class"), pc.equal(findings["kind"], SYSTEMATIC))
    confusions = map(_confusion, findings.filter(mine).to_pylist())
    return tuple(sorted(confusions, key=lambda pair: (-pair.count, pair.given, pair.suggested)))


def confusions_table(findings: pa.Table) -> pa.Table:
    """Return the confusions that recur as a table in :data:`SCHEMA`."""
    rows = [vars(confusion) for confusion in confusions_in(findings)]
    return pa.Table.from_pylist(rows, schema=SCHEMA)


def _confusion(row: dict[str, Any]) -> Confusion:
    evidence = json.loads(row["evidence"]) or {}  # empty where an erased text was quoted in it
    figures = {name: evidence[name] for name in FIGURES if name in evidence}
    return Confusion(
        given=json.loads(row["given"]),
        suggested=json.loads(row["suggested"]),
        reason=row["reason"],
        members=tuple(row["related_ids"] or ()),
        contrast=tuple(map(tuple, evidence.get("contrast", ()))),
        **figures,
    )
