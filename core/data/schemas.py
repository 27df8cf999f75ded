"""Arrow schemas of findings, corrections and annotators, and the construction of a findings table.

``findings`` holds one row a problem, worst first; ``scores`` one row a sample; ``corrections`` one
row a decision of a person. ``given``, ``suggested``, ``value`` and ``evidence`` are JSON texts, so
that labels, spans and numbers all fit.

In ``scores`` a null ``<issue>_score`` says that the row was not judged. Where ``label_score`` is null
(unlabeled, blank, in a language that the embedder cannot read, or of a class that no other row has),
``suggested_label`` and ``confidence`` are null too: nothing honest can be suggested.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from ..errors import InputError

FINDINGS_SCHEMA = pa.schema(
    [
        pa.field("id", pa.string()),  # the sample, class, slice or data set that the finding is about
        pa.field("scope", pa.string()),  # sample | class | slice | dataset
        pa.field("issue", pa.string()),  # see labelsift.data.issues
        pa.field("kind", pa.string()),  # a finer name within the issue; may be empty
        pa.field("score", pa.float32()),  # 0 = certainly bad, 1 = good
        pa.field("given", pa.string()),  # JSON
        pa.field("suggested", pa.string()),  # JSON
        pa.field("confidence", pa.float32()),  # of the suggestion, 0..1; null without one
        pa.field("reason", pa.string()),  # one plain sentence
        pa.field("related_ids", pa.list_(pa.string())),  # the evidence's sample ids, nearest first
        pa.field("group_id", pa.string()),  # members of one duplicate group share it; null without one
        pa.field("evidence", pa.string()),  # JSON object
    ]
)

CORRECTIONS_SCHEMA = pa.schema(
    [
        pa.field("id", pa.string()),
        pa.field("action", pa.string()),  # relabel | keep | remove | edit | respan | redact
        pa.field("verdict", pa.string()),  # accepted | changed | refused | both_fit | skipped
        pa.field("value", pa.string()),  # JSON
        pa.field("person", pa.string()),
        pa.field("time", pa.timestamp("us", tz="UTC")),
        pa.field("platform", pa.string()),
        pa.field("run", pa.string()),
        pa.field("round", pa.string()),
        pa.field("seconds", pa.float32()),
        pa.field("note", pa.string()),
        pa.field("asked", pa.string()),  # the mode (choose | prefill | blind), repeat, second_look; null: not known
    ]
)
OPTIONAL = ("asked",)  # columns of corrections that a platform need not know

ANNOTATORS_SCHEMA = pa.schema(
    [
        pa.field("annotator", pa.string()),
        pa.field("labels", pa.int64()),  # how many they gave
        pa.field("agreement", pa.float64()),  # with the consensus, where others labeled the sample, too
        pa.field("quality", pa.float64()),
        pa.field("method", pa.string()),  # CROWDLAB | majority vote
    ]
)

WORDS = "words"  # of evidence: where words stand that speak for a label, [[start, end, weight], …], strongest first
WORDS_OF, USERS = "words_of", "the user's model"  # whose words these are; the scan's own model's where it does not say

_JSON = json.JSONEncoder(ensure_ascii=False, sort_keys=True)  # json.dumps would make one a call


def to_json(value: object) -> str:
    """Write one cell of ``given``, ``suggested``, ``value`` or ``evidence``.

    >>> to_json("café"), to_json(None)
    ('"café"', 'null')
    """
    return _JSON.encode(value)


def from_json(cell: str | None) -> Any:  # noqa: ANN401 - labels, sets of them, spans, objects
    """Read one such cell; None where it is empty."""
    return json.loads(cell) if cell else None


_text_json = lru_cache(maxsize=4096)(to_json)


def _label_json(label: object) -> str:
    return _text_json(label) if isinstance(label, str) else to_json(label)  # few labels stand in many findings


@dataclass(slots=True)
class Finding:
    """One problem, before it becomes a row; made for flagged samples only."""

    id: str
    issue: str
    score: float
    reason: str
    kind: str = ""
    scope: str = "sample"
    given: Any = None
    suggested: Any = None
    confidence: float | None = None
    related_ids: Sequence[str] = ()
    group_id: str | None = None
    evidence: dict[str, Any] = field(default_factory=dict)


def findings_table(findings: Iterable[Finding]) -> pa.Table:
    """Turn findings into a table in FINDINGS_SCHEMA, worst first (ties keep their order)."""
    rows = [
        {name: getattr(finding, name) for name in FINDINGS_SCHEMA.names}
        | {"given": _label_json(finding.given), "suggested": _label_json(finding.suggested)}
        | {"related_ids": list(finding.related_ids), "evidence": to_json(finding.evidence)}
        for finding in findings
    ]
    table = pa.Table.from_pylist(rows, schema=FINDINGS_SCHEMA)
    order = np.argsort(table["score"].to_numpy(), kind="stable")
    return table.take(pa.array(order))


def with_column(table: pa.Table, name: str, column: pa.Array | pa.ChunkedArray) -> pa.Table:
    """Return a table with a column of this name, in the place of the one that it has."""
    if name not in table.column_names:
        return table.append_column(name, column)
    return table.set_column(table.column_names.index(name), name, column)


def word_places(finding: Mapping[str, Any]) -> tuple[str | None, list[tuple[int, int]]]:
    """Return the label that words of a sample speak for, and where these stand, the strongest first.

    >>> word_places({"kind": "", "suggested": '"refund"', "evidence": '{"words": [[3, 8, 1.2]]}'})
    ('refund', [(3, 8)])
    >>> word_places({"kind": "", "suggested": '"refund"', "evidence": '{"words": 3}'})
    (None, [])
    """
    evidence = from_json(finding["evidence"])
    words = evidence.get(WORDS) if isinstance(evidence, dict) else None
    if not isinstance(words, list) or not all(map(_is_place, words)):
        return None, []
    label = evidence.get("label") if finding["kind"] == "missing" else from_json(finding["suggested"])
    if not words or not isinstance(label, str) or finding["kind"] == "extra":
        return None, []
    return label, [(start, end) for start, end, _ in words]


def words_of_users(finding: Mapping[str, Any]) -> bool:
    """Tell whether the words are those of a model of the user's, and not of the scan's own."""
    evidence = from_json(finding["evidence"])
    return isinstance(evidence, dict) and evidence.get(WORDS_OF) == USERS


def without_words(findings: pa.Table) -> pa.Table:
    """Return findings whose evidence has no places of words.

    >>> found = findings_table([Finding("a", "label", 0.1, "", evidence={"model": 0.9, "words": [[3, 8, 1.2]]})])
    >>> without_words(found)["evidence"].to_pylist()
    ['{"model": 0.9}']
    """
    named = pc.match_substring(findings["evidence"], f'"{WORDS}"')
    having = pc.fill_null(pc.and_(pc.equal(findings["issue"], "label"), named), False)
    if not pc.any(having).as_py():
        return findings
    cells = [from_json(cell) for cell in findings["evidence"].filter(having).to_pylist()]
    for content in cells:
        content.pop(WORDS, None)
        content.pop(WORDS_OF, None)
    left = pa.array(map(to_json, cells), pa.string())
    evidence = pc.replace_with_mask(findings["evidence"].combine_chunks(), having.combine_chunks(), left)
    return with_column(findings, "evidence", evidence)


def _is_place(entry: object) -> bool:
    return isinstance(entry, list) and len(entry) == 3 and isinstance(entry[0], int) and isinstance(entry[1], int)


def plain_labels(table: pa.Table) -> pa.Table:
    """Return findings or corrections whose JSON cells that hold a label, or nothing, are the label, or empty.

    Any other table comes back as it is.
    """
    if table.schema.names not in (FINDINGS_SCHEMA.names, CORRECTIONS_SCHEMA.names):
        return table
    for name in {"given", "suggested", "value"} & set(table.column_names):
        values = [from_json(cell) for cell in table[name].to_pylist()]
        texts = [value if value is None or isinstance(value, str) else to_json(value) for value in values]
        table = with_column(table, name, pa.array(texts, pa.string()))
    return table


def require_columns(corrections: pa.Table, names: Iterable[str]) -> None:
    """Refuse corrections that lack one of the columns."""
    missing = [name for name in names if name not in corrections.column_names]
    if missing:
        needed = ", ".join(CORRECTIONS_SCHEMA.names)
        raise InputError("The corrections have no such column", ids=missing, hint=f"They need {needed}")


def of_issue(findings: pa.Table, issue: str) -> pa.Table:
    """Return the findings of one issue, worst first."""
    return findings.filter(pc.equal(findings["issue"], issue))


def issues_in(scores: pa.Table) -> tuple[str, ...]:
    """Name the issues that were checked, read off the columns of ``scores``.

    >>> issues_in(pa.table({"id": ["a"], "label_score": [0.1], "is_label_issue": [True]}))
    ('label',)
    """
    flags = [name for name in scores.column_names if name.startswith("is_") and name.endswith("_issue")]
    return tuple(name.removeprefix("is_").removesuffix("_issue") for name in flags)
